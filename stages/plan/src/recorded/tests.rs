use heirloom_model::{Digest, RecordedFormat};

use super::*;
use crate::{Offer, base, buildroot};

const MD5: &str = "dc6edb2b7e390e5f0994267d22b9dc1a";

fn list(text: &str) -> Vec<Dependency> {
    text.split(',').filter(|dep| !dep.trim().is_empty()).map(|dep| dep.trim().parse().unwrap()).collect()
}

/// `nevra | requires | provides | conflicts`, made by a source named like it without `-devel`.
fn package(text: &str) -> Package {
    let mut parts = text.split('|').map(str::trim);
    let nevra: Nevra = parts.next().unwrap().parse().unwrap();
    let [requires, provides, conflicts] = [(); 3].map(|()| list(parts.next().unwrap_or("")));
    let name = nevra.name().trim_end_matches("-devel");
    let none: Vec<Dependency> = Vec::new();
    serde_json::from_value(serde_json::json!({
        "nevra": nevra, "digest": Digest::of(text.as_bytes()), "size": 1, "source_rpm": format!("{name}-1-1.src.rpm"),
        "provides": provides, "requires": requires, "conflicts": conflicts, "obsoletes": none, "recommends": none,
        "suggests": none, "supplements": none, "enhances": none, "files": none,
    }))
    .unwrap()
}

fn packages(lines: &[&str]) -> Vec<Package> {
    lines.iter().map(|line| package(line)).collect()
}

fn recorded(names: &[&str]) -> RecordedBuildroot {
    RecordedBuildroot {
        format: RecordedFormat::MockLock,
        arch: None,
        packages: names.iter().map(|name| RecordedPackage::new(name.parse().unwrap(), true)).collect(),
        bootstrap: Vec::new(),
        incomplete: None,
    }
}

/// Numbers, which is enough here: rpm's order is another crate's.
fn compare(a: &Evr, b: &Evr) -> Ordering {
    let number = |text: &str| text.split('.').next().and_then(|text| text.parse::<u32>().ok());
    let key = |evr: &Evr| (evr.epoch(), number(evr.version()), number(evr.release()));
    key(a).cmp(&key(b))
}

/// Picks as `nevra < origin`, and deviations.
fn ask(
    recorded: &RecordedBuildroot,
    own: &[Package],
    bootstrap: &[Package],
    requires: &str,
) -> (Vec<String>, Vec<String>) {
    let available = [
        Available { origin: Origin::Own, packages: own },
        Available { origin: Origin::Bootstrap, packages: bootstrap },
    ];
    let requires = list(requires);
    let rename = |nevra: &Nevra| nevra.to_string().replace(".el9", ".kestrel9").parse().unwrap();
    let sigmd5 = |package: &Package| (package.nevra.name() == "signed").then(|| "f".repeat(32));
    let question = Question {
        arch: "x86_64",
        recorded,
        available: &available,
        requires: &requires,
        compare,
        rename: Some(&rename),
        sigmd5: Some(&sigmd5),
    };
    let followed = follow(&question).unwrap();
    let picks = followed.picks.iter().map(|pick| format!("{} < {}", pick.package.nevra, pick.origin));
    (picks.collect(), followed.deviations.iter().map(ToString::to_string).collect())
}

