//! Metadata that was made to do harm, or that nobody meant: refused, with a reason.

use std::error::Error;
use std::io::Write as _;

use super::{DIGEST, FILELISTS, PRIMARY};
use crate::document::Document;
use crate::repodata::{Fragments, Packages, read_changelogs, read_listing};

const OTHER: &str = r#"<?xml version="1.0"?>
<otherdata xmlns="http://linux.duke.edu/metadata/other" packages="1"><package pkgid="DIGEST" name="tool" arch="x86_64">
<version epoch="1" ver="2.0" rel="3.el9"/><changelog author="A &lt;a@a.example&gt;" date="1700000000">- x</changelog>
</package></otherdata>"#;

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// Reads the two in the way that keeps least of them; the fault that is found.
fn fault(primary: &[u8], filelists: &[u8]) -> Option<String> {
    let (primary, filelists) =
        (Document::new("primary.xml", primary), Document::new("filelists.xml", filelists));
    match Packages::open(primary, filelists) {
        Err(error) => Some(chain(&error)),
        Ok(packages) => packages.filter_map(Result::err).next().map(|error| chain(&error)),
    }
}

/// Replaces a text that must be there.
fn with(document: &str, from: &str, to: &str) -> String {
    assert!(document.contains(from), "{from}");
    document.replacen(from, to, 1).replace("DIGEST", DIGEST)
}

#[test]
fn primary_that_does_harm_is_refused() {
    let twice = PRIMARY.split_once("<package type").unwrap().1.trim_end_matches("</metadata>").to_owned();
    let other_twin = format!("</package><package type{}", twice.replace("<name>tool", "<name>twin"));
    let bomb = "<!DOCTYPE m [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><metadata";
    let deep = "<a>".repeat(100);
    for (from, to, says) in [
        ("<metadata", bomb, "document type declaration"),
        (
            "<metadata",
            "<!DOCTYPE metadata SYSTEM \"file:///etc/passwd\"><metadata",
            "document type declaration",
        ),
        ("<summary>S", "<summary>&b;", "can't be read as XML"),
        ("Packages/tool.rpm", "../../tool.rpm", "not a path below"),
        ("Packages/tool.rpm", "Packages/../../tool.rpm", "not a path below"),
        ("Packages/tool.rpm", "/etc/shadow", "not a path below"),
        ("Packages/tool.rpm", "Packages//tool.rpm", "not a path below"),
        ("Packages/tool.rpm", "Packages/&#10;tool.rpm", "not a path below"),
        ("Packages/tool.rpm", "Packages/&#0;tool.rpm", "can't be read as XML"),
        ("Packages/tool.rpm", "Packages/&#1;tool.rpm", "which XML can't hold"),
        ("Packages/tool.rpm", "Packages/\u{1b}[2Jtool.rpm", "which XML can't hold"),
        ("Packages/tool.rpm", "Packages\\tool.rpm", "not a path below"),
        ("packages=\"1\"", "packages=\"99999999999\"", "it has `99999999999` packages"),
        ("packages=\"1\"", "packages=\"-1\"", "it has `-1` packages"),
        ("package=\"77\"", "package=\"99999999999999999999\"", "is not a size in bytes"),
        ("package=\"77\"", "package=\"18446744073709551615\"", "is not a size in bytes"),
        ("package=\"77\"", "package=\"-1\"", "is not a size in bytes"),
        ("<size ", "<time file=\"1\" build=\"-1\"/><size ", "is not a time in seconds"),
        ("<size ", "<time file=\"1\" build=\"9999999999999\"/><size ", "is not a time in seconds"),
        ("type=\"sha256\"", "type=\"md5\"", "only `sha256` is accepted"),
        ("type=\"sha256\"", "type=\"sha512\"", "only `sha256` is accepted"),
        ("epoch=\"1\"", "epoch=\"4294967296\"", "is not an epoch"),
        ("<name>tool", "<name>../tool", "has no proper identity"),
        ("<name>tool", "<name>", "has no proper identity"),
        ("name=\"c\"", "name=\"&#8;\"", "which XML can't hold"),
        ("<summary>S", &deep, "nested deeper"),
        ("</package>", &other_twin, "has two packages with the checksum"),
        ("</metadata>", "</metadata><metadata/>", "goes on after its root element"),
        ("</metadata>", "</metadata>more", "goes on after its root element"),
        ("</metadata>", "</metadata>\0", "goes on after its root element"),
    ] {
        let primary = with(PRIMARY, from, to);
        let found = fault(primary.as_bytes(), FILELISTS.replace("DIGEST", DIGEST).as_bytes());
        let found = found.unwrap_or_else(|| panic!("{to} was accepted"));
        assert!(found.starts_with("primary.xml") && found.contains(says), "{to}: {found}");
    }
}

