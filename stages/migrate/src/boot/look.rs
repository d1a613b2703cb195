//! What is known of how a machine boots. Reads only.

use super::entries::Menu;
use super::files::{exists, names, output, text};
use super::{arrays, devices, kernels, partitions, survey};
use crate::check::Check;
use crate::facts::{BlockDevice, BootFacts, EfiFacts, Firmware, MdArray};
use crate::machine::Machine;

const VARIABLES: &str = "/sys/firmware/efi/efivars";
/// EFI_GLOBAL_VARIABLE, the name space of UEFI's own variables.
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// Looks. Gives facts, what was found about them, and what could not be looked at.
pub(super) fn look(machine: &Machine) -> (BootFacts, Vec<Check>, Vec<String>) {
    let mut unseen = Vec::new();
    let firmware = firmware(machine);
    let devices = block_devices(machine, &mut unseen);
    let mut facts = BootFacts {
        firmware,
        arrays: md_arrays(machine),
        running_kernel: line(machine, "/proc/sys/kernel/osrelease"),
        command_line: line(machine, "/proc/cmdline"),
        ..BootFacts::default()
    };
    if firmware == Firmware::Uefi {
        facts.efi = Some(efi(machine, &devices, &facts.command_line, &mut unseen));
    }
    facts.devices = devices;
    let directories = partitions::directories(facts.efi.as_ref());
    facts.menus = kernels::menus(machine, &directories);
    let entries = kernels::entries(machine);
    let uses_bls = facts.menus.is_empty() || facts.menus.iter().any(|menu| menu.uses_bls);
    facts.has_bls = !entries.is_empty() && uses_bls;
    facts.kernels = kernels::installed(machine, &entries, &facts.menus);
    facts.default_kernel = kernels::default(machine, &entries, &facts.kernels);
    facts.loader = loader(machine, &facts);
    facts.boot_sectors = boot_sectors(machine, &facts, &mut unseen);
    let checks = survey::survey(&facts);
    (facts, checks, unseen)
}

fn line(machine: &Machine, path: &str) -> String {
    text(machine, path).unwrap_or_default().trim().to_owned()
}

/// What started the machine, by what the kernel has of it in sysfs. A container sees that of its host and boots by nothing.
fn firmware(machine: &Machine) -> Firmware {
    let any = |paths: &[&str]| paths.iter().any(|path| exists(machine, path));
    if any(&["/run/.containerenv", "/.dockerenv", "/run/systemd/container"]) {
        return Firmware::None;
    }
    if any(&["/sys/firmware/efi"]) {
        return Firmware::Uefi;
    }
    if any(&["/sys/firmware/ipl"]) {
        return Firmware::Zipl;
    }
    if any(&["/proc/device-tree/rtas", "/proc/device-tree/ibm,opal"]) {
        return Firmware::OpenFirmware;
    }
    match any(&["/sys/firmware/acpi", "/sys/firmware/dmi", "/sys/firmware/memmap", "/sys/firmware/edd"]) {
        true => Firmware::Bios,
        false => Firmware::None,
    }
}

/// All block devices, with what sysfs and udev know beyond `lsblk`.
fn block_devices(machine: &Machine, unseen: &mut Vec<String>) -> Vec<BlockDevice> {
    let mut printed = match printed(machine) {
        Ok(printed) => printed,
        Err(why) => {
            unseen.push(format!("Block devices: {why}."));
            return Vec::new();
        }
    };
    for one in &mut printed {
        let system = format!("/sys/class/block/{}", one.kernel_name.replace('/', "!"));
        if one.device.kind == "part" {
            let number = line(machine, &format!("{system}/partition")).parse().ok();
            let mapped = || devices::number_of_mapped(&line(machine, &format!("{system}/dm/uuid")));
            one.device.partition_number = number.or_else(mapped);
        }
        let numbers = match one.numbers.as_str() {
            "" => line(machine, &format!("{system}/dev")),
            numbers => numbers.trim().to_owned(),
        };
        if let Some(data) = text(machine, &format!("/run/udev/data/b{numbers}")) {
            devices::add_udev(&mut one.device, &data);
        }
        // Where udev does not run, as in a rescue system's chroot, lsblk knows no ids of partitions.
        if one.device.kind == "part"
            && one.device.partition_id.is_empty()
            && let Ok(said) = output(machine, "blkid", &["-p", "-o", "udev", &one.device.path])
        {
            devices::add_udev(&mut one.device, &said);
        }
    }
    devices::finish(printed)
}

