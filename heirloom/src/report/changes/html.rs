//! As one HTML file: nothing is fetched and nothing runs. Every package can be linked to by `#NAME.ARCH`.

use std::fmt::Write as _;

use heirloom_compare::stability::Effect;
use heirloom_model::gate::GateReport;

use super::{movement, of_effect, summary, title, values, versions};
use crate::flow::changes::{Changes, Judged, PackageNews};
use crate::report::{STYLE, VERSION, escape, percent, plural};

/// The whole report.
pub(crate) fn html(changes: &Changes, gate: Option<&GateReport>) -> String {
    let (title, summary) = (escape(&title(changes)), escape(&summary(changes, gate)));
    let class = if changes.counts.blocked > 0 { "incompatible" } else { "identical" };
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src \
         'none'; style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n<header \
         class=\"{class}\">\n<h1>{title}</h1>\n<p class=\"level\">{summary}</p>\n<p class=\"soft\">Heirloom \
         {VERSION}</p>\n</header>\n<main>\n"
    );
    if changes.between_majors {
        html.push_str("<p>Between two major releases nothing is blocked: what breaks is told.</p>\n");
    }
    breaks(&mut html, changes);
    advisories(&mut html, changes);
    if let Some(gate) = gate {
        waived(&mut html, gate);
    }
    index(&mut html, changes);
    for package in &changes.packages {
        section(&mut html, package);
    }
    html.push_str("</main>\n</html>\n");
    html
}

fn breaks(html: &mut String, changes: &Changes) {
    let blocked = of_effect(changes, Effect::Blocked);
    if blocked.is_empty() {
        return;
    }
    html.push_str("<section id=\"blocked\">\n<h2>To look at</h2>\n<table>\n<tr><th>package<th>what<th>why, and what would mend it\n");
    for (package, judged) in blocked {
        let _ = writeln!(
            html,
            "<tr><td>{}<td>{}<td>{}<br><span class=\"soft\">{}</span>",
            link(package),
            what(judged),
            escape(&judged.reason),
            escape(&judged.fix)
        );
    }
    html.push_str("</table>\n</section>\n");
}

fn advisories(html: &mut String, changes: &Changes) {
    if changes.advisories.is_empty() {
        return;
    }
    html.push_str("<section id=\"advisories\">\n<h2>Advisories</h2>\n<table>\n<tr><th>advisory<th>severity<th>what it fixes\n");
    for news in &changes.advisories {
        let severity = if news.severity.is_empty() { &news.kind } else { &news.severity };
        let _ = writeln!(
            html,
            "<tr><td>{}<td>{}<td>{}<br><span class=\"soft\">{}</span>",
            escape(&news.id),
            escape(severity),
            escape(&news.title),
            escape(&news.cves.join(", "))
        );
    }
    html.push_str("</table>\n</section>\n");
}

fn waived(html: &mut String, gate: &GateReport) {
    if gate.waived.is_empty() {
        return;
    }
    html.push_str("<section id=\"waived\">\n<h2>Waived</h2>\n<table>\n<tr><th>what<th>why\n");
    for waived in &gate.waived {
        let (what, why) = (escape(&waived.finding.to_string()), escape(&waived.reason));
        let _ =
            writeln!(html, "<tr><td>{what}<td>{why}<br><span class=\"soft\">until {}</span>", waived.until);
    }
    html.push_str("</table>\n</section>\n");
}

fn index(html: &mut String, changes: &Changes) {
    html.push_str("<section>\n<table class=\"index\">\n<tr><th>package<th>what became of it<th>level<th>to look at<th>notes\n");
    for package in &changes.packages {
        let count = |effect| package.changes.iter().filter(|judged| judged.effect == effect).count();
        let _ = writeln!(
            html,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}",
            link(package),
            movement(package.movement),
            u8::from(package.level),
            count(Effect::Blocked),
            count(Effect::Note)
        );
    }
    html.push_str("</table>\n</section>\n");
}

fn section(html: &mut String, package: &PackageNews) {
    let class = match package.changes.iter().any(|judged| judged.effect == Effect::Blocked) {
        true => "incompatible",
        false => "identical",
    };
    let _ = writeln!(
        html,
        "<section class=\"{class}\" id=\"{}\">\n<h2>{}</h2>\n<span class=\"level\">{}</span> <span \
         class=\"soft\">{} level {}; {}</span>",
        escape(&id(package)),
        escape(&versions(package)),
        movement(package.movement),
        escape(&package.repository),
        u8::from(package.level),
        escape(&package.advisories.join(", "))
    );
    if !package.changes.is_empty() {
        html.push_str("<table>\n");
        for judged in &package.changes {
            let _ = writeln!(html, "<tr><td>{}<td>{}", judged.effect.name(), what(judged));
        }
        html.push_str("</table>\n");
    }
    if package.untold > 0 {
        let _ = writeln!(html, "<p>and {}</p>", plural(package.untold, "other change"));
    }
    changelog(html, package);
    html.push_str("</section>\n");
}

fn changelog(html: &mut String, package: &PackageNews) {
    if package.changelog.is_empty() {
        return;
    }
    let count = plural(package.changelog.len() + package.more_entries, "new changelog entry");
    let _ = writeln!(html, "<details><summary>{count}</summary>");
    for entry in &package.changelog {
        let (author, text) = (escape(&entry.author), escape(&entry.text));
        let _ = writeln!(html, "<h4>{} {author}</h4>\n<span class=\"value\">{text}</span>", entry.day);
    }
    html.push_str("</details>\n");
}

/// The change in a cell of a table.
fn what(judged: &Judged) -> String {
    let change = &judged.change;
    let mut cell = format!("{} <code>{}</code>", change.kind, escape(&change.subject));
    let said = values(judged);
    if !said.is_empty() {
        let _ = write!(cell, "<br><span class=\"value\">{}</span>", escape(&said));
    }
    if !change.diff.is_empty() {
        let diff = escape(&change.diff);
        let _ = write!(
            cell,
            "<details><summary>difference</summary><span class=\"value\">{diff}</span></details>"
        );
    }
    cell
}

fn link(package: &PackageNews) -> String {
    format!("<a href=\"#{}\">{}</a>", percent(&id(package)), escape(&id(package)))
}

fn id(package: &PackageNews) -> String {
    let id = format!("{}.{}", package.name, package.arch);
    // Repositories of two machines can have two packages of this name.
    match package.arch == "noarch" && !package.machine.is_empty() {
        true => format!("{id}:{}", package.machine),
        false => id,
    }
}
