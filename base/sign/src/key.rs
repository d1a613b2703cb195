//! Private keys.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use pgp::composed::{ArmorOptions, Deserializable as _, KeyType, SignedKeyDetails, SignedSecretKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    self, KeyFlags, PacketTrait as _, PubKeyInner, SignatureConfig, SignatureType, Subpacket, SubpacketData,
    UserId,
};
use pgp::types::{KeyDetails as _, KeyVersion, PacketHeaderVersion, Password, SecretParams, Timestamp};

/// Kinds of keys that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with 4096 bits: what every rpm and dnf of Enterprise Linux 8 and later verifies.
    Rsa4096,
    /// Ed25519 in its OpenPGP v4 form: a hundred times faster, for Enterprise Linux 9 and later.
    Ed25519,
}

/// A private key without passphrase that can sign.
pub struct SecretKey {
    pub(crate) key: SignedSecretKey,
    fingerprint: String,
}

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
    /// The content is no OpenPGP key of the expected kind.
    #[error("not an armoured OpenPGP {expected}")]
    Malformed {
        /// Which kind was expected.
        expected: &'static str,
        /// What the parser said.
        source: Box<pgp::errors::Error>,
    },
    /// The certificate has no valid signature of its own.
    #[error("the certificate {0} has no valid signature of its own on any of its user ids")]
    Unbound(String),
    /// The private key is protected by a passphrase.
    #[error("{0} is protected by a passphrase: export it without one (`gpg --export-secret-keys --armor`)")]
    Locked(PathBuf),
    /// The key's algorithm can't sign.
    #[error("the primary key of {0} can't make signatures")]
    CannotSign(PathBuf),
    /// A time beyond what OpenPGP can express.
    #[error("the time {0} is beyond the year 2106, the last that OpenPGP can express")]
    Time(u64),
    /// The OpenPGP implementation failed.
    #[error("OpenPGP operation failed")]
    OpenPgp(#[source] Box<pgp::errors::Error>),
}

impl From<pgp::errors::Error> for KeyError {
    fn from(error: pgp::errors::Error) -> Self {
        Self::OpenPgp(Box::new(error))
    }
}

impl SecretKey {
    /// Makes a key whose certificate says that it was created at this time (Unix seconds). The key itself is
    /// random.
    ///
    /// # Errors
    /// A time that OpenPGP can't express.
    pub fn generate(user_id: &str, created: u64, algorithm: Algorithm) -> Result<Self, KeyError> {
        let created = Timestamp::from_secs(u32::try_from(created).map_err(|_| KeyError::Time(created))?);
        let kind = match algorithm {
            Algorithm::Rsa4096 => KeyType::Rsa(4096),
            Algorithm::Ed25519 => KeyType::Ed25519Legacy,
        };
        let (public, secret) = kind.generate(rand::rngs::OsRng)?;
        let public = PubKeyInner::new(KeyVersion::V4, kind.to_alg(), created, None, public)?;
        let primary = packet::SecretKey::new(packet::PublicKey::from_inner(public)?, secret)?;
        let user_id = UserId::from_str(PacketHeaderVersion::New, user_id)?;
        let binding = certify(&primary, &user_id, created)?;
        let users = vec![user_id.into_signed(binding)];
        let details = SignedKeyDetails::new(Vec::new(), Vec::new(), users, Vec::new());
        Ok(Self::new(SignedSecretKey::new(primary, details, Vec::new(), Vec::new())))
    }

    /// Reads an armoured private key. Only its primary key is used.
    ///
    /// # Errors
    /// A file that other users can access, a key with a passphrase, anything that is no private key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
        let bytes = fs::read(path).map_err(io)?;
        // First, so that a public key is not said to be an exposed private one.
        let (key, _) = SignedSecretKey::from_armor_single(bytes.as_slice())
            .map_err(|error| KeyError::Malformed { expected: "private key", source: Box::new(error) })?;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
        if let SecretParams::Encrypted(_) = key.primary_key.secret_params() {
            return Err(KeyError::Locked(path.to_owned()));
        }
        if !key.primary_key.algorithm().can_sign() {
            return Err(KeyError::CannotSign(path.to_owned()));
        }
        Ok(Self::new(key))
    }

    fn new(key: SignedSecretKey) -> Self {
        Self { fingerprint: hex(key.primary_key.fingerprint().as_bytes()), key }
    }

    /// Writes the armoured private key to a new file that only its owner can read.
    ///
    /// # Errors
    /// The file exists, or can't be written.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        let armoured = self.key.to_armored_bytes(ArmorOptions::default())?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        // Created with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(io)?;
        file.write_all(&armoured).and_then(|()| file.as_file().sync_all()).map_err(io)?;
        file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => io(error.error),
        })?;
        Ok(())
    }

    /// The certificate to publish.
    ///
    /// # Errors
    /// None that the parsing of the key would have let through.
    pub fn public_armoured(&self) -> Result<String, KeyError> {
        Ok(self.key.to_public_key().to_armored_string(ArmorOptions::default())?)
    }

    /// The fingerprint: 40 upper-case hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// Binds the user id to the key, which may certify and sign and never expires.
fn certify(
    key: &packet::SecretKey,
    user_id: &UserId,
    created: Timestamp,
) -> pgp::errors::Result<packet::Signature> {
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    let mut config = SignatureConfig::v4(SignatureType::CertPositive, key.algorithm(), HashAlgorithm::Sha256);
    config.hashed_subpackets = signer(key, created)?;
    config.hashed_subpackets.push(Subpacket::regular(SubpacketData::KeyFlags(flags))?);
    config.hashed_subpackets.push(Subpacket::regular(SubpacketData::IsPrimary(true))?);
    config.sign_certification(key, key.public_key(), &Password::empty(), user_id.tag(), user_id)
}

/// What every signature says: when, and by whom.
pub(crate) fn signer(key: &packet::SecretKey, time: Timestamp) -> pgp::errors::Result<Vec<Subpacket>> {
    Ok(vec![
        Subpacket::regular(SubpacketData::SignatureCreationTime(time))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?,
    ])
}

/// Upper-case hexadecimal, as fingerprints are written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
