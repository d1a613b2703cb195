//! File operations whose errors name the file.

use std::fs::{self, File};
use std::io;
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
