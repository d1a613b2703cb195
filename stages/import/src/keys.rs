//! Public keys of the definition: read, held against their fingerprints, and fetched where they are missing.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use heirloom_formats::openpgp::Keyring;

use crate::{ImportError, Importer};

/// Largest file of public keys.
const LIMIT: u64 = 1024 * 1024;

/// A key that a file must hold.
#[derive(Clone, Debug)]
pub struct Pinned {
    /// The file.
    pub file: PathBuf,
    /// The fingerprint, in hexadecimal digits; blanks and case do not count.
    pub fingerprint: String,
    /// Where the file can be had.
    pub url: Option<String>,
}

/// Reads key files into one ring, whatever keys they hold.
///
/// # Errors
/// A file can't be read or holds no OpenPGP public key.
pub fn keyring(files: &[PathBuf]) -> Result<Keyring, ImportError> {
    join(files, |path| {
        let bytes = crate::fetch::local(path, LIMIT)?;
        Keyring::from_armoured(&bytes)
            .map_err(|source| ImportError::Key { path: path.to_owned(), source })?;
        Ok(bytes)
    })
}

fn join(
    files: &[PathBuf],
    read: impl Fn(&Path) -> Result<Vec<u8>, ImportError>,
) -> Result<Keyring, ImportError> {
    let mut armoured = Vec::new();
    for path in files {
        armoured.extend_from_slice(&read(path)?);
        armoured.push(b'\n');
    }
    let path = files.first().cloned().unwrap_or_default();
    Keyring::from_armoured(&armoured).map_err(|source| ImportError::Key { path, source })
}

impl Importer<'_> {
    /// Reads key files into one ring. A file with pinned keys has these and no others; if it is missing and there is
    /// a URL for it, it is fetched, checked and kept.
    ///
    /// # Errors
    /// A file can't be read or fetched, holds no OpenPGP public key, or holds others than it should.
    pub fn keyring(&self, files: &[PathBuf]) -> Result<Keyring, ImportError> {
        join(files, |path| self.key_file(path))
    }

    fn key_file(&self, path: &Path) -> Result<Vec<u8>, ImportError> {
        let pins: Vec<_> = self.pinned.iter().filter(|pin| pin.file == path).collect();
        let url = pins.iter().find_map(|pin| pin.url.as_deref());
        let (bytes, from) = match (crate::fetch::local(path, LIMIT), url) {
            (Err(error), Some(url)) if error.is_not_found() => (self.fetcher.read(url, LIMIT)?, url),
            (read, _) => (read?, ""),
        };
        let ring = Keyring::from_armoured(&bytes)
            .map_err(|source| ImportError::Key { path: path.to_owned(), source })?;
        let found: BTreeSet<_> = ring.fingerprints().into_iter().map(plain).collect();
        let expected: BTreeSet<_> = pins.iter().map(|pin| plain(&pin.fingerprint)).collect();
        if !expected.is_empty() && found != expected {
            let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
            return Err(ImportError::Fingerprint {
                path: if from.is_empty() { path.to_owned() } else { from.into() },
                expected: list(expected),
                found: list(found),
            });
        }
        if !from.is_empty() {
            save(path, &bytes).map_err(ImportError::read(path))?;
        }
        Ok(bytes)
    }
}

fn save(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn plain(fingerprint: &str) -> String {
    fingerprint.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect()
}
