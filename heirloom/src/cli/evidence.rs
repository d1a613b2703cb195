//! What is attested of builds, and how it is checked.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heirloom_formats::sbom::Form;

/// Whose provenance is stated, and where.
#[derive(Args, Debug)]
pub(crate) struct Provenance {
    /// Source or binary packages; without any, all that the newest compose is made of, else all that is built.
    #[arg(value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    /// Writes each statement into this directory, beside keeping it in the store.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// A provenance, and what it is checked against.
#[derive(Args, Debug)]
pub(crate) struct VerifyProvenance {
    /// The signed statement.
    pub(crate) provenance: PathBuf,
    /// Public key file of the one who may have signed it.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) key: Vec<PathBuf>,
    /// Packages that it has to be about: as they were built, as they were signed, or signed by anybody else.
    #[arg(value_name = "PACKAGE.rpm")]
    pub(crate) packages: Vec<PathBuf>,
}

/// What is listed, and how.
#[derive(Args, Debug)]
pub(crate) struct Sbom {
    /// A source or binary package: the list of its build's parts. Without it, one list for each build that the newest
    /// compose is made of.
    #[arg(conflicts_with = "release")]
    pub(crate) package: Option<String>,
    /// One list of all that the newest compose has.
    #[arg(long)]
    pub(crate) release: bool,
    /// The format.
    #[arg(long, value_name = "FORM")]
    pub(crate) form: SbomForm,
    /// File or directory to write to [default: standard output, for a single list].
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// A format of lists of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SbomForm {
    /// SPDX 2.3 in JSON.
    Spdx,
    /// SPDX 3.0.1 in JSON-LD.
    Spdx3,
    /// CycloneDX 1.6 in JSON.
    Cyclonedx,
}

impl From<SbomForm> for Form {
    fn from(form: SbomForm) -> Self {
        match form {
            SbomForm::Spdx => Self::Spdx,
            SbomForm::Spdx3 => Self::Spdx3,
            SbomForm::Cyclonedx => Self::CycloneDx,
        }
    }
}

/// What is built again, and of what.
#[derive(Args, Debug)]
pub(crate) struct Reproduce {
    /// A signed provenance, or a package of this distribution.
    #[arg(value_name = "PROVENANCE|PACKAGE")]
    pub(crate) what: String,
    /// Public key file of the one who may have signed the provenance.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
    /// Where its sources and the packages of its buildroot are: state directories, files named by their SHA-256,
    /// directories of any files, published trees, and URLs of either; may be given several times.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) objects: Vec<String>,
    /// Where packages, `build.log` and `result.json` are written [default: nowhere].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Packages of the one who states it: what is not the same bit for bit is compared with them.
    #[arg(long, value_name = "RPM", num_args = 1..)]
    pub(crate) against: Vec<PathBuf>,
    /// Keeps buildroots and objects here for the next time, instead of removing them.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

/// Which package, and where the evidence goes.
#[derive(Args, Debug)]
pub(crate) struct EvidenceOf {
    /// A package by its name or name-version-release.architecture, or an RPM file.
    pub(crate) package: String,
    /// Writes it as one self-contained HTML page.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Writes the proofs of the public log into a directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) proofs: Option<PathBuf>,
}
