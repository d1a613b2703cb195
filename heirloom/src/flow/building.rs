//! Runs a plan: every step as soon as what it needs is there, as many at a time as there are jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use heirloom_build::{Builder, Job, Outcome};
use heirloom_model::record::{Action, Built, FailKind, Failed, Imported, Plan, Ran, Settled, Step};
use heirloom_model::{Dependency, Digest, Package};
use heirloom_plan::Buildroot;
use serde::Serialize;

use super::contents::Contents;
use super::gather::Gathered;
use super::planning::{self, Ground};
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// What all steps came to.
#[derive(Serialize)]
pub(crate) struct Builds {
    pub(crate) plan: Plan,
    /// Results by step.
    pub(crate) built: BTreeMap<String, Built>,
    /// Steps whose result was there already.
    pub(crate) cached: BTreeSet<String>,
    /// Steps without a result, by step.
    pub(crate) failed: BTreeMap<String, Failed>,
    pub(crate) seconds: f64,
}

impl Builds {
    /// Number of steps that were built in this run.
    pub(crate) fn fresh(&self) -> usize {
        self.built.len() - self.cached.len()
    }
}

/// How often dynamic build requirements may change the plan.
const ROUNDS: usize = 12;

/// Plans and builds until nothing new is learned.
pub(crate) fn build(
    context: &Context,
    builder: &Builder<'_>,
    gathered: &Gathered,
    ground: &Ground,
) -> Result<Builds, Fail> {
    let mut fresh = BTreeSet::new();
    let mut seconds = 0.0;
    for _ in 0..ROUNDS {
        let plan = planning::plan(context, gathered, ground)?;
        let round = Round::new(context, builder, gathered, ground, &plan, &fresh)?;
        let state = round.run()?;
        seconds += state.seconds;
        fresh.extend(state.fresh);
        if state.learned.is_empty() {
            let cached = state.built.keys().filter(|step| !fresh.contains(*step)).cloned().collect();
            return Ok(Builds { plan, built: state.built, cached, failed: state.failed, seconds });
        }
    }
    Err(Fail::new(Exit::Build, format!("dynamic build requirements still change after {ROUNDS} rounds"))
        .hint("a spec file asks for something else each time; its log says what"))
}

/// One walk through the plan.
struct Round<'a> {
    context: &'a Context,
    builder: &'a Builder<'a>,
    gathered: &'a Gathered,
    ground: &'a Ground,
    steps: BTreeMap<&'a str, &'a Step>,
    /// Number of steps on the longest way from each step to the end of the plan.
    weight: BTreeMap<&'a str, usize>,
    contents: Contents<'a>,
    progress: Progress,
    before: &'a BTreeSet<String>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: BTreeSet<String>,
    built: BTreeMap<String, Built>,
    fresh: BTreeSet<String>,
    failed: BTreeMap<String, Failed>,
    learned: BTreeSet<String>,
    error: Option<Fail>,
    seconds: f64,
}

impl State {
    fn settled(&self, id: &str) -> bool {
        self.built.contains_key(id) || self.failed.contains_key(id) || self.learned.contains(id)
    }
}

