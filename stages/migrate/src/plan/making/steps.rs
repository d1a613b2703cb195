//! From what was decided to the plan's steps.

use heirloom_model::Nevra;

use super::choice::{Choice, Fate};
use super::universe::{Id, Origin};
use crate::plan::{Action, PackageStep, Source};

/// One step for each installed package and each one that is added, in the order of their names.
pub(super) fn steps(choice: &Choice<'_>) -> Vec<PackageStep> {
    let mut steps = Vec::with_capacity(choice.fates.len() + choice.added.len());
    for (id, (fate, reason)) in choice.fates.iter().enumerate() {
        let Origin::Installed(fact) = choice.universe.items[id].origin else { continue };
        let (action, result) = match fate {
            Fate::Stay(action) => (*action, None),
            Fate::Replaced(action, by) => (*action, source(choice, *by)),
            Fate::Gone => (Action::Remove, None),
        };
        let (installed, kept_as) = (Some(fact.nevra.clone()), fact.reason.clone());
        steps.push(PackageStep { action, installed, result, kept_as, reason: reason.clone() });
    }
    let replaced: Vec<Id> = choice
        .fates
        .iter()
        .filter_map(|(fate, _)| match fate {
            Fate::Replaced(_, by) => Some(*by),
            _ => None,
        })
        .collect();
    for (id, (reason, kept_as)) in &choice.added {
        if !replaced.contains(id) {
            steps.push(PackageStep {
                action: Action::Install,
                installed: None,
                result: source(choice, *id),
                kept_as: kept_as.clone(),
                reason: reason.clone(),
            });
        }
    }
    steps.sort_by(|a, b| subject(a).cmp(&subject(b)));
    steps
}

/// The package that a step is about.
fn subject(step: &PackageStep) -> Option<(&str, &str, &Nevra)> {
    let nevra = step.installed.as_ref().or(step.result.as_ref().map(|source| &source.nevra))?;
    Some((nevra.name(), nevra.arch(), nevra))
}

fn source(choice: &Choice<'_>, id: Id) -> Option<Source> {
    let Origin::Offered(offered) = choice.universe.items[id].origin else { return None };
    let package = &offered.package;
    Some(Source {
        nevra: package.nevra.clone(),
        repository: offered.repository.clone(),
        location: package.location.clone(),
        digest: package.digest,
        size: package.size,
        installed_size: offered.installed_size,
    })
}

/// Version of the target's kernel, as `uname -r` would say; none if the plan brings or keeps none.
pub(super) fn kernel(steps: &[PackageStep]) -> Option<String> {
    let of = |name: &str| {
        let brought = steps.iter().filter_map(|step| step.result.as_ref()).map(|source| &source.nevra);
        let kept = steps
            .iter()
            .filter(|step| step.action == Action::Keep)
            .filter_map(|step| step.installed.as_ref());
        let all = brought.chain(kept).filter(|nevra| nevra.name() == name);
        all.max_by(|a, b| heirloom_formats::evr::compare(a.evr(), b.evr()))
    };
    let nevra = of("kernel-core").or_else(|| of("kernel"))?;
    Some(format!("{}-{}.{}", nevra.evr().version(), nevra.evr().release(), nevra.arch()))
}
