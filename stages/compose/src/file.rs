//! File operations whose errors name the file, and which are on disk when they return.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::ComposeError;

pub(crate) fn make_dir(dir: &Path) -> Result<(), ComposeError> {
    fs::create_dir_all(dir).map_err(|source| ComposeError::io("make", dir, source))
}

pub(crate) fn open(path: &Path) -> Result<File, ComposeError> {
    File::open(path).map_err(|source| ComposeError::io("read", path, source))
}

pub(crate) fn create(path: &Path) -> Result<File, ComposeError> {
    File::create(path).map_err(|source| ComposeError::io("write", path, source))
}

pub(crate) fn remove(path: &Path) -> Result<(), ComposeError> {
    fs::remove_file(path).map_err(|source| ComposeError::io("remove", path, source))
}

/// Removes a directory and all that is in it, if it is there.
pub(crate) fn remove_dir(dir: &Path) -> Result<(), ComposeError> {
    match fs::remove_dir_all(dir) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(ComposeError::io("remove", dir, source))
        }
        _ => Ok(()),
    }
}

pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), ComposeError> {
    File::create(path)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .map_err(|source| ComposeError::io("write", path, source))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ComposeError> {
    fs::read(path).map_err(|source| ComposeError::io("read", path, source))
}

/// Gives a file a second name; where the file system can't, a copy. A file that is there stays: writing to
/// it could write to an object of the store.
pub(crate) fn link(from: &Path, to: &Path) -> Result<(), ComposeError> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let copy = || {
        let mut copy = File::create_new(to)?;
        io::copy(&mut File::open(from)?, &mut copy)?;
        copy.sync_all()
    };
    copy().map_err(|source| ComposeError::io("write", to, source))
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), ComposeError> {
    fs::rename(from, to).map_err(|source| ComposeError::io("rename to", to, source))?;
    to.parent().map_or(Ok(()), sync_dir)
}

/// Makes the names in a directory last.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), ComposeError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|source| ComposeError::io("write", dir, source))
}

/// Makes the names in a directory and in all below it last.
pub(crate) fn sync_tree(dir: &Path) -> Result<(), ComposeError> {
    let failed = |source| ComposeError::io("read", dir, source);
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_dir(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_never_writes_to_what_is_there() {
        let dir = tempfile::TempDir::new().unwrap();
        let [object, other, place] = ["object", "other", "place"].map(|name| dir.path().join(name));
        write(&object, b"object").unwrap();
        write(&other, b"other").unwrap();
        link(&object, &place).unwrap();
        assert!(link(&other, &place).unwrap_err().to_string().contains("File exists"));
        assert_eq!(read(&object).unwrap(), b"object");
    }
}
