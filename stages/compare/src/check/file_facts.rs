//! Facts of single files that are equal or not.

use heirloom_formats::rpm_file::FileEntry;

use super::Check;
use super::Weight::{Breaking, Compatible};
use crate::tag::{
    FILECAPS, FILECOLORS, FILEFLAGS, FILEGROUPNAME, FILELANGS, FILELINKTOS, FILEMODES, FILERDEVS,
    FILEUSERNAME, FILEVERIFYFLAGS,
};

pub(super) const MODE: Check =
    Check::tags("file-mode", "Every file has the same permissions.", Breaking, &[FILEMODES])
        .files(|file| format!("{:04o}", file.mode & 0o7777));

pub(super) const OWNER: Check =
    Check::tags("file-owner", "Every file has the same owner.", Compatible, &[FILEUSERNAME])
        .files(|file| file.user.clone());

pub(super) const GROUP: Check =
    Check::tags("file-group", "Every file has the same group.", Compatible, &[FILEGROUPNAME])
        .files(|file| file.group.clone());

pub(super) const CAPABILITIES: Check =
    Check::tags("file-capabilities", "Every file has the same capabilities.", Compatible, &[FILECAPS])
        .files(|file| file.capabilities.clone());

pub(super) const LINK_TARGET: Check =
    Check::tags("link-target", "Every symbolic link leads to the same place.", Compatible, &[FILELINKTOS])
        .files(|file| if file.is_symlink() { file.link_target.clone() } else { String::new() });

pub(super) const DEVICE: Check =
    Check::tags("device-number", "Every device has the same number.", Breaking, &[FILERDEVS]).files(device);

pub(super) const FLAGS: Check = Check::tags(
    "file-flags",
    "Every file is marked the same: config, noreplace, ghost, doc, license and so on.",
    Compatible,
    &[FILEFLAGS],
)
.files(|file| flags(file.flags));

pub(super) const VERIFY: Check = Check::tags(
    "file-verify",
    "The same facts of every file are verified by rpm --verify.",
    Compatible,
    &[FILEVERIFYFLAGS],
)
.files(|file| format!("{:#x}", file.verify));

pub(super) const COLOR: Check = Check::tags(
    "file-color",
    "Every file has the same word size by rpm's account.",
    Compatible,
    &[FILECOLORS],
)
.files(|file| file.color.to_string());

pub(super) const LANGUAGE: Check = Check::tags(
    "file-language",
    "Every translation is marked with the same language.",
    Compatible,
    &[FILELANGS],
)
.files(|file| file.language.clone());

/// Only devices have a number that means anything.
fn device(file: &FileEntry) -> String {
    let is_device = matches!(crate::pair::kind(file), 0o020_000 | 0o060_000);
    if is_device { format!("{}, {}", file.rdev >> 8, file.rdev & 0xff) } else { String::new() }
}

const FLAG_NAMES: [(u32, &str); 12] = [
    (1, "config"),
    (1 << 1, "doc"),
    (1 << 2, "icon"),
    (1 << 3, "missingok"),
    (1 << 4, "noreplace"),
    (1 << 5, "specfile"),
    (1 << 6, "ghost"),
    (1 << 7, "license"),
    (1 << 8, "readme"),
    (1 << 10, "unpatched"),
    (1 << 11, "pubkey"),
    (1 << 12, "artifact"),
];

fn flags(bits: u32) -> String {
    let mut names: Vec<_> =
        FLAG_NAMES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| (*name).to_owned()).collect();
    let known = FLAG_NAMES.iter().fold(0, |known, (bit, _)| known | bit);
    if bits & !known != 0 {
        names.push(format!("{:#x}", bits & !known));
    }
    names.join(", ")
}
