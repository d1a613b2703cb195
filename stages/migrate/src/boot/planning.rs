//! What is done so that a machine boots the target's kernel. Pure.

mod space;

use super::{kernels_found, layout, partitions, survey};
use crate::check::Check;
use crate::facts::{BootFacts, EfiEntry, EfiFacts, Firmware, Mount, SystemPartition};
use crate::plan::{BootPlan, BootStep};
use crate::target::{Target, TargetBoot};

/// grub's menu for BIOS, and from EL9 on for UEFI too.
const MENU: &str = "/boot/grub2/grub.cfg";
/// The first major version whose menu on the EFI system partition only leads to [`MENU`].
const FIRST_WITH_STUB: u32 = 9;

/// What the plan is made from.
struct Ground<'a> {
    facts: &'a BootFacts,
    mounts: &'a [Mount],
    architecture: &'a str,
    target: &'a Target,
    kernel: Option<&'a str>,
}

/// Makes the plan. With a blocker it has no steps beyond those that could be made.
pub(super) fn plan(
    facts: &BootFacts,
    mounts: &[Mount],
    architecture: &str,
    target: &Target,
    kernel: Option<&str>,
) -> (BootPlan, Vec<Check>) {
    let mut checks = survey::survey(facts);
    let mut plan = BootPlan::default();
    let ground = Ground { facts, mounts, architecture, target, kernel };
    match facts.firmware {
        Firmware::Bios if facts.loader == "grub2" => bios(&ground, &mut plan, &mut checks),
        Firmware::Uefi if facts.loader == "grub2" => uefi(&ground, &mut plan, &mut checks),
        _ => {}
    }
    checks.sort_by(|one, other| other.level.cmp(&one.level).then_with(|| one.cmp(other)));
    checks.dedup();
    (plan, checks)
}

fn bios(ground: &Ground<'_>, plan: &mut BootPlan, checks: &mut Vec<Check>) {
    if !ground.facts.has_bls && ground.kernel.is_some() {
        plan.steps.push(BootStep::WriteMenu { path: MENU.to_owned() });
    }
    kernels(ground, plan, checks);
    space::boot(ground, checks);
}

/// The new kernel is booted once; the old one stays the default until the new one was seen to work.
fn kernels(ground: &Ground<'_>, plan: &mut BootPlan, checks: &mut Vec<Check>) {
    let facts = ground.facts;
    let Some(kernel) = ground.kernel else {
        checks.push(Check::risk(
            "target-kernel",
            "The target's kernel is not installed: the machine goes on with the old vendor's.",
            "Install the target's kernel as soon as the machine is carried over; nothing updates the old one.",
        ));
        return;
    };
    let old = facts.default_kernel.as_str();
    let has = |version: &str| facts.kernels.iter().any(|kernel| kernel.version == version);
    if has(kernel) {
        checks.push(Check::risk(
            "kernel-same-version",
            format!("The target's kernel {kernel} takes the place of the old vendor's of the same version."),
            match facts.kernels.iter().filter(|other| !kernels_found::is_rescue(other)).count() {
                1 => "There is no other kernel to fall back to in the boot menu: have a console or a snapshot at hand.",
                _ => "If it does not come up, choose another kernel in the boot menu.",
            },
        ));
    }
    let has_old = !old.is_empty() && old != kernel && has(old);
    if has_old {
        plan.steps.push(BootStep::SetDefaultKernel { kernel: old.to_owned() });
    }
    if old != kernel {
        plan.steps.push(BootStep::BootKernelOnce { kernel: kernel.to_owned() });
    }
    plan.finish.push(BootStep::SetDefaultKernel { kernel: kernel.to_owned() });
    if has_old || (old == kernel && has(old)) {
        plan.rollback.push(BootStep::SetDefaultKernel { kernel: old.to_owned() });
    }
}

