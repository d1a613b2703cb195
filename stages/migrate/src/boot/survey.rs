//! What is found of how a machine boots, whatever it is carried to. Pure.

use super::{kernels_found, layout, partitions};
use crate::check::Check;
use crate::facts::{BlockDevice, BootFacts, EfiFacts, Firmware};

/// Bytes that the kernel keeps free for the firmware's own use (EFI_MIN_RESERVE), and some entries.
const VARIABLE_RESERVE: u64 = 5120 + 4096;

/// All that is found.
pub(super) fn survey(facts: &BootFacts) -> Vec<Check> {
    let mut checks = Vec::new();
    if facts.firmware == Firmware::None && facts.kernels.is_empty() {
        return checks;
    }
    firmware(facts, &mut checks);
    loader(facts, &mut checks);
    if let Some(efi) = &facts.efi {
        system_partitions(facts, efi, &mut checks);
        variables(facts, efi, &mut checks);
        systems(facts, efi, &mut checks);
    }
    if facts.firmware == Firmware::Bios {
        sectors(facts, &mut checks);
        hybrid(facts, &mut checks);
    }
    holder(facts, &mut checks);
    kernels_found::check(facts, &mut checks);
    checks
}

fn firmware(facts: &BootFacts, checks: &mut Vec<Check>) {
    let (what, how) = match facts.firmware {
        Firmware::OpenFirmware => ("Open Firmware or OPAL (POWER)", "PReP partitions"),
        Firmware::Zipl => ("s390's IPL", "zipl"),
        Firmware::None => ("firmware that is not known", "what it starts"),
        Firmware::Bios | Firmware::Uefi => return,
    };
    checks.push(Check::blocker(
        "boot-firmware",
        format!("The machine is started by {what}."),
        format!("Machines with a BIOS or UEFI can be carried over; {how} can't be set up yet."),
    ));
}

fn loader(facts: &BootFacts, checks: &mut Vec<Check>) {
    if !matches!(facts.firmware, Firmware::Bios | Firmware::Uefi) {
        return;
    }
    match facts.loader.as_str() {
        "grub2" => {}
        "" => checks.push(Check::blocker(
            "boot-loader",
            "No boot loader was found: neither /boot/grub2/grub.cfg nor one on an EFI system partition.",
            "Mount /boot and /boot/efi if they are not; if the kernel is started from outside, install grub2 first.",
        )),
        other => checks.push(Check::blocker(
            "boot-loader",
            format!("The boot loader is {other}, whose menu can't be written."),
            "Install grub2, boot with it once, and assess the machine again.",
        )),
    }
    for menu in facts.menus.iter().filter(|menu| !menu.is_stub && !menu.is_generated) {
        checks.push(Check::risk(
            "menu-by-hand",
            format!("{} was not written by grub2-mkconfig.", menu.path),
            "What is not in /etc/default/grub or /etc/grub.d is lost when the menu is written anew: move it there.",
        ));
    }
}

