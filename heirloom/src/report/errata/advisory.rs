//! The page of an advisory.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use heirloom_formats::advisory::{Issuer, csaf, listing, osv_path};
use heirloom_model::advisory::{Advisory, CveId};

use super::{day, escape, file, page as whole, percent, property, references, score, severity};

/// The page. `known` are the vulnerabilities that have one.
pub(crate) fn page(advisory: &Advisory, known: &BTreeSet<&CveId>, issuer: Issuer<'_>) -> String {
    let title = format!("{}: {}", advisory.id, advisory.title);
    let mut html = format!(
        "<p><a href=\"../index.html\">Advisories of {}</a></p>\n<h1>{}</h1>\n<p>{}</p>\n<dl>\n",
        escape(issuer.name),
        escape(advisory.id.as_str()),
        escape(&advisory.title)
    );
    property(&mut html, "Kind", advisory.kind.name());
    property(&mut html, "Severity", &severity(advisory.severity));
    property(&mut html, "Issued", &day(advisory.issued));
    property(&mut html, "Updated", &day(advisory.updated));
    let withdrawn =
        |time| format!("<strong class=\"withdrawn\">{}: it concerns no machine any more</strong>", day(time));
    property(&mut html, "Withdrawn", &advisory.withdrawn.map(withdrawn).unwrap_or_default());
    let related: Vec<_> = advisory.related.iter().map(|id| escape(id)).collect();
    property(&mut html, "Replaces", &related.join(", "));
    let after: Vec<_> = advisory.suggestions.iter().map(|one| one.name()).collect();
    property(&mut html, "Afterwards", &after.join(", "));
    html.push_str("</dl>\n");
    for (name, text) in [("Description", &advisory.description), ("Solution", &advisory.solution)] {
        if !text.is_empty() {
            let _ = writeln!(html, "<h2>{name}</h2>\n<div class=\"text\">{}</div>", escape(text));
        }
    }
    vulnerabilities(&mut html, advisory, known);
    packages(&mut html, advisory, issuer);
    references(&mut html, &advisory.references);
    forms(&mut html, advisory);
    if !advisory.rights.is_empty() {
        let _ = writeln!(html, "<p class=\"soft\">{}</p>", escape(&advisory.rights));
    }
    whole(&title, "", &html)
}

fn vulnerabilities(html: &mut String, advisory: &Advisory, known: &BTreeSet<&CveId>) {
    if advisory.vulnerabilities.is_empty() {
        return;
    }
    html.push_str("<h2>Vulnerabilities</h2>\n<table>\n<tr><th>CVE</th><th>severity</th><th>score</th><th>what it is</th></tr>\n");
    for one in &advisory.vulnerabilities {
        let id = escape(one.id.as_str());
        let link = match known.contains(&one.id) {
            true => format!("<a href=\"../cve/{}\">{id}</a>", file(one.id.as_str(), "html")),
            false => id,
        };
        let (severity, score, title) = (severity(one.severity), score(&one.cvss), escape(&one.title));
        let _ = writeln!(html, "<tr><td>{link}</td><td>{severity}</td><td>{score}</td><td>{title}</td></tr>");
    }
    html.push_str("</table>\n");
}

fn packages(html: &mut String, advisory: &Advisory, issuer: Issuer<'_>) {
    if advisory.fixed.is_empty() {
        return;
    }
    html.push_str("<h2>Packages</h2>\n<table>\n<tr><th>of</th><th>source</th><th>package</th><th>architectures</th></tr>\n");
    for group in listing::groups(&advisory.fixed) {
        let mut of = escape(format!("{} {}", issuer.name, group.major).trim_end());
        if let Some(module) = &group.module {
            let _ = write!(of, "<br>module {}", escape(module));
        }
        let source = escape(group.source.as_deref().unwrap_or_default());
        for (name, arches) in &group.packages {
            let (name, arches) =
                (escape(name), escape(&arches.iter().cloned().collect::<Vec<_>>().join(", ")));
            let _ = writeln!(
                html,
                "<tr><td>{of}</td><td>{source}</td><td><code>{name}</code></td><td>{arches}</td></tr>"
            );
        }
    }
    html.push_str("</table>\n");
}

/// The other forms of the same.
fn forms(html: &mut String, advisory: &Advisory) {
    let id = advisory.id.as_str();
    let forms = [
        ("CSAF", csaf::path(advisory)),
        ("OSV", osv_path(&advisory.id)),
        ("JSON", format!("json/{id}.json")),
        ("mail", format!("mail/{id}.txt")),
    ];
    let links: Vec<_> =
        forms.iter().map(|(name, path)| format!("<a href=\"../{}\">{name}</a>", percent(path))).collect();
    let _ = writeln!(html, "<p>Also as {}</p>", links.join(", "));
}
