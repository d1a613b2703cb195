//! Debugging data and sources go where the packages are that they belong to.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::RepositoryKind;

use super::exclude::Excludes;
use super::place::Rules;
use super::{Because, Draft, LeftOut, Place, Placed, is_source};
use crate::{Candidate, Input};

/// Binary packages with a place, by the name of their source.
pub(crate) struct Owners<'p, 'a>(BTreeMap<&'a str, Vec<&'p Placed<'a>>>);

impl<'p, 'a> Owners<'p, 'a> {
    pub(crate) fn new(placed: &'p [Placed<'a>]) -> Self {
        let mut owners = BTreeMap::<_, Vec<_>>::new();
        for placed in placed.iter().filter(|placed| placed.place.kind == RepositoryKind::Binary) {
            owners.entry(placed.candidate.source).or_default().push(placed);
        }
        Self(owners)
    }
}

/// Places of a package with debugging data: beside the package whose name it has; that of a whole source, or of a
/// package that is nowhere, beside every package of its source.
pub(crate) fn debug(
    rules: &Rules<'_>,
    owners: &Owners<'_, '_>,
    candidate: Candidate<'_>,
    excludes: &Excludes<'_>,
) -> Result<Vec<(Place, Because)>, LeftOut> {
    let nevra = &candidate.package.nevra;
    let main = nevra.name().strip_suffix("-debuginfo").unwrap_or_default();
    let same_arch = |placed: &&&Placed<'_>| {
        let arch = placed.candidate.package.nevra.arch();
        arch == nevra.arch() || arch == "noarch"
    };
    let of_source = owners.0.get(candidate.source).into_iter().flatten();
    let of_source: Vec<_> = of_source.filter(same_arch).copied().collect();
    let of_main = of_source.iter().filter(|placed| placed.candidate.package.nevra.name() == main);
    let mut owners: Vec<_> = of_main.copied().collect();
    if owners.is_empty() {
        owners = of_source;
    }
    let mut places = BTreeMap::new();
    let mut pattern = None;
    for owner in owners {
        let name = owner.place.name.as_str();
        let wanted = rules.rules.iter().any(|rule| rule.name == name && rule.rule.debug);
        match excludes.of(name, nevra) {
            Some(by) => pattern = Some(by),
            None if wanted => {
                let place = Place::new(name, RepositoryKind::Debug, rules.arch);
                places.entry(place).or_insert_with(|| Because::Of(owner.candidate.package.nevra.clone()));
            }
            None => {}
        }
    }
    match (places.is_empty(), pattern) {
        (true, Some(pattern)) => Err(LeftOut::Excluded(pattern.to_owned())),
        (true, None) => Err(LeftOut::Debug),
        (false, _) => Ok(places.into_iter().collect()),
    }
}

/// Places source packages beside everything that was built from them, whatever the architecture.
pub(crate) fn sources<'a>(input: &Input<'a>, candidates: &[Candidate<'a>], draft: &mut Draft<'a>) {
    let mut owners: BTreeMap<&str, BTreeMap<String, Because>> = BTreeMap::new();
    for Placed { place, candidate, .. } in &draft.placed {
        let wanted = input.rules.iter().any(|rule| rule.name == place.name && rule.rule.source);
        if wanted && place.kind == RepositoryKind::Binary {
            let of = owners.entry(candidate.source).or_default();
            of.entry(place.name.clone()).or_insert_with(|| Because::Of(candidate.package.nevra.clone()));
        }
    }
    let mut seen = BTreeSet::new();
    for &candidate in candidates.iter().filter(|candidate| is_source(candidate)) {
        // Each architecture may bring the source package that it was built from; the first one's counts.
        if !seen.insert(candidate.package.nevra.file_name()) {
            continue;
        }
        let of = owners.get(candidate.source).into_iter().flatten();
        let places: Vec<_> = of
            .map(|(name, because)| (Place::new(name, RepositoryKind::Source, "src"), because.clone()))
            .collect();
        let placed = if places.is_empty() { Err(LeftOut::Source) } else { Ok(places) };
        draft.add(candidate, placed);
    }
}