fn system_partitions(facts: &BootFacts, efi: &EfiFacts, checks: &mut Vec<Check>) {
    for one in efi.partitions.iter().filter(|one| one.mount.is_empty() && !one.listed.is_empty()) {
        let device = if one.device.is_empty() { "a device that is not there" } else { &one.device };
        checks.push(Check::blocker(
            "esp-not-mounted",
            format!(
                "{} ({device}) is in /etc/fstab and not mounted: boot loaders would be written beside it.",
                one.listed
            ),
            format!("mount {}", one.listed),
        ));
    }
    let mounted = layout::mounted(facts);
    let listed = efi.partitions.iter().any(|one| !one.listed.is_empty());
    if layout::primary(facts).is_none() && (!listed || !mounted.is_empty()) {
        checks.push(match mounted.first() {
            Some(one) => Check::blocker(
                "esp-place",
                format!(
                    "The EFI system partition is mounted on {}, and packages write to /boot/efi.",
                    one.mount
                ),
                "Mount it on /boot/efi, in /etc/fstab too.",
            ),
            None => Check::blocker(
                "esp-missing",
                "UEFI started the machine, and no EFI system partition is mounted.",
                "Mount the EFI system partition on /boot/efi, in /etc/fstab too.",
            ),
        });
    }
    for one in mounted {
        let Some(device) = layout::device(facts, &one.device) else { continue };
        if let Err(check) = layout::places(facts, device) {
            checks.push(check);
        }
        let below = layout::stack(facts, device);
        for array in facts.arrays.iter().filter(|array| array.missing > 0) {
            if below.iter().any(|device| device.path == array.path) {
                checks.push(Check::risk(
                    "esp-raid-degraded",
                    format!("{} with the EFI system partition lacks {} of its members: no entry is made for these.", array.path, array.missing),
                    format!("Add the member (`mdadm {} --add …`) and wait until it is whole.", array.path),
                ));
            }
        }
        if below.iter().any(|device| device.removable) {
            checks.push(Check::risk(
                "esp-removable",
                format!("The EFI system partition {} is on a device that can be taken out.", one.device),
                "See that it is the one that the machine boots from.",
            ));
        }
    }
}

fn variables(facts: &BootFacts, efi: &EfiFacts, checks: &mut Vec<Check>) {
    let own = layout::own_entries(facts);
    let device = layout::primary(facts).and_then(|one| layout::device(facts, &one.device));
    if own.is_empty() && device.is_some_and(|device| layout::places(facts, device).is_ok()) {
        checks.push(Check::risk(
            "efi-no-entry",
            "No entry of UEFI's boot menu leads to a boot loader on this machine's EFI system partition: firmware starts \\EFI\\BOOT, which a \
             package of the target's replaces.",
            "Nothing has to be done; there is just no old entry to fall back to, so have a console or a snapshot at hand.",
        ));
    }
    if !efi.writable {
        let found = "UEFI's variables can't be written, so that no entry can be made.";
        let advice = "mount -o remount,rw /sys/firmware/efi/efivars; with `noefi` or `efi=noruntime` on the kernel's command line, boot once without.";
        checks.push(match own.is_empty() {
            true => Check::risk("efi-not-writable", found, advice),
            false => Check::blocker("efi-not-writable", found, advice),
        });
    }
    if efi.free_bytes.is_some_and(|free| free < VARIABLE_RESERVE) {
        checks.push(Check::blocker(
            "efi-variables-full",
            format!(
                "UEFI has {} bytes left for variables; {VARIABLE_RESERVE} are needed.",
                efi.free_bytes.unwrap_or_default()
            ),
            "Delete entries that lead nowhere (`efibootmgr -b XXXX -B`) and crash records in /sys/fs/pstore.",
        ));
    } else if efi.dump_variables > 0 {
        checks.push(Check::risk(
            "efi-variables-full",
            format!(
                "{} crash records take room among UEFI's variables; a new entry may not fit.",
                efi.dump_variables
            ),
            "Copy what is in /sys/fs/pstore elsewhere, and delete it there.",
        ));
    }
    if let Some(next) = efi.next {
        checks.push(Check::risk(
            "efi-next-set",
            format!("Boot{next:04X} is set to be booted the next time (BootNext); that will be replaced."),
            "Reboot first if it is meant.",
        ));
    }
    if efi.secure_boot == Some(true) {
        checks.push(Check::info(
            "secure-boot",
            "Secure Boot is on: only what the target's certificates signed will be started afterwards.",
            "Kernels and modules of the old vendor and of third parties need their keys enrolled (`mokutil --import`) to be started again.",
        ));
    }
}

