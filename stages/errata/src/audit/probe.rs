//! Machines that are made up to try documents on.

use std::collections::BTreeSet;

use heirloom_model::advisory::{Advisory, Fixed};
use heirloom_model::stream::StreamId;
use heirloom_model::{Evr, InstalledPackage};

use super::{Compare, Machine};

/// What a machine is made for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Point<'a> {
    major: &'a str,
    name: &'a str,
    evr: Evr,
    arch: Option<&'a str>,
    stream: Option<(&'a str, &'a str, u64, &'a str)>,
}

/// Machines with one package each: for every fixed package of the advisories, also of those that were withdrawn, one just
/// before it, one at it and one just beyond it, and the same around the first version that is concerned; what is of a
/// module once of its stream, and once of none. A package of which no architecture is known is tried on each of these.
///
/// One package alone, so that no other one of the same advisory hides what a document says of it. Sorted, each once.
pub fn probes<'a>(
    advisories: impl IntoIterator<Item = &'a Advisory>,
    arches: &[&'a str],
    compare: Compare,
) -> impl Iterator<Item = Machine> {
    let mut points: BTreeSet<Point<'a>> = BTreeSet::new();
    for fixed in advisories.into_iter().flat_map(|advisory| &advisory.fixed) {
        let of_module = fixed.module.as_ref().map(|module| {
            let StreamId { name, stream, version, context, arch: _ } = module;
            (name.as_str(), stream.as_str(), *version, context.as_str())
        });
        let arches = fixed.arch().map_or_else(|| arches.to_vec(), |arch| vec![arch]);
        let arches = if arches.is_empty() { vec![None] } else { arches.into_iter().map(Some).collect() };
        for evr in around(fixed, compare) {
            for arch in &arches {
                for stream in BTreeSet::from([of_module, None]) {
                    let (major, name, evr) = (fixed.major.as_str(), fixed.name(), evr.clone());
                    points.insert(Point { major, name, evr, arch: *arch, stream });
                }
            }
        }
    }
    points.into_iter().filter_map(|point| {
        // Names and versions were a package's before.
        let mut package = InstalledPackage::new(point.name, point.evr, point.arch).ok()?;
        package.module = point.stream.map(|(name, stream, version, context)| StreamId {
            name: name.to_owned(),
            stream: stream.to_owned(),
            version,
            context: context.to_owned(),
            arch: String::new(),
        });
        Some(Machine { major: point.major.to_owned(), packages: vec![package] })
    })
}

/// The versions at which a verdict may turn.
fn around(fixed: &Fixed, compare: Compare) -> Vec<Evr> {
    let edges = [Some(fixed.evr()), fixed.first()].into_iter().flatten();
    edges.flat_map(|evr| [before(evr, compare), Some(evr.clone()), beyond(evr, compare)]).flatten().collect()
}

/// The greatest version that sorts before this one: `~` sorts before the end of a text. None if no text is left for it.
pub(super) fn before(evr: &Evr, compare: Compare) -> Option<Evr> {
    let made = Evr::new(evr.epoch(), evr.version(), &format!("{}~", evr.release())).ok()?;
    compare(&made, evr).is_lt().then_some(made)
}

/// The least version that sorts after this one: `^` sorts after the end of a text, and before all else.
pub(super) fn beyond(evr: &Evr, compare: Compare) -> Option<Evr> {
    let made = Evr::new(evr.epoch(), evr.version(), &format!("{}^", evr.release())).ok()?;
    compare(&made, evr).is_gt().then_some(made)
}
