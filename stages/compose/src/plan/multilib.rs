//! Packages of a second architecture: i686 in the repositories of x86_64.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::definition::Multilib;
use heirloom_model::{Package, PackageFile};

use super::pattern::matches;
use super::{Because, LeftOut, Place, Placed};
use crate::Candidate;

/// Which rule takes a package of the second architecture.
pub(crate) fn takes(rules: Option<&Multilib>, candidate: Candidate<'_>) -> Option<Because> {
    let rules = rules?;
    let name = candidate.package.nevra.name();
    if rules.exclude.iter().any(|pattern| matches(pattern, name)) {
        return None;
    }
    let listed = rules.packages.iter().find(|pattern| matches(pattern, name)).map(String::as_str);
    let devel = || (rules.devel && is_devel(candidate.package)).then_some("devel");
    let runtime = || (rules.runtime && is_runtime(candidate.package)).then_some("runtime");
    listed.or_else(devel).or_else(runtime).map(|rule| Because::Multilib(rule.to_owned()))
}

fn is_devel(package: &Package) -> bool {
    let is = |name: &str| name.ends_with("-devel") || name.ends_with("-static");
    is(package.nevra.name()) || package.provides.iter().any(|provided| is(&provided.name))
}

fn is_runtime(package: &Package) -> bool {
    package.files.iter().any(is_loaded)
}

/// A shared library where the loader looks, or a file that makes it look elsewhere.
fn is_loaded(file: &PackageFile) -> bool {
    let Some((dir, name)) = file.path.rsplit_once('/') else { return false };
    match dir {
        "/lib" | "/lib64" | "/usr/lib" | "/usr/lib64" => {
            name.split_once(".so.").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
                || (name.starts_with("ld-") && name.ends_with(".so"))
        }
        "/etc/ld.so.conf.d" => true,
        _ => false,
    }
}

/// Where the packages of the first architecture are, so that those of the second get beside them.
pub(crate) struct Beside {
    by_name: BTreeMap<String, BTreeSet<Place>>,
    by_source: BTreeMap<String, BTreeSet<Place>>,
}

impl Beside {
    pub(crate) fn new(placed: &[Placed<'_>]) -> Self {
        let mut beside = Self { by_name: BTreeMap::new(), by_source: BTreeMap::new() };
        for Placed { place, candidate, .. } in placed {
            let name = candidate.package.nevra.name().to_owned();
            beside.by_name.entry(name).or_default().insert(place.clone());
            beside.by_source.entry(candidate.source.to_owned()).or_default().insert(place.clone());
        }
        beside
    }

    /// The repositories of its counterpart; without one, the first that has anything of the same source.
    pub(crate) fn places(
        &self,
        candidate: Candidate<'_>,
        because: &Because,
    ) -> Result<Vec<(Place, Because)>, LeftOut> {
        let of_name = self.by_name.get(candidate.package.nevra.name());
        let of_source = || self.by_source.get(candidate.source).and_then(BTreeSet::first);
        let places: Vec<_> = match of_name {
            Some(places) => places.iter().collect(),
            None => of_source().into_iter().collect(),
        };
        match places.is_empty() {
            true => Err(LeftOut::SecondArchitecture),
            false => Ok(places.into_iter().map(|place| (place.clone(), because.clone())).collect()),
        }
    }
}
