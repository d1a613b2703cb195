//! What lies on what: from a mount point down to disks, by what the kernel says and never by cutting up names.

use std::collections::BTreeSet;

use super::partitions;
use crate::check::Check;
use crate::facts::{BlockDevice, BootFacts, EfiEntry, MdArray, SystemPartition};

/// A partition that firmware can find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The disk for `efibootmgr --disk`.
    pub(super) disk: String,
    /// The partition's number.
    pub(super) number: u32,
    /// Its unique id; empty if it is not known.
    pub(super) id: String,
}

/// A device by its path.
pub(super) fn device<'a>(facts: &'a BootFacts, path: &str) -> Option<&'a BlockDevice> {
    facts.devices.iter().find(|device| device.path == path)
}

/// The device that holds a directory, by the deepest mount point above it.
pub(super) fn holder<'a>(facts: &'a BootFacts, directory: &str) -> Option<&'a BlockDevice> {
    let depth = |device: &&BlockDevice| {
        let above = device.mounts.iter().filter(|mount| is_above(mount, directory));
        above.map(String::len).max()
    };
    let holders = facts.devices.iter().filter(|device| depth(device).is_some());
    holders.max_by_key(|device| depth(device))
}

/// Whether a mount point is a directory, or above it.
pub(super) fn is_above(mount: &str, directory: &str) -> bool {
    let rest = directory.strip_prefix(mount.trim_end_matches('/'));
    rest.is_some_and(|rest| mount.starts_with('/') && (rest.is_empty() || rest.starts_with('/')))
}

/// A device and all that it lies on.
pub(super) fn stack<'a>(facts: &'a BootFacts, top: &'a BlockDevice) -> Vec<&'a BlockDevice> {
    let mut seen = BTreeSet::new();
    let (mut found, mut left) = (Vec::new(), vec![top]);
    while let Some(next) = left.pop() {
        if seen.insert(next.path.as_str()) {
            found.push(next);
            left.extend(next.parents.iter().filter_map(|path| device(facts, path)));
        }
    }
    found
}

fn array<'a>(facts: &'a BootFacts, device: &BlockDevice) -> Option<&'a MdArray> {
    facts.arrays.iter().find(|array| array.path == device.path)
}

/// Where firmware finds what is on a device: one place, or one for each member of a mirror.
pub(super) fn places(facts: &BootFacts, top: &BlockDevice) -> Result<Vec<Place>, Check> {
    match top.kind.as_str() {
        "part" => Ok(vec![partition(facts, top)?]),
        kind if kind.starts_with("raid") => {
            readable(facts, top)?;
            let members = top.parents.iter().filter_map(|path| device(facts, path));
            let places = members.map(|member| match member.kind.as_str() {
                "part" => partition(facts, member),
                _ => Err(unreadable(top, &format!("its member {} is no partition", member.path))),
            });
            places.collect()
        }
        kind => Err(unreadable(top, &format!("it is of the kind `{kind}`"))),
    }
}

fn partition(facts: &BootFacts, part: &BlockDevice) -> Result<Place, Check> {
    let Some(number) = part.partition_number else {
        return Err(unreadable(part, "the kernel does not say its number in the partition table"));
    };
    let Some(disk) = part.parents.first().and_then(|path| device(facts, path)) else {
        return Err(unreadable(part, "its disk is not known"));
    };
    let mut path = disk.path.clone();
    if disk.kind.starts_with("raid") {
        readable(facts, disk)?;
    } else if disk.kind == "mpath" {
        // Every path leads to the same table, and efibootmgr knows no device-mapper devices.
        path = disk.parents.first().cloned().unwrap_or(path);
    } else if disk.kind != "disk" {
        return Err(unreadable(
            part,
            &format!("it is on {}, which is of the kind `{}`", disk.path, disk.kind),
        ));
    }
    Ok(Place { disk: path, number, id: part.partition_id.clone() })
}

/// Whether firmware, which knows nothing of software RAID, can read each member by itself.
fn readable(facts: &BootFacts, device: &BlockDevice) -> Result<(), Check> {
    let metadata = array(facts, device).map_or("", |array| array.metadata.as_str());
    if device.kind != "raid1" {
        return Err(unreadable(device, &format!("it is a {}, and firmware reads single disks", device.kind)));
    }
    if ["1.0", "0.90"].contains(&metadata) || metadata.starts_with("external:") {
        return Ok(());
    }
    let known = if metadata.is_empty() { "an unknown version" } else { metadata };
    Err(Check::blocker(
        "esp-raid-metadata",
        format!(
            "The EFI system partition is on {}, a RAID with metadata {known}, which is at the beginning of each member: firmware can't read it.",
            device.path
        ),
        "Make the array anew with `mdadm --create --metadata=1.0`, and copy the files back.",
    ))
}

