//! `heirloom rebuild`: all stages, and a closing table.

use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;

use super::{build, compare, compose};
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::building::Builds;
use crate::flow::comparing::Judgement;
use crate::flow::composing::{self, Published};
use crate::flow::{self, building, comparing, gather, planning};
use crate::ui::{Shown, say, table};

/// The closing figures.
#[derive(Serialize)]
struct Summary {
    imported: usize,
    built: usize,
    cached: usize,
    failed: usize,
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

pub(crate) fn run(context: &Context) -> Result<Shown, Fail> {
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
    let ground = planning::ground(context, &builder, &gathered)?;
    time("plan");
    let builds = building::build(context, &builder, &gathered, &ground)?;
    time("build");
    let judgement = comparing::compare(context, &gathered, &builds)?;
    time("compare");
    // A tree with holes would break its users: after a failed build the last one stays.
    let published = match builds.failed.is_empty() {
        true => Some(composing::compose(context, &gathered, &judgement).inspect_err(|_| {
            // What was refused is often why the rest can't be composed.
            say(&compare::report(&judgement));
        })?),
        false => None,
    };
    time("compose");
    seconds.push(("all", began.elapsed().as_secs_f64()));
    let exit = match builds.failed.is_empty() {
        true => compare::exit(&judgement),
        false => Exit::Build,
    };
    let text = report(context, gathered.sources.len(), &builds, &judgement, published.as_ref(), &seconds);
    Ok(Shown::new(&summary(gathered.sources.len(), &builds, &judgement, published, seconds), text)?
        .exit(exit))
}

fn summary(
    imported: usize,
    builds: &Builds,
    judgement: &Judgement,
    published: Option<Published>,
    seconds: Vec<(&'static str, f64)>,
) -> Summary {
    let verdicts = judgement.verdicts();
    let identical =
        verdicts.iter().filter(|(verdict, _)| verdict.is_identical()).map(|(_, count)| count).sum();
    Summary {
        imported,
        built: builds.built.len() - builds.cached.len(),
        cached: builds.cached.len(),
        failed: builds.failed.len(),
        different: verdicts.values().sum::<usize>() - identical,
        identical,
        verdicts,
        refused: judgement.refused().map(|judged| judged.package.nevra.to_string()).collect(),
        missing: judgement.missing.clone(),
        published,
        seconds,
    }
}

fn report(
    context: &Context,
    imported: usize,
    builds: &Builds,
    judgement: &Judgement,
    published: Option<&Published>,
    seconds: &[(&'static str, f64)],
) -> String {
    let mut text = build::failures(context, builds);
    text.push_str(&compare::report(judgement));
    let verdicts = judgement.verdicts();
    let identical: usize =
        verdicts.iter().filter(|(verdict, _)| verdict.is_identical()).map(|(_, count)| count).sum();
    let took =
        |stage: &str| seconds.iter().find(|(name, _)| *name == stage).map_or(0.0, |(_, seconds)| *seconds);
    let row = |stage: &str, what: String| vec![stage.to_owned(), what, format!("{:.1} s", took(stage))];
    let composed = published.map_or("nothing".to_owned(), |published| {
        let packages: usize =
            published.composed.repositories.iter().map(|repository| repository.packages).sum();
        format!("{packages} packages, {} newly signed", published.newly_signed)
    });
    let rows = [
        row("import", format!("{imported} source packages")),
        row("plan", format!("{} builds", builds.plan.steps.len())),
        row(
            "build",
            format!(
                "{} built, {} cached, {} failed",
                builds.built.len() - builds.cached.len(),
                builds.cached.len(),
                builds.failed.len()
            ),
        ),
        row(
            "compare",
            format!(
                "{identical} identical, {} different, {} refused",
                verdicts.values().sum::<usize>() - identical,
                judgement.refused().count()
            ),
        ),
        row("compose", composed),
        row("all", String::new()),
    ];
    let _ = write!(text, "\n{}", table(&["stage", "result", "time"], &rows));
    match published {
        Some(published) => {
            let _ = write!(text, "\n{}", compose::report(published));
        }
        None => text.push_str("\nnothing was published; mend what failed and run `heirloom rebuild` again"),
    }
    text
}
