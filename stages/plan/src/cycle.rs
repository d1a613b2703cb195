//! The first pass through a cycle: in which order, and by which crutches. Declared bootstrap conditionals come
//! first, then packages of other repositories, as few as can be found. Each step that takes any is solved without
//! what comes after it, so that the buildroot is known to exist.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use heirloom_model::record::CrutchKind;

use crate::PlanError;
use crate::arcs::{self, Arcs};
use crate::error::{Unbroken, Unbuildable};
use crate::lab::{On, Place, Question};
use crate::memo::{Item, Solved};
use crate::scc;
use crate::texts::Text;
use crate::work::Work;

/// One build of the first pass.
pub(crate) struct First {
    pub(crate) source: usize,
    /// Whether it is built under its `bootstrap` conditional.
    pub(crate) conditional: bool,
    pub(crate) needs: Vec<Item>,
    /// Packages that it takes from elsewhere instead of waiting for them.
    pub(crate) crutches: Vec<(CrutchKind, Vec<Text>)>,
}

/// Orders the members of a component. `rank` is the component of each source: what has a lower one does not
/// depend on this one.
pub(crate) fn first_pass(
    work: &mut Work<'_, '_, '_>,
    members: &[usize],
    full: &[Option<Arc<Solved>>],
    rank: &[u32],
    on: On,
) -> Result<Vec<First>, PlanError> {
    let mut cycle = Breaking { nodes: Vec::new(), hard: BTreeSet::new(), rank, on, work };
    cycle.enter(members, full)?;
    while cycle.use_conditional()? {}
    cycle.cut()
}

struct Node {
    source: usize,
    conditional: bool,
    /// With everything there.
    original: Vec<Item>,
    needs: Vec<Item>,
    hidden: BTreeSet<usize>,
}

struct Breaking<'b, 'w, 'l, 'a> {
    nodes: Vec<Node>,
    /// Pairs of node and source where the one can't do without the other.
    hard: BTreeSet<(usize, usize)>,
    rank: &'b [u32],
    on: On,
    work: &'b mut Work<'w, 'l, 'a>,
}

impl Breaking<'_, '_, '_, '_> {
    /// One node for each member, with what it needs on the base of the first pass.
    fn enter(&mut self, members: &[usize], full: &[Option<Arc<Solved>>]) -> Result<(), PlanError> {
        let solved = match self.on == self.work.on() {
            true => members.iter().filter_map(|&member| full[member].clone()).collect(),
            false => {
                let all: Vec<_> = members.iter().map(|&member| (member, false, Vec::new())).collect();
                self.ask(&all)?
            }
        };
        let mut unbuildable = Vec::new();
        for (&source, solved) in members.iter().zip(&solved) {
            match &**solved {
                Ok(items) => self.nodes.push(Node {
                    source,
                    conditional: false,
                    original: items.clone(),
                    needs: items.clone(),
                    hidden: BTreeSet::new(),
                }),
                Err(why) => unbuildable.push(Unbuildable {
                    source: self.work.name(source).to_owned(),
                    why: self.work.memo.texts.get(*why).to_owned(),
                }),
            }
        }
        if unbuildable.is_empty() { Ok(()) } else { Err(PlanError::Unbuildable(unbuildable)) }
    }

    fn ask(&mut self, of: &[(usize, bool, Vec<usize>)]) -> Result<Vec<Arc<Solved>>, PlanError> {
        let input = self.work.input;
        let questions: Vec<_> = of
            .iter()
            .map(|(source, bootstrap, hidden)| {
                let requires = match bootstrap {
                    true => input.sources[*source].bootstrap_requires().unwrap_or(&[]),
                    false => input.sources[*source].requires(),
                };
                let question = Question { requires, on: self.on, hidden: hidden.clone() };
                (self.work.keys.of(*source, *bootstrap, &question), question)
            })
            .collect();
        self.work.memo.ask(self.work.lab, &questions)
    }

    /// The node that stands for a source: its build under the conditional, if there is one.
    fn targets(&self) -> BTreeMap<usize, u32> {
        let mut targets = BTreeMap::new();
        for (index, node) in (0..).zip(&self.nodes) {
            if node.conditional {
                targets.insert(node.source, index);
            } else {
                targets.entry(node.source).or_insert(index);
            }
        }
        targets
    }

    fn graph(&self) -> Vec<Vec<u32>> {
        let targets = self.targets();
        let needs = self.nodes.iter().map(|node| {
            let sources: BTreeSet<_> = sources(&node.needs).collect();
            sources.iter().filter_map(|source| targets.get(source).copied()).collect()
        });
        needs.collect()
    }

