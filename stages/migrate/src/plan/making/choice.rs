//! What becomes of each installed package, one by one: before it is looked at whether all of it goes together.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::evr;

use super::UNTIL_FINISH;
use super::ground::{Inputs, Maker, Makers, declared, goes_for};
use super::universe::{Id, Origin, Set, Universe};
use crate::plan::Action;
use crate::target::{Fate as Wanted, Target};
use crate::vendors;

/// What becomes of an installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays: as the target's, as someone else's, or without updates.
    Stay(Action),
    /// The offered package takes its place.
    Replaced(Action, Id),
    /// It goes.
    Gone,
}

/// All that was decided.
pub(super) struct Choice<'a> {
    pub(super) universe: Universe<'a>,
    pub(super) makers: Makers<'a>,
    pub(super) inputs: Inputs<'a>,
    /// Of each installed package: what, and why.
    pub(super) fates: Vec<(Fate, String)>,
    /// Offered packages that are added: why, and as what dnf keeps them.
    pub(super) added: BTreeMap<Id, (String, String)>,
    /// Offered packages that can't be had, after all.
    pub(super) banned: BTreeSet<Id>,
}

impl<'a> Choice<'a> {
    pub(super) fn new(universe: Universe<'a>, makers: Makers<'a>, inputs: Inputs<'a>) -> Self {
        let mut choice = Self {
            universe,
            makers,
            inputs,
            fates: Vec::new(),
            added: BTreeMap::new(),
            banned: BTreeSet::new(),
        };
        choice.fates = (0..choice.universe.installed).map(|id| choice.first(id)).collect();
        choice.duplicates();
        choice.one_architecture();
        choice.kernels();
        choice
    }

