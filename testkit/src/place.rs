//! Puts finished files and directories in their place in one step, so that a killed run
//! leaves either the old or the new one and never half of it.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{Error, Result};

/// Creates a directory and its parents.
pub fn make_dir(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    fs::create_dir_all(path).map_err(Error::io(path))?;
    Ok(path.to_path_buf())
}

/// Reads a file.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    fs::read(&path).map_err(Error::io(path))
}

/// Writes a file so that nobody ever sees half of it.
pub fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(dir)
        .map_err(Error::io(dir))?;
    std::io::Write::write_all(&mut file, content.as_ref()).map_err(Error::io(path))?;
    file.persist(path).map_err(|e| Error::io(path)(e.error))?;
    Ok(())
}

/// Makes `new` appear as `target` at once; what was there before is removed.
/// Both must be on one file system.
pub fn replace_dir(new: &Path, target: &Path) -> Result<()> {
    if !target.exists() {
        return fs::rename(new, target).map_err(Error::io(target));
    }
    renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE).map_err(|e| Error::io(target)(e.into()))?;
    fs::remove_dir_all(new).map_err(Error::io(new))
}

/// Hard-links a file, or copies it where that can't be done; an existing one is replaced.
pub fn link(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_file(to).map_err(Error::io(to))?;
    }
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).map_err(Error::io(to))?;
    }
    Ok(())
}

/// The entries of a directory, sorted by name.
pub fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = fs::read_dir(dir)
        .map_err(Error::io(dir))?
        .map(|entry| entry.map(|e| e.path()).map_err(Error::io(dir)))
        .collect::<Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}
