//! Better orders from an order that holds.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::Arcs;

/// Beyond this many steps of search, the greedy cuts are left as they are.
const PATIENCE: usize = 50_000_000;

/// Takes back every cut without which there is no cycle either, the dearest first.
pub(super) fn minimal(needs: &[Arcs], order: Vec<u32>) -> Vec<u32> {
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

/// Rounds of sifting; there is little to gain after the first ones.
const ROUNDS: usize = 8;

/// Moves each node to where the least is cut, until no such move helps.
pub(super) fn sifted(needs: &[Arcs], order: Vec<u32>) -> Vec<u32> {
    let mut sieve = Sieve::new(needs, order);
    for _ in 0..ROUNDS {
        let moved = (0..needs.len()).filter(|&node| sieve.sift(node)).count();
        if moved == 0 {
            break;
        }
    }
    sieve.order
}

struct Sieve<'s> {
    needs: &'s [Arcs],
    needed_by: Vec<Arcs>,
    order: Vec<u32>,
    place: Vec<usize>,
}

impl<'s> Sieve<'s> {
    fn new(needs: &'s [Arcs], order: Vec<u32>) -> Self {
        let mut needed_by = vec![Vec::new(); needs.len()];
        for (node, arcs) in (0..).zip(needs) {
            arcs.iter().for_each(|&(other, cost)| needed_by[other as usize].push((node, cost)));
        }
        let mut place = vec![0; needs.len()];
        order.iter().enumerate().for_each(|(at, &node)| place[node as usize] = at);
        Self { needs, needed_by, order, place }
    }

    /// Whether there was a better place for a node.
    fn sift(&mut self, node: usize) -> bool {
        let own = self.place[node];
        // Where neighbours stand, and what it adds to the cost to stand behind them instead of before.
        let mut passed: Vec<(usize, i128)> = Vec::new();
        // A slot is the place right before what now stands there. These are the first and last allowed ones.
        let (mut first, mut last) = (0, self.order.len());
        let mut cost: i128 = 0;
        for &(other, price) in self.needs[node].iter().filter(|arc| arc.0 as usize != node) {
            let at = self.place[other as usize];
            let price = price.map(i128::from);
            cost += price.unwrap_or_default();
            passed.push((at, -price.unwrap_or_default()));
            first = if price.is_none() { first.max(at + 1) } else { first };
        }
        for &(other, price) in self.needed_by[node].iter().filter(|arc| arc.0 as usize != node) {
            let at = self.place[other as usize];
            passed.push((at, price.map(i128::from).unwrap_or_default()));
            last = if price.is_none() { last.min(at) } else { last };
        }
        passed.sort_unstable();
        let before: i128 = passed.iter().filter(|(at, _)| *at < own).map(|(_, change)| change).sum();
        let now = cost + before;
        let mut best = (if first == 0 { cost } else { i128::MAX }, 0);
        for same in passed.chunk_by(|a, b| a.0 == b.0) {
            cost += same.iter().map(|(_, change)| change).sum::<i128>();
            let slot = same[0].0 + 1;
            if (first..=last).contains(&slot) && cost < best.0 {
                best = (cost, slot);
            }
        }
        let better = best.0 < now;
        if better {
            self.shift(own, best.1);
        }
        better
    }

    fn shift(&mut self, from: usize, to: usize) {
        let range = if from < to {
            self.order[from..to].rotate_left(1);
            from..to
        } else {
            self.order[to..=from].rotate_right(1);
            to..from + 1
        };
        for at in range {
            self.place[self.order[at] as usize] = at;
        }
    }
}
