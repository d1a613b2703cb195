//! The changelog, entry by entry.

use std::collections::BTreeMap;

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

/// Entries that only one has, the newest first; where both have the same ones, whether in the same order. An entry
/// that was put on top, or that rpm dropped at the end because it is old, says nothing of the others.
fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let (reference, rebuilt) = (&pair.reference.changelog, &pair.rebuilt.changelog);
    let missing = only(reference, rebuilt).into_iter().map(|entry| (entry, (show(entry), String::new())));
    let extra = only(rebuilt, reference).into_iter().map(|entry| (entry, (String::new(), show(entry))));
    let differs = |(entry, (expected, found)): (&ChangelogEntry, (String, String))| {
        check.differs(&entry.author, excerpt::texts(&expected, &found))
    };
    let mut findings: Vec<_> = missing.chain(extra).map(differs).collect();
    if findings.is_empty() && reference != rebuilt {
        findings.push(check.differs("order", ("entries".to_owned(), "the same entries in another order".to_owned())));
    }
    findings
}

/// Entries of one that the other has not, or not as often.
fn only<'a>(one: &'a [ChangelogEntry], other: &[ChangelogEntry]) -> Vec<&'a ChangelogEntry> {
    let mut counts = BTreeMap::<_, usize>::new();
    for entry in other {
        *counts.entry(show(entry)).or_default() += 1;
    }
    let mut only = Vec::new();
    for entry in one {
        match counts.get_mut(&show(entry)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => only.push(entry),
        }
    }
    only
}

fn show(entry: &ChangelogEntry) -> String {
    format!("{} {}: {}", entry.time, entry.author, entry.text)
}
