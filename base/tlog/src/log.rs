//! A log on disk, which only its owner writes.
//!
//! What a checkpoint needs is written before the checkpoint, and never changed after it; a killed process leaves files
//! that nobody asks for, and the next one removes them.

mod files;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};

use heirloom_model::log::LONGEST;
use signed_note::{Note, Signature, Verifier as _};
use tlog_tiles::tlog::{self, Hash, HashReader};
use tlog_tiles::{Error, Tile};

use crate::bundle::{BundleError, write_bundle};
use crate::checkpoint::{self, Checkpoint, CheckpointError, SignedCheckpoint};
use crate::key::{NoteKey, time_of};
use crate::tree::{HEIGHT, Tree, TreeError, WIDTH, bundle_path, tile_path};
use crate::{MOST, Policy, Source, SourceError};

/// A log can't be opened, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A file can't be written.
    #[error("{path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is one already.
    #[error("{0} has a log already")]
    Exists(PathBuf),
    /// A file can't be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its checkpoint is not its own.
    #[error("the checkpoint of {dir}: {source}")]
    Checkpoint {
        /// The log.
        dir: PathBuf,
        /// What is wrong.
        source: CheckpointError,
    },
    /// Its files do not fit its checkpoint.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// An entry that no log takes.
    #[error("an entry has {0} bytes: a log takes entries of 1 to {LONGEST}")]
    Entry(usize),
    /// A bundle can't be written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It is full.
    #[error("a log has at most {MOST} entries")]
    Full,
    /// The hashes could not be put together, which is a defect of this program.
    #[error("the hashes of the log could not be put together: {0}")]
    Math(Error),
}

impl LogError {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}

/// What became of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// How many are new.
    pub added: u64,
    /// How many the log had already, or were given twice.
    pub known: u64,
}

/// What became of cosignatures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cosigned {
    /// Names of witnesses whose cosignatures were added.
    pub added: Vec<String>,
    /// Names in lines that were not added, and why.
    pub refused: Vec<(String, &'static str)>,
}

/// A log in a directory. Whoever opens it must be the only one that does.
pub struct Log {
    dir: PathBuf,
    key: NoteKey,
    policy: Policy,
    signed: SignedCheckpoint,
    hashes: Hashes,
    /// Where each entry is, by its hash.
    leaves: HashMap<[u8; 32], u64>,
}

/// All hashes of the tree, in the library's order: each as soon as it is complete.
struct Hashes(Vec<Hash>);

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let one = |index: &u64| usize::try_from(*index).ok().and_then(|index| self.0.get(index)).copied();
        indexes.iter().map(|index| one(index).ok_or(Error::IndexesNotInTree)).collect()
    }
}

impl Hashes {
    fn push(&mut self, index: u64, leaf: Hash) -> Result<(), LogError> {
        let new = tlog::stored_hashes_for_record_hash(index, leaf, self).map_err(LogError::Math)?;
        self.0.extend(new);
        Ok(())
    }
}

impl Log {
    /// Makes an empty log; its name is that of the key.
    ///
    /// # Errors
    /// There is a log, or the directory can't be written.
    pub fn create(dir: &Path, key: NoteKey) -> Result<Self, LogError> {
        if dir.join("checkpoint").exists() {
            return Err(LogError::Exists(dir.to_owned()));
        }
        files::prepare(dir)?;
        let empty = Checkpoint::new(key.name(), 0, tlog::EMPTY_HASH).signed_by(&key);
        files::put(dir, "checkpoint", &empty)?;
        files::sync(dir, &["checkpoint".to_owned()])?;
        Self::open(dir, key)
    }