#[test]
fn filelists_that_does_harm_is_refused() {
    for (from, to, says) in [
        ("<filelists", "<!DOCTYPE f [<!ENTITY a \"b\">]><filelists", "document type declaration"),
        ("packages=\"1\"", "packages=\"99999999999\"", "it has `99999999999` packages"),
        ("name=\"tool\"", "name=\"other\"", "is other of x86_64; the repository's primary metadata says"),
        ("arch=\"x86_64\"", "arch=\"aarch64\"", "is tool of aarch64; the repository's primary metadata says"),
        ("pkgid=\"DIGEST\"", "pkgid=\"1234\"", "is not a SHA-256 digest"),
        ("/var/tool", "/var/&#2;", "which XML can't hold"),
        ("</filelists>", "</filelists><x/>", "goes on after its root element"),
    ] {
        let filelists = with(FILELISTS, from, to);
        let found = fault(PRIMARY.replace("DIGEST", DIGEST).as_bytes(), filelists.as_bytes());
        let found = found.unwrap_or_else(|| panic!("{to} was accepted"));
        assert!(found.starts_with("filelists.xml") && found.contains(says), "{to}: {found}");
    }
}

#[test]
fn streams_that_are_not_what_they_should_be_are_refused() {
    let plain = PRIMARY.replace("DIGEST", DIGEST);
    let filelists = FILELISTS.replace("DIGEST", DIGEST);
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |text: &[u8]| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    for whole in [gzip(plain.as_bytes()), zstd(plain.as_bytes())] {
        // The bytes decide, whatever the name says.
        assert_eq!(fault(&whole, filelists.as_bytes()), None);
        for cut in [3, whole.len() / 2, whole.len() - 1] {
            assert!(fault(&whole[..cut], filelists.as_bytes()).is_some(), "cut at {cut}");
        }
        for garbage in [&b"garbage"[..], b"\x1f\x8b", b"<metadata/>"] {
            let trailing = [&whole[..], garbage].concat();
            assert!(fault(&trailing, filelists.as_bytes()).is_some(), "{garbage:?}");
        }
        let mut flipped = whole.clone();
        let place = flipped.len() - 2;
        flipped[place] ^= 1;
        assert!(fault(&flipped, filelists.as_bytes()).is_some(), "a checksum that is wrong");
    }
    // One text, one tag or one package that never ends.
    for (endless, times) in [("x", 40 << 20), ("<summary>y</summary>", 4 << 20)] {
        let (before, after) = plain.split_once("S</summary>").unwrap();
        let bomb = zstd([before, &endless.repeat(times), "</summary>", after].concat().as_bytes());
        assert!(bomb.len() < 1 << 20);
        let found = fault(&bomb, filelists.as_bytes()).unwrap();
        assert!(
            found.contains("larger than any may be") || found.contains("more than 67108864 bytes"),
            "{found}"
        );
    }
}

