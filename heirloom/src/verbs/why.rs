//! `heirloom why PACKAGE`: everything that is known of how it came about. Reads the ledger, does no work.

mod changes;
mod placed;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_formats::definition::Against;
use heirloom_model::advisory::AdvisoryId;
use heirloom_model::record::{
    Action, Arrival, Built, Compared, Debranded, Deviated, Edit, Plan, Provider, Ran, Step,
};
use heirloom_model::{Deviation, Digest};
use serde::Serialize;

use changes::Change;

use super::status;
use crate::context::{self, Context};
use crate::fail::{Exit, Fail};
use crate::flow::contents::Contents;
use crate::report;
use crate::ui::Shown;

#[derive(Serialize)]
struct Why {
    steps: Vec<StepWhy>,
}

#[derive(Serialize)]
struct StepWhy {
    step: Step,
    /// Where its source stands; absent for the distribution's own.
    arrival: Option<Arrival>,
    /// What the debrand rules did to its source.
    edits: Vec<Edit>,
    /// What changed since the action before; empty if there was none.
    changes: Vec<Change>,
    ran: Option<Ran>,
    built: Option<Built>,
    compared: Vec<Compared>,
    needed_by: Vec<String>,
    /// Where its packages are in the newest compose, and why there.
    composed: Vec<placed::Placed>,
    /// How its buildroot differs from the recorded one that it follows.
    deviations: Vec<Deviation>,
}

pub(crate) fn run(context: &Context, package: &str) -> Result<Shown, Fail> {
    if let Some(advisory) = advisory(package) {
        return super::errata::explain(context, advisory);
    }
    let plan = plan(context)?;
    let sources = sources_of(context, &plan, package)?;
    let steps = plan.steps.iter().filter(|step| sources.contains(&step.source));
    let steps = steps.map(|step| explain(context, &plan, step)).collect::<Result<Vec<_>, Fail>>()?;
    if steps.is_empty() {
        return Err(unknown(&plan, package));
    }
    let text = steps.iter().map(text).collect::<Vec<_>>().join("\n");
    Shown::new(&Why { steps }, text)
}

/// The advisory that is meant, if it is one: letters, a year and a number after a colon, as no package is called.
fn advisory(name: &str) -> Option<AdvisoryId> {
    let (letters, number) = name.split_once('-')?;
    let is_formed = letters.chars().all(|c| c.is_ascii_uppercase()) && number.contains(':');
    if is_formed { name.parse().ok() } else { None }
}

/// The plan that was made last.
pub(super) fn plan(context: &Context) -> Result<Plan, Fail> {
    let none = || Fail::new(Exit::Failed, "there is no plan yet").hint("run `heirloom plan`");
    context.store.get("plan")?.ok_or_else(none)
}

/// The source packages that are meant: by their own name, or by that of a package they make.
pub(super) fn sources_of(context: &Context, plan: &Plan, package: &str) -> Result<Vec<String>, Fail> {
    if plan.steps.iter().any(|step| step.source == package) {
        return Ok(vec![package.to_owned()]);
    }
    let mut sources: Vec<_> = context
        .store
        .all::<Built>()?
        .iter()
        .filter(|built| built.packages.iter().any(|made| made.nevra.name() == package))
        .map(|built| built.nevra.name().to_owned())
        .collect();
    sources.sort();
    sources.dedup();
    Ok(sources)
}

pub(super) fn unknown(plan: &Plan, package: &str) -> Fail {
    let left_out = plan.left_out.iter().chain(&plan.unbuildable).find(|(source, _)| source == package);
    match left_out {
        Some((_, reason)) => Fail::new(Exit::Failed, format!("{package} is not built: {reason}")),
        None => Fail::new(
            Exit::Failed,
            format!("no source package {package} is planned, and none that was built made it"),
        )
        .hint("`heirloom plan` lists all source packages"),
    }
}

