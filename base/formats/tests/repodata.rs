//! Repodata against createrepo_c and dnf.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/metadata.rs"]
mod metadata;
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use heirloom_formats::Document;
use heirloom_formats::repodata::{
    Compression, ExtraRecord, Fragment, RepositoryWriter, read_changelogs, read_packages,
};
use heirloom_formats::rpm_file::Header;
use metadata::{again, known, metadata, write};
use support::{repository, run};

#[test]
fn reading_gives_what_the_headers_say() {
    let root = repository();
    let theirs = tempfile::tempdir().unwrap();
    run(Command::new("createrepo_c").args(["--quiet", "--no-database", "-o"]).arg(theirs.path()).arg(root));
    let metadata = metadata(theirs.path());
    let document = |kind: &'static str| Document::new(kind, metadata[kind].as_bytes());

    let mut packages = read_packages(document("primary"), document("filelists")).unwrap();
    packages.sort_by(|a, b| a.location.cmp(&b.location));
    let mut known = known(root);
    known.sort_by(|a, b| a.package.location.cmp(&b.package.location));
    for (package, known) in packages.iter().zip(&known) {
        assert_eq!(package, &known.package);
    }
    assert_eq!(packages.len(), known.len());

    let changelogs = read_changelogs(document("other")).unwrap();
    for known in &known {
        let texts = |entries: &[heirloom_formats::rpm_file::ChangelogEntry]| {
            entries.iter().take(10).map(|entry| entry.text.clone()).collect::<Vec<_>>()
        };
        let header = Header::open(&root.join(&known.package.location)).unwrap();
        assert_eq!(texts(&changelogs[&known.package.digest]), texts(&header.changelog));
    }
}

/// The files of a repository's metadata, by name.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(root.join("repodata")).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn written_read_and_written_again_is_the_same_bytes() {
    let known = known(repository());
    for compression in [Compression::Gzip, Compression::Zstd] {
        let (first, second, third) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(&known, compression, first.path());
        write(&known, compression, second.path());
        assert_eq!(files(first.path()), files(second.path()));
        again(first.path(), compression, third.path());
        assert_eq!(files(first.path()), files(third.path()));
    }
}

#[test]
fn packages_come_in_order_each_at_a_place_of_its_own_and_as_many_as_announced() {
    let known = known(repository());
    let (a, b) = (&known[0].fragment, &known[1].fragment);
    for (places, says) in [
        (["b.rpm", "a.rpm"], "comes after `b.rpm`"),
        (["a.rpm", "a.rpm"], "would both be at `a.rpm`"),
        (["../a.rpm", "b.rpm"], "not a plain path below"),
        (["/a.rpm", "b.rpm"], "not a plain path below"),
        (["a\nb.rpm", "b.rpm"], "not a plain path below"),
        (["a.rpm", "b.rpm"], "3 packages were announced, and 2 came"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = RepositoryWriter::create(dir.path(), 3, Compression::Zstd).unwrap();
        let mut write = || {
            writer.package(a, places[0])?;
            writer.package(b, places[1])
        };
        let error = match write() {
            Err(error) => error,
            Ok(()) => writer.finish("1", 1).unwrap_err(),
        };
        assert!(error.to_string().contains(says), "{places:?}: {error}");
    }
    let dir = tempfile::tempdir().unwrap();
    let mut writer = RepositoryWriter::create(dir.path(), 0, Compression::Zstd).unwrap();
    for kind in ["primary", "group", "a/b", ".."] {
        let extra = ExtraRecord { kind, file_name: "x.xml", content: b"" };
        assert_eq!(writer.extra(&extra).is_ok(), kind == "group", "{kind}");
    }
    drop(writer);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 1, "what was not finished is gone: {left:?}");
}

#[test]
fn a_kept_fragment_is_read_back_and_a_damaged_one_is_refused() {
    for known in known(repository()) {
        let kept = known.fragment.to_bytes().unwrap();
        assert_eq!(Fragment::from_bytes(&kept).unwrap(), known.fragment);
        for place in [0, 5, kept.len() / 2, kept.len() - 1] {
            let mut damaged = kept.clone();
            damaged[place] ^= 0x10;
            assert!(Fragment::from_bytes(&damaged).is_err(), "byte {place} of {}", kept.len());
        }
        assert!(Fragment::from_bytes(&kept[..kept.len() - 1]).is_err());
    }
}

#[test]
fn dnf_accepts_it() {
    let root = repository();
    let known = known(root);
    for compression in [Compression::Gzip, Compression::Zstd] {
        let ours = tempfile::tempdir().unwrap();
        write(&known, compression, ours.path());
        let cache = tempfile::tempdir().unwrap();
        let dnf = |arguments: &[&str]| {
            let mut command = Command::new("dnf");
            command.arg(format!("--repofrompath=ours,{}", ours.path().display()));
            command.args(["--quiet", "--repo=ours", "--releasever=9", "--disableplugin=*"]);
            command.arg(format!("--setopt=cachedir={}", cache.path().display()));
            command.args(["--setopt=module_platform_id=platform:el9", "--forcearch=x86_64"]);
            run(command.args(arguments))
        };
        let listed = dnf(&["repoquery", "--qf", "%{name}-%{epoch}:%{version}-%{release}.%{arch}"]);
        let mut listed: Vec<_> = listed.lines().map(|line| line.replace("-0:", "-")).collect();
        let mut expected: Vec<_> = known.iter().map(|known| known.package.nevra.to_string()).collect();
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected, "{compression:?}");

        assert!(dnf(&["repoquery", "--file", "/usr/share/rich/data"]).contains("rich"), "{compression:?}");
        assert!(dnf(&["repoquery", "--changelog", "rich"]).contains("Same day again"), "{compression:?}");
        assert!(dnf(&["repoquery", "--whatrecommends", "lang-pack"]).contains("rich"), "{compression:?}");
        assert!(dnf(&["group", "list"]).contains("Core"), "{compression:?}");
    }
}
