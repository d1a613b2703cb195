//! The caller's side: gives the order, keeps the log, watches the limits, and clears up.

use std::fs::{self, File};
use std::io::{self, PipeReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use heirloom_model::record::Limits;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::order::{Input, Order, Report, Step, View};
use crate::BuildError;
use crate::cgroup::{Cgroups, Group};

/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(50);

/// More of a log than this is not kept; the build goes on.
const LOG_LIMIT: u64 = 256 << 20;

/// What every run shares.
pub(crate) struct Sandbox {
    /// The program to start, which answers to [`super::sandbox_main`].
    pub(crate) program: PathBuf,
    /// Absolute path of the state directory.
    pub(crate) state: PathBuf,
    /// Where limits are set.
    pub(crate) cgroups: Cgroups,
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
}

/// The limit at which a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Time,
    Memory,
    Processes,
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
    pub(crate) fn run(&self, run: Run<'_>, mut on_log: impl FnMut(&[u8])) -> Result<End, BuildError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let work = WorkDir(self.state.join("work").join(&name));
        for dir in ["out", "mnt"] {
            let dir = work.0.join(dir);
            fs::create_dir_all(&dir).map_err(|error| BuildError::io("make", &dir, error))?;
        }
        link_packages(&run.packages, &work.0.join("packages"))?;
        let limits = run.limits;
        let group = self.cgroups.group(&name, &limits)?;
        let order = self.write_order(run, &group, &work.0)?;
        let (child, log) = self.start(&order)?;
        let (stop, peak_memory) = Watch { group: &group, limits }.follow(child, log, &work.0, &mut on_log)?;
        drop(group);
        let report = fs::read(work.0.join("report.json")).ok();
        let report = report.and_then(|bytes| serde_json::from_slice::<Report>(&bytes).ok());
        let told = report.is_some();
        let end = End { report: report.unwrap_or_default(), stop, peak_memory, work };
        match &end.report.trouble {
            _ if stop.is_some() => Ok(end),
            Some(trouble) => Err(BuildError::Sandbox(trouble.clone())),
            None if told => Ok(end),
            None => Err(BuildError::Sandbox(format!("it ended without a report\n{}", end.log_tail(2000)))),
        }
    }

    fn write_order(&self, run: Run<'_>, group: &Group, work: &Path) -> Result<PathBuf, BuildError> {
        let relative = work.strip_prefix(&self.state).unwrap_or(work).to_owned();
        let environment = run.environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let order = Order {
            state: self.state.clone(),
            work: relative,
            parent: std::process::id(),
            cgroups: group.doors(),
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

    fn start(&self, order: &Path) -> Result<(Child, PipeReader), BuildError> {
        let failed = |error| BuildError::io("start", &self.program, error);
        let (reader, writer) = io::pipe().map_err(failed)?;
        let mut command = Command::new(&self.program);
        command.arg(super::VERB).arg("enter").arg(order).stdin(Stdio::null());
        command.stdout(writer.try_clone().map_err(failed)?).stderr(writer);
        Ok((command.spawn().map_err(failed)?, reader))
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

struct Watch<'a> {
    group: &'a Group,
    limits: Limits,
}

impl Watch<'_> {
    /// Follows a run to its end: copies the log, stops the run at a limit.
    fn follow(
        &self,
        mut child: Child,
        log: PipeReader,
        work: &Path,
        on_log: &mut impl FnMut(&[u8]),
    ) -> Result<(Option<Stop>, u64), BuildError> {
        let path = work.join("log");
        let file = File::create(&path).map_err(|error| BuildError::io("create", &path, error))?;
        let mut log = Log { pipe: log, file, room: LOG_LIMIT, on_log };
        let started = Instant::now();
        let (mut looked, mut peak, mut stop) = (started, 0, None);
        let result = loop {
            match log.copy_some() {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(BuildError::io("write", &path, error)),
            }
            if looked.elapsed() >= TICK {
                looked = Instant::now();
                peak = peak.max(self.group.anonymous());
                if stop.is_none() {
                    stop = self.exceeded(started.elapsed(), peak);
                    if stop.is_some() {
                        let _ = child.kill();
                    }
                }
            }
        };
        if result.is_err() {
            let _ = child.kill();
        }
        child.wait().map_err(|error| BuildError::io("wait for", work, error))?;
        result?;
        // A limit can be hit just before the end.
        peak = peak.max(self.group.anonymous());
        Ok((stop.or_else(|| self.exceeded(Duration::ZERO, 0)), peak))
    }

    /// The limit that is exceeded. A refused process or a killed one may go unnoticed by a build that then
    /// gives other results, so that either ends it.
    fn exceeded(&self, elapsed: Duration, memory: u64) -> Option<Stop> {
        if self.group.out_of_processes() {
            return Some(Stop::Processes);
        }
        if memory > self.limits.memory || self.group.out_of_memory() {
            return Some(Stop::Memory);
        }
        (elapsed.as_secs() >= self.limits.seconds).then_some(Stop::Time)
    }
}

struct Log<'a, F> {
    pipe: PipeReader,
    file: File,
    /// Bytes that may still be written.
    room: u64,
    on_log: &'a mut F,
}

impl<F: FnMut(&[u8])> Log<'_, F> {
    /// Copies what is there within one tick; false at the end.
    fn copy_some(&mut self) -> io::Result<bool> {
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(TICK.subsec_nanos()) };
        let mut fds = [PollFd::new(&self.pipe, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(true),
            Ok(_) => {}
            Err(errno) => return Err(errno.into()),
        }
        let mut buffer = [0; 64 * 1024];
        let count = self.pipe.read(&mut buffer)?;
        let bytes = &buffer[..count];
        if self.room > 0 {
            self.file.write_all(bytes)?;
            self.room = self.room.saturating_sub(count as u64);
            if self.room == 0 {
                self.file.write_all(b"\n[the rest of the log was not kept]\n")?;
            }
        }
        (self.on_log)(bytes);
        Ok(count > 0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_without_end_is_cut() {
        let (pipe, mut writer) = io::pipe().unwrap();
        let path = std::env::temp_dir().join(format!("heirloom-log-{}", std::process::id()));
        let mut heard = 0;
        let mut on_log = |bytes: &[u8]| heard += bytes.len();
        let mut log = Log { pipe, file: File::create(&path).unwrap(), room: 1000, on_log: &mut on_log };
        for _ in 0..5 {
            writer.write_all(&[b'x'; 400]).unwrap();
            assert!(log.copy_some().unwrap());
        }
        drop(writer);
        assert!(!log.copy_some().unwrap());
        let kept = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(kept.starts_with(&"x".repeat(1000)) && kept.ends_with("not kept]\n") && kept.len() < 1300);
        assert_eq!(heard, 2000);
    }
}
