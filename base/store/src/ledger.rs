//! The ledger: an append-only table of hand-over records. Nothing is ever updated or deleted; the newest
//! entry of a kind and key is the one that counts.

use std::path::Path;
use std::sync::{MutexGuard, PoisonError};

use heirloom_model::record::Record;
use rusqlite::{Connection, OptionalExtension as _};

use crate::{Store, StoreError};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA busy_timeout = 10000;
    CREATE TABLE IF NOT EXISTS ledger (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        kind    TEXT NOT NULL,
        key     TEXT NOT NULL,
        payload TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS ledger_newest ON ledger (kind, key, id);
    CREATE TRIGGER IF NOT EXISTS ledger_keeps BEFORE DELETE ON ledger
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS ledger_stays BEFORE UPDATE ON ledger
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
";

/// A record with its place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<R> {
    /// Its number; later entries have higher ones.
    pub id: i64,
    /// The record.
    pub record: R,
}

pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::ledger(path, source);
    let connection = Connection::open(path).map_err(failed)?;
    connection.execute_batch(SCHEMA).map_err(failed)?;
    Ok(connection)
}

impl Store {
    /// Adds a record. It is on disk when this returns. A record equal to the newest of its kind and key is
    /// not added again.
    ///
    /// # Errors
    /// The ledger can't be written.
    pub fn append<R: Record>(&self, record: &R) -> Result<(), StoreError> {
        let key = record.key();
        let payload = serde_json::to_string(record).map_err(|source| malformed::<R>(&key, source))?;
        if self.newest(R::KIND, &key)?.is_some_and(|entry| entry.1 == payload) {
            return Ok(());
        }
        insert(&self.connection(), R::KIND, &key, &payload).map_err(|source| self.failed(source))
    }

    /// Adds records in one go: on disk are all of them when this returns, or none. What equals the newest of its kind
    /// and key is not added again.
    ///
    /// # Errors
    /// The ledger can't be written.
    pub fn append_all<R: Record>(&self, records: &[R]) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let key = record.key();
            let payload = serde_json::to_string(record).map_err(|source| malformed::<R>(&key, source))?;
            rows.push((key, payload));
        }
        let mut connection = self.connection();
        let mut write = || {
            let transaction = connection.transaction()?;
            for (key, payload) in &rows {
                if newest(&transaction, R::KIND, key)?.is_none_or(|entry| entry.1 != *payload) {
                    insert(&transaction, R::KIND, key, payload)?;
                }
            }
            transaction.commit()
        };
        write().map_err(|source| self.failed(source))
    }

    /// The newest record with this key.
    ///
    /// # Errors
    /// The ledger can't be read, or the record is not of the form that this version expects.
    pub fn get<R: Record>(&self, key: &str) -> Result<Option<R>, StoreError> {
        let Some((_, payload)) = self.newest(R::KIND, key)? else { return Ok(None) };
        parse(key, &payload).map(Some)
    }

    /// The newest record of each key of this kind, sorted by key.
    ///
    /// # Errors
    /// As for [`Store::get`].
    pub fn all<R: Record>(&self) -> Result<Vec<R>, StoreError> {
        let sql = "SELECT id, key, payload FROM ledger WHERE id IN
                   (SELECT max(id) FROM ledger WHERE kind = ?1 GROUP BY key) ORDER BY key";
        let rows = self.rows(sql, (R::KIND,))?;
        rows.iter().map(|(_, key, payload)| parse(key, payload)).collect()
    }

    /// Every record of this kind ever kept, oldest first.
    ///
    /// # Errors
    /// As for [`Store::get`].
    pub fn history<R: Record>(&self) -> Result<Vec<Entry<R>>, StoreError> {
        let rows =
            self.rows("SELECT id, key, payload FROM ledger WHERE kind = ?1 ORDER BY id", (R::KIND,))?;
        rows.iter().map(|(id, key, payload)| Ok(Entry { id: *id, record: parse(key, payload)? })).collect()
    }

    fn newest(&self, kind: &str, key: &str) -> Result<Option<(i64, String)>, StoreError> {
        newest(&self.connection(), kind, key).map_err(|source| self.failed(source))
    }

    fn rows(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<(i64, String, String)>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(sql).map_err(|source| self.failed(source))?;
        select
            .query_map(params, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .and_then(Iterator::collect)
            .map_err(|source| self.failed(source))
    }

    /// A thread that panicked can't have left the connection in a bad state: every statement is atomic.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: rusqlite::Error) -> StoreError {
        StoreError::ledger(&self.dir.join("ledger.db"), source)
    }
}

fn newest(connection: &Connection, kind: &str, key: &str) -> rusqlite::Result<Option<(i64, String)>> {
    let sql = "SELECT id, payload FROM ledger WHERE kind = ?1 AND key = ?2 ORDER BY id DESC LIMIT 1";
    let mut select = connection.prepare_cached(sql)?;
    select.query_row((kind, key), |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

fn insert(connection: &Connection, kind: &str, key: &str, payload: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO ledger (kind, key, payload) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute((kind, key, payload)).map(drop)
}

fn malformed<R: Record>(key: &str, source: serde_json::Error) -> StoreError {
    StoreError::Record { kind: R::KIND, key: key.to_owned(), source }
}

fn parse<R: Record>(key: &str, payload: &str) -> Result<R, StoreError> {
    serde_json::from_str(payload).map_err(|source| malformed::<R>(key, source))
}
