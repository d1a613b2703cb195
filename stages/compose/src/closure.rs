//! What the placed packages need at run time, and what has to be taken along for it: packages of the bootstrap
//! repository, which are inherited, and packages of the second architecture.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use heirloom_model::record::{Accepted, RepositoryKind};
use heirloom_model::{Compare, Dependency, Package};
use heirloom_solve::{Chosen, InstallError, PackageId, Reason, Repository, Solution, Universe};

use crate::plan::multilib::Beside;
use crate::plan::{Because, Place, Placed, Placement};
use crate::{ArchInput, Candidate, ComposeError, Input};

/// Repositories of the universe.
const BOOTSTRAP: usize = 0;
const SECOND: usize = 1;
const PLACED: usize = 2;

/// What may be taken along for one architecture.
pub(crate) struct Needs<'n, 'a> {
    pub(crate) input: &'n Input<'a>,
    pub(crate) arch: &'n ArchInput<'a>,
    /// Packages of the second architecture that have no place yet.
    pub(crate) second: &'n [Candidate<'a>],
    pub(crate) beside: &'n Beside,
}

impl<'a> Needs<'_, 'a> {
    /// The packages without which some placed package could not be installed: inherited ones in the repository that
    /// inherits, those of the second architecture beside their counterparts. What can't be installed at all is for the
    /// gate to tell.
    ///
    /// A package whose name was rebuilt is never inherited: it would come beside, or even before, the rebuilt one.
    pub(crate) fn find(
        &self,
        placed: &[Placed<'a>],
    ) -> Result<(Vec<Placement>, Vec<Placed<'a>>), ComposeError> {
        // One package may have several places.
        let distinct: BTreeMap<_, _> =
            placed.iter().map(|placed| (&placed.candidate.package.nevra, placed.candidate.package)).collect();
        let packages: Vec<Package> = distinct.into_values().cloned().collect();
        let rebuilt: BTreeSet<_> = packages.iter().map(|package| package.nevra.name()).collect();
        let foreign = self.arch.bootstrap.iter();
        let foreign: Vec<Package> = foreign
            .filter(|package| package.nevra.arch() != "src" && !rebuilt.contains(package.nevra.name()))
            .cloned()
            .collect();
        let second: Vec<Package> = self.second.iter().map(|candidate| candidate.package.clone()).collect();
        if foreign.is_empty() && second.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let universe = Universe::new(
            self.arch.arch,
            &[
                Repository { name: "bootstrap", priority: 0, packages: &foreign },
                Repository { name: "second", priority: 1, packages: &second },
                Repository { name: "compose", priority: 2, packages: &packages },
            ],
        )?;
        let needed = Closure::new(&universe, packages.len())?.needed;
        self.places(&universe, needed)
    }

    fn places(
        &self,
        universe: &Universe<'_>,
        needed: BTreeMap<PackageId, Need>,
    ) -> Result<(Vec<Placement>, Vec<Placed<'a>>), ComposeError> {
        let rules = self.input.rules.iter().filter(|rule| rule.is_for(self.arch.arch));
        let heir = rules.clone().find(|rule| rule.rule.inherit);
        let inherited = needed.iter().filter(|(id, _)| id.repository == BOOTSTRAP);
        let (mut placements, mut placed) = (Vec::new(), Vec::new());
        if let (None, Some((_, need))) = (heir, inherited.clone().next()) {
            return Err(ComposeError::NoHeir { count: inherited.count(), chain: need.chain.clone() });
        }
        for (id, need) in needed {
            match (id.repository, heir, universe.package(id)) {
                (BOOTSTRAP, Some(heir), Some(package)) => placements.push(Placement {
                    place: Place::new(heir.name, RepositoryKind::Binary, self.arch.arch),
                    accepted: Accepted::inherited(package),
                    because: need.because,
                }),
                (SECOND, _, _) => {
                    let candidate = self.second[id.package];
                    let places = self.beside.places(candidate, &need.because).unwrap_or_default();
                    placed.extend(places.into_iter().map(|(place, because)| Placed {
                        place,
                        candidate,
                        because,
                    }));
                }
                _ => {}
            }
        }
        Ok((placements, placed))
    }
}

/// Why a package is needed.
struct Need {
    because: Because,
    /// The steps from a placed package to it, for a message.
    chain: String,
}

/// What asks for this package, and for others only if they provide its very name and version.
fn exactly(package: &Package) -> Dependency {
    let nevra = &package.nevra;
    let version = Some((Compare::Equal, nevra.evr().to_string()));
    Dependency { name: nevra.name().to_owned(), version }
}

