//! A log in a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};

use heirloom_tlog::{Checkpoint, Log, NoteKey, Policy, SignedCheckpoint, Source};
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "kestrel.example/log";

/// A log and its key.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        NoteKey::generate(ORIGIN).unwrap().save(&place.path("key")).unwrap();
        Log::create(&place.log(), place.key()).unwrap();
        place
    }

    /// One with so many entries.
    pub(crate) fn with(count: u64) -> Self {
        let place = Self::new();
        place.open().append(&entries(0..count)).unwrap();
        place
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path("log")
    }

    pub(crate) fn key(&self) -> NoteKey {
        NoteKey::load(&self.path("key")).unwrap()
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy::of_log(self.key().log_vkey())
    }

    pub(crate) fn open(&self) -> Log {
        Log::open(&self.log(), self.key()).unwrap()
    }

    pub(crate) fn signed(&self) -> SignedCheckpoint {
        self.policy().open(&fs::read(self.log().join("checkpoint")).unwrap()).unwrap()
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        self.signed().checkpoint().clone()
    }

    /// The same log, in another directory.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self { dir: tempfile::tempdir().unwrap() };
        copy_dir(self.dir.path(), copy.dir.path());
        copy
    }

    /// Changes a byte of a file of the log.
    pub(crate) fn damage(&self, path: &str, at: usize) {
        let path = self.log().join(path);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    }
}

pub(crate) fn copy_dir(from: &Path, to: &Path) {
    testkit::tool::Tool::new("cp").arg("-a").arg(from.join(".")).arg(to).run().unwrap();
}

pub(crate) fn entry(number: u64) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

pub(crate) fn entries(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

/// The log of a place, as a reader has it.
pub(crate) fn source(log: &Path) -> Source<'_> {
    Source::directory(log)
}
