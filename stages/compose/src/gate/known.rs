//! What rules about earlier snapshots and the reference have in common: the newest package of each name and
//! architecture, and what obsoletes what.

use std::cmp::Ordering;
use std::collections::HashMap;

use heirloom_formats::evr;
use heirloom_model::record::RepositoryKind;
use heirloom_model::{Compare, Dependency, Evr, Nevra, Package};

use super::input::GateRepository;

/// What a package is in a repository for.
pub(super) fn kind_of(nevra: &Nevra) -> RepositoryKind {
    match nevra.arch() {
        "src" | "nosrc" => RepositoryKind::Source,
        _ if nevra.is_debug() => RepositoryKind::Debug,
        _ => RepositoryKind::Binary,
    }
}

/// A package and the repository that it is in.
pub(super) type Placed<'a> = (&'a GateRepository<'a>, &'a Package);

/// Packages by name, of repositories that clients see together.
pub(super) struct ByName<'a>(HashMap<&'a str, Vec<Placed<'a>>>);

impl<'a> ByName<'a> {
    pub(super) fn new(repositories: &[&'a GateRepository<'a>]) -> Self {
        let mut all = HashMap::<_, Vec<_>>::new();
        for repository in repositories {
            for package in repository.packages {
                all.entry(package.nevra.name()).or_default().push((*repository, package));
            }
        }
        Self(all)
    }

    pub(super) fn named(&self, name: &str) -> &[Placed<'a>] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The newest package that takes this one's place in an upgrade: of its name, and of its architecture or one that
    /// is none.
    pub(super) fn successor(&self, nevra: &Nevra) -> Option<Placed<'a>> {
        let fits = |arch: &str| arch == nevra.arch() || arch == "noarch" || nevra.arch() == "noarch";
        let found = self.named(nevra.name()).iter().filter(|(_, package)| fits(package.nevra.arch()));
        found.copied().max_by(|(_, a), (_, b)| evr::compare(a.nevra.evr(), b.nevra.evr()))
    }

    /// The newest of each name and architecture.
    pub(super) fn newest(&self) -> Vec<Placed<'a>> {
        let mut newest = HashMap::<_, Placed<'a>>::new();
        for placed in self.0.values().flatten() {
            let nevra = &placed.1.nevra;
            let best = newest.entry((nevra.name(), nevra.arch())).or_insert(*placed);
            if evr::compare(nevra.evr(), best.1.nevra.evr()).is_gt() {
                *best = *placed;
            }
        }
        let mut newest: Vec<_> = newest.into_values().collect();
        newest.sort_by(|(_, a), (_, b)| a.nevra.cmp(&b.nevra));
        newest
    }
}

/// Everything that packages obsolete, by name.
pub(super) struct Obsoletes<'a>(HashMap<&'a str, Vec<(&'a Dependency, Placed<'a>)>>);

impl<'a> Obsoletes<'a> {
    /// Of these packages. That a package obsoletes its own name is left out, as rpm does.
    pub(super) fn new(packages: impl IntoIterator<Item = Placed<'a>>) -> Self {
        let mut all = HashMap::<_, Vec<_>>::new();
        for placed in packages {
            let others = placed.1.obsoletes.iter().filter(|one| one.name != placed.1.nevra.name());
            for obsolete in others {
                all.entry(obsolete.name.as_str()).or_default().push((obsolete, placed));
            }
        }
        Self(all)
    }

    /// The packages that obsolete this one, each with how it says so.
    pub(super) fn of(&self, nevra: &Nevra) -> impl Iterator<Item = (&'a Dependency, Placed<'a>)> {
        let found = self.0.get(nevra.name()).map_or(&[][..], Vec::as_slice).iter().copied();
        let evr = nevra.evr().clone();
        found.filter(move |(obsolete, _)| takes(obsolete, &evr))
    }
}

/// Whether a dependency on a name in some versions takes this one, as rpm compares: a release that the dependency leaves
/// out is any.
fn takes(dependency: &Dependency, evr: &Evr) -> bool {
    let Some((compare, version)) = &dependency.version else { return true };
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (version, release) = rest.rsplit_once('-').map_or((rest, None), |(v, r)| (v, Some(r)));
    let order = evr
        .epoch()
        .cmp(&epoch.parse().unwrap_or(0))
        .then_with(|| evr::compare_versions(evr.version(), version))
        .then_with(|| {
            release.map_or(Ordering::Equal, |release| evr::compare_versions(evr.release(), release))
        });
    match compare {
        Compare::Less => order.is_lt(),
        Compare::LessOrEqual => order.is_le(),
        Compare::Equal => order.is_eq(),
        Compare::GreaterOrEqual => order.is_ge(),
        Compare::Greater => order.is_gt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obsoletes_compare_as_rpm_does() {
        for (expected, dependency, evr) in [
            (true, "a", "1-1"),
            (true, "a < 2", "1:1-1"),
            (true, "a < 2", "1-1"),
            (false, "a < 2", "2-1"),
            (true, "a <= 2", "2-9"),
            (false, "a <= 2-1", "2-9"),
            (true, "a = 1:2", "1:2-9"),
            (true, "a < 2", "2~rc1-1"),
            (false, "a < 2", "2^git-1"),
            (true, "a > 2", "2^git-1"),
        ] {
            let epoch_counts = evr.starts_with("1:") && !dependency.contains(':');
            let expected = expected && !epoch_counts;
            assert_eq!(
                takes(&dependency.parse().unwrap(), &evr.parse().unwrap()),
                expected,
                "{dependency} {evr}"
            );
        }
    }
}
