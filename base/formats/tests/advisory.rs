//! Advisories in all formats: what is written is read back, what vendors write is read, what is wrong is told.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use heirloom_formats::advisory::{self, AdvisoryError, Format, Issuer, Reading, csaf, osv, oval};
use heirloom_formats::{Document, updateinfo};
use heirloom_model::advisory::{
    Advisory, AdvisoryKind, Cvss, Fixed, Reference, ReferenceKind, Revision, Severity, Suggestion,
    Vulnerability, Weakness,
};
use heirloom_model::stream::StreamId;

const ISSUER: Issuer<'_> = Issuer {
    name: "Kestrel Enterprise Linux",
    id: "kestrel",
    ecosystem: "Kestrel",
    home: "https://kestrel.example",
    contact: "security@kestrel.example",
};

fn reading() -> Reading<'static> {
    Reading { latest: "2026-12-31T00:00:00Z".parse().unwrap(), major: "9" }
}

fn read(name: &str, text: &str) -> Result<Vec<Result<Advisory, AdvisoryError>>, AdvisoryError> {
    advisory::read(Document::new(name, text.as_bytes()), reading())
}

/// The one advisory of a document.
fn one(text: &str) -> Advisory {
    let mut all = read("document", text).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0).unwrap()
}

/// What is wrong with a document, or with the one advisory of it.
fn fault(text: &str) -> String {
    match read("document", text) {
        Err(error) => error.to_string(),
        Ok(all) => all.into_iter().find_map(Result::err).unwrap().to_string(),
    }
}

fn redis(context: &str, release: &str, arch: &str) -> Fixed {
    let module = StreamId {
        name: "redis".to_owned(),
        stream: "7".to_owned(),
        version: 9_060_020_250_716_081_125,
        context: context.to_owned(),
        arch: arch.to_owned(),
    };
    let evr = format!("7.2.10-1.module+el9.6.0+{release}").parse().unwrap();
    Fixed::new("redis", evr, Some(arch)).unwrap().of_major("9").of_module(Some(module))
}

fn plain(name: &str, evr: &str, arch: &str) -> Fixed {
    let source = format!("{}-{evr}.src", name.trim_end_matches("-libs")).parse().unwrap();
    Fixed::new(name, evr.parse().unwrap(), Some(arch)).unwrap().of_major("9").of_source(Some(source))
}

/// An advisory with all that can be said.
fn rich() -> Advisory {
    let vulnerability = |id: &str, vectors: &[(&str, u8)], severity| Vulnerability {
        id: id.parse().unwrap(),
        title: format!("tomcat: what {id} is"),
        severity,
        cvss: vectors
            .iter()
            .map(|(vector, tenths)| Cvss { vector: (*vector).to_owned(), tenths: Some(*tenths) })
            .collect(),
        weakness: Some(Weakness { id: "CWE-416".to_owned(), name: "Use After Free".to_owned() }),
    };
    let reference = |kind, url: &str, id: &str| Reference {
        kind,
        url: url.to_owned(),
        id: id.to_owned(),
        title: String::new(),
    };
    Advisory {
        id: "KESA-2026:0042".parse().unwrap(),
        kind: AdvisoryKind::Security,
        severity: Some(Severity::Important),
        title: "Important: tomcat security update".to_owned(),
        description: "A <servlet> container & more.\n\n* tomcat: a fault (CVE-2026-0001)".to_owned(),
        solution: "Install it.".to_owned(),
        rights: "Copyright Kestrel".to_owned(),
        issued: "2026-02-03T00:00:00Z".parse().unwrap(),
        updated: "2026-02-05T00:00:00Z".parse().unwrap(),
        withdrawn: None,
        suggestions: [Suggestion::Reboot].into(),
        vulnerabilities: vec![
            vulnerability(
                "CVE-2026-0001",
                // Two who rated it disagree.
                &[
                    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98),
                    ("CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", 40),
                ],
                Some(Severity::Important),
            ),
            vulnerability("CVE-2025-123456", &[], Some(Severity::Low)),
        ],
        ratings: Vec::new(),
        references: vec![
            reference(ReferenceKind::Advisory, "https://kestrel.example/errata/KESA-2026:0042.html", ""),
            reference(
                ReferenceKind::Cve,
                "https://kestrel.example/security/cve/CVE-2026-0001",
                "CVE-2026-0001",
            ),
            reference(ReferenceKind::Bug, "https://bugzilla.kestrel.example/77", "77"),
        ],
        fixed: vec![
            plain("tomcat", "1:9.0.87-3.el9_6.1", "noarch"),
            plain("tomcat-libs", "1:9.0.87-3.el9_6.1", "x86_64"),
            plain("tomcat-libs", "1:9.0.87-3.el9_6.1", "aarch64"),
            plain("tomcat", "0:8.5~rc1^git-2.el8", "noarch").of_major("8"),
        ],
        related: vec!["RHSA-2026:0042".to_owned()],
        history: vec![Revision {
            date: "2026-02-03T00:00:00Z".parse().unwrap(),
            number: "1".to_owned(),
            summary: "Issued".to_owned(),
        }],
    }
    .sorted()
}

