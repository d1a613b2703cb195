//! Digests, work on all cores, and progress lines.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use sha2::{Digest, Sha256};
use testkit::place;

use super::error::Result;

/// The SHA-256 of several things in order, in hexadecimal.
#[derive(Default)]
pub(crate) struct Key(Sha256);

impl Key {
    pub(crate) fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        // The length keeps "ab"+"c" apart from "a"+"bc".
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// Adds the names and contents of all files below `dir`; an absent one counts as empty.
    pub(crate) fn with_tree(mut self, dir: &Path) -> Result<Self> {
        if !dir.exists() {
            return Ok(self);
        }
        for path in place::entries(dir)? {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            self = self.with(name);
            self = if path.is_dir() { self.with_tree(&path)? } else { self.with(place::read(&path)?) };
        }
        Ok(self)
    }

    pub(crate) fn hex(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The plain SHA-256 of a file.
pub(crate) fn sha256_of(path: &Path) -> Result<String> {
    Ok(hex(&Sha256::digest(place::read(path)?)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// True when `dir` was finished with this key: its `.stamp` says so.
pub(crate) fn is_current(dir: &Path, key: &str) -> bool {
    std::fs::read_to_string(dir.join(".stamp")).is_ok_and(|stamp| stamp == key)
}

/// Writes the stamp that [`is_current`] looks for; the last act before a directory is put in place.
pub(crate) fn stamp(dir: &Path, key: &str) -> Result<()> {
    Ok(place::write(dir.join(".stamp"), key)?)
}

/// Does `work` on each item, as many at a time as there are cores; the first error wins.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..cores.min(items.len()) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(item);
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    if let Ok(mut done) = done.lock() {
                        done.push(result);
                    }
                }
            });
        }
    });
    done.into_inner().unwrap_or_default().into_iter().collect()
}

/// One step of the work: prints a line with what was done and how long it took.
pub(crate) struct Step(Instant);

impl Step {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    pub(crate) fn done(&self, what: impl std::fmt::Display) {
        println!("{:7.1} s  {what}", self.seconds());
    }
}