struct Closure<'u, 'a> {
    universe: &'u Universe<'a>,
    /// Packages of some solution: a solution is complete, so each of its packages can be installed.
    installable: BTreeSet<PackageId>,
    needed: BTreeMap<PackageId, Need>,
}

impl<'u, 'a> Closure<'u, 'a> {
    fn new(universe: &'u Universe<'a>, placed: usize) -> Result<Self, ComposeError> {
        let mut closure = Self { universe, installable: BTreeSet::new(), needed: BTreeMap::new() };
        let placed = 0..placed;
        let ids = placed.clone().map(|package| PackageId { repository: PLACED, package });
        // All at once is one question instead of hundreds; it has no answer if some exclude each other.
        let all: Vec<_> = ids.clone().filter_map(|id| Some(exactly(universe.package(id)?))).collect();
        if let Ok(solution) = universe.install(&all, &[], false) {
            closure.add(&solution);
        }
        for id in ids {
            if closure.installable.contains(&id) {
                continue;
            }
            match closure.solve(id) {
                Ok(solution) => closure.add(&solution),
                Err(InstallError::Unsolvable(_)) => {}
                Err(InstallError::Input(error)) => return Err(error.into()),
            }
        }
        closure.explain(placed)?;
        Ok(closure)
    }

    /// Finds out for what a package is needed where the solution of all at once does not say.
    fn explain(&mut self, placed: Range<usize>) -> Result<(), ComposeError> {
        if self.needed.values().all(|need| need.because != Because::Needed) {
            return Ok(());
        }
        for id in placed.map(|package| PackageId { repository: PLACED, package }) {
            let Some(package) = self.universe.package(id) else { continue };
            for dependency in &package.requires {
                let providers = self.universe.providers(dependency)?;
                if providers.iter().any(|provider| provider.repository == PLACED) {
                    continue;
                }
                for provider in providers {
                    let unexplained =
                        self.needed.get_mut(&provider).filter(|need| need.because == Because::Needed);
                    if let Some(need) = unexplained {
                        let (package, dependency) = (package.nevra.clone(), dependency.clone());
                        need.because = Because::NeededBy { package, dependency };
                    }
                }
            }
        }
        Ok(())
    }

    /// Installs one package alone.
    fn solve(&self, id: PackageId) -> Result<Solution, InstallError> {
        let Some(package) = self.universe.package(id) else {
            return Ok(Solution { install: Vec::new(), replaced: Vec::new() });
        };
        let solution = self.universe.install(&[exactly(package)], &[], false)?;
        if solution.install.iter().any(|chosen| chosen.id == id) {
            return Ok(solution);
        }
        // Another package provides this name and version, such as the one of another architecture.
        self.universe.install(&package.requires, &[id], false)
    }

    fn add(&mut self, solution: &Solution) {
        self.installable.extend(solution.install.iter().map(|chosen| chosen.id));
        for chosen in solution.install.iter().filter(|chosen| chosen.id.repository != PLACED) {
            if !self.needed.contains_key(&chosen.id) {
                let need = self.need(chosen, solution);
                self.needed.insert(chosen.id, need);
            }
        }
    }

    fn need(&self, chosen: &Chosen, solution: &Solution) -> Need {
        let because = match &chosen.because {
            Reason::RequiredBy { package, dependency } | Reason::RecommendedBy { package, dependency } => {
                self.universe.package(*package).map(|package| Because::NeededBy {
                    package: package.nevra.clone(),
                    dependency: dependency.clone(),
                })
            }
            Reason::Wanted(_) | Reason::Replaces(_) | Reason::Forced => None,
        };
        Need { because: because.unwrap_or(Because::Needed), chain: self.chain(chosen, solution) }
    }

    /// `a requires b, b requires c, c`.
    fn chain(&self, last: &Chosen, solution: &Solution) -> String {
        let name =
            |id| self.universe.package(id).map(|package| package.nevra.to_string()).unwrap_or_default();
        let mut steps = vec![format!("which only {} of the bootstrap repository provides", name(last.id))];
        let mut current = Some(last);
        // A solution's reasons have no cycle, but the length bounds the walk all the same.
        for _ in 0..=solution.install.len() {
            let Some(Reason::RequiredBy { package, dependency }) = current.map(|chosen| &chosen.because)
            else {
                break;
            };
            steps.push(format!("{} requires `{dependency}`", name(*package)));
            current = solution.install.iter().find(|chosen| chosen.id == *package);
        }
        steps.reverse();
        steps.join(", ")
    }
}
