//! Whether boot partitions have room for what is added to them.

use super::Ground;
use crate::boot::{kernels_found, layout, partitions};
use crate::check::Check;
use crate::facts::{Mount, SystemPartition};

/// What a kernel takes that nothing is known of.
const KERNEL: u64 = 100 << 20;
/// What shim, grub and their helpers take if there is no directory to measure.
const LOADER: u64 = 12 << 20;

/// The file system that a directory is on.
fn mount<'a>(mounts: &'a [Mount], directory: &str) -> Option<&'a Mount> {
    let above = mounts.iter().filter(|mount| layout::is_above(&mount.point, directory));
    above.max_by_key(|mount| mount.point.len())
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

/// `/boot` needs room for one more kernel, as large as the largest and a tenth more.
pub(super) fn boot(ground: &Ground<'_>, checks: &mut Vec<Check>) {
    let (Some(kernel), Some(mount)) = (ground.kernel, mount(ground.mounts, "/boot")) else { return };
    let of_machine = ground.facts.kernels.iter().filter(|kernel| !kernels_found::is_rescue(kernel));
    let largest = of_machine.map(|kernel| kernel.boot_bytes).max().unwrap_or_default();
    let needed = match largest {
        0 => KERNEL,
        bytes => bytes + bytes / 10,
    };
    if mount.read_only {
        checks.push(Check::blocker(
            "boot-read-only",
            format!("{} is mounted read-only.", mount.point),
            format!("mount -o remount,rw {}", mount.point),
        ));
    }
    if mount.free < needed {
        checks.push(Check::blocker(
            "boot-space",
            format!(
                "{} has {} free, and the kernel {kernel} needs {}.",
                mount.point,
                mebibytes(mount.free),
                mebibytes(needed)
            ),
            "Remove old kernels: dnf remove --oldinstallonly (EL7: package-cleanup --oldkernels --count=1).",
        ));
    }
}

/// The EFI system partition needs room for another boot loader beside the old one, which stays until the end.
pub(super) fn system_partition(ground: &Ground<'_>, partition: &SystemPartition, checks: &mut Vec<Check>) {
    let Some(mount) = mount(ground.mounts, &partition.mount).filter(|mount| mount.point == partition.mount)
    else {
        return;
    };
    let dirs = partition.directories.iter().filter(|dir| partitions::has_linux(dir));
    let largest = dirs.map(|dir| dir.bytes).max().unwrap_or_default();
    let needed = match largest {
        0 => LOADER,
        bytes => bytes + bytes / 4,
    };
    if mount.read_only {
        checks.push(Check::blocker(
            "esp-read-only",
            format!("{} is mounted read-only.", mount.point),
            format!("mount -o remount,rw {}; if it falls back, check it with fsck.vfat first.", mount.point),
        ));
    }
    if mount.free < needed {
        checks.push(Check::blocker(
            "esp-space",
            format!(
                "{} has {} free, and another boot loader beside the old one needs {}.",
                mount.point,
                mebibytes(mount.free),
                mebibytes(needed)
            ),
            format!("Delete directories below {}/EFI that no boot entry leads to.", mount.point),
        ));
    }
}
