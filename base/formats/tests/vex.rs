//! VEX in CSAF: what is written is read back, what Red Hat writes is read, what is wrong is told.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::sync::Arc;

use heirloom_formats::Document;
use heirloom_formats::advisory::csaf::{provider, vex};
use heirloom_formats::advisory::{self, AdvisoryError, Issuer, Reading};
use heirloom_model::advisory::vex::{Justification, PackageScope, Scope, Statement, Status, Vex};
use heirloom_model::advisory::{Cvss, Fixed, Reference, ReferenceKind, Revision, Severity, Weakness};
use heirloom_model::stream::StreamId;

const ISSUER: Issuer<'_> = Issuer {
    name: "Kestrel Enterprise Linux",
    id: "kestrel",
    ecosystem: "Kestrel",
    home: "https://kestrel.example",
    contact: "security@kestrel.example",
};

fn read(text: &str, platforms: &[&str]) -> Result<Vex, AdvisoryError> {
    let reading = Reading { latest: "2026-12-31T00:00:00Z".parse().unwrap(), major: "" };
    vex::read(Document::new("cve.json", text.as_bytes()), reading, platforms)
}

fn stream(version: u64, context: &str) -> StreamId {
    StreamId {
        name: "redis".to_owned(),
        stream: "7".to_owned(),
        version,
        context: context.to_owned(),
        arch: String::new(),
    }
}

fn fixed(name: &str, evr: &str, arch: &str) -> Fixed {
    Fixed::new(name, evr.parse().unwrap(), Some(arch)).unwrap().of_major("9")
}

/// A record with all that can be said.
fn rich() -> Vex {
    let package = |name: &str| PackageScope::new(name, None).unwrap().of_major("9");
    let exact = |fixed: Fixed| Scope::Exact(Arc::new(fixed));
    let statement = |scope, status| Statement { scope, status };
    let by = |id: &str| Status::Fixed { advisory: Some(id.parse().unwrap()) };
    let not = |justification, impact: &str| Status::NotAffected { justification, impact: impact.to_owned() };
    let revision = |number: &str, date: &str| Revision {
        date: date.parse().unwrap(),
        number: number.to_owned(),
        summary: format!("What was said {number}"),
    };
    Vex {
        cve: "CVE-2026-0001".parse().unwrap(),
        title: "redis: a fault".to_owned(),
        description: "A <fault> & more.\n\nOf redis.".to_owned(),
        severity: Some(Severity::Important),
        cvss: vec![Cvss {
            vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned(),
            tenths: Some(98),
        }],
        weakness: Some(Weakness { id: "CWE-416".to_owned(), name: "Use After Free".to_owned() }),
        workaround: "Turn it off.".to_owned(),
        issued: "2026-02-03T00:00:00Z".parse().unwrap(),
        updated: "2026-02-05T00:00:00Z".parse().unwrap(),
        rejected: None,
        references: vec![Reference {
            kind: ReferenceKind::Cve,
            url: "https://cve.example/CVE-2026-0001".to_owned(),
            id: "CVE-2026-0001".to_owned(),
            title: "CVE-2026-0001".to_owned(),
        }],
        history: vec![revision("1", "2026-02-03T00:00:00Z"), revision("2", "2026-02-05T00:00:00Z")],
        statements: vec![
            statement(exact(fixed("redis", "0:6.2-1.el9", "x86_64")), by("KESA-2026:0001")),
            statement(exact(fixed("redis", "0:6.2-1.el9", "aarch64")), by("KESA-2026:0001")),
            statement(
                exact(
                    fixed("redis", "7.2-1.module+el9", "x86_64")
                        .of_module(Some(stream(9_060_020_250_716_081_125, "9"))),
                ),
                by("KESA-2026:0002"),
            ),
            statement(
                exact(fixed("redis", "5.0-1.el8", "x86_64").of_major("8")),
                Status::Fixed { advisory: None },
            ),
            statement(
                Scope::Package(package("valkey")),
                not(Some(Justification::VulnerableCodeNotPresent), ""),
            ),
            statement(Scope::Package(package("keydb")), not(None, "It is another program.")),
            statement(
                Scope::Package(package("dragonfly")),
                not(Some(Justification::InlineMitigationsAlreadyExist), "And more."),
            ),
            statement(Scope::Package(package("nothing")), not(None, "")),
            statement(Scope::Package(package("garnet").of_major("")), Status::UnderInvestigation),
            statement(
                Scope::Package(package("redis").of_module(Some(stream(0, "")))),
                Status::Affected { note: String::new() },
            ),
            statement(
                Scope::Package(package("redis-doc")),
                Status::Affected { note: "In its examples.".to_owned() },
            ),
            statement(
                Scope::Package(PackageScope::new("redis5", Some("src")).unwrap().of_major("8")),
                Status::WillNotFix { why: "Nobody has it.".to_owned() },
            ),
        ],
    }
    .sorted()
}

