//! What reads advisories: dnf, a scanner of OVAL, a validator of CSAF.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::npm;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

use crate::{convert, heirloom, machine, osv};

/// A root with packages of some versions, installed by dnf from a repository that has the advisories.
struct Machine {
    dir: tempfile::TempDir,
}

impl Machine {
    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// alpha and the modular delta are older than the fixes, beta has them.
    fn new() -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap() };
        let dir = machine.dir.path();
        // Debian's rpm has its database in the user's home directory.
        fs::write(dir.join(".rpmmacros"), "%_dbpath /var/lib/rpm\n").unwrap();
        fs::create_dir(dir.join("in")).unwrap();
        for (id, name, fixed) in [("1", "alpha", "2-1"), ("2", "beta", "2-1"), ("4", "absent", "2-1")] {
            let text = osv(&format!("KESA-2026:{id}"), name, fixed, &format!("CVE-2026-000{id}"));
            fs::write(dir.join(format!("in/{name}.json")), text).unwrap();
        }
        let delta = osv("KESA-2026:3", "delta", "2-1", "CVE-2026-0003").replace(
            "\"name\": \"delta\"",
            "\"name\": \"delta\", \"purl\": \"pkg:rpm/kestrel/delta?rpmmod=delta:7\"",
        );
        fs::write(dir.join("in/delta.json"), delta).unwrap();
        convert(dir, "in", "out").expect(0);
        let repository = dir.join("repo");
        let release = RpmBuilder::new("kestrel-release", "9")
            .file("/usr/lib/os-release", "NAME=\"Kestrel\"\nID=\"kestrel\"\nVERSION_ID=\"9.4\"\n");
        for package in [
            release,
            RpmBuilder::new("alpha", "1"),
            RpmBuilder::new("alpha", "2"),
            RpmBuilder::new("beta", "2"),
            RpmBuilder::new("delta", "1"),
        ] {
            fs::remove_file(package.build(&repository).unwrap().source).unwrap();
        }
        heirloom(dir, &["createrepo", "repo", "--updateinfo", "out/updateinfo/9.xml"]).expect(0);
        machine.dnf(&["install", "kestrel-release", "alpha-1", "beta", "delta"]);
        machine
    }

    fn dnf(&self, args: &[&str]) -> String {
        machine::dnf(self.dir.path(), args)
    }

    /// The advisories that a scanner finds to be missing, by its own reading of the packages' database.
    fn oscap(&self) -> Vec<String> {
        let all = machine::oscap(self.dir.path());
        assert_eq!(all.len(), 4, "{all:?}");
        all.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name).collect()
    }

    fn enable(&self, stream: &str) {
        let dir = self.path("root/etc/dnf/modules.d");
        fs::create_dir_all(&dir).unwrap();
        let text = format!("[delta]\nname=delta\nstream={stream}\nprofiles=\nstate=enabled\n");
        fs::write(dir.join("delta.module"), text).unwrap();
    }
}

/// dnf lists the advisory of an older package, by its vulnerability too, and updates by it; the scanner agrees.
#[test]
fn dnf_and_a_scanner_find_the_same() {
    let machine = Machine::new();
    let listed = machine.dnf(&["updateinfo", "list", "--security"]);
    let lines: Vec<_> = listed.lines().filter(|line| !line.contains("delta")).collect();
    assert_eq!(lines, ["KESA-2026:1 Important/Sec. alpha-2-1.noarch"]);
    assert!(machine.dnf(&["updateinfo", "list", "--cve", "CVE-2026-0001"]).contains("alpha-2-1"));
    let about = machine.dnf(&["updateinfo", "info", "KESA-2026:1"]);
    assert!(about.contains("alpha is < 2 & more.") && about.contains("CVE-2026-0001"), "{about}");
    assert_eq!(machine.oscap(), ["KESA-2026:1"]);

    machine.enable("6");
    assert_eq!(machine.oscap(), ["KESA-2026:1"], "another stream");
    machine.enable("7");
    assert_eq!(machine.oscap(), ["KESA-2026:1", "KESA-2026:3"]);

    let named = machine.dnf(&["repoquery", "--upgrades", "--advisory", "KESA-2026:1"]);
    assert!(named.contains("alpha-0:2-1"), "{named}");
    assert_eq!(
        machine.dnf(&["repoquery", "--upgrades", "--advisory", "KESA-2026:2"]).trim(),
        "",
        "beta has it"
    );
    let security = machine.dnf(&["repoquery", "--upgrades", "--security"]);
    assert!(security.contains("alpha-0:2-1"), "{security}");
    machine.dnf(&["upgrade", "--cve", "CVE-2026-0001"]);
    machine.dnf(&["upgrade", "--security"]);
    assert_eq!(machine.dnf(&["updateinfo", "list", "--cve", "CVE-2026-0001"]), "");
    assert_eq!(machine.oscap(), ["KESA-2026:3"]);
    let release = machine.path("root/usr/lib/os-release");
    let other = fs::read_to_string(&release).unwrap().replace("9.4", "8.10");
    fs::write(&release, other).unwrap();
    assert_eq!(machine.oscap(), Vec::<String>::new(), "another major version");
}

/// The schema, and all mandatory tests of the standard.
#[test]
fn csaf_is_valid() {
    let machine = Machine::new();
    let dir = machine.path("out/csaf/white/2026");
    let documents: Vec<PathBuf> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(documents.len(), 4);
    let library = npm::packages(&["@secvisogram/csaf-validator-lib@2.0.10"]).unwrap();
    let validate = |documents: &[PathBuf]| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errata/csaf.mjs");
        Tool::new(npm::node().unwrap()).arg(script).arg(&library).args(documents).run()
    };
    assert_eq!(validate(&documents).unwrap().trim(), "4 are valid");
    // The judge does judge.
    let wrong = fs::read_to_string(&documents[0]).unwrap().replace("\"number\":\"1\"", "\"number\":\"0\"");
    fs::write(&documents[0], wrong).unwrap();
    let refused = validate(&documents).unwrap_err().to_string();
    assert!(refused.contains("mandatoryTest_6_1_18"), "{refused}");
}
