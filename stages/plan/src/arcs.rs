//! An order of nodes that need each other in which as little as can be had is cut: a feedback arc set, greedily
//! (after Eades, Lin and Smyth), then made minimal.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::scc;

/// What a node needs: the other node, and what it costs to do without; `None` if that is not possible.
pub(crate) type Arcs = Vec<(u32, Option<u64>)>;

/// Every node once, each after what it needs, except for needs that are cut. The same input gives the same order.
///
/// # Errors
/// Nodes that need each other where nothing can be cut.
pub(crate) fn order(needs: &[Arcs]) -> Result<Vec<u32>, Vec<u32>> {
    let hard: Vec<Vec<u32>> = needs
        .iter()
        .map(|arcs| arcs.iter().filter(|arc| arc.1.is_none()).map(|arc| arc.0).collect())
        .collect();
    if let Some(cycle) = scc::components(&hard).into_iter().find(|members| scc::is_cycle(members, &hard)) {
        return Err(cycle);
    }
    Ok(minimal(needs, Greedy::new(needs).run()))
}

struct Greedy<'g> {
    needs: &'g [Arcs],
    needed_by: Vec<Arcs>,
    placed: Vec<bool>,
    /// By node, of arcs to and from nodes that are not placed.
    sides: Vec<Sides>,
    /// Nodes that need nothing any more, and nodes that nothing needs any more.
    free: BTreeSet<u32>,
    last: BTreeSet<u32>,
}

#[derive(Clone, Copy, Default)]
struct Sides {
    needs: usize,
    hard_needs: usize,
    cost: u64,
    needed_by: usize,
    gain: u64,
}

impl<'g> Greedy<'g> {
    fn new(needs: &'g [Arcs]) -> Self {
        let mut needed_by = vec![Vec::new(); needs.len()];
        let mut sides = vec![Sides::default(); needs.len()];
        for (node, arcs) in (0..).zip(needs) {
            for &(other, cost) in arcs.iter().filter(|arc| arc.0 != node) {
                needed_by[other as usize].push((node, cost));
                let side = &mut sides[node as usize];
                side.needs += 1;
                side.hard_needs += usize::from(cost.is_none());
                side.cost += cost.unwrap_or_default();
                let side = &mut sides[other as usize];
                side.needed_by += 1;
                side.gain += cost.unwrap_or_default();
            }
        }
        let mut greedy = Self {
            needs,
            needed_by,
            placed: vec![false; needs.len()],
            sides,
            free: BTreeSet::new(),
            last: BTreeSet::new(),
        };
        for (node, side) in (0..).zip(&greedy.sides) {
            if side.needs == 0 {
                greedy.free.insert(node);
            } else if side.needed_by == 0 {
                greedy.last.insert(node);
            }
        }
        greedy
    }

    fn run(mut self) -> Vec<u32> {
        let (mut front, mut back) = (Vec::new(), Vec::new());
        while front.len() + back.len() < self.needs.len() {
            if let Some(node) = self.free.pop_first() {
                front.push(node);
                self.place(node);
            } else if let Some(node) = self.last.pop_first() {
                back.push(node);
                self.place(node);
            } else if let Some(node) = self.cheapest() {
                front.push(node);
                self.place(node);
            } else {
                // There is always one without needs that can't be cut: those make no cycle.
                break;
            }
        }
        front.extend(back.into_iter().rev());
        front
    }

    /// The node that costs the least beyond what it spares others.
    fn cheapest(&self) -> Option<u32> {
        let open = (0..)
            .zip(&self.sides)
            .filter(|(node, side)| !self.placed[*node as usize] && side.hard_needs == 0);
        let price = |side: &Sides| i128::from(side.cost) - i128::from(side.gain);
        open.min_by_key(|(node, side)| (price(side), side.cost, *node)).map(|(node, _)| node)
    }

