//! An order of nodes that need each other in which as little as can be had is cut: a feedback arc set, greedily
//! (after Eades, Lin and Smyth), then improved step by step.

mod improve;

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
    Ok(improve::minimal(needs, improve::sifted(needs, Greedy::new(needs).run())))
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

    /// What all orders of a few nodes cost, tried one by one.
    fn cheapest(needs: &[Arcs], placed: &mut Vec<u32>) -> u64 {
        if placed.len() == needs.len() {
            return 0;
        }
        let mut best = u64::MAX;
        for node in (0u32..).take(needs.len()) {
            if !placed.contains(&node) {
                let late = needs[node as usize].iter().filter(|arc| !placed.contains(&arc.0));
                let cost: u64 = late.map(|arc| arc.1.unwrap()).sum();
                placed.push(node);
                best = best.min(cost + cheapest(needs, placed));
                placed.pop();
            }
        }
        best
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn little_more_is_cut_than_must_be(arcs in proptest::collection::btree_map((0u32..6, 0u32..6), 1u64..9, 0..20)) {
            let mut needs = vec![Arcs::new(); 6];
            for ((from, to), cost) in arcs {
                needs[from as usize].push((to, Some(cost)));
            }
            let cost: u64 = cuts(&needs)
                .iter()
                .map(|&(node, other)| needs[node as usize].iter().find(|arc| arc.0 == other).unwrap().1.unwrap())
                .sum();
            let least = cheapest(&needs, &mut Vec::new());
            proptest::prop_assert!(cost <= least + least / 2 + 3, "{} instead of {}: {:?}", cost, least, needs);
        }
    }

    #[test]
    fn what_cannot_be_cut_is_kept_or_told() {
        assert_eq!(cuts(&[vec![(1, None)], vec![(0, Some(1_000_000))]]), [(1, 0)]);
        assert_eq!(order(&[vec![(1, None)], vec![(0, None)]]), Err(vec![0, 1]));
        assert_eq!(order(&[vec![(0, None)]]), Err(vec![0]));
    }
}
