//! Which of many packages could be installed, each for itself: asked of all at once, and of single ones only where that
//! leaves a doubt.

use std::collections::{HashMap, HashSet};

use heirloom_model::Dependency;

use crate::ffi::{Id, Kind, Wanted};
use crate::problem::{Chain, Link, Problem, Unsolvable, explain, missing};
use crate::universe::{PackageId, SolveError, Universe};

/// Rounds in which the packages that are left are asked together again, as long as each helps.
const ROUNDS: usize = 40;

impl Universe<'_> {
    /// Those of these packages that can't be installed, and why: each is asked for alone, on an empty system, without
    /// weak dependencies. That two of them can't be together is no reason.
    ///
    /// Source packages and those of foreign architectures can't be, of course.
    ///
    /// # Errors
    /// An id of another universe.
    pub fn uninstallable(&self, packages: &[PackageId]) -> Result<Vec<(PackageId, Unsolvable)>, SolveError> {
        self.set_present(&[])?;
        if let Some(&unknown) = packages.iter().find(|id| self.package(**id).is_none()) {
            return Err(SolveError::UnknownPackage(unknown));
        }
        let dead = Dead::find(self);
        let mut failed = Vec::new();
        for id in self.doubtful(packages, &dead) {
            let problem = match dead.problem(self, id) {
                Some(problem) => Some(Unsolvable { problems: vec![problem] }),
                None => self.alone(id),
            };
            failed.extend(problem.map(|why| (id, why)));
        }
        Ok(failed)
    }

    /// Whether these two could be installed beside each other; of one with itself, whether it could be at all.
    ///
    /// # Errors
    /// An id of another universe.
    pub fn can_be_together(&self, one: PackageId, other: PackageId) -> Result<bool, SolveError> {
        if let Some(&unknown) = [one, other].iter().find(|id| self.package(**id).is_none()) {
            return Err(SolveError::UnknownPackage(unknown));
        }
        self.set_present(&[])?;
        let mut batch = Batch::default();
        if one != other && (!batch.takes(self, one) || !batch.takes(self, other)) {
            return Ok(false);
        }
        let ids = [one, other].map(|id| self.solver_id(id));
        Ok(self.pool.solve(&ids, Wanted::Packages, &[], false).is_ok())
    }

    /// The packages that no solution for many has shown to be installable, in the order given.
    fn doubtful(&self, packages: &[PackageId], dead: &Dead) -> Vec<PackageId> {
        let mut fine = HashSet::new();
        let mut left: Vec<_> = packages.iter().copied().filter(|id| !dead.has(*id)).collect();
        // What did not go with others is put first, so that the others give way to it.
        for _ in 0..ROUNDS {
            let mut batch = Batch::default();
            let wanted: Vec<_> =
                left.iter().filter(|id| batch.takes(self, **id)).map(|id| self.solver_id(*id)).collect();
            let before = fine.len();
            if let Ok(chosen) = self.pool.solve(&wanted, Wanted::Possible, &[], false) {
                fine.extend(chosen.into_iter().filter_map(|id| self.package_id(id)));
            }
            left.retain(|id| !fine.contains(id));
            if left.is_empty() || fine.len() == before {
                break;
            }
        }
        packages.iter().copied().filter(|id| !fine.contains(id)).collect()
    }

    /// Why one package can't be installed, if so.
    fn alone(&self, id: PackageId) -> Option<Unsolvable> {
        let rules = self.pool.solve(&[self.solver_id(id)], Wanted::Packages, &[], false).err()?;
        Some(explain(self, &rules))
    }
}

/// Packages of which no two exclude each other by what they say themselves.
#[derive(Default)]
struct Batch<'a> {
    names: HashSet<(&'a str, &'a str)>,
    taken: HashSet<PackageId>,
    excluded: HashSet<PackageId>,
}

impl<'a> Batch<'a> {
    /// Whether a package could be taken, which it is then.
    fn takes(&mut self, universe: &Universe<'a>, id: PackageId) -> bool {
        let Some(package) = universe.package(id) else { return false };
        let key = (package.nevra.name(), package.nevra.arch());
        if self.names.contains(&key) || self.excluded.contains(&id) {
            return false;
        }
        let against = excluded_by(universe, id);
        if against.iter().any(|other| self.taken.contains(other)) {
            return false;
        }
        self.names.insert(key);
        self.taken.insert(id);
        self.excluded.extend(against);
        true
    }
}

