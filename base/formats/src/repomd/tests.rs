use super::*;

fn tags() -> Tags {
    let distro =
        Distro { cpeid: Some("cpe:/o:kestrel:kestrel:9".to_owned()), name: "Kestrel & 9".to_owned() };
    Tags {
        content: vec!["binary-x86_64".to_owned()],
        repo: vec!["baseos".to_owned()],
        distro: vec![distro, Distro { cpeid: None, name: "9".to_owned() }],
    }
}

fn parse(text: &str) -> Result<Repomd, RepomdError> {
    Repomd::parse(Document::new("repodata/repomd.xml", text.as_bytes()))
}

fn example() -> Repomd {
    let record = Record {
        kind: "primary".to_owned(),
        location: "repodata/a&b-primary.xml.gz".to_owned(),
        checksum: Digest::of(b"a"),
        size: Some(12),
        open_checksum: Some(Digest::of(b"b")),
        open_size: Some(100),
        timestamp: 1_700_000_000,
    };
    let group = Record { kind: "group".to_owned(), open_checksum: None, open_size: None, ..record.clone() };
    Repomd { revision: "1700000000".to_owned(), tags: tags(), records: vec![record, group] }
}

#[test]
fn round_trips() {
    assert_eq!(parse(&example().to_xml()).unwrap(), example());
    assert!(example().record("primary").is_some() && example().record("other").is_none());
}

#[test]
fn names_document_and_place() {
    let good = example().to_xml();
    for (from, to, says) in [
        ("repodata/a&amp;b-", "../a", "`../aprimary.xml.gz` is not a path below"),
        ("repodata/a&amp;b-", "/a", "is not a path below"),
        ("type=\"sha256\"", "type=\"sha\"", "of the kind `sha`"),
        ("type=\"group\"", "type=\"primary\"", "`primary` is listed twice"),
        ("<size>12</size>", "<size>many</size>", "`many` is not a size in bytes"),
        ("<location href=\"repodata/a&amp;b-primary.xml.gz\"/>", "", "location is missing"),
        ("</repomd>", "", "cut short"),
        ("repomd", "metadata", "another kind of document"),
        ("<size>12</size>", "<size>12</soze>", "can't be read as XML"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = parse(&good.replace(from, to)).unwrap_err().to_string();
        assert!(error.starts_with("repodata/repomd.xml") && error.contains(says), "{to}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_when_cut_or_changed(end in 0usize..1200, place in 0usize..1200, byte: u8) {
        let mut bytes = example().to_xml().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        bytes.truncate(end);
        let _ = Repomd::parse(Document::new("x", &bytes));
    }
}
