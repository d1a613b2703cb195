//! Advisories.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use heirloom_errata::State;
use heirloom_model::advisory::AdvisoryId;

/// What is done with advisories.
#[derive(Debug, Subcommand)]
pub(crate) enum ErrataVerb {
    /// Reads advisories in OSV, CSAF 2.0, OVAL or updateinfo.xml, one record of each, writes them in the other formats, and
    /// reads back what it wrote: all must say the same.
    ///
    /// Exit codes: 0 all were converted; 1 a document could not be read, the others were converted; 5 the formats do not
    /// say the same.
    Convert(ConvertErrata),
    /// Says where every advisory of upstream stands: shipped, partial, building, blocked, not-applicable or pending, and why.
    ///
    /// Exit codes: 0 all are accounted for; 1 a document can't be read; 5 something is not reconciled: an advisory of which the
    /// packages are gone, or a security update without an advisory.
    Status(StatusErrata),
    /// Tells how long advisories take from upstream to machines, step by step, and which were later than promised
    /// (`errata.days`).
    Lag(LagErrata),
    /// Begins an advisory of the distribution's own, about the newest build of a source package.
    New(NewErrata),
    /// Lays out all that a distribution publishes of its advisories, signed: every format, VEX, a tree for readers of
    /// CSAF, feeds, pages and mails.
    ///
    /// Exit codes: 0 all was laid out; 1 a document could not be read, all else was laid out; 5 the formats do not say the
    /// same, or a declared statement contradicts an advisory or another one.
    Site(ErrataSite),
    /// Writes all advisories of some documents into one compressed file, for machines without a network. The same documents
    /// give the same bytes.
    ///
    /// Exit codes: 0 all are in it; 1 a document could not be read, the others are in it.
    Bundle(BundleErrata),
    /// Holds each format of a directory that `errata convert` wrote against a machine: all must give the same verdict. Without
    /// a machine, against made-up ones: every package just before, at and beyond each fix.
    ///
    /// Exit codes: 0 all formats give the same verdict; 1 a document could not be read; 5 they do not.
    Crosscheck(CrosscheckErrata),
    /// Lets web servers serve all that there is of advisories, below `errata` in the document root: as `site` lays it out,
    /// of the records that `status` tells of, with how long they took, a bundle for `audit`, and the lifecycle.
    ///
    /// Exit codes: 0 it is served; 1 a document can't be read, all else is served; 5 something is not reconciled or a statement
    /// contradicts an advisory, and all else is served; or the formats do not say the same, and what was served before still is.
    Publish(PublishErrata),
}

/// What is published beside advisories.
#[derive(Args, Debug)]
pub(crate) struct PublishErrata {
    /// Last day of .well-known/security.txt, which is not written without.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) expires: Option<String>,
}

/// Which advisories are shown.
#[derive(Args, Debug)]
pub(crate) struct StatusErrata {
    /// Advisories, by their id here or upstream: all that is known of them. Without one: all, in a line each.
    #[arg(value_name = "ID")]
    pub(crate) advisories: Vec<AdvisoryId>,
    /// Only those in this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(State::NAMES))]
    pub(crate) state: Option<String>,
}

/// How the lag is shown.
#[derive(Args, Debug)]
pub(crate) struct LagErrata {
    /// Writes a chart.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

/// What an advisory is about.
#[derive(Args, Debug)]
pub(crate) struct NewErrata {
    /// The source package.
    pub(crate) package: String,
    /// What it is for: security, bugfix, enhancement or newpackage.
    #[arg(long, default_value = "security", value_parser = ["security", "bugfix", "enhancement", "newpackage"])]
    pub(crate) kind: String,
}

/// What goes into a bundle.
#[derive(Args, Debug)]
pub(crate) struct BundleErrata {
    /// Documents, compressed or not, repositories with an updateinfo.xml, other bundles, and directories with .json and .xml
    /// files at any depth.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) sources: Vec<PathBuf>,
    /// The file that is written.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Major version of packages in updateinfo.xml, which does not name one [default: the distribution's, or 9].
    #[arg(long, value_name = "N")]
    pub(crate) major: Option<String>,
    /// The distribution's id, without a definition: `ID` of its /etc/os-release.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// A JSON document on how long what is supported, which is handed on in the bundle.
    #[arg(long, value_name = "FILE")]
    pub(crate) lifecycle: Option<PathBuf>,
}

/// Which formats are held against which machine.
#[derive(Args, Debug)]
pub(crate) struct CrosscheckErrata {
    /// Root directory of a system, its database of packages, or a list of its parts [default: made-up machines].
    #[arg(value_name = "HOST-ROOT|RPMDB|SBOM")]
    pub(crate) target: Option<PathBuf>,
    /// Directory with osv, csaf, oval and updateinfo, or some of them.
    #[arg(long, value_name = "DIR")]
    pub(crate) advisories: PathBuf,
    /// The system's major version [default: as the target says].
    #[arg(long, value_name = "N", requires = "target")]
    pub(crate) major: Option<String>,
    /// Architectures of made-up machines for packages of which the documents do not say one.
    #[arg(long, value_name = "ARCH", value_delimiter = ',', default_values = ["noarch", "x86_64"])]
    pub(crate) arch: Vec<String>,
}

/// What is read, and where it goes.
#[derive(Args, Debug)]
pub(crate) struct ConvertErrata {
    /// Documents, compressed or not, and directories with .json and .xml files at any depth.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) sources: Vec<PathBuf>,
    /// Directory that is made: osv/ID.json, csaf/white/YEAR/ID.json, oval/MAJOR.xml, updateinfo/MAJOR.xml.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Formats that are written: osv, csaf, oval, updateinfo [default: all].
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = ["osv", "csaf", "oval", "updateinfo"])]
    pub(crate) formats: Vec<String>,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

/// What is laid out, and what it is signed with.
#[derive(Args, Debug)]
pub(crate) struct ErrataSite {
    /// Documents, compressed or not, and directories with .json and .xml files at any depth.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) sources: Vec<PathBuf>,
    /// Directory that is made: what a web server has below --home.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// File of statements about vulnerabilities, beside what advisories fix.
    #[arg(long, value_name = "FILE")]
    pub(crate) vex: Option<PathBuf>,
    /// Last day of .well-known/security.txt, which is not written without.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) expires: Option<String>,
    /// Site that was laid out earlier: documents that are the same keep their signatures, which saves time.
    #[arg(long, value_name = "DIR")]
    pub(crate) before: Option<PathBuf>,
    /// Secret key that signs [default: the distribution's].
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

/// Whose advisories are written, and what documents leave out.
#[derive(Args, Debug)]
pub(crate) struct Whose {
    /// Major version of packages in updateinfo.xml, which does not name one [default: the distribution's, or 9].
    #[arg(long, value_name = "N")]
    pub(crate) major: Option<String>,
    /// Architectures for which updateinfo.xml names a package of which the documents do not say one, as OSV's.
    #[arg(long, value_name = "ARCH", value_delimiter = ',', default_values = ["noarch", "x86_64"])]
    pub(crate) arch: Vec<String>,
    /// The distribution's id, without a definition: `ID` of its /etc/os-release.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Its name, without a definition.
    #[arg(long, value_name = "NAME", requires = "id")]
    pub(crate) name: Option<String>,
    /// Where it is at home, without a definition: what it publishes is below.
    #[arg(long, value_name = "URL", requires = "id")]
    pub(crate) home: Option<String>,
}
