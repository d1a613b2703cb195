//! Until all of it goes together: what is required is there, nothing conflicts, nothing is obsoleted by another.
//!
//! Each round looks at everything. What was decided against is not decided for again, so that it ends; [`MOST_ROUNDS`] is there all the same.

mod leaves;
mod supply;

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Dependency;

use super::choice::{Choice, Fate};
use super::dependency::means;
use super::ground::{Maker, declared};
use super::universe::{Id, Set};
use crate::check::Check;
use crate::plan::Action;

/// Rounds; large machines need about ten.
const MOST_ROUNDS: usize = 500;

/// What was left when nothing more could be done.
#[derive(Default)]
pub(super) struct Closed {
    pub(super) checks: Vec<Check>,
    /// Required paths that the target's primary metadata would not list, and that no one is known to have.
    pub(super) paths: BTreeSet<String>,
    /// Packages that can't be there because of what was there before: name and what is wrong.
    pub(super) broken: BTreeMap<String, String>,
}

pub(super) fn close(choice: &mut Choice<'_>) -> Closed {
    let mut versions = 0;
    let mut stuck = BTreeSet::new();
    let before: Set = (0..choice.universe.items.len()).map(|id| id < choice.universe.installed).collect();
    for _ in 0..MOST_ROUNDS {
        let mut round = Round {
            choice,
            before: &before,
            versions: &mut versions,
            stuck: &mut stuck,
            changed: false,
            closed: Closed::default(),
        };
        round.obsoletes();
        round.several_architectures();
        round.conflicts();
        round.requires();
        let Round { changed, closed, .. } = round;
        if !changed {
            leaves::remove(choice, &before);
            return closed;
        }
    }
    let mut closed = Closed::default();
    closed.checks.push(Check::blocker(
        "unsolved",
        format!("after {MOST_ROUNDS} rounds, the packages still do not go together"),
        "Keep the assessment and the target file, and ask whoever maintains the target.",
    ));
    closed
}

struct Round<'r, 'a> {
    choice: &'r mut Choice<'a>,
    /// What is installed.
    before: &'r Set,
    versions: &'r mut usize,
    /// Packages of which no version will do.
    stuck: &'r mut BTreeSet<Id>,
    changed: bool,
    closed: Closed,
}