    /// Puts the first build of the member that then needs the fewest others under its conditional.
    fn use_conditional(&mut self) -> Result<bool, PlanError> {
        let graph = self.graph();
        let mut candidates = Vec::new();
        let done: BTreeSet<_> =
            self.nodes.iter().filter(|node| node.conditional).map(|node| node.source).collect();
        for members in scc::components(&graph).into_iter().filter(|members| scc::is_cycle(members, &graph)) {
            let inside: BTreeSet<usize> =
                members.iter().map(|&node| self.nodes[node as usize].source).collect();
            for &node in &members {
                let Node { source, conditional, needs, .. } = &self.nodes[node as usize];
                let declared = self.work.input.sources[*source].bootstrap_requires().is_some();
                if declared && !conditional && !done.contains(source) {
                    candidates.push((*source, within(needs, &inside), inside.clone()));
                }
            }
        }
        let asked: Vec<_> = candidates.iter().map(|(source, ..)| (*source, true, Vec::new())).collect();
        let solved = self.ask(&asked)?;
        let better = candidates.iter().zip(&solved).filter_map(|((source, before, inside), solved)| {
            let items = solved.as_ref().as_ref().ok()?;
            let now = within(items, inside);
            (now < *before).then_some((now, *source, items))
        });
        let Some((_, source, items)) = better.min_by_key(|(now, source, _)| (*now, *source)) else {
            return Ok(false);
        };
        let (original, needs) = (items.clone(), items.clone());
        self.nodes.push(Node { source, conditional: true, original, needs, hidden: BTreeSet::new() });
        Ok(true)
    }

    /// Finds an order, and takes the packages of what comes too late from elsewhere.
    fn cut(mut self) -> Result<Vec<First>, PlanError> {
        self.nodes.sort_by_key(|node| (node.source, !node.conditional));
        loop {
            let order = self.order()?;
            if self.satisfy(&order)? {
                return Ok(self.finish(&order));
            }
            // Another round, with needs that are now known not to be cut: their number bounds the rounds.
            for node in &mut self.nodes {
                node.needs.clone_from(&node.original);
                node.hidden.clear();
            }
        }
    }

    /// Nodes in build order.
    fn order(&self) -> Result<Vec<u32>, PlanError> {
        let graph = self.graph();
        let targets = self.targets();
        let mut order = Vec::new();
        for mut members in scc::components(&graph) {
            members.sort_unstable();
            let local: BTreeMap<u32, u32> = members.iter().copied().zip(0..).collect();
            let arcs: Vec<Arcs> =
                members.iter().map(|&node| self.arcs(node as usize, &targets, &local)).collect();
            match arcs::order(&arcs) {
                Ok(inner) => order.extend(inner.into_iter().map(|node| members[node as usize])),
                Err(stuck) => {
                    return Err(self.unbroken(stuck.into_iter().map(|node| members[node as usize] as usize)));
                }
            }
        }
        Ok(order)
    }

    /// What a node needs within its component, with the cost of taking it from elsewhere.
    fn arcs(&self, node: usize, targets: &BTreeMap<usize, u32>, local: &BTreeMap<u32, u32>) -> Arcs {
        let mut costs: BTreeMap<usize, u64> = BTreeMap::new();
        for item in &self.nodes[node].needs {
            if let Place::Source(source) = item.from {
                *costs.entry(source as usize).or_default() += self.cost(item);
            }
        }
        let arcs = costs.into_iter().filter_map(|(source, cost)| {
            let other = local.get(targets.get(&source)?)?;
            Some((*other, (!self.hard.contains(&(node, source))).then_some(cost)))
        });
        arcs.collect()
    }

    /// Each package counts; one of an earlier release as much as very many of bootstrap, and one that neither
    /// has by its name still more: only another package could stand in for it.
    fn cost(&self, item: &Item) -> u64 {
        match self.work.elsewhere(self.work.memo.texts.get(item.package)) {
            Some(CrutchKind::Bootstrap | CrutchKind::Conditional) => 1,
            Some(CrutchKind::Earlier) => 1_000,
            None => 1_000_000,
        }
    }

    /// Solves each step without what comes too late for it. Whether all could be solved; if not, it is noted
    /// what can't be cut.
    fn satisfy(&mut self, order: &[u32]) -> Result<bool, PlanError> {
        let mut place = vec![0; self.nodes.len()];
        for (at, &node) in order.iter().enumerate() {
            place[node as usize] = at;
        }
        let targets = self.targets();
        let own = self.nodes.first().map_or(0, |node| self.rank[node.source]);
        loop {
            let mut asked = Vec::new();
            for (index, node) in self.nodes.iter_mut().enumerate() {
                let late: Vec<_> = sources(&node.needs)
                    .filter(|source| match targets.get(source) {
                        Some(&target) => place[target as usize] >= place[index],
                        None => self.rank[*source] >= own,
                    })
                    .collect();
                if !late.is_empty() {
                    node.hidden.extend(late);
                    asked.push(index);
                }
            }
            if asked.is_empty() {
                return Ok(true);
            }
            let questions: Vec<_> = asked.iter().map(|&index| self.without(index, None)).collect();
            let mut failed = Vec::new();
            for (index, solved) in asked.iter().zip(self.ask(&questions)?) {
                match &*solved {
                    Ok(items) => self.nodes[*index].needs.clone_from(items),
                    Err(_) => failed.push(*index),
                }
            }
            if !failed.is_empty() {
                self.note_hard(&failed)?;
                return Ok(false);
            }
        }
    }

