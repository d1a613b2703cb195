//! What is said of vulnerabilities: by advisories, by people, and when both speak.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeSet;

use heirloom_errata::{Here, VexMade, describe, vex, vex_differences, with_upstream};
use heirloom_model::advisory::vex::{
    DeclaredStatement, DeclaredVex, Justification, PackageScope, RejectedCve, Scope, Status, Vex,
};
use heirloom_model::advisory::{Advisory, AdvisoryKind, Cvss, Fixed, Severity, Vulnerability};
use heirloom_model::stream::StreamId;
use jiff::Timestamp;

fn day(text: &str) -> Timestamp {
    format!("{text}T00:00:00Z").parse().unwrap()
}

/// An advisory that fixes CVE-2026-0001 in tomcat-libs of 9, from the source package tomcat.
fn advisory(id: &str, issued: &str, severity: Severity) -> Advisory {
    let source = "tomcat-1:9.0-3.el9.src".parse().unwrap();
    let fixed = Fixed::new("tomcat-libs", "1:9.0-3.el9".parse().unwrap(), Some("noarch")).unwrap();
    Advisory {
        id: id.parse().unwrap(),
        kind: AdvisoryKind::Security,
        severity: Some(severity),
        title: "tomcat security update".to_owned(),
        description: String::new(),
        solution: String::new(),
        rights: String::new(),
        issued: day(issued),
        updated: day(issued),
        withdrawn: None,
        suggestions: BTreeSet::new(),
        vulnerabilities: vec![Vulnerability {
            id: "CVE-2026-0001".parse().unwrap(),
            title: "tomcat: a fault".to_owned(),
            severity: Some(severity),
            cvss: vec![Cvss {
                vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned(),
                tenths: Some(98),
            }],
            weakness: None,
        }],
        ratings: Vec::new(),
        references: Vec::new(),
        fixed: vec![fixed.of_major("9").of_source(Some(source))],
        related: Vec::new(),
        history: Vec::new(),
    }
}

fn declared(cve: &str, package: &str, status: Status, since: &str, line: usize) -> DeclaredStatement {
    let package = PackageScope::new(package, None).unwrap().of_major("9");
    DeclaredStatement { cve: cve.parse().unwrap(), package, status, since: day(since), line }
}

fn not_affected() -> Status {
    Status::NotAffected { justification: Some(Justification::ComponentNotPresent), impact: String::new() }
}

fn made(advisories: &[Advisory], statements: Vec<DeclaredStatement>) -> VexMade {
    vex(advisories, &DeclaredVex { statements, rejected: Vec::new() })
}

fn said(vex: &Vex) -> Vec<String> {
    vex.statements.iter().map(|one| format!("{} {}", one.scope, one.status.name())).collect()
}

