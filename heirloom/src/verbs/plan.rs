//! `heirloom plan`: what is built in which order, and why.

use std::fmt::Write as _;

use heirloom_model::record::Plan;

use crate::context::Context;
use crate::fail::Fail;
use crate::flow::{self, gather, planning};
use crate::ui::Shown;

pub(crate) fn run(context: &Context) -> Result<Shown, Fail> {
    let gathered = gather::gather(context)?;
    let builder = flow::builder(context)?;
    let ground = planning::ground(context, &builder, &gathered)?;
    let plan = planning::plan(context, &gathered, &ground, false)?;
    let text = explain(&plan);
    Shown::new(&plan, text)
}

/// The plan as a person reads it.
pub(crate) fn explain(plan: &Plan) -> String {
    let mut text = String::new();
    let mut wave = 0;
    for step in &plan.steps {
        if step.wave != wave {
            wave = step.wave;
            let _ = writeln!(text, "wave {wave}");
        }
        let _ = writeln!(text, "  {:24} {}", step.id, step.reason);
    }
    for cycle in &plan.cycles {
        let crutches: Vec<_> = cycle.crutches.iter().map(|crutch| crutch.step.as_str()).collect();
        let _ = writeln!(text, "cycle: {}: first {}", cycle.members.join(", "), crutches.join(", "));
    }
    for (source, reason) in &plan.left_out {
        let _ = writeln!(text, "left out: {source}: {reason}");
    }
    let _ = write!(
        text,
        "\n{} builds in {wave} waves; next: `heirloom build`, or `heirloom why PACKAGE`",
        plan.steps.len()
    );
    text
}
