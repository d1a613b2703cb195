use std::process::Command;

use rusqlite::params;
use tempfile::TempDir;
use testkit::rpm_builder::RpmBuilder;

use super::*;

/// A header as the database has it: index and data without the magic.
fn blob(entries: &[(u32, u32, u32, u32)], data: &[u8]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    let mut blob = [number(entries.len()), number(data.len())].concat();
    for (tag, kind, offset, count) in entries {
        [tag, kind, offset, count].iter().for_each(|number| blob.extend(number.to_be_bytes()));
    }
    blob.extend(data);
    blob
}

/// The header of a package `a-1-2.noarch`.
fn small() -> Vec<u8> {
    blob(&[(1000, 6, 0, 1), (1001, 6, 2, 1), (1002, 6, 4, 1), (1022, 6, 6, 1)], b"a\x001\x002\0noarch\0")
}

fn database(dir: &TempDir, rows: &[Vec<u8>]) -> PathBuf {
    let path = dir.path().join("rpmdb.sqlite");
    let _ = fs::remove_file(&path);
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)").unwrap();
    for row in rows {
        connection.execute("INSERT INTO Packages (blob) VALUES (?)", params![row]).unwrap();
    }
    path
}

fn fault(path: &Path) -> String {
    match read(path) {
        Ok(database) => database.faults.join("; "),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_rpm_installed_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let repository = dir.path().join("in");
    let built: Vec<PathBuf> = [
        RpmBuilder::new("alpha", "2~rc1")
            .release("3.el9")
            .tag("Epoch", "4")
            .arch("x86_64")
            .tag("Vendor", "Kestrel"),
        RpmBuilder::new("delta", "1").tag("ModularityLabel", "delta:7:90001:c0ffee"),
        RpmBuilder::new("kestrel-release", "9.4").provides("system-release = 9.4"),
    ]
    .iter()
    .map(|package| package.build(&repository).unwrap().binary)
    .collect();
    let root = dir.path().join("root");
    let install = Command::new("rpm")
        .args([
            "--root",
            root.to_str().unwrap(),
            "--define",
            "_dbpath /var/lib/rpm",
            "--define",
            "_db_backend sqlite",
        ])
        .args(["--nodeps", "--ignorearch", "-i"])
        .args(&built)
        .output()
        .unwrap();
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
    let path = root.join("var/lib/rpm/rpmdb.sqlite");
    assert_eq!(Kind::of(&path).unwrap(), Some(Kind::Sqlite));
    let found = read(&path).unwrap();
    let names: Vec<_> = found.packages.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["alpha-4:2~rc1-3.el9.x86_64", "delta-1-1.noarch", "kestrel-release-9.4-1.noarch"]);
    let [alpha, delta, _] = &found.packages[..] else { panic!("{names:?}") };
    assert_eq!(alpha.source.as_ref().unwrap().to_string(), "alpha-2~rc1-3.el9.src");
    assert_eq!((alpha.vendor.as_str(), alpha.key.as_deref(), &alpha.module), ("Kestrel", None, &None));
    assert_eq!(delta.module.as_ref().unwrap().label(), "delta:7:90001:c0ffee");
    assert_eq!((found.system.major(), &found.faults[..]), ("9", &[][..]));
}

/// Packages that were committed, and are not yet in the database itself.
#[test]
fn a_log_beside_the_database_counts_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = database(&dir, &[small()]);
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    let mut second = small();
    let name = second.len() - 13;
    second[name] = b'b';
    writer.execute("INSERT INTO Packages (blob) VALUES (?)", params![second]).unwrap();
    let files = || {
        let mut all: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.to_string_lossy().ends_with("-shm"))
            .map(|path| (path.clone(), fs::read(&path).unwrap()))
            .collect();
        all.sort();
        all
    };
    let before = files();
    assert_eq!(before.len(), 2);
    let names: Vec<_> =
        read(&path).unwrap().packages.iter().map(|package| package.name().to_owned()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(files(), before);
}

#[test]
fn damaged_databases_say_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let hostile = blob(&[(1000, 6, 0xffff_fff0, 1)], b"a\0");
    let endless = blob(&[(1000, 6, 0, 1), (1001, 6, 0, 0xffff_ffff)], b"a\0");
    let overlapping = blob(&[(1000, 8, 0, 2), (1001, 8, 0, 2)], b"a\0b\0");
    let unnamed = blob(&[(1001, 6, 0, 1)], b"1\0");
    let counts = [0xff; 8].to_vec();
    let path = database(&dir, &[hostile, endless, overlapping, unnamed, counts, Vec::new(), small()]);
    let found = read(&path).unwrap();
    assert_eq!((found.packages.len(), found.faults.len()), (1, 6), "{:?}", found.faults);
    for (fault, expected) in found.faults.iter().zip([
        "package 1: tag 1000 of its header points outside",
        "package 2: tag 1001 of its header points outside",
        "package 3: tag 1001 of its header points outside",
        "package 4: its header has no NAME",
        "package 5: its header claims",
        "package 6: is cut short",
    ]) {
        assert!(fault.contains(expected), "{fault}");
    }
    let many = database(&dir, &vec![small(); 400]);
    let bytes = fs::read(&many).unwrap();
    fs::write(&many, &bytes[..bytes.len() / 2]).unwrap();
    assert!(fault(&many).contains("is no intact SQLite database"), "{}", fault(&many));
    fs::write(&many, "no database").unwrap();
    assert_eq!(Kind::of(&many).unwrap(), None);
    assert!(fault(&many).contains("is no intact SQLite database"), "{}", fault(&many));
    fs::remove_file(&many).unwrap();
    assert!(fault(&many).contains("can't be read"));
    Connection::open(&many).unwrap().execute_batch("CREATE TABLE Other (a)").unwrap();
    assert!(fault(&many).contains("no table `Packages`"));
    let view = "CREATE VIEW Packages AS WITH RECURSIVE a(hnum) AS (SELECT 1 UNION ALL SELECT hnum FROM a) \
                SELECT hnum, zeroblob(10) AS blob FROM a";
    Connection::open(&many).unwrap().execute_batch(view).unwrap();
    assert!(fault(&many).contains("no table `Packages`"), "an endless view");
    let other = dir.path().join("other.sqlite");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE Packages (name TEXT)").unwrap();
    assert!(fault(&other).contains("no columns `hnum` and `blob`"), "{}", fault(&other));
}

#[test]
fn older_kinds_are_recognised() {
    assert_eq!(Kind::of_bytes(b"RpmP\0\0\0\0"), Some(Kind::Ndb));
    let hash = |magic: [u8; 4]| [&[0; 12][..], &magic].concat();
    assert_eq!(Kind::of_bytes(&hash(0x0006_1561_u32.to_le_bytes())), Some(Kind::BerkeleyDb));
    assert_eq!(Kind::of_bytes(&hash(0x0006_1561_u32.to_be_bytes())), Some(Kind::BerkeleyDb));
    assert_eq!(Kind::of_bytes(b"RpmP"), Some(Kind::Ndb));
    assert_eq!(Kind::of_bytes(&[0; 16]), None);
    assert_eq!(Kind::of_bytes(b""), None);
}

proptest::proptest! {
    #[test]
    fn never_panics(at in 0usize..90, byte: u8, cut in 0usize..90) {
        let mut blob = small();
        let place = at.min(blob.len() - 1);
        blob[place] = byte;
        let _ = InstalledHeader::read(&blob);
        let _ = InstalledHeader::read(&blob[..cut.min(blob.len())]);
    }
}
