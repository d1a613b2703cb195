//! Installed and offered packages in one numbering, and who provides, requires and obsoletes what.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use heirloom_formats::evr;
use heirloom_model::{Dependency, Nevra};

use super::dependency::{Rich, means, other_path, overlaps};
use crate::facts::InstalledFact;
use crate::offer::Offered;

/// A package by its number: installed ones come first.
pub(super) type Id = usize;

/// A package, wherever it is.
pub(super) struct Item<'a> {
    pub(super) nevra: &'a Nevra,
    pub(super) provides: &'a [Dependency],
    pub(super) requires: &'a [Dependency],
    pub(super) conflicts: &'a [Dependency],
    pub(super) obsoletes: &'a [Dependency],
    /// Name of its source package.
    pub(super) source: &'a str,
    pub(super) origin: Origin<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    Installed(&'a InstalledFact),
    Offered(&'a Offered),
}

/// A set of packages, by their numbers.
pub(super) type Set = Vec<bool>;

pub(super) struct Universe<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// Number of installed ones.
    pub(super) installed: usize,
    by_name: HashMap<&'a str, Vec<Id>>,
    provides: HashMap<&'a str, Vec<(Id, &'a Dependency)>>,
    files: HashMap<&'a str, Vec<Id>>,
    conflicts: HashMap<&'a str, Vec<(Id, &'a Dependency)>>,
    obsoletes: HashMap<&'a str, Vec<(Id, &'a Dependency)>>,
    rich: HashMap<&'a str, Rich>,
}

impl<'a> Universe<'a> {
    pub(super) fn new(installed: &'a [InstalledFact], offered: impl Iterator<Item = &'a Offered>) -> Self {
        let mut items: Vec<Item<'a>> = installed.iter().map(installed_item).collect();
        items.extend(offered.map(offered_item));
        let mut universe = Self {
            items,
            installed: installed.len(),
            by_name: HashMap::new(),
            provides: HashMap::new(),
            files: HashMap::new(),
            conflicts: HashMap::new(),
            obsoletes: HashMap::new(),
            rich: HashMap::new(),
        };
        let wanted = universe.wanted_paths();
        for id in 0..universe.items.len() {
            universe.index(id, &wanted);
        }
        universe
    }

