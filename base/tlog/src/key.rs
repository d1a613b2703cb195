//! Keys of signed notes: Ed25519 under a name. C2SP `signed-note` and `tlog-cosignature`.

use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use signed_note::{Verifier, is_key_name_valid, key_id};

/// Type bytes of `signed-note`: a note signed as it is, and a cosignature with its time.
const ED25519: u8 = 0x01;
const COSIGNATURE: u8 = 0x04;
/// Largest file of a secret key, in bytes.
const LARGEST: u64 = 4096;
/// Longest name, in bytes.
const LONGEST: usize = 1024;

/// A key can't be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("{path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read the secret key.
    #[error("{path} is a secret key that other users can access (mode {mode:03o}): run `chmod 600 {path}`")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is a file already, and keys are never overwritten.
    #[error("{0} exists: a key is never overwritten; move it away first")]
    Exists(PathBuf),
    /// The file is no secret key.
    #[error("{path} is no secret key of notes: expected `PRIVATE+KEY+name+hash+base64`")]
    NoSecret {
        /// The file.
        path: PathBuf,
    },
    /// The text is no public key.
    #[error("`{0}` is no public key of notes: expected `name+hash+base64`, and the hash of name and key")]
    NoPublic(String),
    /// The public key is for something else.
    #[error("the key of `{name}` is of type {found:#04x}: expected {expected:#04x}, {meaning}")]
    Type {
        /// Its name.
        name: String,
        /// What is needed.
        expected: u8,
        /// What that is.
        meaning: &'static str,
        /// Its type.
        found: u8,
    },
    /// Not a name that a key can have.
    #[error(
        "`{0}` can't be the name of a key: it is empty, too long, or has blanks, `+` or control characters"
    )]
    Name(String),
}

/// A secret key with its name. The same key can sign checkpoints of a log, or cosign as a witness; one must not do both.
pub struct NoteKey {
    name: String,
    secret: SigningKey,
}

impl NoteKey {
    /// Makes a random key.
    ///
    /// # Errors
    /// A name that keys can't have.
    pub fn generate(name: &str) -> Result<Self, KeyError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), secret: SigningKey::generate(&mut rand::rngs::OsRng) })
    }

    /// Reads `PRIVATE+KEY+name+hash+base64`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim_end().strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
        let (name, hash, key) = (parts.next()?, parts.next()?, STANDARD.decode(parts.next()?).ok()?);
        let (&[ED25519], seed) = key.split_at_checked(1)? else { return None };
        let secret = SigningKey::from_bytes(seed.try_into().ok()?);
        let read = Self { name: name.to_owned(), secret };
        let is_whole = check_name(name).is_ok() && hash == format!("{:08x}", read.id(ED25519));
        is_whole.then_some(read)
    }

    /// Reads a file that only its owner may access.
    ///
    /// # Errors
    /// The file can't be read, is no secret key, or others can read it.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        let mut bytes = Vec::new();
        file.take(LARGEST).read_to_end(&mut bytes).map_err(io)?;
        let key = std::str::from_utf8(&bytes).ok().and_then(Self::parse);
        // First, so that a public key is not said to be an exposed secret one.
        let key = key.ok_or_else(|| KeyError::NoSecret { path: path.to_owned() })?;
        match mode & 0o077 {
            0 => Ok(key),
            _ => Err(KeyError::Exposed { path: path.to_owned(), mode }),
        }
    }

    /// Writes it to a new file that only its owner can read.
    ///
    /// # Errors
    /// The file exists, or can't be written.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        // Created with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(io)?;
        let key = STANDARD.encode([&[ED25519][..], &self.secret.to_bytes()].concat());
        let text = format!("PRIVATE+KEY+{}+{:08x}+{key}\n", self.name, self.id(ED25519));
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(io)?;
        file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => io(error.error),
        })?;
        Ok(())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key that verifies a log's checkpoints.
    #[must_use]
    pub fn log_vkey(&self) -> Vkey {
        self.vkey(ED25519)
    }

    /// The public key that verifies a witness's cosignatures.
    #[must_use]
    pub fn witness_vkey(&self) -> Vkey {
        self.vkey(COSIGNATURE)
    }

    fn vkey(&self, kind: u8) -> Vkey {
        Vkey { name: self.name.clone(), id: self.id(kind), kind, key: self.secret.verifying_key() }
    }

    fn id(&self, kind: u8) -> u32 {
        key_id(&self.name, &[&[kind][..], self.secret.verifying_key().as_bytes()].concat())
    }

    /// Signs the text of a note.
    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.secret.sign(text).to_bytes().to_vec()
    }

    /// Cosigns the text of a checkpoint at a time, in seconds since 1970.
    pub(crate) fn cosign(&self, text: &[u8], time: u64) -> Vec<u8> {
        [&time.to_be_bytes()[..], &self.secret.sign(&cosigned(text, time)).to_bytes()].concat()
    }
}

/// A public key: `name+hash+base64`, either of a log or of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vkey {
    name: String,
    id: u32,
    kind: u8,
    key: VerifyingKey,
}

