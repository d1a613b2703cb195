mod hostile;

use super::*;
use crate::document::Document;

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const PRIMARY: &str = r#"<?xml version="1.0"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<package type="rpm"><name>tool</name><arch>x86_64</arch><version epoch="1" ver="2.0" rel="3.el9"/>
<checksum type="sha256" pkgid="YES">DIGEST</checksum><summary>S</summary><size package="77" installed="1"/>
<location href="Packages/tool.rpm"/><format><rpm:sourcerpm>tool-2.0-3.el9.src.rpm</rpm:sourcerpm>
<rpm:requires><rpm:entry name="a &amp; b" flags="GE" epoch="0" ver="1" rel="2"/><rpm:entry name="c"/></rpm:requires>
<file>/usr/bin/tool</file></format></package></metadata>"#;
const FILELISTS: &str = r#"<?xml version="1.0"?>
<filelists packages="1"><package pkgid="DIGEST" name="tool" arch="x86_64"><version epoch="1" ver="2.0" rel="3.el9"/>
<file>/usr/bin/tool</file><file type="dir">/usr/share/tool</file><file type="ghost">/var/tool</file></package></filelists>"#;

fn read(primary: &str, filelists: &str) -> Result<Vec<heirloom_model::Package>, RepodataError> {
    let (primary, filelists) = (primary.replace("DIGEST", DIGEST), filelists.replace("DIGEST", DIGEST));
    read_packages(
        Document::new("primary.xml", primary.as_bytes()),
        Document::new("filelists.xml", filelists.as_bytes()),
    )
}

#[test]
fn reads_a_package() {
    let packages = read(PRIMARY, FILELISTS).unwrap();
    let package = &packages[0];
    assert_eq!(package.nevra.to_string(), "tool-1:2.0-3.el9.x86_64");
    assert_eq!((package.size, package.location.as_str()), (77, "Packages/tool.rpm"));
    assert_eq!(package.source_name(), Some("tool"));
    assert_eq!(package.requires[0].to_string(), "a & b >= 1-2");
    let kinds: Vec<_> = package.files.iter().map(|file| (file.is_dir, file.is_ghost)).collect();
    assert_eq!(kinds, [(false, false), (true, false), (false, true)]);
}

#[test]
fn primary_alone_has_sizes_and_the_header_s_place() {
    let read = |primary: &str| {
        let primary = primary.replace("DIGEST", DIGEST);
        let all = Descriptions::open(Document::new("primary.xml", primary.as_bytes())).unwrap();
        all.collect::<Result<Vec<_>, _>>()
    };
    let found = read(PRIMARY).unwrap();
    assert_eq!((found[0].installed_size, found[0].header), (1, None));
    assert_eq!(found[0].package.files[0].path, "/usr/bin/tool");
    let with = |range: &str| PRIMARY.replace("<rpm:sourcerpm>", &format!("{range}<rpm:sourcerpm>"));
    let found = read(&with("<rpm:header-range start=\"4504\" end=\"15000\"/>")).unwrap();
    assert_eq!(found[0].header, Some((4504, 15_000)));
    assert_eq!(read(&with("<rpm:header-range start=\"9\" end=\"9\"/>")).unwrap()[0].header, None);
    let error = read(&with("<rpm:header-range start=\"9\"/>")).unwrap_err().to_string();
    assert!(error.starts_with("primary.xml"), "{error}");
    let wanted = ["/usr/share/tool".to_owned(), "/nowhere".to_owned()].into();
    let filelists = FILELISTS.replace("DIGEST", DIGEST);
    let paths = read_paths(Document::new("filelists.xml", filelists.as_bytes()), &wanted).unwrap();
    assert_eq!(paths.into_values().collect::<Vec<_>>(), [["/usr/share/tool"]]);
}

#[test]
fn the_same_package_listed_twice_is_one() {
    let (start, end) = PRIMARY.split_at(PRIMARY.find("<package ").unwrap());
    let twice = format!("{start}{}{end}", end.trim_end_matches("</metadata>"));
    assert_eq!(read(&twice, FILELISTS).unwrap().len(), 1);
}

