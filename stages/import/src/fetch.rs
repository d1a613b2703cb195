//! Reading from a path or an HTTP(S) URL, always with a bound.

use std::fs::File;
use std::io::{self, Read};

use heirloom_formats::checksum::Checksum;
use heirloom_model::Digest;
use heirloom_store::{Store, StoreError};

use crate::ImportError;

/// Largest metadata file, compressed (a large distribution's filelists have some 60 MB).
pub const METADATA_LIMIT: u64 = 512 * 1024 * 1024;
/// Largest source or package.
pub const OBJECT_LIMIT: u64 = 8 * 1024 * 1024 * 1024;

/// A place below a root: paths and URLs alike are joined with `/`.
#[must_use]
pub fn join(root: &str, relative: &str) -> String {
    format!("{}/{relative}", root.trim_end_matches('/'))
}

/// Reads it whole.
///
/// # Errors
/// It can't be had, or is larger than `limit`.
pub fn read(location: &str, limit: u64) -> Result<Vec<u8>, ImportError> {
    let mut bytes = Vec::new();
    open(location)?.take(limit + 1).read_to_end(&mut bytes).map_err(ImportError::read(location))?;
    match bytes.len() as u64 > limit {
        true => Err(ImportError::TooLarge { location: location.to_owned(), limit }),
        false => Ok(bytes),
    }
}

/// Reads it into the store, where it is kept only if it has this digest. Nothing is fetched if the store
/// has it already.
///
/// # Errors
/// It can't be had, is too large, or has another digest.
pub fn into_store(store: &Store, location: &str, expected: Digest, by: &str) -> Result<u64, ImportError> {
    if store.contains(expected) {
        let path = store.path(expected);
        return Ok(path.metadata().map_err(ImportError::read(&path))?.len());
    }
    let (found, size) =
        store.put_reader(Bounded::new(location)?).map_err(|error| too_large(error, location))?;
    match found == expected {
        true => Ok(size),
        false => Err(ImportError::mismatch(location, by, &expected.to_string(), found)),
    }
}

/// As [`into_store`], for a checksum that may be of another kind than the store's own; returns the store's
/// digest and the size in bytes.
///
/// # Errors
/// It can't be had, is too large, or has another checksum.
pub fn checked(
    store: &Store,
    location: &str,
    expected: &Checksum,
    by: &str,
) -> Result<(Digest, u64), ImportError> {
    if let Ok(digest) = expected.hex().parse() {
        return Ok((digest, into_store(store, location, digest, by)?));
    }
    let (digest, size) =
        store.put_reader(Bounded::new(location)?).map_err(|error| too_large(error, location))?;
    let path = store.path(digest);
    let read = || std::fs::File::open(&path).map_err(ImportError::read(&path));
    let found = expected.of_same_kind(read()?).map_err(ImportError::read(&path))?;
    match found == *expected {
        true => Ok((digest, size)),
        false => Err(ImportError::DigestMismatch {
            location: location.to_owned(),
            by: by.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        }),
    }
}

fn too_large(error: StoreError, location: &str) -> ImportError {
    match error {
        StoreError::Io { source, .. } if source.kind() == io::ErrorKind::FileTooLarge => {
            ImportError::TooLarge { location: location.to_owned(), limit: OBJECT_LIMIT }
        }
        other => other.into(),
    }
}

/// A reader that fails, rather than ends, after too many bytes.
struct Bounded {
    inner: Box<dyn Read>,
    left: u64,
}

impl Bounded {
    fn new(location: &str) -> Result<Self, ImportError> {
        Ok(Self { inner: open(location)?, left: OBJECT_LIMIT })
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        Ok(count)
    }
}

fn open(location: &str) -> Result<Box<dyn Read>, ImportError> {
    if location.starts_with("http://") || location.starts_with("https://") {
        let failed = |source| ImportError::Fetch { url: location.to_owned(), source: Box::new(source) };
        let body = ureq::get(location).call().map_err(failed)?.into_body();
        return Ok(Box::new(body.into_reader()));
    }
    Ok(Box::new(File::open(location).map_err(ImportError::read(location))?))
}