fn modular() -> Advisory {
    let fixed = vec![
        redis("9", "173+efaf9205", "x86_64"),
        redis("9", "173+efaf9205", "aarch64"),
        redis("a1b2", "174+00000000", "x86_64"),
    ];
    Advisory {
        fixed,
        id: "KESA-2026:0043".parse().unwrap(),
        title: "Important: redis:7 security update".to_owned(),
        ..rich()
    }
    .sorted()
}

#[test]
fn osv_says_all_of_it() {
    for advisory in [rich(), modular()] {
        let text = osv::write(&advisory, ISSUER).unwrap();
        let back = one(&text);
        let packages = |advisory: &Advisory| {
            let bare = |fixed: &Fixed| {
                (fixed.major.clone(), fixed.to_string(), fixed.module.as_ref().map(StreamId::label))
            };
            advisory.fixed.iter().map(bare).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(packages(&back), packages(&advisory), "{text}");
        assert_eq!(back.vulnerabilities, advisory.vulnerabilities);
        assert_eq!(
            (back.severity, back.kind, &back.related),
            (advisory.severity, advisory.kind, &advisory.related)
        );
        assert_eq!(
            (back.issued, back.updated, &back.title),
            (advisory.issued, advisory.updated, &advisory.title)
        );
        assert_eq!(back.references, advisory.references);
        assert_eq!(osv::write(&advisory, ISSUER).unwrap(), text);
    }
    let text = osv::write(&rich(), ISSUER).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        json["severity"][0]["score"], "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "the worst of all"
    );
    assert_eq!(json["affected"][0]["package"]["ecosystem"], "Kestrel:8");
    assert_eq!(json["affected"][1]["package"]["name"], "tomcat", "by its source");
    assert_eq!(json["upstream"], serde_json::json!(["CVE-2025-123456", "CVE-2026-0001"]));
}

#[test]
fn osv_is_what_the_libraries_of_its_readers_expect() {
    // They know ecosystems by a list.
    let issuer = Issuer { ecosystem: "AlmaLinux", ..ISSUER };
    for advisory in [rich(), modular()] {
        let text = osv::write(&advisory, issuer).unwrap();
        let ours: serde_json::Value = serde_json::from_str(&text).unwrap();
        let theirs: ::osv::schema::Vulnerability = serde_json::from_str(&text).unwrap();
        assert_eq!(theirs.modified.timestamp(), advisory.updated.as_second());
        assert_eq!(theirs.published.unwrap().timestamp(), advisory.issued.as_second());
        let theirs = serde_json::to_value(&theirs).unwrap();
        for field in ["schema_version", "id", "upstream", "summary", "details"] {
            assert_eq!(theirs[field], ours[field], "{field}");
        }
        let affected = ours["affected"].as_array().unwrap();
        assert!(!affected.is_empty());
        for (number, entry) in affected.iter().enumerate() {
            for field in ["package", "ranges"] {
                assert_eq!(theirs["affected"][number][field], entry[field], "{number} {field}");
            }
        }
        assert_eq!(theirs["severity"], ours["severity"]);
    }
}