fn findings(made: &VexMade) -> Vec<String> {
    made.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn fixed() {
    let all = [
        advisory("KESA-2026:1", "2026-01-02", Severity::Moderate),
        Advisory {
            fixed: vec![
                Fixed::new("tomcat", "10.1-1.el10".parse().unwrap(), Some("noarch")).unwrap().of_major("10"),
            ],
            ..advisory("KESA-2026:2", "2026-01-09", Severity::Important)
        },
        Advisory {
            withdrawn: Some(day("2026-02-01")),
            ..advisory("KESA-2026:3", "2026-01-10", Severity::Critical)
        },
    ];
    let made = made(&all, Vec::new());
    let [one] = &made.vex[..] else { panic!("{made:?}") };
    assert_eq!(said(one), ["tomcat-10.1-1.el10.noarch fixed", "tomcat-libs-1:9.0-3.el9.noarch fixed"]);
    assert_eq!((one.issued, one.updated), (day("2026-01-02"), day("2026-01-09")));
    assert_eq!(
        (one.severity, one.title.as_str(), one.cvss.len()),
        (Some(Severity::Important), "tomcat: a fault", 1)
    );
    let history: Vec<_> = one.history.iter().map(|one| format!("{} {}", one.number, one.summary)).collect();
    assert_eq!(history, ["1 KESA-2026:1 fixes it", "2 KESA-2026:2 fixes it"]);
    assert!(made.findings.is_empty());
}

#[test]
fn the_first_of_two_advisories_brought_the_fix() {
    let all = [
        advisory("KESA-2026:2", "2026-01-09", Severity::Low),
        advisory("KESA-2026:1", "2026-01-02", Severity::Low),
    ];
    let made = made(&all, Vec::new());
    let [statement] = &made.vex[0].statements[..] else { panic!("{made:?}") };
    assert_eq!(statement.status, Status::Fixed { advisory: Some("KESA-2026:1".parse().unwrap()) });
}

#[test]
fn not_affected_under_investigation_and_will_not_fix() {
    let all = [advisory("KESA-2026:1", "2026-01-02", Severity::Low)];
    let made = made(
        &all,
        vec![
            declared("CVE-2026-0001", "bash", not_affected(), "2026-01-03", 2),
            declared("CVE-2026-0002", "bash", Status::UnderInvestigation, "2026-01-04", 7),
            declared("CVE-2026-0003", "bash", Status::WillNotFix { why: "old".to_owned() }, "2026-01-05", 12),
            declared("CVE-2026-0003", "zsh", Status::Affected { note: String::new() }, "2026-01-06", 17),
        ],
    );
    assert_eq!(findings(&made), [""; 0]);
    let shown: Vec<_> = made.vex.iter().map(|one| (one.cve.as_str(), said(one).join(", "))).collect();
    let shown: Vec<_> = shown.iter().map(|(cve, said)| (*cve, said.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("CVE-2026-0001", "bash not affected, tomcat-libs-1:9.0-3.el9.noarch fixed"),
            ("CVE-2026-0002", "bash under investigation"),
            ("CVE-2026-0003", "bash will not fix, zsh affected"),
        ]
    );
    assert_eq!((made.vex[2].issued, made.vex[2].updated), (day("2026-01-05"), day("2026-01-06")));
}

#[test]
fn contradictions_and_what_is_outdated() {
    let all = [advisory("KESA-2026:1", "2026-01-02", Severity::Low)];
    // The source package, which the advisory has as such, and its binary.
    for package in ["tomcat", "tomcat-libs"] {
        let made = made(&all, vec![declared("CVE-2026-0001", package, not_affected(), "2026-01-03", 2)]);
        assert_eq!(
            findings(&made),
            [format!("line 2: CVE-2026-0001, {package} is `not affected`, but KESA-2026:1 fixes it there")]
        );
        assert!(made.findings[0].is_contradiction());
        assert_eq!(said(&made.vex[0]), ["tomcat-libs-1:9.0-3.el9.noarch fixed"], "the advisory counts");
    }
    let outdated =
        made(&all, vec![declared("CVE-2026-0001", "tomcat", Status::UnderInvestigation, "2026-01-01", 2)]);
    assert_eq!(
        findings(&outdated),
        ["line 2: CVE-2026-0001, tomcat is `under investigation`, but KESA-2026:1 has fixed it"]
    );
    assert!(!outdated.findings[0].is_contradiction());

    // Another major version, another stream and another vulnerability are something else.
    let stream = |name: &str| StreamId {
        name: name.to_owned(),
        stream: "9".to_owned(),
        version: 0,
        context: String::new(),
        arch: String::new(),
    };
    let mut others = vec![
        declared("CVE-2026-0001", "tomcat", not_affected(), "2026-01-03", 2),
        declared("CVE-2026-0001", "tomcat", not_affected(), "2026-01-03", 3),
        declared("CVE-2026-0009", "tomcat", not_affected(), "2026-01-03", 4),
    ];
    others[0].package = others[0].package.clone().of_major("8");
    others[1].package = others[1].package.clone().of_module(Some(stream("tomcat")));
    assert_eq!(findings(&made(&all, others)), [""; 0]);
    let mut everywhere = declared("CVE-2026-0001", "tomcat", not_affected(), "2026-01-03", 2);
    everywhere.package = everywhere.package.of_major("");
    assert_eq!(made(&all, vec![everywhere]).findings.len(), 1);
}

#[test]
fn of_two_statements_about_a_package_the_newer_counts() {
    let made = made(
        &[],
        vec![
            declared("CVE-2026-0002", "bash", Status::UnderInvestigation, "2026-01-03", 2),
            declared("CVE-2026-0002", "bash", not_affected(), "2026-01-04", 9),
            declared("CVE-2026-0002", "bash", not_affected(), "2026-01-04", 16),
        ],
    );
    assert_eq!(said(&made.vex[0]), ["bash not affected"]);
    assert_eq!(
        findings(&made),
        [
            "line 2: CVE-2026-0002, bash is `under investigation`, but line 9 speaks of the same package, and counts",
            "line 16: CVE-2026-0002, bash is `not affected`, but line 9 speaks of the same package, and counts",
        ]
    );
}

#[test]
fn rejected_later() {
    let all = [advisory("KESA-2026:1", "2026-01-02", Severity::Low)];
    let rejected = RejectedCve {
        cve: "CVE-2026-0001".parse().unwrap(),
        why: "a duplicate".to_owned(),
        since: day("2026-03-01"),
    };
    let statements = vec![declared("CVE-2026-0001", "bash", not_affected(), "2026-01-03", 2)];
    let made = vex(&all, &DeclaredVex { statements, rejected: vec![rejected] });
    let [one] = &made.vex[..] else { panic!("{made:?}") };
    assert_eq!(
        (one.rejected.as_deref(), one.updated, one.statements.len()),
        (Some("a duplicate"), day("2026-03-01"), 0)
    );
    assert_eq!(
        findings(&made),
        ["line 2: CVE-2026-0001, bash is `not affected`, but the vulnerability was rejected"]
    );
    assert!(!made.findings[0].is_contradiction());
}

#[test]
fn what_a_document_loses_or_adds_is_told() {
    let made = made(&[advisory("KESA-2026:1", "2026-01-02", Severity::Low)], Vec::new());
    let record = &made.vex[0];
    assert_eq!(vex_differences(record, record), [""; 0]);
    let mut other = record.clone();
    other.statements[0].scope = Scope::Whole("9".to_owned());
    assert_eq!(
        vex_differences(record, &other),
        [
            "CVE-2026-0001: lost tomcat-libs-1:9.0-3.el9.noarch of 9 is fixed by KESA-2026:1",
            "CVE-2026-0001: added all packages of 9 is fixed by KESA-2026:1",
        ]
    );
}

/// What upstream says of packages that are here counts where nobody else speaks.
#[test]
fn upstream_speaks_where_we_do_not() {
    let says = |cve: &str, package: &str, major: &str, status: Status| {
        let declared = DeclaredVex {
            statements: vec![declared(cve, package, status, "2026-02-01", 1)],
            rejected: Vec::new(),
        };
        let mut made = vex(&[], &declared).vex.remove(0);
        made.title = format!("{cve}, as upstream says");
        if let Scope::Package(scope) = &mut made.statements[0].scope {
            major.clone_into(&mut scope.major);
        }
        made
    };
    let mut rejected = says("CVE-2026-0006", "tomcat", "9", Status::UnderInvestigation);
    rejected.statements.clear();
    rejected.rejected = Some("a duplicate".to_owned());
    let upstream = [
        says("CVE-2026-0001", "tomcat", "9", Status::UnderInvestigation),
        says("CVE-2026-0002", "tomcat", "9", not_affected()),
        says("CVE-2026-0003", "elsewhere", "9", not_affected()),
        says("CVE-2026-0004", "tomcat", "8", not_affected()),
        says("CVE-2026-0005", "tomcat", "", Status::WillNotFix { why: "too old".to_owned() }),
        rejected,
    ];
    let own = DeclaredVex {
        statements: vec![declared("CVE-2026-0005", "tomcat", Status::UnderInvestigation, "2026-03-01", 1)],
        rejected: Vec::new(),
    };
    let advisories = [advisory("A-1", "2026-01-01", Severity::Important)];
    let names = BTreeSet::from(["tomcat".to_owned(), "tomcat-libs".to_owned()]);
    let all = with_upstream(&own, &upstream, &advisories, Here { major: "9", names: &names });
    let mut made = vex(&advisories, &all);
    assert_eq!(made.findings, [], "nothing of upstream's contradicts");
    describe(&mut made.vex, &upstream);
    let told: Vec<_> = made
        .vex
        .iter()
        .map(|one| (one.cve.as_str(), one.statements.iter().map(|it| it.status.name()).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        told,
        [
            ("CVE-2026-0001", vec!["fixed"]),
            ("CVE-2026-0002", vec!["not affected"]),
            ("CVE-2026-0005", vec!["under investigation"]),
            ("CVE-2026-0006", vec![]),
        ]
    );
    assert_eq!(made.vex[1].title, "CVE-2026-0002, as upstream says");
    assert_eq!(made.vex[3].rejected.as_deref(), Some("a duplicate"));
}
