//! One build: buildroot, rpmbuild in it, outcome.

use std::path::PathBuf;
use std::time::Instant;

use heirloom_model::record::{Action, Built, FailKind, Failed, Resources};
use heirloom_model::{Dependency, Digest};
use serde::{Deserialize, Serialize};

use crate::sandbox::{
    BUILD_ID, Content, End, HOST_NAME, Input, Run, Step, Surroundings, TOP, TOPDIR, Upper, View,
};
use crate::variation::{Checked, Circumstances, Variation};
use crate::{BuildError, Builder, Root, message, results};

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It gave packages.
    Built(Box<Built>),
    /// `%generate_buildrequires` asks for more than the buildroot has: all requirements, for a larger one.
    NeedsMore(Vec<Dependency>),
    /// It gave nothing, and the message says why.
    Failed(Failed),
}

/// A build that is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The step of the plan that it is for.
    pub step: &'a str,
    /// The action's key.
    pub key: Digest,
    /// The object that holds the action as JSON.
    pub document: Digest,
    /// The action.
    pub action: &'a Action,
    /// Processes that it may start at a time (`make -j`).
    pub jobs: usize,
}

impl Builder<'_> {
    /// Runs a build. `progress` hears of each part of it: `buildroot`, `prep`, `build`, `install`, `check`,
    /// `results`.
    ///
    /// # Errors
    /// The build could not be tried or its results not be kept. A build that fails is an outcome.
    pub fn run(&self, job: &Job<'_>, progress: &dyn Fn(&str)) -> Result<Outcome, BuildError> {
        let started = Instant::now();
        let inputs = self.inputs(job.action)?;
        progress("buildroot");
        match self.buildroot(job)? {
            Ok(root) => {
                let end = self.rpmbuild(job, &root, inputs, None, progress)?;
                progress("results");
                self.outcome(job, &end, started)
            }
            Err(failed) => Ok(Outcome::Failed(failed)),
        }
    }

    /// Runs a build under other circumstances: elsewhere, later, in another locale, under another umask and
    /// host name, with other numbers of processes and processors, and directories in another order. What it
    /// makes must not differ.
    ///
    /// # Errors
    /// As for [`Builder::run`].
    pub fn check(
        &self,
        job: &Job<'_>,
        circumstances: Circumstances,
        progress: &dyn Fn(&str),
    ) -> Result<Checked, BuildError> {
        let started = Instant::now();
        let inputs = self.inputs(job.action)?;
        progress("buildroot");
        let root = match self.buildroot(job)? {
            Ok(root) => root,
            Err(failed) => {
                let outcome = Outcome::Failed(failed);
                return Ok(Checked { outcome, varied: Vec::new(), not_varied: Vec::new() });
            }
        };
        let variation = Variation::new(self, &root, job.jobs, circumstances)?;
        let end = self.rpmbuild(job, &root, inputs, Some(&variation), progress)?;
        progress("results");
        let outcome = self.outcome(job, &end, started)?;
        Ok(Checked { outcome, varied: variation.varied, not_varied: variation.not_varied })
    }

    /// The buildroot of an action.
    fn buildroot(&self, job: &Job<'_>) -> Result<Result<Root, Failed>, BuildError> {
        Ok(self.root_of(job.action)?.map_err(|why| {
            let name = &job.action.name;
            let text = format!("{name}: rpm did not install its build requirements\n{}", why.0);
            failed(job, FailKind::Unresolvable, text, None)
        }))
    }

    fn outcome(&self, job: &Job<'_>, end: &End, started: Instant) -> Result<Outcome, BuildError> {
        let action = job.action;
        if let Some(requires) = results::dynamic_requires(end)? {
            return Ok(Outcome::NeedsMore(requires));
        }
        let (log, _) = self.store.put_file(&end.log())?;
        if !end.succeeded() {
            let (kind, text) = message::of_failed_build(job, end);
            return Ok(Outcome::Failed(failed(job, kind, text, Some(log))));
        }
        Ok(match results::take(self.store, end)? {
            Err(problem) => {
                let text = format!("{}: {problem}", action.name);
                Outcome::Failed(failed(job, FailKind::Rpmbuild, text, Some(log)))
            }
            Ok((source, packages)) => Outcome::Built(Box::new(Built {
                action: job.key,
                document: job.document,
                step: job.step.to_owned(),
                nevra: source.nevra.clone(),
                packages,
                source,
                buildroot: action.buildroot().cloned().collect(),
                log,
                resources: resources(end, started),
            })),
        })
    }

    fn rpmbuild(
        &self,
        job: &Job<'_>,
        root: &Root,
        mut inputs: Vec<Input>,
        variation: Option<&Variation>,
        progress: &dyn Fn(&str),
    ) -> Result<End, BuildError> {
        let usual = environment();
        let (environment, steps, surroundings) = match variation {
            None => {
                let command = command(job.action, TOPDIR, Some(job.jobs));
                let step = Step { command, user: BUILD_ID, seconds: None, output: None };
                (&usual[..], vec![step], Surroundings::default())
            }
            Some(variation) => {
                variation.move_sources(job.action, &mut inputs);
                inputs.extend(variation.inputs());
                let command = command(job.action, &variation.topdir(), Some(variation.jobs));
                (variation.environment(), variation.steps(command), variation.surroundings.clone())
            }
        };
        let run = Run {
            view: View { layers: root.layers(), upper: Upper::Memory, host_tools: false },
            limits: job.action.limits,
            inputs,
            packages: Vec::new(),
            environment,
            steps,
            surroundings,
        };
        let mut stages = Stages { progress, line: Vec::new() };
        self.sandbox.run(run, |bytes| stages.hear(bytes))
    }

    /// The spec file and its sources, checked to be there and to stay where they are put.
    pub(crate) fn inputs(&self, action: &Action) -> Result<Vec<Input>, BuildError> {
        let input = |(name, digest): &(String, Digest)| {
            let dir = if *name == action.spec { "SPECS" } else { "SOURCES" };
            let to = PathBuf::from(TOP).join(dir).join(plain_name(&action.name, name)?);
            let content = Content::File(self.source(&action.name, name, *digest)?);
            Ok(Input { content, to, owner: BUILD_ID })
        };
        action.sources.iter().map(input).collect()
    }

    /// Where a source is in the store.
    pub(crate) fn source(&self, package: &str, file: &str, digest: Digest) -> Result<PathBuf, BuildError> {
        let (package, file) = (package.to_owned(), file.to_owned());
        match self.store.contains(digest) {
            true => {
                // The sandbox has another working directory.
                let path = self.store.path(digest);
                std::path::absolute(&path).map_err(|error| BuildError::io("find", &path, error))
            }
            false => Err(BuildError::MissingSource { package, file, digest }),
        }
    }
}