fn explain(context: &Context, plan: &Plan, step: &Step) -> Result<StepWhy, Fail> {
    let history: Vec<_> =
        context.store.history::<Ran>()?.into_iter().filter(|entry| entry.record.step == step.id).collect();
    let mut actions: Vec<Digest> = history.iter().filter_map(|entry| entry.record.document).collect();
    actions.dedup();
    let changes = match actions[..] {
        [.., before, now] => {
            let contents = Contents::load(context)?;
            changes::between(&action(context, before)?, &action(context, now)?, &contents)
        }
        _ => Vec::new(),
    };
    let ran = history.into_iter().last().map(|entry| entry.record);
    let built = match ran.as_ref().and_then(|ran| ran.action) {
        Some(action) => context.store.get::<Built>(&action.to_string())?,
        None => None,
    };
    let digests: Vec<_> =
        built.iter().flat_map(|built| &built.packages).map(|package| package.digest).collect();
    // What was compared again, by other rules or with another reference, counts as it was compared last.
    let compared: BTreeMap<_, _> = context
        .store
        .history::<Compared>()?
        .into_iter()
        .map(|entry| (entry.record.package, entry.record))
        .collect();
    let needed_by = plan
        .steps
        .iter()
        .filter(|other| other.after.iter().any(|id| **id == *step.id))
        .map(|other| other.id.clone());
    // Rules that no longer concern it have left a record, too.
    let debranded = context.store.get::<Debranded>(&step.source)?;
    let debranded = debranded.filter(|it| it.result.digest() == step.source_digest);
    let composed = built.as_ref().map(|built| placed::of(context, built)).transpose()?;
    Ok(StepWhy {
        step: step.clone(),
        composed: composed.unwrap_or_default(),
        arrival: context.store.get::<Arrival>(&step.source)?,
        edits: debranded.map_or_else(Vec::new, |it| it.edits),
        changes,
        ran,
        built,
        compared: compared.into_values().filter(|compared| digests.contains(&compared.package)).collect(),
        needed_by: needed_by.collect(),
        deviations: match context.definition.build.against() {
            Against::Recorded => {
                context.store.get::<Deviated>(&step.id)?.map_or_else(Vec::new, |it| it.deviations)
            }
            Against::Latest | Against::Snapshot => Vec::new(),
        },
    })
}

fn action(context: &Context, digest: Digest) -> Result<Action, Fail> {
    Ok(serde_json::from_slice(&context.store.read(digest)?)?)
}

fn text(why: &StepWhy) -> String {
    let step = &why.step;
    let mut text = format!("{}\n  place      wave {}: {}\n", step.id, step.wave, step.reason);
    if let Some(arrival) = &why.arrival {
        let _ = writeln!(text, "  source     {}", status::arrived(arrival, context::now()));
    }
    for edit in &why.edits {
        let _ = writeln!(text, "  debranded  {} {} ({}: {})", edit.file, edit.done, edit.rule, edit.purpose);
    }
    for need in step.needs.iter().chain(&step.foreign) {
        let from = match &need.provider {
            Provider::Step(id) => format!("made by {id}"),
            Provider::Bootstrap => "from bootstrap".to_owned(),
            Provider::Earlier => "from the earlier release".to_owned(),
        };
        let _ = writeln!(text, "  buildroot  {}, {from}: {}", need.package, need.because);
    }
    for deviation in &why.deviations {
        let _ = writeln!(text, "  deviation  {deviation}");
    }
    if !why.needed_by.is_empty() {
        let _ = writeln!(text, "  needed by  {}", why.needed_by.join(", "));
    }
    match &why.ran {
        None => text.push_str("  built      not yet: `heirloom build`\n"),
        Some(Ran { failed: Some(failed), .. }) => {
            let _ =
                writeln!(text, "  failed     {}", failed.message.trim_end().replace('\n', "\n             "));
        }
        Some(_) => text.push_str(&built_text(why)),
    }
    text.push_str(&changes::text(&why.changes, why.ran.as_ref()));
    for compared in &why.compared {
        let _ = writeln!(text, "  verdict    {}: {}", compared.nevra, compared.verdict);
        text.push_str(
            &report::differences(compared, false)
                .lines()
                .map(|line| format!("           {line}\n"))
                .collect::<String>(),
        );
    }
    text.push_str(&placed::text(&why.composed));
    text
}

fn built_text(why: &StepWhy) -> String {
    let Some(built) = &why.built else {
        return "  built      the result is gone; it will be built again\n".to_owned();
    };
    let mut text = format!(
        "  built      {} in {:.1} s, action {}\n",
        built.nevra,
        built.resources.seconds,
        built.action.short()
    );
    if why.changes.is_empty() {
        text.push_str("  cache      these are the first inputs it was built with; same inputs, no work\n");
    }
    for package in &built.packages {
        let _ = writeln!(text, "  makes      {}", package.nevra);
    }
    text
}
