//! The public keys of a foundation's members, and the signatures of their votes.

use std::fmt;

use heirloom_formats::openpgp::{CertificateError, Keyring, VerifyError, signing_keys};
use pgp::composed::{ArmorOptions, Deserializable as _, SignedPublicKey, SignedSecretKey};
use pgp::types::{KeyDetails as _, PublicParams};
use ssh_key::public::KeyData;
use ssh_key::{EcdsaCurve, HashAlg, PrivateKey, PublicKey};

use crate::holder::modulus_size;
use crate::key::KeyError;
use crate::sshsig;

/// Largest text of a key, in bytes: certificates with many signatures of others are large.
const LARGEST: usize = 256 * 1024;
/// Sizes of RSA keys that count, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// What kind of key a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// An OpenPGP certificate.
    OpenPgp,
    /// An SSH key.
    Ssh,
    /// An SSH key in a FIDO device, which signs when it is touched.
    Fido,
}

impl fmt::Display for MemberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenPgp => "OpenPGP",
            Self::Ssh => "SSH",
            Self::Fido => "FIDO",
        })
    }
}

/// A member's public key.
#[derive(Debug)]
pub struct MemberKey {
    fingerprint: String,
    algorithm: String,
    key: Key,
}

#[derive(Debug)]
enum Key {
    OpenPgp {
        keyring: Keyring,
        /// First and last second of the primary key.
        valid: (u32, u32),
    },
    Ssh(Box<PublicKey>),
}

/// A text that is no member's key.
#[derive(Debug, thiserror::Error)]
pub enum MemberKeyError {
    /// Neither form.
    #[error("it is neither an armoured OpenPGP certificate nor one line of an OpenSSH public key ({0})")]
    Malformed(String),
    /// Somebody gave away a secret.
    #[error("it is a private key: take it away, and put the public key there")]
    Private,
    /// Several keys.
    #[error("it has {0} keys: expected one key for each member")]
    Several(usize),
    /// The certificate was withdrawn by its owner.
    #[error("the certificate {fingerprint} was revoked by its owner{reason}")]
    Revoked {
        /// Its fingerprint.
        fingerprint: String,
        /// What the owner said, behind a colon; empty if nothing.
        reason: String,
    },
    /// An algorithm that is not accepted.
    #[error(
        "its key is {found}: expected OpenPGP, or SSH with ed25519, ecdsa-sha2-nistp256, rsa or a FIDO device"
    )]
    Algorithm {
        /// What it is.
        found: String,
    },
    /// An RSA key of another size.
    #[error("its RSA key has {0} bits: expected 2048 to 4096")]
    RsaSize(usize),
    /// The certificate can't be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The private key can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A member's signature does not hold.
