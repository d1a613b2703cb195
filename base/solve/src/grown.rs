//! Sets of packages that could be installed together, grown package by package without solving: each proves of all its
//! packages that they can be installed. That none could be grown for a package proves nothing.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::closure::excluded_by;
use crate::ffi::{Id, Kind, Part};
use crate::universe::{PackageId, Universe};

/// Sets that are grown, as long as each brings something new.
const SETS: usize = 60;
/// Providers of one requirement that are tried.
const CHOICES: usize = 8;

/// What a package requires.
enum Need {
    /// One of these packages.
    Any(Rc<[Id]>),
    /// All of these.
    All(Vec<Need>),
    /// The second if the first is there, else the third.
    If(Box<[Need; 3]>),
    /// Something that has to be put to the solver.
    Hard,
}

/// What a package asks of a set that it is in.
struct Facts {
    needs: Vec<Need>,
    excludes: Vec<Id>,
}

/// A set that grows, and what was seen of packages until now.
pub(crate) struct Grown<'u, 'a> {
    universe: &'u Universe<'a>,
    /// Packages that can't be installed whatever else is.
    dead: HashSet<Id>,
    providers: HashMap<Id, Rc<[Id]>>,
    facts: HashMap<Id, Rc<Facts>>,
    /// The set, in the order in which it grew, and by id.
    members: Vec<Id>,
    is_member: Vec<bool>,
    /// How many members exclude each package.
    excluded: Vec<u32>,
    /// Members with conditions, which others may make true later.
    conditional: Vec<Id>,
}

impl<'u, 'a> Grown<'u, 'a> {
    /// Those of these packages, and of what they need, that some set shows to be installable.
    pub(crate) fn installable(
        universe: &'u Universe<'a>,
        packages: &[PackageId],
        dead: HashSet<Id>,
    ) -> HashSet<Id> {
        let size = universe.considered().iter().map(|id| universe.solver_id(*id)).max().unwrap_or(0) + 1;
        let size = usize::try_from(size).unwrap_or(0);
        let mut grown = Self {
            universe,
            dead,
            providers: HashMap::new(),
            facts: HashMap::new(),
            members: Vec::new(),
            is_member: vec![false; size],
            excluded: vec![0; size],
            conditional: Vec::new(),
        };
        let mut fine = HashSet::new();
        let mut left: Vec<_> = packages.iter().map(|id| universe.solver_id(*id)).collect();
        left.retain(|id| !grown.dead.contains(id) && grown.is_installable(*id));
        for _ in 0..SETS {
            let before = fine.len();
            grown.shrink(0);
            // One that can't even begin a set is left to the solver.
            left.retain(|id| !grown.is_member[place(*id)] && !grown.grow(*id) && !grown.members.is_empty());
            fine.extend(grown.members.iter().copied());
            left.retain(|id| !fine.contains(id));
            if left.is_empty() || fine.len() == before {
                break;
            }
        }
        fine
    }

    /// Packages of foreign architectures and sources are no providers, not even of themselves.
    fn is_installable(&self, id: Id) -> bool {
        self.universe.itself(id).is_some_and(|itself| self.universe.pool.providers(itself).contains(&id))
    }

    /// Takes a package in with all that it needs, or leaves the set as it was.
    fn grow(&mut self, id: Id) -> bool {
        let before = self.members.len();
        let grown = self.add(id) && self.complete(before);
        if !grown {
            self.shrink(before);
        }
        grown
    }

    /// Fills the needs of all members from this one on, and the conditions of all.
    fn complete(&mut self, mut next: usize) -> bool {
        loop {
            while let Some(&id) = self.members.get(next) {
                let facts = self.facts(id);
                if !facts.needs.iter().all(|need| self.fill(need)) {
                    return false;
                }
                next += 1;
            }
            for place in 0..self.conditional.len() {
                let facts = self.facts(self.conditional[place]);
                if !facts.needs.iter().all(|need| self.fill(need)) {
                    return false;
                }
            }
            if next == self.members.len() {
                return true;
            }
        }
    }

