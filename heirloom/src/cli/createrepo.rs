//! What the metadata of a directory of packages is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heirloom_formats::repodata;

/// A directory of RPM files, and what else its metadata is to have.
#[derive(Args, Debug)]
pub(crate) struct Createrepo {
    /// The directory; packages may be at any depth. `repodata` is made in it.
    pub(crate) dir: PathBuf,
    /// Takes over what the present metadata says of files whose size and time did not change, and the other metadata
    /// files that it lists.
    #[arg(long)]
    pub(crate) update: bool,
    /// How metadata files are compressed; gzip is read by clients of every age.
    #[arg(long, default_value = "zstd", value_name = "FORM")]
    pub(crate) compression: Compression,
    /// Groups of packages: comps.xml.
    #[arg(long, value_name = "FILE")]
    pub(crate) groupfile: Option<PathBuf>,
    /// Module documents: modules.yaml.
    #[arg(long, value_name = "FILE")]
    pub(crate) modules: Option<PathBuf>,
    /// Advisories: updateinfo.xml.
    #[arg(long, value_name = "FILE")]
    pub(crate) updateinfo: Option<PathBuf>,
    /// Product certificate.
    #[arg(long, value_name = "FILE")]
    pub(crate) productid: Option<PathBuf>,
    /// Keeps the newest N earlier files of each kind, for clients that still hold the earlier repomd.xml.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) retain_old_md: usize,
    /// Changelog entries of each package, the newest.
    #[arg(long, default_value_t = repodata::CHANGELOG_ENTRIES, value_name = "N")]
    pub(crate) changelog_limit: usize,
}

/// How metadata files are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compression {
    /// Smaller and faster.
    Zstd,
    /// Read by clients of every age.
    Gzip,
}

impl From<Compression> for repodata::Compression {
    fn from(compression: Compression) -> Self {
        match compression {
            Compression::Zstd => Self::Zstd,
            Compression::Gzip => Self::Gzip,
        }
    }
}