#[derive(Debug, thiserror::Error)]
pub enum MemberVerifyError {
    /// It is a signature of another kind of key.
    #[error("it is no {expected}, and the member's key makes these")]
    Form {
        /// What it should be.
        expected: &'static str,
    },
    /// It can't be parsed.
    #[error("the signature is not well formed: {0}")]
    Malformed(String),
    /// Another key made it.
    #[error("it is signed by {found}: expected {expected}")]
    OtherKey {
        /// The member's.
        expected: String,
        /// Whose it is.
        found: String,
    },
    /// It was made for another purpose.
    #[error("it was signed for the namespace `{found}`: expected `{expected}`")]
    Namespace {
        /// What it should be for.
        expected: String,
        /// What it is for.
        found: String,
    },
    /// The data or the signature was changed.
    #[error("the signature by {fingerprint} is wrong: it was changed after it was signed")]
    BadSignature {
        /// The member's key.
        fingerprint: String,
    },
    /// A FIDO device signed on its own.
    #[error("the FIDO key {fingerprint} signed without being touched: nobody was there")]
    NotTouched {
        /// The member's key.
        fingerprint: String,
    },
    /// The key was not valid at that time.
    #[error("the key {fingerprint} is valid from {from} to {until} (Unix seconds), not at {at}")]
    Expired {
        /// The member's key.
        fingerprint: String,
        /// First second.
        from: u64,
        /// Last second.
        until: u64,
        /// When it was asked for.
        at: u64,
    },
    /// The OpenPGP signature does not hold.
    #[error(transparent)]
    OpenPgp(#[from] VerifyError),
}

impl MemberKey {
    /// Reads an armoured OpenPGP certificate, or one line of an OpenSSH public key. Empty lines and those that begin
    /// with `#` are for people.
    ///
    /// # Errors
    /// Neither, several of them, a private key, a revoked certificate, a key of another kind or size.
    pub fn parse(text: &str) -> Result<Self, MemberKeyError> {
        if text.len() > LARGEST {
            return Err(MemberKeyError::Malformed(format!("it has {} bytes", text.len())));
        }
        if text.contains("PRIVATE KEY") {
            return Err(MemberKeyError::Private);
        }
        if text.contains("-----BEGIN PGP") {
            return Self::openpgp(text);
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        match lines.collect::<Vec<_>>()[..] {
            [line] => Self::ssh(line),
            [] => Err(MemberKeyError::Malformed("it is empty".to_owned())),
            ref lines => Err(MemberKeyError::Several(lines.len())),
        }
    }

    /// The public key of a private one: armoured OpenPGP or OpenSSH, with a passphrase or without.
    ///
    /// # Errors
    /// A text that is neither, and what [`MemberKey::parse`] refuses.
    pub fn of_private(text: &str) -> Result<Self, MemberKeyError> {
        if text.contains("-----BEGIN PGP") {
            let wrong = |error| KeyError::Malformed(Box::new(error));
            let (key, _) = SignedSecretKey::from_armor_single(text.as_bytes()).map_err(wrong)?;
            let public = key.to_public_key().to_armored_string(ArmorOptions::default()).map_err(wrong)?;
            return Self::openpgp(&public);
        }
        let key =
            PrivateKey::from_openssh(text).map_err(|error| MemberKeyError::Malformed(error.to_string()))?;
        Self::of_ssh(key.public_key().clone())
    }

    fn openpgp(text: &str) -> Result<Self, MemberKeyError> {
        let wrong = |error| CertificateError::Malformed(Box::new(error));
        let blocks = text.matches("-----BEGIN PGP").count();
        let (found, _) = SignedPublicKey::from_armor_many(text.as_bytes()).map_err(wrong)?;
        let found = found.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let [certificate] = &found[..] else { return Err(MemberKeyError::Several(found.len())) };
        if blocks != 1 {
            return Err(MemberKeyError::Several(blocks));
        }
        let keys = signing_keys(certificate)?;
        let primary = keys.first().ok_or(CertificateError::Missing)?;
        let (fingerprint, valid) = (primary.certificate().to_owned(), primary.valid());
        if primary.is_revoked() {
            return Err(MemberKeyError::Revoked { fingerprint, reason: reason(certificate) });
        }
        let subkeys = certificate.public_subkeys.iter().map(|subkey| subkey.key.public_params());
        for params in subkeys.chain([certificate.primary_key.public_params()]) {
            if matches!(params, PublicParams::RSA(_)) {
                rsa_size(modulus_size(params) * 8)?;
            }
        }
        let algorithm = match certificate.primary_key.public_params() {
            params @ PublicParams::RSA(_) => format!("rsa{}", modulus_size(params) * 8),
            PublicParams::EdDSALegacy(_) | PublicParams::Ed25519(_) => "ed25519".to_owned(),
            _ => format!("{:?}", certificate.primary_key.algorithm()).to_lowercase(),
        };
        Ok(Self { fingerprint, algorithm, key: Key::OpenPgp { keyring: keys.into_iter().collect(), valid } })
    }

    fn ssh(line: &str) -> Result<Self, MemberKeyError> {
        let key =
            PublicKey::from_openssh(line).map_err(|error| MemberKeyError::Malformed(error.to_string()))?;
        Self::of_ssh(key)
    }

    pub(crate) fn of_ssh(key: PublicKey) -> Result<Self, MemberKeyError> {
        let algorithm = match key.key_data() {
            KeyData::Ed25519(_) => "ed25519".to_owned(),
            KeyData::Ecdsa(point) if point.curve() == EcdsaCurve::NistP256 => "ecdsa-p256".to_owned(),
            KeyData::SkEd25519(_) => "ed25519-sk".to_owned(),
            KeyData::SkEcdsaSha2NistP256(_) => "ecdsa-p256-sk".to_owned(),
            KeyData::Rsa(rsa) => {
                let modulus = rsa.n.as_positive_bytes().unwrap_or_default();
                rsa_size(modulus.len() * 8)?;
                format!("rsa{}", modulus.len() * 8)
            }
            _ => return Err(MemberKeyError::Algorithm { found: key.algorithm().to_string() }),
        };
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        Ok(Self { fingerprint, algorithm, key: Key::Ssh(Box::new(key)) })
    }

    /// 40 upper-case hexadecimal digits, or `SHA256:` with base64, as the tools of each kind show it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// OpenPGP, SSH or FIDO.
    #[must_use]
    pub fn kind(&self) -> MemberKind {
        match &self.key {
            Key::OpenPgp { .. } => MemberKind::OpenPgp,
            Key::Ssh(key) => match key.key_data() {
                KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => MemberKind::Fido,
                _ => MemberKind::Ssh,
            },
        }
    }

    /// The algorithm with its size: `ed25519`, `rsa4096`, `ecdsa-p256-sk`.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// When it was made (Unix seconds); SSH keys do not say.
    #[must_use]
    pub fn created(&self) -> Option<u64> {
        match &self.key {
            Key::OpenPgp { valid, .. } => Some(valid.0.into()),
            Key::Ssh(_) => None,
        }
    }

    /// The last second in which it is valid, if it says so.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        match &self.key {
            Key::OpenPgp { valid, .. } if valid.1 != u32::MAX => Some(valid.1.into()),
            _ => None,
        }
    }

