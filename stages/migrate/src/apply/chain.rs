//! Whether the firmware will start what is about to be installed.

use std::fs;

use super::{ApplyError, Site, stage};
use crate::boot;
use crate::check::Check;
use crate::journal::Step;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::secure_boot::{SecureBootFiles, certificates_of_list, check};

/// The firmware's certificates: the variable `db` of EFI_IMAGE_SECURITY_DATABASE_GUID (UEFI 2.10, 32.6.1).
const DB: &str = "/sys/firmware/efi/efivars/db-d719b2cb-3d3a-4596-a3bc-dad00e67656f";
/// Attributes before a variable's content, in bytes.
const ATTRIBUTES: usize = 4;

/// What is wrong with the chain from firmware to kernel; nothing where Secure Boot is off, or nothing of the chain is replaced.
///
/// # Errors
/// A downloaded package can't be read.
pub(super) fn look(site: &Site<'_>, layout: &Layout, plan: &Plan) -> Result<Vec<Check>, ApplyError> {
    let Some(target) = &plan.target.boot else { return Ok(Vec::new()) };
    let mut files = SecureBootFiles::default();
    let dir = stage::directory(layout);
    let mut names = fs::read_dir(&dir)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>())
        .map_err(ApplyError::io("can't list", &dir))?;
    names.retain(|path| path.extension().is_some_and(|ending| ending == "rpm"));
    names.sort();
    for package in &names {
        files.add(package, &target.directory).map_err(|error| ApplyError::Step {
            step: Step::SecureBoot,
            said: error.to_string(),
            rolled_back: false,
        })?;
    }
    if files.is_empty() || !is_on(site) {
        return Ok(Vec::new());
    }
    let variable = site.machine.resolve(DB).and_then(fs::read).unwrap_or_default();
    files.firmware = certificates_of_list(variable.get(ATTRIBUTES..).unwrap_or_default());
    Ok(check(&files, target))
}

fn is_on(site: &Site<'_>) -> bool {
    let (facts, _, _) = boot::look(site.machine);
    facts.efi.and_then(|efi| efi.secure_boot).unwrap_or(false)
}