impl<'a> Round<'a> {
    fn new(
        context: &'a Context,
        builder: &'a Builder<'a>,
        gathered: &'a Gathered,
        ground: &'a Ground,
        plan: &'a Plan,
        before: &'a BTreeSet<String>,
    ) -> Result<Self, Fail> {
        Ok(Self {
            context,
            builder,
            gathered,
            ground,
            steps: plan.steps.iter().map(|step| (step.id.as_str(), step)).collect(),
            weight: weights(plan),
            contents: Contents::load(context)?,
            progress: Progress::new("build", plan.steps.len()),
            before,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    fn run(self) -> Result<State, Fail> {
        std::thread::scope(|scope| {
            for _ in 0..self.context.jobs() {
                scope.spawn(|| self.work());
            }
        });
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        let cached = state.built.len() - state.fresh.len();
        state.seconds = self.progress.end(&format!(
            "{} built, {cached} cached, {} failed",
            state.fresh.len(),
            state.failed.len()
        ));
        Ok(state)
    }

    /// One worker: takes the heaviest step that is ready until none is left.
    fn work(&self) {
        while let Some(step) = self.next() {
            let outcome = self.step(step);
            let mut state = self.lock();
            state.running.remove(&step.id);
            match outcome {
                Ok(Came::Built(built, fresh)) => {
                    if fresh {
                        state.fresh.insert(step.id.clone());
                    }
                    state.built.insert(step.id.clone(), *built);
                }
                Ok(Came::Failed(failed)) => drop(state.failed.insert(step.id.clone(), failed)),
                Ok(Came::Learned) => drop(state.learned.insert(step.id.clone())),
                Err(fail) => state.error = Some(fail),
            }
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<&'a Step> {
        let mut state = self.lock();
        loop {
            if state.error.is_some() {
                return None;
            }
            self.pass_on(&mut state);
            let open = |step: &&&Step| !state.settled(&step.id) && !state.running.contains(&step.id);
            let ready = self
                .steps
                .values()
                .filter(open)
                .filter(|step| step.after.iter().all(|id| state.built.contains_key(id)))
                .max_by_key(|step| self.weight[step.id.as_str()]);
            if let Some(step) = ready {
                state.running.insert(step.id.clone());
                return Some(step);
            }
            if state.running.is_empty() {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A step whose need failed or waits for a new plan does the same.
    fn pass_on(&self, state: &mut State) {
        loop {
            let stuck = self.steps.values().find_map(|step| {
                let open = !state.settled(&step.id) && !state.running.contains(&step.id);
                let cause = step
                    .after
                    .iter()
                    .find(|id| state.failed.contains_key(*id) || state.learned.contains(*id));
                cause.filter(|_| open).map(|cause| (*step, cause.clone()))
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

    fn step(&self, step: &Step) -> Result<Came, Fail> {
        let source = self.source(step)?;
        let results = self.results_before(step);
        let requires = self.requires(step)?;
        let bootstrap = &self.gathered.bootstrap;
        let buildroot = match heirloom_plan::buildroot(
            self.context.arch(),
            &step.source,
            &bootstrap.packages,
            &self.ground.base,
            &results,
            &requires,
        ) {
            Ok(buildroot) => buildroot,
            Err(error) => {
                return self.fail(step, never_tried(step, FailKind::Unresolvable, error.to_string()));
            }
        };
        let action = self.action(step, source, requires, buildroot);
        let document = self.context.store.put(&serde_json::to_vec(&action)?)?;
        let key = self.key(&action)?;
        if let Some(mut built) = self.known(key)? {
            // The same action may have been built for a step of another name.
            built.step.clone_from(&step.id);
            return self.built(step, built, false);
        }
        planning::fetch(self.context, bootstrap, &action.extra)?;
        self.progress.doing(&step.id);
        let job = Job { step: &step.id, key, document, action: &action, jobs: processors() };
        match self.builder.run(&job, &|phase| self.progress.doing(&format!("{} {phase}", step.id)))? {
            Outcome::Built(built) => {
                self.context.store.append(&*built)?;
                self.progress.line(&format!("{} {:.1} s", built.nevra, built.resources.seconds));
                self.built(step, *built, true)
            }
            Outcome::NeedsMore(requires) => {
                let settled = Settled { source: step.source_digest, with: step.with.clone(), requires };
                self.context.store.append(&settled)?;
                Ok(Came::Learned)
            }
            Outcome::Failed(failed) => self.fail(step, failed),
        }
    }

    fn built(&self, step: &Step, built: Built, fresh: bool) -> Result<Came, Fail> {
        self.context.store.append(&Ran {
            step: step.id.clone(),
            action: Some(built.action),
            document: Some(built.document),
            failed: None,
        })?;
        if !fresh {
            self.progress.tick(&step.id);
        }
        let fresh = fresh || self.before.contains(&step.id);
        Ok(Came::Built(Box::new(built), fresh))
    }

    fn fail(&self, step: &Step, failed: Failed) -> Result<Came, Fail> {
        self.progress.line(&format!(
            "{} FAILED: {}",
            step.id,
            failed.message.lines().next().unwrap_or_default()
        ));
        let ran = Ran {
            step: step.id.clone(),
            action: None,
            document: failed.document,
            failed: Some(failed.clone()),
        };
        self.context.store.append(&ran)?;
        Ok(Came::Failed(failed))
    }

    /// The action's key, by the contents of its buildroot.
    fn key(&self, action: &Action) -> Result<Digest, Fail> {
        let unknown: Vec<_> =
            action.buildroot().filter(|package| !self.contents.knows(package.digest)).cloned().collect();
        planning::fetch(self.context, &self.gathered.bootstrap, &unknown)?;
        let contents =
            action.buildroot().map(|package| Ok((package.digest, self.contents.of(package.digest)?)));
        let contents: BTreeMap<_, _> = contents.collect::<Result<_, Fail>>()?;
        Ok(action.key(|package| contents[&package])?)
    }

    /// An earlier result of the same action, if all of it is still in the store.
    fn known(&self, action: Digest) -> Result<Option<Built>, Fail> {
        let store = &self.context.store;
        let whole = |built: &Built| {
            built.packages.iter().chain([&built.source]).all(|package| store.contains(package.digest))
        };
        Ok(store.get::<Built>(&action.to_string())?.filter(whole))
    }

    fn source(&self, step: &Step) -> Result<&'a Imported, Fail> {
        let found = self.gathered.sources.iter().find(|source| source.name == step.source);
        found.ok_or_else(|| Fail::new(Exit::Failed, format!("{} is planned, but not imported", step.source)))
    }

    fn requires(&self, step: &Step) -> Result<Vec<Dependency>, Fail> {
        let evaluated = &self.ground.evaluated[&step.source];
        if let Some(requires) = planning::settled(self.context, step.source_digest, &step.with)? {
            return Ok(requires);
        }
        let bootstrap = evaluated.bootstrap_requires.clone().filter(|_| !step.with.is_empty());
        Ok(bootstrap.unwrap_or_else(|| evaluated.build_requires.clone()))
    }

    /// Packages made by the steps that come before this one, however far; nothing else, so that a buildroot
    /// does not depend on which builds happen to be finished. A second build hides the first one's.
    fn results_before(&self, step: &Step) -> Vec<Package> {
        let mut before: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = step.after.iter().map(String::as_str).collect();
        while let Some(id) = open.pop() {
            if before.insert(id) {
                open.extend(self.steps[id].after.iter().map(String::as_str));
            }
        }
        let hidden = |id: &&&str| id.strip_suffix(":bootstrap").is_none_or(|usual| !before.contains(usual));
        let state = self.lock();
        before
            .iter()
            .filter(hidden)
            .filter_map(|id| state.built.get(*id))
            .flat_map(|built| built.packages.iter().cloned())
            .collect()
    }

    fn action(
        &self,
        step: &Step,
        source: &Imported,
        mut requires: Vec<Dependency>,
        buildroot: Buildroot,
    ) -> Action {
        requires.sort();
        requires.dedup();
        Action {
            builder: heirloom_build::BUILDER,
            name: source.name.clone(),
            spec: source.spec.clone(),
            sources: source.files.iter().map(|file| (file.name.clone(), file.digest)).collect(),
            base: buildroot.base,
            extra: buildroot.extra,
            requires,
            macros: self.context.macros(),
            with: step.with.clone(),
            arch: self.context.arch().to_owned(),
            limits: self.context.limits(),
        }
    }
}

/// A failure before there was an action to run.
fn never_tried(step: &Step, kind: FailKind, message: String) -> Failed {
    Failed { step: step.id.clone(), document: None, kind, message, log: None }
}

/// What running one step came to.
enum Came {
    /// A result, and whether it was built in this run.
    Built(Box<Built>, bool),
    Failed(Failed),
    /// It asked for more; a new plan is due.
    Learned,
}

/// The number of steps on the longest way from each step to the end of the plan.
fn weights(plan: &Plan) -> BTreeMap<&str, usize> {
    let mut weights: BTreeMap<&str, usize> = BTreeMap::new();
    for step in plan.steps.iter().rev() {
        let own = *weights.entry(&step.id).or_insert(1);
        for id in &step.after {
            let weight = weights.entry(id).or_insert(1);
            *weight = (own + 1).max(*weight);
        }
    }
    weights
}
