//! `heirloom createrepo` on real packages, with dnf and createrepo_c as judges.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../common/ran.rs"]
mod ran;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use heirloom_formats::Document;
use heirloom_formats::repodata::{Fragments, Published, read_packages};
use heirloom_formats::repomd::Repomd;
use ran::Ran;
use tempfile::TempDir;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

/// A directory of packages.
struct Site(TempDir);

impl Site {
    /// Three packages, at two depths, of which one sorts otherwise by its name than by its path.
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        site.package("Packages/b", "bee", "1.0");
        site.package("Packages/a", "zebra", "1.0");
        site.package("", "top", "2~rc1");
        site
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn package(&self, dir: &str, name: &str, version: &str) -> PathBuf {
        let made = RpmBuilder::new(name, version)
            .file(&format!("/usr/share/{name}/text"), "text\n")
            .requires("(one if two)")
            .build(&self.path(dir))
            .unwrap();
        fs::remove_file(made.source).unwrap();
        made.binary
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
        let output = command.arg("createrepo").arg(self.0.path()).args(args).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// What was read, taken over, and whether nothing changed.
    fn did(&self, args: &[&str]) -> (u64, u64, bool) {
        let json = self.run(&[args, &["--format", "json"]].concat()).expect(0).json();
        let number = |key: &str| json[key].as_u64().unwrap();
        (number("read"), number("taken_over"), json["unchanged"].as_bool().unwrap())
    }

    fn repomd(&self) -> Repomd {
        let bytes = fs::read(self.path("repodata/repomd.xml")).unwrap();
        Repomd::parse(Document::new("repomd.xml", &bytes)).unwrap()
    }

    fn metadata(&self, kind: &str) -> Vec<u8> {
        fs::read(self.path(&self.repomd().record(kind).unwrap().location)).unwrap()
    }

    fn published(&self) -> Vec<Published> {
        let [primary, filelists, other] = ["primary", "filelists", "other"].map(|kind| self.metadata(kind));
        let document = |bytes| Document::new("metadata", bytes);
        let fragments = Fragments::open(document(&primary), document(&filelists), document(&other)).unwrap();
        fragments.map(Result::unwrap).collect()
    }

    /// The files of `repodata`, by name.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.path("repodata")).unwrap().map(|entry| entry.unwrap());
        let file =
            |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        entries.map(file).collect()
    }
}