#[test]
fn csaf_says_all_of_it() {
    for advisory in [rich(), modular()] {
        let text = csaf::write(&advisory, ISSUER).unwrap();
        let back = one(&text);
        let bare = |fixed: &Fixed| {
            let module = fixed.module.clone().map(|module| StreamId { arch: String::new(), ..module });
            fixed.clone().of_source(None).of_module(module)
        };
        let expected: Vec<_> =
            advisory.fixed.iter().map(bare).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        assert_eq!(back.fixed, expected, "{text}");
        // One rating of a version is all that it may have, and its score is that of its vector.
        let worst = |one: &Vulnerability| one.cvss.iter().map(|cvss| cvss.tenths).max().flatten();
        for (back, own) in back.vulnerabilities.iter().zip(&advisory.vulnerabilities) {
            assert_eq!((&back.id, &back.title, back.severity), (&own.id, &own.title, own.severity));
            assert_eq!((worst(back), &back.weakness), (worst(own), &own.weakness));
        }
        assert_eq!((back.severity, back.kind), (advisory.severity, advisory.kind));
        assert_eq!((&back.description, &back.solution), (&advisory.description, &advisory.solution));
        assert_eq!(
            (back.issued, back.updated, &back.rights),
            (advisory.issued, advisory.updated, &advisory.rights)
        );
        assert_eq!(back.suggestions, advisory.suggestions);
    }
}

