//! EFI system partitions: which there are, and what boots from them.

use super::files::{names, size, text};
use crate::facts::{BlockDevice, EfiFacts, LoaderDirectory, SystemPartition};
use crate::machine::Machine;

/// The type of an EFI system partition in a GPT.
pub(super) const TYPE: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
/// Its type in a DOS table.
const DOS_TYPE: &str = "0xef";
/// Where Enterprise Linux mounts it, and where its packages have their files.
pub(super) const PLACE: &str = "/boot/efi";
/// Where others do.
const PLACES: &[&str] = &[PLACE, "/efi"];

/// Directories that are looked at.
const MOST_DIRECTORIES: usize = 200;

/// All of them, mounted or not, and lines of fstab for one whose device is not known.
pub(super) fn look(machine: &Machine, devices: &[BlockDevice]) -> Vec<SystemPartition> {
    let lines = table(&text(machine, "/etc/fstab").unwrap_or_default());
    let mut found: Vec<SystemPartition> = devices
        .iter()
        .filter(|device| is_system_partition(device, devices))
        .map(|device| {
            let of = |(spec, _): &&(String, String)| names_device(machine, spec, device);
            let listed = lines.iter().find(of).map(|(_, point)| point.clone());
            let mount = device.mounts.first().cloned().unwrap_or_default();
            let directories = if mount.is_empty() { Vec::new() } else { directories_of(machine, &mount) };
            SystemPartition {
                device: device.path.clone(),
                mount,
                listed: listed.unwrap_or_default(),
                directories,
            }
        })
        .collect();
    for (_, point) in lines.iter().filter(|(_, point)| PLACES.contains(&point.as_str())) {
        let known = |one: &SystemPartition| one.listed == *point || one.mount == *point;
        if !found.iter().any(known) {
            found.push(SystemPartition { listed: point.clone(), ..SystemPartition::default() });
        }
    }
    found
}

/// Lines of fstab with a file system of FAT: what is mounted, and where.
fn table(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            match fields[..] {
                [spec, point, kind, ..] if ["vfat", "msdos", "auto"].contains(&kind) => {
                    Some((spec.trim_matches('"').to_owned(), point.to_owned()))
                }
                _ => None,
            }
        })
        .collect()
}

/// Whether what stands in fstab is this device: its path, a link to it, or an id that udev has a link for.
fn names_device(machine: &Machine, spec: &str, device: &BlockDevice) -> bool {
    let path = match spec.split_once('=') {
        Some(("PARTUUID", id)) if id.eq_ignore_ascii_case(&device.partition_id) => return true,
        Some((kind, id)) => format!("/dev/disk/by-{}/{}", kind.to_lowercase(), id.trim_matches('"')),
        None => spec.to_owned(),
    };
    path == device.path
        || machine.resolve(&path).ok().is_some_and(|place| machine.resolve(&device.path).ok() == Some(place))
}

/// Whether it is one. What lies below an array or several paths is not; what lies above is.
fn is_system_partition(device: &BlockDevice, all: &[BlockDevice]) -> bool {
    let is_mounted = device.mounts.iter().any(|mount| PLACES.contains(&mount.as_str()));
    let is_marked = device.partition_type == TYPE || device.partition_type == DOS_TYPE;
    let is_below =
        device.content.ends_with("_member") || all.iter().any(|other| other.parents.contains(&device.path));
    let disk_is_below = device
        .parents
        .iter()
        .any(|parent| all.iter().any(|other| other.path == *parent && other.content.ends_with("_member")));
    is_mounted || (is_marked && !is_below && !disk_is_below)
}

fn directories_of(machine: &Machine, mount: &str) -> Vec<LoaderDirectory> {
    names(machine, &format!("{mount}/EFI"))
        .into_iter()
        .take(MOST_DIRECTORIES)
        .map(|name| {
            let path = format!("{mount}/EFI/{name}");
            let files = names(machine, &path);
            let bytes = files.iter().map(|file| size(machine, &format!("{path}/{file}"))).sum();
            let programs = files.into_iter().filter(|file| file.to_lowercase().ends_with(".efi")).collect();
            LoaderDirectory { name, programs, bytes }
        })
        .collect()
}

/// Paths of all directories below `EFI/` of mounted ones.
pub(super) fn directories(efi: Option<&EfiFacts>) -> Vec<String> {
    let partitions = efi.into_iter().flat_map(|efi| &efi.partitions);
    let paths = partitions.filter(|partition| !partition.mount.is_empty()).flat_map(|partition| {
        partition.directories.iter().map(|dir| format!("{}/EFI/{}", partition.mount, dir.name))
    });
    paths.collect()
}

/// Whether a directory has a boot loader of Linux: shim or grub.
pub(super) fn has_linux(directory: &LoaderDirectory) -> bool {
    let is_shared = ["boot", "microsoft"].contains(&directory.name.to_lowercase().as_str());
    let is_ours = |program: &String| {
        let program = program.to_lowercase();
        program.starts_with("shim") || program.starts_with("grub")
    };
    !is_shared && directory.programs.iter().any(is_ours)
}
