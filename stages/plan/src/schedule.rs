//! How long a plan takes: by list scheduling, the step with the longest way to the end first. Pure; nothing but
//! seconds are known of a step.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use heirloom_model::record::{Plan, Step};
use serde::Serialize;

/// What a plan takes with a number of workers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Schedule {
    /// How many steps can run at a time.
    pub workers: usize,
    /// Seconds from the first step's begin to the last one's end.
    pub makespan: f64,
    /// Seconds of all steps together.
    pub work: f64,
    /// The longest chain of steps that wait for each other, in order, with their seconds: no number of workers
    /// makes it shorter.
    pub critical: Vec<(String, f64)>,
    /// Seconds of that chain, or of all work shared out evenly, whichever is longer.
    pub least: f64,
    /// Steps whose seconds are a guess, since they were never built.
    pub guessed: usize,
}

impl Schedule {
    /// Seconds of the critical chain.
    #[must_use]
    pub fn critical_seconds(&self) -> f64 {
        self.critical.iter().map(|(_, seconds)| seconds).sum()
    }

    /// The part of the workers' time that is used, 0 to 1.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        let all = self.makespan * self.workers as f64;
        if all > 0.0 { self.work / all } else { 1.0 }
    }
}

/// Schedules a plan. `seconds` has what steps took before, by id; what it does not have took as long as the source
/// package's other builds, or the median of all that are known, or a minute.
#[must_use]
pub fn schedule(plan: &Plan, seconds: &BTreeMap<String, f64>, workers: usize) -> Schedule {
    let farm = Farm::new(plan, seconds);
    farm.run(workers.max(1))
}

/// The same for several numbers of workers.
#[must_use]
pub fn simulate(plan: &Plan, seconds: &BTreeMap<String, f64>, workers: &[usize]) -> Vec<Schedule> {
    let farm = Farm::new(plan, seconds);
    workers.iter().map(|&workers| farm.run(workers.max(1))).collect()
}

/// Seconds of a step when nothing at all is known.
const UNKNOWN: f64 = 60.0;

struct Farm<'p> {
    steps: &'p [Step],
    seconds: Vec<f64>,
    guessed: usize,
    /// By step: how many it waits for, and who waits for it.
    waits: Vec<usize>,
    next: Vec<Vec<usize>>,
    /// Seconds from a step's begin to the end of the longest chain that begins with it.
    rest: Vec<f64>,
}

impl<'p> Farm<'p> {
    fn new(plan: &'p Plan, known: &BTreeMap<String, f64>) -> Self {
        let steps = &plan.steps;
        let index: HashMap<&str, usize> =
            steps.iter().enumerate().map(|(index, step)| (step.id.as_str(), index)).collect();
        let (seconds, guessed) = seconds(steps, known);
        let mut waits = vec![0; steps.len()];
        let mut next = vec![Vec::new(); steps.len()];
        for (number, step) in steps.iter().enumerate() {
            for &before in step.after.iter().filter_map(|id| index.get(&**id)) {
                waits[number] += 1;
                next[before].push(number);
            }
        }
        // Steps stand in build order, so what waits for a step comes after it.
        let mut rest = seconds.clone();
        for number in (0..steps.len()).rev() {
            let longest = next[number].iter().map(|&next| rest[next]).fold(0.0, f64::max);
            rest[number] += longest;
        }
        Self { steps, seconds, guessed, waits, next, rest }
    }

    fn run(&self, workers: usize) -> Schedule {
        let mut waits = self.waits.clone();
        let ready = |step: usize| (Time(self.rest[step]), Reverse(step));
        let mut open: BinaryHeap<_> =
            (0..self.steps.len()).filter(|&step| waits[step] == 0).map(ready).collect();
        let mut running: BinaryHeap<Reverse<(Time, usize)>> = BinaryHeap::new();
        let mut now = 0.0;
        loop {
            while running.len() < workers
                && let Some((_, Reverse(step))) = open.pop()
            {
                running.push(Reverse((Time(now + self.seconds[step]), step)));
            }
            let Some(Reverse((Time(end), step))) = running.pop() else { break };
            now = end;
            for &next in &self.next[step] {
                waits[next] -= 1;
                if waits[next] == 0 {
                    open.push(ready(next));
                }
            }
        }
        let work: f64 = self.seconds.iter().sum();
        let critical = self.critical();
        let chain: f64 = critical.iter().map(|(_, seconds)| seconds).sum();
        Schedule {
            workers,
            makespan: now,
            work,
            critical,
            least: chain.max(work / workers as f64),
            guessed: self.guessed,
        }
    }

    fn critical(&self) -> Vec<(String, f64)> {
        let longest = |steps: &mut dyn Iterator<Item = usize>| {
            steps.max_by_key(|&step| (Time(self.rest[step]), Reverse(step)))
        };
        let mut chain = Vec::new();
        let mut at = longest(&mut (0..self.steps.len()));
        while let Some(step) = at {
            chain.push((self.steps[step].id.clone(), self.seconds[step]));
            at = longest(&mut self.next[step].iter().copied());
        }
        chain
    }
}

/// Seconds by step, and how many are guessed.
fn seconds(steps: &[Step], known: &BTreeMap<String, f64>) -> (Vec<f64>, usize) {
    let mut by_source: HashMap<&str, f64> = HashMap::new();
    let mut all = Vec::new();
    for step in steps {
        if let Some(&seconds) = known.get(&step.id) {
            all.push(seconds);
            by_source.insert(&step.source, seconds);
        }
    }
    all.sort_by(f64::total_cmp);
    let median = all.get(all.len() / 2).copied().unwrap_or(UNKNOWN);
    let mut guessed = 0;
    let of = |step: &Step| match known.get(&step.id).or_else(|| by_source.get(step.source.as_str())) {
        Some(&seconds) => seconds,
        None => {
            guessed += 1;
            median
        }
    };
    (steps.iter().map(of).collect(), guessed)
}

/// Seconds, in order.
#[derive(Clone, Copy, Debug)]
struct Time(f64);

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Time {}
