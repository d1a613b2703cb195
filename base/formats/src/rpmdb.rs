//! The database of packages that a machine has: what rpm keeps in `/var/lib/rpm` or `/usr/lib/sysimage/rpm`.
//!
//! There are three kinds, told by their first bytes. The one of Enterprise Linux 9 and later, SQLite, is read here: a
//! table `Packages(hnum, blob)` with a header in each row. Those of earlier releases ([`Kind::BerkeleyDb`],
//! [`Kind::Ndb`]) are recognised, and left to rpm itself.
//!
//! Nothing is written beside a database: it is opened as one that never changes. What was committed after the last
//! checkpoint is in a second file (`-wal`), which SQLite reads only where it may write; database and second file are then
//! copied to a temporary directory, and read there.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use heirloom_model::{InstalledPackage, InstalledSystem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use crate::rpm_file::{InstalledHeader, RpmProblem};

mod export;
mod row;

pub use export::each_exported;
pub use row::Row;

/// Largest database file in bytes. Real ones have some hundred MB.
const LARGEST: u64 = 4 << 30;
/// Packages that are read. The largest machines have some ten thousand.
const MOST: usize = 200_000;
/// Bytes of one header, as rpm itself accepts them.
const LARGEST_HEADER: i32 = 257 << 20;
/// Bytes of all headers together.
const MOST_BYTES: usize = 8 << 30;
/// What need not be escaped in the path of a file: address.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// What kind of database a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `rpmdb.sqlite`
    Sqlite,
    /// `Packages` of Berkeley DB, a hash table.
    BerkeleyDb,
    /// `Packages.db`, rpm's own format.
    Ndb,
}

/// What a database says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// The packages, sorted, without public keys, which rpm keeps as packages.
    pub packages: Vec<InstalledPackage>,
    /// What the package says that provides `system-release`: its version; the id is not known.
    pub system: InstalledSystem,
    /// Rows that hold no package's header, and why.
    pub faults: Vec<String>,
}

/// A database of packages can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RpmdbError {
    /// The operating system says so.
    #[error("{path} can't be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// It is larger than any.
    #[error("{path} has {found} bytes; at most {LARGEST} are read")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        found: u64,
    },
    /// It is no SQLite database, or a damaged one.
    #[error("{path} is no intact SQLite database: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// It is a database of something else.
    #[error("{path} is no database of packages: {expected}")]
    Shape {
        /// The file.
        path: PathBuf,
        /// What it should have.
        expected: String,
    },
    /// Somebody wrote to it meanwhile.
    #[error("{path} was changed while it was read; try again when no packages are being installed")]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl Kind {
    /// The kind of a file; none if it is no database of packages.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn of(path: &Path) -> Result<Option<Self>, RpmdbError> {
        let mut begin = Vec::new();
        let file = File::open(path).and_then(|file| file.take(16).read_to_end(&mut begin));
        file.map_err(|source| RpmdbError::Io { path: path.to_owned(), source })?;
        Ok(Self::of_bytes(&begin))
    }

    fn of_bytes(begin: &[u8]) -> Option<Self> {
        // db_page.h: a magic number at offset 12, in the byte order of the machine that made it.
        let is_hash =
            |magic: &[u8]| [[0x61, 0x15, 0x06, 0], [0, 0x06, 0x15, 0x61]].iter().any(|it| it == magic);
        match begin {
            _ if begin.starts_with(b"SQLite format 3\0") => Some(Self::Sqlite),
            _ if begin.starts_with(b"RpmP") => Some(Self::Ndb),
            _ if begin.get(12..16).is_some_and(is_hash) => Some(Self::BerkeleyDb),
            _ => None,
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::BerkeleyDb => "Berkeley DB",
            Self::Ndb => "ndb",
        }
    }
}

/// Reads an SQLite database of packages.
///
/// # Errors
/// It can't be read, is damaged or cut short, is no such database, or is larger than any.
pub fn read(path: &Path) -> Result<Database, RpmdbError> {
    let mut database = Database::default();
    each_blob(path, &mut |number, blob| match InstalledHeader::read(blob) {
        Ok(None) => {}
        Ok(Some(InstalledHeader { package, is_release })) => {
            if is_release {
                package.evr().version().clone_into(&mut database.system.version);
            }
            database.packages.push(package);
        }
        Err(problem) => database.faults.push(format!("{}: package {number}: {problem}", path.display())),
    })?;
    database.packages.sort();
    Ok(database)
}

/// Gives each row of an SQLite database of packages, in no order, one after the other: no more than one is in memory.
///
/// # Errors
/// It can't be read, is damaged or cut short, is no such database, or is larger than any. Rows before the damage were given.
pub fn each(path: &Path, mut give: impl FnMut(Row)) -> Result<(), RpmdbError> {
    each_blob(path, &mut |number, blob| give(Row::read(blob, &format!("package {number}"))))
}

