//! How a machine boots: what is known of it, what has to change, and changing it.
//!
//! A boot loader of the target's is set up beside the old one, booted once, and takes the first place only when the machine was seen to work:
//! until then the firmware, or grub's default, leads back to what booted before. Disks and partitions are what the kernel says they are.

mod arrays;
mod devices;
mod entries;
mod files;
mod kernels;
mod kernels_found;
mod layout;
mod look;
mod menus;
mod partitions;
mod planning;
mod run;
mod survey;

use crate::check::Check;
use crate::facts::{BootFacts, Mount};
use crate::machine::Machine;
use crate::plan::{BootPlan, BootStep};
use crate::target::Target;

/// What is to be done so that a machine boots the target's kernel, and what was found: all that [`look`] found is found again (the same values),
/// then what matters for this target. Pure.
///
/// `kernel` is the version of the target's kernel that is installed, as `uname -r` would say; none if no kernel is.
#[must_use]
pub fn plan(
    facts: &BootFacts,
    mounts: &[Mount],
    architecture: &str,
    target: &Target,
    kernel: Option<&str>,
) -> (BootPlan, Vec<Check>) {
    planning::plan(facts, mounts, architecture, target, kernel)
}

/// What is known of how a machine boots, what was found about that, and what could not be looked at. Changes nothing.
#[must_use]
pub fn look(machine: &Machine) -> (BootFacts, Vec<Check>, Vec<String>) {
    look::look(machine)
}

/// A step of a boot plan failed.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A tool of the machine failed.
    #[error("`{command}` failed: {said}")]
    Tool {
        /// The command line.
        command: String,
        /// What it said.
        said: String,
    },
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file on the machine.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// An entry was made and is not among UEFI's entries.
    #[error(
        "efibootmgr made an entry for {loader} on {disk}, and the firmware does not list it: it may have no room; delete entries that lead nowhere"
    )]
    NotKept {
        /// The program.
        loader: String,
        /// The disk.
        disk: String,
    },
    /// There is no entry to boot.
    #[error("no entry was made that could be booted")]
    NothingMade,
    /// A kernel is not in the boot menu.
    #[error(
        "the kernel {kernel} is not in the boot menu: neither below /boot/loader/entries nor in grub.cfg; write the menu with grub2-mkconfig"
    )]
    NotInMenu {
        /// Its version.
        kernel: String,
    },
    /// A directory is not one of a boot loader.
    #[error("{directory} is not a directory below EFI on an EFI system partition")]
    NoLoaderDirectory {
        /// The directory.
        directory: String,
    },
}

/// Does one step on the machine. `made` are the numbers of UEFI entries that earlier steps made, and grows. A step that was done already is
/// done again without harm.
///
/// # Errors
/// A tool of the machine fails or is not there.
pub fn run(machine: &Machine, step: &BootStep, made: &mut Vec<u16>) -> Result<(), BootError> {
    run::run(machine, step, made)
}
