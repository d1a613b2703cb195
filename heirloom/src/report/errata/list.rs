//! The lists of all advisories and of all vulnerabilities, of which one year, or one kind, can be chosen.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use heirloom_formats::advisory::{Issuer, feed, listing};
use heirloom_model::advisory::vex::Vex;
use heirloom_model::advisory::{Advisory, AdvisoryKind, Severity};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{day, escape, file, page, severity};

/// Buttons of which one is pressed, and the style by which each leaves its rows alone. Names are words and numbers.
fn choices(html: &mut String, style: &mut String, group: &str, names: impl IntoIterator<Item = String>) {
    let _ = writeln!(
        html,
        "<input type=\"radio\" name=\"{group}\" id=\"{group}\" checked><label for=\"{group}\">all</label>"
    );
    for name in names {
        let _ = writeln!(
            html,
            "<input type=\"radio\" name=\"{group}\" id=\"{group}-{name}\"><label for=\"{group}-{name}\">{}</label>",
            name.replace('-', " ")
        );
        let _ = writeln!(
            style,
            "#{group}-{name}:checked ~ main tr.row:not(.{group}-{name}) {{ display: none; }}"
        );
    }
    html.push_str("<br>\n");
}

/// Years, the last first.
fn years(times: impl Iterator<Item = Timestamp>) -> impl Iterator<Item = String> {
    times.map(year).collect::<BTreeSet<_>>().into_iter().rev().map(|year| year.to_string())
}

fn year(time: Timestamp) -> i16 {
    time.to_zoned(TimeZone::UTC).year()
}

/// The list of advisories, the newest first.
pub(crate) fn advisories(advisories: &[Advisory], issuer: Issuer<'_>) -> String {
    let title = format!("Advisories of {}", issuer.name);
    let (mut html, mut style) = (format!("<h1>{}</h1>\n", escape(&title)), String::new());
    let _ = writeln!(
        html,
        "<p class=\"soft\"><a href=\"cve/index.html\">Vulnerabilities</a>, <a href=\"{}\">Atom</a>, <a \
         href=\"{}\">RSS</a>, <a href=\"advisories.json\">JSON</a></p>",
        feed::ATOM,
        feed::RSS
    );
    choices(&mut html, &mut style, "year", years(advisories.iter().map(|one| one.issued)));
    let severities: BTreeSet<Severity> = advisories.iter().filter_map(|one| one.severity).collect();
    choices(&mut html, &mut style, "severity", severities.iter().rev().map(|one| one.name().to_owned()));
    let kinds: BTreeSet<AdvisoryKind> = advisories.iter().map(|one| one.kind).collect();
    choices(&mut html, &mut style, "kind", kinds.iter().map(|kind| kind.name().to_owned()));
    html.push_str(
        "<main>\n<table>\n<tr><th>issued</th><th>advisory</th><th>severity</th><th>what it is</th><th>CVEs</th></tr>\n",
    );
    let mut sorted: Vec<_> = advisories.iter().collect();
    sorted.sort_by(|a, b| b.issued.cmp(&a.issued).then_with(|| b.id.cmp(&a.id)));
    for one in sorted {
        let rated = one.severity.map(|severity| format!(" severity-{}", severity.name())).unwrap_or_default();
        let withdrawn =
            if one.withdrawn.is_some() { "<strong class=\"withdrawn\">withdrawn</strong> " } else { "" };
        let _ = writeln!(
            html,
            "<tr class=\"row year-{} kind-{}{rated}\"><td>{}</td><td><a href=\"advisories/{}\">{}</a></td><td>{}</td><td>{withdrawn}{}</td><td>{}</td></tr>",
            year(one.issued),
            one.kind.name(),
            day(one.issued),
            file(one.id.as_str(), "html"),
            escape(one.id.as_str()),
            severity(one.severity),
            escape(&one.title),
            one.vulnerabilities.len()
        );
    }
    html.push_str("</table>\n</main>\n");
    page(&title, &style, &html)
}

/// The list of vulnerabilities, those that were changed last first.
pub(crate) fn cves(vex: &[Vex], issuer: Issuer<'_>) -> String {
    let title = format!("Vulnerabilities and {}", issuer.name);
    let (mut html, mut style) = (String::new(), String::new());
    let _ = writeln!(html, "<p><a href=\"../index.html\">Advisories</a></p>\n<h1>{}</h1>", escape(&title));
    choices(&mut html, &mut style, "year", years(vex.iter().map(|one| one.updated)));
    let all: BTreeSet<&str> = vex.iter().flat_map(states).collect();
    choices(&mut html, &mut style, "status", all.into_iter().map(|name| name.replace(' ', "-")));
    html.push_str(
        "<main>\n<table>\n<tr><th>changed</th><th>CVE</th><th>severity</th><th>score</th><th>status</th><th>what it is</th></tr>\n",
    );
    let mut sorted: Vec<_> = vex.iter().collect();
    sorted.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| b.cve.cmp(&a.cve)));
    for one in sorted {
        let states = states(one);
        let classes: String =
            states.iter().map(|name| format!(" status-{}", name.replace(' ', "-"))).collect();
        let score = listing::worst(&one.cvss).map(|(tenths, _)| listing::points(tenths)).unwrap_or_default();
        let _ = writeln!(
            html,
            "<tr class=\"row year-{}{classes}\"><td>{}</td><td><a href=\"{}\">{}</a></td><td>{}</td><td>{score}</td><td>{}</td><td>{}</td></tr>",
            year(one.updated),
            day(one.updated),
            file(one.cve.as_str(), "html"),
            escape(one.cve.as_str()),
            severity(one.severity),
            states.into_iter().collect::<Vec<_>>().join(", "),
            escape(&one.title)
        );
    }
    html.push_str("</table>\n</main>\n");
    page(&title, &style, &html)
}

fn states(vex: &Vex) -> BTreeSet<&'static str> {
    let rejected = vex.rejected.iter().map(|_| "rejected");
    vex.statements.iter().map(|one| one.status.name()).chain(rejected).collect()
}