#[test]
fn what_is_written_is_read() {
    let record = rich();
    let text = vex::write(&record, ISSUER).unwrap().unwrap();
    let back = read(&text, &[]).unwrap();
    assert_eq!(back, record);
    assert_eq!(vex::write(&back, ISSUER).unwrap().unwrap(), text);
    assert_eq!(vex::path(&record), "csaf/white/2026/cve-2026-0001.json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["document"]["category"], "csaf_vex");
    assert_eq!(
        json["document"]["references"][0]["url"],
        "https://kestrel.example/csaf/white/2026/cve-2026-0001.json"
    );
    let remedies = json["vulnerabilities"][0]["remediations"].as_array().unwrap();
    let shown: Vec<_> =
        remedies.iter().map(|one| (one["category"].as_str().unwrap(), one["url"].as_str())).collect();
    assert_eq!(
        shown,
        [
            ("vendor_fix", Some("https://kestrel.example/advisories/KESA-2026:0001.html")),
            ("vendor_fix", Some("https://kestrel.example/advisories/KESA-2026:0002.html")),
            ("no_fix_planned", None),
            ("none_available", None),
            ("none_available", None),
            ("workaround", None),
        ]
    );
    assert_eq!(read(&text, &["cpe:/o:kestrel:kestrel:8"]).unwrap().statements.len(), 3, "of 8, and of all");
}

#[test]
fn a_rejected_one_concerns_nothing_and_stays() {
    let record = Vex { rejected: Some("A duplicate.".to_owned()), statements: Vec::new(), ..rich() };
    let text = vex::write(&record, ISSUER).unwrap().unwrap();
    let back = read(&text, &[]).unwrap();
    assert_eq!((back.rejected.as_deref(), back.statements.len()), (Some("A duplicate."), 0));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        json["vulnerabilities"][0]["product_status"],
        serde_json::json!({"known_not_affected": ["kestrel"]})
    );
    assert_eq!(
        json["vulnerabilities"][0]["threats"][0]["details"],
        "CVE-2026-0001 was rejected: A duplicate."
    );
    let nothing = Vex { statements: Vec::new(), ..rich() };
    assert_eq!(vex::write(&nothing, ISSUER).unwrap(), None);
}

