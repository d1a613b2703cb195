//! The page of a vulnerability: which packages it concerns, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use heirloom_formats::advisory::{Issuer, csaf};
use heirloom_model::advisory::AdvisoryId;
use heirloom_model::advisory::vex::{Scope, Statement, Status, Vex};

use super::{day, escape, file, page as whole, percent, property, references, score, severity};

/// The page. `known` are the advisories that have one.
pub(crate) fn page(vex: &Vex, known: &BTreeSet<&AdvisoryId>, issuer: Issuer<'_>) -> String {
    let cve = vex.cve.as_str();
    let title = format!("{cve} in {}", issuer.name);
    let mut html = format!(
        "<p><a href=\"index.html\">Vulnerabilities and {}</a></p>\n<h1>{}</h1>\n<p>{}</p>\n<dl>\n",
        escape(issuer.name),
        escape(cve),
        escape(&vex.title)
    );
    property(&mut html, "Severity", &severity(vex.severity));
    property(&mut html, "Score", &score(&vex.cvss));
    let weakness = vex.weakness.as_ref().map(|one| escape(&format!("{} {}", one.id, one.name)));
    property(&mut html, "Weakness", &weakness.unwrap_or_default());
    property(&mut html, "First said", &day(vex.issued));
    property(&mut html, "Changed", &day(vex.updated));
    let rejected = |why: &String| format!("<strong>{}</strong> It concerns no package.", escape(why));
    property(&mut html, "Rejected", &vex.rejected.as_ref().map(rejected).unwrap_or_default());
    html.push_str("</dl>\n");
    for (name, text) in [("Description", &vex.description), ("Until there is a fix", &vex.workaround)] {
        if !text.is_empty() {
            let _ = writeln!(html, "<h2>{name}</h2>\n<div class=\"text\">{}</div>", escape(text));
        }
    }
    statements(&mut html, vex, known, issuer);
    if !vex.history.is_empty() {
        html.push_str("<h2>What was said when</h2>\n<ul>\n");
        for one in &vex.history {
            let _ = writeln!(html, "<li>{} {}</li>", day(one.date), escape(&one.summary));
        }
        html.push_str("</ul>\n");
    }
    references(&mut html, &vex.references);
    let _ = writeln!(html, "<p>Also as <a href=\"../{}\">CSAF VEX</a></p>", percent(&csaf::vex::path(vex)));
    whole(&title, "", &html)
}

/// What a statement is about, as it is shown: packages by the one that they are built from, where it is known.
fn subject(statement: &Statement) -> (String, String) {
    let module = statement.scope.module().map(|module| format!("{}:{}", module.name, module.stream));
    let package = match &statement.scope {
        Scope::Exact(fixed) => match &fixed.source {
            Some(source) => format!("{}-{}", source.name(), source.evr()),
            None => format!("{}-{}", fixed.name(), fixed.evr()),
        },
        Scope::Package(package) => package.name().to_owned(),
        whole @ Scope::Whole(_) => whole.to_string(),
    };
    (package, module.unwrap_or_default())
}

fn statements(html: &mut String, vex: &Vex, known: &BTreeSet<&AdvisoryId>, issuer: Issuer<'_>) {
    if vex.statements.is_empty() {
        return;
    }
    let mut rows: BTreeMap<(&str, String, String), BTreeSet<&Status>> = BTreeMap::new();
    for one in &vex.statements {
        let (package, module) = subject(one);
        rows.entry((one.scope.major(), module, package)).or_default().insert(&one.status);
    }
    html.push_str(
        "<h2>Packages</h2>\n<table>\n<tr><th>of</th><th>package</th><th>status</th><th>why</th></tr>\n",
    );
    for ((major, module, package), states) in rows {
        let mut of = escape(format!("{} {major}", issuer.name).trim_end());
        if !module.is_empty() {
            let _ = write!(of, "<br>module {}", escape(&module));
        }
        for status in states {
            let (name, class, why) = (status.name(), status.name().replace(' ', "-"), why(status, known));
            let package = escape(&package);
            let _ = writeln!(
                html,
                "<tr><td>{of}</td><td><code>{package}</code></td><td class=\"{class}\">{name}</td><td>{why}</td></tr>"
            );
        }
    }
    html.push_str("</table>\n");
}

fn why(status: &Status, known: &BTreeSet<&AdvisoryId>) -> String {
    match status {
        Status::Fixed { advisory: Some(id) } if known.contains(id) => {
            format!("<a href=\"../advisories/{}\">{}</a>", file(id.as_str(), "html"), escape(id.as_str()))
        }
        Status::Fixed { advisory: Some(id) } => escape(id.as_str()),
        Status::Fixed { advisory: None } | Status::UnderInvestigation => String::new(),
        Status::NotAffected { justification, impact } => {
            let sentence = justification.map(|one| one.sentence()).unwrap_or_default();
            escape(format!("{sentence} {impact}").trim())
        }
        Status::Affected { note: text } | Status::WillNotFix { why: text } => escape(text),
    }
}
