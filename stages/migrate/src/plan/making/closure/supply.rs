//! What is required is there: it is there already, or is added, or another version is taken; else it is told.

use std::collections::BTreeSet;

use heirloom_formats::rpm_file::is_primary_file;
use heirloom_model::Dependency;

use super::Round;
use crate::check::Check;
use crate::plan::Action;
use crate::plan::making::choice::Fate;
use crate::plan::making::dependency::means;
use crate::plan::making::ground::{Maker, goes_for};
use crate::plan::making::universe::{Id, Set};

/// Attempts with another version than the newest.
const MOST_VERSIONS: usize = 200;

impl Round<'_, '_> {
    pub(super) fn requires(&mut self) {
        let (mut set, members) = self.members();
        for id in members {
            for dependency in self.choice.universe.items[id].requires {
                if set[id] && !self.choice.universe.satisfied(dependency, &set) {
                    self.required(id, dependency, &set);
                    set = self.choice.result();
                }
            }
        }
    }

    fn required(&mut self, id: Id, dependency: &Dependency, set: &Set) {
        if self.add(id, dependency, set) || self.other_version(id, dependency, set) {
            return;
        }
        if self.choice.universe.is_offered(id) {
            self.offered_lacks(id, dependency);
        } else if !self.choice.universe.satisfied(dependency, self.before) {
            self.closed.broken.insert(self.text(id), format!("it needs {dependency}, which nothing has"));
        } else if self.is_orphan(id) && !self.choice.universe.is_installonly(id) {
            let reason = format!(
                "The target does not have it, and nothing of the target provides {dependency}, which it needs."
            );
            self.decide(id, Fate::Gone, reason);
        } else {
            self.unmet(id, dependency);
        }
        if dependency.is_file() && !is_primary_file(&dependency.name) {
            self.closed.paths.insert(dependency.name.clone());
        }
    }

    /// Adds what provides it.
    fn add(&mut self, id: Id, dependency: &Dependency, set: &Set) -> bool {
        let universe = &self.choice.universe;
        let mut found: Vec<Id> = universe.missing(dependency, set);
        found.retain(|it| universe.is_offered(*it) && self.may_be_added(*it, set));
        let machine = &self.choice.inputs.assessment.machine.architecture;
        let needs = universe.items[id].nevra.arch();
        let wanted = if needs == "noarch" { machine } else { needs };
        found.sort_by(|a, b| {
            let key = |it: &Id| {
                let item = &universe.items[*it];
                let arch = item.nevra.arch();
                let was_there = universe.named(item.nevra.name()).iter().any(|it| *it < universe.installed);
                (
                    arch != wanted && arch != "noarch",
                    !was_there,
                    item.source != universe.items[id].source,
                    item.nevra.name().len(),
                    item.nevra.name(),
                )
            };
            key(a).cmp(&key(b)).then(universe.order(*b, *a)).then(a.cmp(b))
        });
        let Some(by) = found.first().copied() else { return false };
        let mut reason = format!("{} needs {dependency}", self.name(id));
        let mut others: Vec<&str> =
            found.iter().map(|it| self.name(*it)).filter(|it| *it != self.name(by)).collect();
        others.dedup();
        if !others.is_empty() {
            let others = others.iter().take(3).copied().collect::<Vec<_>>().join(", ");
            reason.push_str(&format!(" ({others} would do, too)"));
        }
        reason.push('.');
        // An orphan of that name, or a package that was to go, is what it replaces.
        let taken = self.place_for(by);
        match taken {
            Some(old) => {
                let maker = self.choice.maker(old);
                let (fate, _) = self.choice.replaced(old, by, maker);
                self.decide(old, fate, reason);
            }
            None => {
                self.choice.added.insert(by, (reason, "dependency".to_owned()));
                self.changed = true;
            }
        }
        true
    }

    /// The installed package of the same name and architecture that has no successor.
    fn place_for(&self, by: Id) -> Option<Id> {
        let universe = &self.choice.universe;
        let nevra = universe.items[by].nevra;
        let is_free = |id: &Id| {
            *id < universe.installed
                && universe.items[*id].nevra.arch() == nevra.arch()
                && !universe.is_installonly(*id)
                && self.choice.maker(*id) == Maker::Vendor
                && matches!(self.choice.fates.get(*id), Some((Fate::Gone | Fate::Stay(Action::Orphan), _)))
        };
        universe.named(nevra.name()).iter().copied().find(is_free)
    }

    fn may_be_added(&self, id: Id, set: &Set) -> bool {
        let universe = &self.choice.universe;
        let item = &universe.items[id];
        if set[id] || self.choice.banned.contains(&id) {
            return false;
        }
        let clashes = |other: &Id| {
            let other_item = &universe.items[*other];
            set[*other]
                && *other != id
                && !universe.is_installonly(id)
                && (other_item.nevra.arch() == item.nevra.arch()
                    || other_item.nevra.evr() != item.nevra.evr())
                && self.place_for(id) != Some(*other)
        };
        !universe.named(item.nevra.name()).iter().any(clashes) && !self.hurts(id, set)
    }

