use std::collections::BTreeSet;

use heirloom_formats::evr::compare;
use heirloom_model::Nevra;
use heirloom_model::advisory::Vulnerability;
use heirloom_model::stream::StreamId;
use jiff::Timestamp;

use super::*;

/// An advisory of these fixes and vulnerabilities.
fn advisory(id: &str, fixed: Vec<Fixed>, cves: &[&str]) -> Advisory {
    let vulnerability = |id: &&str| Vulnerability {
        id: id.parse().unwrap(),
        title: String::new(),
        severity: None,
        cvss: Vec::new(),
        weakness: None,
    };
    Advisory {
        id: id.parse().unwrap(),
        kind: AdvisoryKind::Security,
        severity: Some(Severity::Important),
        title: String::new(),
        description: String::new(),
        solution: String::new(),
        rights: String::new(),
        issued: Timestamp::UNIX_EPOCH,
        updated: Timestamp::UNIX_EPOCH,
        withdrawn: None,
        suggestions: BTreeSet::new(),
        vulnerabilities: cves.iter().map(vulnerability).collect(),
        ratings: Vec::new(),
        references: Vec::new(),
        fixed,
        related: Vec::new(),
        history: Vec::new(),
    }
}

fn evr(text: &str) -> Evr {
    text.parse().unwrap()
}

fn fix(name: &str, version: &str) -> Fixed {
    Fixed::new(name, evr(version), None).unwrap().of_major("9")
}

fn arch_fix(name: &str, version: &str, arch: &str) -> Fixed {
    Fixed::new(name, evr(version), Some(arch)).unwrap().of_major("9")
}

fn package(name: &str, version: &str) -> InstalledPackage {
    InstalledPackage::new(name, evr(version), Some("x86_64")).unwrap()
}

fn of(mut package: InstalledPackage, module: &str) -> InstalledPackage {
    package.module = Some(StreamId::parse(module).unwrap());
    package
}

fn machine(packages: Vec<InstalledPackage>) -> Machine {
    Machine { major: "9".to_owned(), packages }
}

/// How a machine with one package stands to one advisory.
fn need(package: InstalledPackage, fixed: Vec<Fixed>) -> Option<Need> {
    let advisories = [advisory("A-1", fixed, &[])];
    let machine = machine(vec![package]);
    Auditor::new(&advisories, compare).audit(&machine).concerns.first().map(|one| one.need)
}

const NEEDS: Option<Need> = Some(Need::Affected);
const HAS: Option<Need> = Some(Need::Fixed);
const UNKNOWN: Option<Need> = Some(Need::Undecided);

#[test]
fn versions_are_compared_as_rpm_does() {
    for (installed, first_fixed, expected) in [
        ("1-1", "2-1", NEEDS),
        ("2-1", "2-1", HAS),
        ("2-2", "2-1", HAS),
        ("9-1", "10-1", NEEDS),
        ("2-1", "1:1-1", NEEDS),
        ("1:1-1", "2-1", HAS),
        ("0:2-1", "2-1", HAS),
        ("2~rc1-1", "2-1", NEEDS),
        ("2^git1-1", "2-1", HAS),
        ("2-1~", "2-1", NEEDS),
        ("2-1^", "2-1", HAS),
        ("2-1.el9_4", "2-1.el9_6", NEEDS),
        ("2-1.el9", "2-1.el9_4.1", NEEDS),
        ("2.0-1", "2.00-1", HAS),
    ] {
        assert_eq!(
            need(package("a", installed), vec![fix("a", first_fixed)]),
            expected,
            "{installed} {first_fixed}"
        );
    }
    assert_eq!(need(package("b", "1-1"), vec![fix("a", "2-1")]), None);
}

#[test]
fn what_is_older_than_the_fault_is_not_concerned() {
    let range = |since: &str, fixed: &str| fix("a", fixed).since(Some(evr(since)));
    let two = || vec![range("1-1", "1-5"), range("2-1", "2-5")];
    for (installed, expected) in [
        ("0-1", None),
        ("1-1", NEEDS),
        ("1-5", HAS),
        ("1-9", HAS),
        ("2-0", HAS),
        ("2-1", NEEDS),
        ("2-5", HAS),
        ("3-1", HAS),
    ] {
        assert_eq!(need(package("a", installed), two()), expected, "{installed}");
    }
}

