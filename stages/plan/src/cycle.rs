//! Cycles: found as strongly connected components, broken by a declared bootstrap conditional where there
//! is one, else by the bootstrap repository's binaries.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::{Crutch, CrutchKind, Cycle, Need, Provider};
use petgraph::graph::DiGraph;

use crate::graph::{Draft, Drafts, needs_without};
use crate::{Input, PlanError};

/// Breaks every cycle; returns each.
pub(crate) fn break_all(input: &Input<'_>, drafts: &mut Drafts) -> Result<Vec<Cycle>, PlanError> {
    let mut told = Vec::new();
    // Each round breaks one cycle for good: the number of steps bounds the rounds.
    while let Some(cycle) = find(drafts) {
        let members: BTreeSet<_> =
            cycle.iter().map(|id| input.sources[drafts[id].source].name.to_owned()).collect();
        let crutch = break_one(input, drafts, &cycle)?;
        told.push(Cycle { members: members.into_iter().collect(), crutches: vec![crutch], passes: 1 });
    }
    Ok(told)
}

/// The first cycle by name: ids of the steps that need each other.
fn find(drafts: &Drafts) -> Option<Vec<String>> {
    let mut graph = DiGraph::<&str, ()>::new();
    let nodes: BTreeMap<&str, _> =
        drafts.keys().map(|id| (id.as_str(), graph.add_node(id.as_str()))).collect();
    for (id, draft) in drafts {
        for after in draft.after() {
            if let Some(node) = nodes.get(after) {
                graph.update_edge(nodes[id.as_str()], *node, ());
            }
        }
    }
    let mut cycles: Vec<Vec<String>> = petgraph::algo::tarjan_scc(&graph)
        .into_iter()
        .filter(|members| members.len() > 1 || graph.contains_edge(members[0], members[0]))
        .map(|members| members.into_iter().map(|node| graph[node].to_owned()).collect())
        .collect();
    cycles.iter_mut().for_each(|members| members.sort());
    cycles.into_iter().min()
}

fn break_one(input: &Input<'_>, drafts: &mut Drafts, cycle: &[String]) -> Result<Crutch, PlanError> {
    let sources: BTreeSet<usize> = cycle.iter().map(|id| drafts[id].source).collect();
    for id in cycle {
        if let Some(needs) = conditional_needs(input, &drafts[id], &sources)? {
            return Ok(split(input, drafts, cycle, id, needs));
        }
    }
    for id in cycle {
        let draft = &drafts[id];
        let source = &input.sources[draft.source];
        let requires =
            if draft.first { source.bootstrap_requires().unwrap_or(&[]) } else { source.requires() };
        if let Some(needs) = needs_without(input, &sources, requires)? {
            let note = format!(
                "{} need each other; {id} takes the others from the bootstrap repository",
                cycle.join(", ")
            );
            if let Some(draft) = drafts.get_mut(id) {
                draft.needs = needs;
                draft.note = Some(note);
            }
            return Ok(Crutch { step: id.clone(), kind: CrutchKind::Bootstrap, packages: Vec::new() });
        }
    }
    Err(PlanError::Cycle(cycle.to_vec()))
}

/// What a first build under the `bootstrap` conditional needs, if it needs nothing of the cycle.
fn conditional_needs(
    input: &Input<'_>,
    draft: &Draft,
    cycle: &BTreeSet<usize>,
) -> Result<Option<Vec<Need>>, PlanError> {
    match input.sources[draft.source].bootstrap_requires() {
        Some(requires) if !draft.first => needs_without(input, cycle, requires),
        _ => Ok(None),
    }
}

/// Adds the first build of `id`, on which the other members of the cycle are put.
fn split(input: &Input<'_>, drafts: &mut Drafts, cycle: &[String], id: &str, needs: Vec<Need>) -> Crutch {
    let first = format!("{id}:bootstrap");
    let source = drafts[id].source;
    let told = format!(
        "{} need each other; {} is built first with its `bootstrap` conditional, and again when the others are there",
        cycle.join(", "),
        input.sources[source].name
    );
    // The package itself too, if it needs itself.
    for member in cycle {
        for need in drafts.get_mut(member).into_iter().flat_map(|draft| &mut draft.needs) {
            if need.provider == Provider::Step(id.to_owned()) {
                need.provider = Provider::Step(first.clone());
            }
        }
    }
    drafts.insert(first.clone(), Draft { source, first: true, needs, note: Some(told) });
    Crutch { step: first, kind: CrutchKind::Conditional, packages: Vec::new() }
}
