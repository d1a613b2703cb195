//! Content-addressed objects: files named by the SHA-256 of their bytes.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

use crate::{Store, StoreError};

/// What an object was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is there, and is what its name says.
    Whole,
    /// There is no such object.
    Missing,
    /// Its bytes were other ones. [`Store::check`] has removed it.
    Damaged {
        /// Where it was.
        path: PathBuf,
        /// The digest of what it had become.
        found: Digest,
    },
}

const BUFFER: usize = 256 * 1024;

pub(crate) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(dir).map_err(|source| StoreError::io("make", dir, source))
}

/// Makes the directories and throws away what a killed process was writing.
pub(crate) fn prepare(dir: &Path) -> Result<(), StoreError> {
    let incoming = dir.join("incoming");
    match fs::remove_dir_all(&incoming) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io("empty", &incoming, source));
        }
        _ => make_dir(&incoming)?,
    }
    make_dir(&dir.join("objects"))
}

impl Store {
    /// Keeps these bytes and returns their name.
    ///
    /// # Errors
    /// The object can't be written.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if !self.contains(digest) {
            self.put_reader(bytes)?;
        }
        Ok(digest)
    }

    /// Keeps a copy of this file; returns its name and size in bytes.
    ///
    /// # Errors
    /// The file can't be read or the object can't be written.
    pub fn put_file(&self, path: &Path) -> Result<(Digest, u64), StoreError> {
        let file = File::open(path).map_err(|source| StoreError::io("open", path, source))?;
        self.receive(file, path)
    }

    /// Keeps everything that this reader gives; returns its name and size in bytes.
    ///
    /// # Errors
    /// The reader fails or the object can't be written.
    pub fn put_reader(&self, reader: impl Read) -> Result<(Digest, u64), StoreError> {
        self.receive(reader, &self.dir.join("incoming"))
    }

    /// Keeps what this reader gives if `accept` is content with its digest and with the complete file, which has no
    /// name among the objects yet. The inner error is `accept`'s own: then nothing is kept.
    ///
    /// # Errors
    /// The reader fails or the object can't be written.
    pub fn put_if<E>(
        &self,
        reader: impl Read,
        accept: impl FnOnce(Digest, &Path) -> Result<(), E>,
    ) -> Result<Result<(Digest, u64), E>, StoreError> {
        let (file, digest, size) = self.write(reader, &self.dir.join("incoming"))?;
        if let Err(error) = accept(digest, file.path()) {
            return Ok(Err(error));
        }
        self.settle(file, digest)?;
        Ok(Ok((digest, size)))
    }

    /// Makes this file, which is on the store's own file system, the object with this digest; its size in bytes. It is
    /// read whole first, and stays where it is if it is another one.
    ///
    /// # Errors
    /// It can't be read or moved, or has another digest.
    pub fn adopt(&self, path: &Path, expected: Digest) -> Result<u64, StoreError> {
        let failed = |source| StoreError::io("adopt", path, source);
        let mut file = File::open(path).map_err(failed)?;
        let mut hasher = Hasher::default();
        let size = io::copy(&mut file, &mut hasher).map_err(failed)?;
        let found = hasher.finish();
        if found != expected {
            return Err(StoreError::Damaged { path: path.to_owned(), found });
        }
        if self.contains(expected) {
            fs::remove_file(path).map_err(failed)?;
            return Ok(size);
        }
        let object = self.path(expected);
        file.set_permissions(Permissions::from_mode(0o444)).map_err(failed)?;
        file.sync_data().map_err(failed)?;
        if let Some(parent) = object.parent() {
            make_dir(parent)?;
        }
        fs::rename(path, &object).map_err(failed)?;
        Ok(size)
    }

    fn receive(&self, reader: impl Read, from: &Path) -> Result<(Digest, u64), StoreError> {
        let (file, digest, size) = self.write(reader, from)?;
        self.settle(file, digest)?;
        Ok((digest, size))
    }

    fn write(
        &self,
        mut reader: impl Read,
        from: &Path,
    ) -> Result<(tempfile::NamedTempFile, Digest, u64), StoreError> {
        let incoming = self.dir.join("incoming");
        let mut file = tempfile::NamedTempFile::new_in(&incoming)
            .map_err(|source| StoreError::io("write in", &incoming, source))?;
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; BUFFER];
        let mut size = 0;
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(StoreError::io("read", from, source)),
            };
            hasher.update(&buffer[..count]);
            file.write_all(&buffer[..count])
                .map_err(|source| StoreError::io("write", file.path(), source))?;
            size += count as u64;
        }
        Ok((file, hasher.finish(), size))
    }

    /// Gives a complete file its name. The data is on disk before the name is, so a name never points at a
    /// file that a power cut emptied.
    fn settle(&self, file: tempfile::NamedTempFile, digest: Digest) -> Result<(), StoreError> {
        let path = self.path(digest);
        if self.contains(digest) {
            return Ok(());
        }
        let failed = |source| StoreError::io("write", &path, source);
        file.as_file().set_permissions(Permissions::from_mode(0o444)).map_err(failed)?;
        file.as_file().sync_data().map_err(failed)?;
        if let Some(parent) = path.parent() {
            make_dir(parent)?;
        }
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Where an object is, or would be. A plain file that must not be changed.
    #[must_use]
    pub fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.dir.join("objects").join(&name[..2]).join(&name[2..])
    }

    /// Whether the object is there.
    #[must_use]
    pub fn contains(&self, digest: Digest) -> bool {
        self.path(digest).is_file()
    }

    /// Whether an object is there and is what its name says. Its file is read only if it was not found whole
    /// before, or was touched since. A damaged object is removed, so that it can be made or fetched again.
    ///
    /// # Errors
    /// Its file can't be read, or the damaged one not be removed.
    pub fn check(&self, digest: Digest) -> Result<State, StoreError> {
        let state = self.look(digest)?;
        if let State::Damaged { path, .. } = &state {
            fs::remove_file(path).map_err(|source| StoreError::io("remove", path, source))?;
        }
        Ok(state)
    }

    /// The same, without removing anything.
    ///
    /// # Errors
    /// Its file can't be read.
    pub fn look(&self, digest: Digest) -> Result<State, StoreError> {
        let path = self.path(digest);
        let file = match fs::symlink_metadata(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Missing),
            Err(source) => return Err(StoreError::io("read", &path, source)),
        };
        let checks = || self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        if checks().knows(digest, &file) {
            return Ok(State::Whole);
        }
        match self.verify(digest) {
            Ok(_) => {
                checks().learn(digest, &file);
                Ok(State::Whole)
            }
            Err(StoreError::Damaged { path, found }) => Ok(State::Damaged { path, found }),
            Err(error) => Err(error),
        }
    }

    /// All objects: digest and size in bytes, sorted by digest.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn objects(&self) -> Result<Vec<(Digest, u64)>, StoreError> {
        let mut found = Vec::new();
        let dir = self.dir.join("objects");
        for (path, file) in crate::cache::files(&dir)? {
            let name = path.strip_prefix(&dir).unwrap_or(&path).to_string_lossy().replace('/', "");
            if let Ok(digest) = name.parse() {
                found.push((digest, file.len()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Removes an object.
    ///
    /// # Errors
    /// Its file can't be removed.
    pub fn remove(&self, digest: Digest) -> Result<(), StoreError> {
        crate::cache::remove(&self.path(digest))
    }

    /// Reads an object whole and checks it against its name.
    ///
    /// # Errors
    /// It is missing, unreadable or damaged.
    pub fn read(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.path(digest);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => StoreError::Missing { digest, dir: self.dir.clone() },
            _ => StoreError::io("read", &path, source),
        })?;
        match Digest::of(&bytes) {
            found if found == digest => Ok(bytes),
            found => Err(StoreError::Damaged { path, found }),
        }
    }

    /// Reads the object's file once to check it against its name, without keeping it in memory.
    ///
    /// # Errors
    /// It is missing, unreadable or damaged.
    pub fn verify(&self, digest: Digest) -> Result<PathBuf, StoreError> {
        let path = self.path(digest);
        let mut file = File::open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => StoreError::Missing { digest, dir: self.dir.clone() },
            _ => StoreError::io("read", &path, source),
        })?;
        let mut hasher = Hasher::default();
        io::copy(&mut file, &mut hasher).map_err(|source| StoreError::io("read", &path, source))?;
        match hasher.finish() {
            found if found == digest => Ok(path),
            found => Err(StoreError::Damaged { path, found }),
        }
    }
}
