//! A snapshot of the root's file system, beside the savepoint: for whoever wants to boot into what was. Putting back goes by files.

use std::io;

use serde::{Deserialize, Serialize};

use crate::facts::Mount;
use crate::machine::Machine;

/// Where a snapshot of btrfs goes: outside of all that a savepoint keeps.
const INTO: &str = "/.heirloom-migrate-snapshot";
/// Name of a logical volume.
const NAME: &str = "heirloom-migrate-snapshot";
/// Of a logical volume's bytes, the part that a snapshot gets for what changes: a fifth, as much as a whole system is of it.
const PART: u64 = 5;

/// How a snapshot is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Snapshot {
    /// Of a btrfs subvolume: the mount point, and where the snapshot goes.
    Btrfs {
        /// Where the subvolume is mounted.
        point: String,
        /// The path of the snapshot.
        into: String,
    },
    /// Of a logical volume.
    Lvm {
        /// `group/volume`.
        volume: String,
        /// Name of the snapshot.
        name: String,
        /// Bytes for what changes.
        size: u64,
    },
}

/// A snapshot could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The tool can't be run.
    #[error("`{command}` can't be run: {source}")]
    Run {
        /// The command line.
        command: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The tool failed.
    #[error("`{command}` failed: {said}")]
    Failed {
        /// The command line.
        command: String,
        /// What it said.
        said: String,
    },
}

impl Snapshot {
    /// The snapshot that a machine's root can have, by its file systems: of btrfs, or of a logical volume with room in its group.
    #[must_use]
    pub fn of(mounts: &[Mount]) -> Option<Self> {
        let root = mounts.iter().find(|mount| mount.point == "/")?;
        if root.kind == "btrfs" {
            return Some(Self::Btrfs { point: "/".to_owned(), into: INTO.to_owned() });
        }
        let size = root.size / PART;
        let has_room = !root.volume.is_empty() && size > 0 && root.volume_free >= size;
        has_room.then(|| Self::Lvm { volume: root.volume.clone(), name: NAME.to_owned(), size })
    }

    /// The command line that makes it.
    #[must_use]
    pub fn making(&self) -> Vec<String> {
        match self {
            Self::Btrfs { point, into } => words(&["btrfs", "subvolume", "snapshot", "-r", point, into]),
            Self::Lvm { volume, name, size } => {
                let size = format!("{size}b");
                words(&["lvcreate", "--yes", "--snapshot", "--name", name, "--size", &size, volume])
            }
        }
    }

    /// The command line that removes it.
    #[must_use]
    pub fn removing(&self) -> Vec<String> {
        match self {
            Self::Btrfs { into, .. } => words(&["btrfs", "subvolume", "delete", into]),
            Self::Lvm { volume, name, .. } => {
                let group = volume.split('/').next().unwrap_or_default();
                words(&["lvremove", "--yes", &format!("{group}/{name}")])
            }
        }
    }

    /// Makes it; one that is left of an earlier attempt is removed first.
    ///
    /// # Errors
    /// The tool is not there or fails.
    pub fn make(&self, machine: &Machine) -> Result<(), SnapshotError> {
        let _ = self.remove(machine);
        run(machine, &self.making())
    }

    /// Removes it.
    ///
    /// # Errors
    /// The tool is not there or fails, also because there is no snapshot.
    pub fn remove(&self, machine: &Machine) -> Result<(), SnapshotError> {
        run(machine, &self.removing())
    }
}

fn words(of: &[&str]) -> Vec<String> {
    of.iter().map(|word| (*word).to_owned()).collect()
}

fn run(machine: &Machine, words: &[String]) -> Result<(), SnapshotError> {
    let (line, program) = (words.join(" "), words.first().cloned().unwrap_or_default());
    let run = machine.tool(&program).args(words.iter().skip(1)).output();
    let output = run.map_err(|source| SnapshotError::Run { command: line.clone(), source })?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(SnapshotError::Failed { command: line, said })
        }
    }
}
