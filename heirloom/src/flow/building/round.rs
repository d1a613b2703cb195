//! One walk through the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heirloom_build::Builder;
use heirloom_model::Digest;
use heirloom_model::record::{Built, Cost, CutOff, FailKind, Failed, Plan, Step};

use super::super::gather::Gathered;
use super::super::planning::Ground;
use super::Options;
use super::budget::{Estimate, Share};
use super::queue::Queue;
use super::results::Results;
use super::step::never_tried;
use crate::context::Context;
use crate::fail::Fail;
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
    pub(super) plan: &'a Plan,
    pub(super) progress: Progress,
    /// What steps used the last time.
    costs: BTreeMap<String, Cost>,
    state: Mutex<State>,
    changed: Condvar,
}

/// Steps by their number in the plan.
pub(super) struct State {
    pub(super) queue: Queue,
    pub(super) built: Vec<Option<Arc<Made>>>,
    running: BTreeMap<usize, Share>,
    fresh: BTreeSet<String>,
    cut: BTreeMap<String, CutOff>,
    failed: BTreeMap<String, Failed>,
    learned: BTreeSet<String>,
    error: Option<Fail>,
    interrupted: bool,
}

/// A result.
pub(super) struct Made {
    pub(super) built: Built,
    /// Digest of the identities and digests of its packages.
    pub(super) digest: Digest,
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
        let state = State {
            queue: Queue::new(plan, &expected(plan, &costs)),
            built: plan.steps.iter().map(|_| None).collect(),
            running: BTreeMap::new(),
            fresh: BTreeSet::new(),
            cut: BTreeMap::new(),
            failed: BTreeMap::new(),
            learned: BTreeSet::new(),
            error: None,
            interrupted: false,
        };
        Ok(Self {
            context,
            builder,
            gathered,
            ground,
            results,
            options,
            plan,
            progress: Progress::new("build", plan.steps.len()),
            costs,
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    pub(super) fn run(self) -> Result<Ended, Fail> {
        let _listening = interrupt::listen();
        std::thread::scope(|scope| {
            for _ in 0..self.options.budget.cores {
                scope.spawn(|| self.work());
            }
        });
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (fresh, failed) = (state.fresh.len(), state.failed.len());
        let known = state.built.iter().flatten().count() - fresh;
        let seconds = self.progress.end(&format!("{fresh} built, {known} cached, {failed} failed"));
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        if state.interrupted {
            return Err(Fail::interrupted(&format!("; {fresh} builds are kept")));
        }
        let built = self.plan.steps.iter().zip(state.built).filter_map(|(step, made)| {
            let made = made?;
            let built = Arc::try_unwrap(made).map_or_else(|made| made.built.clone(), |made| made.built);
            Some((step.id.clone(), built))
        });
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
        while let Some((number, share)) = self.next() {
            let came = self.step(number, share);
            self.settle(number, came);
            self.changed.notify_all();
        }
    }

    fn settle(&self, number: usize, came: Result<Came, Fail>) {
        let id = || self.plan.steps[number].id.clone();
        let made = |built: Box<Built>| Some(Arc::new(Made { digest: digest_of(&built), built: *built }));
        let mut state = self.lock();
        state.running.remove(&number);
        match came {
            Ok(Came::Built(built)) => {
                state.fresh.insert(id());
                state.built[number] = made(built);
                state.queue.done(number);
            }
            Ok(Came::Known(built, cut)) => {
                state.cut.extend(cut.map(|cut| (id(), cut)));
                state.built[number] = made(built);
                state.queue.done(number);
            }
            Ok(Came::Failed(failed)) => {
                state.failed.insert(id(), failed);
                for (lost, cause) in state.queue.lost(number) {
                    let (step, cause) = (&self.plan.steps[lost], &self.plan.steps[cause].id);
                    let message = format!("{} needs {cause}, which failed", step.id);
                    state.failed.insert(step.id.clone(), never_tried(step, FailKind::Blocked, message));
                }
            }
            Ok(Came::Learned) => {
                state.learned.insert(id());
                let waiting = state.queue.lost(number);
                state.learned.extend(waiting.into_iter().map(|(step, _)| self.plan.steps[step].id.clone()));
            }
            Ok(Came::Interrupted) => state.interrupted = true,
            Err(fail) => state.error = Some(fail),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<(usize, Share)> {
        let mut state = self.lock();
        loop {
            state.interrupted |= interrupt::wanted();
            if state.error.is_some() || state.interrupted {
                return None;
            }
            let running: Vec<Share> = state.running.values().copied().collect();
            let others = state.queue.ready().saturating_sub(1);
            let room = |number: usize| {
                let wants = self.estimate(&self.plan.steps[number]);
                self.options.budget.share(&running, wants, others)
            };
            if let Some((number, share)) = state.queue.take(room) {
                state.running.insert(number, share);
                return Some((number, share));
            }
            if state.running.is_empty() {
                return None;
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn estimate(&self, step: &Step) -> Estimate {
        let used = cost(&self.costs, step);
        let history = Estimate::from_history(used.map(|cost| &cost.resources), self.options.budget);
        let Some(needs) = self.context.definition.build.needs.get(&step.source) else { return history };
        Estimate {
            cores: needs.jobs.map_or(history.cores, |jobs| history.cores.max(jobs)),
            least: needs.jobs.unwrap_or(history.least),
            memory: needs.memory_mib.map_or(history.memory, |mib| mib.saturating_mul(1 << 20)),
        }
    }
}

/// What a step used the last time; another build of the same source will do.
fn cost<'c>(costs: &'c BTreeMap<String, Cost>, step: &Step) -> Option<&'c Cost> {
    costs.get(&step.id).or_else(|| costs.get(&step.source))
}

/// Seconds that each step is expected to take. What was never built counts as the median of what was.
fn expected(plan: &Plan, costs: &BTreeMap<String, Cost>) -> Vec<f64> {
    let mut known: Vec<f64> = costs.values().map(|cost| cost.resources.seconds).collect();
    known.sort_by(f64::total_cmp);
    let median = known.get(known.len() / 2).copied().unwrap_or(1.0);
    plan.steps.iter().map(|step| cost(costs, step).map_or(median, |cost| cost.resources.seconds)).collect()
}

fn digest_of(built: &Built) -> Digest {
    let lines: String =
        built.packages.iter().map(|package| format!("{} {}\n", package.nevra, package.digest)).collect();
    Digest::of(lines.as_bytes())
}
