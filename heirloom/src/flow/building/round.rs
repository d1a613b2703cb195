//! One walk through the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heirloom_build::Builder;
use heirloom_model::record::{Built, Cost, CutOff, FailKind, Failed, Plan, Step};

use super::super::gather::Gathered;
use super::super::planning::Ground;
use super::Options;
use super::budget::{Estimate, Share};
use super::results::Results;
use super::step::never_tried;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::interrupt;
use crate::ui::Progress;

/// How often a waiting worker looks whether the work is to end.
const LOOK: Duration = Duration::from_millis(200);

pub(super) struct Round<'a> {
    pub(super) context: &'a Context,
    pub(super) builder: &'a Builder<'a>,
    pub(super) gathered: &'a Gathered,
    pub(super) ground: &'a Ground,
    pub(super) results: &'a Results<'a>,
    pub(super) options: Options,
    pub(super) steps: BTreeMap<&'a str, &'a Step>,
    pub(super) progress: Progress,
    /// What steps used the last time.
    costs: BTreeMap<String, Cost>,
    /// Expected seconds on the longest way from each step to the end of the plan.
    weight: BTreeMap<&'a str, f64>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    running: BTreeMap<String, Share>,
    pub(super) built: BTreeMap<String, Arc<Built>>,
    fresh: BTreeSet<String>,
    cut: BTreeMap<String, CutOff>,
    failed: BTreeMap<String, Failed>,
    learned: BTreeSet<String>,
    error: Option<Fail>,
    interrupted: bool,
}

/// What a walk came to.
pub(super) struct Ended {
    pub(super) built: BTreeMap<String, Built>,
    pub(super) fresh: BTreeSet<String>,
    pub(super) cut: BTreeMap<String, CutOff>,
    pub(super) failed: BTreeMap<String, Failed>,
    /// Steps that wait for a new plan.
    pub(super) learned: BTreeSet<String>,
    pub(super) seconds: f64,
}

/// What running one step came to.
pub(super) enum Came {
    /// It was built in this run.
    Built(Box<Built>),
    /// A result that was there, and why it still counts if its inputs were made anew.
    Known(Box<Built>, Option<CutOff>),
    Failed(Failed),
    /// It asked for more; a new plan is due.
    Learned,
    Interrupted,
}

impl State {
    fn settled(&self, id: &str) -> bool {
        self.built.contains_key(id) || self.failed.contains_key(id) || self.learned.contains(id)
    }

    fn open(&self, id: &str) -> bool {
        !self.settled(id) && !self.running.contains_key(id)
    }
}