fn uefi(ground: &Ground<'_>, plan: &mut BootPlan, checks: &mut Vec<Check>) {
    let facts = ground.facts;
    let Some(efi) = &facts.efi else { return };
    let Some(boot) = &ground.target.boot else {
        no_loader(efi, checks);
        kernels(ground, plan, checks);
        space::boot(ground, checks);
        return;
    };
    let Some(loader) = program(ground, efi, boot, checks) else { return };
    let Some(primary) = layout::primary(facts) else { return };
    if efi.secure_boot == Some(true) && boot.certificates.is_empty() {
        checks.push(Check::risk(
            "secure-boot-certificates",
            "Secure Boot is on, and the target names no certificates that its kernels are signed with.",
            "Whether they can be started is seen from the packages after the download: before anything is changed.",
        ));
    }
    let old = old_directory(facts, primary, boot);
    menus(ground, primary, boot, old.as_deref(), plan);
    kernels(ground, plan, checks);
    entries(ground, boot, &loader, old.as_deref(), plan, checks);
    space::boot(ground, checks);
    space::system_partition(ground, primary, checks);
}

fn no_loader(efi: &EfiFacts, checks: &mut Vec<Check>) {
    let found = "The target brings no boot loader for UEFI: the old vendor's stays.";
    checks.push(match efi.secure_boot {
        Some(true) => Check::blocker(
            "secure-boot-chain",
            format!("{found} With Secure Boot it does not start the target's kernel."),
            "Ask the target's makers for a [boot] table in the target file, or switch Secure Boot off in the firmware.",
        ),
        _ => Check::risk("target-loader", found, "See that a boot loader of the target's is installed later: nothing updates the old one."),
    });
}

/// The program that UEFI starts, as the firmware needs it: 64-bit machines can have firmware of 32 bits.
fn program(
    ground: &Ground<'_>,
    efi: &EfiFacts,
    boot: &TargetBoot,
    checks: &mut Vec<Check>,
) -> Option<String> {
    let kind = match (ground.architecture, efi.bits) {
        ("x86_64", 32) => "ia32",
        (architecture, _) => architecture,
    };
    let found = boot.loaders.get(kind);
    if found.is_none() {
        checks.push(Check::blocker(
            "efi-loader",
            format!("The firmware has {} bits, and the target names no boot loader for `{kind}`.", efi.bits),
            format!("Ask the target's makers for `{kind}` below [boot.loaders] in the target file."),
        ));
    }
    found.cloned()
}

/// The directory of the old vendor's boot loader, by the entry that was booted, else by what is there. None if it is the target's own.
fn old_directory(facts: &BootFacts, primary: &SystemPartition, boot: &TargetBoot) -> Option<String> {
    let on_disk = |name: &str| primary.directories.iter().find(|dir| dir.name.eq_ignore_ascii_case(name));
    let by_entry =
        layout::own_entries(facts).into_iter().find_map(|entry| on_disk(layout::directory(entry)?));
    let of_linux = || {
        let mut dirs = primary.directories.iter().filter(|dir| partitions::has_linux(dir));
        let first = dirs.next();
        // With several it can't be said which one was started.
        first.filter(|_| dirs.next().is_none())
    };
    let found = by_entry.or_else(of_linux)?;
    (!found.name.eq_ignore_ascii_case(&boot.directory)).then(|| found.name.clone())
}

fn path(partition: &SystemPartition, directory: &str) -> String {
    format!("{}/EFI/{directory}", partition.mount)
}

fn menus(
    ground: &Ground<'_>,
    primary: &SystemPartition,
    boot: &TargetBoot,
    old: Option<&str>,
    plan: &mut BootPlan,
) {
    if let Some(old) = old {
        let directory = path(primary, old);
        plan.before.push(BootStep::KeepLoader { directory: directory.clone() });
        plan.steps.push(BootStep::PutLoaderBack { directory });
    }
    let own = format!("{}/grub.cfg", path(primary, &boot.directory));
    let major = ground.target.version.split('.').next().and_then(|part| part.parse::<u32>().ok());
    if major.is_some_and(|major| major < FIRST_WITH_STUB) {
        plan.steps.push(BootStep::WriteMenu { path: own });
        return;
    }
    let like = old.map(|old| format!("{}/grub.cfg", path(primary, old))).unwrap_or_default();
    plan.steps.push(BootStep::WriteStub { path: own, like });
    if !ground.facts.has_bls && ground.kernel.is_some() {
        plan.steps.push(BootStep::WriteMenu { path: MENU.to_owned() });
    }
}

