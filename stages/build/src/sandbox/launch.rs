//! The caller's side: gives the order, starts the run, and clears up.

use std::fs::{self, File};
use std::io::{self, PipeWriter, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use heirloom_model::record::Limits;

use super::follow::Watch;
use super::order::{Input, Order, Report, Step, Stop, Surroundings, View};
use super::usage::Bounds;
use crate::BuildError;
use crate::cgroup::{Cgroups, Group};
use crate::ids::Ids;

/// What every run shares.
pub(crate) struct Sandbox {
    /// The program to start, which answers to [`super::sandbox_main`].
    pub(crate) program: PathBuf,
    /// Absolute path of the state directory.
    pub(crate) state: PathBuf,
    /// Where limits are set; none: pid 1 watches.
    pub(crate) cgroups: Option<Cgroups>,
    /// Who is who in the user namespace; none: this process is root.
    pub(crate) ids: Option<Ids>,
    /// Set when all runs are to end.
    pub(crate) interrupt: Arc<AtomicBool>,
}

/// What one run is about.
pub(crate) struct Run<'a> {
    pub(crate) view: View,
    pub(crate) limits: Limits,
    pub(crate) inputs: Vec<Input>,
    /// RPM files to show inside, under these names.
    pub(crate) packages: Vec<(PathBuf, String)>,
    pub(crate) environment: &'a [(&'a str, String)],
    pub(crate) steps: Vec<Step>,
    pub(crate) surroundings: Surroundings,
}

/// How a run ended. Its directory lives as long as this.
pub(crate) struct End {
    pub(crate) report: Report,
    pub(crate) stop: Option<Stop>,
    pub(crate) peak_memory: u64,
    work: WorkDir,
}

/// A run's directory, removed with it.
struct WorkDir(PathBuf);

impl Drop for WorkDir {
    fn drop(&mut self) {
        // What stays is removed at the next start.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Sandbox {
    /// Runs the steps and waits for their end.
    pub(crate) fn run(&self, run: Run<'_>, on_log: impl FnMut(&[u8])) -> Result<End, BuildError> {
        self.go(run, Some(on_log))
    }

    /// The same with the caller's terminal, or what else it has as standard streams; there is no log then.
    pub(crate) fn attach(&self, run: Run<'_>) -> Result<End, BuildError> {
        self.go(run, None::<fn(&[u8])>)
    }

    fn go(&self, run: Run<'_>, on_log: Option<impl FnMut(&[u8])>) -> Result<End, BuildError> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(BuildError::Interrupted);
        }
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let work = WorkDir(self.state.join("work").join(&name));
        for dir in ["out", "mnt"] {
            let dir = work.0.join(dir);
            fs::create_dir_all(&dir).map_err(|error| BuildError::io("make", &dir, error))?;
        }
        link_packages(&run.packages, &work.0.join("packages"))?;
        let limits = run.limits;
        let group = self.cgroups.as_ref().map(|cgroups| cgroups.group(&name, &limits)).transpose()?;
        let order = self.write_order(run, group.as_ref(), on_log.is_none(), &work.0)?;
        let watch = Watch { group: group.as_ref(), limits, interrupt: &self.interrupt };
        let followed = match on_log {
            None => watch.attend(self.start(&order, None)?, &work.0),
            Some(mut on_log) => {
                let (log, writer) =
                    io::pipe().map_err(|error| BuildError::io("start", &self.program, error))?;
                watch.follow(self.start(&order, Some(writer))?, log, &work.0, &mut on_log)
            }
        };
        drop(group);
        let followed = followed?;
        let report = fs::read(work.0.join("report.json")).ok();
        let report = report.and_then(|bytes| serde_json::from_slice::<Report>(&bytes).ok());
        let told = report.is_some();
        let report = report.unwrap_or_default();
        let (stop, peak_memory) = (followed.stop.or(report.stop), followed.peak.max(report.peak_memory));
        let end = End { report, stop, peak_memory, work };
        match &end.report.trouble {
            _ if stop.is_some() => Ok(end),
            Some(trouble) => Err(BuildError::Sandbox(trouble.clone())),
            None if told => Ok(end),
            None => Err(BuildError::Sandbox(format!("it ended without a report\n{}", end.log_tail(2000)))),
        }
    }

