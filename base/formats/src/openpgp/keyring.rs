//! Judging other people's signatures.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use pgp::composed::{Deserializable as _, DetachedSignature};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Packet, PacketParser, Signature, SignatureType};

use super::certificate::{CertificateError, Key, certificates, hex, signing_keys};
use crate::rpm_file::{Envelope, RpmProblem};

/// Certificates whose signatures count.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<Key>,
}

/// A signature does not hold.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is none.
    #[error("it is not signed")]
    NoSignature,
    /// It was made by a key that is not in the keyring.
    #[error("it is signed by the unknown key {id}: add that key's certificate if you trust it")]
    UnknownKey {
        /// Fingerprint or key id, as far as the signature tells.
        id: String,
    },
    /// The data or the signature was changed.
    #[error("its signature by {fingerprint} is wrong: it was changed after it was signed")]
    BadSignature {
        /// The certificate that claims to have signed.
        fingerprint: String,
    },
    /// The signature's digest algorithm can be forged.
    #[error("its signature by {fingerprint} uses {hash}, which can be forged: ask its maker for SHA-256")]
    Weak {
        /// The certificate.
        fingerprint: String,
        /// The digest algorithm.
        hash: String,
    },
    /// The key had expired, or did not exist yet, when the signature was made.
    #[error("its signature was made before the key {fingerprint} was created, or after it had expired")]
    Expired {
        /// The certificate.
        fingerprint: String,
    },
    /// The certificate's owner has withdrawn it.
    #[error("the key {fingerprint} that signed it was revoked")]
    Revoked {
        /// The certificate.
        fingerprint: String,
    },
    /// The signature can't be parsed.
    #[error("its signature is not well formed: {0}")]
    Malformed(String),
    /// The package is damaged or cut off.
    #[error(transparent)]
    Package(#[from] RpmProblem),
}

impl Keyring {
    /// Reads certificates, any number in any number of armoured blocks. A block in binary is read too.
    ///
    /// # Errors
    /// No certificate, one that can't be parsed, or one without a valid signature of its own.
    pub fn from_armoured(bytes: &[u8]) -> Result<Self, CertificateError> {
        let mut keys = Vec::new();
        for block in blocks(bytes) {
            for certificate in certificates(block)? {
                keys.extend(signing_keys(&certificate?)?);
            }
        }
        if keys.is_empty() { Err(CertificateError::Missing) } else { Ok(Self { keys }) }
    }

