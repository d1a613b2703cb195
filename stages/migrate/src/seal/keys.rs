//! Keys of plans and receipts.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use heirloom_formats::tuf;

use super::SealError;
use crate::layout::Layout;
use crate::machine::Machine;

/// Bytes of a key file.
const LARGEST: u64 = 4096;
/// Where an administrator puts public keys of those who may sign plans.
const SIGNERS: &str = "/etc/heirloom-migrate/signers";

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(tuf::PublicKey);

impl PublicKey {
    /// What it is called: 64 hexadecimal digits.
    #[must_use]
    pub fn id(self) -> String {
        self.0.id().to_string()
    }

    /// Whether it made this signature.
    #[must_use]
    pub fn has_signed(self, bytes: &[u8], signature: &[u8]) -> bool {
        self.0.has_signed(bytes, signature)
    }

    /// The line of its file.
    #[must_use]
    pub fn line(self, words: &str) -> String {
        format!("ed25519 {} {words}\n", STANDARD.encode(self.0.to_bytes()))
    }

    /// Reads a public key's file.
    ///
    /// # Errors
    /// It can't be read or is none.
    pub fn open(path: &Path) -> Result<Self, SealError> {
        let bytes = word(path, "ed25519")?;
        tuf::PublicKey::from_bytes(bytes).map(Self).ok_or_else(|| SealError::Form {
            what: path.display().to_string(),
            why: "it is no Ed25519 public key".to_owned(),
        })
    }
}

/// A private key.
pub struct Signer(ed25519_dalek::SigningKey);

impl Signer {
    /// Reads a private key's file.
    ///
    /// # Errors
    /// It can't be read or is none.
    pub fn open(path: &Path) -> Result<Self, SealError> {
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&word(path, "ed25519-seed")?)))
    }

    /// Makes a key, its file (0600) and `NAME.pub` beside it. A file that is there stays and is an error.
    ///
    /// # Errors
    /// The files can't be written, or the kernel gives no random bytes.
    pub fn make(path: &Path, words: &str) -> Result<Self, SealError> {
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |source| SealError::Io { path, source }
        };
        let random = Path::new("/dev/urandom");
        let mut seed = [0; 32];
        File::open(random).and_then(|mut file| file.read_exact(&mut seed)).map_err(failed(random))?;
        let signer = Self(ed25519_dalek::SigningKey::from_bytes(&seed));
        // Under another name first: a key that is cut short would be in the way for ever.
        let new = path.with_extension("new");
        let _ = fs::remove_file(&new);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(failed(&new))?;
        let line = format!("ed25519-seed {}\n", STANDARD.encode(seed));
        file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&new))?;
        fs::hard_link(&new, path).map_err(failed(path))?;
        let _ = fs::remove_file(&new);
        let public = path.with_extension("pub");
        fs::write(&public, signer.public().line(words)).map_err(failed(&public))?;
        Ok(signer)
    }

    /// The machine's own key, made on first use.
    ///
    /// # Errors
    /// It can't be read or made.
    pub fn of_machine(machine: &Machine) -> Result<Self, SealError> {
        let path = Layout::of(machine).home().join("key");
        if path.exists() {
            return Self::open(&path);
        }
        let home = Layout::of(machine);
        fs::create_dir_all(home.home())
            .map_err(|source| SealError::Io { path: home.home().display().to_string(), source })?;
        match Self::make(&path, "of this machine") {
            // Somebody else was faster.
            Err(SealError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                Self::open(&path)
            }
            made => made,
        }
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        // A point that was computed from a seed is one of the curve, and not a weak one.
        let bytes = self.0.verifying_key().to_bytes();
        PublicKey(tuf::PublicKey::from_bytes(bytes).unwrap_or_else(|| unreachable!("a made key is a key")))
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

/// Keys whose signatures count.
#[derive(Clone, Debug, Default)]
pub struct Signers(Vec<PublicKey>);

impl Signers {
    /// Just these.
    #[must_use]
    pub fn from_keys(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// Those of this machine: its own key, those that its administrator put below `/etc/heirloom-migrate/signers/`, and these files.
    ///
    /// # Errors
    /// A key file can't be read or is none.
    pub fn of_machine(machine: &Machine, files: &[impl AsRef<Path>]) -> Result<Self, SealError> {
        let mut keys = Vec::new();
        let own = Layout::of(machine).home().join("key");
        if own.exists() {
            keys.push(Signer::open(&own)?.public());
        }
        if let Ok(entries) = fs::read_dir(machine.place(SIGNERS)) {
            let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "pub")) {
                keys.push(PublicKey::open(path)?);
            }
        }
        for file in files {
            keys.push(PublicKey::open(file.as_ref())?);
        }
        Ok(Self(keys))
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }
}

/// The 32 bytes after the kind's name in a key file.
fn word(path: &Path, kind: &str) -> Result<[u8; 32], SealError> {
    let failed = |source| SealError::Io { path: path.display().to_string(), source };
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(LARGEST).read_to_string(&mut text).map_err(failed)?;
    let mut words = text.split_whitespace();
    let bytes = match (words.next(), words.next()) {
        (Some(found), Some(word)) if found == kind => {
            STANDARD.decode(word).ok().and_then(|bytes| bytes.try_into().ok())
        }
        _ => None,
    };
    bytes.ok_or_else(|| SealError::Form {
        what: path.display().to_string(),
        why: format!(
            "expected `{kind}` and 32 bytes in base64; `heirloom-migrate key FILE` makes both halves"
        ),
    })
}