#[test]
fn each_recorded_package_is_found_or_told() {
    let (own, boot) = ("own results", "the bootstrap repository");
    for (record, own_has, bootstrap_has, pick, deviation) in [
        ("a-1-1.noarch", &["a-1-1.noarch"][..], &["a-1-1.noarch"][..], Some(("a-1-1.noarch", own)), None),
        ("a-1-1.noarch", &["a-2-1.noarch"], &["a-1-1.noarch"], Some(("a-1-1.noarch", boot)), None),
        (
            "a-1-1.el9.noarch",
            &["a-1-1.kestrel9.noarch"],
            &["a-1-1.el9.noarch"],
            Some(("a-1-1.kestrel9.noarch", own)),
            Some(
                "a-1-1.el9.noarch is recorded, and a-1-1.kestrel9.noarch from own results is the same by the dist map",
            ),
        ),
        // The same upstream version before others, then the oldest of the newer ones, then the newest.
        (
            "a-2-3.noarch",
            &["a-3-1.noarch", "a-2-1.noarch"],
            &["a-2-2.noarch"],
            Some(("a-2-2.noarch", boot)),
            Some("a-2-3.noarch is recorded, a-2-2.noarch from the bootstrap repository is used"),
        ),
        (
            "a-2-1.noarch",
            &["a-1-9.noarch", "a-9-1.noarch"],
            &["a-3-1.noarch"],
            Some(("a-3-1.noarch", boot)),
            Some("a-2-1.noarch is recorded, a-3-1.noarch from the bootstrap repository is used"),
        ),
        (
            "a-9-1.noarch",
            &["a-1-1.noarch", "a-3-1.noarch"],
            &["a-3-1.noarch"],
            Some(("a-3-1.noarch", own)),
            Some("a-9-1.noarch is recorded, a-3-1.noarch from own results is used"),
        ),
        (
            "a-1-1.noarch",
            &["a-1-1.x86_64"],
            &["b-1-1.noarch", "a-1-1.src"],
            None,
            Some("a-1-1.noarch is recorded, and no version of it is to be had"),
        ),
    ] {
        let (picks, deviations) = ask(&recorded(&[record]), &packages(own_has), &packages(bootstrap_has), "");
        let pick = pick.map(|(nevra, origin)| format!("{nevra} < {origin}"));
        assert_eq!((picks, deviations), (Vec::from_iter(pick), Vec::from_iter(deviation.map(str::to_owned))));
    }
}

#[test]
fn an_epoch_that_is_not_stated_counts_for_nothing() {
    let has = packages(&["a-1:1-1.noarch", "b-1:3-1.noarch", "b-1:1-1.noarch"]);
    let mut record = recorded(&["a-1-1.noarch", "b-2-1.noarch"]);
    record.packages.iter_mut().for_each(|package| package.epoch_stated = false);
    let (picks, deviations) = ask(&record, &has, &[], "");
    assert_eq!(picks, ["a-1:1-1.noarch < own results", "b-1:3-1.noarch < own results"]);
    assert_eq!(deviations, ["b-2-1.noarch is recorded, b-1:3-1.noarch from own results is used"]);
    let stated = recorded(&["a-1-1.noarch"]);
    assert_eq!(
        ask(&stated, &has, &[], "").1,
        ["a-1-1.noarch is recorded, a-1:1-1.noarch from own results is used"]
    );
}

#[test]
fn other_digests_are_told_where_they_are_known() {
    let has = packages(&["hashed-1-1.noarch", "same-1-1.noarch", "signed-1-1.noarch", "unknown-1-1.noarch"]);
    let mut record =
        recorded(&["hashed-1-1.noarch", "same-1-1.noarch", "signed-1-1.noarch", "unknown-1-1.noarch"]);
    record.packages[0].digest = Some(Digest::of(b"other"));
    record.packages[1].digest = Some(has[1].digest);
    record.packages[2].sigmd5 = Some(MD5.to_owned());
    record.packages[3].sigmd5 = Some(MD5.to_owned());
    record.incomplete = Some("it says so".to_owned());
    let (_, deviations) = ask(&record, &has, &[], "");
    assert_eq!(deviations.len(), 3);
    assert_eq!(deviations[0], "the record is not the whole buildroot: it says so");
    assert!(
        deviations[1].starts_with("hashed-1-1.noarch from own results has SHA-256 "),
        "{}",
        deviations[1]
    );
    let signed =
        format!("signed-1-1.noarch from own results has SIGMD5 {}, {MD5} is recorded", "f".repeat(32));
    assert_eq!(deviations[2], signed);
}

#[test]
fn the_order_is_the_record_s_and_what_is_needed_is_added() {
    let own = packages(&["b-1-1.noarch | c", "a-1-1.noarch"]);
    let bootstrap = packages(&["c-1-1.noarch | d", "d-1-1.noarch", "e-1-1.noarch"]);
    let record = recorded(&["b-1-1.noarch", "a-1-1.noarch"]);
    let (picks, deviations) = ask(&record, &own, &bootstrap, "e");
    let boot = "the bootstrap repository";
    assert_eq!(
        picks,
        [
            "b-1-1.noarch < own results".to_owned(),
            "a-1-1.noarch < own results".to_owned(),
            format!("c-1-1.noarch < {boot}"),
            format!("d-1-1.noarch < {boot}"),
            format!("e-1-1.noarch < {boot}"),
        ]
    );
    let extra = |package: &str, because: &str| {
        format!("{package}-1-1.noarch from {boot} is not recorded, but needed: {because}")
    };
    assert_eq!(
        deviations,
        [
            extra("c", "b-1-1.noarch requires c"),
            extra("d", "c-1-1.noarch requires d"),
            extra("e", "BuildRequires: e"),
        ]
    );
}

