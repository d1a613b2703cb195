//! The command line's grammar.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Carries a machine from one Enterprise Linux to another of the same major version, with a way back at every moment.
///
/// `assess` looks, `plan` says what would be done, `apply` does exactly that. `rollback` puts the machine back, also after a reboot and from a rescue
/// system (`--root`); `finish` gives the way back up.
///
/// Exit codes: 0 all is well; 1 something could not be done; 2 the command line is wrong; 5 a blocker or a difference was found, nothing was
/// changed because of it; 6 the machine lacks something; 130 it was interrupted.
#[derive(Debug, Parser)]
#[command(name = "heirloom-migrate", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The machine: where its root is mounted.
    #[arg(long, global = true, default_value = "/", value_name = "DIR", display_order = 900)]
    pub(crate) root: PathBuf,
    /// How results are written to standard output. Progress goes to standard error.
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT", display_order = 901)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Looks at the machine, changing nothing: what it is, and what would keep it from being carried over.
    ///
    /// Exit codes: 0 there is no blocker; 5 there is.
    Assess(Assess),
    /// Makes the plan: what becomes of each package, with reasons. Changes nothing.
    ///
    /// Exit codes: 0 it can be applied; 5 it has a blocker.
    Plan(Box<Plan>),
    /// Carries out a plan, exactly. The work goes on without the terminal; what is interrupted, `resume` takes up.
    Apply(Apply),
    /// Goes on with what was interrupted.
    Resume(Work),
    /// Puts the machine back, byte for byte, at any moment before `finish`.
    Rollback,
    /// Says where it stands.
    Status(Status),
    /// Holds the machine against its plan, and against itself before.
    ///
    /// Exit codes: 0 it is as planned; 5 something differs.
    Verify,
    /// Gives the way back up, after a good boot.
    Finish(Finish),
    /// Says what becomes of a package, and why.
    Why(Why),
    /// Makes a key for signing plans: FILE is private, FILE with the ending `.pub` goes to the machines.
    Key {
        /// The private key's file; must not exist.
        file: PathBuf,
    },
    /// Writes completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Writes man pages.
    Man {
        /// Where to.
        dir: PathBuf,
    },
    /// Does the work; what `apply`, `resume`, `rollback` and `finish` start.
    #[command(hide = true)]
    Worker,
}

/// Options of `assess`.
#[derive(Debug, Args)]
pub(crate) struct Assess {
    /// Where the assessment goes; else it is printed with --format json, and kept nowhere.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Looks at no machine, but adds up assessments of many in a directory.
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    pub(crate) fleet: Option<PathBuf>,
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The assessment of the machine; else this one is looked at.
    #[arg(long, value_name = "FILE")]
    pub(crate) assessment: Option<PathBuf>,
    /// The target file, signed: FILE.asc is beside it.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) target: String,
    /// The certificate of the key that signs the target file.
    #[arg(long, value_name = "CERTIFICATE")]
    pub(crate) key: PathBuf,
    /// A directory that has the target's repositories, instead of the places that it names.
    #[arg(long, value_name = "DIR")]
    pub(crate) tree: Option<PathBuf>,
    /// Where the plan goes.
    #[arg(long, short, default_value = "plan.json", value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The key that signs the plan; else this machine's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_with: Option<PathBuf>,
}

/// Options of `apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The plan.
    pub(crate) plan: PathBuf,
    /// Public keys of others whose plans count, beside this machine's own and those in /etc/heirloom-migrate/signers.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) work: Work,
}

/// How work is done.
#[derive(Debug, Args)]
pub(crate) struct Work {
    /// Works in this process, for scripts: it ends when the work does, and ends the work when it is ended (between steps).
    #[arg(long)]
    pub(crate) foreground: bool,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Shows progress until the work ends.
    #[arg(long, short)]
    pub(crate) follow: bool,
}

/// Options of `finish`.
#[derive(Debug, Args)]
pub(crate) struct Finish {
    /// Finishes although the machine does not run the target's kernel.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Options of `why`.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Its name, or name-version-release.arch.
    pub(crate) package: String,
    /// The plan; else the one that was applied last.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
}
