//! Strongly connected components, by Tarjan's algorithm, without recursion: a distribution's graph is deep.

use std::collections::BTreeSet;

/// Components of the graph whose edges lead from each node to the nodes that it needs. What a component needs
/// comes before it; within a component the order is of no meaning.
pub(crate) fn components(needs: &[Vec<u32>]) -> Vec<Vec<u32>> {
    Walk {
        needs,
        index: vec![UNSEEN; needs.len()],
        low: vec![0; needs.len()],
        open: vec![false; needs.len()],
        stack: Vec::new(),
        seen: 0,
        found: Vec::new(),
    }
    .run()
}

const UNSEEN: u32 = u32::MAX;

struct Walk<'g> {
    needs: &'g [Vec<u32>],
    /// In which order the nodes were met.
    index: Vec<u32>,
    /// The earliest open node that each node leads to.
    low: Vec<u32>,
    /// Whether a node is on the stack: of no component yet.
    open: Vec<bool>,
    stack: Vec<u32>,
    seen: u32,
    found: Vec<Vec<u32>>,
}

impl Walk<'_> {
    fn run(mut self) -> Vec<Vec<u32>> {
        // Nodes on the way, each with the number of its edges that are done.
        let mut way: Vec<(u32, usize)> = Vec::new();
        for root in 0..u32::try_from(self.needs.len()).unwrap_or(UNSEEN) {
            if self.index[root as usize] == UNSEEN {
                self.enter(root, &mut way);
            }
            while let Some((node, done)) = way.last_mut() {
                let (node, at) = (*node as usize, *done);
                *done += 1;
                match self.needs[node].get(at) {
                    Some(&next) if self.index[next as usize] == UNSEEN => self.enter(next, &mut way),
                    Some(&next) if self.open[next as usize] => {
                        self.low[node] = self.low[node].min(self.index[next as usize]);
                    }
                    Some(_) => {}
                    None => {
                        way.pop();
                        if let Some((before, _)) = way.last() {
                            let before = *before as usize;
                            self.low[before] = self.low[before].min(self.low[node]);
                        }
                        self.close(node);
                    }
                }
            }
        }
        self.found
    }

    fn enter(&mut self, node: u32, way: &mut Vec<(u32, usize)>) {
        self.index[node as usize] = self.seen;
        self.low[node as usize] = self.seen;
        self.open[node as usize] = true;
        self.seen += 1;
        self.stack.push(node);
        way.push((node, 0));
    }

    /// All edges of a node are done: it may be the first of a component.
    fn close(&mut self, node: usize) {
        if self.low[node] != self.index[node] {
            return;
        }
        let start = self.stack.iter().rposition(|&open| open as usize == node).unwrap_or(0);
        let members = self.stack.split_off(start);
        members.iter().for_each(|&member| self.open[member as usize] = false);
        self.found.push(members);
    }
}

/// The same components in another order that holds, too: what is no cycle comes before the cycles that do not need
/// it, so that it is there for their first pass. The lowest node decides the rest.
pub(crate) fn simple_first(components: Vec<Vec<u32>>, needs: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut of = vec![0; needs.len()];
    for (number, members) in components.iter().enumerate() {
        members.iter().for_each(|&member| of[member as usize] = number);
    }
    let mut waits = vec![0usize; components.len()];
    let mut needed_by = vec![Vec::new(); components.len()];
    for (number, members) in components.iter().enumerate() {
        let all = members.iter().flat_map(|&member| &needs[member as usize]).map(|&need| of[need as usize]);
        let before: BTreeSet<usize> = all.filter(|&other| other != number).collect();
        waits[number] = before.len();
        before.into_iter().for_each(|other| needed_by[other].push(number));
    }
    let key = |number: usize| {
        let members = &components[number];
        (is_cycle(members, needs), members.iter().min().copied(), number)
    };
    let mut ready: BTreeSet<_> =
        (0..components.len()).filter(|&number| waits[number] == 0).map(key).collect();
    let mut order = Vec::with_capacity(components.len());
    while let Some((.., number)) = ready.pop_first() {
        order.push(number);
        for &next in &needed_by[number] {
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.insert(key(next));
            }
        }
    }
    let mut components = components;
    order.into_iter().map(|number| std::mem::take(&mut components[number])).collect()
}

/// Whether a component is a cycle: several nodes, or one that needs itself.
pub(crate) fn is_cycle(component: &[u32], needs: &[Vec<u32>]) -> bool {
    match component {
        [one] => needs[*one as usize].contains(one),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_components_come_first() {
        // 0 -> 1 <-> 2 -> 3, 4 -> 4
        let needs = vec![vec![1], vec![2], vec![1, 3], vec![], vec![4]];
        let mut found = components(&needs);
        found.iter_mut().for_each(|members| members.sort_unstable());
        assert_eq!(found, [vec![3], vec![1, 2], vec![0], vec![4]]);
        assert!(is_cycle(&found[1], &needs) && is_cycle(&found[3], &needs) && !is_cycle(&found[0], &needs));
    }

    #[test]
    fn a_long_chain_is_no_deep_recursion() {
        let count = 300_000;
        let needs: Vec<Vec<u32>> = (0..count).map(|node| vec![(node + 1) % count]).collect();
        assert_eq!(components(&needs).len(), 1);
    }
}
