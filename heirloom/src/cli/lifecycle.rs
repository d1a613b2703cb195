//! The life of the distribution, and of what machines have of it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use heirloom_model::allowance::Date;

/// What is done with lifecycles.
#[derive(Debug, Subcommand)]
pub(crate) enum LifecycleVerb {
    /// Says for each package that a machine has which stream it belongs to, in which phase it is, and how many days are
    /// left until its end; and what the machine's minor version leaves open.
    ///
    /// Exit codes: 0 everything is supported; 5 something is not.
    Check(CheckLife),
    /// Shows the phases, what is promised in them, and what happens next.
    Show(ShowLife),
    /// Writes what can be published: lifecycle.json with a signature by the distribution's key, endoflife.json,
    /// lifecycle.ics and lifecycle.svg.
    Export(ExportLife),
}

/// Whose life it is.
#[derive(Args, Debug)]
pub(crate) struct LifeDocument {
    /// A published lifecycle.json, with its signature beside it in FILE.asc [default: `lifecycle` of the definition].
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) document: Option<PathBuf>,
    /// Public key file that may have signed the document.
    #[arg(long, value_name = "FILE", requires = "document")]
    pub(crate) key: Vec<PathBuf>,
    /// The day for which it is asked [default: today].
    #[arg(long, value_name = "DATE")]
    pub(crate) today: Option<Date>,
}

/// Which machines are looked at.
#[derive(Args, Debug)]
pub(crate) struct CheckLife {
    /// Root directories of machines, or databases of rpm (a directory with rpmdb.sqlite).
    #[arg(default_value = "/", value_name = "ROOT|RPMDB")]
    pub(crate) places: Vec<PathBuf>,
    /// What ends within so many days is named.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    pub(crate) within: u32,
    #[command(flatten)]
    pub(crate) life: LifeDocument,
}

/// Which life is shown.
#[derive(Args, Debug)]
pub(crate) struct ShowLife {
    #[command(flatten)]
    pub(crate) life: LifeDocument,
}

/// Where it goes.
#[derive(Args, Debug)]
pub(crate) struct ExportLife {
    /// Directory that is made.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
}