    fn fill(&mut self, need: &Need) -> bool {
        match need {
            Need::Any(choices) => {
                choices.iter().any(|id| self.is_member[place(*id)])
                    || choices.iter().take(CHOICES).any(|id| self.add(*id))
            }
            Need::All(needs) => needs.iter().all(|need| self.fill(need)),
            Need::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.holds(condition) { self.fill(then) } else { self.fill(otherwise) }
            }
            Need::Hard => false,
        }
    }

    fn holds(&self, need: &Need) -> bool {
        match need {
            Need::Any(choices) => choices.iter().any(|id| self.is_member[place(*id)]),
            Need::All(needs) => needs.iter().all(|need| self.holds(need)),
            Need::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.holds(condition) { self.holds(then) } else { self.holds(otherwise) }
            }
            Need::Hard => false,
        }
    }

    /// Takes in a package alone, if nothing excludes it.
    fn add(&mut self, id: Id) -> bool {
        if self.excluded[place(id)] > 0 || self.dead.contains(&id) {
            return false;
        }
        let facts = self.facts(id);
        if facts.excludes.iter().any(|other| self.is_member[place(*other)]) {
            return false;
        }
        facts.excludes.iter().for_each(|other| self.excluded[place(*other)] += 1);
        if facts.needs.iter().any(Need::is_conditional) {
            self.conditional.push(id);
        }
        self.is_member[place(id)] = true;
        self.members.push(id);
        true
    }

    /// Takes out all but the first so many.
    fn shrink(&mut self, length: usize) {
        for id in self.members.split_off(length) {
            self.is_member[place(id)] = false;
            if self.conditional.last() == Some(&id) {
                self.conditional.pop();
            }
            self.conditional.retain(|other| *other != id);
            let facts = self.facts(id);
            facts.excludes.iter().for_each(|other| self.excluded[place(*other)] -= 1);
        }
    }

    fn facts(&mut self, id: Id) -> Rc<Facts> {
        if let Some(facts) = self.facts.get(&id) {
            return facts.clone();
        }
        let ids = self.universe.pool.dependencies(id, Kind::Requires);
        let needs = ids.into_iter().map(|dependency| self.need(dependency)).collect();
        let facts = Rc::new(Facts { needs, excludes: self.excludes(id) });
        self.facts.insert(id, facts.clone());
        facts
    }

    /// What it conflicts with or obsoletes, and other versions of it.
    fn excludes(&self, id: Id) -> Vec<Id> {
        let Some(this) = self.universe.package_id(id) else { return Vec::new() };
        let mut found: Vec<_> = excluded_by(self.universe, this)
            .into_iter()
            .map(|other| self.universe.solver_id(other))
            .collect();
        let Some(nevra) = self.universe.package(this).map(|package| &package.nevra) else { return found };
        let name = self.universe.pool.text(nevra.name());
        for other in self.universe.providers_of(name) {
            let Some(package) = self.universe.package(other) else { continue };
            let (one, two) = (nevra.arch(), package.nevra.arch());
            let meets = one == two || one == "noarch" || two == "noarch";
            if other != this && package.nevra.name() == nevra.name() && meets {
                found.push(self.universe.solver_id(other));
            }
        }
        found
    }

    fn need(&mut self, dependency: Id) -> Need {
        match self.universe.pool.part(dependency) {
            Part::Plain => Need::Any(self.providers(dependency)),
            Part::And(left, right) => Need::All(vec![self.need(left), self.need(right)]),
            Part::If(then, condition, otherwise) => {
                let otherwise = otherwise.map_or(Need::All(Vec::new()), |id| self.need(id));
                Need::If(Box::new([self.need(condition), self.need(then), otherwise]))
            }
            Part::Other => Need::Hard,
        }
    }

    fn providers(&mut self, dependency: Id) -> Rc<[Id]> {
        let pool = &self.universe.pool;
        self.providers.entry(dependency).or_insert_with(|| pool.providers(dependency).into()).clone()
    }
}

impl Need {
    fn is_conditional(&self) -> bool {
        match self {
            Self::Any(_) | Self::Hard => false,
            Self::All(needs) => needs.iter().any(Self::is_conditional),
            Self::If(_) => true,
        }
    }
}

/// Ids are no less than 0.
fn place(id: Id) -> usize {
    usize::try_from(id).unwrap_or(0)
}
