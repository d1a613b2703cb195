//! Which kernels a machine has, what they take in `/boot`, and which one boots.

use super::files;
use super::menus::{self, Entry};
use crate::facts::{BootMenu, InstalledKernel};
use crate::machine::Machine;

/// Where the boot loader's entries are.
pub(super) const ENTRIES: &str = "/boot/loader/entries";
/// Menus that a machine can have outside of EFI system partitions.
const MENU: &str = "/boot/grub2/grub.cfg";
/// grub's environment block; on UEFI of EL7 and EL8 a link to the one on the EFI system partition.
pub(super) const ENVIRONMENT: &str = "/boot/grub2/grubenv";

/// What a kernel's files in `/boot` are called: what stands before its version, and behind.
const FILES: &[(&str, &[&str])] = &[
    ("vmlinuz-", &[""]),
    (".vmlinuz-", &[".hmac"]),
    ("initramfs-", &[".img", "kdump.img"]),
    ("initrd-", &["", ".img"]),
    ("System.map-", &[""]),
    ("config-", &[""]),
    ("symvers-", &["", ".gz", ".xz"]),
];

/// Kernels with their files, without packages.
pub(super) fn installed(machine: &Machine, entries: &[Entry], menus: &[BootMenu]) -> Vec<InstalledKernel> {
    let names = files::names(machine, "/boot");
    let mut listed: Vec<String> = entries.iter().map(|entry| entry.version.clone()).collect();
    for menu in menus {
        let text = files::text(machine, &menu.path).unwrap_or_default();
        listed.extend(menus::listed(&text).into_iter().map(|(version, _)| version));
    }
    names
        .iter()
        .filter_map(|name| name.strip_prefix("vmlinuz-"))
        .map(|version| {
            let size = |name: &String| files::size(machine, &format!("/boot/{name}"));
            InstalledKernel {
                version: version.to_owned(),
                package: String::new(),
                boot_bytes: names.iter().filter(|name| is_of(name, version)).map(size).sum(),
                initramfs_bytes: files::size(machine, &initramfs(version)),
                has_entry: listed.iter().any(|entry| entry == version),
            }
        })
        .collect()
}

/// Where a kernel's initramfs is.
pub(super) fn initramfs(version: &str) -> String {
    format!("/boot/initramfs-{version}.img")
}

fn is_of(name: &str, version: &str) -> bool {
    let rest = |prefix: &str| name.strip_prefix(prefix)?.strip_prefix(version);
    FILES.iter().any(|(prefix, ends)| rest(prefix).is_some_and(|rest| ends.contains(&rest)))
}

/// Files of the Boot Loader Specification.
pub(super) fn entries(machine: &Machine) -> Vec<Entry> {
    files::names(machine, ENTRIES)
        .iter()
        .filter_map(|name| {
            let text = files::text(machine, &format!("{ENTRIES}/{name}"))?;
            Some(Entry::parse(name.strip_suffix(".conf")?, &text))
        })
        .collect()
}

/// Menus of grub: in `/boot/grub2`, and in each directory of a mounted EFI system partition.
pub(super) fn menus(machine: &Machine, directories: &[String]) -> Vec<BootMenu> {
    let paths = directories.iter().map(|directory| format!("{directory}/grub.cfg"));
    std::iter::once(MENU.to_owned())
        .chain(paths)
        .filter_map(|path| Some(menus::menu(&path, &files::text(machine, &path)?)))
        .collect()
}

/// The kernel that boots by default: as grubby says, else by `saved_entry`.
pub(super) fn default(machine: &Machine, entries: &[Entry], kernels: &[InstalledKernel]) -> String {
    if let Ok(said) = files::output(machine, "grubby", &["--default-kernel"])
        && let Some((_, version)) = said.trim().rsplit_once("vmlinuz-")
    {
        return version.to_owned();
    }
    let block = files::text(machine, ENVIRONMENT).unwrap_or_default();
    let Some(saved) = menus::variable(&block, "saved_entry") else { return String::new() };
    if let Some(entry) = entries.iter().find(|entry| entry.id == saved || entry.title == saved) {
        return entry.version.clone();
    }
    // A title has the version in it: `CentOS Linux (3.10.0-1160.el7.x86_64) 7 (Core)`.
    let named = kernels.iter().filter(|kernel| saved.contains(&kernel.version));
    named.max_by_key(|kernel| kernel.version.len()).map_or_else(String::new, |kernel| kernel.version.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_version_are_not_those_of_another() {
        for name in [
            "vmlinuz-5.14.0-1.el9.x86_64",
            ".vmlinuz-5.14.0-1.el9.x86_64.hmac",
            "initramfs-5.14.0-1.el9.x86_64kdump.img",
            "symvers-5.14.0-1.el9.x86_64.gz",
        ] {
            assert!(is_of(name, "5.14.0-1.el9.x86_64"), "{name}");
        }
        for name in
            ["vmlinuz-5.14.0-1.el9.x86_64+debug", "initramfs-5.14.0-1.el9.x86_64+rt.img", "grub2", "efi"]
        {
            assert!(!is_of(name, "5.14.0-1.el9.x86_64"), "{name}");
        }
    }
}
