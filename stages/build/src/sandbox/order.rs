//! What crosses the border: the order into the sandbox and the report out of it, as JSON files.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::usage::Bounds;
use crate::ids::Ids;

/// All that one run needs. Paths are relative to `state` unless said, so that no mount option has to quote
/// what a user named a directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Absolute path of the state directory.
    pub(crate) state: PathBuf,
    /// The run's own directory.
    pub(crate) work: PathBuf,
    /// The process that gave the order: without it nothing runs.
    pub(crate) parent: u32,
    /// Ids of the user namespace to be root in; none: this process is root already.
    pub(crate) ids: Option<Ids>,
    /// `cgroup.procs` files to join, absolute.
    pub(crate) cgroups: Vec<PathBuf>,
    /// What pid 1 watches, where control groups don't.
    pub(crate) bounds: Option<Bounds>,
    /// The caller's standard streams are those of the steps; in place of a terminal they get one inside.
    pub(crate) attached: bool,
    /// What programs can ask about where they are.
    pub(crate) surroundings: Surroundings,
    /// What is seen inside.
    pub(crate) view: View,
    /// Bytes that may be written to memory-backed places: temporary files, the build tree, and the overlay
    /// where that is in memory.
    pub(crate) disk: u64,
    /// Files to copy in.
    pub(crate) inputs: Vec<Input>,
    /// Environment of every step.
    pub(crate) environment: Vec<(String, String)>,
    /// Programs to run, one after another; the first that fails ends it unless it has an `output`.
    pub(crate) steps: Vec<Step>,
}

/// What programs can ask about where they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Surroundings {
    /// The host name.
    pub(crate) host_name: String,
    /// The build tree, a path below [`super::HOME`].
    pub(crate) top: PathBuf,
    /// Mode bits that new files don't get.
    pub(crate) umask: u32,
    /// Whether there is only one processor to run on.
    pub(crate) one_processor: bool,
}

impl Default for Surroundings {
    fn default() -> Self {
        let (host_name, top) = (super::HOST_NAME.to_owned(), PathBuf::from(super::TOP));
        Self { host_name, top, umask: 0o022, one_processor: false }
    }
}

/// What is seen inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct View {
    /// Layers from the topmost down.
    pub(crate) layers: Vec<PathBuf>,
    /// Where changes go.
    pub(crate) upper: Upper,
    /// Whether `/` shows the host's programs, and the layers are at [`super::TARGET`].
    pub(crate) host_tools: bool,
}

/// Where an overlay's changes go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Upper {
    /// To memory; they vanish.
    Memory,
    /// To `upper` in this directory, which becomes a layer. Not flushed to disk.
    Layer(PathBuf),
}

/// A file to put into the build user's home, with a fixed time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Input {
    /// What is in it.
    pub(crate) content: Content,
    /// Its path below [`super::HOME`]; of plain names, checked by who gives the order.
    pub(crate) to: PathBuf,
    /// User and group that will own it, its directory too.
    pub(crate) owner: u32,
}

/// What is in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Content {
    /// The same as in this one on the host, absolute.
    File(PathBuf),
    /// This script, which can be executed.
    Script(String),
}

/// One program to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// User and group to run as.
    pub(crate) user: u32,
    /// Stop it after so many seconds, apart from the limit of the whole run.
    pub(crate) seconds: Option<u64>,
    /// Keep its streams in `out/<this>.out` and `.err`, not in the log; it may then fail.
    pub(crate) output: Option<String>,
}

/// How a step ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StepEnd {
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Whether it was stopped at its own limit.
    pub(crate) late: bool,
    /// Wall-clock seconds.
    pub(crate) seconds: f64,
}

/// The limit at which a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stop {
    Time,
    Memory,
    Processes,
}

/// What became of an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Why the sandbox could not be set up or its results not be taken out.
    pub(crate) trouble: Option<String>,
    /// The steps that ran.
    pub(crate) steps: Vec<StepEnd>,
    /// The limit at which pid 1 stopped them.
    pub(crate) stop: Option<Stop>,
    /// Highest use of memory in bytes, if pid 1 watched it.
    pub(crate) peak_memory: u64,
    /// Processor seconds of all processes.
    pub(crate) cpu_seconds: f64,
    /// Whether the memory-backed places were full at the end.
    pub(crate) disk_full: bool,
}

/// A step of setting up that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what}: {source}")]
pub(crate) struct Trouble {
    what: String,
    source: std::io::Error,
}

/// Says what was being done when an operation failed.
pub(crate) trait Doing<T> {
    /// Adds what was being done, as in "cannot ...".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Trouble>;
}

impl<T, E: Into<std::io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Trouble> {
        self.map_err(|error| Trouble { what: what(), source: error.into() })
    }
}
