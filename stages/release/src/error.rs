//! What can go wrong when trees are laid out and channels switched.

use std::io;
use std::path::{Path, PathBuf};

use heirloom_formats::tuf::{Role, TufError};
use heirloom_model::Digest;
use heirloom_store::StoreError;

/// A failure of a release. What is served stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file operation failed.
    #[error("can't {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file system is full.
    #[error(
        "no space left on the file system of {path}; what is served stays as it was: make room, then run the same \
         command again"
    )]
    Full {
        /// The file that was being written.
        path: PathBuf,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bucket failed.
    #[error(transparent)]
    S3(#[from] crate::S3Error),
    /// TUF metadata can't be made, or clients would not believe it.
    #[error("the channel's TUF metadata: {0}")]
    Tuf(#[from] TufError),
    /// Nobody signed what is to be signed.
    #[error("TUF metadata of the role {role} is not signed: {source}")]
    Unsigned {
        /// The role.
        role: Role,
        /// Why not.
        source: crate::Unwilling,
    },
    /// There are no keys for TUF metadata.
    #[error("channels have no TUF metadata: the definition has no [tuf]")]
    NoTuf,
    /// One generation was renewed too often.
    #[error("the TUF metadata of channel `{channel}` was renewed {most} times; publish the channel anew")]
    Renewals {
        /// The channel.
        channel: String,
        /// How often it can be.
        most: u64,
    },
    /// An object that should list something does not.
    #[error("object {digest} is no list of {what}: {source}; compose again")]
    List {
        /// The object.
        digest: Digest,
        /// What it should list.
        what: &'static str,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// A tree has a path that can't be laid out.
    #[error("tree {tree}: `{path}` {why}; compose again")]
    Path {
        /// The tree's object.
        tree: Digest,
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An object that a tree needs is not there, or has another size.
    #[error(
        "object {digest} of `{path}` is {found}, expected {size} bytes; `heirloom fsck` tells what brings it back"
    )]
    Lost {
        /// The object.
        digest: Digest,
        /// Where the tree has it.
        path: String,
        /// Its size, as the tree says.
        size: u64,
        /// What was found.
        found: String,
    },
    /// Two trees would have one name.
    #[error("snapshot {name} is there already, of another tree; publish tomorrow, or remove it")]
    Taken {
        /// The name.
        name: String,
    },
    /// A text can't be a channel's name.
    #[error("`{name}` can't be a channel: {why}")]
    Name {
        /// The text.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is no such snapshot.
    #[error("`{name}` is no snapshot and no channel; there are: {known}")]
    NoSnapshot {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Nothing was laid out yet.
    #[error("there is no snapshot yet; `heirloom compose` makes one")]
    NoneYet,
    /// A channel was never switched.
    #[error("there is no channel `{0}`; `heirloom publish {0}` makes it")]
    NoChannel(String),
    /// A channel had nothing else before.
    #[error("channel `{channel}` had nothing before {current}; name a snapshot with --to")]
    NothingBefore {
        /// The channel.
        channel: String,
        /// What it points at.
        current: String,
    },
    /// What a channel had before is not kept any more.
    #[error("channel `{channel}` had {snapshot} before, which is not kept any more; name another with --to")]
    GoneBefore {
        /// The channel.
        channel: String,
        /// The snapshot.
        snapshot: String,
    },
}

impl ReleaseError {
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path: path.to_owned() },
            _ => Self::Io { what, path: path.to_owned(), source },
        }
    }
}
