//! Private keys.

use std::io;
use std::path::{Path, PathBuf};

use heirloom_formats::openpgp::{CertificateError, fingerprint};
use pgp::composed::{
    ArmorOptions, Deserializable as _, KeyType, SignedKeyDetails, SignedPublicKey, SignedSecretKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    self, KeyFlags, PacketTrait as _, PubKeyInner, SignatureConfig, SignatureType, Subpacket, SubpacketData,
    UserId,
};
use pgp::types::{
    EddsaLegacyPublicParams, KeyDetails, KeyVersion, PacketHeaderVersion, Password, PublicParams,
    SecretParams, SigningKey, Timestamp,
};
use zeroize::Zeroizing;

use crate::file::{bounded, check_private, write_private};
use crate::holder::{Holder, HolderError};
use crate::protocol::SignatureKind;

/// Kinds of keys that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with 4096 bits: what every rpm and dnf of Enterprise Linux 8 and later verifies.
    Rsa4096,
    /// Ed25519 in its OpenPGP v4 form: a hundred times faster, for Enterprise Linux 9 and later.
    Ed25519,
}

/// A private key that can sign: in a file without passphrase, or held by something that signs with it.
pub struct SecretKey {
    pub(crate) certificate: SignedPublicKey,
    pub(crate) holder: Holder,
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
    /// The content is no OpenPGP private key.
    #[error("not an armoured OpenPGP private key")]
    Malformed(#[source] Box<pgp::errors::Error>),
    /// The key's certificate can't be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The private key is protected by a passphrase.
    #[error("{0} is protected by a passphrase: export it without one (`gpg --export-secret-keys --armor`)")]
    Locked(PathBuf),
    /// A key that is outside needs its certificate.
    #[error("the certificate of {0} is needed: give the file of its public key")]
    NoCertificate(String),
    /// The certificate is another key's.
    #[error("{source_name} is the key {found}, and the certificate is {expected}'s")]
    OtherKey {
        /// Where the key is.
        source_name: String,
        /// The certificate.
        expected: String,
        /// The key, or what is told of it.
        found: String,
    },
    /// Only a key in a file can be written to one.
    #[error("the key {0} is not in this process, and can't be written to a file")]
    Outside(String),
    /// Whoever holds the key does not do so, or can't be reached.
    #[error(transparent)]
    Holder(#[from] HolderError),
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
        let binding = certify(&primary, primary.public_key(), &user_id, created)?;
        let users = vec![user_id.into_signed(binding)];
        let details = SignedKeyDetails::new(Vec::new(), Vec::new(), users, Vec::new());
        Ok(Self::local(SignedSecretKey::new(primary, details, Vec::new(), Vec::new())))
    }

    /// Reads an armoured private key. Only its primary key is used.
    ///
    /// # Errors
    /// A file that other users can access, a key with a passphrase, anything that is no private key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let bytes = bounded(path)?;
        // First, so that a public key is not said to be an exposed private one.
        let key = Self::parse(&bytes, path)?;
        check_private(path)?;
        Ok(key)
    }

    /// An armoured private key that was in this file.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, KeyError> {
        let (key, _) = SignedSecretKey::from_armor_single(bytes)
            .map_err(|error| KeyError::Malformed(Box::new(error)))?;
        if let SecretParams::Encrypted(_) = key.primary_key.secret_params() {
            return Err(KeyError::Locked(path.to_owned()));
        }
        if !key.primary_key.algorithm().can_sign() {
            return Err(KeyError::CannotSign(path.to_owned()));
        }
        Ok(Self::local(key))
    }

    fn local(key: SignedSecretKey) -> Self {
        Self::new(key.to_public_key(), Holder::Local(Box::new(key)))
    }

    pub(crate) fn new(certificate: SignedPublicKey, holder: Holder) -> Self {
        Self { fingerprint: fingerprint(&certificate.primary_key), certificate, holder }
    }

    /// Writes the armoured private key to a new file that only its owner can read.
    ///
    /// # Errors
    /// The file exists or can't be written; the key is not in this process.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let Holder::Local(key) = &self.holder else {
            return Err(KeyError::Outside(self.fingerprint.clone()));
        };
        write_private(path, &Zeroizing::new(key.to_armored_bytes(ArmorOptions::default())?))
    }

    /// The certificate to publish.
    ///
    /// # Errors
    /// None that the parsing of the key would have let through.
    pub fn public_armoured(&self) -> Result<String, KeyError> {
        Ok(self.certificate.to_armored_string(ArmorOptions::default())?)
    }

    /// The fingerprint: 40 upper-case hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// How it signs, if it is RSA or Ed25519.
    #[must_use]
    pub fn signature_kind(&self) -> Option<SignatureKind> {
        match self.certificate.primary_key.public_params() {
            PublicParams::RSA(_) => Some(SignatureKind::Rsa),
            PublicParams::Ed25519(_) | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => {
                Some(SignatureKind::Ed25519)
            }
            _ => None,
        }
    }
}

/// Binds the user id to the key, which may certify and sign and never expires.
pub(crate) fn certify(
    key: &impl SigningKey,
    public: &packet::PublicKey,
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
    config.sign_certification(key, public, &Password::empty(), user_id.tag(), user_id)
}

/// What every signature says: when, and by whom.
pub(crate) fn signer(key: &impl KeyDetails, time: Timestamp) -> pgp::errors::Result<Vec<Subpacket>> {
    Ok(vec![
        Subpacket::regular(SubpacketData::SignatureCreationTime(time))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?,
    ])
}
