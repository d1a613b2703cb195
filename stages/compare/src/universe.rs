//! What a whole repository of reference packages provides: the ground on which a new requirement is judged.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::evr;
use heirloom_formats::rpm_file::{DependencyKind, Header, Relation};
use heirloom_model::{Compare, Dependency, Evr, Package};

/// Everything that the reference's packages provide, files included.
#[derive(Debug, Default)]
pub struct Universe {
    provides: BTreeMap<String, BTreeSet<(u32, String)>>,
    files: BTreeSet<String>,
}

impl Universe {
    /// Adds what a package provides.
    pub fn add(&mut self, header: &Header) {
        for relation in header.relations(DependencyKind::Provides) {
            let versions = self.provides.entry(relation.name.clone()).or_default();
            versions.insert((relation.flags, relation.version.clone()));
        }
        self.files.extend(header.files.iter().map(|file| file.path.clone()));
    }

    /// Adds what a package provides, by a repository's metadata.
    pub fn add_package(&mut self, package: &Package) {
        for provided in &package.provides {
            let (compare, version) = provided.version.clone().unzip();
            let entry = (compare.map_or(0, sense_of), version.unwrap_or_default());
            self.provides.entry(provided.name.clone()).or_default().insert(entry);
        }
        self.files.extend(package.files.iter().map(|file| file.path.clone()));
    }

    /// Whether it provides what is required; `None` for a rich requirement, which only a solver can judge.
    #[must_use]
    pub fn provides(&self, wanted: &Dependency) -> Option<bool> {
        let (compare, version) = wanted.version.clone().unzip();
        self.satisfies(&Relation {
            name: wanted.name.clone(),
            flags: compare.map_or(0, sense_of),
            version: version.unwrap_or_default(),
        })
    }

    /// Whether it satisfies a requirement; `None` for a rich one, which only a solver can judge.
    pub(crate) fn satisfies(&self, wanted: &Relation) -> Option<bool> {
        if wanted.name.starts_with('(') {
            return None;
        }
        let provided = self.provides.get(&wanted.name).is_some_and(|versions| {
            versions.iter().any(|(flags, version)| {
                let there = Relation { name: wanted.name.clone(), flags: *flags, version: version.clone() };
                overlap(&there, wanted)
            })
        });
        Some(provided || self.files.contains(&wanted.name))
    }
}

/// The bits in which a header has a comparison: less, greater, equal.
fn sense_of(compare: Compare) -> u32 {
    match compare {
        Compare::Less => 1 << 1,
        Compare::LessOrEqual => 1 << 1 | 1 << 3,
        Compare::Equal => 1 << 3,
        Compare::GreaterOrEqual => 1 << 2 | 1 << 3,
        Compare::Greater => 1 << 2,
    }
}

/// Whether a provided capability satisfies a requirement of the same name, as rpm compares them.
pub(crate) fn overlap(provided: &Relation, wanted: &Relation) -> bool {
    let (Some(has), Some(wants)) = (provided.compare(), wanted.compare()) else {
        return true;
    };
    let order = order(&provided.version, &wanted.version);
    let up = |compare| matches!(compare, Compare::Greater | Compare::GreaterOrEqual);
    let down = |compare| matches!(compare, Compare::Less | Compare::LessOrEqual);
    let equal = |compare| !matches!(compare, Compare::Greater | Compare::Less);
    match order {
        std::cmp::Ordering::Less => up(has) || down(wants),
        std::cmp::Ordering::Greater => down(has) || up(wants),
        std::cmp::Ordering::Equal => {
            (equal(has) && equal(wants)) || (up(has) && up(wants)) || (down(has) && down(wants))
        }
    }
}

/// The order of two `[epoch:]version[-release]`; a release that one of them lacks is not compared.
pub(crate) fn order(a: &str, b: &str) -> std::cmp::Ordering {
    let ((a, a_release), (b, b_release)) = (split(a), split(b));
    a.0.cmp(&b.0).then_with(|| evr::compare_versions(a.1, b.1)).then_with(|| match (a_release, b_release) {
        (Some(a), Some(b)) => evr::compare_versions(a, b),
        _ => std::cmp::Ordering::Equal,
    })
}

/// Epoch and version, and the release if there is one.
fn split(text: &str) -> ((u32, &str), Option<&str>) {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
        None => (0, text),
    };
    let (version, release) = match rest.rsplit_once('-') {
        Some((version, release)) => (version, Some(release)),
        None => (rest, None),
    };
    ((epoch, version), release)
}

/// Whether a version is the package's own, as `[epoch:]version-release`.
pub(crate) fn is_own(evr: &Evr, version: &str) -> bool {
    let plain = version.strip_prefix(&format!("{}:", evr.epoch())).unwrap_or(version);
    plain.strip_prefix(evr.version()).and_then(|rest| rest.strip_prefix('-')) == Some(evr.release())
}