    fn place(&mut self, node: u32) {
        self.placed[node as usize] = true;
        self.free.remove(&node);
        self.last.remove(&node);
        for &(other, cost) in self.needs[node as usize].iter().filter(|arc| arc.0 != node) {
            let side = &mut self.sides[other as usize];
            side.needed_by -= 1;
            side.gain -= cost.unwrap_or_default();
            if side.needed_by == 0 && !self.placed[other as usize] && side.needs > 0 {
                self.last.insert(other);
            }
        }
        for &(other, cost) in &self.needed_by[node as usize] {
            let side = &mut self.sides[other as usize];
            side.needs -= 1;
            side.hard_needs -= usize::from(cost.is_none());
            side.cost -= cost.unwrap_or_default();
            if side.needs == 0 && !self.placed[other as usize] {
                self.last.remove(&other);
                self.free.insert(other);
            }
        }
    }
}

/// Beyond this many steps of search, the greedy cuts are left as they are.
const PATIENCE: usize = 50_000_000;

/// Takes back every cut without which there is no cycle either, the dearest first.
fn minimal(needs: &[Arcs], order: Vec<u32>) -> Vec<u32> {
    let mut place = vec![0; needs.len()];
    for (at, &node) in order.iter().enumerate() {
        place[node as usize] = at;
    }
    let mut kept: Vec<Vec<u32>> = vec![Vec::new(); needs.len()];
    let mut cuts = Vec::new();
    let mut arcs = 0;
    for (node, list) in (0..).zip(needs) {
        for &(other, cost) in list.iter().filter(|arc| arc.0 != node) {
            arcs += 1;
            match place[other as usize] < place[node as usize] {
                true => kept[node as usize].push(other),
                false => cuts.push((Reverse(cost.unwrap_or(u64::MAX)), node, other)),
            }
        }
    }
    if cuts.is_empty() || cuts.len().saturating_mul(arcs) > PATIENCE {
        return order;
    }
    cuts.sort_unstable();
    let mut taken_back = false;
    for (_, node, other) in cuts {
        if !leads(&kept, other, node) {
            kept[node as usize].push(other);
            taken_back = true;
        }
    }
    if taken_back { sorted(&kept) } else { order }
}

fn leads(needs: &[Vec<u32>], from: u32, to: u32) -> bool {
    let mut seen = vec![false; needs.len()];
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        if node == to {
            return true;
        }
        if !std::mem::replace(&mut seen[node as usize], true) {
            open.extend(&needs[node as usize]);
        }
    }
    false
}

/// Nodes after what they need, the lowest number first. There are no cycles.
fn sorted(needs: &[Vec<u32>]) -> Vec<u32> {
    let mut needed_by = vec![Vec::new(); needs.len()];
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    for (node, list) in (0u32..).zip(needs) {
        list.iter().for_each(|&other| needed_by[other as usize].push(node));
    }
    let mut free: BTreeSet<u32> =
        (0u32..).zip(&open).filter(|(_, open)| **open == 0).map(|(node, _)| node).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(node) = free.pop_first() {
        order.push(node);
        for &other in &needed_by[node as usize] {
            open[other as usize] -= 1;
            if open[other as usize] == 0 {
                free.insert(other);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(needs: &[Arcs]) -> Vec<(u32, u32)> {
        let order = order(needs).unwrap();
        let place = |node| order.iter().position(|&other| other == node);
        let arcs = (0..).zip(needs).flat_map(|(node, arcs)| arcs.iter().map(move |arc| (node, arc.0)));
        arcs.filter(|&(node, other)| place(other) >= place(node)).collect()
    }

    #[test]
    fn the_cheapest_arc_is_cut() {
        assert_eq!(cuts(&[vec![(1, Some(5))], vec![(2, Some(1))], vec![(0, Some(5))]]), [(1, 2)]);
        // 0 <-> 1 and 0 <-> 2: 0 goes last or first, whichever costs less.
        assert_eq!(
            cuts(&[vec![(1, Some(9)), (2, Some(9))], vec![(0, Some(1))], vec![(0, Some(1))]]),
            [(1, 0), (2, 0)]
        );
        assert_eq!(cuts(&[vec![(0, Some(1))]]), [(0, 0)]);
    }

    #[test]
    fn what_cannot_be_cut_is_kept_or_told() {
        assert_eq!(cuts(&[vec![(1, None)], vec![(0, Some(1_000_000))]]), [(1, 0)]);
        assert_eq!(order(&[vec![(1, None)], vec![(0, None)]]), Err(vec![0, 1]));
        assert_eq!(order(&[vec![(0, None)]]), Err(vec![0]));
    }
}
