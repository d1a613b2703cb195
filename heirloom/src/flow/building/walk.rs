//! One walk through the plan: workers that take what is ready, and plan anew when more is learned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heirloom_build::Builder;
use heirloom_model::Digest;
use heirloom_model::record::{Built, Cost, CutOff, Failed, Plan, Side, Step};

use super::super::gather::Gathered;
use super::super::planning::{self, Ground};
use super::super::policy::Policy;
use super::Options;
use super::budget::{Estimate, Share};
use super::course::{Course, Task};
use super::results::Results;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::interrupt;
use crate::ui::{Progress, say};

/// How often a waiting worker looks whether the work is to end.
const LOOK: Duration = Duration::from_millis(200);

/// How often one step may ask for more.
const QUESTIONS: usize = 12;

pub(super) struct Walk<'a> {
    pub(super) context: &'a Context,
    pub(super) builder: &'a Builder<'a>,
    pub(super) gathered: &'a Gathered,
    pub(super) ground: &'a Ground,
    pub(super) policy: Policy,
    /// The side build that it is, if it is one.
    pub(super) side: Option<&'a Side>,
    pub(super) results: &'a Results<'a>,
    pub(super) options: Options,
    pub(super) progress: Progress,
    /// What steps used the last time.
    costs: BTreeMap<String, Cost>,
    state: Mutex<State>,
    changed: Condvar,
}

pub(super) struct State {
    pub(super) course: Course,
    running: BTreeMap<String, Share>,
    fresh: BTreeSet<String>,
    cut: BTreeMap<String, CutOff>,
    /// Keys of the actions that are being built.
    building: BTreeSet<Digest>,
    /// How often each step has asked for more.
    questions: BTreeMap<String, usize>,
    planning: Planning,
    error: Option<Fail>,
    interrupted: bool,
}

/// Whether another plan is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Planning {
    No,
    Due,
    /// Someone is at it; what is learned meanwhile makes it due again.
    Begun,
    BegunAndDue,
}

/// A result.
pub(super) struct Made {
    pub(super) built: Built,
    /// Digest of the identities and digests of its packages.
    pub(super) digest: Digest,
}

/// What a walk came to.
pub(super) struct Ended {
    pub(super) plan: Plan,
    pub(super) built: BTreeMap<String, Built>,
    pub(super) fresh: BTreeSet<String>,
    pub(super) cut: BTreeMap<String, CutOff>,
    pub(super) failed: BTreeMap<String, Failed>,
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
    /// The plan was another one by then.
    Stale,
    Interrupted,
}

