//! What becomes of each thing.

use heirloom_model::Nevra;

use super::text::{Page, bytes};
use super::{ACTIONS, Filter};
use crate::plan::{Action, BootStep, ConfigOutcome, PackageStep, Plan};
use crate::vendors::matches;

/// Packages of one action that the page lists before it refers to the whole list.
const MOST: usize = 40;

/// The packages of a plan that a filter lets through, with the reason of each.
#[must_use]
pub fn packages(plan: &Plan, filter: &Filter) -> String {
    let mut page = Page::default();
    let is_asked = |action: Action| match filter.actions.is_empty() {
        true => !matches!(action, Action::Keep | Action::ThirdParty),
        false => filter.actions.contains(&action),
    };
    let is_named = |step: &&PackageStep| {
        filter.name.is_empty() || subjects(step).any(|nevra| matches(&filter.name, nevra.name()))
    };
    for (action, said) in ACTIONS.into_iter().filter(|(action, _)| is_asked(*action)) {
        let steps: Vec<_> =
            plan.packages.iter().filter(|step| step.action == action).filter(is_named).collect();
        list(&mut page, said, &steps, usize::MAX);
    }
    match page.text.trim_start() {
        "" => "No package of the plan is like this.\n".to_owned(),
        text => text.to_owned(),
    }
}

/// What becomes of a package, and why: of all with this name, or of the one with this NEVRA. None if the plan has none.
#[must_use]
pub fn why(plan: &Plan, package: &str) -> Option<String> {
    let is_it = |nevra: &Nevra| nevra.name() == package || nevra.to_string() == package;
    let mut page = Page::default();
    for step in plan.packages.iter().filter(|step| subjects(step).any(is_it)) {
        page.item(&change(step));
        let said = ACTIONS.iter().find(|(action, _)| *action == step.action).map_or("", |(_, said)| said);
        page.inside(&format!("{said}: {}", step.reason));
        if let Some(source) = &step.result {
            page.inside(&format!("from {}, {}", source.repository, bytes(source.size)));
        }
        for file in plan.configuration.iter().filter(|file| Some(&file.package) == step.installed.as_ref()) {
            page.inside(&format!("{}: {}", file.path, outcome(file.outcome)));
        }
    }
    (!page.text.is_empty()).then_some(page.text)
}

fn subjects(step: &PackageStep) -> impl Iterator<Item = &Nevra> {
    step.installed.iter().chain(step.result.as_ref().map(|source| &source.nevra))
}

/// `bash-5.1-1.el9.x86_64 -> 5.1-2.el9`.
fn change(step: &PackageStep) -> String {
    match (&step.installed, step.result.as_ref().map(|source| &source.nevra)) {
        (Some(old), Some(new)) if old == new => old.to_string(),
        (Some(old), Some(new)) if old.name() == new.name() && old.arch() == new.arch() => {
            format!("{old} -> {}", new.evr())
        }
        (Some(old), Some(new)) => format!("{old} -> {new}"),
        (Some(one), None) | (None, Some(one)) => one.to_string(),
        (None, None) => String::new(),
    }
}

/// The packages whose change someone has to read.
pub(super) fn changes(page: &mut Page, plan: &Plan) {
    for (action, said) in ACTIONS {
        if matches!(action, Action::Upgrade | Action::Reinstall | Action::Keep | Action::ThirdParty) {
            continue;
        }
        let steps: Vec<_> = plan.packages.iter().filter(|step| step.action == action).collect();
        list(page, said, &steps, MOST);
    }
}

fn list(page: &mut Page, said: &str, steps: &[&PackageStep], most: usize) {
    if steps.is_empty() {
        return;
    }
    page.heading(&format!("Packages that are {said}: {}", steps.len()));
    for step in steps.iter().take(most) {
        page.item(&change(step));
        page.inside(&step.reason);
    }
    if steps.len() > most {
        page.item(&format!("and {} more", steps.len() - most));
    }
}

