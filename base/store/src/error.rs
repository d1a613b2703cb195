//! What can go wrong with the store.

use std::io;
use std::path::{Path, PathBuf};

use heirloom_model::Digest;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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
        "no space left on the file system of {path}; nothing was half-written: make room, or move the state \
         directory, then run the same command again"
    )]
    Full {
        /// The file that was being written.
        path: PathBuf,
    },
    /// Another process works in this store.
    #[error("another heirloom process is working in {0}; wait for it to end, or stop it")]
    Locked(PathBuf),
    /// An object is not there.
    #[error("object {digest} is not in the store {dir}")]
    Missing {
        /// The object.
        digest: Digest,
        /// The store's directory.
        dir: PathBuf,
    },
    /// An object's bytes are not what its name says.
    #[error("object {path} is damaged: its content has the digest {found}; delete it and run again")]
    Damaged {
        /// Its file.
        path: PathBuf,
        /// What it has become.
        found: Digest,
    },
    /// The ledger could not be read or written.
    #[error("ledger {path}: {source}")]
    Ledger {
        /// The database.
        path: PathBuf,
        /// SQLite's own words.
        source: rusqlite::Error,
    },
    /// A record of the ledger does not have the form that this version expects.
    #[error("ledger record {kind} `{key}`: {source}; it was written by another version of heirloom")]
    Record {
        /// Kind of record.
        kind: &'static str,
        /// Its key.
        key: String,
        /// What does not fit.
        source: serde_json::Error,
    },
}

impl StoreError {
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::StorageFull {
            return Self::Full { path: path.to_owned() };
        }
        Self::Io { what, path: path.to_owned(), source }
    }

    pub(crate) fn ledger(path: &Path, source: rusqlite::Error) -> Self {
        // The second is what SQLite makes of a full disk when it is the memory that its users share that does not fit.
        let full = [rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_IOERR_SHMSIZE];
        if source.sqlite_error().is_some_and(|error| full.contains(&error.extended_code)) {
            return Self::Full { path: path.to_owned() };
        }
        Self::Ledger { path: path.to_owned(), source }
    }
}
