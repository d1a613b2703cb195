use super::super::{Lifecycle, Minor, PhaseKind, Promises, Repository};
use super::*;
use crate::advisory::Severity;

pub(in super::super) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn stream(name: &str, ends: &str) -> Stream {
    Stream {
        name: name.to_owned(),
        released: None,
        ends: Some(day(ends)),
        outlives: false,
        rolling: false,
        sources: BTreeSet::new(),
        packages: BTreeSet::new(),
        upstream: None,
        maintainer: String::new(),
    }
}

/// A distribution with everything in it.
pub(in super::super) fn kestrel() -> Lifecycle {
    let phase = |kind, begins, ends, maintainer: &str| Phase {
        kind,
        begins: day(begins),
        ends: day(ends),
        promises: Promises { security: Some(Severity::Low), bugfixes: true, ..Promises::default() },
        maintainer: maintainer.to_owned(),
    };
    let minor = |version, released, ends: Option<&str>| Minor {
        version,
        released: day(released),
        ends: ends.map(day),
    };
    let major = Major {
        version: 9,
        upstream: Some(Upstream {
            name: "Upstream 9".to_owned(),
            ends: day("2027-05-31"),
            then: String::new(),
        }),
        phases: vec![
            phase(PhaseKind::Full, "2022-05-17", "2027-05-31", ""),
            phase(PhaseKind::Maintenance, "2027-06-01", "2032-05-31", "Kestrel Foundation"),
            phase(PhaseKind::Extended, "2032-06-01", "2034-05-31", "Kestrel Foundation"),
        ],
        minors: vec![
            minor(0, "2022-05-17", None),
            minor(1, "2022-11-15", Some("2023-05-09")),
            minor(4, "2024-05-09", None),
        ],
        streams: vec![
            Stream {
                sources: names(&["sql16", "sql15"]),
                packages: names(&["sql16-server"]),
                upstream: Some(Upstream {
                    name: "SQL".to_owned(),
                    ends: day("2028-11-09"),
                    then: String::new(),
                }),
                ..stream("sql16", "2028-11-09")
            },
            stream("node:20", "2026-04-30"),
            Stream {
                released: Some(day("2025-01-01")),
                outlives: true,
                sources: names(&["kvm"]),
                maintainer: "KVM people".to_owned(),
                ..stream("kvm", "2036-12-31")
            },
        ],
        repositories: vec![
            Repository { name: "BaseOS".to_owned(), ends: None },
            Repository { name: "CRB".to_owned(), ends: Some(day("2032-05-31")) },
        ],
    };
    Lifecycle {
        id: "kestrel".to_owned(),
        name: "Kestrel Enterprise Linux".to_owned(),
        vendor: String::new(),
        url: "https://kestrel.example/life".to_owned(),
        updated: day("2026-01-15"),
        majors: vec![major],
    }
}

fn refused(change: impl FnOnce(&mut Lifecycle)) -> String {
    let mut lifecycle = kestrel();
    change(&mut lifecycle);
    lifecycle.check().unwrap_err().to_string()
}

#[test]
fn a_whole_one_is_right() {
    kestrel().check().unwrap();
}