    /// Paths that anything requires: no others are looked up.
    fn wanted_paths(&self) -> HashSet<&'a str> {
        let plain = self.items.iter().flat_map(|item| item.requires.iter().chain(item.conflicts));
        plain.filter(|it| it.is_file() || it.is_rich()).map(|it| it.name.as_str()).collect()
    }

    fn index(&mut self, id: Id, wanted: &HashSet<&'a str>) {
        let Item { nevra, provides, requires, conflicts, obsoletes, origin, .. } = self.items[id];
        self.by_name.entry(nevra.name()).or_default().push(id);
        for (dependencies, map) in [
            (provides, &mut self.provides),
            (conflicts, &mut self.conflicts),
            (obsoletes, &mut self.obsoletes),
        ] {
            for dependency in dependencies {
                map.entry(&dependency.name).or_default().push((id, dependency));
            }
        }
        for dependency in requires.iter().chain(conflicts).filter(|it| it.is_rich()) {
            if let Some(rich) = Rich::parse(&dependency.name) {
                self.rich.entry(&dependency.name).or_insert(rich);
            }
        }
        let any_rich =
            wanted.iter().any(|path| path.starts_with('(') && (path.contains("(/") || path.contains(" /")));
        let mut file = |path: &'a str| {
            let is_wanted = |path: &str| wanted.contains(path) || any_rich;
            if is_wanted(path) || other_path(path).is_some_and(|other| is_wanted(&other)) {
                self.files.entry(path).or_default().push(id);
            }
        };
        match origin {
            Origin::Installed(fact) => fact.files.iter().for_each(|path| file(path)),
            Origin::Offered(offered) => offered.package.files.iter().for_each(|it| file(&it.path)),
        }
    }

    /// All packages of a name.
    pub(super) fn named(&self, name: &str) -> &[Id] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Offered packages of a name.
    pub(super) fn offered(&self, name: &str) -> impl Iterator<Item = Id> + '_ {
        self.named(name).iter().copied().filter(|id| *id >= self.installed)
    }

    pub(super) fn is_offered(&self, id: Id) -> bool {
        id >= self.installed
    }

    /// Who obsoletes packages of a name in this version.
    pub(super) fn obsoleters(&self, nevra: &'a Nevra) -> impl Iterator<Item = Id> + '_ {
        let all = self.obsoletes.get(nevra.name()).map_or(&[][..], Vec::as_slice);
        all.iter()
            .filter(move |(id, it)| self.items[*id].nevra.name() != nevra.name() && means(it, nevra.evr()))
            .map(|(id, _)| *id)
    }

    /// Who states a conflict with a package by what that provides.
    pub(super) fn conflicting(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        self.items[id].provides.iter().flat_map(move |provided| {
            let all = self.conflicts.get(provided.name.as_str()).map_or(&[][..], Vec::as_slice);
            all.iter()
                .filter(move |(other, it)| *other != id && overlaps(provided, it))
                .map(|(other, _)| *other)
        })
    }

    /// Who provides what a plain dependency asks for, by a capability or a file.
    pub(super) fn providers(&self, dependency: &Dependency) -> Vec<Id> {
        let name = dependency.name.as_str();
        let all = self.provides.get(name).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<Id> =
            all.iter().filter(|(_, it)| overlaps(it, dependency)).map(|(id, _)| *id).collect();
        if dependency.is_file() {
            found.extend(self.files.get(name).into_iter().flatten());
            if let Some(other) = other_path(name) {
                found.extend(self.files.get(other.as_str()).into_iter().flatten());
            }
        }
        found
    }

    /// Whether a set has what a dependency asks for.
    pub(super) fn satisfied(&self, dependency: &Dependency, set: &Set) -> bool {
        match self.rich.get(dependency.name.as_str()) {
            Some(rich) if dependency.is_rich() => self.holds(rich, set),
            // What rpm itself would not understand is rpm's to refuse.
            _ if dependency.is_rich() => true,
            _ => is_own_feature(dependency) || self.any_provides(dependency, set),
        }
    }

    fn any_provides(&self, dependency: &Dependency, set: &Set) -> bool {
        let name = dependency.name.as_str();
        let capability = self.provides.get(name).into_iter().flatten();
        if capability.into_iter().any(|(id, it)| set[*id] && overlaps(it, dependency)) {
            return true;
        }
        let has = |path: &str| self.files.get(path).into_iter().flatten().any(|id| set[*id]);
        dependency.is_file() && (has(name) || other_path(name).is_some_and(|other| has(&other)))
    }

    fn holds(&self, rich: &Rich, set: &Set) -> bool {
        let holds = |rich: &Rich| self.holds(rich, set);
        let otherwise = |rich: &Option<Box<Rich>>| rich.as_ref().is_none_or(|rich| holds(rich));
        match rich {
            Rich::One(dependency) => self.satisfied(dependency, set),
            Rich::And(all) => all.iter().all(holds),
            Rich::Or(all) => all.iter().any(holds),
            Rich::With(_) | Rich::Without(..) => self.single(rich).iter().any(|id| set[*id]),
            Rich::If(then, condition, no) => {
                if holds(condition) {
                    holds(then)
                } else {
                    otherwise(no)
                }
            }
            Rich::Unless(then, condition, no) => {
                if holds(condition) {
                    otherwise(no)
                } else {
                    holds(then)
                }
            }
        }
    }

    /// Packages each of which satisfies it alone.
    fn single(&self, rich: &Rich) -> Vec<Id> {
        match rich {
            Rich::One(dependency) => self.providers(dependency),
            Rich::Or(all) => all.iter().flat_map(|it| self.single(it)).collect(),
            Rich::With(all) => {
                let mut sets = all.iter().map(|it| self.single(it));
                let first = sets.next().unwrap_or_default();
                sets.fold(first, |left, right| left.into_iter().filter(|id| right.contains(id)).collect())
            }
            Rich::Without(one, other) => {
                let not = self.single(other);
                self.single(one).into_iter().filter(|id| !not.contains(id)).collect()
            }
            Rich::And(_) | Rich::If(..) | Rich::Unless(..) => Vec::new(),
        }
    }

    /// Packages of which one would bring a dependency nearer that a set does not satisfy, the preferred alternative of a boolean one first.
    pub(super) fn missing(&self, dependency: &Dependency, set: &Set) -> Vec<Id> {
        match self.rich.get(dependency.name.as_str()) {
            Some(rich) if dependency.is_rich() => self.missing_of(rich, set),
            _ => self.providers(dependency),
        }
    }

    fn missing_of(&self, rich: &Rich, set: &Set) -> Vec<Id> {
        match rich {
            Rich::One(dependency) => self.missing(dependency, set),
            Rich::And(all) => {
                let first = all.iter().find(|it| !self.holds(it, set));
                first.map(|it| self.missing_of(it, set)).unwrap_or_default()
            }
            Rich::Or(all) => all.iter().flat_map(|it| self.missing_of(it, set)).collect(),
            Rich::With(_) | Rich::Without(..) => self.single(rich),
            Rich::If(then, condition, no) | Rich::Unless(then, condition, no) => {
                let is_then = self.holds(condition, set) == matches!(rich, Rich::If(..));
                let wanted = if is_then { Some(then) } else { no.as_ref() };
                wanted.map(|it| self.missing_of(it, set)).unwrap_or_default()
            }
        }
    }

    /// Who of a set provides it, for boolean ones any part of it.
    pub(super) fn used(&self, dependency: &Dependency, set: &Set, mut each: impl FnMut(Id)) {
        match self.rich.get(dependency.name.as_str()) {
            Some(rich) if dependency.is_rich() => self.used_by(rich, set, &mut each),
            _ => self.providers(dependency).into_iter().filter(|id| set[*id]).for_each(each),
        }
    }

    fn used_by(&self, rich: &Rich, set: &Set, each: &mut dyn FnMut(Id)) {
        match rich {
            Rich::One(one) => self.providers(one).into_iter().filter(|id| set[*id]).for_each(each),
            Rich::And(all) | Rich::Or(all) | Rich::With(all) => {
                all.iter().for_each(|it| self.used_by(it, set, each));
            }
            Rich::Without(one, other) => {
                self.used_by(one, set, each);
                self.used_by(other, set, each);
            }
            Rich::If(one, other, no) | Rich::Unless(one, other, no) => {
                self.used_by(one, set, each);
                self.used_by(other, set, each);
                if let Some(no) = no {
                    self.used_by(no, set, each);
                }
            }
        }
    }

    /// The newer package is the greater one.
    pub(super) fn order(&self, a: Id, b: Id) -> Ordering {
        evr::compare(self.items[a].nevra.evr(), self.items[b].nevra.evr())
    }

    /// Whether several versions of it are installed side by side, as dnf's `installonlypkgs` says.
    pub(super) fn is_installonly(&self, id: Id) -> bool {
        let Item { nevra, provides, .. } = &self.items[id];
        const NAMES: [&str; 6] = [
            "kernel",
            "kernel-core",
            "kernel-devel",
            "kernel-modules",
            "kernel-modules-core",
            "kernel-modules-extra",
        ];
        let begins =
            |it: &Dependency| it.name.starts_with("installonlypkg(") || it.name.starts_with("multiversion(");
        NAMES.contains(&nevra.name()) || provides.iter().any(begins)
    }
}

/// What rpm provides by itself.
fn is_own_feature(dependency: &Dependency) -> bool {
    dependency.name.starts_with("rpmlib(")
}

fn installed_item(fact: &InstalledFact) -> Item<'_> {
    Item {
        nevra: &fact.nevra,
        provides: &fact.provides,
        requires: &fact.requires,
        conflicts: &fact.conflicts,
        obsoletes: &fact.obsoletes,
        source: source_name(&fact.source),
        origin: Origin::Installed(fact),
    }
}

fn offered_item(offered: &Offered) -> Item<'_> {
    let package = &offered.package;
    Item {
        nevra: &package.nevra,
        provides: &package.provides,
        requires: &package.requires,
        conflicts: &package.conflicts,
        obsoletes: &package.obsoletes,
        source: package.source_name().unwrap_or_default(),
        origin: Origin::Offered(offered),
    }
}

/// `zlib` of `zlib-1.2.11-40.el9.src.rpm`.
fn source_name(file: &str) -> &str {
    let stem = file.strip_suffix(".rpm").unwrap_or(file);
    stem.rsplit_once('-').and_then(|(rest, _)| rest.rsplit_once('-')).map_or("", |(name, _)| name)
}
