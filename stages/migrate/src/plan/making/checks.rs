//! What was found while the plan was made.

use heirloom_model::Nevra;

use super::choice::Choice;
use super::closure::Closed;
use super::restrictions::{self, names, some_of};
use super::{BOOT_SPACE, UNTIL_FINISH};
use crate::check::Check;
use crate::facts::Assessment;
use crate::plan::{Action, PackageStep, SpaceNeed};
use crate::target::Target;

/// Checks of one kind that are listed one by one.
const MOST_ALIKE: usize = 30;

pub(super) fn checks(
    choice: &Choice<'_>,
    closed: &Closed,
    packages: &[PackageStep],
    space: &[SpaceNeed],
) -> Vec<Check> {
    let assessment = choice.inputs.assessment;
    let mut checks = fits(assessment, choice.target());
    checks.extend(manager(assessment));
    checks.extend(roles(choice));
    checks.extend(few(&closed.checks));
    checks.extend(restrictions::checks(&assessment.package_manager, packages));
    checks.extend(losses(choice, packages));
    checks.extend(kernels(choice, packages));
    checks.extend(space.iter().filter_map(room));
    if !closed.broken.is_empty() {
        let list: Vec<String> =
            closed.broken.iter().map(|(package, what)| format!("{package}: {what}")).collect();
        let list: Vec<&str> = list.iter().map(String::as_str).collect();
        checks.push(Check::risk(
            "broken-before",
            format!("packages don't go together already: {}", some_of(&list).unwrap_or_default()),
            "Mend it first (`dnf check`), or remove what is broken: dnf may refuse to do anything else.",
        ));
    }
    checks
}

/// Whether the target is for such a machine.
fn fits(assessment: &Assessment, target: &Target) -> Vec<Check> {
    let mut checks = Vec::new();
    let (system, architecture) = (&assessment.system, &assessment.machine.architecture);
    if !target.architectures.contains(architecture) {
        checks.push(Check::blocker(
            "architecture-not-offered",
            format!("the machine is {architecture}, the target has {}", target.architectures.join(", ")),
            "Choose a target that has packages for this architecture.",
        ));
    }
    if system.major != target.major() {
        checks.push(Check::blocker(
            "major-version",
            format!("the machine has major version {}, the target is {}", system.major, target.version),
            "Choose the target's release of the same major version; in-place upgrades to another one are a separate matter.",
        ));
    } else if !system.platform.is_empty() && !target.platform.is_empty() && system.platform != target.platform
    {
        checks.push(Check::blocker(
            "platform",
            format!("the machine is {}, the target is {}", system.platform, target.platform),
            "Choose a target of the same platform.",
        ));
    }
    checks
}

fn manager(assessment: &Assessment) -> Option<Check> {
    let manager = &assessment.package_manager;
    let found = match (manager.name.as_str(), manager.version.as_str()) {
        _ if manager.can_replay => return None,
        ("", _) => "there is no dnf".to_owned(),
        (name, version) => format!("{name} {version} can't run a stored transaction (`dnf history replay`)"),
    };
    Some(Check::blocker(
        "package-manager",
        found,
        "This machine can be assessed and planned for, not carried over: it needs dnf 4.5 or later, as Enterprise Linux 8.4 and later have.",
    ))
}

/// Whether the target has what its own file says.
fn roles(choice: &Choice<'_>) -> Vec<Check> {
    let target = choice.target();
    let absent = |package: &&String| choice.universe.named(package).is_empty();
    let release = target.role("release").unwrap_or_default();
    let mut missing: Vec<&str> = target.roles.values().filter(absent).map(String::as_str).collect();
    missing.sort_unstable();
    missing.dedup();
    let Some(list) = some_of(&missing) else { return Vec::new() };
    let found = format!("the target file names packages that the target's repositories do not have: {list}");
    let advice = "Tell whoever maintains the target: its file and its repositories do not go together.";
    vec![match missing.contains(&release) {
        true => Check::blocker("release-missing", found, advice),
        false => Check::risk("role-missing", found, advice),
    }]
}

/// All of them, or the first of many of one kind.
fn few(all: &[Check]) -> Vec<Check> {
    let mut sorted = all.to_vec();
    sorted.sort();
    sorted.dedup();
    let mut kept: Vec<Check> = Vec::new();
    let mut left: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for check in sorted {
        let count = left.entry(check.id.clone()).or_default();
        *count += 1;
        if *count <= MOST_ALIKE {
            kept.push(check);
        }
    }
    for (id, count) in left.into_iter().filter(|(_, count)| *count > MOST_ALIKE) {
        let found = format!("and {} more of this kind", count - MOST_ALIKE);
        kept.push(Check::blocker(&id, found, "Mend those that are listed, and plan again."));
    }
    kept
}

