//! Repodata against createrepo_c and dnf.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_formats::Document;
use heirloom_formats::repodata::{
    CHANGELOG_ENTRIES, Compression, ExtraRecord, Fragment, Fragments, PackageFacts, RepositoryWriter,
    read_changelogs, read_packages,
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
            changelog_entries: CHANGELOG_ENTRIES,
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

/// Writes the metadata of these packages, and comps.xml, below a repository's root.
fn write(known: &[Known], compression: Compression, root: &Path) -> Repomd {
    let repodata = root.join("repodata");
    std::fs::create_dir(&repodata).unwrap();
    let mut writer = RepositoryWriter::create(&repodata, known.len(), compression).unwrap();
    for known in known {
        writer.package(&known.fragment, &known.package.location).unwrap();
    }
    let comps = ExtraRecord { kind: "group", file_name: "comps.xml", content: COMPS.as_bytes() };
    writer.extra(&comps).unwrap();
    let repomd = writer.finish("7", 1_700_000_000).unwrap();
    std::fs::write(repodata.join("repomd.xml"), repomd.to_xml()).unwrap();
    repomd
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
    write(&known(root), Compression::Gzip, ours.path());

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

/// The files of a repository's metadata, by name.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(root.join("repodata")).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

/// Reads fragments back and writes them again.
fn again(from: &Path, compression: Compression, to: &Path) {
    let metadata = metadata(from);
    let document = |kind: &'static str| Document::new(kind, metadata[kind].as_bytes());
    let read = Fragments::open(document("primary"), document("filelists"), document("other")).unwrap();
    let mut published: Vec<_> = read.map(Result::unwrap).collect();
    published.sort_by(|a, b| a.location.cmp(&b.location));
    std::fs::create_dir(to.join("repodata")).unwrap();
    let mut writer = RepositoryWriter::create(&to.join("repodata"), published.len(), compression).unwrap();
    for published in &published {
        writer.package(&published.fragment, &published.location).unwrap();
    }
    writer.extra(&ExtraRecord { kind: "group", file_name: "comps.xml", content: COMPS.as_bytes() }).unwrap();
    let repomd = writer.finish("7", 1_700_000_000).unwrap();
    std::fs::write(to.join("repodata/repomd.xml"), repomd.to_xml()).unwrap();
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
fn what_createrepo_c_wrote_is_taken_over_as_it_is() {
    let (theirs, ours) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(Command::new("createrepo_c")
        .args(["--quiet", "--no-database", "-o"])
        .arg(theirs.path())
        .arg(repository()));
    again(theirs.path(), Compression::Zstd, ours.path());
    let lines = |root: &Path| {
        let lines = |text: String| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
        metadata(root).into_values().map(lines).collect::<Vec<_>>()
    };
    assert_eq!(lines(theirs.path()), lines(ours.path()));
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