/// As Red Hat has them: platforms and packages in branches, packages without versions, names of streams, containers.
fn vendors() -> String {
    let product = |category: &str, id: &str, helper: &str| {
        format!(
            r#"{{"category": "{category}", "name": "{id}", "product": {{"name": "{id}", "product_id": "{id}"{helper}}}}}"#
        )
    };
    let cpe = |cpe: &str| format!(r#", "product_identification_helper": {{"cpe": "{cpe}"}}"#);
    let purl = |purl: &str| format!(r#", "product_identification_helper": {{"purl": "{purl}"}}"#);
    let branches = [
        product("product_name", "red_hat_enterprise_linux_9", &cpe("cpe:/o:redhat:enterprise_linux:9")),
        product("product_name", "red_hat_enterprise_linux_8", &cpe("cpe:/o:redhat:enterprise_linux:8")),
        product("product_name", "red_hat_storage_3", &cpe("cpe:/a:redhat:storage:3")),
        product(
            "product_name",
            "AppStream-9.2.0.Z.MAIN",
            &cpe("cpe:/a:redhat:enterprise_linux:9::appstream"),
        ),
        product("product_name", "red_hat_products", &cpe("cpe:/a:redhat")),
        product("product_version", "samba", ""),
        product("product_version", "zlib", &purl("pkg:rpm/redhat/zlib?arch=src")),
        product(
            "product_version",
            "firefox-flatpak",
            &purl("pkg:rpm/redhat/firefox-flatpak?arch=src&rpmmod=rhel10"),
        ),
        product("product_version", "container-tools:rhel8/podman", ""),
        product("product_version", "openshift4/ose-cli", &purl("pkg:oci/ose-cli?tag=v1")),
        product(
            "product_version",
            "samba-0:4.15.5-111.el9_0.src",
            &purl("pkg:rpm/redhat/samba@4.15.5-111.el9_0?arch=src"),
        ),
        product(
            "product_version",
            "samba-libs-1:4.15.5-111.el9_0.x86_64",
            &purl("pkg:rpm/redhat/samba-libs@4.15.5-111.el9_0?arch=x86_64&epoch=1"),
        ),
    ]
    .join(",\n");
    let parts = [
        ("red_hat_enterprise_linux_9", "samba"),
        ("red_hat_storage_3", "samba"),
        ("red_hat_enterprise_linux_8", "zlib"),
        ("red_hat_enterprise_linux_9", "firefox-flatpak"),
        ("red_hat_enterprise_linux_8", "container-tools:rhel8/podman"),
        ("red_hat_enterprise_linux_9", "openshift4/ose-cli"),
        ("AppStream-9.2.0.Z.MAIN", "samba-0:4.15.5-111.el9_0.src"),
        ("AppStream-9.2.0.Z.MAIN", "samba-libs-1:4.15.5-111.el9_0.x86_64"),
    ]
    .map(|(platform, package)| {
        format!(
            r#"{{"category": "default_component_of", "product_reference": "{package}",
              "relates_to_product_reference": "{platform}",
              "full_product_name": {{"name": "{package} of it", "product_id": "{platform}:{package}"}}}}"#
        )
    })
    .join(",\n");
    format!(
        r#"{{"document": {{"aggregate_severity": {{"namespace": "https://e.example", "text": "moderate"}},
  "category": "csaf_vex", "csaf_version": "2.0", "lang": "en",
  "distribution": {{"text": "Copyright", "tlp": {{"label": "WHITE", "url": "https://www.first.org/tlp/"}}}},
  "notes": [{{"category": "legal_disclaimer", "text": "Terms.", "title": "Terms of Use"}}],
  "publisher": {{"category": "vendor", "name": "Red Hat Product Security", "namespace": "https://www.redhat.com"}},
  "references": [{{"category": "self", "summary": "Canonical URL", "url": "https://e.example/vex/2023/cve-2023-4091.json"}}],
  "title": "SMB clients can truncate files",
  "tracking": {{"current_release_date": "2023-10-31T10:05:15+00:00", "id": "CVE-2023-4091",
    "initial_release_date": "2023-10-10T00:00:00+00:00", "status": "final", "version": "2",
    "revision_history": [{{"date": "2023-10-10T00:00:00+00:00", "number": "1", "summary": "Initial version"}}]}}}},