#[test]
fn oval_and_updateinfo_say_all_of_it_for_one_major_version() {
    let both = [rich(), modular()];
    let text = oval::write(&both, "9", ISSUER);
    let back: Vec<_> = read("9.xml", &text).unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(back.len(), 2);
    for (back, own) in back.iter().zip(&both) {
        let bare = |fixed: &Fixed| {
            let module = fixed.module.as_ref().map(|module| format!("{}:{}", module.name, module.stream));
            (fixed.to_string(), fixed.major.clone(), module)
        };
        let all = |advisory: &Advisory| {
            let of_major = advisory.fixed.iter().filter(|fixed| fixed.major == "9");
            of_major.map(bare).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!((&back.id, all(back)), (&own.id, all(own)), "{text}");
        assert_eq!((back.severity, &back.title), (own.severity, &own.title));
        let ids = |advisory: &Advisory| {
            advisory.vulnerabilities.iter().map(|one| one.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(back), ids(own));
    }
    assert_eq!(read("8.xml", &oval::write(&both, "8", ISSUER)).unwrap().len(), 1);

    let made: Vec<_> = both.iter().map(|one| updateinfo::made(one, "9", &[], ISSUER)).collect();
    let text = updateinfo::to_xml(&made);
    assert_eq!(updateinfo::parse(Document::new("u", text.as_bytes())).unwrap(), made);
    let back: Vec<_> = read("updateinfo.xml", &text).unwrap().into_iter().map(Result::unwrap).collect();
    for (back, own) in back.iter().zip(&both) {
        let of_major: Vec<_> = own.fixed.iter().filter(|fixed| fixed.major == "9").cloned().collect();
        assert_eq!((&back.id, &back.fixed), (&own.id, &of_major), "{text}");
        assert_eq!((back.severity, back.kind, &back.suggestions), (own.severity, own.kind, &own.suggestions));
        assert_eq!((back.issued, back.updated), (own.issued, own.updated));
        assert_eq!(
            (&back.description, &back.solution, &back.rights),
            (&own.description, &own.solution, &own.rights)
        );
    }
}

#[test]
fn what_was_withdrawn_concerns_nobody() {
    let withdrawn = Advisory { withdrawn: Some("2026-02-05T00:00:00Z".parse().unwrap()), ..rich() };
    let osv = one(&osv::write(&withdrawn, ISSUER).unwrap());
    assert_eq!(osv.withdrawn, withdrawn.withdrawn);
    let csaf = one(&csaf::write(&withdrawn, ISSUER).unwrap());
    assert_eq!((csaf.withdrawn, csaf.fixed.len(), csaf.vulnerabilities.len()), (withdrawn.withdrawn, 0, 0));
    let oval = one(&oval::write([&withdrawn], "9", ISSUER));
    assert_eq!((oval.withdrawn, oval.fixed.len()), (withdrawn.withdrawn, 0));
    let updateinfo = one(&updateinfo::to_xml([&updateinfo::made(&withdrawn, "9", &[], ISSUER)]));
    assert_eq!((updateinfo.withdrawn, updateinfo.fixed.len()), (withdrawn.withdrawn, 0));
}

#[test]
fn what_fixes_no_vulnerability_is_an_advisory_too() {
    let bugfix = Advisory {
        kind: AdvisoryKind::Bugfix,
        severity: None,
        vulnerabilities: Vec::new(),
        title: "tomcat bug fix update".to_owned(),
        ..rich()
    };
    let text = csaf::write(&bugfix, ISSUER).unwrap();
    let csaf = one(&text);
    assert_eq!(
        (csaf.kind, csaf.severity, csaf.fixed.len()),
        (AdvisoryKind::Bugfix, None, bugfix.fixed.len()),
        "{text}"
    );
    let osv = one(&osv::write(&bugfix, ISSUER).unwrap());
    assert_eq!((osv.kind, osv.severity), (AdvisoryKind::Bugfix, None));
    let updateinfo = one(&updateinfo::to_xml([&updateinfo::made(&bugfix, "9", &[], ISSUER)]));
    assert_eq!((updateinfo.kind, updateinfo.severity), (AdvisoryKind::Bugfix, None));
}

/// As vendors of Enterprise Linux write OSV: no architecture, no severity but in the title, several major versions.
#[test]
fn osv_of_vendors() {
    let advisory = one(r#"{"id": "EXSA-2025:10862", "summary": "Important: java security update",
        "affected": [
          {"package": {"ecosystem": "ExampleLinux:8", "name": "java"}, "ranges": [{"type": "ECOSYSTEM",
            "events": [{"introduced": "0"}, {"fixed": "1:1.8.0.462.b08-2.el8"}]}]},
          {"package": {"ecosystem": "Example:enterprise_linux:9::appstream", "name": "java"}, "ranges": [
            {"type": "GIT", "events": [{"fixed": "abc"}]},
            {"type": "ECOSYSTEM", "events": [{"introduced": "1:1.8.0.1-1.el9"}, {"fixed": "1:1.8.0.462.b08-2.el9"}]}]},
          {"package": {"ecosystem": "ExampleLinux:9", "name": "redis", "purl": "pkg:rpm/ex/redis?arch=x86_64&rpmmod=redis:7"},
           "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "7.2-1.module+el9"},
             {"introduced": "7.4-1"}, {"fixed": "7.4-3"}]}]}],
        "related": ["CVE-2025-0002", "CVE-2025-0001", "CVE-2025-0002"], "aliases": ["EXSA-2025:10863"],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"}],
        "published": "2025-07-15T00:00:00Z", "modified": "2025-07-16T15:05:57Z", "details": "why",
        "database_specific": {"severity": ["no", "word"], "vulnerabilities": "none"},
        "references": [{"url": "https://access.example/errata/EXSA-2025:10862", "type": "ADVISORY"},
          {"url": "https://access.example/cve/CVE-2025-0001", "type": "REPORT"},
          {"url": "https://bugzilla.example/2376783", "type": "REPORT"}]}"#);
    assert_eq!((advisory.severity, advisory.kind), (Some(Severity::Important), AdvisoryKind::Security));
    let packages: Vec<_> = advisory
        .fixed
        .iter()
        .map(|fixed| format!("{} {fixed} {:?}", fixed.major, fixed.first().map(ToString::to_string)))
        .collect();
    assert_eq!(
        packages,
        [
            "8 java-1:1.8.0.462.b08-2.el8 None",
            "9 java-1:1.8.0.462.b08-2.el9 Some(\"1:1.8.0.1-1.el9\")",
            "9 redis-7.2-1.module+el9.x86_64 None",
            "9 redis-7.4-3.x86_64 Some(\"7.4-1\")",
        ]
    );
    assert_eq!(advisory.fixed[2].module.as_ref().map(|module| module.stream.as_str()), Some("7"));
    let empty = r#"{"id": "A-1", "modified": "2025-07-16", "aliases": null, "severity": null, "affected": null, "references": null}"#;
    assert_eq!(one(empty).fixed, []);
    let cves: Vec<_> = advisory.vulnerabilities.iter().map(|one| one.id.as_str()).collect();
    assert_eq!((cves, advisory.related.len()), (vec!["CVE-2025-0001", "CVE-2025-0002"], 1));
    let kinds: Vec<_> = advisory.references.iter().map(|one| (one.kind, one.id.as_str())).collect();
    assert_eq!(
        kinds,
        [
            (ReferenceKind::Advisory, ""),
            (ReferenceKind::Cve, "CVE-2025-0001"),
            (ReferenceKind::Bug, "2376783")
        ]
    );
}

