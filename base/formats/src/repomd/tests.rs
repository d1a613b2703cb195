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
        ("</repomd>", "</repomd><repomd/>", "goes on after its root element"),
        ("<repomd", "<!DOCTYPE r [<!ENTITY a \"b\">]><repomd", "document type declaration"),
        ("a&amp;b-", "a&#1;b-", "which XML can't hold"),
        ("a&amp;b-", "a&#10;b-", "is not a path below"),
        ("a&amp;b-", "a&#0;b-", "can't be read as XML"),
        ("<timestamp>1700000000", "<timestamp>-1", "`-1` is not a time in seconds"),
        ("<timestamp>1700000000", "<timestamp>1e300", "is not a time in seconds"),
        ("<timestamp>1700000000", "<timestamp>NaN", "`NaN` is not a time in seconds"),
        ("<size>12</size>", "<size>99999999999999999999</size>", "is not a size in bytes"),
        ("<size>12</size>", "<size>9999999999999999</size>", "is not a size that a metadata file may have"),
        ("<open-size>100</open-size>", "<open-size>-100</open-size>", "`-100` is not a size in bytes"),
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

#[test]
fn what_it_has_no_use_for_is_passed_over_and_what_it_does_not_know_is_kept() {
    let more = "<database_version>10</database_version><header-checksum type=\"sha1\">x</header-checksum>\
                <header-size>many</header-size><timestamp>1700000000.5</timestamp><future><deep/></future></data>";
    let text = example().to_xml().replace("</data>", more).replace("type=\"group\"", "type=\"primary_zck\"");
    let mut expected = example();
    expected.records[1].kind = "primary_zck".to_owned();
    assert_eq!(parse(&text).unwrap(), expected);
}

#[test]
fn too_many_records_are_refused() {
    let one = |number| Record { kind: format!("k{number}"), ..example().records[0].clone() };
    let many = Repomd { records: (0..1001).map(one).collect(), ..example() };
    assert!(parse(&many.to_xml()).unwrap_err().to_string().contains("at most 1000"));
}
