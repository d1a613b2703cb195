//! `heirloom plan`: what is built in which order, and why; and questions to the plan.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use heirloom_model::record::{Cost, CrutchKind, Cycle, Plan, Provider};
use heirloom_plan::{Hosting, Schedule, diff, schedule, self_hosted, simulate};

use crate::cli::{Plan as Args, Workers};
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::flow::policy::Policy;
use crate::flow::{self, gather, planning};
use crate::graph;
use crate::ui::{Shown, say, table};

pub(crate) fn run(context: &Context, args: &Args) -> Result<Shown, Fail> {
    let old = args.diff.as_deref().map(read).transpose()?;
    for file in &args.graph {
        form(file)?;
    }
    let gathered = gather::gather(context)?;
    let builder = flow::builder(context)?;
    let ground = planning::ground(context, &builder, &gathered, args.keep_going)?;
    let plan =
        planning::plan(context, &gathered, &ground, &Policy::load(context, &gathered)?, args.keep_going)?;
    context.store.append(&plan)?;
    for file in &args.graph {
        draw(&plan, file)?;
    }
    let shown = match (args.self_hosted, &old, &args.simulate) {
        (true, ..) => hosting(&self_hosted(&plan))?,
        (_, Some(old), _) => differences(old, &plan)?,
        (.., Some(Workers(workers))) => farm(&simulate(&plan, &seconds(context)?, workers))?,
        (false, None, None) => {
            let text = explain(&plan, &schedule(&plan, &seconds(context)?, workers(context)));
            Shown::new(&plan, text)?
        }
    };
    Ok(if plan.unbuildable.is_empty() { shown } else { shown.exit(Exit::Build) })
}

fn read(file: &Path) -> Result<Plan, Fail> {
    let wrong = |why: String| {
        Fail::new(Exit::Failed, format!("{}: {why}", file.display()))
            .hint("`heirloom --format json plan` writes such a file")
    };
    let text = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| wrong(format!("not a plan: {error}")))
}

fn form(file: &Path) -> Result<fn(&Plan) -> String, Fail> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => Ok(graph::svg),
        Some("dot") => Ok(graph::dot),
        _ => Err(Fail::new(Exit::Usage, format!("{}: neither .svg nor .dot", file.display()))
            .hint("the file's name says in which form the graph is drawn")),
    }
}

fn draw(plan: &Plan, file: &Path) -> Result<(), Fail> {
    std::fs::write(file, form(file)?(plan))
        .map_err(|error| Fail::new(Exit::Failed, format!("{}: {error}", file.display())))?;
    say(&format!("     plan drawn: {}", file.display()));
    Ok(())
}

/// Seconds of each step when it was built last, what is around rpmbuild included.
pub(super) fn seconds(context: &Context) -> Result<BTreeMap<String, f64>, Fail> {
    let costs = context.store.all::<Cost>()?.into_iter();
    Ok(costs.map(|cost| (cost.step, cost.resources.seconds + cost.resources.overhead_seconds)).collect())
}

/// Builds at a time that this machine is expected to run.
pub(super) fn workers(context: &Context) -> usize {
    match context.definition.build.jobs {
        0 => processors(),
        jobs => jobs,
    }
}

/// The plan as a person reads it.
fn explain(plan: &Plan, schedule: &Schedule) -> String {
    let mut text = String::new();
    let mut wave = 0;
    for step in &plan.steps {
        if step.wave != wave {
            wave = step.wave;
            let _ = writeln!(text, "wave {wave}");
        }
        let _ = writeln!(text, "  {:24} {}", step.id, step.reason);
    }
    text.extend(plan.cycles.iter().map(cycle));
    for (source, reason) in &plan.left_out {
        let _ = writeln!(text, "left out: {source}: {reason}");
    }
    for (source, reason) in &plan.unbuildable {
        let _ = writeln!(text, "can't be built: {source}: {}", reason.replace('\n', "\n    "));
    }
    text.push_str(&estimate(plan, schedule));
    let _ = write!(
        text,
        "\n{} builds in {wave} waves; next: `heirloom build`, or `heirloom why PACKAGE`",
        plan.steps.len()
    );
    text
}

