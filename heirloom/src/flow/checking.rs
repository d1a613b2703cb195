//! Builds again what was built, under other circumstances, and compares: is it reproducible?

use std::collections::{BTreeMap, BTreeSet};

use heirloom_build::{Builder, Checked, Circumstances, Job, Outcome};
use heirloom_compare::{Options, Stored};
use heirloom_formats::rpm_file::Header;
use heirloom_model::Package;
use heirloom_model::record::{Action, Built, Compared, Plan, Ran, Step};
use serde::Serialize;

use super::work;
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::interrupt;
use crate::ui::Progress;

/// All that was checked.
#[derive(Serialize)]
pub(crate) struct Checks {
    pub(crate) steps: Vec<Check>,
    pub(crate) seconds: f64,
}

/// One step, built again.
#[derive(Serialize)]
pub(crate) struct Check {
    pub(crate) step: String,
    /// Circumstances that were others.
    pub(crate) varied: Vec<String>,
    /// Those that could not be others, and why.
    pub(crate) not_varied: Vec<String>,
    /// Why it gave nothing this time.
    pub(crate) failed: Option<String>,
    /// Whether it gives the same packages as long as the build tree has the same path, as in every build. Asked
    /// only if they differ.
    pub(crate) path_alone: Option<bool>,
    /// Packages that only one of both builds made.
    pub(crate) only_once: Vec<String>,
    pub(crate) packages: Vec<Twice>,
}

/// A package that was built twice.
#[derive(Serialize)]
pub(crate) struct Twice {
    pub(crate) nevra: String,
    /// The same bit by bit, but for the digest of its source package: rpm puts the path of the build tree into
    /// that one.
    pub(crate) reproducible: bool,
    /// What differs, if it does.
    pub(crate) compared: Option<Compared>,
}

impl Check {
    pub(crate) fn is_reproducible(&self) -> bool {
        self.failed.is_none()
            && self.only_once.is_empty()
            && self.packages.iter().all(|package| package.reproducible)
    }
}

/// Checks the steps of these packages, or all that are built if none is named.
pub(crate) fn check(context: &Context, builder: &Builder<'_>, names: &[String]) -> Result<Checks, Fail> {
    let _listening = interrupt::listen();
    let built = built(context)?;
    let steps = chosen(&built, names)?;
    let progress = Progress::new("check", steps.len());
    let steps = work::each(&steps, processors(), |built| {
        progress.doing(&built.step);
        let check = check_step(context, builder, built, &|phase| {
            progress.doing(&format!("{} {phase}", built.step));
        })?;
        let result = if check.is_reproducible() { "reproducible" } else { "DIFFERS" };
        progress.line(&format!("{} {result}", built.step));
        Ok::<_, Fail>(check)
    })?;
    let reproducible = steps.iter().filter(|check| check.is_reproducible()).count();
    let seconds = progress.end(&format!("{reproducible} of {} reproducible", steps.len()));
    Ok(Checks { steps, seconds })
}

/// The newest result of every step of the plan that has one.
pub(crate) fn built(context: &Context) -> Result<Vec<Built>, Fail> {
    let store = &context.store;
    let plan: Option<Plan> = store.get("plan")?;
    let planned: BTreeSet<String> =
        plan.iter().flat_map(|plan| &plan.steps).map(|step: &Step| step.id.clone()).collect();
    let mut built = Vec::new();
    for ran in store.all::<Ran>()?.into_iter().filter(|ran| planned.contains(&ran.step)) {
        let Some(action) = ran.action.filter(|_| ran.failed.is_none()) else { continue };
        if let Some(mut found) = store.get::<Built>(&action.to_string())? {
            found.step = ran.step;
            built.push(found);
        }
    }
    Ok(built)
}

/// Those that are meant: by their own name, or by that of a package they made.
fn chosen<'a>(built: &'a [Built], names: &[String]) -> Result<Vec<&'a Built>, Fail> {
    let hint = "run `heirloom build` first; `heirloom status` lists what is built";
    if built.is_empty() {
        return Err(Fail::new(Exit::Failed, "nothing is built yet").hint(hint));
    }
    let is = |built: &Built, name: &str| {
        built.step == name
            || built.nevra.name() == name
            || built.packages.iter().any(|package| package.nevra.name() == name)
    };
    match names.iter().find(|name| !built.iter().any(|built| is(built, name))) {
        Some(name) => Err(Fail::new(Exit::Failed, format!("{name} is not built")).hint(hint)),
        None => Ok(built
            .iter()
            .filter(|built| names.is_empty() || names.iter().any(|name| is(built, name)))
            .collect()),
    }
}

fn check_step(
    context: &Context,
    builder: &Builder<'_>,
    built: &Built,
    progress: &dyn Fn(&str),
) -> Result<Check, Fail> {
    let action: Action = serde_json::from_slice(&context.store.read(built.document)?)?;
    let job = Job {
        step: &built.step,
        key: built.action,
        document: built.document,
        action: &action,
        jobs: processors(),
    };
    let mut check = again(context, builder, built, (&job, Circumstances::All), progress)?;
    if check.failed.is_none() && !check.is_reproducible() {
        let same_path = again(context, builder, built, (&job, Circumstances::SamePath), progress)?;
        check.path_alone = Some(same_path.is_reproducible());
    }
    Ok(check)
}

fn again(
    context: &Context,
    builder: &Builder<'_>,
    built: &Built,
    (job, circumstances): (&Job<'_>, Circumstances),
    progress: &dyn Fn(&str),
) -> Result<Check, Fail> {
    let Checked { outcome, varied, not_varied } = builder.check(job, circumstances, progress)?;
    let mut check = Check {
        step: built.step.clone(),
        varied,
        not_varied,
        failed: None,
        path_alone: None,
        only_once: Vec::new(),
        packages: Vec::new(),
    };
    match outcome {
        Outcome::Built(again) => compare(context, built, &again, &mut check)?,
        Outcome::Failed(failed) => check.failed = Some(failed.message),
        Outcome::NeedsMore(requires) => {
            let requires: Vec<_> = requires.iter().map(ToString::to_string).collect();
            check.failed = Some(format!("it asks for other build requirements: {}", requires.join(", ")));
        }
    }
    Ok(check)
}

fn compare(context: &Context, first: &Built, again: &Built, check: &mut Check) -> Result<(), Fail> {
    let by_name = |built: &Built| -> BTreeMap<String, Package> {
        built.packages.iter().map(|package| (package.nevra.to_string(), package.clone())).collect()
    };
    let (first, mut again) = (by_name(first), by_name(again));
    for (nevra, package) in first {
        match again.remove(&nevra) {
            None => check.only_once.push(nevra),
            Some(other) => {
                let compared = different(context, &package, &other)?;
                check.packages.push(Twice { nevra, reproducible: compared.is_none(), compared });
            }
        }
    }
    check.only_once.extend(again.into_keys());
    Ok(())
}

/// What differs, if anything does.
fn different(context: &Context, first: &Package, again: &Package) -> Result<Option<Compared>, Fail> {
    let (one, other) = (context.store.path(first.digest), context.store.path(again.digest));
    let content = |path| Header::open(path).map(|header| header.content());
    let failed = |error| Fail::new(Exit::Failed, error);
    if content(&one).map_err(failed)? == content(&other).map_err(failed)? {
        return Ok(None);
    }
    Ok(Some(heirloom_compare::compare_stored(
        Stored { path: &one, digest: first.digest },
        Stored { path: &other, digest: again.digest },
        &Options::default(),
    )?))
}
