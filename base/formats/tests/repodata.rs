//! Repodata against createrepo_c and dnf.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_formats::Document;
use heirloom_formats::repodata::{
    Compression, ExtraRecord, Fragment, Options, PackageFacts, Written, read_changelogs, read_packages,
    write_repository,
};
use heirloom_formats::repomd::Repomd;
use heirloom_formats::rpm_file::Header;
use heirloom_model::{Digest, Package};
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use support::{repository, rpms, run};

/// Everything that is known of one RPM of the repository.
struct Known {
    header: Header,
    package: Package,
    fragment: Fragment,
}

/// All fixtures, read by the crate.
fn known(repository: &Path) -> Vec<Known> {
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        let header = Header::open(&path).unwrap();
        let location = path.strip_prefix(repository).unwrap().to_str().unwrap().to_owned();
        let time = path.metadata().unwrap().modified().unwrap();
        let facts = PackageFacts {
            digest: Digest::of(&bytes),
            size: bytes.len() as u64,
            file_time: time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(),
            location: &location,
        };
        Known {
            package: header.package(facts.digest, facts.size, &location),
            fragment: Fragment::from_header(&header, &facts).unwrap(),
            header,
        }
    };
    rpms(repository).into_iter().map(read).collect()
}

const COMPS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<comps><group><id>core</id><name>Core</name><description>Core</description><default>true</default>
<uservisible>true</uservisible><packagelist><packagereq type="mandatory">rich</packagereq></packagelist>
</group></comps>"#;

fn written(fragments: &[Fragment], compression: Compression) -> Written {
    let options = Options { compression, revision: "7".to_owned(), timestamp: 1_700_000_000 };
    let comps = ExtraRecord { kind: "group", file_name: "comps.xml", content: COMPS.as_bytes() };
    write_repository(fragments, &[comps], &options).unwrap()
}

fn put(written: &Written, root: &Path) {
    std::fs::create_dir(root.join("repodata")).unwrap();
    for file in &written.files {
        std::fs::write(root.join(&file.location), &file.bytes).unwrap();
    }
    std::fs::write(root.join("repodata/repomd.xml"), &written.repomd_xml).unwrap();
}

/// The decompressed metadata of a repository on disk, by kind.
fn metadata(root: &Path) -> BTreeMap<String, String> {
    let repomd = std::fs::read(root.join("repodata/repomd.xml")).unwrap();
    let repomd = Repomd::parse(Document::new("repomd.xml", &repomd)).unwrap();
    let text = |kind: &str| {
        let record = repomd.record(kind).unwrap();
        let bytes = std::fs::read(root.join(&record.location)).unwrap();
        Document::new(kind, &bytes).limit(record.open_size.unwrap()).text().unwrap()
    };
    ["primary", "filelists", "other"].map(|kind| (kind.to_owned(), text(kind))).into()
}

/// One line for each element: path, attributes, text. Packages are sorted; nothing else is normalised but
/// the white space between elements.
fn flatten(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let (mut packages, mut lines, mut path, mut text) = (Vec::new(), Vec::new(), Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                path.push(name);
                let attributes = start.attributes().map(|a| {
                    let a = a.unwrap();
                    format!(" {}={:?}", a.key.as_ref(), a.normalized_value(XmlVersion::Implicit1_0).unwrap())
                });
                let line = path.join("/") + &attributes.collect::<String>();
                if path.len() == 1 { &mut packages } else { &mut lines }.push(line);
                text.clear();
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                text.push_str(&quick_xml::escape::unescape(&format!("&{name};")).unwrap());
            }
            Event::End(_) => {
                if !text.trim().is_empty() {
                    lines.push(format!("{} = {text:?}", path.join("/")));
                }
                text.clear();
                if path.len() == 2 {
                    packages.push(std::mem::take(&mut lines).join("\n"));
                }
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    packages.sort();
    packages
}

#[test]
fn equals_createrepo_c() {
    let root = repository();
    let theirs = tempfile::tempdir().unwrap();
    run(Command::new("createrepo_c").args(["--quiet", "--no-database", "-o"]).arg(theirs.path()).arg(root));
    let ours = tempfile::tempdir().unwrap();
    let fragments: Vec<_> = known(root).into_iter().map(|known| known.fragment).collect();
    put(&written(&fragments, Compression::Gzip), ours.path());

    let (theirs, ours) = (metadata(theirs.path()), metadata(ours.path()));
    for (kind, theirs) in &theirs {
        let (theirs, ours) = (flatten(theirs), flatten(&ours[kind]));
        assert_eq!(theirs.len(), 9, "eight packages and the root");
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(ours, theirs, "{kind}");
        }
        assert_eq!(theirs.len(), ours.len());
    }
}

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
        assert_eq!(texts(&changelogs[&known.package.digest]), texts(&known.header.changelog));
    }
}

#[test]
fn the_same_packages_give_the_same_bytes() {
    let mut fragments: Vec<_> = known(repository()).into_iter().map(|known| known.fragment).collect();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let first = written(&fragments, compression);
        fragments.rotate_left(3);
        let kept = serde_json::to_vec(&fragments).unwrap();
        let second = written(&serde_json::from_slice::<Vec<_>>(&kept).unwrap(), compression);
        assert_eq!(first.repomd_xml, second.repomd_xml);
        assert!(first.files.iter().zip(&second.files).all(|(a, b)| a.bytes == b.bytes));
    }
    fragments.push(fragments[0].clone());
    let options = Options { compression: Compression::Gzip, revision: String::new(), timestamp: 0 };
    let error = write_repository(&fragments, &[], &options).unwrap_err().to_string();
    assert!(error.contains("would both be at"), "{error}");
}

#[test]
fn dnf_accepts_it() {
    let root = repository();
    let known = known(root);
    let fragments: Vec<_> = known.iter().map(|known| known.fragment.clone()).collect();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let ours = tempfile::tempdir().unwrap();
        put(&written(&fragments, compression), ours.path());
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
