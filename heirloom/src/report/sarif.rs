//! SARIF 2.1.0, for code scanners: every rule with what it demands, every finding with its place.
//!
//! A finding that breaks users of a package, or that nobody could decide, is an error; one that breaks the
//! promise to be identical a warning; an allowed one a note, and suppressed with its reason if a declared
//! allowance covers it. What always differs is information. Paths are relative to the package's root, whose
//! base is named after the package.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::allowance::AllowanceUse;
use heirloom_model::record::Compared;
use heirloom_model::{Digest, Finding, Severity};
use serde_json::{Map, Value, json};

use super::{Report, VERSION, allowed, percent, rule_doc, visible};

/// The whole report.
pub(crate) fn sarif(report: &Report<'_>) -> String {
    let rules = rules(report);
    let places: BTreeMap<_, _> = rules.iter().enumerate().map(|(place, rule)| (*rule, place)).collect();
    let mut results = Vec::new();
    for package in report.by_verdict() {
        let findings = package.compared.findings.iter();
        results.extend(
            findings.map(|finding| {
                result(Some(package.compared), &package.compared.allowances, finding, &places)
            }),
        );
    }
    results.extend(report.findings.iter().map(|finding| result(None, report.allowances, finding, &places)));
    let bases: Map<_, _> = report
        .by_verdict()
        .into_iter()
        .map(|package| {
            let text = format!("Root of the files of {}.", package.compared.nevra);
            (package.compared.nevra.to_string(), json!({ "description": { "text": text } }))
        })
        .collect();
    let notifications: Vec<_> = report
        .idle
        .iter()
        .map(|idle| json!({ "level": "warning", "message": { "text": text(&format!("allowance {idle}")) } }))
        .collect();
    let mut properties = json!({ "verdict": report.verdict });
    if let Some(all) = report.rollup {
        properties["repositories"] = json!(all.repositories);
        properties["sources"] = json!(all.sources);
    }
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "heirloom",
                "semanticVersion": VERSION,
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            "invocations": [{
                "executionSuccessful": true,
                "toolConfigurationNotifications": notifications,
            }],
            "originalUriBaseIds": bases,
            "results": results,
            "properties": properties,
        }],
    });
    format!("{sarif:#}\n")
}

/// Every rule that there is, and those about sets of packages that found something.
fn rules<'r>(report: &'r Report<'_>) -> Vec<&'r str> {
    let known: Vec<_> = heirloom_compare::checks().iter().map(heirloom_compare::Check::name).collect();
    let of_packages = report.packages.iter().flat_map(|package| &package.compared.findings);
    let found: BTreeSet<_> =
        of_packages.chain(report.findings).map(|finding| finding.rule.as_str()).collect();
    let other: Vec<_> = found.into_iter().filter(|rule| !known.contains(rule)).collect();
    known.into_iter().chain(other).collect()
}

fn descriptor(rule: &str) -> Value {
    json!({ "id": text(rule), "shortDescription": { "text": rule_doc(rule) } })
}

fn result(
    compared: Option<&Compared>,
    uses: &[AllowanceUse],
    finding: &Finding,
    places: &BTreeMap<&str, usize>,
) -> Value {
    let (kind, level) = match finding.severity {
        Severity::Expected => ("informational", "none"),
        Severity::Note => ("fail", "note"),
        Severity::Different => ("fail", "warning"),
        Severity::Incompatible | Severity::Undecided => ("fail", "error"),
    };
    let mut result = json!({
        "ruleId": text(&finding.rule),
        "ruleIndex": places.get(finding.rule.as_str()),
        "kind": kind,
        "level": level,
        "message": { "text": message(finding) },
        "locations": [location(compared, finding)],
        "partialFingerprints": { "finding/v1": fingerprint(compared, finding) },
    });
    if let Some(reason) = allowed(uses, finding) {
        result["suppressions"] = json!([{ "kind": "external", "justification": text(reason) }]);
    }
    result
}

fn location(compared: Option<&Compared>, finding: &Finding) -> Value {
    let Some(compared) = compared else {
        return json!({ "logicalLocations": [{ "fullyQualifiedName": text(&finding.subject), "kind": "package" }] });
    };
    let nevra = compared.nevra.to_string();
    let whole = format!("{nevra}:{}", finding.subject);
    let mut location = json!({
        "logicalLocations": [{
            "name": text(&finding.subject),
            "fullyQualifiedName": text(&whole),
            "kind": "package",
        }],
    });
    if let Some(path) = finding.subject.strip_prefix('/') {
        location["physicalLocation"] =
            json!({ "artifactLocation": { "uri": percent(path), "uriBaseId": nevra } });
    }
    location
}

fn message(finding: &Finding) -> String {
    let (expected, found) = (text(&finding.expected), text(&finding.found));
    let what = match (expected.is_empty(), found.is_empty()) {
        (false, false) => format!("the reference has `{expected}`, the rebuild `{found}`"),
        (false, true) => format!("only the reference has it: `{expected}`"),
        (true, false) => format!("only the rebuild has it: `{found}`"),
        (true, true) => "it differs".to_owned(),
    };
    format!("{}: {what}", text(&finding.subject))
}

/// The same for the same finding of the next version of the package.
fn fingerprint(compared: Option<&Compared>, finding: &Finding) -> String {
    let nevra = compared.map(|compared| &compared.nevra);
    let package = nevra.map(|nevra| format!("{}.{}", nevra.name(), nevra.arch())).unwrap_or_default();
    Digest::of(format!("{package}\0{}\0{}", finding.rule, finding.subject).as_bytes()).to_string()
}

fn text(text: &str) -> String {
    visible(text).into_owned()
}
