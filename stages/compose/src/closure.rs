//! What the placed packages need at run time, and what of it has to be inherited.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::Accepted;
use heirloom_model::{Compare, Dependency, Package};
use heirloom_solve::{Chosen, InstallError, PackageId, Reason, Repository, Solution, Universe};

use crate::plan::{Because, Placement};
use crate::{ComposeError, Input, Uninstallable};

/// The placed packages' repository in the universe; the bootstrap's is 0.
const PLACED: usize = 1;

/// The bootstrap packages without which some placed package could not be installed, placed in the
/// repository that inherits.
///
/// A package whose name was rebuilt is never inherited: it would come beside, or even before, the rebuilt one.
pub(crate) fn inherit(input: &Input<'_>, placed: &[&Package]) -> Result<Vec<Placement>, ComposeError> {
    let placed: Vec<Package> = placed.iter().map(|&package| package.clone()).collect();
    let rebuilt: BTreeSet<_> = placed.iter().map(|package| package.nevra.name()).collect();
    let foreign = input.bootstrap.iter();
    let foreign: Vec<Package> = foreign
        .filter(|package| package.nevra.arch() != "src" && !rebuilt.contains(package.nevra.name()))
        .cloned()
        .collect();
    let universe = Universe::new(
        input.arch,
        &[
            Repository { name: "bootstrap", priority: 0, packages: &foreign },
            Repository { name: "compose", priority: 1, packages: &placed },
        ],
    )?;
    let needed = Closure::new(&universe, placed.len())?.needed;
    let rule = input.rules.iter().find(|rule| rule.rule.inherit);
    let Some(rule) = rule else {
        return match needed.first_key_value() {
            None => Ok(Vec::new()),
            Some((_, need)) => Err(ComposeError::NoHeir { count: needed.len(), chain: need.chain.clone() }),
        };
    };
    let placements = needed.into_iter().filter_map(|(id, need)| {
        Some(Placement {
            repository: rule.name.to_owned(),
            accepted: Accepted::inherited(universe.package(id)?),
            because: need.because,
        })
    });
    Ok(placements.collect())
}

/// Why a bootstrap package is needed.
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
        let placed = (0..placed).map(|package| PackageId { repository: PLACED, package });
        // All at once is one question instead of hundreds; it has no answer if some exclude each other.
        let all: Vec<_> = placed.clone().filter_map(|id| Some(exactly(universe.package(id)?))).collect();
        if let Ok(solution) = universe.install(&all, &[], false) {
            closure.add(&solution);
        }
        let mut failed = Vec::new();
        for id in placed {
            if closure.installable.contains(&id) {
                continue;
            }
            match closure.solve(id) {
                Ok(solution) => closure.add(&solution),
                Err(InstallError::Unsolvable(why)) => failed.extend(
                    universe.package(id).map(|package| Uninstallable { nevra: package.nevra.clone(), why }),
                ),
                Err(InstallError::Input(error)) => return Err(error.into()),
            }
        }
        if failed.is_empty() { Ok(closure) } else { Err(ComposeError::Uninstallable(failed)) }
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
