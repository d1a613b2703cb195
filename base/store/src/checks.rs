//! What need not be looked at again. Which objects were found whole, and as which file: an object is read again only
//! when its file is another one or was touched since. And notes of other rooms, such as what a directory looked like
//! when it was read. Nothing is lost with these tables but time, so that they are not flushed to disk.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::PoisonError;

use heirloom_model::Digest;
use rusqlite::{Connection, OptionalExtension as _};

use crate::Store;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    PRAGMA busy_timeout = 10000;
    CREATE TABLE IF NOT EXISTS whole (
        digest TEXT PRIMARY KEY,
        stamp  TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS noted (
        subject TEXT PRIMARY KEY,
        note    TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

pub(crate) struct Checks(Connection);

impl Checks {
    /// Opens the table; a damaged one is begun anew.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let open = || {
            let connection = Connection::open(path)?;
            connection.execute_batch(SCHEMA)?;
            Ok(Self(connection))
        };
        open().or_else(|_: rusqlite::Error| {
            let _ = std::fs::remove_file(path);
            open()
        })
    }

    /// Whether this very file was found whole. What can't be read is not known.
    pub(crate) fn knows(&self, digest: Digest, file: &Metadata) -> bool {
        let stamp = self
            .0
            .prepare_cached("SELECT stamp FROM whole WHERE digest = ?1")
            .and_then(|mut select| {
                select.query_row([digest.to_string()], |row| row.get::<_, String>(0)).optional()
            })
            .unwrap_or_default();
        stamp.is_some_and(|known| known == stamp_of(file))
    }

    /// This file was found whole.
    pub(crate) fn learn(&self, digest: Digest, file: &Metadata) {
        // Not learned is looked at again.
        let _ = self
            .0
            .prepare_cached("INSERT OR REPLACE INTO whole (digest, stamp) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute((digest.to_string(), stamp_of(file))));
    }
}

impl Store {
    /// What was noted about a subject last. A note may be lost at any time.
    #[must_use]
    pub fn noted(&self, subject: &str) -> Option<String> {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let select = checks.0.prepare_cached("SELECT note FROM noted WHERE subject = ?1");
        select.and_then(|mut select| select.query_row([subject], |row| row.get(0)).optional()).ok().flatten()
    }

    /// Notes something about a subject, in the place of an earlier note.
    pub fn note(&self, subject: &str, note: &str) {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        // Not noted is looked at again.
        let _ = checks
            .0
            .prepare_cached("INSERT OR REPLACE INTO noted (subject, note) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute((subject, note)));
    }
}

/// The time of the last change to content, links or rights: nobody can set it back.
fn stamp_of(file: &Metadata) -> String {
    format!("{} {} {}.{:09}", file.ino(), file.size(), file.ctime(), file.ctime_nsec())
}