/// Reads the header of one installed package, as a row of the database holds it; none for a public key.
///
/// # Errors
/// It is no header, or one of no package.
pub fn header(blob: &[u8]) -> Result<Option<InstalledPackage>, RpmProblem> {
    Ok(InstalledHeader::read(blob)?.map(|header| header.package))
}

/// An SQLite database that was opened, and the copy that it was opened in, if there is one.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    _copy: Option<tempfile::TempDir>,
}

/// Opens an SQLite database in such a way that nothing is written beside it.
pub(crate) fn connect(path: &Path) -> Result<Opened, RpmdbError> {
    let failed = |source| RpmdbError::Io { path: path.to_owned(), source };
    let found = fs::metadata(path).map_err(failed)?.len();
    if found > LARGEST {
        return Err(RpmdbError::TooLarge { path: path.to_owned(), found });
    }
    let log = beside(path, "-wal");
    match fs::metadata(&log) {
        Ok(about) if about.len() > 0 => {
            let dir = copied(path, &log)?;
            let connection = open(path, &dir.path().join("rpmdb.sqlite"), false)?;
            Ok(Opened { connection, _copy: Some(dir) })
        }
        _ => Ok(Opened { connection: open(path, path, true)?, _copy: None }),
    }
}

/// The path of a file beside the database.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Database and log in a directory of their own; both as they were at one moment.
fn copied(path: &Path, log: &Path) -> Result<tempfile::TempDir, RpmdbError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RpmdbError::Io { path, source }
    };
    let dir = tempfile::tempdir().map_err(failed(path))?;
    let look = || -> Result<[(u64, SystemTime); 2], RpmdbError> {
        let one = |path: &Path| {
            let about = fs::metadata(path).map_err(failed(path))?;
            match about.len() <= LARGEST {
                true => Ok((about.len(), about.modified().map_err(failed(path))?)),
                false => Err(RpmdbError::TooLarge { path: path.to_owned(), found: about.len() }),
            }
        };
        Ok([one(path)?, one(log)?])
    };
    let before = look()?;
    for (from, name) in [(path, "rpmdb.sqlite"), (log, "rpmdb.sqlite-wal")] {
        let mut copy = File::create(dir.path().join(name)).map_err(failed(from))?;
        let original = File::open(from).map_err(failed(from))?;
        io::copy(&mut original.take(LARGEST), &mut copy).map_err(failed(from))?;
    }
    // A log that is merged into the database while both are copied would give pages of two moments.
    match look().is_ok_and(|after| after == before) {
        true => Ok(dir),
        false => Err(RpmdbError::Changed { path: path.to_owned() }),
    }
}

fn open(named: &Path, path: &Path, is_original: bool) -> Result<Connection, RpmdbError> {
    let failed = |source| RpmdbError::Sqlite { path: named.to_owned(), source };
    let access =
        if is_original { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    let flags = access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let name = percent_encode(path.as_os_str().as_encoded_bytes(), KEPT);
    let address = format!("file:{name}{}", if is_original { "?immutable=1" } else { "" });
    let connection = Connection::open_with_flags(address, flags).map_err(failed)?;
    // A schema from elsewhere: no function or table of it may do more than hold bytes.
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LARGEST_HEADER).map_err(failed)?;
    for pragma in ["trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"] {
        connection.execute_batch(&format!("PRAGMA {pragma}")).map_err(failed)?;
    }
    Ok(connection)
}

fn each_blob(path: &Path, give: &mut dyn FnMut(i64, &[u8])) -> Result<(), RpmdbError> {
    let failed = |source| RpmdbError::Sqlite { path: path.to_owned(), source };
    let shape = |expected: &str| RpmdbError::Shape { path: path.to_owned(), expected: expected.to_owned() };
    let opened = connect(path)?;
    let is_table = "SELECT count(*) FROM sqlite_schema WHERE name = 'Packages' AND type = 'table' \
                    AND sql NOT LIKE 'CREATE VIRTUAL%'";
    let tables: i64 = opened.connection.query_row(is_table, [], |row| row.get(0)).map_err(failed)?;
    if tables != 1 {
        return Err(shape("there is no table `Packages`"));
    }
    let mut statement =
        opened.connection.prepare("SELECT hnum, blob FROM Packages").map_err(|error| match error {
            rusqlite::Error::SqlInputError { .. } => {
                shape("its table `Packages` has no columns `hnum` and `blob`")
            }
            error => failed(error),
        })?;
    let mut rows = statement.query([]).map_err(failed)?;
    let (mut count, mut bytes) = (0_usize, 0_usize);
    while let Some(row) = rows.next().map_err(failed)? {
        let number = row.get_ref(0).and_then(|value| Ok(value.as_i64()?)).unwrap_or_default();
        let blob = row.get_ref(1).map_err(failed)?.as_blob();
        let blob = blob.map_err(|_| shape("a row of `Packages` holds no bytes"))?;
        (count, bytes) = (count + 1, bytes.saturating_add(blob.len()));
        if count > MOST || bytes > MOST_BYTES {
            return Err(shape(&format!("it has more than {MOST} packages, or {MOST_BYTES} bytes of them")));
        }
        give(number, blob);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
