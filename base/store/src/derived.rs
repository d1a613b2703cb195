//! What was made from an object and can be made again: kept in one table, where tens of thousands of small pieces are
//! read in one go. Nothing is lost with it but time, so that it is not flushed to disk.

use std::path::Path;
use std::sync::PoisonError;

use heirloom_model::Digest;
use rusqlite::{Connection, OptionalExtension as _};

use crate::Store;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    PRAGMA busy_timeout = 10000;
    PRAGMA mmap_size = 17179869184;
    CREATE TABLE IF NOT EXISTS derived (
        kind   TEXT NOT NULL,
        digest BLOB NOT NULL,
        body   BLOB NOT NULL,
        PRIMARY KEY (kind, digest)
    ) STRICT, WITHOUT ROWID;
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
        let connection = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let select = connection.prepare_cached("SELECT body FROM derived WHERE kind = ?1 AND digest = ?2");
        let found = select
            .and_then(|mut select| select.query_row((kind, digest.as_bytes()), |row| row.get(0)).optional());
        found.ok().flatten()
    }

    /// The same of many objects; those of which nothing is kept are left out.
    #[must_use]
    pub fn derived_many(&self, kind: &str, digests: &[Digest]) -> Vec<(Digest, Vec<u8>)> {
        let connection = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = "SELECT body FROM derived WHERE kind = ?1 AND digest = ?2";
        let Ok(mut select) = connection.prepare_cached(sql) else { return Vec::new() };
        let mut find = |digest: &Digest| {
            select.query_row((kind, digest.as_bytes()), |row| row.get(0)).ok().map(|body| (*digest, body))
        };
        digests.iter().filter_map(&mut find).collect()
    }

    /// Keeps what was derived from objects, all at once.
    pub fn derive<'a>(&self, kind: &str, found: impl IntoIterator<Item = (Digest, &'a [u8])>) {
        let mut connection = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = || {
            let transaction = connection.transaction()?;
            {
                let sql = "INSERT OR REPLACE INTO derived (kind, digest, body) VALUES (?1, ?2, ?3)";
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