/// What goes, grows older, or stays without updates.
fn losses(choice: &Choice<'_>, packages: &[PackageStep]) -> Vec<Check> {
    let mut checks = Vec::new();
    let old_and_new =
        |step: &PackageStep| Some((step.installed.clone()?, step.result.as_ref()?.nevra.clone()));
    let downgrades = || packages.iter().filter(|step| step.action == Action::Downgrade);
    let epoch_down = |step: &&PackageStep| {
        old_and_new(step).is_some_and(|(old, new)| new.evr().epoch() < old.evr().epoch())
    };
    let same_version = |step: &&PackageStep| {
        old_and_new(step).is_some_and(|(old, new)| {
            new.evr().epoch() == old.evr().epoch() && new.evr().version() == old.evr().version()
        })
    };
    if let Some(list) = names(downgrades().filter(epoch_down)) {
        checks.push(Check::risk(
            "epoch-down",
            format!("the target has packages under a lower epoch: {list}"),
            "The step is taken by name all the same; tell whoever maintains the target that later updates between vendors will stumble over it.",
        ));
    }
    if let Some(list) = names(downgrades().filter(|step| !same_version(step) && !epoch_down(step))) {
        checks.push(Check::risk(
            "downgrades",
            format!("the target has older versions of {list}"),
            "Wait until the target has the same update, or see whether the data of these programs can go back.",
        ));
    }
    let is_user = |step: &&PackageStep| {
        step.action == Action::Remove && matches!(step.kept_as.as_str(), "user" | "group")
    };
    if let Some(list) = names(packages.iter().filter(is_user)) {
        checks.push(Check::risk(
            "packages-removed",
            format!("packages that someone asked for go: {list}"),
            "Read why in the plan, and look for something else that does their work.",
        ));
    }
    let is_orphan = |step: &&PackageStep| {
        let kernel = step.reason.contains(UNTIL_FINISH);
        step.action == Action::Orphan && !kernel
    };
    if let Some(list) = names(packages.iter().filter(is_orphan)) {
        let disabled: Vec<&str> =
            choice.target().repositories.iter().filter(|it| !it.enabled).map(|it| it.id.as_str()).collect();
        let mut advice =
            "Remove them, or find who goes on building them: nobody fixes them from now on.".to_owned();
        if let Some(disabled) = some_of(&disabled) {
            advice.push_str(&format!(
                " The target's repositories {disabled} were not looked at, as its file does not enable them."
            ));
        }
        checks.push(Check::risk("orphans", format!("the target does not have {list}"), advice));
    }
    let is_second = |step: &&PackageStep| step.reason.starts_with("It is a second one");
    if let Some(list) = names(packages.iter().filter(is_second)) {
        checks.push(Check::risk(
            "duplicate-packages",
            format!("several versions are installed of {list}"),
            "The plan leaves one of each; to see them: `dnf repoquery --duplicates`.",
        ));
    }
    checks
}

/// The kernels.
fn kernels(choice: &Choice<'_>, packages: &[PackageStep]) -> Vec<Check> {
    let assessment = choice.inputs.assessment;
    let mut checks = Vec::new();
    let core = |nevra: &Nevra| matches!(nevra.name(), "kernel-core" | "kernel");
    let brought = packages.iter().find(|step| {
        step.action == Action::Install && step.result.as_ref().is_some_and(|source| core(&source.nevra))
    });
    let count = packages.iter().filter_map(|step| step.installed.as_ref());
    let count = count.filter(|nevra| nevra.name() == "kernel-core").count().max(
        packages
            .iter()
            .filter_map(|step| step.installed.as_ref())
            .filter(|nevra| nevra.name() == "kernel")
            .count(),
    );
    let limit = assessment.package_manager.installonly_limit as usize;
    if brought.is_some() && limit > 0 && count >= limit {
        checks.push(Check::info(
            "installonly-limit",
            format!("{count} kernels are installed and `installonly_limit` is {limit}: the target's is installed all the same"),
            "Nothing to do: the limit does not count in this transaction, so that no kernel of the way back goes; `finish` removes the old ones.",
        ));
    }
    let running = &assessment.boot.running_kernel;
    let is_running = |nevra: &Nevra| {
        core(nevra)
            && format!("{}-{}.{}", nevra.evr().version(), nevra.evr().release(), nevra.arch()) == *running
    };
    let replaced = packages
        .iter()
        .find(|step| step.action == Action::Reinstall && step.installed.as_ref().is_some_and(is_running));
    if let Some(nevra) = replaced.and_then(|step| step.installed.as_ref()) {
        checks.push(Check::risk(
            "running-kernel-replaced",
            format!(
                "the target has {nevra}, the kernel that runs, under the same version: its files are replaced"
            ),
            "Reboot soon after: until then, modules that are not loaded yet can't be.",
        ));
    }
    let has_kernel = packages.iter().filter_map(|step| step.installed.as_ref()).any(core);
    if has_kernel && super::steps::kernel(packages).is_none() {
        checks.push(Check::blocker(
            "kernel-missing",
            "the machine has a kernel of its own, and the target's repositories have none for it",
            "Enable the repository of the target that has kernels in the target file.",
        ));
    }
    checks
}

fn room(need: &SpaceNeed) -> Option<Check> {
    let SpaceNeed { point, free, needed, parts } = need;
    if needed <= free {
        return None;
    }
    let mib = |bytes: u64| format!("{} MiB", bytes.div_ceil(1 << 20));
    let parts: Vec<String> = parts.iter().map(|(part, bytes)| format!("{part} {}", mib(*bytes))).collect();
    let found =
        format!("{point} has {} free and {} are needed ({})", mib(*free), mib(*needed), parts.join(", "));
    Some(match point.as_str() {
        "/boot" => Check::blocker(
            BOOT_SPACE,
            found,
            "Remove kernels that are neither running nor the newest (`dnf remove kernel-core-VERSION`), or old rescue images in /boot.",
        ),
        _ => Check::blocker(
            "disk-space",
            found,
            "Make room there (`dnf clean all`, old logs), or grow the file system.",
        ),
    })
}
