//! Reading from a path or an HTTP(S) URL, always with a bound. What comes over the network may stop at any byte: it
//! is collected in a file of its own, continued there, and gets a name only when its digest is right.

mod transfer;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use heirloom_formats::checksum::Checksum;
use heirloom_model::Digest;
use heirloom_store::{Store, StoreError};

use crate::ImportError;
use transfer::{Bounds, Partial};

/// Largest metadata file, compressed (a large distribution's filelists have some 60 MB).
pub const METADATA_LIMIT: u64 = 512 * 1024 * 1024;
/// Largest source or package.
pub const OBJECT_LIMIT: u64 = 8 * 1024 * 1024 * 1024;

/// How long a server is waited for, and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes, and for the beginning of an answer.
    pub stall: Duration,
    /// Attempts in all. Only faults of the transport and of the server (5xx, 429) are tried again.
    pub attempts: u32,
    /// Before the second attempt; before each further one twice as long.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            attempts: 5,
            pause: Duration::from_secs(1),
        }
    }
}

/// Fetches from paths and URLs.
pub struct Fetcher {
    /// For `http`: may be redirected to `https`.
    plain: ureq::Agent,
    /// For `https`: is never redirected to `http`.
    secure: ureq::Agent,
    patience: Patience,
    /// Files that are being fetched.
    busy: Mutex<HashSet<PathBuf>>,
    freed: Condvar,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(Patience::default())
    }
}

/// A file to read once: what was downloaded goes away with it, what is local stays.
pub struct Fetched<'f> {
    path: PathBuf,
    /// Whoever downloaded it. Another thread that wants the same waits until this is dropped.
    by: Option<&'f Fetcher>,
}

impl Fetched<'_> {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Fetched<'_> {
    fn drop(&mut self) {
        if let Some(fetcher) = self.by {
            transfer::remove(&self.path);
            fetcher.free(&self.path);
        }
    }
}

/// Directory of downloads that are not complete.
const PARTIAL: &str = "partial";

/// A place below a root: paths and URLs alike are joined with `/`.
#[must_use]
pub fn join(root: &str, relative: &str) -> String {
    format!("{}/{relative}", root.trim_end_matches('/'))
}

/// Whether it is fetched over HTTP.
#[must_use]
pub fn is_url(location: &str) -> bool {
    location.starts_with("http://") || location.starts_with("https://")
}

impl Fetcher {
    /// A fetcher that has this patience.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self {
            plain: transfer::agent(patience, false),
            secure: transfer::agent(patience, true),
            patience,
            busy: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// How long it waits.
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// Reads it whole.
    ///
    /// # Errors
    /// It can't be had, or is larger than `limit`.
    pub fn read(&self, location: &str, limit: u64) -> Result<Vec<u8>, ImportError> {
        self.bounded(location, Bounds { limit, size: None })
    }

    fn bounded(&self, location: &str, bounds: Bounds) -> Result<Vec<u8>, ImportError> {
        if !is_url(location) {
            let bytes = read_file(Path::new(location), location, bounds.limit)?;
            bounds.check(location, bytes.len() as u64)?;
            return Ok(bytes);
        }
        let failed = ImportError::read(std::env::temp_dir());
        let mut partial = Partial::unnamed(tempfile::tempfile().map_err(failed)?);
        self.transfer(location, &mut partial, bounds)?;
        partial.read(location)
    }

    /// The digest and the size in bytes of what is at a URL, however large: it is not kept.
    ///
    /// # Errors
    /// It can't be had, or is larger than `limit`.
    pub fn digest(&self, url: &str, limit: u64) -> Result<(Digest, u64), ImportError> {
        let failed = ImportError::read(std::env::temp_dir());
        let mut partial = Partial::unnamed(tempfile::tempfile().map_err(failed)?);
        self.transfer(url, &mut partial, Bounds { limit, size: None })?;
        partial.digest(url)
    }

    /// Reads it whole; it must have this digest, and this size if one is stated.
    ///
    /// # Errors
    /// It can't be had, is larger than metadata may be, or is not what it should be.
    pub fn read_checked(
        &self,
        location: &str,
        expected: &Checksum,
        size: Option<u64>,
        by: &str,
    ) -> Result<Vec<u8>, ImportError> {
        let bounds = Bounds { limit: METADATA_LIMIT, size };
        let bytes = self.bounded(location, bounds)?;
        matches(location, expected, &bytes[..], by)?;
        Ok(bytes)
    }

