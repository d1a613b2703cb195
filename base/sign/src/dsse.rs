//! Signed statements: DSSE envelopes, version 1.
//!
//! ```text
//! {"payloadType": TYPE, "payload": BASE64, "signatures": [{"keyid": FINGERPRINT, "sig": BASE64}]}
//! ```
//! The signature is the key's own, without OpenPGP's frame, so that every verifier of DSSE can check it:
//! Ed25519, or RSA PKCS#1 v1.5 with SHA-256, over `DSSEv1`, type and payload with their lengths. Nobody can
//! pass an OpenPGP signature off as one of these or the reverse: with Ed25519 OpenPGP signs 32 bytes, which
//! are too few; with RSA it signs a digest of data that ends in binary, as no JSON does.
//!
//! An envelope bears no time, so that an expired key can't be told from a valid one; a revoked one can.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ed25519_dalek::Signer as _;
use heirloom_formats::openpgp::{self, CertificateError, signing_keys};
use pgp::crypto::eddsa_legacy;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet;
use pgp::types::{
    EddsaLegacyPublicParams, KeyDetails as _, Mpi, Password, PlainSecretParams, PublicParams, SecretParams,
    SignatureBytes, SigningKey as _, VerifyingKey as _,
};
use serde::{Deserialize, Serialize};

use crate::holder::{Holder, HolderError, modulus_size};
use crate::key::SecretKey;
use crate::protocol::{Purpose, SignatureKind};

/// Largest envelope, in bytes. A comparison of a hundred thousand files states some 20 MB.
const LARGEST: usize = 64 << 20;
/// More signatures than anybody needs.
const MOST_SIGNATURES: usize = 64;

/// The payload of an envelope whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedPayload {
    /// What was signed.
    pub payload: Vec<u8>,
    /// Fingerprint of the certificate that signed it.
    pub fingerprint: String,
}

