//! What a client and a signer process say to each other: one line of JSON each way.
//!
//! ```text
//! {"key": FINGERPRINT, "algorithm": "rsa"|"ed25519", "purpose": "openpgp"|"statement", "data": BASE64, "time": SECONDS}
//! {"signature": BASE64}  or  {"refused": TEXT}
//! ```
//! The data is what is signed, not its digest, so that the signer knows what it decides about. The signature is
//! an OpenPGP packet for `openpgp`, and the bare signature for `statement`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use heirloom_model::Digest;
use serde::{Deserialize, Serialize};

/// Largest data that is signed from outside, in bytes: rpm's largest header is a quarter of it.
pub const LARGEST_DATA: usize = 64 << 20;
/// Longest line, in bytes.
pub(crate) const LONGEST_LINE: usize = LARGEST_DATA / 3 * 4 + 8192;

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// An OpenPGP signature: of an RPM's header, or of a file.
    OpenPgp,
    /// The bare signature of a DSSE envelope; the data is its pre-authentication encoding.
    Statement,
    /// The bare signature of TUF metadata, by a key of its own.
    Metadata,
}

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureKind {
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rsa,
    /// Ed25519.
    Ed25519,
}

/// A request to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Fingerprint of the certificate whose key shall sign: 40 upper-case hexadecimal digits. Of metadata, the public key
    /// itself: 64 hexadecimal digits.
    pub key: String,
    /// How it signs.
    pub algorithm: SignatureKind,
    /// What for.
    pub purpose: Purpose,
    /// What is signed, at most [`LARGEST_DATA`] bytes.
    pub data: Vec<u8>,
    /// The signature's time in Unix seconds; statements bear none.
    pub time: u64,
}

/// A line that is no request or answer.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// It can't be parsed.
    #[error("not a line of the signer's protocol: {0}")]
    Malformed(#[source] serde_json::Error),
    /// Data or signature can't be decoded.
    #[error("not a line of the signer's protocol: its bytes are not in base64")]
    Encoding(#[source] base64::DecodeError),
    /// There is more to sign than any package has.
    #[error("{0} bytes are more to sign than the {LARGEST_DATA} allowed")]
    TooLarge(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestLine {
    key: String,
    algorithm: SignatureKind,
    purpose: Purpose,
    data: String,
    time: u64,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// A line that is none, or with too much data.
    pub fn parse(line: &[u8]) -> Result<Self, ProtocolError> {
        if line.len() > LONGEST_LINE {
            return Err(ProtocolError::TooLarge(line.len()));
        }
        let line: RequestLine = serde_json::from_slice(line).map_err(ProtocolError::Malformed)?;
        let data = STANDARD.decode(line.data).map_err(ProtocolError::Encoding)?;
        if data.len() > LARGEST_DATA {
            return Err(ProtocolError::TooLarge(data.len()));
        }
        Ok(Self { key: line.key, algorithm: line.algorithm, purpose: line.purpose, data, time: line.time })
    }

    /// The line, with its end.
    ///
    /// # Errors
    /// Too much data.
    pub fn to_line(&self) -> Result<String, ProtocolError> {
        if self.data.len() > LARGEST_DATA {
            return Err(ProtocolError::TooLarge(self.data.len()));
        }
        let line = RequestLine {
            key: self.key.clone(),
            algorithm: self.algorithm,
            purpose: self.purpose,
            data: STANDARD.encode(&self.data),
            time: self.time,
        };
        Ok(serde_json::to_string(&line).map_err(ProtocolError::Malformed)? + "\n")
    }

    /// SHA-256 of what is signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.data)
    }
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Signature(Vec<u8>),
    Refused(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnswerLine {
    Signature(String),
    Refused(String),
}

impl Answer {
    pub(crate) fn parse(line: &[u8]) -> Result<Self, ProtocolError> {
        Ok(match serde_json::from_slice(line).map_err(ProtocolError::Malformed)? {
            AnswerLine::Signature(text) => {
                Self::Signature(STANDARD.decode(text).map_err(ProtocolError::Encoding)?)
            }
            AnswerLine::Refused(text) => Self::Refused(text),
        })
    }

    pub(crate) fn to_line(&self) -> Result<String, ProtocolError> {
        let line = match self {
            Self::Signature(bytes) => AnswerLine::Signature(STANDARD.encode(bytes)),
            Self::Refused(text) => AnswerLine::Refused(text.clone()),
        };
        Ok(serde_json::to_string(&line).map_err(ProtocolError::Malformed)? + "\n")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Answer, Purpose, Request, SignatureKind};

    proptest! {
        #[test]
        fn lines_come_back(
            key in "[0-9A-F]{40}",
            data in proptest::collection::vec(any::<u8>(), 0..200),
            (time, statement, ed25519) in any::<(u64, bool, bool)>(),
            text in ".*",
        ) {
            let request = Request {
                key,
                algorithm: if ed25519 { SignatureKind::Ed25519 } else { SignatureKind::Rsa },
                purpose: if statement { Purpose::Statement } else { Purpose::OpenPgp },
                data: data.clone(),
                time,
            };
            let line = request.to_line().unwrap();
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert_eq!(Request::parse(line.as_bytes()).unwrap(), request);
            for answer in [Answer::Signature(data), Answer::Refused(text)] {
                let line = answer.to_line().unwrap();
                prop_assert_eq!(line.matches('\n').count(), 1);
                prop_assert_eq!(Answer::parse(line.as_bytes()).unwrap(), answer);
            }
        }
    }

    #[test]
    fn the_lines_are_as_documented() {
        let request = Request {
            key: "AB".to_owned(),
            algorithm: SignatureKind::Ed25519,
            purpose: Purpose::OpenPgp,
            data: b"data".to_vec(),
            time: 7,
        };
        let line = "{\"key\":\"AB\",\"algorithm\":\"ed25519\",\"purpose\":\"openpgp\",\"data\":\"ZGF0YQ==\",\"time\":7}\n";
        assert_eq!(request.to_line().unwrap(), line);
        assert_eq!(Answer::Refused("no".to_owned()).to_line().unwrap(), "{\"refused\":\"no\"}\n");
        for foreign in ["", "{}", "GET / HTTP/1.1", &line.replace("time", "more"), &line.replace("ZGF0", "?")]
        {
            assert!(Request::parse(foreign.as_bytes()).is_err(), "{foreign}");
        }
    }
}
