//! Runs a plan: every step as soon as what it needs is there, within one budget of cores and memory.

pub(crate) mod budget;
mod course;
pub(crate) mod proving;
mod queue;
pub(crate) mod results;

mod step;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use heirloom_build::Builder;
use heirloom_formats::definition::Against;
use heirloom_model::Deviation;
use heirloom_model::record::{Built, CutOff, Deviated, Failed, Plan, Side};
use serde::Serialize;

use super::cleaning;
use super::gather::Gathered;
use super::planning::Ground;
use crate::cli::BuildArgs;
use crate::context::{Context, free_memory, processors};
use crate::fail::Fail;
use budget::Budget;
use proving::Proof;
use results::Results;
use walk::Walk;

/// How builds are run, beside what the definition says of their results.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) budget: Budget,
    /// What stops a change.
    pub(crate) cutoff: CutOff,
    /// Go on where packages can't be evaluated or planned, or the machine fails.
    pub(crate) keep_going: bool,
    /// How often a build is tried again after the machine failed.
    pub(crate) retries: usize,
    /// How many of the builds that an interface cut off are made, to compare.
    pub(crate) prove: usize,
}

impl Options {
    /// As the definition says, and the command line before it.
    pub(crate) fn new(context: &Context, args: &BuildArgs) -> Self {
        let settings = &context.definition.build;
        let stated = |number: usize| (number > 0).then_some(number);
        let all = processors();
        let cores = args.jobs.and_then(stated).or_else(|| stated(settings.jobs));
        // One process at a time leaves a processor idle wherever it waits: configure scripts do it all the time.
        let cores = cores.unwrap_or(all + all.div_ceil(4));
        let memory = match settings.memory_mib {
            0 => free_memory() / 10 * 9,
            mib => mib.saturating_mul(1 << 20),
        };
        Self {
            budget: Budget { cores, memory },
            cutoff: args.cutoff.map_or(settings.cutoff, Into::into),
            keep_going: args.keep_going,
            retries: args.retry,
            prove: args.prove,
        }
    }
}

/// What all steps came to.
#[derive(Serialize)]
pub(crate) struct Builds {
    pub(crate) plan: Plan,
    /// Results by step.
    pub(crate) built: BTreeMap<String, Built>,
    /// Steps whose result was there already.
    pub(crate) cached: BTreeSet<String>,
    /// Of these, the steps whose inputs were made anew without a difference that counts.
    pub(crate) cut: BTreeMap<String, CutOff>,
    /// Steps without a result, by step.
    pub(crate) failed: BTreeMap<String, Failed>,
    /// Source packages of cycles whose last pass gave other packages than the one before, with those packages.
    pub(crate) unsettled: BTreeMap<String, Vec<String>>,
    /// How buildroots differ from the recorded ones that they follow, by step.
    pub(crate) deviations: BTreeMap<String, Vec<Deviation>>,
    /// Builds that an interface had cut off and that were made all the same.
    pub(crate) proofs: Vec<Proof>,
    pub(crate) seconds: f64,
}

impl Builds {
    /// Number of steps that were built in this run.
    pub(crate) fn fresh(&self) -> usize {
        self.built.len() - self.cached.len()
    }
}

/// Plans and builds; plans anew whenever something is learned.
pub(crate) fn build(
    context: &Context,
    builder: &Builder<'_>,
    gathered: &Gathered,
    ground: &Ground,
    options: Options,
) -> Result<Builds, Fail> {
    let builds = walk(context, builder, gathered, ground, options, None)?;
    if builds.fresh() > 0 {
        cleaning::clear_cache(context)?;
    }
    Ok(builds)
}

/// The same for a side build: of its packages, and what they need.
pub(crate) fn build_side(
    context: &Context,
    builder: &Builder<'_>,
    gathered: &Gathered,
    ground: &Ground,
    options: Options,
    side: &Side,
) -> Result<Builds, Fail> {
    walk(context, builder, gathered, ground, Options { prove: 0, ..options }, Some(side))
}

fn walk(
    context: &Context,
    builder: &Builder<'_>,
    gathered: &Gathered,
    ground: &Ground,
    options: Options,
    side: Option<&Side>,
) -> Result<Builds, Fail> {
    let results = Results::open(context, gathered)?;
    let mut ended = Walk::new(context, builder, gathered, ground, &results, options, side)?.run()?;
    let unsettled = unsettled(&ended.plan, &ended.built, &results)?;
    let work = proving::Work { context, builder, results: &results, options };
    let proofs = work.prove(&ended.plan, &ended.cut, &mut ended.built)?;
    let deviations = deviations(context, &ended.plan)?;
    let cached = ended.built.keys().filter(|step| !ended.fresh.contains(*step)).cloned().collect();
    Ok(Builds {
        plan: ended.plan,
        built: ended.built,
        cached,
        cut: ended.cut,
        failed: ended.failed,
        unsettled,
        deviations,
        proofs,
        seconds: ended.seconds,
    })
}

fn deviations(context: &Context, plan: &Plan) -> Result<BTreeMap<String, Vec<Deviation>>, Fail> {
    let mut found = BTreeMap::new();
    if context.definition.build.against() == Against::Recorded {
        for step in &plan.steps {
            let deviated = context.store.get::<Deviated>(&step.id)?;
            found.extend(deviated.filter(|it| !it.deviations.is_empty()).map(|it| (it.step, it.deviations)));
        }
    }
    Ok(found)
}

/// The last pass of a cycle must give what the one before gave, package by package.
fn unsettled(
    plan: &Plan,
    built: &BTreeMap<String, Built>,
    results: &Results<'_>,
) -> Result<BTreeMap<String, Vec<String>>, Fail> {
    let mut found = BTreeMap::new();
    for cycle in plan.cycles.iter().filter(|cycle| cycle.passes > 1) {
        for member in &cycle.members {
            let before = built.get(&format!("{member}:{}", cycle.passes - 1));
            let (Some(before), Some(last)) = (before, built.get(member)) else { continue };
            let differ = results.differences(before, last)?;
            if !differ.is_empty() {
                found.insert(member.clone(), differ);
            }
        }
    }
    Ok(found)
}