#[test]
fn architecture_and_major_version() {
    assert_eq!(need(package("a", "1-1"), vec![arch_fix("a", "2-1", "x86_64")]), NEEDS);
    assert_eq!(need(package("a", "1-1"), vec![arch_fix("a", "2-1", "aarch64")]), None);
    assert_eq!(need(package("a", "1-1"), vec![fix("a", "2-1")]), NEEDS, "a fix of any architecture");
    let anywhere = InstalledPackage::new("a", evr("1-1"), None).unwrap();
    assert_eq!(need(anywhere, vec![arch_fix("a", "2-1", "aarch64")]), NEEDS, "of which none is known");
    // One architecture has its fix later than another.
    let both = || vec![arch_fix("a", "2-1", "x86_64"), arch_fix("a", "2-2", "aarch64")];
    assert_eq!(need(package("a", "2-1"), both()), HAS);
    assert_eq!(need(package("a", "1-1"), vec![fix("a", "2-1").of_major("8")]), None);
    assert_eq!(
        need(package("a", "1-1"), vec![fix("a", "2-1").of_major("")]),
        NEEDS,
        "of no known major version"
    );
    let advisories = [advisory("A-1", vec![fix("a", "2-1").of_major("8")], &[])];
    let unknown = Machine { major: String::new(), packages: vec![package("a", "1-1")] };
    assert_eq!(Auditor::new(&advisories, compare).audit(&unknown).concerns.len(), 1);
}

#[test]
fn streams_of_modules() {
    let modular = |version: &str, module: &str| fix("a", version).of_module(StreamId::parse(module));
    let plain = || package("a", "1-1");
    assert_eq!(need(of(plain(), "m:1:5:c"), vec![modular("2-1", "m:1:6:d")]), NEEDS, "another context");
    assert_eq!(need(of(plain(), "m:1"), vec![modular("2-1", "m:2")]), None, "another stream");
    assert_eq!(need(of(plain(), "m:1"), vec![modular("2-1", "n:1")]), None, "another module");
    assert_eq!(need(plain(), vec![modular("2-1", "m:1")]), None, "not of a module");
    assert_eq!(need(of(plain(), "m:1"), vec![fix("a", "2-1")]), None, "a fix outside of modules");
    let streams = || vec![modular("2-1", "m:1"), modular("6-1", "m:5")];
    assert_eq!(need(of(package("a", "5-1"), "m:5"), streams()), NEEDS);
    assert_eq!(need(of(package("a", "3-1"), "m:1"), streams()), HAS);

    // Where a stream is not said, the release still tells that it is of one.
    let modular_release = || package("a", "1-1.module+el9+1+ab");
    assert_eq!(need(modular_release(), vec![modular("2-1", "m:1")]), UNKNOWN);
    assert_eq!(need(modular_release(), vec![fix("a", "2-1")]), None);
    assert_eq!(need(of(plain(), "m:1"), vec![fix("a", "2-1.module_el9+1+ab")]), UNKNOWN);
    assert_eq!(need(plain(), vec![fix("a", "2-1.module_el9+1+ab")]), None);
    assert_eq!(need(package("a", "3-1.module+el9+1+ab"), vec![modular("2-1", "m:1")]), None);
}

/// Builds of one module for two contexts, and fixes for two minor releases: each is one.
#[test]
fn several_fixed_versions_in_one_stream() {
    let stream = StreamId::parse("m:1");
    let contexts = || {
        ["2-1.module+el9+1+aaaa", "2-1.module+el9+1+bbbb"]
            .map(|version| fix("a", version).of_module(stream.clone()))
    };
    for version in ["2-1.module+el9+1+aaaa", "2-1.module+el9+1+bbbb"] {
        assert_eq!(need(of(package("a", version), "m:1"), contexts().to_vec()), HAS, "{version}");
    }
    assert_eq!(need(of(package("a", "2-1"), "m:1"), contexts().to_vec()), NEEDS);
    let minors = || vec![fix("a", "2-1.el9_2.5"), fix("a", "2-1.el9_4.1")];
    assert_eq!(need(package("a", "2-1.el9_2.5"), minors()), HAS);
    assert_eq!(need(package("a", "2-1.el9_2.6"), minors()), NEEDS, "nobody says that this has it");
    assert_eq!(need(package("a", "2-1.el9_4.1"), minors()), HAS);
    let advisories = [advisory("A-1", minors(), &[])];
    let old = machine(vec![package("a", "1-1")]);
    let audit = Auditor::new(&advisories, compare).audit(&old);
    assert_eq!(audit.concerns[0].packages[0].fixed.evr(), &evr("2-1.el9_2.5"), "the nearest");
}

