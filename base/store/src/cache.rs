//! The cache that several stores share: what actions came to, by their keys, and the objects of that.
//!
//! ```text
//! <cache>/
//!   lock              shared by who uses it, held alone by who clears it
//!   results/ab/cd..   one result, named by the action's key; its time is that of its last use
//!   objects/ab/cd..   as in a store
//!   incoming/         being written
//! ```
//!
//! Any number of processes may use one. An object is read whole and compared with its name before a store takes it, and
//! what is damaged is thrown away. That a result belongs to its key is the word of who wrote it: a cache is for those who
//! would believe each other's builds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, FileTimes};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use rustix::fs::FlockOperation;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::objects::make_dir;
use crate::{Store, StoreError, lock};

/// An open cache.
pub struct Cache {
    dir: PathBuf,
    _lock: File,
}

/// What the cache had.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// The result, and all its objects are in the store now.
    Whole(T),
    /// No such result.
    Nothing,
    /// Something of it was damaged or missing. The result is thrown away; the text says what was found.
    Refused(String),
}

/// What clearing the cache came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cleared {
    /// Results that were thrown away.
    pub results: usize,
    /// Objects that were thrown away.
    pub objects: usize,
    /// Bytes that they had.
    pub bytes: u64,
    /// Bytes that are left.
    pub kept: u64,
}

impl Cache {
    /// Opens the cache in this directory, or makes one.
    ///
    /// # Errors
    /// The directory can't be made or written.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        for part in ["results", "objects", "incoming"] {
            make_dir(&dir.join(part))?;
        }
        let lock = lock(dir, FlockOperation::LockShared)?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    /// Looks for a result and takes its objects, which `objects` names, into the store.
    ///
    /// # Errors
    /// The cache can't be read or the store not be written.
    pub fn take<T: DeserializeOwned>(
        &self,
        key: Digest,
        store: &Store,
        objects: impl Fn(&T) -> Vec<Digest>,
    ) -> Result<Found<T>, StoreError> {
        let path = self.path("results", key);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(StoreError::io("read", &path, error)),
        };
        let Ok(result) = serde_json::from_slice::<T>(&bytes) else {
            remove(&path)?;
            return Ok(Found::Refused(format!("{} is no result", path.display())));
        };
        for digest in objects(&result) {
            if store.contains(digest) {
                continue;
            }
            if let Err(found) = self.take_object(digest, store)? {
                remove(&path)?;
                return Ok(Found::Refused(found));
            }
        }
        // A time that can't be set makes it the sooner cleared.
        let _ = File::open(&path)
            .and_then(|file| file.set_times(FileTimes::new().set_modified(SystemTime::now())));
        Ok(Found::Whole(result))
    }

    /// The inner error says what is wrong with the object, which is gone then.
    fn take_object(&self, digest: Digest, store: &Store) -> Result<Result<(), String>, StoreError> {
        let path = self.path("objects", digest);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Err(format!("{} is missing", path.display())));
            }
            Err(error) => return Err(StoreError::io("read", &path, error)),
        };
        let mut hasher = Hasher::default();
        io::copy(&mut file, &mut hasher).map_err(|error| StoreError::io("read", &path, error))?;
        let found = hasher.finish();
        if found != digest {
            remove(&path)?;
            return Ok(Err(format!("{} is damaged: its content has the digest {found}", path.display())));
        }
        link(&path, &store.path(digest), &store.dir().join("incoming"))?;
        Ok(Ok(()))
    }

    /// Keeps a result and its objects, which are in the store.
    ///
    /// # Errors
    /// The cache can't be written.
    pub fn keep<T: Serialize>(
        &self,
        key: Digest,
        result: &T,
        objects: &[Digest],
        store: &Store,
    ) -> Result<(), StoreError> {
        let incoming = self.dir.join("incoming");
        for &digest in objects {
            link(&store.path(digest), &self.path("objects", digest), &incoming)?;
        }
        let path = self.path("results", key);
        let failed = |error| StoreError::io("write", &path, error);
        let text = serde_json::to_vec(result).map_err(|error| failed(error.into()))?;
        if let Some(parent) = path.parent() {
            make_dir(parent)?;
        }
        let mut file = tempfile::NamedTempFile::new_in(&incoming).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        file.as_file().sync_data().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Throws away the longest unused results until what the others need has no more than `limit` bytes, and all
    /// objects that no result needs. `objects` names the objects of a result.
    ///
    /// # Errors
    /// Another process uses the cache, or it can't be read or written.
    pub fn clear<T: DeserializeOwned>(
        dir: &Path,
        limit: u64,
        objects: impl Fn(&T) -> Vec<Digest>,
    ) -> Result<Cleared, StoreError> {
        let cache = Self { dir: dir.to_owned(), _lock: lock(dir, FlockOperation::NonBlockingLockExclusive)? };
        let mut results: Vec<(SystemTime, PathBuf)> = files(&dir.join("results"))?
            .into_iter()
            .map(|(path, file)| (file.modified().unwrap_or(SystemTime::UNIX_EPOCH), path))
            .collect();
        results.sort_by(|a, b| b.cmp(a));
        let sizes: BTreeMap<PathBuf, u64> =
            files(&dir.join("objects"))?.into_iter().map(|(path, file)| (path, file.len())).collect();
        let mut cleared = Cleared::default();
        let mut needed = BTreeSet::new();
        for (_, path) in results {
            let result = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<T>(&bytes).ok());
            let fresh: BTreeSet<PathBuf> = result
                .iter()
                .flat_map(&objects)
                .map(|digest| cache.path("objects", digest))
                .filter(|path| !needed.contains(path))
                .collect();
            let size: u64 = fresh.iter().filter_map(|path| sizes.get(path)).sum();
            if result.is_some() && cleared.kept + size <= limit {
                cleared.kept += size;
                needed.extend(fresh);
            } else {
                remove(&path)?;
                cleared.results += 1;
            }
        }
        for (path, size) in sizes.into_iter().filter(|(path, _)| !needed.contains(path)) {
            remove(&path)?;
            cleared.objects += 1;
            cleared.bytes += size;
        }
        Ok(cleared)
    }

    fn path(&self, part: &str, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.dir.join(part).join(&name[..2]).join(&name[2..])
    }
}

/// Gives a file a second name, or on another file system a copy, complete before it has its name.
fn link(from: &Path, to: &Path, incoming: &Path) -> Result<(), StoreError> {
    if to.is_file() {
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        make_dir(parent)?;
    }
    let failed = |error| StoreError::io("write", to, error);
    match fs::hard_link(from, to) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::io("read", from, error));
        }
        Err(_) => {}
    }
    let mut source = File::open(from).map_err(|error| StoreError::io("read", from, error))?;
    let mut file = tempfile::NamedTempFile::new_in(incoming).map_err(failed)?;
    io::copy(&mut source, &mut file).map_err(failed)?;
    let rights = source.metadata().map_err(failed)?.permissions();
    file.as_file().set_permissions(rights).map_err(failed)?;
    file.as_file().sync_data().map_err(failed)?;
    file.persist(to).map_err(|error| failed(error.error))?;
    Ok(())
}

pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// All files two levels below, with what the file system knows of them.
pub(crate) fn files(dir: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, StoreError> {
    let read = |dir: &Path| {
        let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        entries.map_err(|error| StoreError::io("read", dir, error))
    };
    let mut found = Vec::new();
    for part in read(dir)? {
        for entry in read(&part.path())? {
            let metadata = entry.metadata().map_err(|error| StoreError::io("read", &entry.path(), error))?;
            found.push((entry.path(), metadata));
        }
    }
    Ok(found)
}
