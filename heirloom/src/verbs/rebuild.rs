//! `heirloom rebuild`: all stages, and a closing table.

use std::time::Instant;

use serde::Serialize;

use super::{build, compare, compose};
use crate::cli::BuildArgs;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::building::{Builds, Options};
use crate::flow::comparing::Judgement;
use crate::flow::composing::{self, Published};
use crate::flow::rollup::Rollup;
use crate::flow::{self, building, comparing, gather, planning};
use crate::ui::{Shown, say, table};

/// The closing figures.
#[derive(Serialize)]
struct Summary<'a> {
    imported: usize,
    built: usize,
    cached: usize,
    failed: usize,
    /// The worst of everything that has a reference.
    verdict: Option<heirloom_model::Verdict>,
    #[serde(flatten)]
    rollup: &'a Rollup,
    /// Binary packages by verdict.
    verdicts: std::collections::BTreeMap<heirloom_model::Verdict, usize>,
    identical: usize,
    different: usize,
    refused: Vec<String>,
    missing: Vec<String>,
    published: Option<Published>,
    /// Seconds by stage, in order.
    seconds: Vec<(&'static str, f64)>,
}

pub(crate) fn run(context: &Context, args: &BuildArgs) -> Result<Shown, Fail> {
    let began = Instant::now();
    let mut seconds = Vec::new();
    let mut lap = Instant::now();
    let mut time = |stage: &'static str| {
        seconds.push((stage, lap.elapsed().as_secs_f64()));
        lap = Instant::now();
    };
    let gathered = gather::gather(context)?;
    time("import");
    let builder = flow::builder(context)?;
    let ground = planning::ground(context, &builder, &gathered, args.keep_going)?;
    time("plan");
    let builds = building::build(context, &builder, &gathered, &ground, Options::new(context, args))?;
    time("build");
    let judgement = comparing::compare(context, &gathered, &builds)?;
    time("compare");
    // A tree with holes would break its users: after a failed build the last one stays.
    let published = match builds.failed.is_empty() {
        true => Some(composing::compose(context, &gathered, &judgement).inspect_err(|_| {
            // What was refused is often why the rest can't be composed.
            say(&compare::summary(&judgement));
        })?),
        false => None,
    };
    time("compose");
    seconds.push(("all", began.elapsed().as_secs_f64()));
    let exit = match build::exit(&builds) {
        Exit::Fine => compare::exit(&judgement),
        other => other,
    };
    let summary = summary(gathered.sources.len(), &builds, &judgement, published, seconds);
    let mut text = build::failures(context, &builds);
    text.push_str(&build::remarks(&builds));
    text.push_str(&compare::summary(&judgement));
    text.push_str(&closing(&summary, builds.plan.steps.len()));
    Ok(Shown::new(&summary, text)?.exit(exit))
}

fn summary<'a>(
    imported: usize,
    builds: &Builds,
    judgement: &'a Judgement,
    published: Option<Published>,
    seconds: Vec<(&'static str, f64)>,
) -> Summary<'a> {
    let (identical, different) = judgement.identical_and_different();
    Summary {
        imported,
        built: builds.fresh(),
        cached: builds.cached.len(),
        failed: builds.failed.len(),
        verdict: judgement.verdict,
        rollup: &judgement.rollup,
        verdicts: judgement.verdicts(),
        identical,
        different,
        refused: judgement.refused().map(|judged| judged.package.nevra.to_string()).collect(),
        missing: judgement.missing.clone(),
        published,
        seconds,
    }
}

/// The closing table, and how to use what was published.
fn closing(summary: &Summary<'_>, builds: usize) -> String {
    let took = |stage: &str| {
        summary.seconds.iter().find(|(name, _)| *name == stage).map_or(0.0, |(_, seconds)| *seconds)
    };
    let row = |stage: &str, what: String| vec![stage.to_owned(), what, format!("{:.1} s", took(stage))];
    let Summary { imported, built, cached, failed, identical, different, .. } = summary;
    let refused = summary.refused.len();
    let composed = summary.published.as_ref().map_or("nothing".to_owned(), |published| {
        format!("{} packages, {} newly signed", published.composed.packages(), published.newly_signed)
    });
    let rows = [
        row("import", format!("{imported} source packages")),
        row("plan", format!("{builds} builds")),
        row("build", format!("{built} built, {cached} cached, {failed} failed")),
        row("compare", format!("{identical} identical, {different} different, {refused} refused")),
        row("compose", composed),
        row("all", String::new()),
    ];
    let next = match &summary.published {
        Some(published) => compose::report(published),
        None => "nothing was published; mend what failed and run `heirloom rebuild` again".to_owned(),
    };
    format!("\n{}\n{next}", table(&["stage", "result", "time"], &rows))
}
