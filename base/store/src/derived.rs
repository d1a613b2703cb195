//! What was made from an object and can be made again: kept in one table, where tens of thousands of small pieces are
//! read in one go. Nothing is lost with it but time, so that it is not flushed to disk.

use std::path::Path;
use std::sync::PoisonError;

use heirloom_model::Digest;
use rusqlite::{Connection, OptionalExtension as _};

use crate::Store;

const SCHEMA: &str = "
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    PRAGMA busy_timeout = 10000;
    PRAGMA mmap_size = 17179869184;
    CREATE TABLE IF NOT EXISTS pieces (
        kind   TEXT NOT NULL,
        digest BLOB NOT NULL,
        body   BLOB NOT NULL,
        UNIQUE (digest, kind)
    ) STRICT;
";

/// Opens the table; a damaged one is begun anew.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let open = || {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(connection)
    };
    open().or_else(|_: rusqlite::Error| {
        let _ = std::fs::remove_file(path);
        open()
    })
}

impl Store {
    /// What was derived from an object under this kind. It may be lost at any time; whoever keeps something here makes
    /// its kind another one when it changes how that is made, and sees by a checksum of its own whether it is whole.
    #[must_use]
    pub fn derived(&self, kind: &str, digest: Digest) -> Option<Vec<u8>> {
        self.derived_all(kind, &[digest]).pop().flatten()
    }

    /// [`Store::derived`] for many objects at once, in their order.
    #[must_use]
    pub fn derived_all(&self, kind: &str, digests: &[Digest]) -> Vec<Option<Vec<u8>>> {
        let connection = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        // All in one transaction: else the file is locked and looked at for each of them.
        let _reading = connection.unchecked_transaction();
        let select = connection.prepare_cached("SELECT body FROM pieces WHERE kind = ?1 AND digest = ?2");
        let Ok(mut select) = select else { return vec![None; digests.len()] };
        let mut find = |digest: &Digest| {
            select.query_row((kind, digest.as_bytes()), |row| row.get(0)).optional().ok().flatten()
        };
        digests.iter().map(&mut find).collect()
    }

    /// Forgets what was derived from objects that are not there any more; says how many pieces that were.
    pub fn forget_derived(&self) -> usize {
        let connection = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let forget = || -> rusqlite::Result<usize> {
            let mut select = connection.prepare("SELECT DISTINCT digest FROM pieces")?;
            let digests: Vec<Vec<u8>> = select.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
            let mut delete = connection.prepare("DELETE FROM pieces WHERE digest = ?1")?;
            let mut forgotten = 0;
            for bytes in digests {
                let digest = <[u8; 32]>::try_from(bytes.as_slice()).map(Digest::from);
                if !digest.is_ok_and(|digest| self.contains(digest)) {
                    forgotten += delete.execute([&bytes])?;
                }
            }
            Ok(forgotten)
        };
        // Not forgotten is only room.
        forget().unwrap_or(0)
    }

    /// Keeps what was derived from objects, all at once.
    pub fn derive<'a>(&self, kind: &str, found: impl IntoIterator<Item = (Digest, &'a [u8])>) {
        let mut connection = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = || {
            let transaction = connection.transaction()?;
            {
                let sql = "INSERT OR REPLACE INTO pieces (kind, digest, body) VALUES (?1, ?2, ?3)";
                let mut insert = transaction.prepare_cached(sql)?;
                for (digest, body) in found {
                    insert.execute((kind, digest.as_bytes(), body))?;
                }
            }
            transaction.commit()
        };
        // Not kept is made again.
        let _: rusqlite::Result<()> = keep();
    }
}