/// The packages that this one conflicts with or obsoletes. What only rpm's obsoletes would spare, those that provide a
/// name without having it, are not among them.
fn excluded_by(universe: &Universe<'_>, id: PackageId) -> Vec<PackageId> {
    let Some(package) = universe.package(id) else { return Vec::new() };
    let mut found = Vec::new();
    if !package.conflicts.is_empty() {
        for conflict in universe.pool.dependencies(universe.solver_id(id), Kind::Conflicts) {
            found.extend(universe.providers_of(conflict));
        }
    }
    if !package.obsoletes.is_empty() {
        let ids = universe.pool.dependencies(universe.solver_id(id), Kind::Obsoletes);
        for (obsolete, dependency) in package.obsoletes.iter().zip(ids) {
            let named = |other: &PackageId| {
                universe.package(*other).is_some_and(|other| other.nevra.name() == obsolete.name)
            };
            found.extend(universe.providers_of(dependency).into_iter().filter(named));
        }
    }
    found.retain(|other| *other != id);
    found
}

/// Packages that can't be installed whatever else is: something that they require is provided by none, or only by such
/// packages. Found without solving, so that one missing library costs no thousand questions.
struct Dead {
    /// Of each, the place of the requirement among its requirements, and one of its dead providers.
    why: HashMap<PackageId, (usize, Option<PackageId>)>,
}

impl Dead {
    fn find(universe: &Universe<'_>) -> Self {
        let mut dead = Self { why: HashMap::new() };
        let mut requirements = Requirements::new(universe);
        // What has no provider at all comes first; then, again and again, what only dead ones provide.
        while dead.spread(universe, &mut requirements) {}
        dead
    }

    fn spread(&mut self, universe: &Universe<'_>, requirements: &mut Requirements) -> bool {
        let mut found: HashMap<Id, Option<PackageId>> = HashMap::new();
        requirements.providers.retain(|dependency, providers| {
            let is_dead = providers.iter().all(|provider| self.has(*provider));
            if is_dead {
                found.insert(*dependency, providers.first().copied());
            }
            !is_dead
        });
        if found.is_empty() {
            return false;
        }
        let before = self.why.len();
        for id in &requirements.packages {
            if self.has(*id) {
                continue;
            }
            let ids = universe.pool.dependencies(universe.solver_id(*id), Kind::Requires);
            let first = ids.iter().enumerate().find_map(|(place, id)| Some((place, *found.get(id)?)));
            if let Some(why) = first {
                self.why.insert(*id, why);
            }
        }
        self.why.len() > before
    }

    fn has(&self, id: PackageId) -> bool {
        self.why.contains_key(&id)
    }

    /// The requirements that lead to what is missing.
    fn problem(&self, universe: &Universe<'_>, id: PackageId) -> Option<Problem> {
        let mut chain = Chain::default();
        let (mut current, mut last) = (Some(id), None::<Dependency>);
        while let Some(id) = current {
            let (place, provider) = self.why.get(&id)?;
            let package = universe.package(id)?;
            let requires = package.requires.get(*place)?.clone();
            last = Some(requires.clone());
            chain.path.push(Link { package: package.nevra.clone(), requires });
            current = *provider;
        }
        Some(Problem { chain, cause: missing(universe, last?) })
    }
}

/// What the packages that count require, each dependency once. Rich ones are left to the solver.
struct Requirements {
    packages: Vec<PackageId>,
    providers: HashMap<Id, Vec<PackageId>>,
}

impl Requirements {
    fn new(universe: &Universe<'_>) -> Self {
        let packages: Vec<_> = universe.considered();
        let mut providers = HashMap::new();
        for id in &packages {
            let Some(package) = universe.package(*id) else { continue };
            let ids = universe.pool.dependencies(universe.solver_id(*id), Kind::Requires);
            for (dependency, id) in package.requires.iter().zip(ids) {
                if !dependency.is_rich() {
                    providers.entry(id).or_insert_with(|| universe.providers_of(id));
                }
            }
        }
        Self { packages, providers }
    }
}
