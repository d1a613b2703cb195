//! Reading a log: every hash is checked against the root of a checkpoint before it is used.

mod tiles;

use std::ops::Range;

use heirloom_model::Digest;
use tiles::Tiles;
use tlog_tiles::tlog::{self, Hash, HashReader as _, stored_hash_index};
use tlog_tiles::{Error, Tile};

use crate::bundle::{self, BundleError};
use crate::{Checkpoint, Source, SourceError};

/// Height of tiles, and how many hashes or entries a full one has.
pub(crate) const HEIGHT: u8 = 8;
pub(crate) const WIDTH: u64 = 1 << HEIGHT;

/// Where a tile is, below the log.
pub(crate) fn tile_path(tile: &Tile) -> String {
    // The library's form, that of Go's checksum database, has the height in it.
    tile.path().replacen("tile/8/", "tile/", 1)
}

/// Where the bundle with this number is, if it has so many entries.
pub(crate) fn bundle_path(number: u64, width: u64) -> String {
    tile_path(&part(0, number, width)).replacen("tile/0/", "tile/entries/", 1)
}

/// A tile that has between 1 and [`WIDTH`] hashes.
pub(crate) fn part(level: u8, number: u64, width: u64) -> Tile {
    Tile::new(HEIGHT, level, number, u32::try_from(width.clamp(1, WIDTH)).unwrap_or(1), false)
}

/// What a log serves does not fit its checkpoint, or can't be had.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file can't be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A tile has another size than the checkpoint demands.
    #[error("{path} of the log {log} has {found} bytes: expected {expected}")]
    Size {
        /// Where the log is.
        log: String,
        /// The tile.
        path: String,
        /// How many bytes it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// The tiles have another root than the checkpoint.
    #[error("the tiles of the log {log} do not hash to the root that its checkpoint of {size} entries has")]
    Root {
        /// Where the log is.
        log: String,
        /// Entries of the checkpoint.
        size: u64,
    },
    /// A bundle can't be read.
    #[error("{path} of the log {log}: {source}")]
    Bundle {
        /// Where the log is.
        log: String,
        /// The bundle.
        path: String,
        /// What is wrong with it.
        source: BundleError,
    },
    /// An entry is not the one whose hash is in the tree.
    #[error("entry {index} of the log {log} is not the one that its tree was made of")]
    Entry {
        /// Where the log is.
        log: String,
        /// The entry, counted from 0.
        index: u64,
    },
    /// There is no such entry or earlier size.
    #[error("the log {log} has {size} entries: {asked} is beyond them")]
    Beyond {
        /// Where the log is.
        log: String,
        /// How many it has.
        size: u64,
        /// What was asked for.
        asked: u64,
    },
}

/// A log at the size of one checkpoint.
pub struct Tree<'s> {
    source: &'s Source<'s>,
    size: u64,
    root: Hash,
    tiles: Tiles<'s>,
}

impl<'s> Tree<'s> {
    /// The log behind a checkpoint, which must have been verified.
    #[must_use]
    pub fn new(source: &'s Source<'s>, checkpoint: &Checkpoint) -> Self {
        let (size, root) = (checkpoint.size(), checkpoint.root);
        Self { source, size, root, tiles: Tiles::new(source, size, root) }
    }

    /// How many entries it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The entries of a bundle (256 of them, fewer in the last one), each checked. `number` counts from 0.
    ///
    /// # Errors
    /// They can't be had, or are not those that the tree was made of.
    pub fn bundle(&self, number: u64) -> Result<Vec<Vec<u8>>, TreeError> {
        let begin = number.saturating_mul(WIDTH);
        let end = begin.saturating_add(WIDTH).min(self.size);
        if begin >= end {
            return Err(self.beyond(begin));
        }
        let hashes = self.leaves(begin..end)?;
        let path = bundle_path(number, end - begin);
        let (full, log) = (bundle_path(number, WIDTH), self.source.name().to_owned());
        let bytes = match self.source.get(&path, bundle::LARGEST)? {
            None if path != full => self.source.get(&full, bundle::LARGEST)?,
            found => found,
        };
        let bytes = bytes.ok_or_else(|| self.source.missing(&path))?;
        let wrong = |source| TreeError::Bundle { log: log.clone(), path: path.clone(), source };
        let (entries, rest) = bundle::first(&bytes, hashes.len()).map_err(wrong)?;
        if !rest.is_empty() && path == full {
            return Err(wrong(BundleError::Long { expected: hashes.len() }));
        }
        for (index, (entry, hash)) in (begin..).zip(entries.iter().zip(hashes)) {
            if tlog::record_hash(entry) != hash {
                return Err(TreeError::Entry { log, index });
            }
        }
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// One entry, checked. `index` counts from 0.
    ///
    /// # Errors
    /// There is none, it can't be had, or is not the one that the tree was made of.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, TreeError> {
        if index >= self.size {
            return Err(self.beyond(index));
        }
        let mut bundle = self.bundle(index / WIDTH)?;
        let at = usize::try_from(index % WIDTH).unwrap_or(usize::MAX);
        if at < bundle.len() { Ok(bundle.swap_remove(at)) } else { Err(self.beyond(index)) }
    }