    /// Verifies an armoured signature, of OpenPGP or SSH as the key is, which must hold at this time (Unix seconds):
    /// then, and when it says that it was made, the key was valid. SSH signatures must be of this namespace;
    /// OpenPGP's have none, so that the data must say what they are.
    ///
    /// # Errors
    /// Any reason not to believe it.
    pub fn verify(
        &self,
        namespace: &str,
        data: &[u8],
        signature: &str,
        at: u64,
    ) -> Result<(), MemberVerifyError> {
        match &self.key {
            Key::Ssh(key) => sshsig::verify(key, namespace, data, signature),
            Key::OpenPgp { keyring, valid } => {
                if !signature.trim_start().starts_with("-----BEGIN PGP SIGNATURE-----") {
                    return Err(MemberVerifyError::Form { expected: "armoured OpenPGP signature" });
                }
                let (from, until) = (valid.0.into(), valid.1.into());
                if at < from || at > until {
                    let fingerprint = self.fingerprint.clone();
                    return Err(MemberVerifyError::Expired { fingerprint, from, until, at });
                }
                keyring.verify_detached_at(data, signature.trim_start().as_bytes(), at)?;
                Ok(())
            }
        }
    }
}

fn rsa_size(bits: usize) -> Result<(), MemberKeyError> {
    if RSA_BITS.contains(&bits) { Ok(()) } else { Err(MemberKeyError::RsaSize(bits)) }
}

/// Why the owner revoked it, behind a colon.
fn reason(certificate: &SignedPublicKey) -> String {
    let revocations = certificate.details.revocation_signatures.iter();
    let said = revocations
        .filter_map(|signature| signature.revocation_reason_string())
        .find(|said| !said.is_empty());
    said.map(|said| {
        let said = String::from_utf8_lossy(said);
        format!(": {}", said.chars().filter(|letter| !letter.is_control()).take(200).collect::<String>())
    })
    .unwrap_or_default()
}