#[test]
fn changelogs_that_do_harm_are_refused() {
    for (from, to, says) in [
        ("date=\"1700000000\"", "date=\"-1\"", "is not a time in seconds"),
        ("date=\"1700000000\"", "date=\"99999999999999\"", "is not a time in seconds"),
        ("author=\"", "author=\"&#27;", "which XML can't hold"),
        ("<otherdata", "<!DOCTYPE o><otherdata", "document type declaration"),
    ] {
        let other = with(OTHER, from, to);
        let found = chain(&read_changelogs(Document::new("other.xml", other.as_bytes())).unwrap_err());
        assert!(found.starts_with("other.xml") && found.contains(says), "{to}: {found}");
    }
}

const NAMESPACES: &str = "xmlns=\"http://linux.duke.edu/metadata/filelists\" packages";

/// Reads fragments; the fault that is found.
fn taken_over(primary: &str, filelists: &str, other: &str) -> Option<String> {
    let document = |name: &'static str, text: &'static str| Document::new(name, text.as_bytes());
    let leak = |text: &str| -> &'static str { text.replace("DIGEST", DIGEST).leak() };
    let (primary, filelists, other) = (leak(primary), leak(filelists), leak(other));
    let fragments = Fragments::open(
        document("primary.xml", primary),
        document("filelists.xml", filelists),
        document("other.xml", other),
    );
    let listed = read_listing(document("primary.xml", primary));
    let found = match fragments {
        Err(error) => Some(chain(&error)),
        Ok(fragments) => fragments.filter_map(Result::err).next().map(|error| chain(&error)),
    };
    assert!(found.is_some() || listed.is_ok());
    found
}

#[test]
fn elements_that_can_t_be_taken_over_as_they_are_are_refused() {
    let primary = PRIMARY.replace("<size ", "<time file=\"5\" build=\"6\"/><size ");
    let filelists = FILELISTS.replace("packages", NAMESPACES);
    assert_eq!(taken_over(&primary, &filelists, OTHER), None);
    for (from, to, says) in [
        ("<metadata", "<!DOCTYPE m [<!ENTITY a \"b\">]><metadata", "the root element"),
        ("<metadata", "<!-- --><metadata", "the root element"),
        ("xmlns:rpm=", "xmlns:r=", "the namespaces"),
        ("<summary>S", "<summary><!-- </package> -->", "comment"),
        ("<summary>S", "<summary><![CDATA[</package>]]>", "comment"),
        ("<summary>S", "<summary>\u{7}", "control character"),
        ("<summary>S", "<wrong>S", "a package with name"),
        ("Packages/tool.rpm", "../tool.rpm", "a plain location"),
        ("Packages/tool.rpm", "a&#10;b", "a plain location"),
        ("<location ", "<location xml:base=\"https://www.example.org/\" ", "a plain location"),
        ("file=\"5\"", "file=\"-5\"", "a package with name"),
        ("package=\"77\"", "package=\"99999999999999\"", "a package with name"),
        ("type=\"sha256\"", "type=\"sha1\"", "a package with name"),
        ("packages=\"1\"", "packages=\"99999999999\"", "it has `99999999999` packages"),
        ("</metadata>", "<other/></metadata>", "a package, or the end"),
        ("</metadata>", "", "a package, or the end"),
        ("</metadata>", "</metadata> x", "nothing after the root"),
        ("</format></package>", "</format>", "an element that does not end too early"),
    ] {
        assert!(primary.contains(from), "{from}");
        let found = taken_over(&primary.replacen(from, to, 1), &filelists, OTHER);
        let found = found.unwrap_or_else(|| panic!("{to} was accepted"));
        assert!(found.starts_with("primary.xml") && found.contains(says), "{to}: {found}");
    }
    let another = "c".repeat(64);
    for (from, to) in
        [("DIGEST", another.as_str()), ("<package ", "<x/><package "), ("</package>", "</package></x>")]
    {
        let found = taken_over(&primary, &filelists.replacen(from, to, 1), OTHER).unwrap();
        assert!(found.starts_with("filelists.xml"), "{to}: {found}");
        let found = taken_over(&primary, &filelists, &OTHER.replacen(from, to, 1)).unwrap();
        assert!(found.starts_with("other.xml"), "{to}: {found}");
    }
}