fn failed(job: &Job<'_>, kind: FailKind, message: String, log: Option<Digest>) -> Failed {
    Failed { step: job.step.to_owned(), document: Some(job.document), kind, message, log }
}

/// Refuses a name that would lead out of the directory it is put in.
pub(crate) fn plain_name<'a>(package: &str, file: &'a str) -> Result<&'a str, BuildError> {
    if file.is_empty() || file == "." || file == ".." || file.contains(['/', '\0']) {
        return Err(BuildError::UnsafeName { package: package.to_owned(), file: file.to_owned() });
    }
    Ok(file)
}

/// The environment of everything that reads a spec file.
pub(crate) fn environment() -> Vec<(&'static str, String)> {
    let user = crate::sandbox::BUILD_USER;
    [
        ("PATH", "/usr/bin:/usr/sbin:/bin:/sbin"),
        ("HOME", "/builddir"),
        ("USER", user),
        ("LOGNAME", user),
        ("SHELL", "/bin/bash"),
        ("LANG", "C.UTF-8"),
        ("TERM", "dumb"),
        ("HOSTNAME", HOST_NAME),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// Macros and options that rpmspec and rpmbuild get alike: the caller's, then what is fixed here.
pub(crate) fn macro_options(macros: &[(String, String)], topdir: &str, arch: &str) -> Vec<String> {
    let fixed = [
        ("_topdir", topdir),
        ("_dbpath", "/var/lib/rpm"),
        ("_buildhost", HOST_NAME),
        // rpmbuild runs the sections with it; /bin/sh need not be bash, and spec files count on bash.
        ("_buildshell", "/bin/bash"),
        // With these the same input gives the same bytes whatever the clock says.
        ("source_date_epoch_from_changelog", "1"),
        ("use_source_date_epoch_as_buildtime", "1"),
        ("clamp_mtime_to_source_date_epoch", "1"),
    ];
    let given = macros.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut options = vec!["--target".to_owned(), arch.to_owned()];
    options.extend(given.chain(fixed).flat_map(define));
    options
}

fn define((name, value): (&str, &str)) -> [String; 2] {
    ["--define".to_owned(), format!("{name} {value}")]
}

/// What runs in a buildroot, and in which environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Program and arguments, without the number of processes: it changes nothing in what is made.
    pub command: Vec<String>,
    /// Environment variables.
    pub environment: Vec<(&'static str, String)>,
}

impl Invocation {
    /// What runs for an action.
    #[must_use]
    pub fn of(action: &Action) -> Self {
        Self { command: command(action, TOPDIR, None), environment: environment() }
    }
}

pub(crate) fn command(action: &Action, topdir: &str, jobs: Option<usize>) -> Vec<String> {
    // The tree vanishes as a whole, so that rpmbuild need not clean it.
    let mut command = ["rpmbuild", "-ba", "--noclean"].map(str::to_owned).to_vec();
    command.extend(macro_options(&action.macros, topdir, &action.arch));
    command.extend(jobs.into_iter().flat_map(|jobs| define(("_smp_build_ncpus", &jobs.to_string()))));
    // rpm exports the number before each section. Written out it would be in the spec file that the source package
    // records, and packages would depend on how many builds happen to run.
    command.extend(define(("_smp_mflags", "-j${RPM_BUILD_NCPUS:-1}")));
    for conditional in &action.with {
        command.extend(["--with".to_owned(), conditional.clone()]);
    }
    command.push(format!("{topdir}/SPECS/{}", action.spec));
    command
}

fn resources(end: &End, started: Instant) -> Resources {
    let seconds: f64 = end.report.steps.iter().map(|step| step.seconds).sum();
    Resources {
        seconds,
        overhead_seconds: (started.elapsed().as_secs_f64() - seconds).max(0.0),
        cpu_seconds: end.report.cpu_seconds,
        peak_memory: end.peak_memory,
    }
}

/// Hears from the log which section runs: `Executing(%build): /bin/bash -e ...`.
struct Stages<'a> {
    progress: &'a dyn Fn(&str),
    line: Vec<u8>,
}

impl Stages<'_> {
    fn hear(&mut self, bytes: &[u8]) {
        const MARK: &[u8] = b"Executing(%";
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            // Only the start of a line matters, however long it is.
            let room = 200_usize.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                let section =
                    self.line.strip_prefix(MARK).and_then(|rest| rest.split(|&byte| byte == b')').next());
                if let Some(section) = section.and_then(|section| std::str::from_utf8(section).ok()) {
                    (self.progress)(section);
                }
                self.line.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn hears_sections_across_chunks() {
        let heard = RefCell::new(Vec::new());
        let progress = |section: &str| heard.borrow_mut().push(section.to_owned());
        let mut stages = Stages { progress: &progress, line: Vec::new() };
        for chunk in ["x\nExecu", "ting(%prep): /bin/sh\nno Executing(%x)\n", "Executing(%build): y\n"] {
            stages.hear(chunk.as_bytes());
        }
        assert_eq!(*heard.borrow(), ["prep", "build"]);
    }

    #[test]
    fn refuses_names_that_lead_elsewhere() {
        for name in ["", ".", "..", "../x", "/x", "a/b", "a\0"] {
            assert!(plain_name("p", name).is_err(), "{name}");
        }
        assert_eq!(plain_name("p", "..x").unwrap(), "..x");
    }
}
