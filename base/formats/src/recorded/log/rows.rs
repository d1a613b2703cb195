//! What transactions do to the packages of a chroot.

use std::collections::HashMap;

use heirloom_model::{Nevra, RecordedPackage};

use crate::recorded::{KEY, MOST, RecordedProblem};

/// What happens to the packages that follow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Section {
    /// They come.
    Install,
    /// They take the place of other versions.
    Change,
    /// They go.
    Remove,
    /// They are no packages, or nothing happens to them.
    #[default]
    Other,
}

impl Section {
    /// By the line above rows of the table.
    pub(super) fn of(line: &str) -> Self {
        let lower = line.to_ascii_lowercase();
        match lower.split([' ', ':']).next() {
            Some("installing") if lower.ends_with("groups:") => Self::Other,
            Some("installing") => Self::Install,
            Some("upgrading" | "updating" | "reinstalling" | "downgrading") => Self::Change,
            Some("removing" | "erasing") => Self::Remove,
            _ => Self::Other,
        }
    }

    /// By the line above the packages of what was done.
    pub(super) fn of_result(line: &str) -> Self {
        match line.strip_prefix("Dependency ").unwrap_or(line) {
            "Installed:" => Self::Install,
            "Upgraded:" | "Updated:" | "Reinstalled:" | "Downgraded:" => Self::Change,
            "Removed:" | "Erased:" => Self::Remove,
            _ => Self::Other,
        }
    }
}

/// One package of a transaction.
pub(super) struct Row {
    pub(super) section: Section,
    pub(super) package: RecordedPackage,
}

impl Row {
    pub(super) fn new(section: Section, nevra: Nevra) -> Self {
        Self { section, package: RecordedPackage::new(nevra, true) }
    }
}

/// The packages of a chroot, in the order in which they came.
#[derive(Default)]
pub(super) struct Chroot {
    slots: Vec<Option<RecordedPackage>>,
    /// The last slot of each name and architecture.
    known: HashMap<(String, String), usize>,
}

impl Chroot {
    pub(super) fn apply(&mut self, rows: Vec<Row>) -> Result<(), RecordedProblem> {
        for Row { section, package } in rows {
            if package.nevra.name() == KEY {
                continue;
            }
            let key = (package.nevra.name().to_owned(), package.nevra.arch().to_owned());
            let slot = self.known.get(&key).copied();
            match (section, slot) {
                (Section::Change, Some(slot)) => self.slots[slot] = Some(package),
                (Section::Install | Section::Change, slot) => {
                    let same = slot.and_then(|slot| self.slots[slot].as_ref());
                    if same == Some(&package) {
                        continue;
                    }
                    if self.slots.len() == MOST {
                        return Err(RecordedProblem::TooMany);
                    }
                    self.known.insert(key, self.slots.len());
                    self.slots.push(Some(package));
                }
                (Section::Remove, Some(slot)) => {
                    self.slots[slot] = None;
                    self.known.remove(&key);
                }
                (Section::Remove, None) | (Section::Other, _) => {}
            }
        }
        Ok(())
    }

    pub(super) fn packages(self) -> Vec<RecordedPackage> {
        self.slots.into_iter().flatten().collect()
    }
}

/// Whether a word is a version with an epoch before it, as yum always has it.
pub(super) fn has_epoch(word: &str) -> bool {
    word.split_once(':')
        .is_some_and(|(epoch, _)| !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The package of these columns.
pub(super) fn row(section: Section, name: &str, version: &str, arch: &str) -> Option<Row> {
    Some(Row::new(section, Nevra::new(name, version.parse().ok()?, arch).ok()?))
}

/// The package behind `replacing`, which goes: `name.arch version` in dnf 4, `name arch version` in dnf 5. An older
/// version of the package in the row above goes by that row already.
pub(super) fn replaced(words: &[&str], above: Option<&Row>) -> Option<Row> {
    let row = match words {
        [_, version] => {
            let (name, arch) = words[0].rsplit_once('.')?;
            row(Section::Remove, name, version, arch)
        }
        [name, arch, version, ..] => row(Section::Remove, name, version, arch),
        _ => None,
    }?;
    let same = above.is_some_and(|above| above.package.nevra.name() == row.package.nevra.name());
    (!same).then_some(row)
}