    /// The fingerprints of the certificates.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<&str> {
        let mut all: Vec<_> = self.keys.iter().map(Key::certificate).collect();
        all.dedup();
        all
    }

    /// The ids of all keys that may sign, primary keys and subkeys, in their order: 16 lower-case hexadecimal digits
    /// each, as databases of packages name the keys of signatures.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        self.keys.iter().map(Key::id).collect()
    }

    /// Verifies a signature beside its data, armoured or binary; the fingerprint of the certificate that made
    /// it. Of several signatures, one that holds is enough.
    ///
    /// # Errors
    /// Any reason not to believe it.
    pub fn verify_detached(&self, data: &[u8], signature: &[u8]) -> Result<String, VerifyError> {
        self.verify_beside(data, signature, None)
    }

    /// The same, by a key that is also valid at that time (Unix seconds), whatever the signature says of its own.
    ///
    /// # Errors
    /// Any reason not to believe it.
    pub fn verify_detached_at(&self, data: &[u8], signature: &[u8], at: u64) -> Result<String, VerifyError> {
        self.verify_beside(data, signature, Some(at))
    }

    fn verify_beside(&self, data: &[u8], signature: &[u8], at: Option<u64>) -> Result<String, VerifyError> {
        if signature.iter().all(u8::is_ascii_whitespace) {
            return Err(VerifyError::NoSignature);
        }
        let malformed = |error: pgp::errors::Error| VerifyError::Malformed(error.to_string());
        let (signatures, _) = DetachedSignature::from_reader_many_buf(signature).map_err(malformed)?;
        let signatures = signatures.map(|found| Ok(found.map_err(malformed)?.signature));
        self.judge_any(signatures, data, at)
    }

    /// Verifies a package: its header by a signature, its payload by the digest in the header. The
    /// fingerprint of the certificate that signed it.
    ///
    /// # Errors
    /// Any reason not to believe it, or a file that can't be read.
    pub fn verify_rpm(&self, path: &Path) -> Result<String, VerifyError> {
        self.verify_rpm_from(File::open(path).map_err(RpmProblem::Io)?)
    }

    /// The same from a stream, which is read to its end.
    ///
    /// # Errors
    /// Any reason not to believe it, or a stream that can't be read.
    pub fn verify_rpm_from(&self, input: impl Read) -> Result<String, VerifyError> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let envelope = Envelope::read(&mut input)?;
        let signatures = envelope.signatures().flat_map(|bytes| {
            PacketParser::new(bytes).map(|packet| match packet {
                Ok(Packet::Signature(signature)) => Ok(signature),
                Ok(_) => Err(VerifyError::Malformed("not a signature packet".to_owned())),
                Err(error) => Err(VerifyError::Malformed(error.to_string())),
            })
        });
        let fingerprint = self.judge_any(signatures, envelope.signed_bytes(), None)?;
        envelope.check_payload(input, |_| Ok::<_, RpmProblem>(()))?;
        Ok(fingerprint)
    }

    /// The first one that holds; else the reason that says most.
    fn judge_any(
        &self,
        signatures: impl Iterator<Item = Result<Signature, VerifyError>>,
        data: &[u8],
        at: Option<u64>,
    ) -> Result<String, VerifyError> {
        let mut worst = VerifyError::NoSignature;
        for signature in signatures {
            match signature.and_then(|signature| self.judge(&signature, data, at)) {
                Ok(fingerprint) => return Ok(fingerprint),
                Err(VerifyError::UnknownKey { .. }) if !matches!(worst, VerifyError::NoSignature) => {}
                Err(error) => worst = error,
            }
        }
        Err(worst)
    }

    fn judge(&self, signature: &Signature, data: &[u8], at: Option<u64>) -> Result<String, VerifyError> {
        let key = self.keys.iter().find(|key| key.made(signature));
        let key = key.ok_or_else(|| VerifyError::UnknownKey { id: issuer(signature) })?;
        let fingerprint = key.certificate().to_owned();
        if !matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text)) {
            return Err(VerifyError::Malformed("it is no signature of data".to_owned()));
        }
        match signature.hash_alg() {
            None
            | Some(
                HashAlgorithm::None | HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160,
            ) => {
                let hash = signature.hash_alg().map(|hash| hash.to_string()).unwrap_or_default();
                return Err(VerifyError::Weak { fingerprint, hash });
            }
            Some(_) => {}
        }
        if !key.verifies(signature, data) {
            return Err(VerifyError::BadSignature { fingerprint });
        }
        if key.is_revoked() {
            return Err(VerifyError::Revoked { fingerprint });
        }
        let created = signature.created().map_or(0, |time| time.as_secs());
        let (from, until) = key.valid();
        let valid = u64::from(from)..=u64::from(until);
        if !valid.contains(&created.into()) || at.is_some_and(|at| !valid.contains(&at)) {
            return Err(VerifyError::Expired { fingerprint });
        }
        Ok(fingerprint)
    }
}

impl FromIterator<Key> for Keyring {
    fn from_iter<T: IntoIterator<Item = Key>>(keys: T) -> Self {
        Self { keys: keys.into_iter().collect() }
    }
}

/// Who a signature says has made it.
fn issuer(signature: &Signature) -> String {
    if let Some(fingerprint) = signature.issuer_fingerprint().first() {
        return hex(fingerprint.as_bytes());
    }
    signature.issuer_key_id().first().map_or_else(|| "(unnamed)".to_owned(), |id| hex(id.as_ref()))
}

/// Splits armoured blocks that follow each other, since the parser stops behind the first one.
fn blocks(bytes: &[u8]) -> Vec<&[u8]> {
    const BEGIN: &[u8] = b"-----BEGIN PGP ";
    let mut starts: Vec<_> = bytes
        .windows(BEGIN.len())
        .enumerate()
        .filter(|(at, window)| *window == BEGIN && (*at == 0 || bytes[at - 1] == b'\n'))
        .map(|(at, _)| at)
        .collect();
    if starts.is_empty() {
        return vec![bytes];
    }
    starts.push(bytes.len());
    starts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}
