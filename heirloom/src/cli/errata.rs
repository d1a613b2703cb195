//! Advisories.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is done with advisories.
#[derive(Debug, Subcommand)]
pub(crate) enum ErrataVerb {
    /// Reads advisories in OSV, CSAF 2.0, OVAL or updateinfo.xml, one record of each, writes them in the other formats, and
    /// reads back what it wrote: all must say the same.
    ///
    /// Exit codes: 0 all were converted; 1 a document could not be read, the others were converted; 5 the formats do not
    /// say the same.
    Convert(ConvertErrata),
}

/// What is read, and where it goes.
#[derive(Args, Debug)]
pub(crate) struct ConvertErrata {
    /// Documents, compressed or not, and directories with .json and .xml files at any depth.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) sources: Vec<PathBuf>,
    /// Directory that is made: osv/ID.json, csaf/YEAR/ID.json, oval/MAJOR.xml, updateinfo/MAJOR.xml.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Formats that are written: osv, csaf, oval, updateinfo [default: all].
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = ["osv", "csaf", "oval", "updateinfo"])]
    pub(crate) formats: Vec<String>,
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
