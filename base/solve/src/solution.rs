//! Choosing packages, and why each was chosen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use heirloom_model::{Dependency, Package};

use crate::ffi::{Id, Kind, Wanted};
use crate::problem::{Unsolvable, explain};
use crate::universe::{PackageId, SolveError, Universe};

/// The packages that satisfy a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// What is to be installed on top of what is present, by NEVRA.
    pub install: Vec<Chosen>,
    /// What was present and has to go: upgraded, obsoleted or in conflict.
    pub replaced: Vec<PackageId>,
}

/// A package to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which.
    pub id: PackageId,
    /// Why: following the reasons leads back to the request in as few steps as possible.
    pub because: Reason,
}

/// Why a package is part of a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It satisfies this part of the request.
    Wanted(Dependency),
    /// It satisfies a requirement of another package.
    RequiredBy {
        /// The other package.
        package: PackageId,
        /// The requirement.
        dependency: Dependency,
    },
    /// It satisfies a weak dependency of another package, or it supplements the other package.
    RecommendedBy {
        /// The other package.
        package: PackageId,
        /// The recommendation, or what is supplemented.
        dependency: Dependency,
    },
    /// It takes the place of a present package that can't stay in its version.
    Replaces(PackageId),
    /// No single dependency asks for it, but all of them together leave no other choice.
    Forced,
}

/// Nothing could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The request is not well formed.
    #[error(transparent)]
    Input(#[from] SolveError),
    /// No set of packages satisfies it.
    #[error(transparent)]
    Unsolvable(#[from] Unsolvable),
}

impl Universe<'_> {
    /// Chooses packages that satisfy every wanted dependency and are complete in themselves.
    ///
    /// `present` counts as installed and stays unless a requirement forces another version of it, or its
    /// removal. Recommended packages are chosen only if `weak`. Among several that satisfy a dependency, what
    /// is present wins, then the higher priority, then the better architecture, then the higher version, then
    /// libsolv's order, which dnf follows too.
    ///
    /// # Errors
    /// [`Unsolvable`] with the chain of requirements down to what is missing or in conflict.
    pub fn install(
        &self,
        wanted: &[Dependency],
        present: &[PackageId],
        weak: bool,
    ) -> Result<Solution, InstallError> {
        self.install_without(wanted, present, &[], weak)
    }

    /// The same, as if the `hidden` packages were not there. None of them may be present.
    ///
    /// # Errors
    /// As above; the explanation does not name what is hidden.
    pub fn install_without(
        &self,
        wanted: &[Dependency],
        present: &[PackageId],
        hidden: &[PackageId],
        weak: bool,
    ) -> Result<Solution, InstallError> {
        if let Some(&unknown) = hidden.iter().find(|id| self.package(**id).is_none()) {
            return Err(SolveError::UnknownPackage(unknown).into());
        }
        let ids = self.request(wanted)?;
        self.set_present(present)?;
        let hidden: Vec<_> = hidden.iter().map(|id| self.solver_id(*id)).collect();
        let chosen = self.pool.solve(&ids, Wanted::Dependencies, &hidden, weak);
        let chosen = chosen.map_err(|rules| explain(self, &rules))?;
        let all: BTreeSet<_> = chosen.into_iter().filter_map(|id| self.package_id(id)).collect();
        let before: BTreeSet<_> = present.iter().copied().collect();
        let replaced: Vec<_> = before.difference(&all).copied().collect();

        let mut reasons = Reasons::new(self, all.difference(&before).copied().collect());
        reasons.wanted(wanted, &ids);
        let kept = before.intersection(&all).copied();
        reasons.follow(kept.collect());
        reasons.replacements(&replaced);
        if weak {
            reasons.weak(&all);
        }
        Ok(Solution { install: reasons.finish(), replaced })
    }

    fn nevra_text(&self, id: PackageId) -> String {
        self.package(id).map(|package| package.nevra.to_string()).unwrap_or_default()
    }
}