impl<'a> Round<'a> {
    pub(super) fn new(
        context: &'a Context,
        builder: &'a Builder<'a>,
        gathered: &'a Gathered,
        ground: &'a Ground,
        plan: &'a Plan,
        results: &'a Results<'a>,
        options: Options,
    ) -> Result<Self, Fail> {
        let costs: BTreeMap<_, _> =
            context.store.all::<Cost>()?.into_iter().map(|cost| (cost.step.clone(), cost)).collect();
        Ok(Self {
            context,
            builder,
            gathered,
            ground,
            results,
            options,
            steps: plan.steps.iter().map(|step| (step.id.as_str(), step)).collect(),
            progress: Progress::new("build", plan.steps.len()),
            weight: weights(plan, &costs),
            costs,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    pub(super) fn run(self) -> Result<Ended, Fail> {
        interrupt::listen();
        std::thread::scope(|scope| {
            for _ in 0..self.options.budget.cores {
                scope.spawn(|| self.work());
            }
        });
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (fresh, failed) = (state.fresh.len(), state.failed.len());
        let known = state.built.len() - fresh;
        let seconds = self.progress.end(&format!("{fresh} built, {known} cached, {failed} failed"));
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        if state.interrupted {
            return Err(Fail::new(Exit::Interrupted, format!("interrupted; {fresh} builds are kept"))
                .hint("run the same command again: it continues where it was"));
        }
        let built = state.built.into_iter().map(|(step, built)| (step, Arc::unwrap_or_clone(built)));
        Ok(Ended {
            built: built.collect(),
            fresh: state.fresh,
            cut: state.cut,
            failed: state.failed,
            learned: state.learned,
            seconds,
        })
    }

    /// One worker: takes the heaviest step that is ready and fits until none is left.
    fn work(&self) {
        while let Some((step, share)) = self.next() {
            let came = self.step(step, share);
            let mut state = self.lock();
            state.running.remove(&step.id);
            match came {
                Ok(Came::Built(built)) => {
                    state.fresh.insert(step.id.clone());
                    state.built.insert(step.id.clone(), Arc::new(*built));
                }
                Ok(Came::Known(built, cut)) => {
                    state.cut.extend(cut.map(|cut| (step.id.clone(), cut)));
                    state.built.insert(step.id.clone(), Arc::new(*built));
                }
                Ok(Came::Failed(failed)) => drop(state.failed.insert(step.id.clone(), failed)),
                Ok(Came::Learned) => drop(state.learned.insert(step.id.clone())),
                Ok(Came::Interrupted) => state.interrupted = true,
                Err(fail) => state.error = Some(fail),
            }
            self.changed.notify_all();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<(&'a Step, Share)> {
        let mut state = self.lock();
        loop {
            state.interrupted |= interrupt::wanted();
            if state.error.is_some() || state.interrupted {
                return None;
            }
            self.pass_on(&mut state);
            if let Some((step, share)) = self.fitting(&state) {
                state.running.insert(step.id.clone(), share);
                return Some((step, share));
            }
            if state.running.is_empty() {
                return None;
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The heaviest ready step for which there is room.
    fn fitting(&self, state: &State) -> Option<(&'a Step, Share)> {
        let ready =
            |step: &&&Step| state.open(&step.id) && step.after.iter().all(|id| state.built.contains_key(id));
        let mut ready: Vec<&Step> = self.steps.values().filter(ready).copied().collect();
        ready.sort_by(|a, b| self.weight[b.id.as_str()].total_cmp(&self.weight[a.id.as_str()]));
        let running: Vec<Share> = state.running.values().copied().collect();
        let others = ready.len().saturating_sub(1);
        ready
            .into_iter()
            .find_map(|step| Some((step, self.options.budget.share(&running, self.estimate(step), others)?)))
    }

    fn estimate(&self, step: &Step) -> Estimate {
        let used = self.costs.get(&step.id).or_else(|| self.costs.get(&step.source));
        let history = Estimate::from_history(used.map(|cost| &cost.resources), self.options.budget);
        let Some(needs) = self.context.definition.build.needs.get(&step.source) else { return history };
        Estimate {
            cores: needs.jobs.map_or(history.cores, |jobs| history.cores.max(jobs)),
            least: needs.jobs.unwrap_or(history.least),
            memory: needs.memory_mib.map_or(history.memory, |mib| mib.saturating_mul(1 << 20)),
        }
    }

    /// A step whose need failed or waits for a new plan does the same.
    fn pass_on(&self, state: &mut State) {
        loop {
            let stuck = self.steps.values().find_map(|step| {
                let cause = step
                    .after
                    .iter()
                    .find(|id| state.failed.contains_key(*id) || state.learned.contains(*id));
                cause.filter(|_| state.open(&step.id)).map(|cause| (*step, cause.clone()))
            });
            let Some((step, cause)) = stuck else { return };
            if state.learned.contains(&cause) {
                state.learned.insert(step.id.clone());
            } else {
                let message = format!("{} needs {cause}, which failed", step.id);
                state.failed.insert(step.id.clone(), never_tried(step, FailKind::Blocked, message));
            }
        }
    }
}

/// Expected seconds on the longest way from each step to the end of the plan. What was never built counts as the
/// median of what was.
fn weights<'p>(plan: &'p Plan, costs: &BTreeMap<String, Cost>) -> BTreeMap<&'p str, f64> {
    let mut known: Vec<f64> = costs.values().map(|cost| cost.resources.seconds).collect();
    known.sort_by(f64::total_cmp);
    let median = known.get(known.len() / 2).copied().unwrap_or(1.0);
    let seconds = |step: &Step| {
        let cost = costs.get(&step.id).or_else(|| costs.get(&step.source));
        cost.map_or(median, |cost| cost.resources.seconds)
    };
    let mut after: BTreeMap<&str, f64> = BTreeMap::new();
    let mut weights = BTreeMap::new();
    for step in plan.steps.iter().rev() {
        let weight = after.get(step.id.as_str()).copied().unwrap_or(0.0) + seconds(step);
        weights.insert(step.id.as_str(), weight);
        for id in &step.after {
            let longest = after.entry(id).or_insert(0.0);
            *longest = longest.max(weight);
        }
    }
    weights
}
