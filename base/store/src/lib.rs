//! The store: content-addressed objects and the ledger, in one directory.
//!
//! ```text
//! <state>/
//!   lock             held by the one process that may write
//!   objects/ab/cd..  every source, package, log and metadata file, named by its SHA-256, mode 0444
//!   incoming/        objects being written; emptied when the store is opened
//!   ledger.db        append-only SQLite table of hand-over records
//!   checks.db        which objects were found whole, so that they are not read again each time
//!   derived.db       what was made from objects and can be made again
//! ```
//!
//! An object appears under its name only when all of it is on disk, so a killed process leaves nothing
//! half-written. Other rooms keep their own directories beside these. The store knows nothing about what
//! objects and records mean, asks no clock and prints nothing. Start at [`Store`].

mod cache;
mod checks;
mod derived;
mod error;
mod ledger;
mod objects;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::FlockOperation;

pub use cache::{Cache, Cleared, Found};
pub use error::StoreError;
pub use ledger::Entry;
pub use objects::State;

/// An open store. Shared by reference between threads; one process at a time.
pub struct Store {
    dir: PathBuf,
    ledger: Mutex<rusqlite::Connection>,
    checks: Mutex<checks::Checks>,
    derived: Mutex<rusqlite::Connection>,
    _lock: File,
}

impl Store {
    /// Opens the store in this directory, makes it where there is none, and clears what a killed process
    /// left in `incoming`.
    ///
    /// # Errors
    /// The directory can't be made or written, another process holds it, or the ledger is damaged.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        objects::make_dir(dir)?;
        let lock = lock(dir, FlockOperation::NonBlockingLockExclusive)?;
        objects::prepare(dir)?;
        let ledger = Mutex::new(ledger::open(&dir.join("ledger.db"))?);
        let checks = dir.join("checks.db");
        let checks = checks::Checks::open(&checks).map_err(|source| StoreError::ledger(&checks, source))?;
        let derived = dir.join("derived.db");
        let derived = derived::open(&derived).map_err(|source| StoreError::ledger(&derived, source))?;
        let (checks, derived) = (Mutex::new(checks), Mutex::new(derived));
        Ok(Self { dir: dir.to_owned(), ledger, checks, derived, _lock: lock })
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// Holds the directory as its other users do, or alone.
fn lock(dir: &Path, how: FlockOperation) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| StoreError::io("open", &path, source))?;
    match rustix::fs::flock(&file, how) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked(dir.to_owned())),
        Err(errno) => Err(StoreError::io("lock", &path, errno.into())),
    }
}

#[cfg(test)]
mod tests;