fn unreadable(device: &BlockDevice, why: &str) -> Check {
    Check::blocker(
        "esp-unreadable",
        format!("Where firmware finds the EFI system partition {} can't be said: {why}.", device.path),
        "Put the EFI system partition on a plain partition, or on a RAID1 of partitions with metadata 1.0.",
    )
}

/// EFI system partitions that are mounted, the one that packages write to first.
pub(super) fn mounted(facts: &BootFacts) -> Vec<&SystemPartition> {
    let all = facts.efi.iter().flat_map(|efi| &efi.partitions);
    let mut found: Vec<_> = all.filter(|one| !one.mount.is_empty() && !one.device.is_empty()).collect();
    found.sort_by_key(|one| (one.mount != partitions::PLACE, one.mount.clone()));
    found
}

/// The EFI system partition that packages write to.
pub(super) fn primary(facts: &BootFacts) -> Option<&SystemPartition> {
    mounted(facts).into_iter().find(|one| one.mount == partitions::PLACE)
}

/// Unique ids of the partitions that a mounted EFI system partition consists of.
pub(super) fn ids(facts: &BootFacts) -> Vec<String> {
    let tops = mounted(facts).into_iter().filter_map(|one| device(facts, &one.device));
    let places = tops.filter_map(|top| places(facts, top).ok()).flatten();
    places.map(|place| place.id).filter(|id| !id.is_empty()).collect()
}

/// The directory below `EFI/` that an entry's program is in: `centos` of `\EFI\centos\shimx64.efi`.
pub(super) fn directory(entry: &EfiEntry) -> Option<&str> {
    let mut parts = entry.loader.split('\\').filter(|part| !part.is_empty());
    let (efi, directory, _) = (parts.next()?, parts.next()?, parts.next()?);
    efi.eq_ignore_ascii_case("EFI").then_some(directory)
}

/// Entries that lead to a boot loader of Linux on this machine's own EFI system partitions: the booted one first, then by order.
pub(super) fn own_entries(facts: &BootFacts) -> Vec<&EfiEntry> {
    let Some(efi) = &facts.efi else { return Vec::new() };
    let ids = ids(facts);
    let has = |name: &str| {
        let dirs = mounted(facts).into_iter().flat_map(|one| &one.directories);
        dirs.into_iter().any(|dir| dir.name.eq_ignore_ascii_case(name) && partitions::has_linux(dir))
    };
    let mut found: Vec<&EfiEntry> = efi
        .entries
        .iter()
        .filter(|entry| ids.contains(&entry.partition) && directory(entry).is_some_and(has))
        .collect();
    let rank = |entry: &EfiEntry| efi.order.iter().position(|number| *number == entry.number);
    found.sort_by_key(|entry| {
        (efi.current != Some(entry.number), rank(entry).unwrap_or(usize::MAX), entry.number)
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_above() {
        assert!(is_above("/", "/boot") && is_above("/boot", "/boot") && is_above("/boot", "/boot/efi"));
        assert!(
            !is_above("/boo", "/boot") && !is_above("[SWAP]", "/boot") && !is_above("/boot/efi", "/boot")
        );
    }

    #[test]
    fn a_ring_of_devices_ends() {
        let one = |path: &str, parent: &str| BlockDevice {
            path: path.to_owned(),
            parents: vec![parent.to_owned()],
            ..BlockDevice::default()
        };
        let facts = BootFacts { devices: vec![one("a", "b"), one("b", "a")], ..BootFacts::default() };
        assert_eq!(stack(&facts, &facts.devices[0]).len(), 2);
    }

    #[test]
    fn directories_of_programs() {
        let of = |loader: &str| {
            directory(&EfiEntry { loader: loader.to_owned(), ..EfiEntry::default() }).map(str::to_owned)
        };
        assert_eq!(of(r"\EFI\centos\shimx64.efi").as_deref(), Some("centos"));
        assert_eq!(of(r"\efi\Microsoft\Boot\bootmgfw.efi").as_deref(), Some("Microsoft"));
        assert_eq!(of(r"\EFI\x.efi"), None);
        assert_eq!(of(""), None);
    }
}
