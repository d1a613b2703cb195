//! The files of a log: each appears whole, under its name, or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tlog_tiles::Tile;

use super::LogError;
use crate::tree::{HEIGHT, WIDTH, bundle_path, part, tile_path};

/// Where files are written before they get their names. Web servers do not show it.
const NEW: &str = ".new";

/// Makes the directory, and empties what an interrupted run has left.
pub(super) fn prepare(dir: &Path) -> Result<(), LogError> {
    let new = dir.join(NEW);
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(LogError::io(&new)(error)),
        _ => {}
    }
    fs::create_dir_all(&new).map_err(LogError::io(&new))
}

/// Lets a file have these bytes, all at once.
pub(super) fn put(dir: &Path, path: &str, bytes: &[u8]) -> Result<(), LogError> {
    let target = dir.join(path);
    let write = || {
        // Readable by web servers, as far as the process's umask lets them.
        let mode = fs::Permissions::from_mode(0o644);
        let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(dir.join(NEW))?;
        file.write_all(bytes)?;
        fs::create_dir_all(target.parent().unwrap_or(dir))?;
        if path == "checkpoint" {
            file.as_file().sync_all()?;
        }
        file.persist(&target)?;
        Ok(())
    };
    write().map_err(LogError::io(&target))
}

/// Files for which it is cheaper to wait for each, than for the whole file system.
const FEW: usize = 64;

/// Waits until these files, and their names, are on disk.
pub(super) fn sync(dir: &Path, paths: &[String]) -> Result<(), LogError> {
    if paths.len() > FEW {
        return File::open(dir).and_then(|file| Ok(rustix::fs::syncfs(file)?)).map_err(LogError::io(dir));
    }
    let mut places: BTreeSet<PathBuf> = BTreeSet::new();
    for path in paths {
        let path = dir.join(path);
        // Directories that were made just now are names in those above them.
        places
            .extend(path.ancestors().skip(1).take_while(|above| above.starts_with(dir)).map(Path::to_owned));
        places.insert(path);
    }
    for path in places {
        File::open(&path).and_then(|file| file.sync_all()).map_err(LogError::io(&path))?;
    }
    Ok(())
}

/// Removes full tiles and bundles that no checkpoint of this size or less has: of an interrupted append. Who asks for a
/// partial tile may get the full one instead, and must not get one of these.
pub(super) fn sweep(dir: &Path, size: u64) -> Result<(), LogError> {
    let levels = 64 / HEIGHT;
    let tiles = (0..levels).map(|level| {
        let first = size.checked_shr(u32::from(HEIGHT) * (u32::from(level) + 1)).unwrap_or(0);
        beyond(dir, first, |number| tile_path(&part(level, number, WIDTH)))
    });
    let bundles = beyond(dir, size / WIDTH, |number| bundle_path(number, WIDTH));
    // The last one first: they are found by counting up.
    for path in tiles.flatten().chain(bundles) {
        fs::remove_file(&path).map_err(LogError::io(&path))?;
    }
    Ok(())
}

/// The files from this number on, the last one first.
fn beyond(dir: &Path, first: u64, path: impl Fn(u64) -> String) -> Vec<PathBuf> {
    let paths = (first..).map(|number| dir.join(path(number)));
    let mut found: Vec<_> = paths.take_while(|path| path.is_file()).collect();
    found.reverse();
    found
}

/// Removes the partial tiles and bundles in whose place full ones have come.
pub(super) fn remove_parts(dir: &Path, tiles: &[Tile]) -> Result<(), LogError> {
    let full = tiles.iter().filter(|tile| u64::from(tile.width()) == WIDTH);
    let remove = |path: String| {
        let parts = dir.join(format!("{path}.p"));
        match fs::remove_dir_all(&parts) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LogError::io(&parts)(error)),
            _ => Ok(()),
        }
    };
    for tile in full {
        remove(tile_path(tile))?;
        if tile.level() == 0 {
            remove(bundle_path(tile.level_index(), WIDTH))?;
        }
    }
    Ok(())
}