#[test]
fn what_can_not_be_is_told_with_its_place() {
    type Change = fn(&mut Lifecycle);
    let cases: &[(Change, &str)] = &[
        (|it| it.id = "Kestrel".to_owned(), "id: `Kestrel` can't be an id"),
        (|it| it.name = " ".to_owned(), "name: it is empty"),
        (|it| it.name = "a\nb".to_owned(), "name: it has more than 300 characters, or more than one line"),
        (|it| it.url = "kestrel.example".to_owned(), "url: `kestrel.example` is no address"),
        (|it| it.majors.clear(), "majors: there is no major version"),
        (|it| it.updated = day("0026-01-01"), "updated: 0026-01-01 is not between 1990 and 2199"),
        (|it| it.majors.push(it.majors[0].clone()), "majors[1].version: `9` is there twice"),
        (|it| it.majors[0].phases.clear(), "majors[0].phases: 9 has no phase"),
        (
            |it| it.majors[0].phases[1].begins = day("2027-05-31"),
            "majors[0].phases[1].begins: `maintenance` begins on 2027-05-31, and `full` ends on 2027-05-31",
        ),
        (
            |it| it.majors[0].phases[1].begins = day("2027-06-04"),
            "majors[0].phases[1].begins: nothing is promised from 2027-06-01 to 2027-06-03, between `full` and `maintenance`",
        ),
        (
            |it| it.majors[0].phases[0].ends = day("2022-05-16"),
            "majors[0].phases[0].ends: `full` ends on 2022-05-16, before it begins on 2022-05-17",
        ),
        (
            |it| it.majors[0].phases[1].kind = PhaseKind::Full,
            "majors[0].phases[1].kind: `full` comes after `full`",
        ),
        (
            |it| it.majors[0].phases[2].maintainer.clear(),
            "majors[0].phases[2].maintainer: `extended` goes on until 2034-05-31, and Upstream 9 ends on 2027-05-31: nobody is named who maintains it then",
        ),
        (|it| it.majors[0].minors[1].version = 0, "majors[0].minors[1].version: `0` is there twice"),
        (
            |it| it.majors[0].minors[1].released = day("2022-05-17"),
            "majors[0].minors[1].released: 2022-05-17 is not after 2022-05-17, when the one before came out",
        ),
        (
            |it| it.majors[0].minors[1].ends = Some(day("2022-11-14")),
            "majors[0].minors[1].ends: it ends on 2022-11-14, before it is released on 2022-11-15",
        ),
        (
            |it| it.majors[0].streams[1].ends = Some(day("2034-06-01")),
            "majors[0].streams[1].ends: 2034-06-01 is after the last phase of the major version, which ends on 2034-05-31",
        ),
        (
            |it| it.majors[0].streams[1].outlives = true,
            "majors[0].streams[1].outlives: it is said to outlive the major version, and that ends later, on 2034-05-31",
        ),
        (
            |it| it.majors[0].streams[2].maintainer.clear(),
            "majors[0].streams[2].maintainer: it goes on after the last phase, and nobody is named who maintains it then",
        ),
        (
            |it| it.majors[0].streams[0].ends = None,
            "majors[0].streams[0].maintainer: `sql16` goes on until 2034-05-31, and SQL ends on 2028-11-09: nobody is named who maintains it then",
        ),
        (
            |it| it.majors[0].streams[2].sources = names(&["sql15"]),
            "majors[0].streams[2].sources: both `sql16` and `kvm` have `sql15`",
        ),
        (
            |it| it.majors[0].streams[2].name = "sql16".to_owned(),
            "majors[0].streams[2].name: `sql16` is there twice",
        ),
        (
            |it| it.majors[0].streams[1].name = "a:b:c".to_owned(),
            "majors[0].streams[1].name: `a:b:c` can't be a stream's name",
        ),
        (
            |it| it.majors[0].streams[1].name = "node".to_owned(),
            "majors[0].streams[1].name: `node` has no packages",
        ),
        (
            |it| it.majors[0].streams[0].packages = names(&["../x"]),
            "majors[0].streams[0].packages: `../x` can't be a package's name",
        ),
        (
            |it| it.majors[0].repositories[1].name = "BaseOS".to_owned(),
            "majors[0].repositories[1].name: `BaseOS` is there twice",
        ),
        (
            |it| it.majors[0].repositories[1].ends = Some(day("2035-01-01")),
            "majors[0].repositories[1].ends: 2035-01-01 is after the last phase of the major version, which ends on 2034-05-31",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(refused(change), *expected);
    }
}

#[test]
fn minors_end_by_themselves_or_with_the_next() {
    let major = &kestrel().majors[0];
    let ends = |version| major.minor_ends(version).map(|day| day.to_string());
    assert_eq!(ends(0).unwrap(), "2022-11-15");
    assert_eq!(ends(1).unwrap(), "2023-05-09");
    assert_eq!(ends(4).unwrap(), "2034-05-31");
    assert_eq!(ends(3), None);
    let newest = |today| major.newest_minor(day(today)).map(|minor| minor.version);
    assert_eq!((newest("2022-05-16"), newest("2024-05-08"), newest("2024-05-09")), (None, Some(1), Some(4)));
}

#[test]
fn promises_have_words() {
    let mut promises = Promises::default();
    assert_eq!((promises.words().as_str(), promises.fixes_anything()), ("nothing", false));
    promises.security = Some(Severity::Important);
    promises.rebases = true;
    assert_eq!(promises.words(), "security fixes from Important, rebases");
    use crate::advisory::AdvisoryKind::{Bugfix, Security};
    assert!(promises.has(Security, Some(Severity::Critical)) && promises.has(Security, None));
    assert!(!promises.has(Security, Some(Severity::Moderate)) && !promises.has(Bugfix, None));
}