    /// The hashes of entries, checked.
    pub(crate) fn leaves(&self, range: Range<u64>) -> Result<Vec<Hash>, TreeError> {
        if range.end > self.size {
            return Err(self.beyond(range.end));
        }
        let indexes: Vec<_> = range.map(|index| stored_hash_index(0, index)).collect();
        self.with(|hashes| hashes.read_hashes(&indexes))
    }

    /// The hashes from an entry up to the root: RFC 6962, 2.1.1.
    pub(crate) fn inclusion(&self, index: u64) -> Result<Vec<Hash>, TreeError> {
        if index >= self.size {
            return Err(self.beyond(index));
        }
        self.with(|hashes| tlog::prove_record(self.size, index, hashes))
    }

    /// Whether this tree continues the one of an earlier checkpoint: a consistency proof (RFC 6962, 2.1.2) is made of the
    /// tiles, and checked.
    ///
    /// # Errors
    /// The tiles can't be had, or do not fit this checkpoint; the other one is later.
    pub fn continues(&self, earlier: &Checkpoint) -> Result<bool, TreeError> {
        let size = earlier.size();
        match size {
            0 => return Ok(earlier.root == tlog::EMPTY_HASH),
            _ if size > self.size => return Err(self.beyond(size)),
            _ if size == self.size => return Ok(earlier.root == self.root),
            _ => {}
        }
        let proof = self.consistency_hashes(size)?;
        Ok(tlog::check_tree(&proof, self.size, self.root, size, earlier.root).is_ok())
    }

    /// The hashes that show that this tree continues the one of its first `earlier` entries: RFC 6962, 2.1.2.
    ///
    /// # Errors
    /// It has fewer entries, or none were asked for; or the tiles can't be had, or do not fit the checkpoint.
    pub fn consistency(&self, earlier: u64) -> Result<Vec<Digest>, TreeError> {
        let proof = self.consistency_hashes(earlier)?;
        Ok(proof.into_iter().map(|hash| Digest::from(hash.0)).collect())
    }

    fn consistency_hashes(&self, earlier: u64) -> Result<Vec<Hash>, TreeError> {
        if !(1..=self.size).contains(&earlier) {
            return Err(self.beyond(earlier));
        }
        self.with(|hashes| tlog::prove_tree(self.size, earlier, hashes))
    }

    fn with<T>(&self, ask: impl FnOnce(&Tiles<'s>) -> Result<T, Error>) -> Result<T, TreeError> {
        ask(&self.tiles).map_err(|_| self.tiles.fault())
    }

    fn beyond(&self, asked: u64) -> TreeError {
        TreeError::Beyond { log: self.source.name().to_owned(), size: self.size, asked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        // The examples of C2SP tlog-tiles.
        assert_eq!(tile_path(&part(0, 1_234_067, WIDTH)), "tile/0/x001/x234/067");
        assert_eq!(bundle_path(273, 112), "tile/entries/273.p/112");
        let paths: Vec<_> = Tile::new_tiles(HEIGHT, 0, 70_000).iter().map(tile_path).collect();
        assert_eq!(paths.len(), 273 + 1 + 1 + 1 + 1);
        for path in ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"] {
            assert!(paths.iter().any(|one| one == path), "{path}");
        }
    }
}
