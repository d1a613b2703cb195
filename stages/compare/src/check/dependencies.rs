//! The eight kinds of dependency, rich ones included, with the flags that say where each comes from.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::rpm_file::{DependencyKind, Header, Relation};
use heirloom_model::{Finding, Severity};

use super::Weight::{Compatible, Unexamined};
use super::{Check, payload_compressor};
use crate::pair::Pair;
use crate::tag::*;

pub(super) const PROVIDES: Check = Check::tags(
    "provides",
    "Everything that the reference provides is provided, and nothing else; to lack a soname breaks users.",
    Compatible,
    &[PROVIDENAME, PROVIDEFLAGS, PROVIDEVERSION],
)
.code(|check, pair| {
    // Whoever needs what is missing can't be installed any more.
    lists(check, pair, DependencyKind::Provides, [Severity::Incompatible, Severity::Different])
});

pub(super) const REQUIRES: Check = Check::tags(
    "requires",
    "The requirements are the same; a new one breaks users that do not have it.",
    Compatible,
    &[REQUIRENAME, REQUIREFLAGS, REQUIREVERSION],
)
.code(|check, pair| {
    lists(check, pair, DependencyKind::Requires, [Severity::Different, Severity::Incompatible])
});

pub(super) const CONFLICTS: Check = Check::tags(
    "conflicts",
    "The conflicts are the same.",
    Unexamined,
    &[CONFLICTNAME, CONFLICTFLAGS, CONFLICTVERSION],
)
.code(|check, pair| plain(check, pair, DependencyKind::Conflicts));

pub(super) const OBSOLETES: Check = Check::tags(
    "obsoletes",
    "The obsoleted packages are the same.",
    Unexamined,
    &[OBSOLETENAME, OBSOLETEFLAGS, OBSOLETEVERSION],
)
.code(|check, pair| plain(check, pair, DependencyKind::Obsoletes));

pub(super) const RECOMMENDS: Check = Check::tags(
    "recommends",
    "The recommendations are the same.",
    Compatible,
    &[RECOMMENDNAME, RECOMMENDFLAGS, RECOMMENDVERSION],
)
.code(|check, pair| plain(check, pair, DependencyKind::Recommends));

pub(super) const SUGGESTS: Check = Check::tags(
    "suggests",
    "The suggestions are the same.",
    Compatible,
    &[SUGGESTNAME, SUGGESTFLAGS, SUGGESTVERSION],
)
.code(|check, pair| plain(check, pair, DependencyKind::Suggests));

pub(super) const SUPPLEMENTS: Check = Check::tags(
    "supplements",
    "The packages that it supplements are the same.",
    Compatible,
    &[SUPPLEMENTNAME, SUPPLEMENTFLAGS, SUPPLEMENTVERSION],
)
.code(|check, pair| plain(check, pair, DependencyKind::Supplements));

pub(super) const ENHANCES: Check = Check::tags(
    "enhances",
    "The packages that it enhances are the same.",
    Compatible,
    &[ENHANCENAME, ENHANCEFLAGS, ENHANCEVERSION],
)
.code(|check, pair| plain(check, pair, DependencyKind::Enhances));

fn plain(check: &Check, pair: &Pair<'_>, kind: DependencyKind) -> Vec<Finding> {
    lists(check, pair, kind, [Severity::Different, Severity::Different])
}

/// Both lists as sets: their order is rpm's own and duplicates mean nothing.
fn lists(check: &Check, pair: &Pair<'_>, kind: DependencyKind, severity: [Severity; 2]) -> Vec<Finding> {
    let [missing, extra] = severity;
    let (reference, rebuilt) = (by_text(pair.reference, kind), by_text(pair.rebuilt, kind));
    let mut findings = Vec::new();
    for (text, senses) in &reference {
        match rebuilt.get(text) {
            None => findings.push(check.finding(missing, text, (text.clone(), String::new()))),
            Some(found) if found != senses => {
                findings.push(check.finding(Severity::Different, text, (words(senses), words(found))));
            }
            Some(_) => {}
        }
    }
    for text in rebuilt.keys().filter(|text| !reference.contains_key(*text)) {
        findings.push(check.finding(extra, text, (String::new(), text.clone())));
    }
    findings
}

/// Each dependency as rpm prints it, with the flags of all its mentions.
fn by_text(header: &Header, kind: DependencyKind) -> BTreeMap<String, BTreeSet<u32>> {
    let mut all = BTreeMap::<_, BTreeSet<_>>::new();
    let compared = |relation: &&Relation| !payload_compressor::is_feature(relation);
    for relation in header.relations(kind).iter().filter(compared) {
        all.entry(text(relation)).or_default().insert(relation.flags & !COMPARISON);
    }
    all
}

/// As the header has it: unlike [`Relation::dependency`] this keeps an epoch of 0.
pub(super) fn text(relation: &Relation) -> String {
    match relation.compare() {
        Some(compare) => format!("{} {} {}", relation.name, compare.symbol(), relation.version),
        None => relation.name.clone(),
    }
}

/// The flags that [`text`] shows already.
const COMPARISON: u32 = 1 << 1 | 1 << 2 | 1 << 3;

const SENSES: [(u32, &str); 21] = [
    (5, "posttrans"),
    (6, "prereq"),
    (7, "pretrans"),
    (8, "interpreter"),
    (9, "pre"),
    (10, "post"),
    (11, "preun"),
    (12, "postun"),
    (13, "verify"),
    (14, "found in a file, required"),
    (15, "found in a file, provided"),
    (16, "triggerin"),
    (17, "triggerun"),
    (18, "triggerpostun"),
    (19, "missingok"),
    (20, "preuntrans"),
    (21, "postuntrans"),
    (24, "rpmlib"),
    (25, "triggerprein"),
    (28, "config"),
    (29, "meta"),
];

/// For each mention, its flags in words.
fn words(senses: &BTreeSet<u32>) -> String {
    senses.iter().map(|flags| senses_of(*flags)).collect::<Vec<_>>().join("; ")
}

/// The flags in words, comparison left out.
pub(super) fn senses_of(flags: u32) -> String {
    let mut words: Vec<_> =
        SENSES.iter().filter(|(bit, _)| flags & 1 << bit != 0).map(|(_, word)| (*word).to_owned()).collect();
    let known = SENSES.iter().fold(COMPARISON, |known, (bit, _)| known | 1 << bit);
    if flags & !known != 0 {
        words.push(format!("{:#x}", flags & !known));
    }
    if words.is_empty() { "no flags".to_owned() } else { words.join(", ") }
}
