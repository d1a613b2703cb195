//! Databases that can't be read, or only by rpm.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use testkit::tool::Tool;

use crate::machine::{Machine, NEEDED, state};
use crate::{audit, needed};

/// The headers of a database, each in a file.
fn headers(database: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    let connection = Connection::open(database).unwrap();
    let mut statement = connection.prepare("SELECT hnum, blob FROM Packages").unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (number, blob): (i64, Vec<u8>) = (row.get(0).unwrap(), row.get(1).unwrap());
        fs::write(to.join(number.to_string()), blob).unwrap();
    }
}

/// Writes a hash of Berkeley DB as rpm has it: headers by their number, and the highest number under 0.
const BERKELEY: &str = r#"
    use DB_File; use Fcntl;
    my ($dir, $path) = @ARGV;
    tie my %db, "DB_File", $path, O_RDWR | O_CREAT, 0644, DB_File::HASHINFO->new or die $!;
    opendir my $list, $dir or die $!;
    my $most = 0;
    for my $number (grep { /^\d+$/ } readdir $list) {
        open my $file, "<:raw", "$dir/$number" or die $!;
        local $/;
        $db{pack "V", $number} = <$file>;
        $most = $number if $number > $most;
    }
    $db{pack "V", 0} = pack "V", $most;
"#;

#[test]
fn a_database_of_an_earlier_release_is_read_by_rpm() {
    let machine = Machine::new();
    let place = machine.path("root/var/lib/rpm");
    headers(&place.join("rpmdb.sqlite"), &machine.path("headers"));
    fs::remove_dir_all(&place).unwrap();
    fs::create_dir(&place).unwrap();
    let perl = Tool::new("perl").args(["-e", BERKELEY]);
    perl.arg(machine.path("headers")).arg(place.join("Packages")).run().unwrap();
    let before = state(&machine.path("root"));
    let report = audit(&machine, &["root", "--advisories", "in"]).expect(5).json();
    assert_eq!(
        (needed(&report), report["system"]["form"].as_str()),
        (NEEDED.map(str::to_owned).to_vec(), Some("Berkeley DB"))
    );
    assert!(state(&machine.path("root")) == before, "the root was changed");

    // Cut short, or of a kind that this rpm does not know: not fine, but not known.
    let bytes = fs::read(place.join("Packages")).unwrap();
    fs::write(place.join("Packages"), &bytes[..4096]).unwrap();
    let ran = audit(&machine, &["root", "--advisories", "in"]);
    assert!([1, 6].contains(&ran.code) && ran.stderr.contains("Packages"), "{} {}", ran.code, ran.stderr);
    fs::remove_file(place.join("Packages")).unwrap();
    fs::write(place.join("Packages.db"), b"RpmP\0\0\0\0 and no more").unwrap();
    let ran = audit(&machine, &["root", "--advisories", "in"]).expect(6);
    assert!(ran.stderr.contains("a database of the kind ndb"), "{}", ran.stderr);
}

#[test]
fn damaged_targets_are_told() {
    let machine = Machine::new();
    let database = machine.path("root/var/lib/rpm/rpmdb.sqlite");
    let whole = fs::read(&database).unwrap();
    let fails = |target: &str, expected: &str| {
        let ran = audit(&machine, &[target, "--advisories", "in", "--major", "9"]).expect(1);
        assert!(ran.stderr.contains(expected), "{target}: {}", ran.stderr);
    };
    fs::write(&database, &whole[..whole.len() / 2]).unwrap();
    fails("root", "is no intact SQLite database");
    fs::write(&database, "neither").unwrap();
    fails("root", "is no database of packages, or a damaged one");
    fails("root/var/lib/rpm/rpmdb.sqlite", "is neither SPDX nor CycloneDX");
    fails("in", "has no database of packages");
    fails("nowhere", "nowhere");
    fs::write(machine.path("list.json"), r#"{"spdxVersion": "SPDX-2.3", "packages": [{"name": "#).unwrap();
    fails("list.json", "list.json: ");

    // A header that points elsewhere: the other packages are judged, and what can't be read is told.
    fs::write(&database, &whole).unwrap();
    let hostile: Vec<u8> = [1_u32, 2, 1000, 6, 0xffff_fff0, 1]
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .chain([b'a', 0])
        .collect();
    let connection = Connection::open(&database).unwrap();
    connection.execute("INSERT INTO Packages (hnum, blob) VALUES (1000, ?)", [hostile]).unwrap();
    drop(connection);
    let ran = audit(&machine, &["root", "--advisories", "in"]).expect(5).json();
    assert_eq!(needed(&ran), NEEDED);
    assert!(
        ran["unread"][0].as_str().unwrap().contains("package 1000: tag 1000 of its header points outside"),
        "{ran}"
    );
    let ran = audit(&machine, &["root", "--advisories", "in", "--fail-on", "none"]);
    assert_eq!(ran.code, 1, "nobody knows what that package was");

    // A root whose database is another machine's.
    fs::rename(machine.path("root/var/lib/rpm"), machine.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(machine.path("elsewhere"), machine.path("root/var/lib/rpm")).unwrap();
    fails("root", "is a link that leads out of");
}
