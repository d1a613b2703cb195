//! `heirloom status`: what is done and what is not. Reads the ledger, does no work.

mod upstream;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_model::record::{Composed, Imported, Plan, Ran};
use serde::Serialize;

use crate::cli;
use crate::context::Context;
use crate::fail::Fail;
use crate::ui::{Shown, table};

#[derive(Serialize)]
struct Status {
    imported: usize,
    steps: Vec<StepStatus>,
    composed: Option<Composed>,
}

#[derive(Serialize)]
struct StepStatus {
    step: String,
    wave: usize,
    state: &'static str,
    /// For a failure, its first line.
    note: String,
}

pub(crate) use upstream::{age, arrived};

pub(crate) fn run(context: &Context, args: &cli::Status) -> Result<Shown, Fail> {
    match (args.upstream, args.modules) {
        (true, _) => upstream::run(context),
        (_, true) => upstream::modules(context),
        _ => local(context),
    }
}

fn local(context: &Context) -> Result<Shown, Fail> {
    let store = &context.store;
    let plan: Option<Plan> = store.get("plan")?;
    let ran: BTreeMap<String, Ran> =
        store.all::<Ran>()?.into_iter().map(|ran| (ran.step.clone(), ran)).collect();
    let steps = plan.iter().flat_map(|plan| &plan.steps).map(|step| {
        let (state, note) = match ran.get(&step.id) {
            None => ("waiting", String::new()),
            Some(Ran { failed: Some(failed), .. }) => {
                ("failed", failed.message.lines().next().unwrap_or_default().to_owned())
            }
            Some(_) => ("built", String::new()),
        };
        StepStatus { step: step.id.clone(), wave: step.wave, state, note }
    });
    let status = Status {
        imported: store.all::<Imported>()?.len(),
        steps: steps.collect(),
        composed: store.get("compose")?,
    };
    let text = text(context, &status);
    Shown::new(&status, text)
}

fn text(context: &Context, status: &Status) -> String {
    let count = |state: &str| status.steps.iter().filter(|step| step.state == state).count();
    let rows: Vec<_> = status
        .steps
        .iter()
        .map(|step| vec![step.step.clone(), step.wave.to_string(), step.state.to_owned(), step.note.clone()])
        .collect();
    let mut text = table(&["step", "wave", "state", ""], &rows);
    let _ = writeln!(
        text,
        "\n{} source packages imported; {} steps built, {} failed, {} waiting",
        status.imported,
        count("built"),
        count("failed"),
        count("waiting")
    );
    match &status.composed {
        Some(composed) => {
            let _ = writeln!(
                text,
                "published: {} packages in {}",
                composed.packages(),
                context.store.dir().join("published").display()
            );
        }
        None => text.push_str("nothing is published yet\n"),
    }
    let next = match (status.steps.is_empty(), count("failed"), count("waiting"), &status.composed) {
        (true, ..) | (_, 0, 1.., _) | (_, 0, 0, None) => "`heirloom rebuild`",
        (_, 0, 0, Some(_)) => "nothing is left to do; `heirloom why PACKAGE` explains a package",
        _ => "`heirloom why PACKAGE` for what failed, then `heirloom rebuild`",
    };
    let _ = write!(text, "next: {next}");
    text
}