/// Asks for fewer columns until `lsblk` knows them all.
fn printed(machine: &Machine) -> Result<Vec<devices::Printed>, String> {
    let mut why = String::new();
    for columns in [devices::COLUMNS, devices::OLDER_COLUMNS] {
        match output(machine, "lsblk", &["--json", "--bytes", "--output", columns]) {
            Ok(said) => return devices::from_json(&said).ok_or("`lsblk --json` printed no JSON".to_owned()),
            Err(error) => why = error,
        }
    }
    for columns in [devices::OLDER_COLUMNS, devices::OLDEST_COLUMNS] {
        match output(machine, "lsblk", &["--pairs", "--bytes", "--output", columns]) {
            Ok(said) => return Ok(devices::from_pairs(&said)),
            Err(error) => why = error,
        }
    }
    Err(why)
}

fn md_arrays(machine: &Machine) -> Vec<MdArray> {
    let mut found = arrays::from_mdstat(&text(machine, "/proc/mdstat").unwrap_or_default());
    for array in &mut found {
        if let Ok(said) = output(machine, "mdadm", &["--detail", "--export", &array.path]) {
            arrays::add_export(array, &said);
        }
    }
    found
}

fn efi(machine: &Machine, devices: &[BlockDevice], command_line: &str, unseen: &mut Vec<String>) -> EfiFacts {
    let menu = match output(machine, "efibootmgr", &["-v"]) {
        Ok(said) => Menu::parse(&said),
        Err(why) => {
            unseen.push(format!("UEFI's boot menu: {why}."));
            Menu::default()
        }
    };
    let partitions = partitions::look(machine, devices);
    let mounted = partitions.iter().filter(|partition| !partition.mount.is_empty());
    let programs = mounted.clone().flat_map(|partition| {
        let each = partition.directories.iter();
        each.flat_map(|dir| dir.programs.iter().map(move |program| format!("{}/{program}", dir.name)))
    });
    let mut programs: Vec<String> = programs.collect();
    programs.sort();
    programs.dedup();
    let names = names(machine, VARIABLES);
    EfiFacts {
        // Firmware that does not say is of 64 bits: kernels that do not have the file knew no other.
        bits: line(machine, "/sys/firmware/efi/fw_platform_size").parse().unwrap_or(64),
        secure_boot: secure_boot(machine),
        writable: is_writable(machine, command_line),
        current: menu.current,
        next: menu.next,
        order: menu.order,
        entries: menu.entries,
        system_partitions: mounted.map(|partition| partition.mount.clone()).collect(),
        programs,
        partitions,
        dump_variables: names
            .iter()
            .filter(|name| name.starts_with("dump-type0-"))
            .count()
            .try_into()
            .unwrap_or(u32::MAX),
        free_bytes: free(machine),
    }
}

/// The variable: four bytes of attributes, then 1 if it is on. Kernels before 3.10 have it as a directory.
fn secure_boot(machine: &Machine) -> Option<bool> {
    let content = super::files::bytes(machine, &format!("{VARIABLES}/SecureBoot-{GLOBAL}"), 16);
    match content.as_deref() {
        Some([_, _, _, _, value]) => Some(*value == 1),
        _ => {
            let old = format!("/sys/firmware/efi/vars/SecureBoot-{GLOBAL}/data");
            super::files::bytes(machine, &old, 1)?.first().map(|value| *value == 1)
        }
    }
}

