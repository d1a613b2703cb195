//! What a machine needs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heirloom_model::advisory::Severity;

/// What is looked at, by which advisories.
#[derive(Args, Debug)]
pub(crate) struct Audit {
    /// Root directory of a system, its database of packages (rpmdb.sqlite, Packages.db, Packages), or a list of its parts
    /// (SBOM: SPDX 2.3 or CycloneDX, in JSON).
    #[arg(default_value = "/", value_name = "HOST-ROOT|RPMDB|SBOM")]
    pub(crate) target: PathBuf,
    /// Documents of advisories in any format, repositories with an updateinfo.xml, bundles, and directories of documents;
    /// may be given several times.
    #[arg(long, value_name = "FILE|DIR", required_unless_present = "bundle")]
    pub(crate) advisories: Vec<PathBuf>,
    /// A bundle, which `heirloom errata bundle` makes.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    /// Public key that must have signed the bundle; the signature is in FILE.asc, beside it.
    #[arg(long, value_name = "FILE", requires = "bundle")]
    pub(crate) key: Option<PathBuf>,
    /// The system's major version [default: as its os-release, its release package or the list of parts says].
    #[arg(long, value_name = "N")]
    pub(crate) major: Option<String>,
    /// Only what is at least as bad makes the exit code 5, and what nobody rated: low, moderate, important, critical.
    #[arg(long, value_name = "LEVEL", value_parser = severity)]
    pub(crate) severity: Option<Severity>,
    /// What makes the exit code 5.
    #[arg(long, value_name = "WHAT", default_value = "vulnerable")]
    pub(crate) fail_on: FailOn,
}

/// What makes the exit code 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A security advisory that is needed.
    Vulnerable,
    /// That, or a package that is not supported any more, as the lifecycle of the bundle says.
    Unsupported,
    /// Nothing.
    None,
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::of(text).ok_or_else(|| "one of low, moderate, important, critical".to_owned())
}