impl<'a> Round<'_, 'a> {
    fn text(&self, id: Id) -> String {
        self.choice.universe.items[id].nevra.to_string()
    }

    fn name(&self, id: Id) -> &'a str {
        self.choice.universe.items[id].nevra.name()
    }

    fn members(&self) -> (Set, Vec<Id>) {
        let set = self.choice.result();
        let members = (0..set.len()).filter(|id| set[*id]).collect();
        (set, members)
    }

    /// Whether it is a vendor's package that stays although the target does not have it.
    fn is_orphan(&self, id: Id) -> bool {
        matches!(self.choice.fates.get(id), Some((Fate::Stay(Action::Orphan), _))) && !self.is_declared(id)
    }

    /// Whether the target's file says that it stays: then it does not give way.
    fn is_declared(&self, id: Id) -> bool {
        let found = declared(self.choice.target(), self.name(id));
        found.is_some_and(|it| it.fate == crate::target::Fate::Keep)
    }

    fn is_kept(&self, id: Id) -> bool {
        matches!(self.choice.fates.get(id), Some((Fate::Stay(Action::Keep), _)))
    }

    fn decide(&mut self, id: Id, fate: Fate, reason: String) {
        self.choice.set(id, fate, reason);
        self.changed = true;
    }

    /// An offered package can't be had after all: what was to be replaced by it goes, or gets another fate.
    fn drop_offered(&mut self, id: Id, gone: Option<&str>) {
        self.choice.added.remove(&id);
        self.choice.banned.insert(id);
        self.changed = true;
        for old in self.replaced_by(id) {
            let (fate, reason) = match gone {
                Some(why) => (Fate::Gone, why.to_owned()),
                None => self.choice.first(old),
            };
            self.choice.set(old, fate, reason);
        }
    }

    /// An offered package is in the place of another one.
    fn swap_offered(&mut self, id: Id, by: Id, reason: &str) {
        self.choice.added.remove(&id);
        self.changed = true;
        for old in self.replaced_by(id) {
            self.choice.set(old, Fate::Replaced(Action::Swap, by), reason.to_owned());
        }
    }

    fn replaced_by(&self, id: Id) -> Vec<Id> {
        let fates = self.choice.fates.iter().enumerate();
        fates
            .filter(|(_, (fate, _))| matches!(fate, Fate::Replaced(_, by) if *by == id))
            .map(|(old, _)| old)
            .collect()
    }

    fn obsoletes(&mut self) {
        let (mut set, members) = self.members();
        for by in members {
            if !set[by] || self.choice.universe.is_installonly(by) {
                continue;
            }
            for dependency in self.choice.universe.items[by].obsoletes {
                let named = self.choice.universe.named(&dependency.name);
                let meant =
                    |id: &Id| set[*id] && means(dependency, self.choice.universe.items[*id].nevra.evr());
                let others: Vec<Id> = named.iter().copied().filter(meant).collect();
                for other in others {
                    if self.name(other) != self.name(by) {
                        self.obsoleted(by, other);
                        set = self.choice.result();
                    }
                }
            }
        }
    }

    fn obsoleted(&mut self, by: Id, other: Id) {
        let reason = format!("{} takes its place in the target.", self.name(by));
        let is_ours = self.choice.universe.is_offered(by);
        if self.choice.universe.is_offered(other) && (is_ours || self.is_kept(by)) {
            match is_ours {
                true => self.swap_offered(other, by, &reason),
                false => {
                    let why = format!("{} is installed, which takes its place.", self.name(by));
                    self.drop_offered(other, Some(&why));
                }
            }
        } else if is_ours && self.choice.maker(other) != Maker::Other {
            self.decide(other, Fate::Replaced(Action::Swap, by), reason);
        } else if self.is_orphan(other) && !self.both_before(by, other) {
            self.decide(other, Fate::Gone, reason);
        } else if self.both_before(by, other) {
            let broken = format!("it is obsolete beside {}", self.text(by));
            self.closed.broken.insert(self.text(other), broken);
        } else {
            self.closed.checks.push(Check::blocker(
                "obsoleted-third-party",
                format!("{} of the result makes {} obsolete", self.text(by), self.text(other)),
                format!(
                    "Remove {} before, if the machine can do with {} instead.",
                    self.name(other),
                    self.name(by)
                ),
            ));
        }
    }

    fn both_before(&self, a: Id, b: Id) -> bool {
        self.before[a] && self.before[b]
    }

    /// Of one name, several architectures have one version.
    fn several_architectures(&mut self) {
        let (set, members) = self.members();
        for id in members {
            if !self.is_orphan(id) {
                continue;
            }
            let universe = &self.choice.universe;
            let evr = universe.items[id].nevra.evr();
            let other = universe.named(self.name(id)).iter().find(|it| {
                set[**it]
                    && universe.is_offered(**it)
                    && universe.items[**it].nevra.evr() != evr
                    && !universe.is_installonly(**it)
            });
            if let Some(other) = other {
                let arch = universe.items[id].nevra.arch();
                let reason = format!(
                    "The target has no {arch} package of it, and another version than {} can't be beside it.",
                    universe.items[*other].nevra
                );
                self.decide(id, Fate::Gone, reason);
            }
        }
    }

    fn conflicts(&mut self) {
        let (mut set, members) = self.members();
        for id in members {
            for dependency in self.choice.universe.items[id].conflicts {
                if !set[id] {
                    break;
                }
                let found: Vec<Id> = match dependency.is_rich() {
                    true if self.choice.universe.satisfied(dependency, &set) => {
                        self.choice.universe.missing(dependency, &set)
                    }
                    true => Vec::new(),
                    false => self.choice.universe.providers(dependency),
                };
                for other in found.into_iter().filter(|it| *it != id && set[*it]).collect::<Vec<_>>() {
                    if self.name(other) != self.name(id) && set[id] && set[other] {
                        self.conflict(id, other, dependency);
                        set = self.choice.result();
                    }
                }
            }
        }
    }

    fn conflict(&mut self, id: Id, other: Id, dependency: &Dependency) {
        if self.both_before(id, other) {
            let broken = format!("it conflicts with {}", self.text(other));
            self.closed.broken.insert(self.text(id), broken);
            return;
        }
        let added = [id, other].into_iter().find(|it| self.choice.added.contains_key(it));
        let orphan = [id, other].into_iter().find(|it| self.is_orphan(*it));
        if let Some(added) = added {
            self.drop_offered(added, None);
        } else if let Some(orphan) = orphan {
            let by = if orphan == id { other } else { id };
            let reason = format!(
                "The target does not have it, and {} of the target can't be beside it.",
                self.name(by)
            );
            self.decide(orphan, Fate::Gone, reason);
        } else {
            self.closed.checks.push(Check::blocker(
                "conflict",
                format!(
                    "{} and {} can't be installed together ({dependency})",
                    self.text(id),
                    self.text(other)
                ),
                format!(
                    "Remove {} or {}, whichever the machine can do without, and assess again.",
                    self.name(id),
                    self.name(other)
                ),
            ));
        }
    }
}
