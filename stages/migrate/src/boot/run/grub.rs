//! grub's menu and environment, through `grubby`, `grub2-reboot` and their like.

use std::io;

use super::{loaders, tool};
use crate::boot::{BootError, files, kernels, menus};
use crate::machine::Machine;

/// A kernel is booted the next time, once; the default stays.
pub(super) fn boot_once(machine: &Machine, kernel: &str) -> Result<(), BootError> {
    let entry = entry(machine, kernel)?;
    tool(machine, "grub2-reboot", &[&entry]).map(drop)
}

/// What the menu calls a kernel's entry: the file's name with BLS, else its title.
fn entry(machine: &Machine, kernel: &str) -> Result<String, BootError> {
    let entries = kernels::entries(machine);
    if let Some(entry) = entries.into_iter().find(|entry| entry.version == kernel) {
        return Ok(entry.id);
    }
    let listed = |menu: &str| {
        let text = files::text(machine, menu)?;
        menus::listed(&text).into_iter().find(|(version, _)| version == kernel).map(|(_, title)| title)
    };
    // `/etc/grub2-efi.cfg` and `/etc/grub2.cfg` lead to the menu that is used, on EL7 to the one on the EFI system partition.
    let is_uefi = files::exists(machine, "/sys/firmware/efi");
    let order = if is_uefi {
        ["/etc/grub2-efi.cfg", "/boot/grub2/grub.cfg"]
    } else {
        ["/etc/grub2.cfg", "/boot/grub2/grub.cfg"]
    };
    order.into_iter().find_map(listed).ok_or_else(|| BootError::NotInMenu { kernel: kernel.to_owned() })
}

/// A kernel boots by default, and no other one the next time.
pub(super) fn set_default(machine: &Machine, kernel: &str) -> Result<(), BootError> {
    match files::exists(machine, "/usr/sbin/grubby") || files::exists(machine, "/sbin/grubby") {
        true => tool(machine, "grubby", &["--set-default", &format!("/boot/vmlinuz-{kernel}")])?,
        false => tool(machine, "grub2-set-default", &[&entry(machine, kernel)?])?,
    };
    let block = files::text(machine, kernels::ENVIRONMENT).unwrap_or_default();
    match menus::variable(&block, "next_entry") {
        Some(_) => tool(machine, "grub2-editenv", &["-", "unset", "next_entry"]).map(drop),
        None => Ok(()),
    }
}

/// Writes the small menu that leads to the one in `/boot/grub2`, if there is none: like the old vendor's, whose administrator may have added lines,
/// else as the scripts of grub2-common write it.
pub(super) fn write_stub(machine: &Machine, path: &str, like: &str) -> Result<(), BootError> {
    if files::text(machine, path).is_some_and(|text| !text.trim().is_empty()) {
        return Ok(());
    }
    let old = files::text(machine, like).filter(|text| !like.is_empty() && menus::menu(like, text).is_stub);
    let text = match old {
        Some(text) => text,
        None => {
            let id = tool(machine, "grub2-probe", &["--target=fs_uuid", "/boot/grub2"])?;
            let prefix = tool(machine, "grub2-mkrelpath", &["/boot/grub2"])?;
            stub(id.trim(), prefix.trim())
        }
    };
    let (directory, name) = path.rsplit_once('/').ok_or_else(|| BootError::File {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidInput, "it is no absolute path"),
    })?;
    loaders::write(machine, directory, name, text.as_bytes())
}

fn stub(id: &str, prefix: &str) -> String {
    format!(
        "search --no-floppy --root-dev-only --fs-uuid --set=dev {id}\nset prefix=($dev){prefix}\nexport $prefix\nconfigfile $prefix/grub.cfg\n"
    )
}
