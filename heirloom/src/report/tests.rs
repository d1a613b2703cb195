//! What reports say, and that hostile names act on nobody.

use std::io::Write as _;
use std::process::{Command, Stdio};

use heirloom_model::allowance::{Allowance, AllowanceUse, Idle};
use heirloom_model::record::{Compared, Promise};
use heirloom_model::{Digest, Evidence, Finding, Normalisation, Severity, Verdict};
use serde_json::Value;

use super::{Package, Report, html, junit, one, sarif, terminal, visible};

/// A name that tries to be markup, to close every quotation, and to act on a terminal.
const HOSTILE: &str = "/x</td></script><script>alert('1')</script>\"&amp;\u{1b}[2J\u{202e}]]>\u{0}\u{ffff}";

fn finding(rule: &str, severity: Severity, subject: &str, expected: &str, found: &str) -> Finding {
    let (rule, subject) = (rule.to_owned(), subject.to_owned());
    Finding { rule, severity, subject, expected: expected.to_owned(), found: found.to_owned() }
}

fn compared(nevra: &str, verdict: Verdict, findings: Vec<Finding>) -> Compared {
    Compared {
        nevra: nevra.parse().unwrap(),
        package: Digest::of(b"rebuilt"),
        reference: Digest::of(b"reference"),
        reference_nevra: nevra.parse().unwrap(),
        rules: 7,
        verdict,
        evidence: None,
        findings,
        normalisations: Vec::new(),
        allowances: Vec::new(),
        told: None,
    }
}

/// A package with something of everything.
fn mixed() -> Compared {
    let findings = vec![
        finding("requires", Severity::Incompatible, "libc.so.6", "", "GLIBC_2.34"),
        finding("file-content", Severity::Different, "/usr/bin/tree", "aa, 4 bytes", "bb, 5 bytes"),
        finding("file-content", Severity::Different, "/usr/bin/odd name%", "cc", "dd"),
        finding("url", Severity::Note, "URL", "https://a.example", "https://b.example"),
        finding("build-host", Severity::Expected, "BUILDHOST", "a", "b"),
    ];
    let normalisation = |subject: &str, detail: &str| Normalisation {
        rule: "build-id".to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    };
    let (rule, subject, reason) = ("url".to_owned(), "URL".to_owned(), "own home page".to_owned());
    Compared {
        evidence: Some(Evidence::Symbols),
        normalisations: vec![normalisation("/usr/bin/tree", ""), normalisation("/usr/bin/more", "20 bytes")],
        allowances: vec![AllowanceUse { rule, subject, reason }],
        ..compared("tree-1.8-1.el9.x86_64", Verdict::Incompatible, findings)
    }
}