    pub(super) fn target(&self) -> &'a Target {
        &self.inputs.target.target
    }

    fn name(&self, id: Id) -> &'a str {
        self.universe.items[id].nevra.name()
    }

    pub(super) fn maker(&self, id: Id) -> Maker {
        match self.universe.items[id].origin {
            Origin::Installed(fact) => self.makers.maker(fact),
            Origin::Offered(_) => Maker::Target,
        }
    }

    /// The packages that are there afterwards.
    pub(super) fn result(&self) -> Set {
        let mut set = vec![false; self.universe.items.len()];
        for (id, (fate, _)) in self.fates.iter().enumerate() {
            match fate {
                Fate::Stay(_) => set[id] = true,
                Fate::Replaced(_, by) => set[*by] = true,
                Fate::Gone => {}
            }
        }
        for id in self.added.keys() {
            set[*id] = true;
        }
        set
    }

    pub(super) fn set(&mut self, id: Id, fate: Fate, reason: String) {
        if let Some(place) = self.fates.get_mut(id) {
            *place = (fate, reason);
        }
    }

    /// Offered packages of a name that could take an installed one's place, the best first: the newest, of the same architecture.
    pub(super) fn candidates(&self, id: Id) -> Vec<Id> {
        self.named(self.name(id), self.universe.items[id].nevra.arch())
    }

    fn named(&self, name: &str, old: &str) -> Vec<Id> {
        let universe = &self.universe;
        let machine = self.inputs.assessment.machine.architecture.as_str();
        let arch = |id: Id| universe.items[id].nevra.arch();
        let mut found: Vec<Id> = universe
            .offered(name)
            .filter(|it| !self.banned.contains(it) && goes_for(old, arch(*it), machine))
            .collect();
        found.sort_by(|a, b| {
            universe.order(*b, *a).then((arch(*a) != old).cmp(&(arch(*b) != old))).then(a.cmp(b))
        });
        found
    }

    pub(super) fn first(&self, id: Id) -> (Fate, String) {
        let maker = self.maker(id);
        if maker == Maker::Other {
            return self.of_others(id);
        }
        if self.universe.is_installonly(id) {
            return self.kernel(id, maker);
        }
        if maker == Maker::Vendor
            && let Some(swapped) = self.swapped(id)
        {
            return swapped;
        }
        self.by_name(id, maker).or_else(|| self.by_obsoletes(id)).unwrap_or_else(|| self.left(id, maker))
    }

    fn of_others(&self, id: Id) -> (Fate, String) {
        match declared(self.target(), self.name(id)) {
            Some(it) if it.fate == Wanted::Remove => (Fate::Gone, sentence(&it.reason)),
            Some(it) => (Fate::Stay(Action::ThirdParty), sentence(&it.reason)),
            None => {
                let reason = "It came from someone else, who goes on looking after it.";
                (Fate::Stay(Action::ThirdParty), reason.to_owned())
            }
        }
    }

    /// Declared swaps, then roles.
    fn swapped(&self, id: Id) -> Option<(Fate, String)> {
        let name = self.name(id);
        let target = self.target();
        let swap = target.swaps.iter().find(|it| vendors::matches(&it.from, name) && it.to != name);
        if let Some(swap) = swap {
            return Some(self.swap(id, &swap.to, &sentence(&swap.reason)));
        }
        let role = self.makers.role(name)?;
        match target.role(&role) {
            Some(to) if to == name => None,
            Some(to) => Some(self.swap(
                id,
                to,
                &format!("{to} is to the target what {name} is to the vendor ({role})."),
            )),
            None if self.universe.offered(name).next().is_some() => None,
            None => Some((
                Fate::Gone,
                format!("It stands for the vendor ({role}), and the target has nothing in its place."),
            )),
        }
    }

    fn swap(&self, id: Id, to: &str, reason: &str) -> (Fate, String) {
        let installed = self.universe.named(to).iter().filter(|it| **it < self.universe.installed);
        if let Some(other) = installed.copied().find(|it| self.maker(*it) != Maker::Vendor) {
            let whose = if self.maker(other) == Maker::Target {
                "is installed already"
            } else {
                "is installed from someone else"
            };
            return (Fate::Gone, format!("It is left over: {to}, which takes its place, {whose}."));
        }
        match self.named(to, self.universe.items[id].nevra.arch()).first() {
            Some(by) => (Fate::Replaced(Action::Swap, *by), reason.to_owned()),
            None => (
                Fate::Gone,
                format!("{to} should take its place, and the target's repositories do not have that."),
            ),
        }
    }

    fn by_name(&self, id: Id, maker: Maker) -> Option<(Fate, String)> {
        let by = *self.candidates(id).first()?;
        if let Some(other) = self.obsoleter(by) {
            let reason = format!("{} takes its place in the target.", self.name(other));
            return Some((Fate::Replaced(Action::Swap, other), reason));
        }
        Some(self.replaced(id, by, maker))
    }

    /// By an offered package of the same name.
    pub(super) fn replaced(&self, id: Id, by: Id, maker: Maker) -> (Fate, String) {
        let (old, new) = (self.universe.items[id].nevra, self.universe.items[by].nevra);
        let order = evr::compare(new.evr(), old.evr());
        let is_same = order.is_eq() && old.arch() == new.arch();
        if maker == Maker::Target && order.is_le() {
            let reason = if is_same {
                "It is the target's already."
            } else {
                "It is the target's, and newer than what its repositories have."
            };
            return (Fate::Stay(Action::Keep), reason.to_owned());
        }
        let (action, mut reason) = match order {
            std::cmp::Ordering::Equal => (Action::Reinstall, "The target has the same version.".to_owned()),
            std::cmp::Ordering::Greater => (Action::Upgrade, format!("The target has {}.", new.evr())),
            std::cmp::Ordering::Less => {
                (Action::Downgrade, format!("The target has nothing newer than {}.", new.evr()))
            }
        };
        let same_upstream =
            (old.evr().epoch(), old.evr().version()) == (new.evr().epoch(), new.evr().version());
        if !order.is_eq() && same_upstream {
            reason = format!("The target has the same version under the release {}.", new.evr().release());
        }
        if old.arch() != new.arch() {
            reason.push_str(&format!(" It is {} there.", new.arch()));
        }
        (Fate::Replaced(action, by), reason)
    }

    /// The offered package that obsoletes this one: of the same source, with the shortest name, first in the alphabet.
    pub(super) fn obsoleter(&self, id: Id) -> Option<Id> {
        let universe = &self.universe;
        let item = &universe.items[id];
        let machine = self.inputs.assessment.machine.architecture.as_str();
        let is_newest = |by: Id| {
            let own = &universe.items[by];
            !universe.named(own.nevra.name()).iter().any(|it| {
                universe.is_offered(*it)
                    && own.nevra.arch() == universe.items[*it].nevra.arch()
                    && universe.order(*it, by).is_gt()
            })
        };
        universe
            .obsoleters(item.nevra)
            .filter(|by| {
                universe.is_offered(*by)
                    && !self.banned.contains(by)
                    && goes_for(item.nevra.arch(), universe.items[*by].nevra.arch(), machine)
                    && is_newest(*by)
                    && !self.is_taken(*by)
            })
            .min_by_key(|by| {
                let other = &universe.items[*by];
                (other.source != item.source, other.nevra.name().len(), other.nevra.name(), *by)
            })
    }

    /// Whether an installed package of that name and architecture stays instead.
    fn is_taken(&self, by: Id) -> bool {
        let universe = &self.universe;
        let nevra = universe.items[by].nevra;
        universe.named(nevra.name()).iter().copied().filter(|it| *it < universe.installed).any(
            |it| match self.maker(it) {
                Maker::Vendor => false,
                Maker::Target => universe.order(by, it).is_le(),
                Maker::Other => true,
            },
        )
    }

    fn by_obsoletes(&self, id: Id) -> Option<(Fate, String)> {
        let by = self.obsoleter(id)?;
        let reason = format!("{} takes its place in the target.", self.name(by));
        Some((Fate::Replaced(Action::Swap, by), reason))
    }

    /// The target does not have it.
    fn left(&self, id: Id, maker: Maker) -> (Fate, String) {
        if maker == Maker::Target {
            let reason = "It is the target's, though no longer in its repositories.";
            return (Fate::Stay(Action::Keep), reason.to_owned());
        }
        let name = self.name(id);
        match declared(self.target(), name) {
            Some(it) if it.fate == Wanted::Remove => return (Fate::Gone, sentence(&it.reason)),
            Some(it) => return (Fate::Stay(Action::Orphan), sentence(&it.reason)),
            None => {}
        }
        if self.makers.is_subscription(name) {
            return (Fate::Gone, "It belongs to the vendor's subscription, which ends here.".to_owned());
        }
        (Fate::Stay(Action::Orphan), "The target does not have it; it stays, without updates.".to_owned())
    }

    /// Old kernels stay: the way back boots them.
    fn kernel(&self, id: Id, maker: Maker) -> (Fate, String) {
        let nevra = self.universe.items[id].nevra;
        if maker == Maker::Target {
            return (Fate::Stay(Action::Keep), "It is the target's already.".to_owned());
        }
        let same = self.universe.offered(nevra.name()).find(|it| self.universe.items[*it].nevra == nevra);
        match same {
            Some(by) => {
                (Fate::Replaced(Action::Reinstall, by), "The target has the same version.".to_owned())
            }
            None => (
                Fate::Stay(Action::Orphan),
                format!("It boots the machine on the way back, and {UNTIL_FINISH}."),
            ),
        }
    }

    /// Of each kind of kernel package that the vendor has here, the target's newest is added.
    fn kernels(&mut self) {
        let installed = 0..self.universe.installed;
        let vendors: Vec<Id> = installed
            .filter(|id| self.universe.is_installonly(*id) && self.maker(*id) == Maker::Vendor)
            .collect();
        for id in vendors {
            let Some(newest) = self.candidates(id).first().copied() else { continue };
            let nevra = self.universe.items[newest].nevra;
            let is_there =
                |other: &Id| *other < self.universe.installed && self.universe.items[*other].nevra == nevra;
            if self.universe.named(nevra.name()).iter().any(is_there) || self.added.contains_key(&newest) {
                continue;
            }
            let Origin::Installed(fact) = self.universe.items[id].origin else { continue };
            let reason = format!("The target's newest {}, beside those that are there.", nevra.name());
            self.added.insert(newest, (reason, fact.reason.clone()));
        }
    }

    /// Of one name and architecture, one package counts: the target's, else the newest.
    fn duplicates(&mut self) {
        let mut groups: BTreeMap<(&str, &str), Vec<Id>> = BTreeMap::new();
        for id in (0..self.universe.installed).filter(|id| !self.universe.is_installonly(*id)) {
            let nevra = self.universe.items[id].nevra;
            groups.entry((nevra.name(), nevra.arch())).or_default().push(id);
        }
        for (_, mut group) in groups.into_iter().filter(|(_, group)| group.len() > 1) {
            group.sort_by(|a, b| {
                let own = |id: &Id| self.maker(*id) != Maker::Target;
                own(a).cmp(&own(b)).then(self.universe.order(*b, *a)).then(a.cmp(b))
            });
            let kept = group.remove(0);
            for id in group {
                let reason = format!(
                    "It is a second one beside {}, left by a transaction that did not end.",
                    self.universe.items[kept].nevra
                );
                self.set(id, Fate::Gone, reason);
            }
        }
    }

    /// Where several architectures of a package become one without, one of them is replaced and the others go.
    fn one_architecture(&mut self) {
        let mut taken: BTreeMap<Id, Id> = BTreeMap::new();
        let machine = self.inputs.assessment.machine.architecture.clone();
        let mut order: Vec<Id> = (0..self.universe.installed).collect();
        order.sort_by_key(|id| self.universe.items[*id].nevra.arch() != machine);
        for id in order {
            let Some((Fate::Replaced(_, by), _)) = self.fates.get(id) else { continue };
            let by = *by;
            if self.name(id) != self.name(by) {
                continue;
            }
            if let Some(first) = taken.insert(by, id) {
                taken.insert(by, first);
                let reason = format!(
                    "{} takes the place of {}, too.",
                    self.universe.items[by].nevra, self.universe.items[first].nevra
                );
                self.set(id, Fate::Gone, reason);
            }
        }
    }
}

/// A text as a sentence.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}
