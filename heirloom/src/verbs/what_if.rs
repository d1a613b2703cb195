//! `heirloom what-if PACKAGE`: what would follow from a change. Reads the ledger, does no work.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use heirloom_model::record::Plan;
use heirloom_plan::{affected, schedule};
use serde::Serialize;

use super::{plan, why};
use crate::context::Context;
use crate::fail::Fail;
use crate::ui::Shown;

#[derive(Serialize)]
struct WhatIf {
    /// Steps that build the package: they run in any case.
    own: Vec<String>,
    /// Steps in whose buildroot its packages are: they run if its packages come out otherwise.
    direct: Vec<String>,
    /// Steps that come after those: they run if what is before them comes out otherwise, too.
    indirect: Vec<String>,
    /// Expected seconds of all of them together.
    work: f64,
    /// Expected seconds from the first to the last with this machine's jobs.
    makespan: f64,
    /// Steps that were never built: the median of the others stands in for them.
    guessed: usize,
}

pub(crate) fn run(context: &Context, package: &str) -> Result<Shown, Fail> {
    let all = why::plan(context)?;
    let sources = why::sources_of(context, &all, package)?;
    if sources.is_empty() {
        return Err(why::unknown(&all, package));
    }
    let reached: BTreeSet<&str> = sources.iter().flat_map(|source| affected(&all, source)).collect();
    let own: BTreeSet<&str> =
        all.steps.iter().filter(|step| sources.contains(&step.source)).map(|step| &*step.id).collect();
    let mut what_if = WhatIf {
        own: Vec::new(),
        direct: Vec::new(),
        indirect: Vec::new(),
        work: 0.0,
        makespan: 0.0,
        guessed: 0,
    };
    for step in all.steps.iter().filter(|step| reached.contains(&*step.id)) {
        let list = match (own.contains(&*step.id), step.after.iter().any(|id| own.contains(&**id))) {
            (true, _) => &mut what_if.own,
            (false, true) => &mut what_if.direct,
            (false, false) => &mut what_if.indirect,
        };
        list.push(step.id.to_string());
    }
    let steps = all.steps.iter().filter(|step| reached.contains(&*step.id)).cloned().collect();
    let schedule = schedule(&Plan { steps, ..all }, &plan::seconds(context)?, plan::workers(context));
    (what_if.work, what_if.makespan, what_if.guessed) = (schedule.work, schedule.makespan, schedule.guessed);
    Shown::new(&what_if, text(package, &what_if))
}

fn text(package: &str, what_if: &WhatIf) -> String {
    let mut text = format!("a change of {package}\n");
    for (what, steps) in [
        ("is built", &what_if.own),
        ("is in the buildroot of", &what_if.direct),
        ("can reach through these", &what_if.indirect),
    ] {
        let steps = if steps.is_empty() { "nothing".to_owned() } else { steps.join(", ") };
        let _ = writeln!(text, "  {what:24} {steps}");
    }
    let count = what_if.own.len() + what_if.direct.len() + what_if.indirect.len();
    let _ = write!(
        text,
        "at most {count} builds: {} of work, {} from begin to end; it ends where packages come out with the same \
         content, or with `--cutoff interface` where builds can see the same",
        plan::time(what_if.work),
        plan::time(what_if.makespan)
    );
    if what_if.guessed > 0 {
        let _ = write!(
            text,
            "\n{} of them were never built: the median of the others stands in",
            what_if.guessed
        );
    }
    text
}