/// Walks from the request along the requirements, so that every new package gets its shortest reason.
struct Reasons<'u, 'a> {
    universe: &'u Universe<'a>,
    unexplained: BTreeSet<PackageId>,
    found: BTreeMap<PackageId, Reason>,
}

impl<'u, 'a> Reasons<'u, 'a> {
    fn new(universe: &'u Universe<'a>, unexplained: BTreeSet<PackageId>) -> Self {
        Self { universe, unexplained, found: BTreeMap::new() }
    }

    /// Gives the reason to each unexplained provider, which is returned.
    fn explain(&mut self, dependency: Id, reason: impl Fn() -> Reason) -> Vec<PackageId> {
        if self.unexplained.is_empty() {
            return Vec::new();
        }
        let mut providers = self.universe.providers_of(dependency);
        providers.retain(|id| self.unexplained.remove(id));
        self.found.extend(providers.iter().map(|id| (*id, reason())));
        providers
    }

    fn wanted(&mut self, wanted: &[Dependency], ids: &[Id]) {
        let mut found = Vec::new();
        for (dependency, &id) in wanted.iter().zip(ids) {
            found.extend(self.explain(id, || Reason::Wanted(dependency.clone())));
        }
        self.follow(found);
    }

    /// Explains what these packages require, and so on.
    fn follow(&mut self, from: Vec<PackageId>) {
        let mut queue = VecDeque::from(from);
        while let Some(package) = queue.pop_front() {
            if self.unexplained.is_empty() {
                return;
            }
            for (dependency, id) in self.list(package, Kind::Requires, |package| &package.requires) {
                let reason = || Reason::RequiredBy { package, dependency: dependency.clone() };
                queue.extend(self.explain(id, reason));
            }
        }
    }

    fn replacements(&mut self, replaced: &[PackageId]) {
        let name = |id| self.universe.package(id).map(|package| package.nevra.name());
        let successors: Vec<_> = self
            .unexplained
            .iter()
            .filter_map(|&new| Some((new, *replaced.iter().find(|old| name(**old) == name(new))?)))
            .collect();
        for &(new, old) in &successors {
            self.unexplained.remove(&new);
            self.found.insert(new, Reason::Replaces(old));
        }
        self.follow(successors.into_iter().map(|(new, _)| new).collect());
    }

    fn weak(&mut self, all: &BTreeSet<PackageId>) {
        for &package in all {
            for (dependency, id) in self.list(package, Kind::Recommends, |package| &package.recommends) {
                let reason = || Reason::RecommendedBy { package, dependency: dependency.clone() };
                let found = self.explain(id, reason);
                self.follow(found);
            }
        }
        for package in self.unexplained.clone() {
            for (dependency, id) in self.list(package, Kind::Supplements, |package| &package.supplements) {
                let by = self.universe.providers_of(id).into_iter().find(|by| all.contains(by));
                if let Some(by) = by.filter(|_| self.unexplained.remove(&package)) {
                    let dependency = dependency.clone();
                    self.found.insert(package, Reason::RecommendedBy { package: by, dependency });
                    self.follow(vec![package]);
                }
            }
        }
    }

    fn finish(mut self) -> Vec<Chosen> {
        self.found.extend(self.unexplained.iter().map(|id| (*id, Reason::Forced)));
        let mut install: Vec<_> =
            self.found.into_iter().map(|(id, because)| Chosen { id, because }).collect();
        install.sort_by_cached_key(|chosen| (self.universe.nevra_text(chosen.id), chosen.id));
        install
    }

    /// A package's dependencies of one kind with the solver's ids.
    fn list(
        &self,
        id: PackageId,
        kind: Kind,
        of: fn(&Package) -> &Vec<Dependency>,
    ) -> Vec<(&'a Dependency, Id)> {
        let ids = self.universe.pool.dependencies(self.universe.solver_id(id), kind);
        self.universe.package(id).map(|package| of(package).iter().zip(ids).collect()).unwrap_or_default()
    }
}
