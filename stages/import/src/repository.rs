//! Signed rpm-md repositories of others: verified from the key down, then read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use heirloom_formats::Document;
use heirloom_formats::openpgp::{Keyring, VerifyError};
use heirloom_model::Package;
use heirloom_model::record::{RepositoryRole, RepositoryState};
use heirloom_store::{State, Store};

use crate::fetch::{self, Fetcher};
use crate::{ImportError, Importer};

/// Largest repomd.xml and signature.
const REPOMD_LIMIT: u64 = 16 * 1024 * 1024;
/// Largest metadata file, decompressed.
const OPEN_LIMIT: u64 = 2 * 1024 * 1024 * 1024;

/// What is kept of a repository beside its packages, by its type in repomd.xml.
const EXTRAS: [&str; 4] = ["group", "modules", "updateinfo", "productid"];

/// A verified repository: its repomd.xml was signed by a pinned key, and everything read below it has the
/// digest that repomd.xml states.
pub struct Verified {
    /// Root of the repository.
    pub location: String,
    /// SHA-256 of repomd.xml.
    pub repomd_digest: heirloom_model::Digest,
    /// Fingerprint of the key that signed it; empty for a directory whose signature was not asked for.
    pub signed_by: String,
    /// The newest time that it states, in seconds since 1970.
    pub newest: u64,
    repomd: heirloom_formats::repomd::Repomd,
}

/// Fetches repomd.xml and checks its signature.
///
/// # Errors
/// It can't be had or read, is unsigned, or is signed by a key that is not in the ring.
pub fn verify(fetcher: &Fetcher, location: &str, keys: &Keyring) -> Result<Verified, ImportError> {
    let at = fetch::join(location, "repodata/repomd.xml");
    let bytes = fetcher.read(&at, REPOMD_LIMIT)?;
    let signature_at = format!("{at}.asc");
    let signature =
        fetcher.read(&signature_at, REPOMD_LIMIT).map_err(|error| match error.is_not_found() {
            true => ImportError::Signature { location: at.clone(), source: VerifyError::NoSignature },
            false => error,
        })?;
    let signed_by = keys
        .verify_detached(&bytes, &signature)
        .map_err(|source| ImportError::Signature { location: at.clone(), source })?;
    read_repomd(location, &at, &bytes, signed_by)
}

/// Reads repomd.xml of a directory, signed or not: for judging what is not signed yet. Nothing of it may be kept.
///
/// # Errors
/// It can't be read.
pub fn in_directory(dir: &Path) -> Result<Verified, ImportError> {
    let location = dir.to_string_lossy();
    let at = fetch::join(&location, "repodata/repomd.xml");
    let bytes = fetch::local(Path::new(&at), REPOMD_LIMIT)?;
    read_repomd(&location, &at, &bytes, String::new())
}

fn read_repomd(location: &str, at: &str, bytes: &[u8], signed_by: String) -> Result<Verified, ImportError> {
    let repomd =
        heirloom_formats::repomd::Repomd::parse(Document::new(at, bytes)).map_err(ImportError::format(at))?;
    let repomd_digest = heirloom_model::Digest::of(bytes);
    let newest = repomd.records.iter().map(|record| record.timestamp).max().unwrap_or(0);
    Ok(Verified { location: location.to_owned(), repomd_digest, signed_by, newest, repomd })
}

/// A metadata file as it is there (compressed), with the digest that repomd.xml states.
pub struct Metadata {
    /// Its path or URL.
    pub at: String,
    bytes: Vec<u8>,
    open: u64,
}

impl Metadata {
    /// The bytes for a parser, which will not read more of them than repomd.xml states.
    #[must_use]
    pub fn document(&self) -> Document<'_> {
        Document::new(&self.at, &self.bytes).limit(self.open)
    }
}

impl Verified {
    /// Refuses it if it is older than what was seen there before, and records it else.
    ///
    /// # Errors
    /// It went back, or claims to be from the future.
    pub fn watch(&self, importer: &Importer<'_>) -> Result<(), ImportError> {
        let revision = self.repomd_digest.to_string();
        match importer.no_older(&self.location, &revision, self.newest)? {
            Some(watched) => Ok(importer.store.append(&watched)?),
            None => Ok(()),
        }
    }