    /// Whether something else that can't give way would not go with it.
    fn hurts(&self, id: Id, set: &Set) -> bool {
        let universe = &self.choice.universe;
        let item = &universe.items[id];
        let firm = |other: Id| {
            set[other]
                && other != id
                && !self.is_orphan(other)
                && universe.items[other].nevra.name() != item.nevra.name()
        };
        let obsoletes = item.obsoletes.iter().any(|it| {
            let named = universe.named(&it.name).iter().copied();
            named.into_iter().any(|other| firm(other) && means(it, universe.items[other].nevra.evr()))
        });
        let conflicts = || {
            item.conflicts
                .iter()
                .filter(|it| !it.is_rich())
                .any(|it| universe.providers(it).into_iter().any(firm))
        };
        let obsoleted =
            || universe.obsoleters(item.nevra).any(|other| set[other] && !universe.is_installonly(other));
        obsoletes || obsoleted() || conflicts() || universe.conflicting(id).any(firm)
    }

    /// Takes another version of what the target has, if all that was satisfied still is.
    fn other_version(&mut self, id: Id, dependency: &Dependency, set: &Set) -> bool {
        let universe = &self.choice.universe;
        let machine = &self.choice.inputs.assessment.machine.architecture;
        let mut found: Vec<(Id, Id)> = Vec::new();
        for by in universe.missing(dependency, set) {
            if !universe.is_offered(by) || self.choice.banned.contains(&by) || set[by] {
                continue;
            }
            let item = &universe.items[by];
            let instead = universe.named(item.nevra.name()).iter().copied();
            let instead = instead.into_iter().filter(|it| {
                set[*it]
                    && universe.is_offered(*it)
                    && *it != by
                    && goes_for(universe.items[*it].nevra.arch(), item.nevra.arch(), machine)
            });
            found.extend(instead.map(|it| (by, it)));
        }
        found.sort_by(|a, b| self.choice.universe.order(b.0, a.0).then(a.cmp(b)));
        for (by, instead) in found {
            if *self.versions == MOST_VERSIONS {
                return false;
            }
            *self.versions += 1;
            let mut other = set.clone();
            (other[instead], other[by]) = (false, true);
            if !self.loses(set, &other, instead) {
                let reason = format!(
                    "{} needs {dependency}, so that it is not {} that is taken.",
                    self.name(id),
                    self.text(instead)
                );
                self.take_instead(instead, by, &reason);
                return true;
            }
        }
        false
    }

    /// Whether something is not satisfied in another set that is in this one.
    fn loses(&self, set: &Set, other: &Set, without: Id) -> bool {
        let universe = &self.choice.universe;
        let provided: BTreeSet<&str> =
            universe.items[without].provides.iter().map(|it| it.name.as_str()).collect();
        let concerns = |it: &Dependency| it.is_rich() || it.is_file() || provided.contains(it.name.as_str());
        (0..other.len()).filter(|id| other[*id]).any(|id| {
            let requires = universe.items[id].requires.iter().filter(|it| concerns(it));
            requires
                .into_iter()
                .any(|it| !universe.satisfied(it, other) && (!set[id] || universe.satisfied(it, set)))
        })
    }

    fn take_instead(&mut self, instead: Id, by: Id, reason: &str) {
        self.choice.banned.insert(instead);
        self.changed = true;
        if let Some((_, kept_as)) = self.choice.added.remove(&instead) {
            self.choice.added.insert(by, (reason.to_owned(), kept_as));
        }
        for old in self.replaced_by(instead) {
            let maker = self.choice.maker(old);
            let fate = match self.name(old) == self.name(by) {
                true => self.choice.replaced(old, by, maker).0,
                false => Fate::Replaced(Action::Swap, by),
            };
            self.choice.set(old, fate, reason.to_owned());
        }
    }

    /// A package of the target needs what neither the target nor the machine has.
    fn offered_lacks(&mut self, id: Id, dependency: &Dependency) {
        if self.choice.added.contains_key(&id) {
            self.choice.added.remove(&id);
            self.choice.banned.insert(id);
            self.changed = true;
            return;
        }
        let replaced = self.replaced_by(id);
        let first = replaced.first().copied().filter(|_| !self.stuck.contains(&id));
        if let Some(old) = first {
            self.choice.banned.insert(id);
            let next = self.choice.candidates(old).first().copied();
            if let Some(next) = next.filter(|_| self.name(old) == self.name(id)) {
                let reason = format!("{} can't be installed: nothing provides {dependency}.", self.text(id));
                self.take_instead(id, next, &reason);
                return;
            }
            self.choice.banned.remove(&id);
            self.stuck.insert(id);
        }
        self.closed.checks.push(Check::blocker(
            "unmet-dependency",
            format!("{} of the target needs {dependency}, which neither the target's repositories nor the machine has", self.text(id)),
            "Enable the repository of the target that has it in the target file, or ask whoever maintains the target.",
        ));
    }

    /// A package that stays needs what is no longer there.
    fn unmet(&mut self, id: Id, dependency: &Dependency) {
        let universe = &self.choice.universe;
        let mut had = BTreeSet::new();
        universe.used(dependency, self.before, |it| {
            had.insert(universe.items[it].nevra.to_string());
        });
        let had = had.into_iter().take(3).collect::<Vec<_>>().join(", ");
        let had = if had.is_empty() { "the machine as it is".to_owned() } else { had };
        let name = self.name(id);
        self.closed.checks.push(Check::blocker(
            "third-party-needs",
            format!("{} stays and needs {dependency}, which {had} provides and nothing of the target", self.text(id)),
            format!("Remove {name}, or get a build of it that goes with the target's version (`dnf update {name}`), and assess again."),
        ));
    }
}
