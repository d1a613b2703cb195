//! One record of what several documents say.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Evr;
use heirloom_model::advisory::{Advisory, AdvisoryId, CveId, Fixed};
use heirloom_model::stream::StreamId;
use jiff::Timestamp;

/// Advisories that were told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The advisories, sorted by id, each once.
    pub advisories: Vec<Advisory>,
    /// How many documents said what another one had said already, or had more of the same.
    pub repeated: usize,
    /// Ids of which documents say different things.
    pub contradictions: Vec<Contradiction>,
}

/// Documents say different things of one advisory: the newest counts, and of two of one time the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The advisory.
    pub id: AdvisoryId,
    /// When what counts was changed.
    pub kept: Timestamp,
    /// When what does not count was.
    pub left_out: Timestamp,
    /// The document that does not count.
    pub document: String,
}

/// Puts together what documents say, each with its name.
///
/// An advisory may come in pieces, one for each repository or architecture, and in several formats, of which each can say
/// something else. As long as they agree in what decides whether a machine is vulnerable, the record has what any of them
/// says, and where two say one thing in other words, the newer ones.
#[must_use]
pub fn merge(said: impl IntoIterator<Item = (String, Advisory)>) -> Merged {
    let mut merged = Merged::default();
    let mut known: BTreeMap<AdvisoryId, Advisory> = BTreeMap::new();
    for (document, mut advisory) in said {
        let Some(there) = known.get_mut(&advisory.id) else {
            known.insert(advisory.id.clone(), advisory);
            continue;
        };
        let is_newer = advisory.updated > there.updated;
        if is_newer {
            std::mem::swap(there, &mut advisory);
        }
        if agree(there, &advisory) {
            merged.repeated += 1;
            complete(there, advisory);
            continue;
        }
        merged.contradictions.push(Contradiction {
            id: advisory.id,
            kept: there.updated,
            left_out: advisory.updated,
            document,
        });
    }
    merged.advisories = known.into_values().collect();
    merged
}

/// A package, wherever it is fixed: major version, stream, name, architecture.
type Place<'a> = (&'a str, Option<(&'a str, &'a str)>, &'a str, Option<&'a str>);

fn places(advisory: &Advisory) -> BTreeMap<Place<'_>, BTreeSet<&Evr>> {
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for fixed in &advisory.fixed {
        let module = fixed.module.as_ref().map(StreamId::enabled);
        all.entry((fixed.major.as_str(), module, fixed.name(), fixed.arch()))
            .or_default()
            .insert(fixed.evr());
    }
    all
}

/// Whether two say the same of what both speak of.
fn agree(one: &Advisory, other: &Advisory) -> bool {
    let cves = |advisory: &Advisory| -> BTreeSet<CveId> {
        advisory.vulnerabilities.iter().map(|vulnerability| vulnerability.id.clone()).collect()
    };
    let (mine, theirs) = (cves(one), cves(other));
    let same_cves = mine.is_empty() || theirs.is_empty() || mine == theirs;
    let same_severity = one.severity.is_none() || other.severity.is_none() || one.severity == other.severity;
    let (mine, theirs) = (places(one), places(other));
    let same_packages = mine.iter().all(|(place, evrs)| theirs.get(place).is_none_or(|other| evrs == other));
    one.kind == other.kind
        && one.withdrawn.is_some() == other.withdrawn.is_some()
        && same_severity
        && same_cves
        && same_packages
}

/// Adds what only the other one says.
fn complete(there: &mut Advisory, other: Advisory) {
    let text = |mine: &mut String, theirs: String| {
        if mine.is_empty() {
            *mine = theirs;
        }
    };
    text(&mut there.title, other.title);
    text(&mut there.description, other.description);
    text(&mut there.solution, other.solution);
    text(&mut there.rights, other.rights);
    there.severity = there.severity.or(other.severity);
    there.issued = there.issued.min(other.issued);
    there.suggestions.extend(other.suggestions);
    there.vulnerabilities.extend(other.vulnerabilities);
    there.ratings.extend(other.ratings);
    there.ratings.sort();
    there.ratings.dedup();
    let urls: BTreeSet<String> = there.references.iter().map(|link| link.url.clone()).collect();
    there.references.extend(other.references.into_iter().filter(|link| !urls.contains(&link.url)));
    for id in other.related {
        if !there.related.contains(&id) {
            there.related.push(id);
        }
    }
    if there.history.len() < other.history.len() {
        there.history = other.history;
    }
    there.fixed.extend(other.fixed);
    there.fixed = known_best(std::mem::take(&mut there.fixed));
    let all = there.clone();
    *there = all.sorted();
}

/// Of the same package, what says less is left out: that without architecture where it is known with one, and that
/// without source package, or without a module's build, where these are known.
fn known_best(all: Vec<Fixed>) -> Vec<Fixed> {
    let name = |fixed: &Fixed| {
        let module = fixed.module.as_ref().map(|module| (module.name.clone(), module.stream.clone()));
        (fixed.major.clone(), module, fixed.name().to_owned(), fixed.evr().clone(), fixed.first().cloned())
    };
    let with_arch: BTreeSet<_> = all.iter().filter(|fixed| fixed.arch().is_some()).map(name).collect();
    let mut best: BTreeMap<_, Fixed> = BTreeMap::new();
    for fixed in all {
        if fixed.arch().is_none() && with_arch.contains(&name(&fixed)) {
            continue;
        }
        // Two builds of a stream, in two contexts, are two packages.
        let context = fixed.module.as_ref().map(|module| module.context.clone()).unwrap_or_default();
        let key = (name(&fixed), fixed.arch().map(str::to_owned), context);
        let knows = |one: &Fixed| {
            (one.source.is_some(), one.module.as_ref().is_some_and(|module| module.version != 0))
        };
        match best.entry(key) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(fixed)),
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                if knows(&fixed) > knows(entry.get()) {
                    entry.insert(fixed);
                }
            }
        }
    }
    // A stream without a context is the same stream as one with it.
    let with_context: BTreeSet<_> = best
        .keys()
        .filter(|(_, _, context)| !context.is_empty())
        .map(|(name, arch, _)| (name.clone(), arch.clone()))
        .collect();
    let is_told = |(name, arch, context): &(_, Option<String>, String)| {
        context.is_empty() && with_context.contains(&(Clone::clone(name), arch.clone()))
    };
    best.into_iter()
        .filter(|(key, fixed)| fixed.module.is_none() || !is_told(key))
        .map(|(_, fixed)| fixed)
        .collect()
}