pub(super) fn rest(page: &mut Page, plan: &Plan) {
    if !plan.modules.is_empty() {
        page.heading("Streams of modules");
        for module in &plan.modules {
            let to = if module.to.is_empty() { "reset" } else { &module.to };
            page.item(&format!("{}: {} -> {to}", module.name, module.from));
            page.inside(&module.reason);
        }
    }
    configuration(page, plan);
    repositories(page, plan);
    boot(page, plan);
    if !plan.services.is_empty() {
        page.heading("Services that are started anew");
        for service in &plan.services {
            page.item(&format!("{}: {}", service.name, service.reason));
        }
    }
    if !plan.space.is_empty() {
        page.heading("Room");
        for need in &plan.space {
            let parts: Vec<_> =
                need.parts.iter().map(|(part, size)| format!("{part} {}", bytes(*size))).collect();
            page.item(&format!(
                "{}: {} of {} ({})",
                need.point,
                bytes(need.needed),
                bytes(need.free),
                parts.join(", ")
            ));
        }
    }
}

fn configuration(page: &mut Page, plan: &Plan) {
    if plan.configuration.is_empty() {
        return;
    }
    page.heading("Configuration that was changed here");
    for file in &plan.configuration {
        page.item(&format!("{} ({}): {}", file.path, file.package.name(), outcome(file.outcome)));
    }
}

fn outcome(outcome: ConfigOutcome) -> &'static str {
    match outcome {
        ConfigOutcome::Kept => "stays as it is here",
        ConfigOutcome::Same => "is already as the target has it",
        ConfigOutcome::NewBeside => "stays as it is here, the target's goes beside it as .rpmnew",
        ConfigOutcome::SavedBeside => "becomes the target's, what is here goes beside it as .rpmsave",
        ConfigOutcome::Removed => "goes, what is here stays as .rpmsave",
        ConfigOutcome::Unknown => "not known before the package's header is read",
    }
}

fn repositories(page: &mut Page, plan: &Plan) {
    let repositories = &plan.repositories;
    page.heading("Repositories and keys");
    for (file, ids) in &repositories.disabled {
        page.item(&format!("switched off in {file}: {}", ids.join(", ")));
    }
    for file in &repositories.written {
        page.item(&format!("written: {}", file.path));
    }
    if !repositories.kept.is_empty() {
        page.item(&format!("stay as they are: {}", repositories.kept.join(", ")));
    }
    for key in &plan.keys {
        let said = if key.present { "is there already" } else { "is imported" };
        page.item(&format!("key {} {said}", key.fingerprint));
    }
    for key in &plan.keys_removed {
        page.item(&format!("{key} goes at the end"));
    }
}

fn boot(page: &mut Page, plan: &Plan) {
    for (title, steps) in [
        ("Boot: after the transaction", &plan.boot.steps),
        ("Boot: when the machine has booted well", &plan.boot.finish),
        ("Boot: on the way back", &plan.boot.rollback),
    ] {
        if !steps.is_empty() {
            page.heading(title);
            steps.iter().for_each(|step| page.item(&boot_step(step)));
        }
    }
}

fn boot_step(step: &BootStep) -> String {
    match step {
        BootStep::CreateEntry { disk, partition, label, loader, .. } => {
            format!("UEFI gets the entry `{label}` for {loader} on partition {partition} of {disk}")
        }
        BootStep::BootOnce => "the new entry of UEFI is booted the next time only".to_owned(),
        BootStep::PutFirst => "the new entries come first in UEFI's order".to_owned(),
        BootStep::DeleteEntries { loader, .. } => format!("UEFI's entries of {loader} go"),
        BootStep::RestoreEntries { .. } => "UEFI's entries are as they were".to_owned(),
        BootStep::KeepLoader { directory } => format!("the boot loader in {directory} is kept"),
        BootStep::PutLoaderBack { directory } => format!("the boot loader in {directory} is put back"),
        BootStep::ForgetLoader { directory } => format!("what was kept of {directory} is forgotten"),
        BootStep::RemoveLoader { directory } => format!("what was put back in {directory} is removed"),
        BootStep::CopyLoader { from, to } => format!("the boot loader in {from} is copied to {to}"),
        BootStep::RemoveCopy { directory } => format!("the copy in {directory} is removed"),
        BootStep::WriteStub { path, .. } => format!("{path} is written if it is not there"),
        BootStep::WriteMenu { path } => format!("{path} is written anew"),
        BootStep::InstallLoader { disk } => format!("the boot loader is written to {disk}"),
        BootStep::MakeInitramfs { kernel } => format!("the initramfs of {kernel} is made"),
        BootStep::BootKernelOnce { kernel } => format!("{kernel} is booted the next time only"),
        BootStep::SetDefaultKernel { kernel } => format!("{kernel} is booted by default"),
    }
}
