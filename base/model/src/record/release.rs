//! What clients see: composed trees, the snapshots that are published of them, and the channels that point at these.

use serde::{Deserialize, Serialize};

use crate::allowance::Date;
use crate::{Digest, Nevra};

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryKind {
    /// Packages to install.
    Binary,
    /// Debugging data of those.
    Debug,
    /// The source packages that they were built from.
    Source,
}

/// One repository of a composed tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComposedRepository {
    /// Its name, such as `BaseOS`; its twins with debugging data and sources have the same.
    pub name: String,
    /// What it holds.
    pub kind: RepositoryKind,
    /// Architecture of the machines it is for; `src` for source packages.
    pub arch: String,
    /// Path of its root below the tree's, such as `BaseOS/x86_64/os`.
    pub path: String,
    /// Number of packages.
    pub packages: usize,
    /// The object that lists its packages: JSON, an array of [`ComposedPackage`] sorted by location.
    pub contents: Digest,
    /// SHA-256 of its repomd.xml, an object of the store.
    pub repomd: Digest,
}

/// One package of a composed repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ComposedPackage {
    /// Path below the repository's root.
    pub location: String,
    /// Identity.
    pub nevra: Nevra,
    /// The package that was accepted, before it was signed.
    pub accepted: Digest,
    /// The signed package: what the tree has.
    pub signed: Digest,
    /// Bytes of the signed package.
    pub size: u64,
    /// Why it is there, in a few words.
    #[serde(default)]
    pub because: String,
}

/// A composed tree: every byte of it is in the store, and none of it on a client's path yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composed {
    /// Digest of everything that went in.
    pub id: Digest,
    /// The object that lists its files: JSON, a [`Tree`].
    pub tree: Digest,
    /// Its repositories, sorted by path.
    pub repositories: Vec<ComposedRepository>,
}

impl Composed {
    /// Number of packages in all repositories together.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.repositories.iter().map(|repository| repository.packages).sum()
    }
}

/// All files of a tree, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// Its files.
    pub files: Vec<TreeFile>,
}

impl Tree {
    /// The same tree before its metadata was signed.
    #[must_use]
    pub fn without_signatures(mut self) -> Self {
        self.files.retain(|file| !is_metadata_signature(&file.path));
        self
    }
}

/// Whether the file at this path is the signature of a repository's metadata.
#[must_use]
pub fn is_metadata_signature(path: &str) -> bool {
    path.ends_with("/repodata/repomd.xml.asc")
}

/// One file of a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TreeFile {
    /// Path below the tree's root: plain components joined by `/`.
    pub path: String,
    /// The object with its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// A composed tree with a name of its own: complete, and never changed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// `DATE-DIGEST`: the day and the first twelve digits of the tree's digest, as in `2026-03-14-1a2b3c4d5e6f`.
    pub name: String,
    /// The day it was made, in UTC.
    pub day: Date,
    /// When it was made, in seconds since 1970.
    pub made: u64,
    /// What it is a snapshot of.
    pub composed: Composed,
}

/// Where a channel points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its name: `testing`, `stable`, `9`, `9.6`.
    pub name: String,
    /// Name of the snapshot.
    pub snapshot: String,
    /// Counts its switches, from 1.
    pub generation: u64,
    /// When it was switched, in seconds since 1970.
    pub since: u64,
}
