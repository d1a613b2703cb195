//! A repository's packages: primary, filelists and other, read and written.
//!
//! Reading gives [`heirloom_model::Package`]s with every file, ready for solving, one by one. Writing is made of
//! [`Fragment`]s: the XML of one package, made once and kept, so that publishing a repository only joins
//! texts. The content of what is written equals createrepo_c's for the same packages. Neither keeps a whole document in
//! memory.

mod binary;
mod fragment;
mod read;
mod write;

use heirloom_model::Digest;

pub use binary::FragmentDamage;
pub use fragment::{CHANGELOG_ENTRIES, Fragment, FragmentError};
pub use read::{
    Described, Descriptions, Fragments, Listed, Packages, Published, RepodataError, read_changelogs,
    read_listing, read_packages, read_paths,
};
pub use write::{Compression, ExtraRecord, RepositoryWriter, WriteError};

/// What an RPM's header can't know of its own file.
#[derive(Clone, Copy, Debug)]
pub struct PackageFacts {
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// Bytes of the whole file.
    pub size: u64,
    /// The file's time in seconds since 1970: not the clock, but a time that belongs to the content.
    pub file_time: u64,
    /// Changelog entries that other.xml carries at most, the newest; see [`CHANGELOG_ENTRIES`].
    pub changelog_entries: usize,
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
