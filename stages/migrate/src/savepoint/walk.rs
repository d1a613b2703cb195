//! Going through the trees that a savepoint is of.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::SavepointError;
use crate::layout::{HOME, STORE};
use crate::machine::Machine;

/// Directories below each other, at most.
const DEEPEST: usize = 200;
/// Kinds of file systems that hold nothing of the machine's own.
const FOREIGN: [&str; 17] = [
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "cgroup",
    "cgroup2",
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "autofs",
    "tracefs",
    "debugfs",
    "securityfs",
    "efivarfs",
    "binfmt_misc",
    "fuse.sshfs",
];

/// A path that was found.
pub(super) struct Found {
    /// As the machine sees it.
    pub path: PathBuf,
    /// Where it is.
    pub place: PathBuf,
    /// What it is.
    pub about: Metadata,
}

/// Goes through trees: each directory before what is in it, names in order.
pub(super) struct Walk<'a> {
    machine: &'a Machine,
    foreign: Vec<PathBuf>,
}

type Give<'a> = &'a mut dyn FnMut(Found) -> Result<(), SavepointError>;

impl<'a> Walk<'a> {
    pub(super) fn of(machine: &'a Machine) -> Self {
        Self { machine, foreign: foreign_mounts() }
    }

    /// Goes through one tree of the machine; one that is not there is none.
    pub(super) fn tree(&self, path: &Path, give: Give<'_>) -> Result<(), SavepointError> {
        let place = self.machine.place(&path.to_string_lossy());
        match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(SavepointError::io("can't look at", &place)(error)),
            Ok(about) => self.down(Found { path: path.to_owned(), place, about }, 0, give),
        }
    }

    fn down(&self, found: Found, depth: usize, give: Give<'_>) -> Result<(), SavepointError> {
        let (path, place) = (found.path.clone(), found.place.clone());
        let (is_dir, device) = (found.about.is_dir(), found.about.dev());
        give(found)?;
        if !is_dir || depth > DEEPEST {
            return Ok(());
        }
        let failed = || SavepointError::io("can't list", &place);
        let mut names = Vec::new();
        for entry in fs::read_dir(&place).map_err(failed())? {
            names.push(entry.map_err(failed())?.file_name());
        }
        names.sort();
        for name in names {
            let (path, place) = (path.join(&name), place.join(&name));
            if is_left_out(&path) {
                continue;
            }
            let about = match fs::symlink_metadata(&place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                about => about.map_err(SavepointError::io("can't look at", &place))?,
            };
            if about.dev() != device && self.foreign.contains(&place) {
                continue;
            }
            self.down(Found { path, place, about }, depth + 1, give)?;
        }
        Ok(())
    }
}

/// What is in a tree and no part of it.
pub(super) fn is_left_out(path: &Path) -> bool {
    path == Path::new("/usr/local")
        || path.starts_with(HOME)
        || path.file_name().is_some_and(|name| name == STORE)
}

/// Where foreign file systems are mounted, as this program sees it.
fn foreign_mounts() -> Vec<PathBuf> {
    let Ok(text) = fs::read_to_string("/proc/self/mountinfo") else { return Vec::new() };
    text.lines()
        .filter_map(|line| {
            let (before, after) = line.split_once(" - ")?;
            let kind = after.split(' ').next()?;
            let point = before.split(' ').nth(4)?;
            FOREIGN.contains(&kind).then(|| PathBuf::from(point.replace("\\040", " ")))
        })
        .collect()
}