    /// Fetches one metadata file by its type, checked against repomd.xml, as it is there (compressed).
    ///
    /// # Errors
    /// It can't be had, or has another digest than repomd.xml says.
    pub fn metadata(&self, fetcher: &Fetcher, kind: &str) -> Result<Option<Metadata>, ImportError> {
        let Some(record) = self.repomd.record(kind) else { return Ok(None) };
        let at = fetch::join(&self.location, &record.location);
        let expected = record.checksum.to_string().parse().map_err(ImportError::format(&at))?;
        let bytes = fetcher.read_checked(&at, &expected, record.size, "repomd.xml")?;
        let open = record.open_size.unwrap_or(OPEN_LIMIT).min(OPEN_LIMIT);
        Ok(Some(Metadata { at, bytes, open }))
    }

    /// Whether it lists metadata of this type.
    #[must_use]
    pub fn has(&self, kind: &str) -> bool {
        self.repomd.record(kind).is_some()
    }

    /// All packages, with their files.
    ///
    /// # Errors
    /// Primary or filelists are missing or can't be read.
    pub fn packages(&self, fetcher: &Fetcher) -> Result<Vec<Package>, ImportError> {
        let primary = self.required(fetcher, "primary")?;
        let filelists = self.required(fetcher, "filelists")?;
        heirloom_formats::repodata::read_packages(primary.document(), filelists.document())
            .map_err(ImportError::format(&self.location))
    }

    fn required(&self, fetcher: &Fetcher, kind: &str) -> Result<Metadata, ImportError> {
        self.metadata(fetcher, kind)?.ok_or_else(|| ImportError::Format {
            location: fetch::join(&self.location, "repodata/repomd.xml"),
            source: format!("it lists no `{kind}` metadata").into(),
        })
    }
}

/// Reads a repository of binaries and keeps what it says.
///
/// # Errors
/// See [`verify`], [`Verified::watch`] and [`Verified::packages`].
pub fn import(
    importer: &Importer<'_>,
    role: RepositoryRole,
    name: &str,
    location: &str,
    keys: &Keyring,
) -> Result<RepositoryState, ImportError> {
    let store = importer.store;
    let verified = verify(&importer.fetcher, location, keys)?;
    verified.watch(importer)?;
    let unchanged = store.get::<RepositoryState>(&format!("{}/{name}", role.name()))?;
    if let Some(state) =
        unchanged.filter(|state| state.repomd == verified.repomd_digest && state.location == location)
        && is_whole(store, &state)?
    {
        return Ok(state);
    }
    let packages = verified.packages(&importer.fetcher)?;
    let json = serde_json::to_vec(&packages).map_err(ImportError::format(location))?;
    let mut extras = BTreeMap::new();
    for kind in EXTRAS {
        if let Some(extra) = verified.metadata(&importer.fetcher, kind)? {
            let plain = extra.document().decompress().map_err(ImportError::format(&extra.at))?;
            extras.insert(kind.to_owned(), store.put(&plain)?);
        }
    }
    let state = RepositoryState {
        role,
        name: name.to_owned(),
        location: location.to_owned(),
        repomd: verified.repomd_digest,
        signed_by: verified.signed_by,
        packages: store.put(&json)?,
        extras,
    };
    store.append(&state)?;
    Ok(state)
}

/// Whether what was kept of a repository is still there. What is not, or is damaged, is made again.
fn is_whole(store: &Store, state: &RepositoryState) -> Result<bool, ImportError> {
    for digest in [&state.packages].into_iter().chain(state.extras.values()) {
        if store.check(*digest)? != State::Whole {
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
    static FETCHER: LazyLock<Fetcher> = LazyLock::new(Fetcher::default);
    let by = "the repository's metadata";
    FETCHER.into_store(store, &at, package.digest, Some(package.size), by)?;
    Ok(())
}
