//! A repository's packages: primary, filelists and other, read and written.
//!
//! Reading gives [`heirloom_model::Package`]s with every file, ready for solving. Writing is made of
//! [`Fragment`]s: the XML of one package, made once when the package is signed and kept, so that publishing
//! a repository only joins texts. The content of what is written equals createrepo_c's for the same
//! packages.

mod fragment;
mod read;
mod write;

use heirloom_model::Digest;

pub use fragment::{Fragment, FragmentError};
pub use read::{RepodataError, read_changelogs, read_packages};
pub use write::{Compression, ExtraRecord, Options, RepodataFile, WriteError, Written, write_repository};

/// What an RPM's header can't know of its own file.
#[derive(Clone, Copy, Debug)]
pub struct PackageFacts<'a> {
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// Bytes of the whole file.
    pub size: u64,
    /// The file's time in seconds since 1970: not the clock, but a time that belongs to the content.
    pub file_time: u64,
    /// Path below the repository's root.
    pub location: &'a str,
}

/// Namespace of primary.xml's elements.
const COMMON: &str = "http://linux.duke.edu/metadata/common";
/// Namespace of the elements with the prefix `rpm`.
const RPM: &str = "http://linux.duke.edu/metadata/rpm";
/// Namespace of filelists.xml's elements.
const FILELISTS: &str = "http://linux.duke.edu/metadata/filelists";
/// Namespace of other.xml's elements.
const OTHER: &str = "http://linux.duke.edu/metadata/other";

#[cfg(test)]
mod tests;