fn set_time(path: &Path, seconds: u64) {
    File::open(path).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

#[test]
fn a_directory_becomes_a_repository_that_dnf_reads() {
    for compression in ["zstd", "gzip"] {
        let site = Site::new();
        let comps = site.path("comps.xml");
        let group =
            "<comps><group><id>core</id><name>Core</name><uservisible>true</uservisible></group></comps>";
        fs::write(&comps, group).unwrap();
        let ran = site.run(&["--compression", compression, "--groupfile", comps.to_str().unwrap()]).expect(0);
        assert!(ran.stdout.contains("3 packages, all read; 4 files"), "{}", ran.stdout);
        let cache = tempfile::tempdir().unwrap();
        let dnf = |args: &[&str]| {
            Tool::new("dnf")
                .arg(format!("--repofrompath=ours,{}", site.path("").display()))
                .args(["--quiet", "--repo=ours", "--releasever=9", "--disableplugin=*", "--forcearch=x86_64"])
                .arg(format!("--setopt=cachedir={}", cache.path().display()))
                .args(["--setopt=module_platform_id=platform:el9"])
                .args(args)
                .run()
                .unwrap()
        };
        let listed: BTreeSet<_> = dnf(&["repoquery", "--location"]).lines().map(str::to_owned).collect();
        assert_eq!(listed.len(), 3);
        assert!(listed.iter().any(|line| line.ends_with("/Packages/a/zebra-1.0-1.noarch.rpm")), "{listed:?}");
        assert!(dnf(&["group", "list"]).contains("Core"));
    }
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let site = Site::new();
    assert_eq!(site.did(&[]), (3, 0, false));
    let first = site.files();
    assert_eq!(site.did(&[]), (3, 0, false));
    assert_eq!(site.files(), first);
    assert_eq!(site.did(&["--update"]), (0, 3, true));
    assert_eq!(site.files(), first);
}

#[test]
fn an_update_reads_what_is_new_and_writes_what_reading_all_would() {
    let site = Site::new();
    site.did(&[]);
    site.package("Packages/c", "new", "1");
    set_time(&site.path("top-2~rc1-1.noarch.rpm"), 1_800_000_000);
    assert_eq!(site.did(&["--update"]), (2, 2, false));
    let updated = site.files();
    assert_eq!(site.did(&[]), (4, 0, false));
    assert_eq!(site.files(), updated);
    fs::remove_file(site.path("Packages/b/bee-1.0-1.noarch.rpm")).unwrap();
    assert_eq!(site.did(&["--update"]), (0, 3, false));
    let names: Vec<_> = site.published().iter().map(|it| it.fragment.nevra.name().to_owned()).collect();
    assert_eq!(names, ["zebra", "new", "top"]);
}

#[test]
fn an_update_takes_over_what_createrepo_c_wrote() {
    let site = Site::new();
    Tool::new("createrepo_c").args(["--quiet", "--no-database"]).arg(site.path("")).run().unwrap();
    // Theirs is compressed by gzip, and in another order.
    assert_eq!(site.did(&["--update"]), (0, 3, false));
    assert_eq!(site.did(&["--update"]), (0, 3, true));
    let (primary, filelists) = (site.metadata("primary"), site.metadata("filelists"));
    let packages = read_packages(Document::new("p", &primary), Document::new("f", &filelists)).unwrap();
    assert_eq!(packages.len(), 3);
}

#[test]
fn an_update_keeps_other_metadata_and_another_form_is_written_anew() {
    let site = Site::new();
    let file = site.path("given");
    fs::write(&file, "<updates/>").unwrap();
    let given = file.to_str().unwrap();
    site.did(&["--updateinfo", given, "--productid", given]);
    let kinds = || site.repomd().records.into_iter().map(|record| record.kind).collect::<Vec<_>>();
    assert_eq!(kinds(), ["primary", "filelists", "other", "updateinfo", "productid"]);
    assert_eq!(site.did(&["--update"]), (0, 3, true));
    assert_eq!(site.did(&["--update", "--updateinfo", given]), (0, 3, true));
    fs::write(&file, "<updates></updates>").unwrap();
    assert_eq!(site.did(&["--update", "--updateinfo", given]), (0, 3, false));
    assert_eq!(kinds(), ["primary", "filelists", "other", "updateinfo", "productid"]);
    let content = Document::new("updateinfo", &site.metadata("updateinfo")).text().unwrap();
    assert_eq!(content, "<updates></updates>");
    assert_eq!(site.did(&["--update", "--compression", "gzip"]), (0, 3, false));
    assert!(site.repomd().record("primary").unwrap().location.ends_with("-primary.xml.gz"));
    site.did(&[]);
    assert_eq!(kinds(), ["primary", "filelists", "other"]);
}

#[test]
fn a_damaged_package_is_named_and_the_earlier_metadata_stays() {
    let site = Site::new();
    site.did(&[]);
    let before = site.files();
    let bad = site.package("Packages/x", "bad", "1");
    let size = bad.metadata().unwrap().len();
    let damages: [&dyn Fn(); 3] = [
        &|| testkit::corrupt::truncate(&bad, size - 1).unwrap(),
        &|| testkit::corrupt::truncate(&bad, 2_000).unwrap(),
        &|| fs::write(&bad, "no package").unwrap(),
    ];
    for damage in damages {
        damage();
        for args in [&[][..], &["--update"]] {
            let ran = site.run(args).expect(1);
            assert!(ran.stderr.contains("Packages/x/bad-1-1.noarch.rpm"), "{}", ran.stderr);
            assert!(ran.stderr.contains("the earlier metadata is as it was"), "{}", ran.stderr);
            assert_eq!(site.files(), before);
        }
    }
}

#[test]
fn damaged_metadata_is_not_taken_over() {
    let site = Site::new();
    site.did(&[]);
    let good = site.files();
    let primary = site.path(&site.repomd().record("primary").unwrap().location);
    testkit::corrupt::flip_byte(&primary, 40).unwrap();
    let ran = site.run(&["--update"]).expect(0);
    assert!(ran.stdout.contains("nothing was taken over from the earlier metadata"), "{}", ran.stdout);
    assert!(ran.stdout.contains("another checksum than repomd.xml says"), "{}", ran.stdout);
    assert_eq!(site.files(), good);
    fs::write(site.path("repodata/repomd.xml"), "<!DOCTYPE x><repomd/>").unwrap();
    let ran = site.run(&["--update"]).expect(0);
    assert!(ran.stdout.contains("document type declaration"), "{}", ran.stdout);
    assert_eq!(site.files(), good);
}

#[test]
fn as_many_earlier_files_are_kept_as_wanted_and_no_stale_signature() {
    let site = Site::new();
    site.did(&[]);
    let signature = site.path("repodata/repomd.xml.asc");
    let kept = |count: &str, time| {
        fs::write(&signature, "of the earlier one").unwrap();
        fs::write(site.path("repodata/README"), "not ours").unwrap();
        fs::write(site.path("repodata/.new-left"), "of a killed process").unwrap();
        set_time(&site.path("top-2~rc1-1.noarch.rpm"), time);
        site.did(&["--update", "--retain-old-md", count]);
        assert!(!signature.exists());
        let names = site.files().into_keys().collect::<Vec<_>>();
        assert!(names.contains(&"README".to_owned()) && !names.contains(&".new-left".to_owned()));
        names.iter().filter(|name| name.contains("-primary.xml")).count()
    };
    assert_eq!(kept("2", 1_800_000_000), 2);
    assert_eq!(kept("2", 1_800_000_001), 3);
    assert_eq!(kept("2", 1_800_000_002), 3);
    assert_eq!(kept("1", 1_800_000_003), 2);
    assert_eq!(kept("0", 1_800_000_004), 1);
    // Where nothing changes, a signature still fits.
    fs::write(&signature, "of this one").unwrap();
    assert_eq!(site.did(&["--update"]), (0, 3, true));
    assert!(signature.exists());
}

#[test]
fn names_that_no_metadata_can_hold_are_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    for (name, says) in [(&b"caf\xe9.rpm"[..], "is not UTF-8"), (b"a\nb-1-1.noarch.rpm", "not a plain path")]
    {
        let site = Site::new();
        let path = site.path("").join(std::ffi::OsStr::from_bytes(name));
        fs::rename(site.path("top-2~rc1-1.noarch.rpm"), path).unwrap();
        let ran = site.run(&[]).expect(1);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
        assert!(!site.path("repodata/repomd.xml").exists());
    }
}

#[test]
fn changelogs_are_as_long_as_wanted_and_an_empty_directory_is_a_repository() {
    let site = Site(tempfile::tempdir().unwrap());
    assert_eq!(site.did(&[]), (0, 0, false));
    assert_eq!(site.did(&["--update"]), (0, 0, true));
    let made = RpmBuilder::new("log", "1")
        .scriptlet(
            "%changelog",
            "* Tue Mar 05 2024 A <a@a.example> - 2\n- b\n* Mon Mar 04 2024 A <a@a.example> - 1\n- a\n",
        )
        .build(&site.path(""))
        .unwrap();
    fs::remove_file(made.source).unwrap();
    for (limit, entries) in [("0", 0), ("1", 1), ("5", 2)] {
        site.did(&["--changelog-limit", limit]);
        let other = Document::new("other", &site.metadata("other")).text().unwrap();
        assert_eq!(other.matches("<changelog").count(), entries);
    }
}
