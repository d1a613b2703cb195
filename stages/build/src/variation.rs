//! Building again under other circumstances, to see whether the result depends on them.
//!
//! What is fixed by an action stays: sources, buildroot, macros, limits, and the build host that packages
//! record. Everything else that a build can notice is another than usual. Time and the order of directories
//! are changed by an object that is preloaded, compiled inside by the buildroot's own compiler.

use std::path::{Path, PathBuf};

use heirloom_model::record::{Action, Limits};

use crate::action::environment;
use crate::sandbox::{BUILD_ID, Content, HOME, Input, Run, Step, Surroundings, Upper, View};
use crate::{BuildError, Builder, Outcome, Root};

/// The preloaded object's source, and where it and the object are in the build user's home.
const SOURCE: &str = include_str!("variation/vary.c");
const SOURCE_FILE: &str = ".vary.c";
const OBJECT_FILE: &str = ".vary.so";

/// Another build tree. Its path is as long as the usual one: a linker computes the build-id from debugging
/// data with paths in it, before rpm writes them anew, so that another length gives every program another
/// build-id. A path that stays in a package is found at any length.
const TOP: &str = "other";

/// Another host name. It has a domain, which `hostname` splits off.
const HOST_NAME: &str = "otherhost.check.invalid";

/// A place whose time differs by minutes too, in the form that needs no table of time zones.
const TIME_ZONE: &str = "CHECK-12:45";

/// What compiling the object may use.
const LIMITS: Limits = Limits { seconds: 120, memory: 1 << 30, disk: 256 << 20, processes: 64 };

/// What is to be another in a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circumstances {
    /// All of it.
    All,
    /// All but the path of the build tree, which is the same in every build, so that what depends on it alone
    /// can be told from the rest.
    SamePath,
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What the build under other circumstances came to. Its packages are objects of the store, but no
    /// result of the action.
    pub outcome: Outcome,
    /// The circumstances that were others.
    pub varied: Vec<String>,
    /// Those that could not be changed, and why.
    pub not_varied: Vec<String>,
}

/// The circumstances of a check.
pub(crate) struct Variation {
    pub(crate) surroundings: Surroundings,
    environment: Vec<(&'static str, String)>,
    /// Processes that the build may start at a time.
    pub(crate) jobs: usize,
    preloads: bool,
    pub(crate) varied: Vec<String>,
    pub(crate) not_varied: Vec<String>,
}

impl Variation {
    /// Everything that can be changed on this machine and in this buildroot, for a build with so many jobs.
    pub(crate) fn new(
        builder: &Builder<'_>,
        root: &Root,
        jobs: usize,
        circumstances: Circumstances,
    ) -> Result<Self, BuildError> {
        let mut not_varied = Vec::new();
        let top = match circumstances {
            Circumstances::All => PathBuf::from(TOP),
            Circumstances::SamePath => Surroundings::default().top,
        };
        let locale = locale(&builder.sandbox.state, root);
        let jobs = if jobs == 1 { 2 } else { 1 };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let surroundings = Surroundings {
            host_name: HOST_NAME.to_owned(),
            top,
            umask: 0o002,
            one_processor: processors > 1,
        };
        let mut varied = vec![
            format!("the host name {HOST_NAME}"),
            "the umask 0002".to_owned(),
            format!("the locale {locale}"),
            format!("the time zone {TIME_ZONE}"),
            format!("{jobs} at a time"),
        ];
        if circumstances == Circumstances::All {
            varied.push(format!("the build tree {HOME}/{TOP}"));
        }
        match surroundings.one_processor {
            true => varied.push("1 processor".to_owned()),
            false => not_varied.push("the number of processors: the machine has one".to_owned()),
        }
        let preloads = compiles(builder, root)?;
        for what in ["the clock, 400 days ahead", "the order of directories, reversed"] {
            match preloads {
                true => varied.push(what.to_owned()),
                false => not_varied.push(format!("{what}: the buildroot has no compiler for it")),
            }
        }
        Ok(Self { surroundings, environment: changed(&locale), jobs, preloads, varied, not_varied })
    }

