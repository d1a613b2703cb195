//! What is found about the kernels that a machine has. Pure.

use super::layout;
use crate::check::Check;
use crate::facts::{BootFacts, Firmware, InstalledKernel};

/// Marks of kernels that are not Enterprise Linux's own, in versions or packages: ELRepo's and Oracle's.
const FOREIGN: &[(&str, &str)] = &[
    ("elrepo", "ELRepo's"),
    ("kernel-lt", "ELRepo's"),
    ("kernel-ml", "ELRepo's"),
    ("uek", "Oracle's (UEK)"),
    ("kernel-plus", "CentOS' plus"),
    (".centos.plus", "CentOS' plus"),
];

/// Whether it is the kernel for repairs that is made at installation.
pub(super) fn is_rescue(kernel: &InstalledKernel) -> bool {
    kernel.version.starts_with("0-rescue-")
}

/// What is found.
pub(super) fn check(facts: &BootFacts, checks: &mut Vec<Check>) {
    if !matches!(facts.firmware, Firmware::Bios | Firmware::Uefi) {
        return;
    }
    if facts.kernels.iter().all(is_rescue) {
        checks.push(Check::blocker(
            "boot-kernel",
            "There is no kernel in /boot.",
            "Mount /boot if it is not mounted; else install a kernel and boot it.",
        ));
        return;
    }
    running(facts, checks);
    let rescue: Vec<&str> = facts
        .kernels
        .iter()
        .filter(|kernel| is_rescue(kernel))
        .map(|kernel| kernel.version.as_str())
        .collect();
    if !rescue.is_empty() {
        checks.push(Check::info(
            "rescue-kernel",
            "The rescue kernel in the boot menu stays the old vendor's.",
            "Once all is well: rm /boot/*0-rescue* /boot/loader/entries/*0-rescue*, then reinstall the kernel's package (kernel-core, or kernel on EL7).",
        ));
    }
    let silent = |kernel: &&InstalledKernel| !is_rescue(kernel) && !kernel.has_entry;
    for kernel in facts.kernels.iter().filter(silent) {
        checks.push(Check::risk(
            "kernel-without-entry",
            format!("The kernel {} is not in the boot menu.", kernel.version),
            "grub2-mkconfig -o /boot/grub2/grub.cfg (with BLS: kernel-install add), or remove the kernel.",
        ));
    }
    if !facts.default_kernel.is_empty() && !facts.kernels.iter().any(|k| k.version == facts.default_kernel) {
        checks.push(Check::risk(
            "default-kernel",
            format!("The kernel {} that boots by default is not in /boot.", facts.default_kernel),
            "grubby --set-default /boot/vmlinuz-VERSION, with a kernel that is there.",
        ));
    }
}

fn running(facts: &BootFacts, checks: &mut Vec<Check>) {
    let running = facts.running_kernel.as_str();
    if running.is_empty() {
        return;
    }
    let installed = facts.kernels.iter().find(|kernel| kernel.version == running);
    let foreign = FOREIGN.iter().find(|(mark, _)| running.contains(mark));
    let is_secured = facts.efi.as_ref().is_some_and(|efi| efi.secure_boot == Some(true));
    if let Some((_, whose)) = foreign {
        let found = format!(
            "The kernel that runs, {running}, is {whose}: the target's own takes its place as the default."
        );
        let advice = match is_secured {
            true => {
                "What needs it (file systems, drivers) must work with the target's kernel; with Secure Boot this one starts only if its key is enrolled."
            }
            false => {
                "What needs it (file systems, drivers) must work with the target's kernel; this one stays installed and can be chosen in the boot menu."
            }
        };
        checks.push(Check::risk("running-kernel-foreign", found, advice));
    }
    if installed.is_none() {
        let boot = layout::holder(facts, "/boot").map_or("no device that is known", |device| &device.path);
        checks.push(Check::risk(
            "running-kernel-missing",
            format!(
                "The kernel that runs, {running}, is not in /boot (on {boot}): there is no booting it again."
            ),
            "Reboot into an installed kernel first.",
        ));
    }
    if !facts.default_kernel.is_empty() && installed.is_some() && facts.default_kernel != running {
        checks.push(Check::info(
            "default-kernel",
            format!(
                "{running} runs, and {} boots by default: on the way back the latter does.",
                facts.default_kernel
            ),
            "Reboot first if the default was never tried.",
        ));
    }
}
