//! For the terminal: the summary, what breaks, configuration, then package by package.

use std::fmt::Write as _;

use heirloom_compare::stability::Effect;
use heirloom_model::gate::GateReport;

use super::{movement, of_effect, summary, title, values, versions};
use crate::flow::changes::{Changes, Judged, PackageNews};
use crate::report::{plural, visible};

/// Lines of a list before the rest is only counted.
const SHOWN: usize = 40;
/// Things of one package that are shown.
const OF_PACKAGE: usize = 12;
/// Lines of a diff.
const DIFF: usize = 24;

/// The whole report.
pub(crate) fn text(changes: &Changes, gate: Option<&GateReport>) -> String {
    let mut text = format!("{}\n{}\n", line(&title(changes)), summary(changes, gate));
    if changes.between_majors {
        text.push_str("between two major releases nothing is blocked: what breaks is told\n");
    }
    advisories(&mut text, changes);
    breaks(&mut text, changes);
    configuration(&mut text, changes);
    packages(&mut text, changes);
    if let Some(gate) = gate {
        waived(&mut text, gate);
    }
    text
}

fn advisories(text: &mut String, changes: &Changes) {
    if changes.advisories.is_empty() {
        return;
    }
    text.push_str("\nAdvisories\n");
    for news in changes.advisories.iter().take(SHOWN) {
        let severity = if news.severity.is_empty() { &news.kind } else { &news.severity };
        let cves = if news.cves.is_empty() { String::new() } else { format!(" ({})", news.cves.join(", ")) };
        let _ =
            writeln!(text, "  {} {}: {}{}", line(&news.id), line(severity), line(&news.title), line(&cves));
    }
    more(text, changes.advisories.len(), SHOWN, "  ");
}

fn breaks(text: &mut String, changes: &Changes) {
    let blocked = of_effect(changes, Effect::Blocked);
    if blocked.is_empty() {
        return;
    }
    text.push_str("\nTo look at\n");
    let mut last = None;
    for (package, judged) in blocked.iter().take(SHOWN) {
        // All of one rule stand below what it says.
        let heading = (judged.change.kind, &judged.reason);
        if last.replace(heading) != Some(heading) {
            let _ = writeln!(text, "  {}: {}\n    fix: {}", judged.change.kind, judged.reason, judged.fix);
        }
        let said = values(judged);
        let said = if said.is_empty() { said } else { format!(" ({said})") };
        let _ = writeln!(text, "    {}: {}{}", package.name, line(&judged.change.subject), line(&said));
    }
    more(text, blocked.len(), SHOWN, "  ");
}

fn configuration(text: &mut String, changes: &Changes) {
    let all =
        changes.packages.iter().flat_map(|package| package.changes.iter().map(move |one| (package, one)));
    let diffs: Vec<_> = all.filter(|(_, judged)| !judged.change.diff.is_empty()).collect();
    if diffs.is_empty() {
        return;
    }
    text.push_str("\nConfiguration and scripts\n");
    for (package, judged) in diffs.iter().take(SHOWN) {
        let _ =
            writeln!(text, "  {}: {} ({})", package.name, line(&judged.change.subject), judged.change.kind);
        let lines: Vec<_> = judged
            .change
            .diff
            .lines()
            .skip_while(|line| line.starts_with("--- ") || line.starts_with("+++ "))
            .collect();
        for shown in lines.iter().take(DIFF) {
            let _ = writeln!(text, "    {}", line(shown));
        }
        more(text, lines.len(), DIFF, "    ");
    }
    more(text, diffs.len(), SHOWN, "  ");
}

fn packages(text: &mut String, changes: &Changes) {
    for package in &changes.packages {
        let level = u8::from(package.level);
        let repository =
            if package.repository.is_empty() { String::new() } else { format!("{}, ", package.repository) };
        let _ = writeln!(
            text,
            "\n{} ({}; {}level {level})",
            line(&versions(package)),
            movement(package.movement),
            line(&repository)
        );
        if !package.advisories.is_empty() {
            let _ = writeln!(text, "  {}", line(&package.advisories.join(", ")));
        }
        of_package(text, package);
    }
}

fn of_package(text: &mut String, package: &PackageNews) {
    let told: Vec<&Judged> = package.changes.iter().filter(|judged| !is_whole(judged)).collect();
    for judged in told.iter().take(OF_PACKAGE) {
        let said = values(judged);
        let said = if said.is_empty() { said } else { format!(" ({said})") };
        let mark = if judged.effect == Effect::Blocked { "!" } else { " " };
        let _ =
            writeln!(text, " {mark} {}: {}{}", judged.change.kind, line(&judged.change.subject), line(&said));
    }
    more(text, told.len() + package.untold, OF_PACKAGE, "  ");
    for entry in package.changelog.iter().take(OF_PACKAGE) {
        let _ = writeln!(text, "  * {} {}", entry.day, line(&entry.author));
        for said in entry.text.lines().take(OF_PACKAGE) {
            let _ = writeln!(text, "    {}", line(said));
        }
    }
    more(text, package.changelog.len() + package.more_entries, OF_PACKAGE, "  ");
}

/// The heading says it.
fn is_whole(judged: &Judged) -> bool {
    use heirloom_model::change::ChangeKind::{AddedPackage, ChangedContent, RemovedPackage, ReplacedPackage};
    matches!(judged.change.kind, AddedPackage | ChangedContent | RemovedPackage | ReplacedPackage)
}

fn waived(text: &mut String, gate: &GateReport) {
    if !gate.waived.is_empty() {
        text.push_str("\nWaived\n");
    }
    for waived in &gate.waived {
        let _ = writeln!(
            text,
            "  {}\n    {}, until {}",
            line(&waived.finding.to_string()),
            line(&waived.reason),
            waived.until
        );
    }
    for idle in &gate.idle {
        let _ = writeln!(text, "waiver {}: {}", line(&idle.waiver), idle.why);
    }
}

/// Says how many are not shown.
fn more(text: &mut String, all: usize, shown: usize, indent: &str) {
    if all > shown {
        let _ = writeln!(text, "{indent}and {}; --format json has all", plural(all - shown, "other"));
    }
}

/// Foreign text that neither acts on the terminal nor breaks the line.
fn line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', " ")
}