/// An envelope can't be made, or not be believed.
#[derive(Debug, thiserror::Error)]
pub enum DsseError {
    /// It is larger than any envelope that is read.
    #[error("the envelope has {0} bytes, more than the {LARGEST} allowed")]
    TooLarge(usize),
    /// It can't be parsed.
    #[error("it is no DSSE envelope: {0}")]
    Malformed(String),
    /// It holds something else.
    #[error("its payload is `{found}`: expected `{expected}`")]
    PayloadType {
        /// What was asked for.
        expected: String,
        /// What it says.
        found: String,
    },
    /// There is no signature in it.
    #[error("it is not signed")]
    NoSignature,
    /// Only others signed it.
    #[error("it is signed by {found}: expected a signature by {expected}")]
    UnknownKey {
        /// Fingerprints of the given certificates.
        expected: String,
        /// Key ids of its signatures.
        found: String,
    },
    /// The payload or the signature was changed.
    #[error("its signature by {fingerprint} is wrong: it was changed after it was signed")]
    BadSignature {
        /// The certificate.
        fingerprint: String,
    },
    /// The certificate's owner has withdrawn it.
    #[error("the key {fingerprint} that signed it was revoked")]
    Revoked {
        /// The certificate.
        fingerprint: String,
    },
    /// DSSE says nothing of how this kind of key signs.
    #[error("the key {fingerprint} is neither Ed25519 nor RSA: statements need one of these")]
    Algorithm {
        /// The key.
        fingerprint: String,
    },
    /// Whoever holds the key did not sign.
    #[error(transparent)]
    Holder(#[from] HolderError),
    /// A given certificate can't be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The OpenPGP implementation failed.
    #[error("OpenPGP operation failed")]
    OpenPgp(#[source] Box<pgp::errors::Error>),
}

impl From<pgp::errors::Error> for DsseError {
    fn from(error: pgp::errors::Error) -> Self {
        Self::OpenPgp(Box::new(error))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl SecretKey {
    /// An envelope with this payload: one line of JSON. The same payload gives the same bytes.
    ///
    /// # Errors
    /// A key that is neither Ed25519 nor RSA, a payload that is too large, a holder that does not sign.
    pub fn sign_envelope(&self, payload_type: &str, payload: &[u8]) -> Result<String, DsseError> {
        let signature = self.sign_plainly(&encoding(payload_type, payload))?;
        let envelope = Envelope {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: vec![Signature {
                keyid: self.fingerprint().to_owned(),
                sig: STANDARD.encode(signature),
            }],
        };
        let text = serde_json::to_string(&envelope).map_err(malformed)? + "\n";
        if text.len() > LARGEST { Err(DsseError::TooLarge(text.len())) } else { Ok(text) }
    }

    pub(crate) fn sign_plainly(&self, data: &[u8]) -> Result<Vec<u8>, DsseError> {
        let (by, signature) = match &self.holder {
            Holder::Local(key) => return self.sign_locally(&key.primary_key, data),
            Holder::Remote(remote) => {
                let request = self.request(Purpose::Statement, data, 0)?;
                ("the signer", remote.sign(&request).map_err(HolderError::from)?)
            }
            Holder::Device(device) => {
                let params = self.certificate.primary_key.public_params();
                let signature = match self.signature_kind() {
                    Some(SignatureKind::Rsa) => device.rsa(&sha256(data)?, modulus_size(params))?,
                    Some(SignatureKind::Ed25519) => device.ed25519(data)?,
                    None => return Err(DsseError::Algorithm { fingerprint: self.fingerprint().to_owned() }),
                };
                (device.name(), signature)
            }
        };
        let signer = Signer {
            key: self.certificate.primary_key.clone(),
            fingerprint: self.fingerprint().to_owned(),
            revoked: false,
        };
        match signer.judge(data, &signature) {
            Err(DsseError::BadSignature { .. }) => Err(self.other_key(by).into()),
            judged => judged.map(|()| signature),
        }
    }

    fn sign_locally(&self, key: &packet::SecretKey, data: &[u8]) -> Result<Vec<u8>, DsseError> {
        let unusable = || DsseError::Algorithm { fingerprint: self.fingerprint().to_owned() };
        let SecretParams::Plain(secret) = key.secret_params() else { return Err(unusable()) };
        match secret {
            PlainSecretParams::Ed25519(secret)
            | PlainSecretParams::EdDSALegacy(eddsa_legacy::SecretKey::Ed25519(secret)) => {
                Ok(secret.sign(data).to_vec())
            }
            PlainSecretParams::RSA(secret) => {
                let digest = sha256(data)?;
                let signature = key.sign(&Password::empty(), HashAlgorithm::Sha256, &digest)?;
                let SignatureBytes::Mpis(numbers) = signature else { return Err(unusable()) };
                let number = numbers.first().ok_or_else(unusable)?.as_ref();
                // OpenPGP leaves leading zeros out.
                let mut padded = vec![0; secret.size().saturating_sub(number.len())];
                padded.extend_from_slice(number);
                Ok(padded)
            }
            _ => Err(unusable()),
        }
    }
}

/// Verifies an envelope with a payload of this type against certificates: each is one armoured or binary
/// block. The signature of one of their primary keys is enough.
///
/// # Errors
/// Any reason not to believe it; the error names the key that was expected and the one that was found.
pub fn verify_envelope(
    envelope: &[u8],
    payload_type: &str,
    certificates: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Result<VerifiedPayload, DsseError> {
    let signers = signers(certificates)?;
    if envelope.len() > LARGEST {
        return Err(DsseError::TooLarge(envelope.len()));
    }
    let envelope: Envelope = serde_json::from_slice(envelope).map_err(malformed)?;
    if envelope.payload_type != payload_type {
        let (expected, found) = (payload_type.to_owned(), excerpt(&envelope.payload_type));
        return Err(DsseError::PayloadType { expected, found });
    }
    if envelope.signatures.len() > MOST_SIGNATURES {
        return Err(malformed(format!("it has {} signatures", envelope.signatures.len())));
    }
    let payload = decode(&envelope.payload, "payload")?;
    let data = encoding(payload_type, &payload);
    let mut worst = DsseError::NoSignature;
    for signature in &envelope.signatures {
        let bytes = decode(&signature.sig, "signature")?;
        // The key id is a hint and may be left out: then anybody may have signed.
        let named = |signer: &&Signer| {
            signature.keyid.is_empty() || signature.keyid.eq_ignore_ascii_case(&signer.fingerprint)
        };
        for signer in signers.iter().filter(named) {
            match signer.judge(&data, &bytes) {
                Ok(()) => return Ok(VerifiedPayload { payload, fingerprint: signer.fingerprint.clone() }),
                Err(error) => worst = error,
            }
        }
    }
    Err(match worst {
        DsseError::NoSignature if !envelope.signatures.is_empty() => unknown(&envelope, &signers),
        worst => worst,
    })
}

/// A certificate that may have signed.
struct Signer {
    key: packet::PublicKey,
    fingerprint: String,
    revoked: bool,
}

fn signers(certificates: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Vec<Signer>, DsseError> {
    let mut signers = Vec::new();
    for block in certificates {
        let before = signers.len();
        for certificate in openpgp::certificates(block.as_ref())? {
            let certificate = certificate?;
            // The primary key comes first, and no other one signs envelopes.
            signers.extend(signing_keys(&certificate)?.first().map(|primary| Signer {
                key: certificate.primary_key,
                fingerprint: primary.certificate().to_owned(),
                revoked: primary.is_revoked(),
            }));
        }
        if signers.len() == before {
            return Err(CertificateError::Missing.into());
        }
    }
    Ok(signers)
}

impl Signer {
    fn judge(&self, data: &[u8], signature: &[u8]) -> Result<(), DsseError> {
        let fingerprint = self.fingerprint.clone();
        let holds = match self.key.public_params() {
            PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { key }) => {
                ed25519(key, data, signature)
            }
            PublicParams::Ed25519(params) => ed25519(&params.key, data, signature),
            PublicParams::RSA(_) => {
                let digest = sha256(data)?;
                let number = SignatureBytes::Mpis(vec![Mpi::from_slice(signature)]);
                self.key.verify(HashAlgorithm::Sha256, &digest, &number).is_ok()
            }
            _ => return Err(DsseError::Algorithm { fingerprint }),
        };
        match (holds, self.revoked) {
            (false, _) => Err(DsseError::BadSignature { fingerprint }),
            (true, true) => Err(DsseError::Revoked { fingerprint }),
            (true, false) => Ok(()),
        }
    }
}

fn ed25519(key: &ed25519_dalek::VerifyingKey, data: &[u8], signature: &[u8]) -> bool {
    ed25519_dalek::Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(data, &signature).is_ok())
}

/// What is signed: the specification's pre-authentication encoding.
fn encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

fn sha256(data: &[u8]) -> Result<Vec<u8>, DsseError> {
    Ok(HashAlgorithm::Sha256.digest(data).map_err(pgp::errors::Error::from)?)
}

/// Both alphabets are allowed by the specification.
fn decode(text: &str, what: &str) -> Result<Vec<u8>, DsseError> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|error| malformed(format!("its {what} is no base64: {error}")))
}

fn unknown(envelope: &Envelope, signers: &[Signer]) -> DsseError {
    let or_nobody = |names: Vec<String>| match names.is_empty() {
        true => "nobody".to_owned(),
        false => names.join(", "),
    };
    DsseError::UnknownKey {
        expected: or_nobody(signers.iter().map(|signer| signer.fingerprint.clone()).collect()),
        found: or_nobody(envelope.signatures.iter().map(|signature| excerpt(&signature.keyid)).collect()),
    }
}

fn malformed(reason: impl ToString) -> DsseError {
    DsseError::Malformed(reason.to_string())
}

/// The beginning of foreign text, fit for a message.
fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_the_specification_s_example() {
        let encoded = encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
