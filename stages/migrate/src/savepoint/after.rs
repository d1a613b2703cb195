//! What the machine was when the conversion ended: whatever differs from that later is somebody's own work, and not thrown away.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use heirloom_model::digest::Hasher;
use serde::{Deserialize, Serialize};

use super::SavepointError;
use super::entry::{from_text, to_text};
use super::manifest;
use super::metadata::times_of;
use super::walk::Walk;
use crate::layout::{Layout, write_whole};
use crate::machine::Machine;

/// Bytes of a file whose content is noted.
const LARGEST: u64 = 1 << 20;

/// A path as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Was {
    #[serde(rename = "p")]
    path: String,
    #[serde(rename = "s")]
    size: u64,
    #[serde(rename = "t")]
    time: (i64, i64),
    /// SHA-256; empty if only size and time are known.
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    digest: String,
}

/// What is known of then; none if the conversion did not get there.
pub(super) struct After(Option<HashMap<PathBuf, Was>>);

fn path_of(layout: &Layout) -> PathBuf {
    layout.at("savepoint").join("after")
}

/// Notes what is in the trees of the savepoint now. Called when the transaction has ended, and again when all is done.
///
/// # Errors
/// The operating system says so.
pub fn note_after(machine: &Machine, layout: &Layout) -> Result<(), SavepointError> {
    let manifest = manifest::read(layout)?;
    let mut bytes = Vec::new();
    let walk = Walk::of(machine);
    let mut note = |path: &Path, place: &Path, about: &fs::Metadata| {
        if about.is_dir() {
            return Ok(());
        }
        let is_written = !path.starts_with("/usr") && about.is_file() && about.len() <= LARGEST;
        let digest = if is_written { digest_of(place)? } else { String::new() };
        let was = Was { path: to_text(path), size: about.len(), time: times_of(about), digest };
        let written = serde_json::to_writer(&mut bytes, &was).map_err(io::Error::from);
        bytes.push(b'\n');
        written.map_err(SavepointError::io("can't note", place))
    };
    for tree in &manifest.head.trees {
        walk.tree(tree, &mut |found| note(&found.path, &found.place, &found.about))?;
    }
    for path in manifest.entries.iter().filter_map(super::entry::Entry::path) {
        if !manifest.head.trees.iter().any(|tree| path.starts_with(tree)) {
            let place = machine.place(&path.to_string_lossy());
            if let Ok(about) = fs::symlink_metadata(&place) {
                note(&path, &place, &about)?;
            }
        }
    }
    let path = path_of(layout);
    write_whole(&path, &bytes).map_err(SavepointError::io("can't write", &path))
}

impl After {
    pub(super) fn read(layout: &Layout) -> Result<Self, SavepointError> {
        let path = path_of(layout);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self(None)),
            bytes => bytes.map_err(SavepointError::io("can't read", &path))?,
        };
        let mut all = HashMap::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
            let was: Was = serde_json::from_slice(line).map_err(|error| SavepointError::Manifest {
                path: path.clone(),
                line: index + 1,
                why: error.to_string(),
            })?;
            if let Some(path) = from_text(&was.path) {
                all.insert(PathBuf::from(path), was);
            }
        }
        Ok(Self(Some(all)))
    }

    /// Whether the conversion got there.
    pub(super) fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a path is as it was then.
    pub(super) fn is_same(&self, path: &Path, place: &Path) -> bool {
        let Some(was) = self.0.as_ref().and_then(|all| all.get(path)) else { return false };
        let Ok(about) = fs::symlink_metadata(place) else { return false };
        let is_like = (about.len(), times_of(&about)) == (was.size, was.time);
        let is_digested = !was.digest.is_empty() && about.is_file() && about.len() == was.size;
        is_like || (is_digested && digest_of(place).is_ok_and(|digest| digest == was.digest))
    }
}

fn digest_of(place: &Path) -> Result<String, SavepointError> {
    let failed = || SavepointError::io("can't read", place);
    let mut file = File::open(place).map_err(failed())?;
    let (mut hasher, mut piece) = (Hasher::default(), [0; 1 << 14]);
    loop {
        match file.read(&mut piece).map_err(failed())? {
            0 => return Ok(hasher.finish().to_string()),
            read => hasher.update(&piece[..read]),
        }
    }
}
