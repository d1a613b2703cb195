//! Tiles, each checked against the root before any hash of it is used.
//!
//! The library's own reader of tiles leaves some unchecked: as many as the tree has complete subtrees beyond its partial
//! tiles.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tlog_tiles::tlog::{self, HASH_SIZE, Hash, HashReader};
use tlog_tiles::{Error, Tile};

use super::{HEIGHT, TreeError, WIDTH, part, tile_path};
use crate::Source;

/// A tile of hashes that were checked.
type Checked = (Tile, Rc<Vec<u8>>);

/// The tiles of a tree, each fetched once.
pub(super) struct Tiles<'s> {
    source: &'s Source<'s>,
    size: u64,
    root: Hash,
    /// By level and number.
    known: RefCell<HashMap<(u8, u64), Checked>>,
    /// What went wrong: the library's errors can't carry it.
    failed: RefCell<Option<TreeError>>,
}

impl<'s> Tiles<'s> {
    pub(super) fn new(source: &'s Source<'s>, size: u64, root: Hash) -> Self {
        Self { source, size, root, known: RefCell::default(), failed: RefCell::default() }
    }

    /// What went wrong.
    pub(super) fn fault(&self) -> TreeError {
        self.failed.take().unwrap_or_else(|| self.root_differs())
    }

    fn root_differs(&self) -> TreeError {
        TreeError::Root { log: self.source.name().to_owned(), size: self.size }
    }

    /// Reads the partial tiles, one for each level at most: all that the root is made of.
    fn begin(&self) -> Result<(), TreeError> {
        if !self.known.borrow().is_empty() {
            return Ok(());
        }
        let mut edge = Edge::default();
        for level in 0..64 / HEIGHT {
            let count = self.size >> (HEIGHT * level);
            if !count.is_multiple_of(WIDTH) {
                let tile = part(level, count / WIDTH, count % WIDTH);
                edge.0.insert((level, count / WIDTH), (tile, self.fetch(&tile)?));
            }
        }
        if tlog::tree_hash(self.size, &edge).ok() != Some(self.root) {
            return Err(self.root_differs());
        }
        self.known.replace(edge.0);
        Ok(())
    }

    /// A tile that is in the tree: one at its edge, or a full one, whose hash is in the tile above it.
    fn checked(&self, level: u8, number: u64) -> Result<Checked, TreeError> {
        self.begin()?;
        if let Some(known) = self.known.borrow().get(&(level, number)) {
            return Ok(known.clone());
        }
        if level >= 64 / HEIGHT {
            return Err(self.root_differs());
        }
        let tile = part(level, number, WIDTH);
        let (_, above) = self.checked(level + 1, number / WIDTH)?;
        let bytes = self.fetch(&tile)?;
        let at = usize::try_from(number % WIDTH).unwrap_or(usize::MAX).saturating_mul(HASH_SIZE);
        if above.get(at..at + HASH_SIZE) != Some(&Tile::subtree_hash(&bytes).0[..]) {
            return Err(self.root_differs());
        }
        self.known.borrow_mut().insert((level, number), (tile, Rc::clone(&bytes)));
        Ok((tile, bytes))
    }

    /// The bytes of a tile, which may be anything of the right size.
    fn fetch(&self, tile: &Tile) -> Result<Rc<Vec<u8>>, TreeError> {
        let (path, width) = (tile_path(tile), tile.width() as usize * HASH_SIZE);
        let full = part(tile.level(), tile.level_index(), WIDTH);
        let most = WIDTH * HASH_SIZE as u64;
        let (bytes, expected) = match self.source.get(&path, most)? {
            // A partial tile may go once the full one is there.
            None if *tile != full => {
                (self.source.get(&tile_path(&full), most)?, full.width() as usize * HASH_SIZE)
            }
            found => (found, width),
        };
        let mut bytes = bytes.ok_or_else(|| self.source.missing(&path))?;
        if bytes.len() != expected {
            let log = self.source.name().to_owned();
            return Err(TreeError::Size { log, path, expected, found: bytes.len() });
        }
        bytes.truncate(width);
        Ok(Rc::new(bytes))
    }
}

impl HashReader for Tiles<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let one = |index: &u64| {
            let place = Tile::from_index(HEIGHT, *index);
            let (tile, bytes) = self.checked(place.level(), place.level_index()).map_err(|error| {
                self.failed.replace(Some(error));
                Error::InvalidTile
            })?;
            tile.hash_at_index(&bytes, *index)
        };
        indexes.iter().map(one).collect()
    }
}

/// The tiles at the edge of a tree, before they were checked.
#[derive(Default)]
struct Edge(HashMap<(u8, u64), Checked>);

impl HashReader for Edge {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let one = |index: &u64| {
            let place = Tile::from_index(HEIGHT, *index);
            let (tile, bytes) =
                self.0.get(&(place.level(), place.level_index())).ok_or(Error::IndexesNotInTree)?;
            tile.hash_at_index(bytes, *index)
        };
        indexes.iter().map(one).collect()
    }
}
