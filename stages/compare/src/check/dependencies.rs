//! The eight kinds of dependency, rich ones included, with the flags that say where each comes from.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::evr;
use heirloom_formats::rpm_file::{DependencyKind, Header, Relation};
use heirloom_model::{Finding, Severity};

use super::Weight::Compatible;
use super::requirement::{self, Standing};
use super::{Check, build_id_links, payload_compressor};
use crate::pair::Pair;
use crate::tag::*;
use crate::universe;

pub(super) const PROVIDES: Check = Check::tags(
    "provides",
    "Everything that the reference provides is provided, and nothing else; what is missing breaks users.",
    Compatible,
    &[PROVIDENAME, PROVIDEFLAGS, PROVIDEVERSION],
)
.code(provides);

pub(super) const REQUIRES: Check = Check::tags(
    "requires",
    "The requirements are the same; a new one that the reference's repository does not satisfy breaks users.",
    Compatible,
    &[REQUIRENAME, REQUIREFLAGS, REQUIREVERSION],
)
.code(requires);

pub(super) const CONFLICTS: Check = Check::tags(
    "conflicts",
    "The conflicts are the same.",
    Compatible,
    &[CONFLICTNAME, CONFLICTFLAGS, CONFLICTVERSION],
)
.code(|check, pair| plain(check, pair, DependencyKind::Conflicts));

pub(super) const OBSOLETES: Check = Check::tags(
    "obsoletes",
    "The obsoleted packages are the same.",
    Compatible,
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
    lists(check, pair, kind, &|_| Severity::Different, &|_| (Severity::Different, ""))
}

fn provides(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    // Whoever needs what is missing can't be installed any more.
    let missing = |relation: &Relation| match newer(pair, relation) {
        true => Severity::Different,
        false => Severity::Incompatible,
    };
    lists(check, pair, DependencyKind::Provides, &missing, &|_| (Severity::Different, ""))
}

/// Whether a newer package provides a newer version of it. What a kernel provides are checksums, not versions.
fn newer(pair: &Pair<'_>, relation: &Relation) -> bool {
    let later = evr::compare(pair.rebuilt.nevra.evr(), pair.reference.nevra.evr()).is_gt();
    let newer = |other: &Relation| {
        other.name == relation.name && universe::order(&other.version, &relation.version).is_gt()
    };
    later
        && !relation.name.starts_with("kernel(")
        && !relation.name.starts_with("ksym(")
        && pair.rebuilt.relations(DependencyKind::Provides).iter().any(newer)
}

fn requires(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let extra = |relation: &Relation| match requirement::standing(pair, relation) {
        Standing::Satisfied(why) => (Severity::Different, why),
        Standing::Unsatisfied => (Severity::Incompatible, "the reference's repository does not provide it"),
        Standing::Unknown => {
            (Severity::Undecided, "whether the reference's repository provides it is not known")
        }
    };
    lists(check, pair, DependencyKind::Requires, &|_| Severity::Different, &extra)
}

/// Both lists as sets: their order is rpm's own and duplicates mean nothing.
fn lists(
    check: &Check,
    pair: &Pair<'_>,
    kind: DependencyKind,
    missing: &dyn Fn(&Relation) -> Severity,
    extra: &dyn Fn(&Relation) -> (Severity, &'static str),
) -> Vec<Finding> {
    let (reference, rebuilt) = (by_key(pair, pair.reference, kind), by_key(pair, pair.rebuilt, kind));
    let mut findings = Vec::new();
    for (key, (relation, senses)) in &reference {
        let text = text(relation);
        match rebuilt.get(key) {
            None => findings.push(check.finding(missing(relation), &text, (text.clone(), String::new()))),
            Some((_, found)) if found != senses => {
                findings.push(check.finding(Severity::Different, &text, (words(senses), words(found))));
            }
            Some(_) => {}
        }
    }
    for (_, (relation, _)) in rebuilt.iter().filter(|(key, _)| !reference.contains_key(*key)) {
        let (severity, why) = extra(relation);
        let text = text(relation);
        let found = if why.is_empty() { text.clone() } else { format!("{text} ({why})") };
        findings.push(check.finding(severity, &text, (String::new(), found)));
    }
    findings
}

/// Each dependency by what it means, with the flags of all its mentions.
fn by_key<'a>(
    pair: &Pair<'_>,
    header: &'a Header,
    kind: DependencyKind,
) -> BTreeMap<String, (&'a Relation, BTreeSet<u32>)> {
    let mut all = BTreeMap::<_, (&Relation, BTreeSet<_>)>::new();
    let other = if std::ptr::eq(header, pair.reference) { pair.rebuilt } else { pair.reference };
    let literal: BTreeSet<String> = other.relations(kind).iter().map(text).collect();
    let compared = |relation: &&Relation| {
        !payload_compressor::is_feature(relation) && !build_id_links::is_build_id(relation)
    };
    for relation in header.relations(kind).iter().filter(compared) {
        let (_, senses) =
            all.entry(key(pair, header, relation, &literal)).or_insert((relation, BTreeSet::new()));
        senses.insert(relation.flags & !COMPARISON);
    }
    all
}

/// A dependency's text without what means nothing: dist tags by the declared map, and the package's own
/// version, which has a rule of its own. What the other package has literally is that.
fn key(pair: &Pair<'_>, header: &Header, relation: &Relation, literal: &BTreeSet<String>) -> String {
    let text = text(relation);
    match relation.compare() {
        _ if literal.contains(&text) => text,
        Some(compare) if universe::is_own(header.nevra.evr(), &relation.version) => {
            format!("{} {} its own", relation.name, compare.symbol())
        }
        _ => pair.dist.plain(&text).into_owned(),
    }
}

/// Dependencies, paths and targets of links that are equal only by the declared map of dist tags.
pub(crate) fn mapped(pair: &Pair<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (reference, rebuilt) in &pair.files.both {
        for (one, other) in [(&reference.path, &rebuilt.path), (&reference.link_target, &rebuilt.link_target)]
        {
            if one != other && pair.dist.plain(one) == pair.dist.plain(other) {
                all.push((reference.path.clone(), format!("{one} = {other}")));
            }
        }
    }
    for kind in DependencyKind::ALL {
        let reference = by_key(pair, pair.reference, kind);
        for (key, (relation, _)) in by_key(pair, pair.rebuilt, kind) {
            let (own, other) = (text(relation), reference.get(&key).map(|(other, _)| text(other)));
            let by_map = |other: &String| *other != own && pair.dist.plain(other) == pair.dist.plain(&own);
            if let Some(other) = other.filter(by_map) {
                all.push((kind.name().to_owned(), format!("{other} = {own}")));
            }
        }
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
