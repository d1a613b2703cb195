//! Signed rpm-md repositories of others: verified from the key down, then read.

use std::path::PathBuf;

use heirloom_formats::Document;
use heirloom_model::Package;
use heirloom_model::record::{RepositoryRole, RepositoryState};
use heirloom_sign::{Keyring, VerifyError};
use heirloom_store::{State, Store};

use crate::{ImportError, fetch};

/// A verified repository: its repomd.xml was signed by a pinned key, and everything read below it has the
/// digest that repomd.xml states.
pub struct Verified {
    /// Root of the repository.
    pub location: String,
    /// SHA-256 of repomd.xml.
    pub repomd_digest: heirloom_model::Digest,
    /// Fingerprint of the key that signed it.
    pub signed_by: String,
    repomd: heirloom_formats::repomd::Repomd,
}

/// Reads key files into one ring.
///
/// # Errors
/// A file can't be read or holds no OpenPGP public key.
pub fn keyring(files: &[PathBuf]) -> Result<Keyring, ImportError> {
    let mut armoured = Vec::new();
    for path in files {
        let bytes = std::fs::read(path).map_err(ImportError::read(path))?;
        Keyring::from_armoured(&bytes).map_err(|source| ImportError::Key { path: path.clone(), source })?;
        armoured.extend_from_slice(&bytes);
        armoured.push(b'\n');
    }
    let path = files.first().cloned().unwrap_or_default();
    Keyring::from_armoured(&armoured).map_err(|source| ImportError::Key { path, source })
}

/// Fetches repomd.xml and checks its signature.
///
/// # Errors
/// It can't be had or read, is unsigned, or is signed by a key that is not in the ring.
pub fn verify(location: &str, keys: &Keyring) -> Result<Verified, ImportError> {
    let at = fetch::join(location, "repodata/repomd.xml");
    let bytes = fetch::read(&at, fetch::METADATA_LIMIT)?;
    let signature_at = format!("{at}.asc");
    let signature = fetch::read(&signature_at, fetch::METADATA_LIMIT).map_err(|error| match error {
        ImportError::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            ImportError::Signature { location: at.clone(), source: VerifyError::NoSignature }
        }
        other => other,
    })?;
    let signed_by = keys
        .verify_detached(&bytes, &signature)
        .map_err(|source| ImportError::Signature { location: at.clone(), source })?;
    let repomd = heirloom_formats::repomd::Repomd::parse(Document::new(&at, &bytes))
        .map_err(ImportError::format(&at))?;
    let repomd_digest = heirloom_model::Digest::of(&bytes);
    Ok(Verified { location: location.to_owned(), repomd_digest, signed_by, repomd })
}

impl Verified {
    /// Fetches one metadata file by its type, checked against repomd.xml, as it is there (compressed).
    ///
    /// # Errors
    /// It can't be had, or has another digest than repomd.xml says.
    pub fn metadata(&self, kind: &str) -> Result<Option<(String, Vec<u8>)>, ImportError> {
        let Some(record) = self.repomd.record(kind) else { return Ok(None) };
        let at = fetch::join(&self.location, &record.location);
        let bytes = fetch::read(&at, fetch::METADATA_LIMIT)?;
        let found = heirloom_model::Digest::of(&bytes);
        match record.checksum == found {
            true => Ok(Some((at, bytes))),
            false => Err(ImportError::mismatch(&at, "repomd.xml", &record.checksum.to_string(), found)),
        }
    }

    /// All packages, with their files.
    ///
    /// # Errors
    /// Primary or filelists are missing or can't be read.
    pub fn packages(&self) -> Result<Vec<Package>, ImportError> {
        let (at, primary) = self.required("primary")?;
        let (files_at, filelists) = self.required("filelists")?;
        let (primary, filelists) = (Document::new(&at, &primary), Document::new(&files_at, &filelists));
        heirloom_formats::repodata::read_packages(primary, filelists)
            .map_err(ImportError::format(&self.location))
    }

    fn required(&self, kind: &str) -> Result<(String, Vec<u8>), ImportError> {
        self.metadata(kind)?.ok_or_else(|| ImportError::Format {
            location: fetch::join(&self.location, "repodata/repomd.xml"),
            source: format!("it lists no `{kind}` metadata").into(),
        })
    }
}

/// Reads a repository of binaries and keeps what it says.
///
/// # Errors
/// See [`verify`] and [`Verified::packages`].
pub fn import(
    store: &Store,
    role: RepositoryRole,
    name: &str,
    location: &str,
    keys: &Keyring,
) -> Result<RepositoryState, ImportError> {
    let verified = verify(location, keys)?;
    let unchanged = store.get::<RepositoryState>(&format!("{}/{name}", role.name()))?;
    if let Some(state) =
        unchanged.filter(|state| state.repomd == verified.repomd_digest && state.location == location)
        && is_whole(store, &state)?
    {
        return Ok(state);
    }
    let packages = verified.packages()?;
    let json = serde_json::to_vec(&packages).map_err(ImportError::format(location))?;
    let comps = match verified.metadata("group")? {
        Some((at, bytes)) => {
            let plain = Document::new(&at, &bytes).decompress().map_err(ImportError::format(&at))?;
            Some(store.put(&plain)?)
        }
        None => None,
    };
    let state = RepositoryState {
        role,
        name: name.to_owned(),
        location: location.to_owned(),
        repomd: verified.repomd_digest,
        signed_by: verified.signed_by,
        packages: store.put(&json)?,
        comps,
    };
    store.append(&state)?;
    Ok(state)
}

/// Whether what was kept of a repository is still there. What is not, or is damaged, is made again.
fn is_whole(store: &Store, state: &RepositoryState) -> Result<bool, ImportError> {
    for digest in [Some(state.packages), state.comps].into_iter().flatten() {
        if store.check(digest)? != State::Whole {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The packages of a repository that was imported.
///
/// # Errors
/// The object is missing or damaged.
pub fn packages(store: &Store, state: &RepositoryState) -> Result<Vec<Package>, ImportError> {
    serde_json::from_slice(&store.read(state.packages)?).map_err(ImportError::format(&state.location))
}

/// Makes sure that a package of a repository is in the store, with the digest that its metadata states.
///
/// # Errors
/// It can't be had, or has another digest.
pub fn fetch_package(store: &Store, location: &str, package: &Package) -> Result<(), ImportError> {
    let at = fetch::join(location, &package.location);
    fetch::into_store(store, &at, package.digest, "the repository's metadata")?;
    Ok(())
}
