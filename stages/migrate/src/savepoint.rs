//! The way back: all that a transaction of packages can touch, as it was before the first change.
//!
//! Files of packages are kept by hard links: rpm replaces a file by renaming another one over it, so that a link keeps the content that was. All that is
//! written in place, or may be (`/etc`, the boot partition, databases, files of no package), is copied, by reflink where the file system can.
//! A *manifest* says of each path what it was. Putting back needs neither rpm nor dnf nor libraries of the machine; it can be killed at any
//! moment and done again.
//!
//! Never kept, and never put back: `/home`, `/srv`, `/opt`, `/usr/local`, `/var` but for what packages own in it, caches and logs.

mod after;
mod entry;
mod make;
mod manifest;
mod metadata;
mod restore;
mod scope;
mod snapshot;
mod stray;
mod walk;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use after::note_after;
pub use make::{Made, make};
pub use manifest::is_complete;
pub use restore::{Report, restore};
pub use scope::{OwnedPath, Scope};
pub use snapshot::{Snapshot, SnapshotError};

use crate::layout::Layout;
use crate::machine::Machine;

/// The savepoint can't be made, or the machine can't be put back to it.
#[derive(Debug, thiserror::Error)]
pub enum SavepointError {
    /// The operating system says so.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// The manifest is not what was written.
    #[error("the manifest of the savepoint, {path}, line {line}: {why}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// Somebody writes meanwhile.
    #[error("{path} was changed while it was copied; try again when no packages are being installed")]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl SavepointError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// Removes the savepoint, wherever parts of it are. Times of the directories that it was in stay.
///
/// # Errors
/// The operating system says so.
pub fn remove(machine: &Machine, layout: &Layout) -> Result<(), SavepointError> {
    let own = layout.at("savepoint");
    for store in manifest::stores(layout)? {
        let place = machine.place(&store);
        if place.starts_with(&own) {
            continue;
        }
        let parent = place.parent().unwrap_or(Path::new("/")).to_owned();
        let times = fs::metadata(&parent).ok().map(|about| metadata::times_of(&about));
        gone(&place)?;
        if let Some(times) = times {
            let _ = metadata::set_times(&parent, times);
        }
    }
    gone(&own)
}

fn gone(dir: &Path) -> Result<(), SavepointError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SavepointError::io("can't remove", dir)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