#[test]
fn later_advisories_of_the_same_package() {
    let advisories = [
        advisory("A-1", vec![fix("a", "2-1")], &["CVE-2026-0001"]),
        advisory("A-2", vec![fix("a", "3-1")], &["CVE-2026-0002", "CVE-2026-0001"]),
        advisory("A-3", vec![fix("a", "4-1")], &["CVE-2026-0003"]),
    ];
    let auditor = Auditor::new(&advisories, compare);
    let stands = |version: &str| {
        let machine = machine(vec![package("a", version)]);
        let audit = auditor.audit(&machine);
        let needs: Vec<_> = audit.concerns.iter().map(|one| one.need).collect();
        let exposed: Vec<_> =
            audit.exposures().into_iter().map(|one| (one.need, one.advisories.len())).collect();
        (needs, exposed)
    };
    use Need::{Affected, Fixed};
    assert_eq!(stands("1-1"), (vec![Affected; 3], vec![(Affected, 2), (Affected, 1), (Affected, 1)]));
    // The first fix of the vulnerability was not whole: a later advisory names it again.
    assert_eq!(
        stands("2-1"),
        (vec![Fixed, Affected, Affected], vec![(Affected, 2), (Affected, 1), (Affected, 1)])
    );
    assert_eq!(stands("3-1"), (vec![Fixed, Fixed, Affected], vec![(Fixed, 2), (Fixed, 1), (Affected, 1)]));
    assert_eq!(stands("4-1"), (vec![Fixed; 3], vec![(Fixed, 2), (Fixed, 1), (Fixed, 1)]));
}

#[test]
fn withdrawn_advisories_say_nothing_and_rejected_vulnerabilities_are_told_once() {
    let mut withdrawn = advisory("A-1", vec![fix("a", "2-1")], &["CVE-2026-0001"]);
    withdrawn.withdrawn = Some(Timestamp::UNIX_EPOCH);
    let mut rejected = advisory("A-2", vec![fix("a", "2-1"), fix("b", "2-1")], &["CVE-2026-0002"]);
    rejected.vulnerabilities[0].title = "** REJECT ** not used".to_owned();
    rejected.vulnerabilities[0].severity = Some(Severity::Low);
    let again = advisory("A-3", vec![fix("b", "3-1")], &["CVE-2026-0002"]);
    let advisories = [withdrawn, rejected, again];
    let machine = machine(vec![package("a", "1-1"), package("b", "1-1")]);
    let audit = Auditor::new(&advisories, compare).audit(&machine);
    let ids: Vec<_> = audit.concerns.iter().map(|one| one.advisory.id.as_str()).collect();
    assert_eq!(ids, ["A-2", "A-3"]);
    assert_eq!(audit.concerns[0].packages.len(), 2);
    let exposures = audit.exposures();
    assert_eq!(exposures.len(), 1);
    assert_eq!((exposures[0].severity, exposures[0].advisories.len()), (Some(Severity::Low), 2));
}

#[test]
fn an_advisory_of_a_source_package() {
    let built = |name: &str, version: &str, source: &str| {
        let mut package = package(name, version);
        package.source = Some(source.parse::<Nevra>().unwrap());
        package
    };
    let of_source = || vec![fix("lib", "1:3-2")];
    assert_eq!(need(built("lib-libs", "1:3-1", "lib-3-1.src"), of_source()), NEEDS);
    assert_eq!(need(built("lib-libs", "1:3-2", "lib-3-2.src"), of_source()), HAS);
    // A version of its own says nothing of its source's, whose epoch no file name has.
    assert_eq!(need(built("lib-tool", "77-1", "lib-3-1.src"), of_source()), NEEDS);
    assert_eq!(need(built("lib-tool", "77-1", "lib-3-2.src"), of_source()), HAS);
    // What is named itself is judged by that.
    let both = || vec![fix("lib", "1:3-2"), fix("lib-libs", "9-1")];
    assert_eq!(need(built("lib-libs", "9-1", "lib-3-1.src"), both()), HAS);
    // A binary package of an architecture, or of a known source, is no source package.
    assert_eq!(
        need(built("lib-libs", "1:3-1", "lib-3-1.src"), vec![arch_fix("lib", "1:3-2", "x86_64")]),
        None
    );
    let known = fix("lib", "1:3-2").of_source(Some("lib-1:3-2.src".parse().unwrap()));
    assert_eq!(need(built("lib-libs", "1:3-1", "lib-3-1.src"), vec![known]), None);
}

#[test]
fn a_version_that_stays_beside_a_fixed_one_is_marked() {
    let advisories = [advisory("A-1", vec![fix("kernel", "2-1")], &[])];
    let auditor = Auditor::new(&advisories, compare);
    let machine = machine(vec![package("kernel", "1-1"), package("kernel", "2-1")]);
    let audit = auditor.audit(&machine);
    assert_eq!(audit.concerns[0].need, Need::Affected);
    let beside: Vec<_> = audit.concerns[0].packages.iter().map(|one| (one.need, one.beside_fixed)).collect();
    assert_eq!(beside, [(Need::Affected, true), (Need::Fixed, false)]);
}

