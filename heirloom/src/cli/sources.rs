//! What is asked of sources on the command line: where they come from, what is changed in them, whose marks they carry.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Where sources are taken from.
#[derive(Args, Debug, Default)]
pub(crate) struct Import {
    /// In place of upstream, a directory of the histories that another import wrote (`dist-git` in its state
    /// directory, or clones of them), with their lookaside.
    #[arg(long, value_name = "DIR")]
    pub(crate) from_git: Option<PathBuf>,
    /// The branch of these histories: `main`, what was built, or `upstream`, what came in.
    #[arg(long, value_name = "BRANCH", default_value = "main", requires = "from_git")]
    pub(crate) branch: String,
}

/// Which rules are run, and what is shown of them.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Debrand {
    /// Source packages to show; all, if none is named.
    pub(crate) packages: Vec<String>,
    /// Runs all rules against all imports, and reports every rule that fails or changes nothing anywhere. Exit codes:
    /// 0 all rules hold; 3 one does not.
    #[arg(long, conflicts_with = "packages")]
    pub(crate) check: bool,
    /// Shows what the rules change, as a diff.
    #[arg(long)]
    pub(crate) diff: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<DebrandVerb>,
}

/// What else there is to do with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum DebrandVerb {
    /// Turns the rules of other tools into rules of this program, or says what can't be carried over.
    Convert(Convert),
}

/// Rules of another tool.
#[derive(Args, Debug)]
pub(crate) struct Convert {
    /// Whose rules they are.
    #[arg(long, value_enum)]
    pub(crate) from: RulesOf,
    /// The source package that they are for.
    #[arg(long)]
    pub(crate) package: String,
    /// The branch that the files are of (`r9`, `a9`); the rules get it as their precondition.
    #[arg(long)]
    pub(crate) branch: Option<String>,
    /// Directory of the tool's lookaside, with files by their digests.
    #[arg(long, value_name = "DIR")]
    pub(crate) lookaside: Option<PathBuf>,
    /// Directory of rules to write to.
    #[arg(long, value_name = "DIR", default_value = "debrand")]
    pub(crate) to: PathBuf,
    /// Files of rules, in the order in which they apply. Files that they name are looked for in the directories above
    /// them.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// A tool that debrands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RulesOf {
    /// srpmproc's configurations (`*.cfg`).
    Srpmproc,
    /// autopatch's configurations (`config.yaml`).
    Autopatch,
}

/// What is looked through.
#[derive(Args, Debug)]
pub(crate) struct Scan {
    /// Source packages by name, or files: packages, pictures, anything. Absent: all sources as they are built, and all
    /// packages that were built.
    #[arg(value_name = "PACKAGE|FILE")]
    pub(crate) what: Vec<PathBuf>,
    /// The file of marks, in place of the definition's `debrand.brand`.
    #[arg(long, value_name = "FILE")]
    pub(crate) brand: Option<PathBuf>,
    /// Shows what allowances cover, too.
    #[arg(long)]
    pub(crate) allowed: bool,
    /// Prints the digest and the perceptual hash of pictures, for the file of marks.
    #[arg(long, requires = "what", conflicts_with_all = ["brand", "allowed"])]
    pub(crate) look: bool,
}

/// What is asked about the present state.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// Looks at upstream: what it has and we do not, and how long since. Nothing is imported.
    #[arg(long, conflicts_with = "modules")]
    pub(crate) upstream: bool,
    /// Shows the modules of upstream, with their components.
    #[arg(long)]
    pub(crate) modules: bool,
}

/// What is asked about what comes next.
#[derive(Args, Debug)]
pub(crate) struct Preview {
    /// Source packages to look at; all, if none is named.
    pub(crate) packages: Vec<String>,
    /// Compares the packages that will change with the reference's, and says whose interfaces change.
    #[arg(long)]
    pub(crate) interfaces: bool,
}
