//! Which steps can run. Pure: steps are numbers, in an order in which each comes after all that it needs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::Plan;

/// A step's place among those that are ready: the heaviest first, then the plan's order.
type Place = (Reverse<u64>, usize);

pub(super) struct Queue {
    /// Number of steps that each still waits for.
    unmet: Vec<usize>,
    /// Steps that need each one directly.
    dependents: Vec<Vec<usize>>,
    /// Expected milliseconds from the start of each step to the end of the plan.
    weights: Vec<u64>,
    ready: BTreeSet<Place>,
    /// Steps that will not run any more, or are taken.
    gone: Vec<bool>,
    /// What comes before each step, however far: one bit for each step.
    before: Vec<Vec<u64>>,
}

impl Queue {
    /// `seconds` is what each step is expected to take.
    pub(super) fn new(plan: &Plan, seconds: &[f64]) -> Self {
        let count = plan.steps.len();
        let numbers: BTreeMap<&str, usize> =
            plan.steps.iter().enumerate().map(|(number, step)| (step.id.as_str(), number)).collect();
        let mut queue = Self {
            unmet: vec![0; count],
            dependents: vec![Vec::new(); count],
            weights: vec![0; count],
            ready: BTreeSet::new(),
            gone: vec![false; count],
            before: Vec::with_capacity(count),
        };
        for (number, step) in plan.steps.iter().enumerate() {
            let mut before = vec![0; count.div_ceil(64)];
            for &after in step.after.iter().filter_map(|id| numbers.get(&**id)) {
                queue.dependents[after].push(number);
                queue.unmet[number] += 1;
                before.iter_mut().zip(&queue.before[after]).for_each(|(bits, others)| *bits |= others);
                before[after / 64] |= 1 << (after % 64);
            }
            queue.before.push(before);
        }
        for number in (0..count).rev() {
            let longest = queue.dependents[number].iter().map(|&next| queue.weights[next]).max().unwrap_or(0);
            queue.weights[number] = longest + (seconds[number].max(0.0) * 1000.0) as u64;
        }
        let free: Vec<_> = (0..count).filter(|&number| queue.unmet[number] == 0).collect();
        free.into_iter().for_each(|number| queue.enter(number));
        queue
    }

    fn enter(&mut self, number: usize) {
        if !self.gone[number] {
            self.ready.insert((Reverse(self.weights[number]), number));
        }
    }

    /// How many are ready.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Takes the heaviest ready step for which there is room, with what it gets.
    pub(super) fn take<T>(&mut self, room: impl Fn(usize) -> Option<T>) -> Option<(usize, T)> {
        let found = self.ready.iter().find_map(|place| Some((*place, room(place.1)?)));
        let (place, given) = found?;
        self.ready.remove(&place);
        self.gone[place.1] = true;
        Some((place.1, given))
    }

    /// It is not to be run, whatever is done.
    pub(super) fn withdraw(&mut self, number: usize) {
        self.gone[number] = true;
        self.ready.remove(&(Reverse(self.weights[number]), number));
    }

    /// It is to be run after all, once all before it is done.
    pub(super) fn put_back(&mut self, number: usize) {
        self.gone[number] = false;
        if self.unmet[number] == 0 {
            self.enter(number);
        }
    }

    /// This step has its result: what waited for it alone is ready.
    pub(super) fn done(&mut self, number: usize) {
        for next in self.dependents[number].clone() {
            self.unmet[next] -= 1;
            if self.unmet[next] == 0 {
                self.enter(next);
            }
        }
    }

    /// This step will have no result: all that need it, however far, are given back once, each with the step
    /// among them that it needs, and will not run.
    pub(super) fn lost(&mut self, number: usize) -> Vec<(usize, usize)> {
        let (mut open, mut lost) = (vec![number], Vec::new());
        while let Some(cause) = open.pop() {
            for next in self.dependents[cause].clone() {
                if !std::mem::replace(&mut self.gone[next], true) {
                    lost.push((next, cause));
                    open.push(next);
                }
            }
        }
        lost
    }

    /// The steps before this one, however far, in order.
    pub(super) fn before(&self, number: usize) -> impl Iterator<Item = usize> {
        let words = self.before[number].iter().enumerate();
        words.flat_map(|(word, &bits)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name: needs needs`, each after what it needs.
    fn queue(steps: &[&str], seconds: &[f64]) -> Queue {
        let steps: Vec<_> = steps
            .iter()
            .map(|text| {
                let (id, after) = text.split_once(':').unwrap();
                serde_json::json!({
                    "id": id, "source": id, "source_digest": heirloom_model::Digest::of(b""), "with": [], "pass": 0,
                    "own_base": false, "wave": 1, "after": after.split_whitespace().collect::<Vec<_>>(),
                    "needs": [], "reason": "",
                })
            })
            .collect();
        let plan = serde_json::json!({ "steps": steps, "cycles": [], "left_out": [], "unbuildable": [] });
        Queue::new(&serde_json::from_value(plan).unwrap(), seconds)
    }

    #[test]
    fn the_heaviest_that_is_ready_and_fits_comes_first() {
        let mut queue = queue(&["a:", "b:", "c:a", "d:a c"], &[1.0, 2.0, 1.0, 5.0]);
        assert_eq!(queue.ready(), 2);
        assert_eq!(queue.take(|_| Some(())), Some((0, ())));
        assert_eq!(queue.take(|number| (number != 1).then_some(())), None);
        queue.done(0);
        assert_eq!(queue.take(|_| Some(())), Some((2, ())));
        assert_eq!(queue.take(|_| Some(())), Some((1, ())));
        assert_eq!(queue.take(|_| Some(())), None);
        queue.done(2);
        assert_eq!(queue.before(3).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(queue.take(|_| Some(())), Some((3, ())));
    }

    #[test]
    fn what_needs_a_lost_step_is_lost_once_with_its_cause() {
        let mut queue = queue(&["a:", "b:", "c:a", "d:b c", "e:d"], &[1.0; 5]);
        queue.take(|number| (number == 0).then_some(()));
        assert_eq!(queue.lost(0), [(2, 0), (3, 2), (4, 3)]);
        queue.take(|_| Some(()));
        queue.done(1);
        assert_eq!((queue.ready(), queue.lost(2)), (0, vec![]));
    }
}