fn cycle(cycle: &Cycle) -> String {
    let mut text = format!("cycle: {}: {} passes\n", cycle.members.join(", "), cycle.passes);
    for crutch in &cycle.crutches {
        let packages = crutch.packages.join(", ");
        let what = match crutch.kind {
            CrutchKind::Conditional => "is built with its `bootstrap` conditional".to_owned(),
            CrutchKind::Bootstrap => format!("takes {packages} from the bootstrap repository"),
            CrutchKind::Earlier => format!("takes {packages} from the earlier release"),
        };
        let _ = writeln!(text, "  {} {what}", crutch.step);
    }
    text
}

fn estimate(plan: &Plan, schedule: &Schedule) -> String {
    let mut text = format!(
        "\nexpected: {} with {} at a time, of {} in all; no farm is faster than {}\n",
        time(schedule.makespan),
        schedule.workers,
        time(schedule.work),
        time(schedule.critical_seconds())
    );
    let chain: Vec<_> =
        schedule.critical.iter().map(|(step, seconds)| format!("{step} ({})", time(*seconds))).collect();
    let _ = writeln!(text, "critical path: {}", chain.join(" -> "));
    if schedule.guessed > 0 {
        let _ = writeln!(
            text,
            "{} of {} builds were never made here: the median of the others stands in for them",
            schedule.guessed,
            plan.steps.len()
        );
    }
    text
}

/// `3 s`, `12 min`, `5 h 3 min`
pub(super) fn time(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match seconds {
        ..10.0 => format!("{seconds:.1} s"),
        10.0..120.0 => format!("{seconds:.0} s"),
        120.0..7200.0 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

fn farm(schedules: &[Schedule]) -> Result<Shown, Fail> {
    let rows: Vec<_> = schedules
        .iter()
        .map(|schedule| {
            let speed = if schedule.makespan > 0.0 { schedule.work / schedule.makespan } else { 1.0 };
            let stretch = match schedule.critical_seconds() {
                0.0 => 1.0,
                critical => schedule.makespan / critical,
            };
            vec![
                schedule.workers.to_string(),
                time(schedule.makespan),
                format!("{:.0} %", schedule.utilisation() * 100.0),
                format!("{speed:.2}"),
                format!("{stretch:.2}"),
            ]
        })
        .collect();
    let heading = ["workers", "takes", "used", "times as fast as one", "times the critical path"];
    let mut text = table(&heading, &rows);
    if let Some(schedule) = schedules.first() {
        let _ = write!(
            text,
            "critical path: {} builds, {}; all work: {}",
            schedule.critical.len(),
            time(schedule.critical_seconds()),
            time(schedule.work)
        );
        if schedule.guessed > 0 {
            let _ =
                write!(text, "; {} builds were never made here and count as the median", schedule.guessed);
        }
    }
    Shown::new(&schedules, text)
}

fn differences(old: &Plan, new: &Plan) -> Result<Shown, Fail> {
    let changes = diff(old, new);
    let mut text = String::new();
    for change in &changes {
        let _ = writeln!(text, "{:24} {}", change.of, change.text);
    }
    let _ = match changes.len() {
        0 => write!(text, "the plans are the same: {} builds", new.steps.len()),
        count => {
            write!(text, "{count} differences; {} builds instead of {}", new.steps.len(), old.steps.len())
        }
    };
    Shown::new(&changes, text)
}

fn hosting(hosting: &Hosting) -> Result<Shown, Fail> {
    if hosting.is_self_hosted() {
        let text =
            format!("self-hosted: every package of the last pass's {} buildroots is own", hosting.buildroots);
        return Shown::new(hosting, text);
    }
    let mut text = String::new();
    for foreign in &hosting.foreign {
        let from = match &foreign.provider {
            Provider::Earlier => "earlier release",
            Provider::Bootstrap | Provider::Step(_) => "bootstrap",
        };
        let _ = writeln!(
            text,
            "{:24} {from}, in {} of {} buildroots; {}",
            foreign.package, foreign.buildroots, hosting.buildroots, foreign.because
        );
    }
    let _ = write!(
        text,
        "not self-hosted: {} foreign packages are left in the last pass; build them from source, and set `build.base` to \
         `own`",
        hosting.foreign.len()
    );
    Ok(Shown::new(hosting, text)?.exit(Exit::Build))
}