/// Other systems' entries are never touched; it is said which these are.
fn systems(facts: &BootFacts, efi: &EfiFacts, checks: &mut Vec<Check>) {
    let own: Vec<u16> = layout::own_entries(facts).iter().map(|entry| entry.number).collect();
    let others = efi.entries.iter().filter(|entry| {
        let directory = layout::directory(entry).map(str::to_lowercase);
        directory.is_some_and(|name| name != "boot") && !own.contains(&entry.number)
    });
    let labels: Vec<String> =
        others.map(|entry| format!("Boot{:04X} \"{}\"", entry.number, entry.label)).collect();
    if !labels.is_empty() {
        checks.push(Check::info(
            "efi-other-systems",
            format!(
                "Entries of other systems, or of boot loaders that are not there: {}.",
                labels.join(", ")
            ),
            "They stay as they are, behind this machine's own.",
        ));
    }
}

/// On a BIOS machine, grub in the first sector reads `/boot/grub2` and need not be written again; a mirror should have it on each disk.
fn sectors(facts: &BootFacts, checks: &mut Vec<Check>) {
    if facts.loader != "grub2" {
        return;
    }
    let Some(boot) = layout::holder(facts, "/boot") else { return };
    let below = layout::stack(facts, boot);
    let has = |path: &String| facts.boot_sectors.contains(path);
    let disks: Vec<_> =
        below.iter().filter(|device| device.kind == "disk").map(|device| &device.path).collect();
    if facts.boot_sectors.is_empty() {
        checks.push(Check::risk(
            "boot-sector",
            "No disk has grub in its first sector: what starts this machine is not known.",
            "If another boot loader or the hypervisor starts grub or the kernel, see that it finds the new kernel.",
        ));
    } else if below.iter().any(|device| device.kind.starts_with("raid")) {
        for disk in disks.into_iter().filter(|disk| !has(disk)) {
            checks.push(Check::risk(
                "boot-sector",
                format!("{disk} is part of the RAID with /boot and has no boot loader: the machine does not boot from it alone."),
                format!("grub2-install {disk}"),
            ));
        }
    }
}

fn hybrid(facts: &BootFacts, checks: &mut Vec<Check>) {
    let of_type = |device: &&BlockDevice| device.partition_type == partitions::TYPE;
    if let Some(device) = facts.devices.iter().find(of_type) {
        checks.push(Check::info(
            "boot-hybrid",
            format!("The machine was booted by its BIOS and has an EFI system partition too ({}).", device.path),
            "Its menu for UEFI is not looked at from here; if it is ever booted by UEFI, boot it so and assess it again.",
        ));
    }
}

/// What `/boot` lies on.
fn holder(facts: &BootFacts, checks: &mut Vec<Check>) {
    let Some(boot) = layout::holder(facts, "/boot") else { return };
    let below = layout::stack(facts, boot);
    let on =
        |kinds: &[&str]| below.iter().any(|device| kinds.iter().any(|kind| device.kind.starts_with(kind)));
    if on(&["crypt"]) {
        checks.push(Check::risk(
            "boot-encrypted",
            format!("/boot is on {}, which is encrypted: the boot loader has to unlock it.", boot.path),
            "See that GRUB_ENABLE_CRYPTODISK=y is in /etc/default/grub, and that a console is at hand for the passphrase.",
        ));
    }
    // A RAID that the firmware knows is one disk for the boot loader.
    let is_software = |device: &&BlockDevice| {
        let of = facts.arrays.iter().find(|array| array.path == device.path);
        device.kind.starts_with("raid") && !of.is_some_and(|array| array.metadata.starts_with("external:"))
    };
    if on(&["lvm"]) || below.iter().copied().any(|device| is_software(&device)) || boot.content == "btrfs" {
        checks.push(Check::risk(
            "boot-once",
            format!("/boot is on {}, where the boot loader can't write: it goes on booting the new kernel until `finish` or `rollback`, not once.", boot.path),
            "If the new kernel does not come up, choose the old one in the boot menu; have a console at hand.",
        ));
    }
}