"product_tree": {{"branches": [{{"category": "vendor", "name": "Red Hat", "branches": [{branches}]}}], "relationships": [{parts}]}},
"vulnerabilities": [{{"cve": "CVE-2023-4091", "title": "SMB clients can truncate files",
  "flags": [{{"label": "component_not_present", "product_ids": ["red_hat_enterprise_linux_8:zlib"]}}],
  "notes": [{{"category": "description", "text": "A vulnerability.", "title": "Vulnerability description"}},
    {{"category": "summary", "text": "Something else.", "title": "Vulnerability summary"}}],
  "product_status": {{
    "fixed": ["AppStream-9.2.0.Z.MAIN:samba-0:4.15.5-111.el9_0.src", "AppStream-9.2.0.Z.MAIN:samba-libs-1:4.15.5-111.el9_0.x86_64"],
    "known_affected": ["red_hat_enterprise_linux_9:samba", "red_hat_storage_3:samba", "red_hat_enterprise_linux_9:openshift4/ose-cli",
      "red_hat_enterprise_linux_8:container-tools:rhel8/podman"],
    "known_not_affected": ["red_hat_enterprise_linux_8:zlib", "red_hat_products"],
    "under_investigation": ["red_hat_enterprise_linux_9:firefox-flatpak"]}},
  "references": [{{"category": "self", "summary": "Canonical URL", "url": "https://access.redhat.com/security/cve/CVE-2023-4091"}},
    {{"category": "external", "summary": "RHBZ#2241882", "url": "https://bugzilla.redhat.com/show_bug.cgi?id=2241882"}}],
  "release_date": "2023-10-10T14:00:00+00:00",
  "remediations": [
    {{"category": "vendor_fix", "date": "2023-10-31T10:05:15+00:00", "details": "Apply it.",
      "product_ids": ["AppStream-9.2.0.Z.MAIN:samba-0:4.15.5-111.el9_0.src", "AppStream-9.2.0.Z.MAIN:samba-libs-1:4.15.5-111.el9_0.x86_64"],
      "url": "https://access.redhat.com/errata/RHSA-2023:6209"}},
    {{"category": "workaround", "details": "Turn it off.", "product_ids": ["red_hat_enterprise_linux_9:samba"]}},
    {{"category": "no_fix_planned", "details": "Out of support scope", "product_ids": ["red_hat_storage_3:samba"]}},
    {{"category": "none_available", "details": "Affected", "product_ids": ["red_hat_enterprise_linux_9:samba"]}}],
  "scores": [{{"cvss_v3": {{"attackComplexity": "LOW", "baseScore": 6.5, "baseSeverity": "MEDIUM",
     "vectorString": "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:N/I:H/A:N", "version": "3.1"}}, "products": ["red_hat_enterprise_linux_9:samba"]}}],
  "threats": [{{"category": "impact", "details": "Moderate", "product_ids": ["red_hat_enterprise_linux_9:samba"]}}]}}]}}"#
    )
}

fn said(vex: &Vex) -> Vec<String> {
    let status = |status: &Status| match status {
        Status::Fixed { advisory } => format!("fixed {}", advisory.as_ref().unwrap()),
        Status::NotAffected { justification, .. } => {
            format!("not affected {}", justification.map_or("", Justification::label))
        }
        Status::Affected { note } => format!("affected {note}"),
        Status::WillNotFix { why } => format!("will not fix {why}"),
        Status::UnderInvestigation => "under investigation".to_owned(),
    };
    vex.statements
        .iter()
        .map(|one| format!("{} {}: {}", one.scope.major(), one.scope, status(&one.status)))
        .collect()
}

#[test]
fn what_red_hat_writes_is_read() {
    let all = read(&vendors(), &[]).unwrap();
    assert_eq!(
        said(&all),
        [
            " all packages: not affected ",
            "3 samba: will not fix Out of support scope",
            "8 zlib.src: not affected component_not_present",
            "8 container-tools:rhel8/podman: affected ",
            "9 firefox-flatpak: under investigation",
            "9 samba: affected Affected",
            "9 samba-4.15.5-111.el9_0.src: fixed RHSA-2023:6209",
            "9 samba-libs-1:4.15.5-111.el9_0.x86_64: fixed RHSA-2023:6209",
        ]
    );
    assert_eq!(
        (all.severity, all.cvss[0].tenths, all.workaround.as_str()),
        (Some(Severity::Moderate), Some(65), "Turn it off.")
    );
    assert_eq!((all.description.as_str(), all.references.len()), ("A vulnerability.", 2));
    let linux = ["cpe:/o:redhat:enterprise_linux", "cpe:/a:redhat:enterprise_linux"];
    let ours = read(&vendors(), &linux).unwrap();
    assert_eq!(ours.statements.len(), all.statements.len() - 1, "{:?}", said(&ours));
    // All of it can be written anew.
    let text = vex::write(&ours, ISSUER).unwrap().unwrap();
    assert_eq!(said(&read(&text, &[]).unwrap()), said(&ours));
}

