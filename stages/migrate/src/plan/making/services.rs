//! Services that are started anew.

use std::collections::BTreeMap;

use crate::facts::{Assessment, InstalledFact, Service};
use crate::plan::{Action, PackageStep, ServiceStep};

/// Services that hold everyone's sessions or can't be started anew (`RefuseManualStop=`): they are new after the reboot.
const NOT_THESE: [&str; 12] = [
    "auditd",
    "dbus",
    "dbus-broker",
    "display-manager",
    "emergency",
    "gdm",
    "getty@",
    "lightdm",
    "rescue",
    "sddm",
    "serial-getty@",
    "systemd-logind",
];

pub(super) fn services(assessment: &Assessment, packages: &[PackageStep]) -> Vec<ServiceStep> {
    let changes = |step: &&PackageStep| step.result.is_some() && step.action != Action::Install;
    let changed: BTreeMap<&str, &PackageStep> = packages
        .iter()
        .filter(changes)
        .filter_map(|step| Some((step.installed.as_ref()?.name(), step)))
        .collect();
    let mut steps: Vec<ServiceStep> = assessment
        .services
        .iter()
        .filter(|service| service.running && is_restarted(&service.name))
        .filter_map(|service| {
            let (package, is_known) = owner(service, &assessment.packages)?;
            let step = changed.get(package)?;
            let new = &step.result.as_ref()?.nevra;
            let told = if is_known { "has its unit file" } else { "has its name" };
            let reason = format!("{package}, which {told}, becomes {new}.");
            Some(ServiceStep { name: service.name.clone(), reason })
        })
        .collect();
    steps.sort_by(|a, b| a.name.cmp(&b.name));
    steps.dedup();
    steps
}

fn is_restarted(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".service") else { return false };
    !stem.starts_with("user@")
        && !stem.starts_with("systemd-")
        && !NOT_THESE.iter().any(|it| stem == *it || it.ends_with('@') && stem.starts_with(it))
}

/// The package of a service, and whether that is known or told from its name: `sshd` is of the source package `openssh` by no rule, and is then not
/// restarted; `chronyd` is not `chrony`'s by name, but by the name without its `d`.
fn owner<'a>(service: &'a Service, packages: &'a [InstalledFact]) -> Option<(&'a str, bool)> {
    if !service.package.is_empty() {
        return Some((&service.package, true));
    }
    let stem = service.name.strip_suffix(".service")?;
    let stem = stem.split('@').next().unwrap_or(stem);
    let short = stem.strip_suffix('d').unwrap_or(stem);
    let named = |wanted: &str| packages.iter().map(|fact| fact.nevra.name()).find(|name| *name == wanted);
    named(stem).or_else(|| named(short)).map(|name| (name, false))
}
