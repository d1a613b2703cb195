use std::path::Path;

use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{
    Lifecycle, Major, Minor, Phase, PhaseKind, Promises, Repository, Stream, Upstream,
};
use proptest::prelude::*;

use super::*;
use crate::Document;
use crate::definition::DefinitionError;

const WHOLE: &str = r#"
id = "kestrel"
name = "Kestrel <Linux>; & more, \\ \"öäü\""
vendor = "Kestrel Foundation"
url = "https://kestrel.example/life"
updated = 2026-01-15

[[major]]
version = 8
[[major.phase]]
kind = "full"
begins = 2019-05-07
ends = 2029-05-31
promises = { security = "Low" }

[[major]]
version = 9
upstream = { name = "Upstream 9", ends = 2027-05-31, then = "own backports" }
[[major.phase]]
kind = "full"
begins = "2022-05-17"
ends = 2027-05-31
promises = { security = "Low", bugfixes = true, features = true, rebases = true, packages = true }
[[major.phase]]
kind = "maintenance"
begins = 2027-06-01
ends = 2032-05-31
promises = { security = "Important" }
maintainer = "Kestrel Foundation"
[[major.phase]]
kind = "extended"
begins = 2032-06-01
ends = 2034-05-31
promises = {}
maintainer = "Kestrel Foundation"
[[major.minor]]
version = 0
released = 2022-05-17
[[major.minor]]
version = 4
released = 2024-05-09
ends = 2024-11-12
[[major.minor]]
version = 7
released = 2026-01-16
[[major.stream]]
name = "nodejs:20"
ends = 2026-04-30
[[major.stream]]
name = "postgresql16"
released = 2025-01-01
outlives = true
rolling = true
ends = 2035-11-09
sources = ["postgresql16"]
packages = ["pg16-contrib"]
upstream = { name = "PostgreSQL", ends = 2028-11-09 }
maintainer = "Kestrel Foundation"
[[major.repository]]
name = "CRB"
ends = 2032-05-31
"#;

fn read(text: &str) -> Result<Lifecycle, DefinitionError> {
    parse(text, Path::new("lifecycle.toml"))
}

fn whole() -> Lifecycle {
    read(WHOLE).unwrap()
}

