use super::*;

fn reading() -> Reading<'static> {
    Reading { latest: jiff::Timestamp::MAX, major: "" }
}

fn advisory(id: &str) -> Advisory {
    let text = format!(
        r#"{{"id": "{id}", "summary": "Low: a", "details": "b", "modified": "2026-01-02T00:00:00Z", "related": ["CVE-2026-0001"],
        "affected": [{{"package": {{"ecosystem": "Kestrel:9", "name": "a"}}, "ranges": [{{"type": "ECOSYSTEM",
        "events": [{{"introduced": "0"}}, {{"fixed": "1:1-1"}}]}}]}}]}}"#
    );
    crate::advisory::osv::read("a", text.as_bytes(), reading()).unwrap()
}

fn lines(bytes: &[u8]) -> Vec<String> {
    Document::new("b", bytes).text().unwrap().lines().map(str::to_owned).collect()
}

fn fault(lines: &[String]) -> String {
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    read(Document::new("b", text.as_bytes()), reading()).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_and_does_not_depend_on_the_order() {
    let (a, b) = (advisory("A-1"), advisory("B-1"));
    let made_of = |texts: [&str; 2]| MadeOf::documents(texts.map(|text| Digest::of(text.as_bytes())));
    let lifecycle = serde_json::json!({"9": {"ends": "2032-05-31"}});
    let one = write("kestrel", &[b.clone(), a.clone()], made_of(["x", "y"]), Some(&lifecycle)).unwrap();
    let other = write("kestrel", &[a.clone(), b.clone()], made_of(["y", "x"]), Some(&lifecycle)).unwrap();
    assert_eq!(one, other);
    assert!(is_bundle(&one) && !is_bundle(b"{\"id\": 1}") && !is_bundle(&one[..20]));
    let back = read(Document::new("b", &one), reading()).unwrap();
    assert_eq!((&back.advisories[..], back.lifecycle), (&[a, b][..], Some(lifecycle)));
    assert_eq!((back.header.distribution.as_str(), back.header.majors.len()), ("kestrel", 1));
    assert_eq!(back.header.made_of.documents, 2);
    let empty = write("", &[], MadeOf::documents([]), None).unwrap();
    assert!(read(Document::new("b", &empty), reading()).unwrap().advisories.is_empty());
}

#[test]
fn a_damaged_bundle_says_where() {
    let whole = write("kestrel", &[advisory("A-1"), advisory("B-1")], MadeOf::documents([]), None).unwrap();
    let lines = lines(&whole);
    let cut = read(Document::new("b", &whole[..whole.len() - 8]), reading()).unwrap_err().to_string();
    assert!(cut.contains("can't be decompressed"), "{cut}");
    assert!(fault(&lines[..2]).contains("its header counts 2: it was cut short"), "{}", fault(&lines[..2]));
    let more = [&lines[..], &lines[2..]].concat();
    assert!(fault(&more).contains("line 4: is one advisory more"), "{}", fault(&more));
    assert!(fault(&lines[1..]).contains("line 1: is no header"));
    let later = [&[lines[0].replace("bundle/1", "bundle/2")][..], &lines[1..]].concat();
    assert!(fault(&later).contains("this version reads `heirloom-bundle/1`"));
    let wrong = [&lines[..2], &[lines[2].replace("\"B-1\"", "\"../B\"")]].concat();
    assert!(fault(&wrong).contains("line 3"), "{}", fault(&wrong));
    let lifecycle = "{\"lifecycle\":{}}".to_owned();
    let early = [&lines[..2], &[lifecycle], &lines[2..]].concat();
    assert!(fault(&early).contains("line 4: stands behind the lifecycle"), "{}", fault(&early));
}