    /// The build tree inside.
    pub(crate) fn topdir(&self) -> String {
        format!("{HOME}/{}", self.surroundings.top.display())
    }

    /// Puts the sources of an action into the build tree.
    pub(crate) fn move_sources(&self, action: &Action, inputs: &mut [Input]) {
        for input in inputs {
            let dir = if input.to.ends_with(&action.spec) { "SPECS" } else { "SOURCES" };
            let name = input.to.file_name().map(PathBuf::from).unwrap_or_default();
            input.to = self.surroundings.top.join(dir).join(name);
        }
    }

    pub(crate) fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    /// What goes into the build user's home beside the sources.
    pub(crate) fn inputs(&self) -> Vec<Input> {
        if self.preloads { vec![source()] } else { Vec::new() }
    }

    /// The steps of the build, of which this command is the last.
    pub(crate) fn steps(&self, mut command: Vec<String>) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.preloads {
            steps.push(compile(None));
            command.splice(0..0, ["env".to_owned(), format!("LD_PRELOAD={HOME}/{OBJECT_FILE}")]);
        }
        steps.push(Step { command, user: BUILD_ID, seconds: None, output: None });
        steps
    }
}

/// Whether the buildroot's compiler makes the object.
fn compiles(builder: &Builder<'_>, root: &Root) -> Result<bool, BuildError> {
    let run = Run {
        view: View { layers: root.layers(), upper: Upper::Memory, host_tools: false },
        limits: LIMITS,
        inputs: vec![source()],
        packages: Vec::new(),
        environment: &environment(),
        steps: vec![compile(Some("vary".to_owned()))],
        surroundings: Surroundings::default(),
    };
    Ok(builder.sandbox.run(run, |_| {})?.succeeded())
}

fn source() -> Input {
    Input { content: Content::Script(SOURCE.to_owned()), to: PathBuf::from(SOURCE_FILE), owner: BUILD_ID }
}

fn compile(output: Option<String>) -> Step {
    let (source, object) = (format!("{HOME}/{SOURCE_FILE}"), format!("{HOME}/{OBJECT_FILE}"));
    let command = ["gcc", "-shared", "-fPIC", "-O1", "-w", "-o", &object, &source, "-ldl", "-lpthread"];
    Step { command: command.map(str::to_owned).to_vec(), user: BUILD_ID, seconds: None, output }
}

/// The usual environment with other values where they should not matter.
fn changed(locale: &str) -> Vec<(&'static str, String)> {
    let mut environment = environment();
    for (name, value) in &mut environment {
        match *name {
            "LANG" => locale.clone_into(value),
            "HOSTNAME" => HOST_NAME.clone_into(value),
            _ => {}
        }
    }
    environment.push(("LC_ALL", locale.to_owned()));
    environment.push(("TZ", TIME_ZONE.to_owned()));
    environment
}

/// A locale of the buildroot that is not C in some encoding; C itself where there is none.
fn locale(state: &Path, root: &Root) -> String {
    let dirs = root.layers().into_iter().map(|layer| state.join(layer).join("usr/lib/locale"));
    let entries = dirs.filter_map(|dir| std::fs::read_dir(dir).ok()).flatten().flatten();
    let names = entries.filter(|entry| entry.path().join("LC_COLLATE").is_file());
    let mut names: Vec<_> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|it| it.contains('_'))
        .collect();
    names.sort();
    names.into_iter().next().unwrap_or_else(|| "C".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_should_not_matter_is_another() {
        let (usual, changed) = (environment(), changed("C"));
        let value = |list: &[(&str, String)], name: &str| {
            list.iter().find(|(found, _)| *found == name).map(|(_, value)| value.clone())
        };
        for name in ["LANG", "LC_ALL", "TZ", "HOSTNAME"] {
            assert_ne!(value(&usual, name), value(&changed, name), "{name}");
        }
        for name in ["PATH", "HOME", "USER"] {
            assert_eq!(value(&usual, name), value(&changed, name), "{name}");
        }
    }
}