#[test]
fn what_can_not_be_had_does_not_hide_what_can() {
    let own = packages(&["b-1-1.noarch | c, nowhere", "x-1-1.noarch || | y", "y-1-1.noarch"]);
    let bootstrap = packages(&["c-1-1.noarch"]);
    let record = recorded(&["b-1-1.noarch", "x-1-1.noarch", "y-1-1.noarch"]);
    let (picks, deviations) = ask(&record, &own, &bootstrap, "gone");
    assert_eq!(picks.len(), 4);
    assert_eq!(deviations.len(), 4, "{deviations:?}");
    assert_eq!(deviations[0], "x-1-1.noarch conflicts with y-1-1.noarch");
    assert!(
        deviations[1].starts_with("nothing provides `nowhere`, which b-1-1.noarch requires: "),
        "{deviations:?}"
    );
    assert!(deviations[2].starts_with("nothing provides `gone`, a build requirement: "), "{deviations:?}");
    assert!(deviations[3].starts_with("c-1-1.noarch from the bootstrap repository is not recorded"));
    assert!(deviations.iter().all(|deviation| !deviation.contains('\n')), "{deviations:?}");
}

#[test]
fn own_packages_are_needs_and_all_is_base() {
    let own = packages(&["zlib-devel-1-1.noarch", "sed-1-1.noarch"]);
    let bootstrap = packages(&["bash-1-1.noarch"]);
    let available = [
        Available { origin: Origin::Own, packages: &own },
        Available { origin: Origin::Bootstrap, packages: &bootstrap },
    ];
    let record = recorded(&["zlib-devel-1-1.noarch", "bash-1-1.noarch", "sed-1-1.noarch"]);
    let question = Question {
        arch: "x86_64",
        recorded: &record,
        available: &available,
        requires: &[],
        compare,
        rename: None,
        sigmd5: None,
    };
    let followed = follow(&question).unwrap();
    assert!(!followed.is_broken() && followed.deviations.is_empty());
    let needs = followed.needs(|package| package.source_name().map(str::to_owned));
    let needs: Vec<_> = needs.iter().map(|need| (&*need.package, &need.provider)).collect();
    let step = |name: &str| Provider::Step(name.into());
    assert_eq!(needs, [("sed", &step("sed")), ("zlib-devel", &step("zlib"))]);
    let names = |list: &[BuildrootPackage]| {
        list.iter().map(|package| package.nevra.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&followed.packages()), ["zlib-devel", "bash", "sed"]);
    let buildroot = followed.buildroot();
    assert_eq!(
        (names(&buildroot.base), buildroot.extra.len()),
        (vec!["bash".into(), "sed".into(), "zlib-devel".into()], 0)
    );
}

/// Against a frozen snapshot, its packages stand where own results stand.
#[test]
fn a_snapshot_takes_the_place_of_own_results() {
    let bootstrap = packages(&["gcc-1-1.noarch"]);
    let snapshot = packages(&["readline-devel-2-1.noarch | ncurses", "ncurses-2-1.noarch"]);
    let group = ["gcc".to_owned()];
    let base = base("x86_64", &bootstrap, &group).unwrap();
    let offer = Offer {
        arch: "x86_64",
        bootstrap: &bootstrap,
        earlier: &[],
        base: &base,
        own_base: false,
        results: &snapshot,
    };
    let root = buildroot(&offer, "bc", &list("readline-devel")).unwrap();
    let extra: Vec<_> = root.extra.iter().map(|package| package.nevra.to_string()).collect();
    assert_eq!(extra, ["ncurses-2-1.noarch", "readline-devel-2-1.noarch"]);
}
