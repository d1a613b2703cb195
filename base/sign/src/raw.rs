//! Ed25519 keys without a frame around them, in PKCS#8 files: RFC 8032 and RFC 8410.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use rand::RngCore as _;

use crate::holder::remote::{Remote, RemoteError};
use crate::protocol::{Purpose, Request, SignatureKind};

/// The file's lines around its base64.
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// What PKCS#8 (version 1, no attributes) has before the 32 bytes of an Ed25519 key: RFC 8410, 7 and 10.3.
const PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// Bytes of a file, more than any has.
const LARGEST: u64 = 4096;

/// A private Ed25519 key.
pub struct RawKey(SigningKey);

/// A key can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RawKeyError {
    /// The file can't be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read the private key.
    #[error("{path} is a private key that other users can access (mode {mode:03o}): run `chmod 600 {path}`")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is a file already, and keys are never overwritten.
    #[error("{0} exists: a key is never overwritten; move it away first")]
    Exists(PathBuf),
    /// It is something else.
    #[error(
        "{0} is no Ed25519 private key in PKCS#8 (PEM, without a passphrase): `openssl genpkey -algorithm ed25519` and \
         `heirloom tuf init` make such keys"
    )]
    Malformed(PathBuf),
}

impl RawKey {
    /// Makes a random key.
    #[must_use]
    pub fn generate() -> Self {
        let mut secret = [0; 32];
        rand::rngs::OsRng.fill_bytes(&mut secret);
        Self(SigningKey::from_bytes(&secret))
    }

    /// Reads a key that only its owner can access.
    ///
    /// # Errors
    /// A file that can't be read, that other users can access, or that is no such key.
    pub fn load(path: &Path) -> Result<Self, RawKeyError> {
        let io = |source| RawKeyError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(RawKeyError::Exposed { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        let malformed = || RawKeyError::Malformed(path.to_owned());
        match file.take(LARGEST).read_to_string(&mut text) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(malformed()),
            read => read.map_err(io)?,
        };
        parse(&text).map(Self).ok_or_else(malformed)
    }

    /// Writes the key to a new file that only its owner can read.
    ///
    /// # Errors
    /// The file exists, or can't be written.
    pub fn save(&self, path: &Path) -> Result<(), RawKeyError> {
        let io = |source| RawKeyError::Io { path: path.to_owned(), source };
        let body = STANDARD.encode([&PREFIX[..], self.0.as_bytes()].concat());
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        // Created with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(io)?;
        writeln!(file, "{BEGIN}\n{body}\n{END}").and_then(|()| file.as_file().sync_all()).map_err(io)?;
        file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => RawKeyError::Exists(path.to_owned()),
            _ => io(error.error),
        })?;
        fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
    }

    /// The signature of these bytes: 64 bytes, always the same.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).to_vec()
    }

    /// The public key in hexadecimal digits, by which a signer knows it.
    #[must_use]
    pub fn name(&self) -> String {
        name(self.public())
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

fn name(public: [u8; 32]) -> String {
    public.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The signature of these bytes by a key that the signer at this socket holds. Whether it holds is for who asked.
///
/// # Errors
/// There is no signer, or it refuses.
pub fn sign_remotely(socket: &Path, public: [u8; 32], bytes: &[u8]) -> Result<Vec<u8>, RemoteError> {
    let (algorithm, purpose) = (SignatureKind::Ed25519, Purpose::Metadata);
    let request = Request { key: name(public), algorithm, purpose, data: bytes.to_vec(), time: 0 };
    Remote::open(socket)?.sign(&request)
}

fn parse(text: &str) -> Option<SigningKey> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let body: String = body.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(body).ok()?;
    let secret: [u8; 32] = bytes.strip_prefix(&PREFIX)?.try_into().ok()?;
    Some(SigningKey::from_bytes(&secret))
}