/// Line, message and hint.
fn refused(text: &str) -> (usize, String, String) {
    match read(text) {
        Err(DefinitionError::Wrong { line, message, hint, .. }) => (line, message, hint),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_declared_is_read() {
    let lifecycle = whole();
    assert_eq!((lifecycle.majors.len(), lifecycle.updated.to_string().as_str()), (2, "2026-01-15"));
    let major = &lifecycle.majors[1];
    assert_eq!(major.upstream.as_ref().unwrap().then, "own backports");
    assert_eq!(major.phases[0].begins.to_string(), "2022-05-17");
    assert!(major.phases[0].promises.rebases && !major.phases[1].promises.bugfixes);
    assert_eq!(major.streams[0].ends.unwrap().to_string(), "2026-04-30");
    assert!(major.streams[1].outlives && major.streams[1].packages.contains("pg16-contrib"));
    assert_eq!(major.repositories[0].name, "CRB");
}

#[test]
fn faults_have_their_place_and_a_way_out() {
    for (from, to, line, message, hint) in [
        ("2019-05-07", "2019-05-32", 12, "", ""),
        ("\"2022-05-17\"", "\"soon\"", 21, "`soon` is no date", ""),
        ("\"2022-05-17\"", "7", 21, "`7` is no date", ""),
        (
            "begins = 2027-06-01",
            "begins = 2027-06-03",
            26,
            "nothing is promised from 2027-06-01 to 2027-06-02",
            "leave no gap",
        ),
        ("begins = 2027-06-01", "begins = 2027-05-31", 26, "`full` ends on 2027-05-31", "do not overlap"),
        ("ends = 2034-05-31", "ends = 2031-05-31", 33, "before it begins", "last day"),
        (
            "maintainer = \"Kestrel Foundation\"\n[[major.phase]]",
            "[[major.phase]]",
            24,
            "nobody is named who maintains it then",
            "name the maintainer",
        ),
        (
            "kind = \"extended\"",
            "kind = \"extend\"",
            31,
            "unknown variant `extend`",
            "did you mean `extended`?",
        ),
        (
            "security = \"Important\"",
            "security = \"Importnt\"",
            28,
            "unknown variant `Importnt`",
            "did you mean `Important`?",
        ),
        ("rolling = true", "roling = true", 53, "unknown field `roling`", "did you mean `rolling`?"),
        ("outlives = true\n", "", 53, "after the last phase", "outlives = true"),
        ("version = 4", "version = 0", 40, "`0` is there twice", ""),
        ("name = \"nodejs:20\"", "name = \"nodejs 20\"", 47, "can't be a stream's name", "name:stream"),
        ("id = \"kestrel\"", "id = \"Kestrel\"", 2, "can't be an id", "lower-case"),
        ("version = 8", "version = 10", 17, "9 comes after a later one", "oldest first"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let (found, text, way) = refused(&WHOLE.replacen(from, to, 1));
        assert_eq!(found, line, "{to}: {text}");
        assert!(text.contains(message) && way.contains(hint), "{to}: {text}: {way}");
    }
}

#[test]
fn the_published_document_is_read_back() {
    let json = to_json(&whole()).unwrap();
    let back = |text: &str| read_json(Document::new("lifecycle.json", text.as_bytes()));
    assert_eq!(back(&json).unwrap(), whole());
    for (from, to, expected) in [
        (
            "\"schema_version\": 1",
            "\"schema_version\": 2",
            "lifecycle.json, schema_version: 2 is not known: this program reads 1",
        ),
        (
            "2027-06-01",
            "2027-06-02",
            "lifecycle.json, lifecycle.majors[1].phases[1].begins: nothing is promised from 2027-06-01 to 2027-06-01",
        ),
        (
            "2027-06-01",
            "2027-06-31",
            "lifecycle.json, lifecycle.majors[1].phases[1].begins: `2027-06-31` is no date",
        ),
        (
            "\"rolling\"",
            "\"roling\"",
            "lifecycle.json, lifecycle.majors[1].streams[1].roling: unknown field `roling`",
        ),
        ("\"schema_version\": 1,", "", "lifecycle.json: missing field `schema_version`"),
    ] {
        assert!(json.contains(from), "{from}");
        let said = back(&json.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn cycles_are_what_others_read() {
    let cycles: serde_json::Value = serde_json::from_str(&to_endoflife(&whole()).unwrap()).unwrap();
    assert_eq!(
        cycles[0],
        serde_json::json!({
            "cycle": "9", "releaseDate": "2022-05-17", "eol": "2032-05-31", "support": "2027-05-31",
            "extendedSupport": "2034-05-31", "latest": "9.4", "latestReleaseDate": "2024-05-09", "lts": false,
            "link": "https://kestrel.example/life",
        })
    );
    assert_eq!(
        cycles[1],
        serde_json::json!({
            "cycle": "8", "releaseDate": "2019-05-07", "eol": "2029-05-31", "support": "2029-05-31", "lts": false,
            "link": "https://kestrel.example/life",
        })
    );
}

#[test]
fn the_feed_has_folded_lines_and_stable_names() {
    let feed = to_ics(&whole());
    assert!(feed.ends_with("\r\nEND:VCALENDAR\r\n"));
    for line in feed.split("\r\n") {
        assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line}");
    }
    let unfolded = feed.replace("\r\n ", "");
    for line in [
        "UID:9/phase-ends/full@kestrel.lifecycle",
        "DTSTAMP:20260115T000000Z",
        "DTSTART;VALUE=DATE:20270531",
        "SUMMARY:Kestrel <Linux>\\; & more\\, \\\\ \"öäü\" 9: full support ends",
        "DESCRIPTION:Until 2032-05-31: security fixes from Important.\\nMaintained by Kestrel Foundation.",
    ] {
        assert!(unfolded.contains(&format!("{line}\r\n")), "{line} is not in {unfolded}");
    }
    let uids = |feed: &str| -> Vec<String> {
        feed.split("\r\n").filter(|line| line.starts_with("UID:")).map(str::to_owned).collect()
    };
    let mut moved = whole();
    moved.majors[1].streams[0].ends = Some("2026-05-31".parse().unwrap());
    let (mut before, mut after) = (uids(&unfolded), uids(&to_ics(&moved).replace("\r\n ", "")));
    before.sort();
    after.sort();
    assert_eq!(before, after);
    before.dedup();
    assert_eq!(before, after, "no name is there twice");
}

#[test]
fn the_drawing_is_well_formed_and_has_everything() {
    let svg = to_svg(&whole());
    let mut reader = quick_xml::Reader::from_str(&svg);
    let (mut titles, mut bars, mut depth) = (Vec::new(), 0, 0);
    let mut in_title = false;
    loop {
        use quick_xml::events::Event;
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                depth += 1;
                in_title = tag.name().as_ref() == "title";
                if in_title {
                    titles.push(String::new());
                }
            }
            Event::End(_) => (depth, in_title) = (depth - 1, false),
            Event::Empty(tag) => {
                let class = tag.try_get_attribute("class").unwrap();
                bars += usize::from(class.is_some_and(|class| class.value.as_ref() == "bar"));
                tag.attributes().for_each(|attribute| drop(attribute.unwrap()));
            }
            Event::Text(text) if in_title => titles.last_mut().unwrap().push_str(&text.xml10_content()),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((depth, bars), (0, 6), "four phases and two streams");
    let has =
        |text: &str| assert!(titles.iter().any(|title| title.contains(text)), "{text} is not in {titles:?}");
    has(
        "9: maintenance support from 2027-06-01 to 2032-05-31: security fixes from Important; maintained by Kestrel Foundation",
    );
    has("9.4, released on 2024-05-09, ends on 2024-11-12");
    has("9: stream nodejs:20 from 2022-05-17 to 2026-04-30");
    has("9: sources come from Upstream 9 until 2027-05-31; then: own backports");
    assert!(svg.contains("Kestrel &lt;Linux&gt;; &amp; more"), "{svg}");
}

/// Some day from 1990 on.
fn day(days: u32) -> Date {
    "1990-01-01".parse::<Date>().unwrap().plus(days)
}

prop_compose! {
    fn a_stream()(
        module in any::<bool>(), ends in proptest::option::of(0u32..=900), rolling in any::<bool>(),
        packages in proptest::collection::btree_set("[a-z0-9+._-]{1,6}", 1..4), begins in any::<bool>(),
    ) -> (bool, Option<u32>, bool, std::collections::BTreeSet<String>, bool) {
        (module, ends, rolling, packages, begins)
    }
}

prop_compose! {
    /// Whatever can be: each end is a part of the life that there is.
    fn a_lifecycle()(
        name in "[^\\p{C}]{0,20}x", first in 0u32..20_000, lengths in proptest::collection::vec(1u32..5000, 1..=3),
        minors in proptest::collection::vec(any::<bool>(), 0..5), streams in proptest::collection::vec(a_stream(), 0..5),
        promises in any::<[bool; 4]>(), upstream in any::<bool>(), majors in 1u32..4,
    ) -> Lifecycle {
        let ends = first + lengths.iter().sum::<u32>() - 1;
        let of_life = |share: u32| day(first + share * (ends - first) / 1000);
        let mut begins = first;
        let phases = PhaseKind::ALL.into_iter().zip(&lengths).map(|(kind, length)| {
            let phase = Phase {
                kind, begins: day(begins), ends: day(begins + length - 1),
                promises: Promises {
                    security: promises[0].then_some(heirloom_model::advisory::Severity::Moderate),
                    bugfixes: promises[1], features: promises[2], rebases: promises[3], packages: promises[0],
                },
                maintainer: name.clone(),
            };
            begins += length;
            phase
        }).collect();
        let minors = minors.iter().enumerate().map(|(number, has_end)| {
            let released = day(first).plus(u32::try_from(number).unwrap());
            Minor { version: u32::try_from(number).unwrap(), released, ends: has_end.then(|| released.max(day(ends))) }
        });
        let minors = minors.filter(|minor| minor.released <= day(ends)).collect();
        let streams = streams.into_iter().enumerate().map(|(number, (module, ends, rolling, packages, begins))| Stream {
            name: if module { format!("m:{number}") } else { format!("s{number}") },
            released: begins.then(|| day(first)), ends: ends.map(of_life), outlives: false, rolling,
            sources: std::collections::BTreeSet::new(),
            packages: packages.into_iter().map(|package| format!("{number}{package}")).collect(),
            upstream: upstream.then(|| Upstream { name: name.clone(), ends: day(first), then: String::new() }),
            maintainer: name.clone(),
        }).collect();
        let major = Major {
            version: 0, upstream: upstream.then(|| Upstream { name: name.clone(), ends: day(first), then: name.clone() }),
            phases, minors, streams, repositories: vec![Repository { name: "BaseOS".to_owned(), ends: Some(day(ends)) }],
        };
        Lifecycle {
            id: "kestrel".to_owned(), name: name.clone(), vendor: name.clone(), url: String::new(), updated: day(first),
            majors: (0..majors).map(|version| Major { version, ..major.clone() }).collect(),
        }
    }
}

proptest! {
    #[test]
    fn what_is_published_is_read_back_equal(lifecycle in a_lifecycle()) {
        lifecycle.check().unwrap();
        let json = to_json(&lifecycle).unwrap();
        prop_assert_eq!(&read_json(Document::new("d", json.as_bytes())).unwrap(), &lifecycle);
        // The other forms are made of anything that can be.
        prop_assert!(to_ics(&lifecycle).split("\r\n").all(|line| line.len() <= 75));
        let svg = to_svg(&lifecycle);
        let mut reader = quick_xml::Reader::from_str(&svg);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }

    #[test]
    fn never_panics(cut in 0usize..2000, junk in "\\PC{0,8}") {
        let mut cut = cut.min(WHOLE.len());
        while !WHOLE.is_char_boundary(cut) {
            cut -= 1;
        }
        let text = format!("{}{junk}{}", &WHOLE[..cut], &WHOLE[cut..]);
        let _ = read(&text);
        let _ = read_json(Document::new("d", text.as_bytes()));
    }
}
