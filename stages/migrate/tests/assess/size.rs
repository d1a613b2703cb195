//! Time and memory for a machine with 2,000 packages, and for a fleet of 1,000 such machines. Prints; judges nothing.

use std::fs;
use std::path::Path;
use std::time::Instant;

use heirloom_migrate::assess::assess;
use heirloom_migrate::fleet;
use heirloom_migrate::machine::Machine;
use rusqlite::{Connection, params};
use testkit::rpm_builder::RpmBuilder;

use crate::root::{NOW, Root, release};

const PACKAGES: usize = 2_000;
const FILES: usize = 100;

/// Most memory that this process had, in KiB.
fn peak() -> String {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().to_owned()
}

/// A machine whose packages are one package under other names of the same length.
fn large() -> Root {
    let mut package = RpmBuilder::new("package-0000", "1.2.3").arch("x86_64").tag("Vendor", "Kestrel");
    for number in 0..FILES {
        package =
            package.file(&format!("/usr/share/package-0000/directory-{}/file-{number}", number % 10), "");
    }
    package = package.file_as("%config(noreplace)", "/etc/package-0000.conf", "a = 1\n");
    for number in 0..20 {
        package = package.requires(&format!("libsomething{number}.so.1(VERSION_1.{number})(64bit)"));
        package = package.provides(&format!("libpackage-0000-{number}.so.1(VERSION_1.{number})(64bit)"));
    }
    let root = Root::new(&[release("kestrel", "Kestrel"), package]);
    let connection = Connection::open(root.path().join("var/lib/rpm/rpmdb.sqlite")).unwrap();
    let blob: Vec<u8> = connection
        .query_row("SELECT max(blob) FROM Packages WHERE length(blob) > 8000", [], |row| row.get(0))
        .unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for number in 1..PACKAGES {
        let name = format!("package-{number:04}");
        let mut copy = blob.clone();
        let places: Vec<usize> = blob
            .windows(12)
            .enumerate()
            .filter(|(_, part)| *part == b"package-0000")
            .map(|(at, _)| at)
            .collect();
        places.iter().for_each(|at| copy[*at..at + 12].copy_from_slice(name.as_bytes()));
        connection.execute("INSERT INTO Packages (blob) VALUES (?)", params![copy]).unwrap();
        fs::write(root.path().join(format!("etc/{name}.conf")), "a = 1\n").unwrap();
        for number in 0..10 {
            fs::create_dir_all(root.path().join(format!("usr/share/{name}/directory-{number}"))).unwrap();
        }
        for file in 0..FILES {
            let path = format!("usr/share/{name}/directory-{}/file-{file}", file % 10);
            fs::write(root.path().join(path), "").unwrap();
        }
    }
    connection.execute_batch("COMMIT").unwrap();
    root
}

#[test]
#[ignore = "measures: --release --ignored --nocapture size::"]
fn two_thousand_packages_and_a_thousand_machines() {
    let root = large();
    let before = peak();
    let begun = Instant::now();
    let it = assess(&Machine::at(&root.path()).unwrap(), NOW, "1.0");
    let took = begun.elapsed();
    println!(
        "assess: {} packages, {} changed files, {took:?}, peak {} (before {before})",
        it.package_count,
        it.changed.len(),
        peak()
    );
    let begun = Instant::now();
    let text = serde_json::to_vec(&it).unwrap();
    println!("written: {} bytes, {:?}, peak {}", text.len(), begun.elapsed(), peak());
    fleet_of(root.dir.path(), &text);
}

fn fleet_of(dir: &Path, text: &[u8]) {
    let fleet = dir.join("fleet");
    fs::create_dir(&fleet).unwrap();
    let first = fleet.join("0.json");
    fs::write(&first, text).unwrap();
    for number in 1..1000 {
        fs::hard_link(&first, fleet.join(format!("{number}.json"))).unwrap();
    }
    let begun = Instant::now();
    let read = fleet::read(&fleet).unwrap();
    let matrix = read.matrix();
    println!("fleet: {} machines, {:?}, peak {}", matrix.machines, begun.elapsed(), peak());
    assert_eq!((matrix.machines, matrix.broken.len()), (1000, 0));
}
