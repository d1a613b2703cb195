//! The packages of a directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::fail::{Exit, Fail};

/// An RPM file, by what the file system says of it.
pub(super) struct Found {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The same below the repository's root.
    pub(super) location: String,
    /// Bytes.
    pub(super) size: u64,
    /// Its time in seconds since 1970.
    pub(super) time: u64,
}

/// All of them at any depth, in the order of their locations. Links to files are packages, too; links to directories
/// are not followed.
pub(super) fn packages(dir: &Path) -> Result<Vec<Found>, Fail> {
    let mut found = Vec::new();
    walk(dir, "", &mut found)?;
    found.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(found)
}

fn walk(dir: &Path, below: &str, found: &mut Vec<Found>) -> Result<(), Fail> {
    let failed =
        |error: std::io::Error| Fail::new(Exit::Failed, format!("can't read {}: {error}", dir.display()));
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (name, kind) = (entry.file_name(), entry.file_type().map_err(failed)?);
        let path = entry.path();
        let is_rpm = path.extension().is_some_and(|ending| ending == "rpm");
        if kind.is_dir() || is_rpm {
            let name = name.to_str().ok_or_else(|| not_utf8(&path))?;
            let location = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            match kind.is_dir() {
                true => walk(&path, &location, found)?,
                false => found.extend(file(path, location)?),
            }
        }
    }
    Ok(())
}

fn file(path: PathBuf, location: String) -> Result<Option<Found>, Fail> {
    let failed =
        |error: std::io::Error| Fail::new(Exit::Failed, format!("can't read {}: {error}", path.display()));
    let file = fs::metadata(&path).map_err(failed)?;
    if !file.is_file() {
        return Ok(None);
    }
    let time = file.modified().map_err(failed)?;
    // A time before 1970 can't be said in repodata.
    let time = time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    Ok(Some(Found { path, location, size: file.len(), time }))
}

fn not_utf8(path: &Path) -> Fail {
    let message = format!("the name of {} is not UTF-8, so that no metadata can hold it", path.display());
    Fail::new(Exit::Failed, message).hint("rename it, or take it out of the directory")
}
