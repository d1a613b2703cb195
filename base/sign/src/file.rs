//! Files that only their owner may read.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::key::KeyError;

/// Larger than any private key, in bytes.
const LARGEST: u64 = 1 << 20;

/// The bytes of a small file.
pub(crate) fn bounded(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    // With room for most keys at once: what grows is copied, and the copies stay in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 16));
    fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(io)?;
    match bytes.len() as u64 <= LARGEST {
        true => Ok(bytes),
        false => Err(io(io::Error::other(format!("it has more than {LARGEST} bytes, as no key has")))),
    }
}

/// Refuses a file that others can access.
pub(crate) fn check_private(path: &Path) -> Result<(), KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 { Err(KeyError::Exposed { path: path.to_owned(), mode }) } else { Ok(()) }
}

/// The text of a file with a secret, which others can't access.
pub(crate) fn private_text(path: &Path, what: &'static str) -> Result<Zeroizing<String>, KeyError> {
    let bytes = bounded(path)?;
    check_private(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| KeyError::Io {
        path: path.to_owned(),
        source: io::Error::other(format!("the {what} in it is no text: {error}")),
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Writes a new file that only its owner can read: complete, or not at all.
///
/// # Errors
/// It exists, or can't be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let io = |source| KeyError::Io { path: path.to_owned(), source };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    // Created with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(io)?;
    file.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
        _ => io(error.error),
    })?;
    Ok(())
}