    /// Opens the log of this key. All its tiles are read, and must have the root of its checkpoint; what an interrupted
    /// append has left is removed.
    ///
    /// # Errors
    /// There is none, it is of another key, or its tiles do not fit its checkpoint.
    pub fn open(dir: &Path, key: NoteKey) -> Result<Self, LogError> {
        let policy = Policy::of_log(key.log_vkey());
        let source = Source::directory(dir);
        let signed = policy
            .open(&source.checkpoint()?)
            .map_err(|source| LogError::Checkpoint { dir: dir.to_owned(), source })?;
        let tree = Tree::new(&source, signed.checkpoint());
        let mut hashes = Hashes(Vec::new());
        let mut leaves = HashMap::new();
        for (index, leaf) in (0..).zip(tree.leaves(0..tree.size())?) {
            hashes.push(index, leaf)?;
            leaves.insert(leaf.0, index);
        }
        files::prepare(dir)?;
        files::sweep(dir, tree.size())?;
        Ok(Self { dir: dir.to_owned(), key, policy, signed, hashes, leaves })
    }

    /// How many entries it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.signed.checkpoint.size()
    }

    /// The public key that its checkpoints are signed with.
    #[must_use]
    pub fn vkey(&self) -> crate::Vkey {
        self.key.log_vkey()
    }

    /// Its checkpoint.
    #[must_use]
    pub fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Where an entry with these bytes is, counted from 0.
    #[must_use]
    pub fn index_of(&self, entry: &[u8]) -> Option<u64> {
        self.leaves.get(&tlog::record_hash(entry).0).copied()
    }

    /// An entry. `index` counts from 0.
    ///
    /// # Errors
    /// There is none, it can't be read, or is not the one that the tree was made of.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, LogError> {
        let source = Source::directory(&self.dir);
        Ok(Tree::new(&source, &self.signed.checkpoint).entry(index)?)
    }

    /// Adds those entries that it does not have, in their order, and signs a checkpoint with all of them.
    ///
    /// # Errors
    /// An entry that no log takes, and nothing is added; or a file can't be written, and the log is as it was.
    pub fn append<E: AsRef<[u8]>>(&mut self, entries: &[E]) -> Result<Appended, LogError> {
        if let Some(wrong) = entries.iter().find(|one| !(1..=LONGEST).contains(&one.as_ref().len())) {
            return Err(LogError::Entry(wrong.as_ref().len()));
        }
        let (old, kept) = (self.size(), self.hashes.0.len());
        let mut new = Vec::new();
        let mut appended = self.stage(entries, &mut new);
        if appended.is_ok() && !new.is_empty() {
            appended = self.write(&new);
        }
        // What fails after the checkpoint has got its name is told, and nothing is taken back.
        if appended.is_err() && self.size() == old {
            self.leaves.retain(|_, index| *index < old);
            self.hashes.0.truncate(kept);
        }
        let added = new.len() as u64;
        appended.map(|()| Appended { added, known: entries.len() as u64 - added })
    }

    /// Puts the hashes of those entries that are new at the end of the tree.
    fn stage<'e, E: AsRef<[u8]>>(
        &mut self,
        entries: &'e [E],
        new: &mut Vec<&'e [u8]>,
    ) -> Result<(), LogError> {
        for entry in entries.iter().map(AsRef::as_ref) {
            let leaf = tlog::record_hash(entry);
            let index = self.size() + new.len() as u64;
            if let Entry::Vacant(place) = self.leaves.entry(leaf.0) {
                place.insert(index);
                self.hashes.push(index, leaf)?;
                new.push(entry);
            }
        }
        Ok(())
    }

    fn write(&mut self, new: &[&[u8]]) -> Result<(), LogError> {
        let old = self.size();
        let size = old + new.len() as u64;
        if size > MOST {
            return Err(LogError::Full);
        }
        let mut written = self.write_bundles(old, new)?;
        let tiles = Tile::new_tiles(HEIGHT, old, size);
        for tile in &tiles {
            let bytes = tile.read_data(&self.hashes).map_err(LogError::Math)?;
            files::put(&self.dir, &tile_path(tile), &bytes)?;
            written.push(tile_path(tile));
        }
        files::sync(&self.dir, &written)?;
        let root = tlog::tree_hash(size, &self.hashes).map_err(LogError::Math)?;
        self.publish(Checkpoint::new(self.key.name(), size, root).signed_by(&self.key))?;
        files::remove_parts(&self.dir, &tiles)
    }

    /// Writes the bundles of new entries; the first one begins with those that were in it before.
    fn write_bundles(&self, old: u64, new: &[&[u8]]) -> Result<Vec<String>, LogError> {
        let before = match old % WIDTH {
            0 => Vec::new(),
            _ => {
                let source = Source::directory(&self.dir);
                Tree::new(&source, &self.signed.checkpoint).bundle(old / WIDTH)?
            }
        };
        let all: Vec<&[u8]> = before.iter().map(Vec::as_slice).chain(new.iter().copied()).collect();
        let mut written = Vec::new();
        for (number, entries) in (old / WIDTH..).zip(all.chunks(1 << HEIGHT)) {
            let bytes = write_bundle(entries.iter().copied())?;
            let path = bundle_path(number, entries.len() as u64);
            files::put(&self.dir, &path, &bytes)?;
            written.push(path);
        }
        Ok(written)
    }

    fn publish(&mut self, note: Vec<u8>) -> Result<(), LogError> {
        let signed = self.policy.open(&note);
        let dir = self.dir.clone();
        let signed = signed.map_err(|source| LogError::Checkpoint { dir, source })?;
        files::put(&self.dir, "checkpoint", &note)?;
        // From here on others may have seen it: to sign anything else of this size would be a fork.
        self.signed = signed;
        files::sync(&self.dir, &["checkpoint".to_owned()])
    }

    /// Adds cosignatures of this policy's witnesses to the present checkpoint. `text` is one or more lines of signatures,
    /// or a checkpoint that a witness cosigned. Of one witness, the latest counts.
    ///
    /// # Errors
    /// The checkpoint can't be written. A cosignature that does not hold is no error: the answer tells of it.
    pub fn cosign(&mut self, text: &str, policy: &Policy) -> Result<Cosigned, LogError> {
        let wrong = |source| LogError::Checkpoint { dir: self.dir.clone(), source };
        let body = self.signed.checkpoint.text().to_vec();
        let present = Note::from_bytes(&self.signed.note).map_err(|_| wrong(CheckpointError::Malformed))?;
        let (mut lines, mut cosigned) = (signatures(&present), Cosigned::default());
        for line in text.lines().filter(|line| line.starts_with('\u{2014}')) {
            let Ok(signature) = Signature::from_bytes(line.as_bytes()) else {
                cosigned.refused.push((line.chars().take(80).collect(), "it is no signature"));
                continue;
            };
            if checkpoint::is_of(&signature, &self.key.log_vkey()) {
                continue;
            }
            let name = signature.name().to_owned();
            let witness = policy.witnesses().iter().find(|witness| checkpoint::is_of(&signature, witness));
            match witness {
                None => cosigned.refused.push((name, "no witness that is known has this key")),
                Some(witness) if !witness.verify(&body, signature.signature()) => {
                    cosigned.refused.push((name, "it is no cosignature of the present checkpoint"));
                }
                Some(witness) => {
                    cosigned.added.push(name);
                    keep_latest(&mut lines, signature, witness);
                }
            }
        }
        if !cosigned.added.is_empty() {
            let note = Note::new(&body, &lines).map_err(|_| wrong(CheckpointError::Malformed))?;
            self.publish(note.to_bytes())?;
        }
        Ok(cosigned)
    }
}

/// The signatures of a note that was read before.
fn signatures(note: &Note) -> Vec<Signature> {
    let bytes = note.to_bytes();
    let lines = bytes.get(note.text().len() + 1..).unwrap_or_default().split(|byte| *byte == b'\n');
    lines.filter_map(|line| Signature::from_bytes(line).ok()).collect()
}

/// Adds a witness's signature, or puts it in the place of an earlier one.
fn keep_latest(lines: &mut Vec<Signature>, signature: Signature, witness: &crate::Vkey) {
    match lines.iter_mut().find(|line| checkpoint::is_of(line, witness)) {
        Some(line) if time_of(line.signature()) < time_of(signature.signature()) => *line = signature,
        Some(_) => {}
        None => lines.push(signature),
    }
}

#[cfg(test)]
mod tests;
