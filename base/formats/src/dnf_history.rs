//! dnf's history (`/var/lib/dnf/history.sqlite`): why a package is there, and which repository it came from.
//!
//! The tables are libdnf's (`libdnf/transaction/sql/`): `trans`, `trans_item`, `rpm`, `repo`. Nothing is written beside the database.

use std::collections::HashMap;
use std::path::Path;

use crate::rpmdb::{RpmdbError, connect};

/// Items of transactions that are read. Old machines have some ten thousand.
const MOST: u64 = 1_000_000;

/// What the history says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Why a package is there, by name and architecture: `user`, `dependency`, `weak-dependency`, `group`, `unknown`.
    pub reasons: HashMap<(String, String), &'static str>,
    /// The repository of each package, by its NEVRA without an epoch of 0.
    pub repositories: HashMap<String, String>,
    /// The last transaction, if it was begun and never ended: its number, and when it was begun, in seconds since 1970.
    pub unfinished: Option<(i64, i64)>,
    /// The last transaction, if it ended with errors: its number.
    pub failed: Option<i64>,
}

/// What libdnf calls actions and states by number (`TransactionItemAction`, `TransactionState`).
const DONE: i64 = 1;
const FAILED: i64 = 2;
const REMOVE: i64 = 8;
const REASON_CHANGE: i64 = 11;

/// Reads dnf's history.
///
/// # Errors
/// It can't be read, or is none.
pub fn read(path: &Path) -> Result<History, RpmdbError> {
    let failed = |source| RpmdbError::Sqlite { path: path.to_owned(), source };
    let opened = connect(path)?;
    let mut history = History::default();
    // What an item replaced has an item of its own: downgraded, obsoleted, upgraded, reinstalled.
    let items = format!(
        "SELECT ti.action, ti.reason, i.name, i.epoch, i.version, i.release, i.arch, r.repoid \
         FROM trans_item ti JOIN trans t ON t.id = ti.trans_id JOIN rpm i ON i.item_id = ti.item_id \
         LEFT JOIN repo r ON r.id = ti.repo_id \
         WHERE t.state = {DONE} AND ti.action NOT IN (3, 5, 7, 10) ORDER BY ti.trans_id, ti.id LIMIT {MOST}"
    );
    let mut statement = opened.connection.prepare(&items).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let text = |index: usize| row.get::<_, Option<String>>(index).map(Option::unwrap_or_default);
        let mut item = || {
            let (action, reason): (i64, i64) = (row.get(0)?, row.get(1)?);
            let epoch = row.get::<_, Option<i64>>(3)?.unwrap_or(0);
            let [name, version, release, arch, repository] =
                [text(2)?, text(4)?, text(5)?, text(6)?, text(7)?];
            let epoch = if epoch == 0 { String::new() } else { format!("{epoch}:") };
            let nevra = format!("{name}-{epoch}{version}-{release}.{arch}");
            history.note(action, reason, (name, arch), nevra, repository);
            Ok(())
        };
        item().map_err(failed)?;
    }
    let last = "SELECT id, dt_begin, dt_end, state FROM trans ORDER BY id DESC LIMIT 1";
    let mut statement = opened.connection.prepare(last).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    if let Some(row) = rows.next().map_err(failed)? {
        let begun = row.get::<_, Option<i64>>(1).map_err(failed)?.unwrap_or(0);
        let ended: Option<i64> = row.get(2).map_err(failed)?;
        let (id, state): (i64, i64) = (row.get(0).map_err(failed)?, row.get(3).map_err(failed)?);
        history.unfinished = ended.is_none().then_some((id, begun));
        history.failed = (state == FAILED).then_some(id);
    }
    Ok(history)
}

impl History {
    fn note(
        &mut self,
        action: i64,
        reason: i64,
        package: (String, String),
        nevra: String,
        repository: String,
    ) {
        if action == REMOVE {
            self.reasons.remove(&package);
            self.repositories.remove(&nevra);
            return;
        }
        self.reasons.insert(package, name(reason));
        // `@System` and the like: what was already there.
        if action != REASON_CHANGE && !repository.is_empty() && !repository.starts_with('@') {
            self.repositories.insert(nevra, repository);
        }
    }
}

/// libdnf's `TransactionItemReason`. `CLEAN` is a dependency that nothing needs any more.
fn name(reason: i64) -> &'static str {
    match reason {
        1 | 3 => "dependency",
        2 => "user",
        4 => "weak-dependency",
        5 => "group",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// The tables as libdnf makes them, as far as they are read.
    const TABLES: &str =
        "CREATE TABLE trans (id INTEGER PRIMARY KEY, dt_begin INTEGER, dt_end INTEGER, state INTEGER);
        CREATE TABLE repo (id INTEGER PRIMARY KEY, repoid TEXT);
        CREATE TABLE rpm (item_id INTEGER, name TEXT, epoch INTEGER, version TEXT, release TEXT, arch TEXT);
        CREATE TABLE trans_item (id INTEGER PRIMARY KEY, trans_id INTEGER, item_id INTEGER, repo_id INTEGER,
            action INTEGER, reason INTEGER, state INTEGER);
        INSERT INTO repo VALUES (1, 'baseos'), (2, '@System');
        INSERT INTO rpm VALUES (1, 'a', 0, '1', '1', 'noarch'), (2, 'a', 0, '2', '1', 'noarch'),
            (3, 'b', 3, '1', '1', 'x86_64'), (4, 'c', 0, '1', '1', 'noarch');";

    fn of(rows: &str) -> History {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        Connection::open(&path).unwrap().execute_batch(&format!("{TABLES}{rows}")).unwrap();
        let history = read(&path).unwrap();
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
        history
    }

    fn reason<'a>(history: &History, name: &str, arch: &str) -> Option<&'a str> {
        history.reasons.get(&(name.to_owned(), arch.to_owned())).copied()
    }

    #[test]
    fn the_last_word_on_a_package_counts() {
        let history =
            of("INSERT INTO trans VALUES (1, 10, 11, 1), (2, 20, 21, 1), (3, 30, 31, 2), (4, 40, NULL, 0);
            INSERT INTO trans_item VALUES (1, 1, 1, 1, 1, 2, 1), (2, 1, 3, 1, 1, 1, 1), (3, 1, 4, 1, 1, 2, 1),
                (4, 2, 2, 1, 6, 2, 1), (5, 2, 1, 2, 7, 2, 1), (6, 2, 3, 2, 11, 5, 1), (7, 2, 4, 2, 8, 2, 1),
                (8, 3, 3, 1, 11, 2, 1);");
        assert_eq!(reason(&history, "a", "noarch"), Some("user"));
        assert_eq!(reason(&history, "b", "x86_64"), Some("group"), "transaction 3 failed");
        assert_eq!(reason(&history, "c", "noarch"), None, "it was removed");
        for nevra in ["a-2-1.noarch", "b-3:1-1.x86_64"] {
            assert_eq!(history.repositories.get(nevra).map(String::as_str), Some("baseos"), "{nevra}");
        }
        assert_eq!((history.unfinished, history.failed), (Some((4, 40)), None));
    }

    #[test]
    fn a_database_of_something_else_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("no such table"));
        std::fs::write(&path, "no database").unwrap();
        assert!(matches!(read(&path), Err(RpmdbError::Sqlite { .. })));
    }
}
