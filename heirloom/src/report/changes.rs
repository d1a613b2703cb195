//! Reports of what changes between two states: for a person, what needs attention comes first.

mod html;
mod text;

use heirloom_compare::stability::Effect;
use heirloom_model::gate::GateReport;

use super::plural;
use crate::flow::changes::{Changes, Counts, Judged, Movement, PackageNews};

pub(crate) use html::html;
pub(crate) use text::text;

/// `3 security fixes, 12 upgraded, 1 removed; 2 things to look at`.
fn summary(changes: &Changes, gate: Option<&GateReport>) -> String {
    let Counts { security_advisories, other_advisories, blocked, notes, .. } = &changes.counts;
    let counts = &changes.counts;
    let mut parts = Vec::new();
    if *security_advisories > 0 {
        let what = if *security_advisories == 1 { "fix" } else { "fixes" };
        parts.push(format!("{security_advisories} security {what}"));
    }
    if *other_advisories > 0 {
        parts.push(plural(*other_advisories, "other advisory"));
    }
    let moved = [
        (counts.upgraded, "upgraded"),
        (counts.added, "added"),
        (counts.removed, "removed"),
        (counts.replaced, "replaced"),
        (counts.downgraded, "downgraded"),
        (counts.changed, "changed without a new version"),
        (counts.moved, "moved"),
    ];
    parts.extend(
        moved.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
    );
    if parts.is_empty() {
        return "nothing changed".to_owned();
    }
    let waived = gate.map_or(0, |gate| gate.waived.len());
    let look = match (*blocked, waived) {
        (0, _) => format!("nothing that breaks; {}", plural(*notes, "note")),
        (1, 0) => "1 thing to look at".to_owned(),
        (count, 0) => format!("{count} things to look at"),
        (count, waived) => format!("{count} things to look at, {waived} waived"),
    };
    format!("{}; {look}", parts.join(", "))
}

/// Both states in a few words.
fn title(changes: &Changes) -> String {
    let end = |end: &crate::flow::changes::End| match &end.version {
        Some(version) => format!("{} (version {version})", end.name),
        None => end.name.clone(),
    };
    format!("{} -> {}", end(&changes.from), end(&changes.to))
}

/// The package with its versions.
fn versions(package: &PackageNews) -> String {
    let name = format!("{}.{}", package.name, package.arch);
    match (package.movement, package.from.as_deref(), package.to.as_deref()) {
        (Movement::Replaced, Some(from), Some(to)) => format!("{name} {from}, replaced by {to}"),
        (Movement::Changed, Some(_), Some(to)) => format!("{name} {to}, with other content"),
        (Movement::Moved, Some(_), Some(to)) => format!("{name} {to}"),
        (_, Some(from), Some(to)) => format!("{name} {from} -> {to}"),
        (_, Some(from), None) => format!("{name} {from}"),
        (_, None, Some(to)) => format!("{name} {to}"),
        (_, None, None) => name,
    }
}

fn movement(movement: Movement) -> &'static str {
    match movement {
        Movement::Added => "added",
        Movement::Removed => "removed",
        Movement::Replaced => "replaced",
        Movement::Upgraded => "upgraded",
        Movement::Downgraded => "downgraded",
        Movement::Changed => "changed",
        Movement::Moved => "moved",
    }
}

/// What there was and what there is, in one line; empty where the subject says all.
fn values(judged: &Judged) -> String {
    let change = &judged.change;
    match (change.before.is_empty(), change.after.is_empty()) {
        (true, true) => String::new(),
        (false, true) if change.before == change.subject => String::new(),
        (true, false) if change.after == change.subject => String::new(),
        (false, true) => format!("was: {}", change.before),
        (true, false) => format!("now: {}", change.after),
        (false, false) => format!("{} -> {}", change.before, change.after),
    }
}

/// Changes with this effect, each with its package.
fn of_effect(changes: &Changes, effect: Effect) -> Vec<(&PackageNews, &Judged)> {
    let all =
        changes.packages.iter().flat_map(|package| package.changes.iter().map(move |one| (package, one)));
    let mut all: Vec<_> = all.filter(|(_, judged)| judged.effect == effect).collect();
    all.sort_by_key(|(package, judged)| (judged.change.kind, &judged.reason, &package.name, &package.arch));
    all
}