    fn without(&self, index: usize, only: Option<usize>) -> (usize, bool, Vec<usize>) {
        let node = &self.nodes[index];
        let hidden = only.map_or_else(|| node.hidden.iter().copied().collect(), |only| vec![only]);
        (node.source, node.conditional, hidden)
    }

    /// These nodes can't do without all that was hidden from them. Where one source alone is to blame, it is that.
    fn note_hard(&mut self, failed: &[usize]) -> Result<(), PlanError> {
        for &index in failed {
            let hidden: Vec<usize> = self.nodes[index].hidden.iter().copied().collect();
            let single: Vec<_> = hidden.iter().map(|&source| self.without(index, Some(source))).collect();
            let answers = self.ask(&single)?;
            let alone: Vec<_> = hidden
                .iter()
                .zip(&answers)
                .filter(|(_, solved)| solved.is_err())
                .map(|(source, _)| *source)
                .collect();
            let blamed = if alone.is_empty() { hidden } else { alone };
            let before = self.hard.len();
            self.hard.extend(blamed.iter().map(|&source| (index, source)));
            if self.hard.len() == before {
                // It was known already, so this is no matter of order.
                return Err(self.unbroken([index].into_iter()));
            }
        }
        Ok(())
    }

    fn unbroken(&self, nodes: impl Iterator<Item = usize>) -> PlanError {
        let nodes: Vec<_> = nodes.collect();
        let mut members: Vec<_> =
            nodes.iter().map(|&node| self.work.name(self.nodes[node].source).to_owned()).collect();
        members.sort();
        members.dedup();
        let missing = nodes.iter().map(|&node| {
            let hard = self.nodes[node].original.iter().filter(
                |item| matches!(item.from, Place::Source(source) if self.hard.contains(&(node, source as usize))),
            );
            let packages: BTreeSet<_> =
                hard.map(|item| self.work.memo.texts.get(item.package).to_owned()).collect();
            (self.work.name(self.nodes[node].source).to_owned(), packages.into_iter().collect())
        });
        PlanError::Cycle(Unbroken { missing: missing.collect(), members })
    }

    fn finish(&self, order: &[u32]) -> Vec<First> {
        let first = |&node: &u32| {
            let node = &self.nodes[node as usize];
            First {
                source: node.source,
                conditional: node.conditional,
                needs: node.needs.clone(),
                crutches: self.crutches(node),
            }
        };
        order.iter().map(first).collect()
    }

    /// What a node takes from elsewhere and would not if it could wait.
    fn crutches(&self, node: &Node) -> Vec<(CrutchKind, Vec<Text>)> {
        if node.hidden.is_empty() {
            return Vec::new();
        }
        let foreign = |items: &[Item], place: Place| -> BTreeSet<Text> {
            items.iter().filter(|item| item.from == place).map(|item| item.package).collect()
        };
        let mut bootstrap =
            &foreign(&node.needs, Place::Bootstrap) - &foreign(&node.original, Place::Bootstrap);
        // What the base has is not installed on top of it, but is what the step then uses.
        bootstrap.extend(node.original.iter().filter_map(|item| {
            let cut = matches!(item.from, Place::Source(source) if node.hidden.contains(&(source as usize)));
            (cut && self.work.in_base(self.work.memo.texts.get(item.package))).then_some(item.package)
        }));
        let earlier = &foreign(&node.needs, Place::Earlier) - &foreign(&node.original, Place::Earlier);
        let both = [(CrutchKind::Bootstrap, bootstrap), (CrutchKind::Earlier, earlier)];
        let some = both.into_iter().filter(|(_, packages)| !packages.is_empty());
        some.map(|(kind, packages)| (kind, packages.into_iter().collect())).collect()
    }
}

fn sources(items: &[Item]) -> impl Iterator<Item = usize> {
    items.iter().filter_map(|item| match item.from {
        Place::Source(source) => Some(source as usize),
        Place::Bootstrap | Place::Earlier => None,
    })
}

/// How many sources of a set are needed.
fn within(items: &[Item], inside: &BTreeSet<usize>) -> usize {
    sources(items).filter(|source| inside.contains(source)).collect::<BTreeSet<_>>().len()
}