/// Packages of a module are components of it, and it is one of the distribution.
#[test]
fn csaf_of_vendors() {
    let text = r#"{"document": {"aggregate_severity": {"namespace": "https://e.example", "text": "Moderate"},
      "category": "csaf_security_advisory", "csaf_version": "2.0",
      "notes": [{"category": "summary", "text": "short", "title": "Topic"}, {"category": "general", "text": "long", "title": "Details"}],
      "publisher": {"category": "vendor", "name": "E", "namespace": "https://e.example"}, "title": "redis update",
      "references": [{"category": "external", "summary": "2", "url": "https://bugzilla.e.example/show_bug.cgi?id=2"}],
      "tracking": {"current_release_date": "2025-07-30T10:00:00+00:00", "id": "EXSA-2025:12008", "status": "final", "version": "3",
        "initial_release_date": "2025-07-28T10:00:00+00:00", "revision_history": [
          {"date": "2025-07-28T10:00:00+00:00", "number": "1", "summary": "Initial version"}]}},
     "product_tree": {"branches": [{"category": "vendor", "name": "E", "branches": [
       {"category": "product_name", "name": "AppStream", "product": {"name": "AppStream (v. 9)", "product_id": "AS-9",
         "product_identification_helper": {"cpe": "cpe:/a:e:enterprise_linux:9::appstream"}}},
       {"category": "product_version", "name": "redis:7:9060:9", "product": {"name": "redis:7:9060:9", "product_id": "m",
         "product_identification_helper": {"purl": "pkg:rpmmod/e/redis@7:9060:9"}}},
       {"category": "product_version", "name": "redis", "product": {"name": "redis-0:7.2.10-1.module+el9.x86_64", "product_id": "r"}},
       {"category": "product_version", "name": "redis", "product": {"name": "redis-0:7.2.10-1.module+el9.src", "product_id": "s"}},
       {"category": "product_version", "name": "image", "product": {"name": "e/image@sha256:0", "product_id": "i"}}]}],
      "relationships": [
       {"category": "default_component_of", "full_product_name": {"name": "x", "product_id": "AS-9:m"}, "product_reference": "m", "relates_to_product_reference": "AS-9"},
       {"category": "default_component_of", "full_product_name": {"name": "y", "product_id": "AS-9:m:r"}, "product_reference": "r", "relates_to_product_reference": "AS-9:m"},
       {"category": "default_component_of", "full_product_name": {"name": "z", "product_id": "AS-9:m:s"}, "product_reference": "s", "relates_to_product_reference": "AS-9:m"}]},
     "vulnerabilities": [{"cve": "CVE-2025-0001", "cwe": {"id": "CWE-416", "name": "Use After Free"}, "title": "redis: fault",
       "product_status": {"fixed": ["AS-9:m:r", "AS-9:m:s", "i"]},
       "scores": [{"cvss_v3": {"baseScore": 7.5, "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "version": "3.1"}, "products": ["AS-9:m:r"]}],
       "threats": [{"category": "impact", "details": "Moderate"}]}]}"#;
    let advisory = one(text);
    let [fixed] = &advisory.fixed[..] else { panic!("{:?}", advisory.fixed) };
    assert_eq!((fixed.to_string().as_str(), fixed.major.as_str()), ("redis-7.2.10-1.module+el9.x86_64", "9"));
    assert_eq!(fixed.module.as_ref().unwrap().to_string(), "redis:7:9060:9:");
    let vulnerability = &advisory.vulnerabilities[0];
    assert_eq!((vulnerability.severity, vulnerability.cvss[0].tenths), (Some(Severity::Moderate), Some(75)));
    assert_eq!((advisory.description.as_str(), advisory.references[0].kind), ("long", ReferenceKind::Bug));

    for (from, to, says) in [
        (
            "\"AS-9:m:s\", \"i\"",
            "\"AS-9:m:t\"",
            "vulnerabilities[0].product_status.fixed: product `AS-9:m:t` is not in the product tree",
        ),
        (
            "\"product_reference\": \"m\"",
            "\"product_reference\": \"AS-9:m\"",
            "product `AS-9:m:r` is a component of itself",
        ),
        (
            "\"csaf_version\": \"2.0\"",
            "\"csaf_version\": \"1.2\"",
            "document.csaf_version: expected 2.0, found 1.2",
        ),
        ("CVE-2025-0001", "CVE-2025-1", "vulnerabilities[0].cve: `CVE-2025-1` is no CVE"),
        ("2025-07-30T10:00:00+00:00", "soon", "document.tracking.current_release_date: `soon` is no date"),
        (
            "\"baseScore\": 7.5",
            "\"baseScore\": \"high\"",
            "vulnerabilities[0].scores[0].cvss_v3.baseScore: invalid type",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let found = fault(&text.replace(from, to));
        assert!(found.contains(says), "{found}");
    }
}

#[test]
fn oval_of_vendors() {
    let text = r#"<?xml version="1.0" encoding="utf-8"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><generator/>
<definitions>
 <definition class="patch" id="oval:com.example.exsa:def:202512008" version="641"><metadata><title>EXSA-2025:12008: redis:7 security update (Important)</title>
  <affected family="unix"><platform>Example Enterprise Linux 9</platform></affected>
  <reference ref_id="EXSA-2025:12008" ref_url="https://e.example/errata/EXSA-2025:12008" source="EXSA"/>
  <reference ref_id="CVE-2025-0001" ref_url="https://e.example/CVE-2025-0001" source="CVE"/><description>long</description>
  <advisory from="sec@e.example"><severity>Important</severity><issued date="2025-07-28"/><updated date="2025-07-29"/>
   <cve cvss3="7.5/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H" cwe="CWE-416" impact="moderate">CVE-2025-0001</cve>
   <bugzilla href="https://bugzilla.e.example/2" id="2">a bug</bugzilla></advisory></metadata>
  <criteria operator="OR"><criterion comment="must be installed" test_ref="none"/><criteria operator="AND">
   <criterion comment="Module redis:7 is enabled" test_ref="t3"/><criteria operator="OR">
   <criteria operator="AND"><criterion comment="redis is earlier than" test_ref="t1"/><criterion comment="redis is signed" test_ref="t2"/></criteria></criteria></criteria></criteria>
 </definition>
 <definition class="vulnerability" id="oval:x:def:1" version="1"/>
 <definition class="patch" id="oval:x:def:2" version="1"><metadata><title>no advisory</title></metadata></definition>
</definitions>
<tests>
 <red-def:rpminfo_test xmlns:red-def="r" id="t1"><red-def:object object_ref="o1"/><red-def:state state_ref="s1"/></red-def:rpminfo_test>
 <red-def:rpminfo_test xmlns:red-def="r" id="t2"><red-def:object object_ref="o1"/><red-def:state state_ref="s2"/></red-def:rpminfo_test>
 <ind-def:textfilecontent54_test xmlns:ind-def="i" id="t3"><ind-def:object object_ref="o3"/></ind-def:textfilecontent54_test>
</tests>
<objects><red-def:rpminfo_object xmlns:red-def="r" id="o1"><red-def:name>redis</red-def:name></red-def:rpminfo_object>
 <ind-def:textfilecontent54_object xmlns:ind-def="i" id="o3"><ind-def:filepath>/etc/dnf/modules.d/redis.module</ind-def:filepath></ind-def:textfilecontent54_object></objects>
<states><red-def:rpminfo_state xmlns:red-def="r" id="s1"><red-def:arch operation="pattern match">aarch64|x86_64</red-def:arch>
  <red-def:evr datatype="evr_string" operation="less than">0:7.2.10-1.module+el9</red-def:evr></red-def:rpminfo_state>
 <red-def:rpminfo_state xmlns:red-def="r" id="s2"><red-def:signature_keyid operation="equals">199e</red-def:signature_keyid></red-def:rpminfo_state></states>
</oval_definitions>"#;
    let mut all = read("oval.xml", text).unwrap();
    assert_eq!(all.len(), 2, "what is no patch is no advisory");
    let broken = all.pop().unwrap().unwrap_err().to_string();
    assert_eq!(broken, "oval.xml, definition oval:x:def:2, metadata.advisory: there is none");
    let advisory = all.pop().unwrap().unwrap();
    let packages: Vec<_> = advisory.fixed.iter().map(ToString::to_string).collect();
    assert_eq!(packages, ["redis-7.2.10-1.module+el9.aarch64", "redis-7.2.10-1.module+el9.x86_64"]);
    assert!(
        advisory
            .fixed
            .iter()
            .all(|fixed| fixed.major == "9" && fixed.module.as_ref().is_some_and(|one| one.stream == "7"))
    );
    assert_eq!(advisory.vulnerabilities[0].cvss[0].tenths, Some(75));
    assert_eq!(advisory.references.last().unwrap().title, "a bug");
    assert!(read("oval.xml", &text[..text.len() / 2]).unwrap_err().to_string().starts_with("oval.xml"));
}

#[test]
fn wrong_documents_are_told_by_their_place() {
    let fine = osv::write(&rich(), ISSUER).unwrap();
    let references = format!("[{}]", vec![r#"{"type":"WEB","url":"u"}"#; 60_000].join(","));
    let start = fine.find("\"references\":[").unwrap() + "\"references\":".len();
    let end = start + fine[start..].find(']').unwrap() + 1;
    let many = format!("{}{references}{}", &fine[..start], &fine[end..]);
    for (text, says) in [
        (fine.replace("KESA-2026:0042", "../../etc/passwd"), "id: `../../etc/passwd` is no id"),
        (
            fine.replace("2026-02-05T00:00:00Z", "2999-01-01T00:00:00Z"),
            "updated: 2999-01-01T00:00:00Z of KESA-2026:0042 is in the future",
        ),
        (fine.replace("2026-02-05T00:00:00Z", "5 February"), "modified: `5 February` is no date"),
        (
            fine.replace("\"name\":\"tomcat\"", "\"name\":\"tom/cat\""),
            "affected[0].package.name: name `tom/cat`",
        ),
        (fine.replace("8.5~rc1^git-2.el8\"", "8.5\""), "affected[0]"),
        (fine.replace("\"affected\":[", "\"affected\":[7,"), "affected[0]: invalid type: integer `7`"),
        (many, "references: has 60000 entries; at most 50000 are read"),
        (fine[..fine.len() / 2].to_owned(), "EOF while parsing"),
        (format!("{fine} {{}}"), "trailing characters"),
        ("{}".to_owned(), "missing field `id`"),
        ("[1]".to_owned(), "is neither OSV, CSAF, OVAL nor updateinfo.xml"),
        (String::new(), "is neither OSV, CSAF, OVAL nor updateinfo.xml"),
    ] {
        let found = fault(&text);
        assert!(found.contains(says), "expected `{says}`, found `{found}`");
        assert!(found.starts_with("document"), "{found}");
    }
    let bad = updateinfo::to_xml([&updateinfo::made(&rich(), "9", &[], ISSUER)]);
    let two = bad.replace("</updates>", "") + bad.split_once("<updates>").unwrap().1;
    let broken = two.replacen("name=\"tomcat\"", "name=\"tom/cat\"", 1);
    let all = read("updateinfo.xml", &broken).unwrap();
    let told = all[0].as_ref().unwrap_err().to_string();
    assert!(told.contains("advisory KESA-2026:0042") && told.contains("tom/cat"), "{told}");
    assert_eq!(all[1].as_ref().unwrap().id.as_str(), "KESA-2026:0042", "the next one is read");
    let undated = bad.replace("2026-02-03 00:00:00", "then");
    assert!(
        fault(&undated).contains("advisory KESA-2026:0042, issued: `then` is no date"),
        "{}",
        fault(&undated)
    );
}

#[test]
fn formats_are_told_apart() {
    let advisory = rich();
    for (text, format) in [
        (osv::write(&advisory, ISSUER).unwrap(), Format::Osv),
        (csaf::write(&advisory, ISSUER).unwrap(), Format::Csaf),
        (oval::write([&advisory], "9", ISSUER), Format::Oval),
        (updateinfo::to_xml([&updateinfo::made(&advisory, "9", &[], ISSUER)]), Format::Updateinfo),
    ] {
        assert_eq!(Format::of(text.as_bytes()), Some(format));
        assert_eq!(one(&text).id, advisory.id);
    }
}