fn report<'a>(all: &'a [(&'a str, Compared)]) -> Report<'a> {
    Report {
        verdict: Verdict::worst(all.iter().map(|(_, compared)| compared.verdict)),
        promise: Promise::Identical,
        packages: all.iter().map(|(source, compared)| Package { source, compared }).collect(),
        rollup: None,
        findings: &[],
        allowances: &[],
        idle: Vec::new(),
    }
}

fn hostile() -> [(&'static str, Compared); 1] {
    let findings = vec![
        finding("file-content", Severity::Different, HOSTILE, HOSTILE, HOSTILE),
        finding(HOSTILE, Severity::Note, HOSTILE, HOSTILE, HOSTILE),
    ];
    let used = AllowanceUse { rule: HOSTILE.into(), subject: HOSTILE.into(), reason: HOSTILE.into() };
    let normalisation =
        Normalisation { rule: HOSTILE.into(), subject: HOSTILE.into(), detail: HOSTILE.into() };
    let compared = Compared {
        normalisations: vec![normalisation],
        allowances: vec![used],
        ..compared("tree-1-1.noarch", Verdict::AbiCompatible, findings)
    };
    [(HOSTILE, compared)]
}

/// Whether nothing in it can act on a terminal.
fn is_quiet(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}' && c != '\u{ffff}'))
}

/// Python's parser reads it whole: `kind` is `xml` or `html`; each element is a line of name and attributes.
fn parsed(kind: &str, text: &str) -> Vec<String> {
    const PARSERS: &str = r#"
import sys, html.parser, xml.sax
class Html(html.parser.HTMLParser):
    def handle_starttag(self, name, attributes): print(name, *sorted(attributes))
class Xml(xml.sax.ContentHandler):
    def startElement(self, name, attributes): print(name, *sorted(attributes.items()))
text = sys.stdin.buffer.read()
if sys.argv[1] == "html": Html().feed(text.decode())
else: xml.sax.parseString(text, Xml())
"#;
    let mut python = Command::new("python3")
        .args(["-c", PARSERS, kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{kind} is not well formed:\n{text}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_terminal_report_leads_with_the_verdict_and_what_matters() {
    let expected = "\
tree-1.8-1.el9.x86_64: incompatible
  users of the reference can break
  incompatible
    requires: Every requirement is the same.
      libc.so.6
        only the rebuilt    GLIBC_2.34
  and 2 differences that break nobody: file-content; `--explain` shows all
  and 2 differences expected or allowed
  after 2 normalisations: build-id
  with 1 allowance used
";
    // The rules' own words may change.
    let plain = |text: &str| -> Vec<String> {
        let line = |line: &str| match line.starts_with("    ") && !line.starts_with("     ") {
            true => line.split(':').next().unwrap_or_default().to_owned(),
            false => line.to_owned(),
        };
        text.lines().map(line).collect()
    };
    assert_eq!(plain(&terminal(&report(&[("tree", mixed())]), false)), plain(expected));

    // With nothing that weighs more, what breaks nobody is shown.
    let mut other = mixed();
    other.findings.retain(|finding| finding.severity != Severity::Incompatible);
    other.findings[1].expected = other.findings[1].found.clone();
    other.verdict = Verdict::AbiCompatible;
    let expected = "\
tree-1.8-1.el9.x86_64: abi-compatible
  not the same, but every interface holds, by symbols; types need --debuginfo
  different
    file-content: Every file has the same contents.
      /usr/bin/tree
        reference  aa, 4 bytes
        rebuilt    bb, 5 bytes
      /usr/bin/odd name%
        both       dd
";
    let text = one(&other, false);
    assert!(plain(&text).starts_with(&plain(expected)), "{text}");
}

#[test]
fn explaining_shows_every_finding_and_every_normalisation() {
    let explained = one(&mixed(), true);
    for said in [
        "BUILDHOST",
        "https://b.example",
        "URL is allowed: own home page",
        "/usr/bin/tree\n",
        "/usr/bin/more: 20 bytes\n",
    ] {
        assert!(explained.contains(said), "{said}:\n{explained}");
    }
    let findings =
        (0..9).map(|n| finding("file-mode", Severity::Different, &format!("/{n}"), "1", "2")).collect();
    let many = compared("a-1-1.noarch", Verdict::AbiCompatible, findings);
    let short = one(&many, false);
    assert!(short.contains("/4") && !short.contains("/5\n") && short.contains("and 4 more"), "{short}");
    assert!(one(&many, true).contains("/8"));
}

#[test]
fn many_packages_are_counted_and_sorted_by_what_needs_attention() {
    let all = [
        ("a", compared("a-1-1.noarch", Verdict::BitIdentical, Vec::new())),
        ("b", compared("b-1-1.noarch", Verdict::Undecided, Vec::new())),
        ("tree", mixed()),
    ];
    let missing = [finding("missing-package", Severity::Incompatible, "c.noarch", "1-1", "")];
    let allowance = Allowance {
        rule: "url".to_owned(),
        package: "*".to_owned(),
        path: "*".to_owned(),
        reason: "none".to_owned(),
        expires: "2020-01-01".parse().unwrap(),
    };
    let report =
        Report { findings: &missing, idle: vec![(&allowance, Idle::Expired).into()], ..report(&all) };

    let text = terminal(&report, false);
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in\n{text}"));
    assert!(
        text.starts_with("3 packages, 1 missing: incompatible\n      1 incompatible\n      1 undecided\n"),
        "{text}"
    );
    assert!(place("c.noarch") < place("tree-1.8") && place("tree-1.8") < place("b-1-1.noarch: undecided"));
    assert!(!text.contains("a-1-1.noarch") && text.contains("expired"), "{text}");

    let page = html(&report);
    for said in ["id=\"only-undecided\"", "missing-package", "expired", "href=\"#b-1-1.noarch\""] {
        assert!(page.contains(said), "{said}");
    }
    let json: Value = serde_json::from_str(&sarif(&report)).unwrap();
    let run = &json["runs"][0];
    assert!(run["invocations"][0]["toolConfigurationNotifications"][0]["message"]["text"].is_string());
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.last().unwrap()["ruleId"], "missing-package");
}

#[test]
fn html_can_be_linked_to_and_fetches_nothing() {
    let page = html(&report(&[("tree", mixed())]));
    let elements = parsed("html", &page);
    let ids: Vec<_> =
        elements.iter().filter_map(|one| one.split("('id', '").nth(1)?.split('\'').next()).collect();
    for id in ["tree-1.8-1.el9.x86_64", "tree-1.8-1.el9.x86_64:file-content:2", "tree-1.8-1.el9.x86_64:url:1"]
    {
        assert_eq!(ids.iter().filter(|one| **one == id).count(), 1, "{id} in {ids:?}");
    }
    let links = elements.iter().filter_map(|one| one.split("('href', '").nth(1));
    assert!(links.clone().count() > 0 && links.into_iter().all(|link| link.starts_with('#')), "{elements:?}");
    let fetching = ["script", "link", "img", "iframe", "object", "embed", "form", "base"];
    assert!(elements.iter().all(|one| !fetching.contains(&one.split(' ').next().unwrap())), "{elements:?}");
    assert!(!page.contains("url(") && !page.contains("@import"));
    assert!(page.find("<h1 class=\"level\">incompatible</h1>") < page.find("requires"));
    assert!(page.contains("allowed: own home page"));
}

#[test]
fn hostile_names_are_text_in_every_form() {
    let all = hostile();
    let report = report(&all);
    let page = html(&report);
    let elements = parsed("html", &page);
    assert!(elements.iter().all(|element| !element.starts_with("script")), "{page}");
    let known = ["class", "content", "href", "http-equiv", "id", "lang", "charset", "name"];
    for element in &elements {
        let names = element.split("('").skip(1).filter_map(|part| part.split('\'').next());
        assert!(names.into_iter().all(|name| known.contains(&name)), "{element}");
    }
    assert!(is_quiet(&page.replace("\\u{", "")));

    let cases = parsed("xml", &junit(&report));
    assert!(cases.iter().all(|case| !case.starts_with("script")), "{cases:?}");
    for text in [terminal(&report, true), sarif(&report), junit(&report)] {
        assert!(is_quiet(&text), "{text:?}");
    }
    let json: Value = serde_json::from_str(&sarif(&report)).unwrap();
    let uri = json["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        .as_str()
        .unwrap();
    assert!(uri.starts_with("x%3C/td%3E%3C/script%3E") && uri.is_ascii(), "{uri}");
    assert_eq!(visible("a\u{1b}[0mé\n"), "a\\u{1b}[0mé\n");
}

#[test]
fn sarif_says_how_much_each_finding_weighs_and_where_it_is() {
    let json: Value = serde_json::from_str(&sarif(&report(&[("tree", mixed())]))).unwrap();
    assert_eq!((&json["version"], json["runs"].as_array().map(Vec::len)), (&"2.1.0".into(), Some(1)));
    let run = &json["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    let levels: Vec<_> = results.iter().map(|result| result["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["error", "warning", "warning", "note", "none"]);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
    }
    let place = &results[2]["locations"][0];
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "usr/bin/odd%20name%25");
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uriBaseId"], "tree-1.8-1.el9.x86_64");
    assert!(run["originalUriBaseIds"]["tree-1.8-1.el9.x86_64"]["description"]["text"].is_string());
    assert!(results[0]["locations"][0].get("physicalLocation").is_none(), "a dependency has no path");
    assert_eq!(results[3]["suppressions"][0]["justification"], "own home page");
    let prints: std::collections::BTreeSet<_> =
        results.iter().map(|result| result["partialFingerprints"]["finding/v1"].to_string()).collect();
    assert_eq!(prints.len(), results.len());
}

#[test]
fn junit_has_a_suite_for_each_source_and_a_case_for_each_package() {
    let all = [
        ("bash", compared("bash-1-1.noarch", Verdict::Identical, Vec::new())),
        ("tree", compared("tree-doc-1-1.noarch", Verdict::Undecided, Vec::new())),
        ("tree", mixed()),
        ("zlib", compared("zlib-1-1.noarch", Verdict::AbiCompatible, Vec::new())),
    ];
    let xml = junit(&report(&all));
    assert_eq!(
        parsed("xml", &xml),
        [
            "testsuites ('errors', '1') ('failures', '2') ('name', 'heirloom compare') ('skipped', '0') ('tests', '4')",
            "testsuite ('errors', '0') ('failures', '0') ('name', 'bash') ('skipped', '0') ('tests', '1')",
            "testcase ('classname', 'bash') ('name', 'bash-1-1.noarch')",
            "system-out",
            "testsuite ('errors', '1') ('failures', '1') ('name', 'tree') ('skipped', '0') ('tests', '2')",
            "testcase ('classname', 'tree') ('name', 'tree-1.8-1.el9.x86_64')",
            "failure ('message', 'incompatible, by symbols: the promise `identical` is broken') ('type', 'incompatible')",
            "testcase ('classname', 'tree') ('name', 'tree-doc-1-1.noarch')",
            "error ('message', 'evidence is missing') ('type', 'undecided')",
            "testsuite ('errors', '0') ('failures', '1') ('name', 'zlib') ('skipped', '0') ('tests', '1')",
            "testcase ('classname', 'zlib') ('name', 'zlib-1-1.noarch')",
            "failure ('message', 'abi-compatible: the promise `identical` is broken') ('type', 'abi-compatible')",
        ]
    );
    let abi = junit(&Report { promise: Promise::Abi, ..report(&all) });
    assert!(parsed("xml", &abi)[0].contains("('failures', '1')"), "an `abi` promise is kept by zlib");
}