/// What a worker is to do next.
enum Next {
    Build(Task, Share),
    Plan,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        context: &'a Context,
        builder: &'a Builder<'a>,
        gathered: &'a Gathered,
        ground: &'a Ground,
        results: &'a Results<'a>,
        options: Options,
        side: Option<&'a Side>,
    ) -> Result<Self, Fail> {
        let policy = Policy::load(context, gathered)?;
        for finding in policy.findings(&gathered.sources, ground) {
            say(&format!("note: {finding}"));
        }
        let plan = planning::plan(context, gathered, ground, &policy, options.keep_going)?;
        let plan = chosen(context, plan, side)?;
        let costs: BTreeMap<_, _> =
            context.store.all::<Cost>()?.into_iter().map(|cost| (cost.step.clone(), cost)).collect();
        let progress = Progress::new("build", plan.steps.len());
        let seconds = expected(&plan, &costs);
        let state = State {
            course: Course::new(plan, &seconds),
            running: BTreeMap::new(),
            fresh: BTreeSet::new(),
            cut: BTreeMap::new(),
            building: BTreeSet::new(),
            questions: BTreeMap::new(),
            planning: Planning::No,
            error: None,
            interrupted: false,
        };
        Ok(Self {
            context,
            builder,
            gathered,
            ground,
            policy,
            side,
            results,
            options,
            progress,
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
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (plan, built, failed) = state.course.end();
        let fresh = state.fresh.len();
        let known = built.keys().filter(|step| !state.fresh.contains(*step)).count();
        let seconds = self.progress.end(&format!("{fresh} built, {known} cached, {} failed", failed.len()));
        if let Some(error) = state.error {
            return Err(error);
        }
        if state.interrupted {
            return Err(Fail::interrupted(&format!("; {fresh} builds are kept")));
        }
        let built = built.into_iter().map(|(step, made)| {
            let built = Arc::try_unwrap(made).map_or_else(|made| made.built.clone(), |made| made.built);
            (step, built)
        });
        let (built, fresh, cut) = (built.collect(), state.fresh, state.cut);
        Ok(Ended { plan, built, fresh, cut, failed, seconds })
    }

    /// One worker: takes the heaviest step that is ready and fits until none is left.
    fn work(&self) {
        while let Some(next) = self.next() {
            match next {
                Next::Build(task, share) => {
                    let came = self.step(&task, share);
                    self.settle(&task, came);
                }
                Next::Plan => self.plan_anew(),
            }
            self.changed.notify_all();
        }
    }

    fn settle(&self, task: &Task, came: Result<Came, Fail>) {
        let id = &task.step().id;
        let mut state = self.lock();
        state.running.remove(id);
        let number = state.course.wanted(task);
        let made = |built: Box<Built>| Arc::new(Made { digest: digest_of(&built), built: *built });
        match came {
            Ok(Came::Built(built)) => {
                state.fresh.insert(id.clone());
                if let Some(number) = number {
                    state.course.built(number, made(built));
                }
            }
            Ok(Came::Known(built, cut)) => {
                if let Some(number) = number {
                    state.cut.extend(cut.map(|cut| (id.clone(), cut)));
                    state.course.built(number, made(built));
                }
            }
            Ok(Came::Failed(failed)) => {
                if let Some(number) = number {
                    state.course.failed(number, failed);
                }
            }
            Ok(Came::Learned) => {
                if let Some(number) = number {
                    state.course.learned(number);
                }
                state.ask(id);
            }
            Ok(Came::Stale) => {
                if let Some(number) = number {
                    state.course.again(number);
                }
            }
            Ok(Came::Interrupted) => state.interrupted = true,
            Err(fail) => state.error = Some(fail),
        }
    }

    fn plan_anew(&self) {
        let plan =
            planning::plan(self.context, self.gathered, self.ground, &self.policy, self.options.keep_going)
                .and_then(|plan| chosen(self.context, plan, self.side));
        let mut state = self.lock();
        match plan {
            Ok(plan) => {
                self.progress.total(plan.steps.len());
                let seconds = expected(&plan, &self.costs);
                let empty = Plan { steps: Vec::new(), ..plan.clone() };
                let old = std::mem::replace(&mut state.course, Course::new(empty, &[]));
                state.course = old.replaced(plan, &seconds);
            }
            Err(fail) => state.error = Some(fail),
        }
        state.planning = match state.planning {
            Planning::BegunAndDue => Planning::Due,
            Planning::No | Planning::Due | Planning::Begun => Planning::No,
        };
    }

    /// Waits until nobody builds this action, and takes it. Steps of one source may come to the same action.
    pub(super) fn claim(&self, key: Digest) -> Claim<'_, 'a> {
        let mut state = self.lock();
        while !state.building.insert(key) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Claim { walk: self, key }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Next> {
        let mut state = self.lock();
        loop {
            state.interrupted |= interrupt::wanted();
            if state.error.is_some() || state.interrupted {
                return None;
            }
            if state.planning == Planning::Due {
                state.planning = Planning::Begun;
                return Some(Next::Plan);
            }
            let running: Vec<Share> = state.running.values().copied().collect();
            let others = state.course.ready().saturating_sub(1);
            let room = |step: &Step| self.options.budget.share(&running, self.estimate(step), others);
            if let Some((task, share)) = state.course.take(room) {
                state.running.insert(task.step().id.clone(), share);
                return Some(Next::Build(task, share));
            }
            if state.running.is_empty() && state.planning == Planning::No {
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

/// An action that nobody else builds meanwhile.
pub(super) struct Claim<'w, 'a> {
    walk: &'w Walk<'a>,
    key: Digest,
}

impl Drop for Claim<'_, '_> {
    fn drop(&mut self) {
        self.walk.lock().building.remove(&self.key);
        self.walk.changed.notify_all();
    }
}

impl State {
    /// A step has asked for more.
    fn ask(&mut self, id: &str) {
        let times = self.questions.entry(id.to_owned()).or_default();
        *times += 1;
        if *times > QUESTIONS {
            self.error = Some(
                Fail::new(Exit::Build, format!("{id} asks for other build requirements each time"))
                    .hint("its log says which; `%generate_buildrequires` must come to an end"),
            );
        }
        self.planning = match self.planning {
            Planning::Begun | Planning::BegunAndDue => Planning::BegunAndDue,
            Planning::No | Planning::Due => Planning::Due,
        };
    }
}

/// The plan that is walked through. A side build's is of its own packages and what they need; else it is the
/// distribution's, and is recorded.
fn chosen(context: &Context, mut plan: Plan, side: Option<&Side>) -> Result<Plan, Fail> {
    let Some(side) = side else {
        context.store.append(&plan)?;
        return Ok(plan);
    };
    let own = |source: &str| side.sources.iter().any(|own| own.imported.name == source);
    let mut needed: BTreeSet<String> = BTreeSet::new();
    for step in plan.steps.iter().rev() {
        if own(&step.source) || needed.contains(&*step.id) {
            needed.insert(step.id.to_string());
            needed.extend(step.after.iter().map(ToString::to_string));
        }
    }
    plan.steps.retain(|step| needed.contains(&*step.id));
    plan.cycles.retain(|cycle| cycle.members.iter().any(|member| needed.contains(&**member)));
    Ok(plan)
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
