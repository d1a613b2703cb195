//! Signed envelopes: plans and receipts, in DSSE's form, by Ed25519.
//!
//! A plan is applied only if a key that the machine's administrator put there signed it: the machine's own, or one of those below
//! `/etc/heirloom-migrate/signers/`. Key files are one line: `ed25519-seed BASE64` (private) or `ed25519 BASE64 WORDS` (public).
//!
//! DSSE: <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>

mod keys;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

pub use keys::{PublicKey, Signer, Signers};

/// Bytes of an envelope. A plan of 20,000 packages has some ten MB.
const LARGEST: usize = 256 << 20;
/// Signatures that are looked at.
const MOST_SIGNATURES: usize = 64;

/// Bytes, what they are, and who signed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// What the payload is.
    payload_type: String,
    /// The payload, in base64.
    payload: String,
    /// By whom.
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Signature {
    keyid: String,
    sig: String,
}

/// An envelope or a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// It has another form.
    #[error("{what}: {why}")]
    Form {
        /// The file, or what it is.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// It holds something else.
    #[error("the envelope holds `{found}`; expected `{expected}`")]
    Kind {
        /// Expected.
        expected: String,
        /// Found.
        found: String,
    },
    /// None of the keys signed it.
    #[error(
        "it is signed by {found}, and none of these is trusted here ({trusted} keys are); put the signer's public key below /etc/heirloom-migrate/signers/, or name it with --signer"
    )]
    Untrusted {
        /// Ids of keys that it names.
        found: String,
        /// Number of keys that are trusted.
        trusted: usize,
    },
}

impl Envelope {
    /// Signs bytes.
    #[must_use]
    pub fn seal(payload_type: &str, payload: &[u8], signer: &Signer) -> Self {
        let sig = STANDARD.encode(signer.sign(&encoded(payload_type, payload)));
        let signature = Signature { keyid: signer.public().id(), sig };
        Self {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: vec![signature],
        }
    }

    /// Reads an envelope. Nothing is verified.
    ///
    /// # Errors
    /// It is none.
    pub fn read(what: &str, bytes: &[u8]) -> Result<Self, SealError> {
        let wrong = |why: String| SealError::Form { what: what.to_owned(), why };
        if bytes.len() > LARGEST {
            return Err(wrong(format!("it has {} bytes; at most {LARGEST} are read", bytes.len())));
        }
        serde_json::from_slice(bytes)
            .map_err(|error| wrong(format!("it is no signed envelope ({error}); `plan` makes one")))
    }

    /// Its text.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts alone: nothing of it can fail.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The payload, whoever made it: for showing, and where it was verified before.
    ///
    /// # Errors
    /// It is no base64.
    pub fn unverified(&self) -> Result<Vec<u8>, SealError> {
        STANDARD.decode(&self.payload).map_err(|error| SealError::Form {
            what: "the envelope's payload".to_owned(),
            why: format!("it is no base64: {error}"),
        })
    }

    /// The payload, if one of these keys signed it, and that key.
    ///
    /// # Errors
    /// It is something else, or nobody signed it who may.
    pub fn open(&self, payload_type: &str, signers: &Signers) -> Result<(Vec<u8>, PublicKey), SealError> {
        if self.payload_type != payload_type {
            let (expected, found) = (payload_type.to_owned(), self.payload_type.chars().take(100).collect());
            return Err(SealError::Kind { expected, found });
        }
        let payload = self.unverified()?;
        let signed = encoded(payload_type, &payload);
        for signature in self.signatures.iter().take(MOST_SIGNATURES) {
            let Ok(bytes) = STANDARD.decode(&signature.sig) else { continue };
            // The key's id is a hint; only the signature counts.
            if let Some(key) = signers.keys().iter().find(|key| key.has_signed(&signed, &bytes)) {
                return Ok((payload, *key));
            }
        }
        let found: Vec<_> =
            self.signatures.iter().take(5).map(|it| it.keyid.chars().take(16).collect::<String>()).collect();
        let found = if found.is_empty() { "nobody".to_owned() } else { found.join(", ") };
        Err(SealError::Untrusted { found, trusted: signers.keys().len() })
    }
}

/// What is signed: DSSE's pre-authentication encoding.
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests;