#[test]
fn a_rejection_is_known_by_its_text() {
    for (said, why) in
        [("** REJECT ** Do not use it.", "Do not use it."), ("Rejected reason: a duplicate", "a duplicate")]
    {
        let vex = read(&vendors().replace("A vulnerability.", said), &[]).unwrap();
        assert_eq!((vex.rejected.as_deref(), vex.statements.len()), (Some(why), 0));
    }
}

#[test]
fn what_is_wrong_is_told() {
    for (from, to, field, message) in [
        ("\"csaf_vex\"", "\"csaf_security_advisory\"", "document.category", "expected csaf_vex in CSAF 2.0"),
        ("\"cve\": \"CVE-2023-4091\"", "\"cve\": \"4091\"", "vulnerabilities[0].cve", "is no CVE"),
        ("\"vulnerabilities\": [", "\"others\": [", "vulnerabilities", "expected one, found 0"),
        (
            "\"label\": \"component_not_present\"",
            "\"label\": \"fine\"",
            "vulnerabilities[0].flags[0].label",
            "none of CSAF's",
        ),
        (
            "\"known_not_affected\": [",
            "\"known_not_affected\": [\"x\",",
            "vulnerabilities[0].product_status.known_not_affected",
            "`x` is not in the product tree",
        ),
        (
            "\"current_release_date\": \"2023",
            "\"current_release_date\": \"2999",
            "document.tracking.current_release_date",
            "is in the future",
        ),
        (
            "2023-10-10T00:00:00+00:00\", \"status\"",
            "soon\", \"status\"",
            "document.tracking.initial_release_date",
            "`soon` is no date",
        ),
    ] {
        let text = vendors();
        assert!(text.contains(from), "{from}");
        let error = read(&text.replacen(from, to, 1), &[]).unwrap_err();
        assert_eq!(error.field, field, "{error}");
        assert!(error.message.contains(message), "{error}");
    }
    // It is no advisory.
    let reading = Reading { latest: "2026-12-31T00:00:00Z".parse().unwrap(), major: "9" };
    let all = advisory::read(Document::new("cve.json", vendors().as_bytes()), reading).unwrap();
    let [Err(error)] = &all[..] else { panic!("{all:?}") };
    assert_eq!((error.field.as_str(), error.message.contains("is no advisory")), ("document.category", true));
}

#[test]
fn lists_of_a_provider_say_what_documents_say() {
    let text = vex::write(&rich(), ISSUER).unwrap().unwrap();
    let one = provider::Listed::of("csaf/white/2026/cve-2026-0001.json", text.as_bytes()).unwrap();
    let newer = provider::Listed {
        name: "2025/a.json".to_owned(),
        updated: "2026-03-01T00:00:00Z".parse().unwrap(),
        ..one.clone()
    };
    let mut all = [one, newer];
    provider::sort(&mut all);
    assert_eq!(provider::index(&all), "2025/a.json\n2026/cve-2026-0001.json\n");
    assert_eq!(
        provider::changes(&all),
        "\"2025/a.json\",\"2026-03-01T00:00:00Z\"\n\"2026/cve-2026-0001.json\",\"2026-02-05T00:00:00Z\"\n"
    );
    assert!(
        provider::Listed::of("elsewhere/a.json", text.as_bytes())
            .unwrap_err()
            .message
            .contains("is not below")
    );
    assert!(provider::Listed::of("csaf/white/a.json", b"{}").is_err());
}

proptest::proptest! {
    #[test]
    fn never_panics(cut in 0usize..9000, junk in "\\PC{0,8}") {
        let text = vendors();
        let cut = cut.min(text.len());
        if text.is_char_boundary(cut) {
            let _ = read(&format!("{}{junk}{}", &text[..cut], &text[cut..]), &[]);
        }
    }
}
