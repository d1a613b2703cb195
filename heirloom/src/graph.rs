//! Pictures of a plan: DOT for other tools, SVG for people. Pure: a plan in, text out. Names come from packages,
//! which nobody vouches for: each form escapes all of them.

mod dot;
mod svg;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::{CrutchKind, Plan, Step};

pub(crate) use dot::dot;
pub(crate) use svg::svg;

/// More boxes than this nobody reads: an SVG then shows waves and cycles instead of steps.
const READABLE: usize = 400;

/// Beyond this many, arrows that follow from others are not left out: to find them takes memory that grows with the
/// square.
const REDUCED: usize = 20_000;

/// Boxes and arrows.
struct Graph {
    /// In build order.
    boxes: Vec<Box>,
    /// From what is needed to what needs it.
    arrows: BTreeSet<(usize, usize)>,
    cycles: Vec<String>,
    /// What a reader must know that the picture does not show.
    note: String,
}

struct Box {
    /// Its name in DOT.
    id: String,
    label: String,
    /// What it says when pointed at.
    title: String,
    wave: usize,
    cycle: Option<usize>,
    crutch: bool,
}

impl Graph {
    /// One box for each step.
    fn of_steps(plan: &Plan) -> Self {
        let place: BTreeMap<&str, usize> =
            plan.steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
        let needs: Vec<Vec<usize>> = plan
            .steps
            .iter()
            .map(|step| step.after.iter().filter_map(|id| place.get(&**id).copied()).collect())
            .collect();
        let cycles = cycles(plan);
        let crutches = crutches(plan);
        let boxes = plan.steps.iter().map(|step| Box {
            id: step.id.clone(),
            label: step.id.clone(),
            title: title(step, crutches.get(step.id.as_str())),
            wave: step.wave,
            cycle: cycles.get(step.source.as_str()).copied(),
            crutch: crutches.contains_key(step.id.as_str()),
        });
        Self {
            boxes: boxes.collect(),
            arrows: arrows(&needs),
            cycles: plan.cycles.iter().map(cycle).collect(),
            note: format!(
                "{} builds; a column is a wave, an arrow a need that does not follow from others",
                plan.steps.len()
            ),
        }
    }

    /// One box for each wave's steps, those of each cycle apart.
    fn of_waves(plan: &Plan) -> Self {
        let cycles = cycles(plan);
        let mut groups: BTreeMap<(usize, Option<usize>), Vec<&Step>> = BTreeMap::new();
        for step in &plan.steps {
            groups.entry((step.wave, cycles.get(step.source.as_str()).copied())).or_default().push(step);
        }
        let mut place = BTreeMap::new();
        for (number, steps) in groups.values().enumerate() {
            place.extend(steps.iter().map(|step| (step.id.as_str(), number)));
        }
        let needs: Vec<Vec<usize>> = groups
            .values()
            .map(|steps| {
                let after = steps.iter().flat_map(|step| &step.after);
                after.filter_map(|id| place.get(&**id).copied()).collect::<BTreeSet<_>>()
            })
            .map(|needs| needs.into_iter().collect())
            .collect();
        let crutches = crutches(plan);
        let boxes = groups.iter().enumerate().map(|(number, ((wave, cycle), steps))| Box {
            id: number.to_string(),
            label: match &steps[..] {
                [step] => step.id.clone(),
                steps => format!("{} builds", steps.len()),
            },
            title: titles(steps),
            wave: *wave,
            cycle: *cycle,
            crutch: steps.iter().any(|step| crutches.contains_key(step.id.as_str())),
        });
        Self {
            boxes: boxes.collect(),
            arrows: arrows(&needs),
            cycles: plan.cycles.iter().map(self::cycle).collect(),
            note: format!(
                "{} builds are too many to show: a box is all builds of a wave, those of a cycle apart; point at it for \
                 their names. The DOT form has every build",
                plan.steps.len()
            ),
        }
    }
}

/// The cycle of each source package in one.
fn cycles(plan: &Plan) -> BTreeMap<&str, usize> {
    let all = plan.cycles.iter().enumerate();
    all.flat_map(|(number, cycle)| cycle.members.iter().map(move |member| (member.as_str(), number)))
        .collect()
}

/// By what each step with a crutch gets round its cycle.
fn crutches(plan: &Plan) -> BTreeMap<&str, String> {
    let mut found: BTreeMap<&str, String> = BTreeMap::new();
    for crutch in plan.cycles.iter().flat_map(|cycle| &cycle.crutches) {
        let packages = crutch.packages.join(", ");
        let text = match crutch.kind {
            CrutchKind::Conditional => "under its `bootstrap` conditional".to_owned(),
            CrutchKind::Bootstrap => format!("from bootstrap: {packages}"),
            CrutchKind::Earlier => format!("from the earlier release: {packages}"),
        };
        let all = found.entry(&crutch.step).or_default();
        if !all.is_empty() {
            all.push_str("; ");
        }
        all.push_str(&text);
    }
    found
}

fn cycle(cycle: &heirloom_model::record::Cycle) -> String {
    format!("cycle of {}, {} passes, {} crutches", few(&cycle.members), cycle.passes, cycle.crutches.len())
}

fn title(step: &Step, crutch: Option<&String>) -> String {
    let crutch = crutch.map(|crutch| format!("\n{crutch}")).unwrap_or_default();
    format!("{} (wave {})\n{}{crutch}", step.id, step.wave, step.reason)
}

fn titles(steps: &[&Step]) -> String {
    let ids: Vec<_> = steps.iter().map(|step| step.id.clone()).collect();
    const TOLD: usize = 60;
    let more = ids.len().saturating_sub(TOLD);
    let told = ids[..ids.len().min(TOLD)].join(", ");
    if more > 0 { format!("{told} and {more} more") } else { told }
}

fn few(names: &[String]) -> String {
    const TOLD: usize = 8;
    match names.len() {
        ..=TOLD => names.join(", "),
        more => format!("{} and {} more", names[..TOLD].join(", "), more - TOLD),
    }
}

/// Arrows for needs of boxes in build order, without those that follow from others.
fn arrows(needs: &[Vec<usize>]) -> BTreeSet<(usize, usize)> {
    let all = |(to, needs): (usize, &Vec<usize>)| needs.iter().map(|&from| (from, to)).collect::<Vec<_>>();
    if needs.len() > REDUCED {
        return needs.iter().enumerate().flat_map(all).collect();
    }
    let words = needs.len().div_ceil(64);
    // A bit for each box that comes before.
    let mut before: Vec<Vec<u64>> = Vec::with_capacity(needs.len());
    let mut arrows = BTreeSet::new();
    for (to, needs) in needs.iter().enumerate() {
        let mut through = vec![0u64; words];
        for &from in needs {
            through.iter_mut().zip(&before[from]).for_each(|(all, more)| *all |= more);
        }
        let direct = needs.iter().filter(|&&from| through[from / 64] & (1 << (from % 64)) == 0);
        arrows.extend(direct.map(|&from| (from, to)));
        for &from in needs {
            through[from / 64] |= 1 << (from % 64);
        }
        before.push(through);
    }
    arrows
}
