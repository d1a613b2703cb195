//! What building and planning are asked for on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use heirloom_model::record::CutOff;

/// How builds are run.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct BuildArgs {
    /// Processes that all builds together start at a time, instead of `build.jobs`.
    #[arg(long, short, value_name = "NUMBER")]
    pub(crate) jobs: Option<usize>,
    /// Goes on with the rest where a package can't be evaluated or planned, or the machine fails. Failed builds
    /// never stop what does not need them.
    #[arg(long, short)]
    pub(crate) keep_going: bool,
    /// How often a build is tried again after the machine failed: a full disk, a sandbox that could not be set up.
    /// Builds that fail by themselves are not tried again.
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    pub(crate) retry: usize,
    /// What stops a change, instead of `build.cutoff`.
    #[arg(long, value_name = "WHAT")]
    pub(crate) cutoff: Option<Cutoff>,
    /// Makes so many of the builds that an unchanged interface cut off, and compares them with what was kept.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) prove: usize,
}

/// What to do with a side build.
#[derive(Debug, Subcommand)]
pub(crate) enum SideVerb {
    /// Builds the source packages of a directory in place of the distribution's, and nothing that needs them.
    Build {
        /// The side build's name.
        name: String,
        /// Directory of dist-git trees, one for each source package of the group.
        dir: PathBuf,
        #[command(flatten)]
        how: BuildArgs,
    },
    /// Makes its sources the distribution's, until upstream has others. All of it must be built.
    Merge {
        /// The side build's name.
        name: String,
    },
    /// Gives it up.
    Drop {
        /// The side build's name.
        name: String,
    },
    /// Lists all side builds.
    List,
}

/// Which results are written, and where.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Source or binary packages, all their builds; without any, the results of every source package that count.
    #[arg(value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    /// Below this, one directory for each build.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// What is thrown away.
#[derive(Args, Debug)]
pub(crate) struct Clean {
    /// Keeps the youngest of what is not needed up to so many GiB of objects in all.
    #[arg(long, value_name = "GIB", default_value_t = 0)]
    pub(crate) keep_gib: u64,
    /// Only says what would be thrown away.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What stops a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cutoff {
    /// A package that comes out as it was.
    Content,
    /// A package of which builds can see the same as before.
    Interface,
}

impl From<Cutoff> for CutOff {
    fn from(cutoff: Cutoff) -> Self {
        match cutoff {
            Cutoff::Content => Self::Content,
            Cutoff::Interface => Self::Interface,
        }
    }
}

/// What is built, and how.
#[derive(Args, Debug)]
pub(crate) struct Build {
    /// Builds again what is built, in another directory, later, with another locale, time zone, umask, host
    /// name, number of processors and order of files, and says what differs. Exit code 5 if anything does.
    #[arg(long)]
    pub(crate) check: bool,
    /// With --check: only these source or binary packages.
    #[arg(requires = "check", value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    #[command(flatten)]
    pub(crate) how: BuildArgs,
}

/// Whose buildroot is entered, and what for.
#[derive(Args, Debug)]
pub(crate) struct Shell {
    /// The step, as `heirloom status` names it.
    pub(crate) step: String,
    /// Runs this instead of a shell.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// An action, and where its inputs and results are.
#[derive(Args, Debug)]
pub(crate) struct BuildAction {
    /// The action's JSON document.
    pub(crate) action: PathBuf,
    /// Directories with its objects: state directories, or files named by their SHA-256.
    #[arg(long, value_name = "DIR", required = true)]
    pub(crate) objects: Vec<PathBuf>,
    /// Where packages, `build.log` and `result.json` are written.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Keeps buildroots here for the next action, instead of removing them.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Builds nothing: shows the action as messages of the Remote Execution API, and writes each in its wire form
    /// to --out, named by its SHA-256.
    #[arg(long)]
    pub(crate) remote_execution: bool,
}
