//! The directory of keys and roots.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use heirloom_formats::tuf::{Body as _, KeyId, PublicKey, Role, Root};
use heirloom_sign::{RawKey, RawKeyError};

use crate::context::bytes;
use crate::fail::{Exit, Fail};

/// A key with its file's name and its id.
pub(super) type Named = (String, KeyId, RawKey);

/// A directory with `ROLE*.key` and `N.root.json`. Keys that no root names do no harm there.
pub(super) struct KeyDir(PathBuf);

impl KeyDir {
    pub(super) fn at(dir: PathBuf) -> Self {
        Self(dir)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the directory, for its owner alone, if it is not there.
    pub(super) fn make(&self) -> Result<(), Fail> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0).map_err(self.failed("make"))
    }

    fn failed(&self, what: &'static str) -> impl Fn(io::Error) -> Fail + '_ {
        move |error| Fail::new(Exit::Failed, format!("can't {what} {}: {error}", self.0.display()))
    }

    /// All roots, from the first one on.
    pub(super) fn roots(&self) -> Result<Vec<Vec<u8>>, Fail> {
        let mut roots = Vec::new();
        for version in 1.. {
            let path = self.0.join(Role::Root.file(version));
            if !path.exists() {
                break;
            }
            roots.push(bytes(&path, Root::LARGEST)?);
        }
        Ok(roots)
    }

    /// The keys of a role, by their files' names.
    pub(super) fn keys(&self, role: Role) -> Result<Vec<Named>, RawKeyError> {
        let io = |source| RawKeyError::Io { path: self.0.clone(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(io)? {
            let name = entry.map_err(io)?.file_name().to_string_lossy().into_owned();
            let rest = name.strip_prefix(role.name()).and_then(|rest| rest.strip_suffix(".key"));
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-')) {
                names.push(name);
            }
        }
        names.sort();
        let load = |name: String| {
            let path = self.0.join(&name);
            let key = RawKey::load(&path)?;
            Ok((name, id(&key).ok_or(RawKeyError::Malformed(path))?, key))
        };
        names.into_iter().map(load).collect()
    }

    /// Makes a key; one of that name was left by a run that was killed before any root named it.
    pub(super) fn generate(&self, name: &str) -> Result<Named, RawKeyError> {
        let path = self.0.join(name);
        let key = match RawKey::load(&path) {
            Err(RawKeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let key = RawKey::generate();
                key.save(&path)?;
                key
            }
            loaded => loaded?,
        };
        Ok((name.to_owned(), id(&key).ok_or(RawKeyError::Malformed(path))?, key))
    }

    /// Reads keys for a role; those that are not in the directory yet are copied there.
    pub(super) fn take(
        &self,
        role: Role,
        version: u64,
        files: &[PathBuf],
    ) -> Result<Vec<Named>, RawKeyError> {
        let known = self.keys(role)?;
        let mut taken = Vec::new();
        for (number, file) in (1..).zip(files) {
            let key = RawKey::load(file)?;
            let id = id(&key).ok_or_else(|| RawKeyError::Malformed(file.clone()))?;
            let name = match known.iter().find(|(_, other, _)| *other == id) {
                Some((name, ..)) => name.clone(),
                None => {
                    let name = format!("{role}-{version}-{number}-{}.key", id.short());
                    key.save(&self.0.join(&name))?;
                    name
                }
            };
            taken.push((name, id, key));
        }
        Ok(taken)
    }

    /// Writes a root that is not there yet; where it is.
    pub(super) fn add_root(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Fail> {
        let path = self.0.join(name);
        let failed = self.failed("write a root into");
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(&failed)?;
        file.write_all(bytes).map_err(&failed)?;
        file.as_file().set_permissions(Permissions::from_mode(0o644)).map_err(&failed)?;
        file.as_file().sync_all().map_err(&failed)?;
        file.persist_noclobber(&path).map_err(|error| failed(error.error))?;
        fs::File::open(&self.0).and_then(|dir| dir.sync_all()).map_err(&failed)?;
        Ok(path)
    }
}

fn id(key: &RawKey) -> Option<KeyId> {
    PublicKey::from_bytes(key.public()).map(PublicKey::id)
}
