//! The repositories as the machines of each architecture see them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::RepositoryKind;
use heirloom_solve::{PackageId, Repository, Universe};

use super::facts::AllFacts;
use super::input::{GateInput, GateRepository};
use crate::ComposeError;

/// The input, seen from each architecture.
pub(super) struct Machines<'a> {
    pub(super) input: &'a GateInput<'a>,
    pub(super) all: Vec<Machine<'a>>,
    facts: OnceCell<AllFacts<'a>>,
}

/// The repositories of one architecture, with the sources, which are for all.
pub(super) struct Machine<'a> {
    pub(super) arch: &'a str,
    pub(super) repositories: Vec<&'a GateRepository<'a>>,
    universe: OnceCell<Universe<'a>>,
}

impl<'a> Machines<'a> {
    pub(super) fn new(input: &'a GateInput<'a>) -> Result<Self, ComposeError> {
        let binary = input.repositories.iter().filter(|one| one.kind != RepositoryKind::Source);
        let arches: BTreeSet<_> = binary.map(|one| one.arch).collect();
        let machine = |arch| Machine {
            arch,
            repositories: input
                .repositories
                .iter()
                .filter(|one| one.arch == arch || one.kind == RepositoryKind::Source)
                .collect(),
            universe: OnceCell::new(),
        };
        Ok(Self { input, all: arches.into_iter().map(machine).collect(), facts: OnceCell::new() })
    }

    /// What the headers of all packages say; read when it is asked for first.
    pub(super) fn facts(&self) -> Result<&AllFacts<'a>, ComposeError> {
        if let Some(facts) = self.facts.get() {
            return Ok(facts);
        }
        let facts = AllFacts::read(self.input)?;
        Ok(self.facts.get_or_init(|| facts))
    }

    /// The repositories whose packages clients of one machine have in view together: by kind and architecture.
    pub(super) fn sides(&self) -> BTreeMap<(RepositoryKind, &'a str), Vec<&'a GateRepository<'a>>> {
        let mut sides = BTreeMap::<_, Vec<_>>::new();
        for repository in &self.input.repositories {
            sides.entry((repository.kind, repository.arch)).or_default().push(repository);
        }
        sides
    }
}

impl<'a> Machine<'a> {
    /// All its packages, indexed; made when it is asked for first.
    pub(super) fn universe(&self) -> Result<&Universe<'a>, ComposeError> {
        if let Some(universe) = self.universe.get() {
            return Ok(universe);
        }
        let repository =
            |one: &&'a GateRepository<'a>| Repository { name: one.name, priority: 0, packages: one.packages };
        let repositories: Vec<_> = self.repositories.iter().map(repository).collect();
        let universe = Universe::new(self.arch, &repositories)?;
        Ok(self.universe.get_or_init(|| universe))
    }

    /// Every set of repositories that some repository's packages may need, by their places, and the places of the
    /// repositories that have just this set.
    pub(super) fn needs(&self) -> BTreeMap<Vec<usize>, Vec<usize>> {
        let mut sets = BTreeMap::<_, Vec<_>>::new();
        for (place, repository) in self.repositories.iter().enumerate() {
            if repository.kind != RepositoryKind::Source {
                sets.entry(self.needed_by(repository)).or_default().push(place);
            }
        }
        sets
    }

    /// The repository and all that it needs, directly or not: whoever uses one has to use what that needs. Debugging
    /// data needs its binaries, too.
    fn needed_by(&self, repository: &GateRepository<'_>) -> Vec<usize> {
        let (mut names, mut queue) = (BTreeSet::from([repository.name]), vec![repository.name]);
        let mut all = false;
        while let Some(name) = queue.pop() {
            // What the binaries need counts for their debugging data, too.
            let named = self.repositories.iter().filter(|one| one.name == name);
            match named.min_by_key(|one| one.kind).map(|one| one.needs) {
                Some(Some(needs)) => {
                    queue.extend(needs.iter().map(String::as_str).filter(|need| names.insert(need)));
                }
                Some(None) => all = true,
                None => {}
            }
        }
        let debug = repository.kind == RepositoryKind::Debug;
        let counts = |one: &GateRepository<'_>| match one.kind {
            RepositoryKind::Binary => all || names.contains(one.name),
            RepositoryKind::Debug => debug && (all || names.contains(one.name)),
            RepositoryKind::Source => false,
        };
        let places = self.repositories.iter().enumerate();
        places.filter(|(_, one)| counts(one)).map(|(place, _)| place).collect()
    }

    /// The names of the repositories in these places.
    pub(super) fn names(&self, places: &[usize]) -> String {
        let names: BTreeSet<_> = places.iter().map(|place| self.repositories[*place].name).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// The packages of the repositories in these places.
    pub(super) fn packages(&self, places: &[usize]) -> Vec<PackageId> {
        let of = |&repository: &usize| {
            (0..self.repositories[repository].packages.len())
                .map(move |package| PackageId { repository, package })
        };
        places.iter().flat_map(of).collect()
    }
}