    /// Has it in a file with this digest, outside of the store: an archive that is only unpacked.
    ///
    /// # Errors
    /// It can't be had, is too large, or is not what it should be.
    pub fn archive(
        &self,
        store: &Store,
        location: &str,
        expected: Digest,
        size: u64,
        by: &str,
    ) -> Result<Fetched<'_>, ImportError> {
        let bounds = Bounds { limit: OBJECT_LIMIT, size: Some(size) };
        let fetched = self.fetch(store, location, &expected.to_string(), bounds)?;
        match digest_of(fetched.path())? {
            found if found == expected => Ok(fetched),
            found => Err(ImportError::mismatch(location, by, &expected.to_string(), found)),
        }
    }

    /// Reads it into the store, where it is kept only if it has this digest. Nothing is fetched if the store
    /// has it already.
    ///
    /// # Errors
    /// It can't be had, is too large, or is not what it should be.
    pub fn into_store(
        &self,
        store: &Store,
        location: &str,
        expected: Digest,
        size: Option<u64>,
        by: &str,
    ) -> Result<u64, ImportError> {
        if store.contains(expected) {
            let path = store.path(expected);
            return Ok(path.metadata().map_err(ImportError::read(&path))?.len());
        }
        let wrong = |found| ImportError::mismatch(location, by, &expected.to_string(), found);
        let bounds = Bounds { limit: OBJECT_LIMIT, size };
        if is_url(location) {
            let fetched = self.fetch(store, location, &expected.to_string(), bounds)?;
            return store.adopt(fetched.path(), expected).map_err(|error| match error {
                StoreError::Damaged { found, .. } => wrong(found),
                other => other.into(),
            });
        }
        let accept = |found, _: &Path| if found == expected { Ok(()) } else { Err(wrong(found)) };
        Ok(put_file(store, location, bounds, accept)?.1)
    }

    /// As [`Fetcher::into_store`], for a checksum that may be of another kind than the store's own; returns the
    /// store's digest and the size in bytes.
    ///
    /// # Errors
    /// It can't be had, is too large, or has another checksum.
    pub fn checked(
        &self,
        store: &Store,
        location: &str,
        expected: &Checksum,
        by: &str,
    ) -> Result<(Digest, u64), ImportError> {
        if let Ok(digest) = expected.hex().parse() {
            return Ok((digest, self.into_store(store, location, digest, None, by)?));
        }
        // The same content under another kind of digest was had before, perhaps for another branch.
        let subject = format!("checksum {expected}");
        if let Some(digest) = store.noted(&subject).and_then(|known| known.parse::<Digest>().ok())
            && let Ok(file) = File::open(store.path(digest))
            && expected.matches(&file).unwrap_or(false)
        {
            let path = store.path(digest);
            return Ok((digest, file.metadata().map_err(ImportError::read(path))?.len()));
        }
        let bounds = Bounds { limit: OBJECT_LIMIT, size: None };
        let accept = |_, path: &Path| {
            let file = File::open(path).map_err(ImportError::read(path))?;
            matches(location, expected, file, by)
        };
        let (digest, size) = if is_url(location) {
            let fetched = self.fetch(store, location, &expected.to_string(), bounds)?;
            let digest = digest_of(fetched.path())?;
            accept(digest, fetched.path())?;
            (digest, store.adopt(fetched.path(), digest)?)
        } else {
            put_file(store, location, bounds, accept)?
        };
        store.note(&subject, &digest.to_string());
        Ok((digest, size))
    }

    /// Has it in a file: a local one where it is, another one below the store, where an interrupted transfer is
    /// continued.
    fn fetch(
        &self,
        store: &Store,
        location: &str,
        what: &str,
        bounds: Bounds,
    ) -> Result<Fetched<'_>, ImportError> {
        if !is_url(location) {
            let file = fs::metadata(location).map_err(ImportError::read(location))?;
            bounds.check(location, file.len())?;
            return Ok(Fetched { path: location.into(), by: None });
        }
        let dir = store.dir().join(PARTIAL);
        fs::create_dir_all(&dir).map_err(ImportError::read(&dir))?;
        let path = dir.join(Digest::of(format!("{location} {what}").as_bytes()).to_string());
        self.occupy(&path);
        let result =
            Partial::open(&path).and_then(|mut partial| self.transfer(location, &mut partial, bounds));
        match result {
            Ok(()) => Ok(Fetched { path, by: Some(self) }),
            Err(error) => {
                // What has come stays, to be continued.
                self.free(&path);
                Err(error)
            }
        }
    }

    fn occupy(&self, path: &Path) {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.freed.wait_while(busy, |busy| busy.contains(path));
        wait.unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }

    fn free(&self, path: &Path) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        self.freed.notify_all();
    }
}

/// Throws away what has come of downloads that were not finished; nothing may be downloading.
///
/// # Errors
/// It can't be removed.
pub fn forget_partial(store: &Store) -> Result<(), ImportError> {
    let dir = store.dir().join(PARTIAL);
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ImportError::read(dir)(error)),
        _ => Ok(()),
    }
}

fn put_file(
    store: &Store,
    location: &str,
    bounds: Bounds,
    accept: impl FnOnce(Digest, &Path) -> Result<(), ImportError>,
) -> Result<(Digest, u64), ImportError> {
    let file = File::open(location).map_err(ImportError::read(location))?;
    let meta = file.metadata().map_err(ImportError::read(location))?;
    if !meta.is_file() {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file");
        return Err(ImportError::read(location)(error));
    }
    bounds.check(location, meta.len())?;
    // One byte more than it has: a file that grows meanwhile is another one.
    store.put_if(file.take(meta.len() + 1), accept)?
}

pub(crate) fn digest_of(path: &Path) -> Result<Digest, ImportError> {
    let mut hasher = heirloom_model::digest::Hasher::default();
    let mut file = File::open(path).map_err(ImportError::read(path))?;
    io::copy(&mut file, &mut hasher).map_err(ImportError::read(path))?;
    Ok(hasher.finish())
}

fn matches(location: &str, expected: &Checksum, bytes: impl Read, by: &str) -> Result<(), ImportError> {
    let found = expected.of_same_kind(bytes).map_err(ImportError::read(location))?;
    match found == *expected {
        true => Ok(()),
        false => Err(ImportError::DigestMismatch {
            location: location.to_owned(),
            by: by.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        }),
    }
}

/// Reads a file whole, called `location` in errors.
fn read_file(path: &Path, location: &str, limit: u64) -> Result<Vec<u8>, ImportError> {
    let file = File::open(path).map_err(ImportError::read(location))?;
    let size = file.metadata().map_err(ImportError::read(location))?.len();
    let too_large = || ImportError::TooLarge { location: location.to_owned(), limit };
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(ImportError::read(location))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Reads a local file whole.
///
/// # Errors
/// It can't be read, or is larger than `limit`.
pub(crate) fn local(path: &Path, limit: u64) -> Result<Vec<u8>, ImportError> {
    read_file(path, &path.to_string_lossy(), limit)
}