#[test]
fn errors_name_document_and_package() {
    for (from, to, says) in [
        ("Packages/tool.rpm", "../tool.rpm", "`../tool.rpm`, which is not a path below"),
        ("Packages/tool.rpm", "/tool.rpm", "which is not a path below"),
        ("<location ", "<location xml:base=\"https://www.example.org/\" ", "which is not a path below"),
        ("<name>tool", "<name>a/b", "package a/b has no proper identity"),
        ("type=\"sha256\"", "type=\"sha\"", "package tool has a checksum of the kind `sha`"),
        ("DIGEST", "abc", "`abc` is not a SHA-256 digest"),
        ("<version epoch=\"1\" ver=\"2.0\" rel=\"3.el9\"/>", "", "version is missing"),
        ("flags=\"GE\"", "flags=\"NE\"", "`NE` is not one of LT"),
        ("</metadata>", "", "cut short"),
        ("metadata", "filelists", "another kind of document"),
    ] {
        assert!(PRIMARY.contains(from), "{from}");
        let error = read(&PRIMARY.replace(from, to), FILELISTS).unwrap_err().to_string();
        assert!(error.starts_with("primary.xml") && error.contains(says), "{to}: {error}");
    }
    let other = Digest::of(b"other").to_string();
    let more = format!("</package><package pkgid=\"{other}\" name=\"more\" arch=\"noarch\"/></filelists>");
    let more = FILELISTS.replace("</package></filelists>", &more);
    let error = read(PRIMARY, &more).unwrap_err().to_string();
    assert!(error.contains("has package more") && error.contains("does not have"), "{error}");
    let empty = "<filelists packages=\"0\"/>";
    let error = read(PRIMARY, empty).unwrap_err().to_string();
    assert!(error.contains("does not have package tool-1:2.0-3.el9.x86_64"), "{error}");
}

#[test]
fn a_bomb_is_refused() {
    let bomb = zstd::encode_all(std::io::repeat(b' ').take(64 << 20), 3).unwrap();
    use std::io::Read;
    let document = Document::new("primary.xml.zst", &bomb).limit(1 << 20);
    let error = read_packages(document, document).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("more than the 1048576 bytes"), "{source}");
}

proptest::proptest! {
    #[test]
    fn never_panics_when_cut_or_changed(end in 0usize..1500, place in 0usize..1500, byte: u8, which: bool) {
        let [mut primary, mut filelists] =
            [PRIMARY, FILELISTS].map(|text| text.replace("DIGEST", DIGEST).into_bytes());
        let changed = if which { &mut primary } else { &mut filelists };
        let place = place % changed.len();
        changed[place] = byte;
        changed.truncate(end);
        let _ = read_packages(Document::new("p", &primary), Document::new("f", &filelists));
        let _ = read_changelogs(Document::new("o", &filelists));
        let documents = Fragments::open(
            Document::new("p", &primary),
            Document::new("f", &filelists),
            Document::new("o", &filelists),
        );
        let _ = documents.map(Iterator::count);
        let _ = read_listing(Document::new("p", &primary));
    }
}

proptest::proptest! {
    #[test]
    fn a_kept_fragment_that_was_changed_is_none(place: usize, byte: u8, tail: Vec<u8>) {
        let fragment = Fragment {
            nevra: "tool-1:2.0-3.el9.x86_64".parse().unwrap(),
            digest: Digest::of(b"tool"),
            build_time: 7,
            primary: "<package><location href=\"\"/></package>".to_owned(),
            gap: 25,
            filelists: "<package/>".to_owned(),
            other: "<package/>".to_owned(),
        };
        let kept = fragment.to_bytes().unwrap();
        proptest::prop_assert_eq!(&Fragment::from_bytes(&kept).unwrap(), &fragment);
        let mut changed = kept.clone();
        let place = place % changed.len();
        changed[place] ^= byte;
        if let Ok(read) = Fragment::from_bytes(&changed) {
            proptest::prop_assert_eq!(read, fragment);
        }
        let _ = Fragment::from_bytes(&tail);
    }
}
