//! The changelog, entry by entry.

use heirloom_formats::rpm_file::ChangelogEntry;
use heirloom_model::Finding;

use super::Check;
use super::Weight::Compatible;
use crate::excerpt;
use crate::pair::Pair;
use crate::tag::{CHANGELOGNAME, CHANGELOGTEXT, CHANGELOGTIME};

pub(super) const CHANGELOG: Check = Check::tags(
    "changelog",
    "The changelog has the same entries.",
    Compatible,
    &[CHANGELOGTIME, CHANGELOGNAME, CHANGELOGTEXT],
)
.code(run);

/// Entries are compared from the oldest on, so that one that was put on top does not shift all others.
fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let (reference, rebuilt) = (&pair.reference.changelog, &pair.rebuilt.changelog);
    let mut findings = Vec::new();
    for age in 0..reference.len().max(rebuilt.len()) {
        let (expected, found) = (from_oldest(reference, age), from_oldest(rebuilt, age));
        if let (Some(entry), true) = (expected.or(found), expected != found) {
            let show = |entry: Option<&ChangelogEntry>| entry.map(show).unwrap_or_default();
            findings.push(check.differs(&entry.author, excerpt::texts(&show(expected), &show(found))));
        }
    }
    findings
}

fn from_oldest(entries: &[ChangelogEntry], age: usize) -> Option<&ChangelogEntry> {
    entries.iter().rev().nth(age)
}

fn show(entry: &ChangelogEntry) -> String {
    format!("{} {}: {}", entry.time, entry.author, entry.text)
}