#[test]
fn probes_are_just_before_at_and_just_beyond() {
    for text in ["1-1", "1:2.0-1.el9", "1~rc1-0.1~", "1^git-1^", "2-1.module+el9+1+ab", "1-a_"] {
        let at = evr(text);
        let (before, beyond) = (probe::before(&at, compare).unwrap(), probe::beyond(&at, compare).unwrap());
        assert!(compare(&before, &at).is_lt() && compare(&at, &beyond).is_lt(), "{before} {at} {beyond}");
        // What an update would be called lies beyond all of them.
        let next = evr(&format!("{text}.1"));
        assert!(compare(&beyond, &next).is_lt() || text.ends_with(['~', '^', '_']), "{beyond} {next}");
    }
    let stream = StreamId::parse("m:1");
    let advisories = [advisory(
        "A-1",
        vec![fix("a", "2-1").of_module(stream), arch_fix("b", "2-1", "noarch").since(Some(evr("1-1")))],
        &[],
    )];
    let all: Vec<Machine> = probes(&advisories, &["x86_64", "aarch64"], compare).collect();
    // Three versions, two architectures, with the stream and without; six versions of the other package.
    assert_eq!(all.len(), 3 * 2 * 2 + 6);
    assert!(all.iter().all(|machine| machine.packages.len() == 1 && machine.major == "9"));
}

#[test]
fn formats_that_differ_are_found() {
    let record = || {
        vec![
            advisory(
                "A-1",
                vec![arch_fix("a", "2-1", "x86_64"), arch_fix("b", "2-1", "x86_64")],
                &["CVE-2026-0001"],
            ),
            advisory("A-2", vec![arch_fix("a", "3-1", "x86_64")], &["CVE-2026-0002"]),
            Advisory {
                kind: AdvisoryKind::Bugfix,
                ..advisory("B-1", vec![arch_fix("a", "4-1", "x86_64")], &[])
            },
        ]
    };
    let differences = |other: &[Advisory]| {
        let own = record();
        let formats = [
            Published { format: "osv", advisories: &own, is_security_alone: false },
            Published { format: "oval", advisories: other, is_security_alone: true },
        ];
        let crosscheck = Crosscheck::new(formats, compare);
        let mut found: BTreeSet<String> = BTreeSet::new();
        for machine in probes(&own, &["x86_64"], compare) {
            found.extend(crosscheck.differences(&machine).iter().map(|one| one.subject.to_string()));
        }
        found.into_iter().collect::<Vec<_>>()
    };
    let without_bugfix = |change: &dyn Fn(&mut Vec<Advisory>)| {
        let mut other = record();
        other.retain(|one| one.kind == AdvisoryKind::Security);
        change(&mut other);
        other
    };
    assert_eq!(differences(&without_bugfix(&|_| {})), Vec::<String>::new());
    // The whole machine would not show it: another package of the same advisory is as old.
    let lost = without_bugfix(&|all| drop(all[0].fixed.pop()));
    assert_eq!(differences(&lost), ["A-1", "CVE-2026-0001"]);
    let later = without_bugfix(&|all| all[1].fixed = vec![arch_fix("a", "3-1^", "x86_64")]);
    assert_eq!(differences(&later), ["A-2", "CVE-2026-0002"]);
    let fewer = without_bugfix(&|all| all[1].vulnerabilities.clear());
    assert_eq!(differences(&fewer), ["CVE-2026-0002"]);
    let withdrawn = without_bugfix(&|all| all[0].withdrawn = Some(Timestamp::UNIX_EPOCH));
    assert_eq!(differences(&withdrawn), ["A-1", "CVE-2026-0001"]);
    let streams = without_bugfix(&|all| {
        all[1].fixed = vec![arch_fix("a", "3-1", "x86_64").of_module(StreamId::parse("m:1"))];
    });
    assert_eq!(differences(&streams), ["A-2", "CVE-2026-0002"]);
}

/// Thousands of advisories on thousands of packages: each is only held against what has its name.
#[test]
fn many_advisories_and_packages() {
    let advisories: Vec<Advisory> = (0..5000)
        .map(|number| {
            let fixes =
                (0..10).map(|other| arch_fix(&format!("p{}", (number * 7 + other) % 3000), "2-1", "x86_64"));
            advisory(&format!("A-{number}"), fixes.collect(), &["CVE-2026-0001"])
        })
        .collect();
    let auditor = Auditor::new(&advisories, compare);
    let machine = machine((0..2000).map(|number| package(&format!("p{number}"), "1-1")).collect());
    let audit = auditor.audit(&machine);
    let hits: usize = audit.concerns.iter().map(|one| one.packages.len()).sum();
    let expected: usize = advisories
        .iter()
        .flat_map(|one| &one.fixed)
        .filter(|fixed| fixed.name()[1..].parse::<u32>().unwrap() < 2000)
        .count();
    assert_eq!(hits, expected);
    assert_eq!(audit.exposures().len(), 1);
}