/// Whether variables can be written: the kernel calls the firmware, and their file system is mounted for writing.
fn is_writable(machine: &Machine, command_line: &str) -> bool {
    let without = |word: &str| {
        word == "noefi"
            || word.strip_prefix("efi=").is_some_and(|list| list.split(',').any(|x| x == "noruntime"))
    };
    if command_line.split_whitespace().any(without) {
        return false;
    }
    let mounts = text(machine, "/proc/mounts").unwrap_or_default();
    let options = mounts.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        (fields.get(2) == Some(&"efivarfs")).then(|| fields.get(3).copied().unwrap_or_default())
    });
    let each: Vec<&str> = options.collect();
    match each.is_empty() {
        true => exists(machine, "/sys/firmware/efi/vars"),
        false => each.iter().any(|options| options.split(',').any(|option| option == "rw")),
    }
}

/// Bytes that are free for variables. Older kernels say nothing: a file system of no blocks.
fn free(machine: &Machine) -> Option<u64> {
    let place = machine.resolve(VARIABLES).ok()?;
    /// EFIVARFS_MAGIC of the kernel.
    const MAGIC: u64 = 0xde5e_81e4;
    let kind = rustix::fs::statfs(&place).ok()?;
    let is_there = u64::try_from(kind.f_type).is_ok_and(|kind| kind & 0xffff_ffff == MAGIC);
    let data = rustix::fs::statvfs(&place).ok()?;
    (is_there && data.f_blocks > 0).then(|| data.f_bavail.saturating_mul(data.f_frsize))
}

/// Which boot loader it is.
fn loader(machine: &Machine, facts: &BootFacts) -> String {
    let booted = facts.efi.as_ref().and_then(|efi| {
        let current = efi.current?;
        efi.entries.iter().find(|entry| entry.number == current)
    });
    let is_booted = |part: &str| booted.is_some_and(|entry| entry.loader.to_lowercase().contains(part));
    let variables = names(machine, VARIABLES);
    let set = |name: &str| {
        let file = variables.iter().find(|file| file.starts_with(name))?;
        super::files::bytes(machine, &format!("{VARIABLES}/{file}"), 512)
    };
    // The boot loader says its name in UTF-16.
    let says = set("LoaderInfo-").is_some_and(|bytes| {
        let letters: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0).collect();
        String::from_utf8_lossy(&letters).contains("systemd-boot")
    });
    let any = |paths: &[&str]| paths.iter().any(|path| exists(machine, path));
    let name = if says || is_booted("systemd-boot") {
        "systemd-boot"
    } else if facts.firmware == Firmware::Zipl || any(&["/etc/zipl.conf"]) {
        "zipl"
    } else if !facts.menus.is_empty() {
        "grub2"
    } else if any(&["/boot/grub/grub.conf", "/boot/grub/menu.lst"]) {
        "grub-legacy"
    } else if any(&["/boot/extlinux/extlinux.conf", "/boot/extlinux.conf", "/boot/syslinux/syslinux.cfg"]) {
        "extlinux"
    } else {
        ""
    };
    name.to_owned()
}

/// Disks whose first sector has grub's code. On UEFI nothing is in it that matters.
fn boot_sectors(machine: &Machine, facts: &BootFacts, unseen: &mut Vec<String>) -> Vec<String> {
    if facts.firmware != Firmware::Bios {
        return Vec::new();
    }
    let disks = facts.devices.iter().filter(|device| device.kind == "disk" || device.kind == "mpath");
    disks
        .filter(|disk| match super::files::bytes(machine, &disk.path, 512) {
            Some(sector) => is_grub(&sector),
            None => {
                unseen.push(format!("The first sector of {} can't be read.", disk.path));
                false
            }
        })
        .map(|disk| disk.path.clone())
        .collect()
}

/// grub's boot.img has its name among its messages, and ends as every boot sector does.
fn is_grub(sector: &[u8]) -> bool {
    sector.len() == 512
        && sector.ends_with(&[0x55, 0xaa])
        && sector[..440].windows(5).any(|window| window == b"GRUB ")
}
