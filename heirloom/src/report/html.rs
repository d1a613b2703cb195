//! The report as one HTML file: nothing is fetched, nothing runs, and the packages of one verdict are chosen by
//! style alone.
//!
//! Every package can be linked to by `#NEVRA`, every finding by `#NEVRA:RULE:NUMBER`, counted from 1.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_model::allowance::AllowanceUse;
use heirloom_model::record::Compared;
use heirloom_model::{Finding, Severity, Verdict};

use super::{
    DIFFERENCES, Package, Report, STYLE, VERDICTS, VERSION, allowed, by_rule, escape, level, normalised,
    percent, plural, rule_doc, severity_name,
};

/// A longer list of levels is folded.
const FOLDED: usize = 12;

/// The whole report.
pub(crate) fn html(report: &Report<'_>) -> String {
    let (title, verdict) = (escape(&report.title()), report.verdict);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src \
         'none'; style-src 'unsafe-inline'\">\n<title>{title}: {verdict}</title>\n<style>\n{STYLE}</style>\n\
         <header class=\"{verdict}\">\n<h1 class=\"level\">{verdict}</h1>\n<p>{title}, compared with the \
         reference. <span class=\"soft\">Heirloom {VERSION}</span></p>\n</header>\n"
    );
    if report.packages.len() > 1 {
        choices(&mut html, report);
    }
    html.push_str("<main>\n");
    if let Some(all) = report.rollup {
        levels(&mut html, "repositories", "repository", &all.repositories);
    }
    sets(&mut html, report);
    if let Some(all) = report.rollup {
        levels(&mut html, "sources", "source package", &all.sources);
    }
    if report.packages.len() > 1 {
        index(&mut html, report);
    }
    for package in report.by_verdict() {
        section(&mut html, package);
    }
    html.push_str("</main>\n</html>\n");
    html
}

/// One button for each verdict that there is. They come before what they choose, as the style needs it.
fn choices(html: &mut String, report: &Report<'_>) {
    let all = report.packages.len();
    let _ = writeln!(
        html,
        "<input type=\"radio\" name=\"level\" id=\"only-all\" checked><label for=\"only-all\">all {all}</label>"
    );
    for (verdict, count) in report.counts() {
        let _ = writeln!(
            html,
            "<input type=\"radio\" name=\"level\" id=\"only-{verdict}\"><label \
             for=\"only-{verdict}\">{verdict} {count}</label>"
        );
    }
}

/// Names with their levels, what needs attention first; folded if there are many.
fn levels(html: &mut String, id: &str, what: &str, all: &BTreeMap<String, Verdict>) {
    let open = if all.len() <= FOLDED { " open" } else { "" };
    let count = plural(all.len(), what);
    let _ = writeln!(html, "<section id=\"{id}\">\n<details{open}><summary>{count}</summary>\n<table>");
    for level in VERDICTS {
        for (name, _) in all.iter().filter(|(_, verdict)| **verdict == level) {
            let _ = writeln!(html, "<tr class=\"{level}\"><td>{}<td class=\"level\">{level}", escape(name));
        }
    }
    html.push_str("</table>\n</details>\n</section>\n");
}

/// What concerns no single pair.
fn sets(html: &mut String, report: &Report<'_>) {
    if report.findings.is_empty() && report.idle.is_empty() {
        return;
    }
    html.push_str("<section id=\"sets\">\n<h2>Both sets of packages</h2>\n");
    let mut numbers = BTreeMap::new();
    for severity in DIFFERENCES.into_iter().chain([Severity::Note]) {
        if severity == Severity::Note && report.findings.iter().any(|finding| finding.severity == severity) {
            html.push_str("<h3>noted or allowed</h3>\n");
        }
        rules(html, "sets", report.findings, severity, report.allowances, &mut numbers);
    }
    for idle in &report.idle {
        let _ = writeln!(html, "<p>Allowance {}</p>", escape(&idle.to_string()));
    }
    html.push_str("</section>\n");
}

fn index(html: &mut String, report: &Report<'_>) {
    html.push_str(
        "<section>\n<table class=\"index\">\n<tr><th>package<th>source<th>verdict<th>differences\n",
    );
    for package in report.by_verdict() {
        let compared = package.compared;
        let differences =
            compared.findings.iter().filter(|finding| DIFFERENCES.contains(&finding.severity)).count();
        let _ = writeln!(
            html,
            "<tr class=\"package {}\"><td><a href=\"#{}\">{}</a><td>{}<td class=\"level\">{}<td>{differences}",
            compared.verdict,
            percent(&compared.nevra.to_string()),
            escape(&compared.nevra.to_string()),
            escape(package.source),
            level(compared)
        );
    }
    html.push_str("</table>\n</section>\n");
}

