//! What is different between two plans, and why.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::{Crutch, Need, Plan, Provider, Step};
use serde::Serialize;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The step, cycle or source package that it is about.
    pub of: String,
    /// What was added, went or changed.
    pub what: What,
    /// In one sentence.
    pub text: String,
}

/// Kinds of differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A step that was not there.
    StepAdded,
    /// A step that is not there any more.
    StepRemoved,
    /// The source of a step.
    Source,
    /// The place of a step.
    Wave,
    /// A package that a buildroot gets, no longer gets, or gets from elsewhere.
    Need,
    /// By what a first pass gets round a cycle.
    Crutch,
    /// The members of a cycle, or the number of its passes.
    Cycle,
    /// What is not built.
    LeftOut,
    /// The base of the buildroots.
    Base,
}

/// Differences from `old` to `new`, in the order of the new plan; steps that are gone come last.
#[must_use]
pub fn diff(old: &Plan, new: &Plan) -> Vec<Change> {
    let mut changes = Vec::new();
    let before: BTreeMap<&str, &Step> = old.steps.iter().map(|step| (step.id.as_str(), step)).collect();
    let now: BTreeSet<&str> = new.steps.iter().map(|step| step.id.as_str()).collect();
    for step in &new.steps {
        match before.get(step.id.as_str()) {
            None => push(
                &mut changes,
                &step.id,
                What::StepAdded,
                format!("new in wave {}: {}", step.wave, step.reason),
            ),
            Some(old) => same_step(&mut changes, old, step),
        }
    }
    for step in old.steps.iter().filter(|step| !now.contains(step.id.as_str())) {
        push(&mut changes, &step.id, What::StepRemoved, format!("gone; it was in wave {}", step.wave));
    }
    needs(&mut changes, "base", What::Base, &old.base, &new.base);
    cycles(&mut changes, old, new);
    let out =
        |plan: &Plan| plan.left_out.iter().chain(&plan.unbuildable).cloned().collect::<BTreeMap<_, _>>();
    let (old, new) = (out(old), out(new));
    for (source, reason) in new.iter().filter(|(source, reason)| old.get(*source) != Some(reason)) {
        push(&mut changes, source, What::LeftOut, format!("left out: {reason}"));
    }
    for source in old.keys().filter(|source| !new.contains_key(*source)) {
        push(&mut changes, source, What::LeftOut, "no longer left out".to_owned());
    }
    changes
}

fn push(changes: &mut Vec<Change>, of: &str, what: What, text: String) {
    changes.push(Change { of: of.to_owned(), what, text });
}

fn same_step(changes: &mut Vec<Change>, old: &Step, new: &Step) {
    if old.source_digest != new.source_digest {
        let text = format!("source {} instead of {}", new.source_digest.short(), old.source_digest.short());
        push(changes, &new.id, What::Source, text);
    }
    if old.wave != new.wave {
        let text = format!("wave {} instead of {}: {}", new.wave, old.wave, new.reason);
        push(changes, &new.id, What::Wave, text);
    }
    if old.own_base != new.own_base {
        let text = if new.own_base { "on a base of own results" } else { "on the base from bootstrap" };
        push(changes, &new.id, What::Base, text.to_owned());
    }
    let all = |step: &Step| step.needs.iter().chain(&step.foreign).cloned().collect::<Vec<_>>();
    needs(changes, &new.id, What::Need, &all(old), &all(new));
}

fn needs(changes: &mut Vec<Change>, of: &str, what: What, old: &[Need], new: &[Need]) {
    fn by_name(needs: &[Need]) -> BTreeMap<&str, &Need> {
        needs.iter().map(|need| (&*need.package, need)).collect()
    }
    let (old, new) = (by_name(old), by_name(new));
    for (package, need) in &new {
        match old.get(package) {
            None => push(changes, of, what, format!("gets {package} {}: {}", from(need), need.because)),
            Some(before) if before.provider != need.provider => {
                push(changes, of, what, format!("gets {package} {} instead of {}", from(need), from(before)));
            }
            Some(_) => {}
        }
    }
    for package in old.keys().filter(|package| !new.contains_key(*package)) {
        push(changes, of, what, format!("no longer gets {package}"));
    }
}

fn from(need: &Need) -> String {
    match &need.provider {
        Provider::Step(id) => format!("from {id}"),
        Provider::Bootstrap => "from bootstrap".to_owned(),
        Provider::Earlier => "from the earlier release".to_owned(),
    }
}

fn cycles(changes: &mut Vec<Change>, old: &Plan, new: &Plan) {
    let by_members = |plan: &Plan| -> BTreeMap<String, usize> {
        plan.cycles.iter().map(|cycle| (cycle.members.join(", "), cycle.passes)).collect()
    };
    let (before, now) = (by_members(old), by_members(new));
    for (members, passes) in now.iter().filter(|(members, passes)| before.get(*members) != Some(passes)) {
        push(changes, members, What::Cycle, format!("a cycle of {passes} passes"));
    }
    for members in before.keys().filter(|members| !now.contains_key(*members)) {
        push(changes, members, What::Cycle, "no longer a cycle".to_owned());
    }
    let crutches = |plan: &Plan| -> BTreeMap<String, Vec<Crutch>> {
        let mut all: BTreeMap<String, Vec<Crutch>> = BTreeMap::new();
        for crutch in plan.cycles.iter().flat_map(|cycle| &cycle.crutches) {
            all.entry(crutch.step.clone()).or_default().push(crutch.clone());
        }
        all
    };
    let (before, now) = (crutches(old), crutches(new));
    for (step, list) in now.iter().filter(|(step, list)| before.get(*step) != Some(list)) {
        let told: Vec<_> = list.iter().map(told).collect();
        push(changes, step, What::Crutch, format!("stands on {}", told.join(" and ")));
    }
    for step in before.keys().filter(|step| !now.contains_key(*step)) {
        push(changes, step, What::Crutch, "needs no crutch any more".to_owned());
    }
}

fn told(crutch: &Crutch) -> String {
    use heirloom_model::record::CrutchKind;
    match crutch.kind {
        CrutchKind::Conditional => "its `bootstrap` conditional".to_owned(),
        CrutchKind::Bootstrap => format!("{} from bootstrap", crutch.packages.join(", ")),
        CrutchKind::Earlier => format!("{} from the earlier release", crutch.packages.join(", ")),
    }
}