/// Entries: one for each place that the boot loader is at; booted once, put first in the end.
fn entries(
    ground: &Ground<'_>,
    boot: &TargetBoot,
    loader: &str,
    old: Option<&str>,
    plan: &mut BootPlan,
    checks: &mut Vec<Check>,
) {
    let facts = ground.facts;
    let Some(efi) = facts.efi.as_ref().filter(|efi| efi.writable) else {
        forget(ground, old, plan);
        return;
    };
    let program = format!("\\EFI\\{}\\{loader}", boot.directory);
    let mut made = Vec::new();
    for (at, partition) in layout::mounted(facts).into_iter().enumerate() {
        let Some(device) = layout::device(facts, &partition.device) else { continue };
        if at > 0 && !copy(facts, partition, boot, plan) {
            continue;
        }
        // What can't be found by firmware is a blocker already.
        for place in layout::places(facts, device).unwrap_or_default() {
            let (label, loader) = (boot.label.clone(), program.clone());
            let (disk, partition, partition_id) = (place.disk, place.number, place.id);
            made.push(BootStep::CreateEntry { disk, partition, label, loader, partition_id });
        }
    }
    let is_same = layout::own_entries(facts)
        .first()
        .and_then(|entry| layout::directory(entry))
        .is_some_and(|name| name.eq_ignore_ascii_case(&boot.directory));
    if is_same {
        checks.push(Check::risk(
            "efi-same-directory",
            format!("The old vendor's boot loader is in EFI/{} like the target's, which takes its place: there is no old one to fall back to.", boot.directory),
            "Have a console or a snapshot at hand.",
        ));
    }
    if !made.is_empty() {
        plan.steps.append(&mut made);
        plan.steps.push(BootStep::BootOnce);
        plan.finish.push(BootStep::PutFirst);
    }
    plan.finish.extend(deletions(facts, efi, old));
    let existing = efi.entries.iter().map(|entry| entry.number).collect();
    plan.rollback.push(BootStep::RestoreEntries { order: efi.order.clone(), existing });
    forget(ground, old, plan);
}

/// What was kept of the old boot loader goes in the end, either way.
fn forget(ground: &Ground<'_>, old: Option<&str>, plan: &mut BootPlan) {
    if let (Some(old), Some(primary)) = (old, layout::primary(ground.facts)) {
        let directory = path(primary, old);
        plan.finish.push(BootStep::RemoveLoader { directory: directory.clone() });
        plan.rollback.push(BootStep::ForgetLoader { directory });
    }
}

/// Another EFI system partition gets a copy if it has a boot loader of Linux already: somebody keeps it for the case that the first disk fails.
fn copy(facts: &BootFacts, partition: &SystemPartition, boot: &TargetBoot, plan: &mut BootPlan) -> bool {
    let Some(primary) = layout::primary(facts) else { return false };
    if !partition.directories.iter().any(partitions::has_linux) {
        return false;
    }
    let to = path(partition, &boot.directory);
    plan.steps.push(BootStep::CopyLoader { from: path(primary, &boot.directory), to: to.clone() });
    if !partition.directories.iter().any(|dir| dir.name.eq_ignore_ascii_case(&boot.directory)) {
        plan.rollback.push(BootStep::RemoveCopy { directory: to });
    }
    true
}

/// The old vendor's entries on this machine's partitions, each program once. Never another system's.
fn deletions(facts: &BootFacts, efi: &EfiFacts, old: Option<&str>) -> Vec<BootStep> {
    let Some(old) = old else { return Vec::new() };
    let ids = layout::ids(facts);
    let is_old = |entry: &&EfiEntry| {
        ids.contains(&entry.partition)
            && layout::directory(entry).is_some_and(|dir| dir.eq_ignore_ascii_case(old))
    };
    let mut loaders: Vec<String> = Vec::new();
    for entry in efi.entries.iter().filter(is_old) {
        if !loaders.iter().any(|loader| loader.eq_ignore_ascii_case(&entry.loader)) {
            loaders.push(entry.loader.clone());
        }
    }
    loaders.into_iter().map(|loader| BootStep::DeleteEntries { loader, partitions: ids.clone() }).collect()
}