impl Vkey {
    /// Reads the key of a log.
    ///
    /// # Errors
    /// It is no key, or one of a witness.
    pub fn log(text: &str) -> Result<Self, KeyError> {
        Self::of(text, ED25519, "which signs checkpoints")
    }

    /// Reads the key of a witness.
    ///
    /// # Errors
    /// It is no key, or one that does not cosign.
    pub fn witness(text: &str) -> Result<Self, KeyError> {
        Self::of(text, COSIGNATURE, "which cosigns with a time")
    }

    fn of(text: &str, expected: u8, meaning: &'static str) -> Result<Self, KeyError> {
        let shown = || KeyError::NoPublic(text.chars().take(200).collect());
        let (name, kind, key) = parts(text.trim()).ok_or_else(shown)?;
        if kind != expected {
            return Err(KeyError::Type { name: name.to_owned(), expected, meaning, found: kind });
        }
        let id = key_id(name, &[&[kind][..], &key].concat());
        let key = <&[u8; 32]>::try_from(&key[..]).ok().and_then(|key| VerifyingKey::from_bytes(key).ok());
        Ok(Self { name: name.to_owned(), id, kind, key: key.ok_or_else(shown)? })
    }

    /// Its name; that of a log is the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the same key, whatever name and use it has.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// Name, type and key, where the hash is theirs.
fn parts(text: &str) -> Option<(&str, u8, Vec<u8>)> {
    let mut parts = text.splitn(3, '+');
    let (name, hash, key) = (parts.next()?, parts.next()?, STANDARD.decode(parts.next()?).ok()?);
    let is_whole = check_name(name).is_ok() && hash == format!("{:08x}", key_id(name, &key));
    let (kind, rest) = key.split_first()?;
    is_whole.then(|| (name, *kind, rest.to_vec()))
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[self.kind][..], self.key.as_bytes()].concat());
        write!(f, "{}+{:08x}+{key}", self.name, self.id)
    }
}

impl Verifier for Vkey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let holds = |text: &[u8], signature: &[u8]| {
            Signature::from_slice(signature).is_ok_and(|one| self.key.verify_strict(text, &one).is_ok())
        };
        match self.kind {
            ED25519 => holds(text, signature),
            _ => time_of(signature).is_some_and(|time| holds(&cosigned(text, time), &signature[8..])),
        }
    }
}

/// When a cosignature was made, in seconds since 1970.
pub(crate) fn time_of(signature: &[u8]) -> Option<u64> {
    let time = u64::from_be_bytes(*signature.first_chunk()?);
    (time <= i64::MAX as u64).then_some(time)
}

/// What a witness signs.
fn cosigned(text: &[u8], time: u64) -> Vec<u8> {
    [format!("cosignature/v1\ntime {time}\n").as_bytes(), text].concat()
}

fn check_name(name: &str) -> Result<(), KeyError> {
    match is_key_name_valid(name) && name.len() <= LONGEST && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(KeyError::Name(name.chars().take(200).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_implementation_is_read() {
        // Of the documentation of Go's sumdb/note.
        let secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n";
        let key = NoteKey::parse(secret).unwrap();
        assert_eq!(
            key.log_vkey().to_string(),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        );
        assert!(NoteKey::parse(&secret.replace("AYEK", "AYEL")).is_none());
        assert!(NoteKey::parse(&secret.replace("c74f20a3", "c74f20a4")).is_none());
    }

    #[test]
    fn keys_are_written_for_their_owner_alone_and_never_over_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.key");
        let key = NoteKey::generate("kestrel.example/log").unwrap();
        key.save(&path).unwrap();
        assert_eq!(NoteKey::load(&path).unwrap().log_vkey(), key.log_vkey());
        assert!(matches!(key.save(&path), Err(KeyError::Exists(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = NoteKey::load(&path).err().unwrap().to_string();
        assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
        fs::write(&path, key.log_vkey().to_string()).unwrap();
        assert!(matches!(NoteKey::load(&path), Err(KeyError::NoSecret { .. })));
    }

    #[test]
    fn a_log_and_a_witness_are_told_apart() {
        let key = NoteKey::generate("witness.example").unwrap();
        let (log, witness) = (key.log_vkey().to_string(), key.witness_vkey().to_string());
        assert_ne!(log, witness);
        assert_eq!(Vkey::witness(&witness).unwrap(), key.witness_vkey());
        let error = Vkey::witness(&log).unwrap_err().to_string();
        assert!(error.contains("type 0x01: expected 0x04, which cosigns"), "{error}");
        assert!(Vkey::log(&witness).unwrap_err().to_string().contains("expected 0x01"));
        for text in ["", "a+b", "a+00000000+", &log.replace('+', " "), &format!("{log}A"), "a+b+c+d"] {
            assert!(matches!(Vkey::log(text), Err(KeyError::NoPublic(_))), "{text}");
        }
        for name in ["", "a b", "a+b", "a\nb", "a\u{7}"] {
            assert!(matches!(NoteKey::generate(name), Err(KeyError::Name(_))), "{name:?}");
        }
    }
}