    fn write_order(
        &self,
        run: Run<'_>,
        group: Option<&Group>,
        attached: bool,
        work: &Path,
    ) -> Result<PathBuf, BuildError> {
        let relative = work.strip_prefix(&self.state).unwrap_or(work).to_owned();
        let environment = run.environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let order = Order {
            state: self.state.clone(),
            work: relative,
            parent: std::process::id(),
            ids: self.ids,
            cgroups: group.map(Group::doors).unwrap_or_default(),
            bounds: group
                .is_none()
                .then_some(Bounds { memory: run.limits.memory, processes: run.limits.processes }),
            attached,
            surroundings: run.surroundings,
            view: run.view,
            disk: run.limits.disk,
            inputs: run.inputs,
            environment: environment.collect(),
            steps: run.steps,
        };
        let path = work.join("order.json");
        let failed = |error| BuildError::io("write", &path, error);
        let text = serde_json::to_vec(&order).map_err(|error| failed(error.into()))?;
        fs::write(&path, text).map_err(failed)?;
        Ok(path)
    }

    /// Starts the first generation, with the caller's standard streams or with this one for its output.
    fn start(&self, order: &Path, output: Option<PipeWriter>) -> Result<Child, BuildError> {
        let failed = |error| BuildError::io("start", &self.program, error);
        let mut command = Command::new(&self.program);
        command.arg(super::VERB).arg("enter").arg(order);
        if let Some(writer) = output {
            command.stdin(Stdio::null()).stdout(writer.try_clone().map_err(failed)?).stderr(writer);
        }
        command.spawn().map_err(failed)
    }

    /// Removes a directory with what runs have left in it, whoever owns it.
    pub(crate) fn remove(&self, dir: &Path) -> Result<(), BuildError> {
        let failed = |error| BuildError::io("remove", dir, error);
        let Some(ids) = &self.ids else { return fs::remove_dir_all(dir).map_err(failed) };
        let ids = serde_json::to_string(ids).map_err(|error| failed(error.into()))?;
        let output = Command::new(&self.program).args([super::VERB, "remove"]).arg(dir).arg(ids).output();
        let output = output.map_err(|error| BuildError::io("start", &self.program, error))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(BuildError::Sandbox(String::from_utf8_lossy(&output.stdout).into_owned())),
        }
    }
}

impl End {
    /// Directory with what was collected.
    pub(crate) fn out(&self) -> PathBuf {
        self.work.0.join("out")
    }

    /// The log.
    pub(crate) fn log(&self) -> PathBuf {
        self.work.0.join("log")
    }

    /// The end of the log as text, at most so many bytes of it.
    pub(crate) fn log_tail(&self, bytes: u64) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(self.log())?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
            let mut tail = Vec::new();
            file.read_to_end(&mut tail)?;
            Ok(tail)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }

    /// Whether all steps ran and ended well.
    pub(crate) fn succeeded(&self) -> bool {
        self.stop.is_none() && self.report.steps.iter().all(|step| step.code == Some(0))
    }
}

/// Shows RPMs by links, so that nothing is copied; on another file system they must be.
fn link_packages(packages: &[(PathBuf, String)], dir: &Path) -> Result<(), BuildError> {
    if packages.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|error| BuildError::io("make", dir, error))?;
    for (from, name) in packages {
        let to = dir.join(name);
        fs::hard_link(from, &to)
            .or_else(|_| fs::copy(from, &to).map(drop))
            .map_err(|error| BuildError::io("show to rpm", from, error))?;
    }
    Ok(())
}