fn section(html: &mut String, package: &Package<'_>) {
    let compared = package.compared;
    let nevra = compared.nevra.to_string();
    let (id, link, verdict) = (escape(&nevra), percent(&nevra), compared.verdict);
    let _ = write!(
        html,
        "<section class=\"package {verdict}\" id=\"{id}\">\n<h2><a href=\"#{link}\">{id}</a></h2>\n<span \
         class=\"level\">{}</span>\n<p class=\"soft\">of {}; rebuilt <code>{}</code>; reference {} \
         <code>{}</code>; version {} of the rules</p>\n",
        level(compared),
        escape(package.source),
        compared.package,
        escape(&compared.reference_nevra.to_string()),
        compared.reference,
        compared.rules
    );
    let mut numbers = BTreeMap::new();
    for severity in DIFFERENCES {
        rules(html, &nevra, &compared.findings, severity, &compared.allowances, &mut numbers);
    }
    for (severity, what) in [(Severity::Note, "allowed"), (Severity::Expected, "always expected")] {
        let count = compared.findings.iter().filter(|finding| finding.severity == severity).count();
        if count > 0 {
            let count = plural(count, "difference");
            let _ = writeln!(html, "<details><summary>{count} {what}</summary>");
            rules(html, &nevra, &compared.findings, severity, &compared.allowances, &mut numbers);
            html.push_str("</details>\n");
        }
    }
    normalisations(html, compared);
    html.push_str("</section>\n");
}

/// The findings of one severity, rule by rule. `numbers` counts the findings of each rule for their anchors.
fn rules<'f>(
    html: &mut String,
    about: &str,
    findings: &'f [Finding],
    severity: Severity,
    uses: &[AllowanceUse],
    numbers: &mut BTreeMap<&'f str, usize>,
) {
    let groups = by_rule(findings, &[severity]);
    // Others have their heading already.
    if !groups.is_empty() && DIFFERENCES.contains(&severity) {
        let name = severity_name(severity);
        let count = plural(groups.iter().map(|(_, findings)| findings.len()).sum(), "difference");
        let _ = writeln!(html, "<h3 class=\"{name}\">{name} <small>{count}</small></h3>");
    }
    for (rule, findings) in groups {
        let (name, doc) = (escape(rule), escape(rule_doc(rule)));
        let _ = writeln!(html, "<h4>{name} <small>{doc}</small></h4>");
        html.push_str("<table>\n<tr><th>where<th>reference<th>rebuilt\n");
        for finding in findings {
            let number = numbers.entry(rule).or_default();
            *number += 1;
            let anchor = format!("{about}:{rule}:{number}");
            let reason = allowed(uses, finding);
            row(html, &anchor, finding, reason);
        }
        html.push_str("</table>\n");
    }
}

fn row(html: &mut String, anchor: &str, finding: &Finding, reason: Option<&str>) {
    let reason = reason.map(|reason| format!("<br>allowed: {}", escape(reason))).unwrap_or_default();
    let value = |text: &str| match text {
        "" => "<span class=\"soft\">none</span>".to_owned(),
        text => format!("<span class=\"value\">{}</span>", escape(text)),
    };
    let _ = writeln!(
        html,
        "<tr id=\"{}\"><td><a href=\"#{}\"><code>{}</code></a>{reason}<td>{}<td>{}",
        escape(anchor),
        percent(anchor),
        escape(&finding.subject),
        value(&finding.expected),
        value(&finding.found)
    );
}

fn normalisations(html: &mut String, compared: &Compared) {
    if compared.normalisations.is_empty() {
        return;
    }
    let count = plural(compared.normalisations.len(), "normalisation");
    let _ = writeln!(html, "<details><summary>{count}: what was taken away, as it means nothing</summary>");
    for (rule, subjects) in normalised(compared) {
        let doc = heirloom_compare::normalisers().iter().find(|known| known.name == rule);
        let doc = escape(doc.map_or("", |known| known.doc));
        let _ = writeln!(html, "<h4>{} <small>{doc}</small></h4>\n<table>", escape(rule));
        for (subject, detail) in subjects {
            let (subject, detail) = (escape(subject), escape(detail));
            let _ = writeln!(html, "<tr><td><code>{subject}</code><td>{detail}");
        }
        html.push_str("</table>\n");
    }
    html.push_str("</details>\n");
}
