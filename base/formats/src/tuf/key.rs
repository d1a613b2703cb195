//! Public keys and their ids.

use ed25519_dalek::VerifyingKey;
use heirloom_model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::signed::canonical;

/// What a key is called: the SHA-256 of its canonical JSON.
pub type KeyId = Digest;

/// An Ed25519 public key: a point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

/// The only kind of key and of signature.
const ED25519: &str = "ed25519";

/// A key as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    keytype: String,
    scheme: String,
    keyval: Value,
}

#[derive(Serialize, Deserialize)]
struct Value {
    public: String,
}

impl PublicKey {
    /// The key with these bytes, if they are one.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).map(Self)
    }

    /// Its bytes: RFC 8032.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// What it is called.
    #[must_use]
    pub fn id(self) -> KeyId {
        let public = hex(&self.to_bytes());
        // Strings alone: nothing of it can fail.
        let key = json!({"keytype": ED25519, "scheme": ED25519, "keyval": {"public": public}});
        Digest::of(&canonical(&key).unwrap_or_default())
    }

    /// Whether it made this signature of these bytes.
    #[must_use]
    pub fn has_signed(self, bytes: &[u8], signature: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.0.verify_strict(bytes, &signature).is_ok())
    }

    pub(super) fn written(self) -> Written {
        let value = Value { public: hex(&self.to_bytes()) };
        Written { keytype: ED25519.to_owned(), scheme: ED25519.to_owned(), keyval: value }
    }
}

impl Written {
    /// The key, or what is wrong with it.
    pub(super) fn read(&self) -> Result<PublicKey, String> {
        if (self.keytype.as_str(), self.scheme.as_str()) != (ED25519, ED25519) {
            let short = |text: &str| text.chars().take(40).collect::<String>();
            let (kind, scheme) = (short(&self.keytype), short(&self.scheme));
            return Err(format!("it is `{kind}` for `{scheme}`: only `{ED25519}` is accepted"));
        }
        let bytes = unhex(&self.keyval.public).and_then(|bytes| bytes.try_into().ok());
        let key = bytes.and_then(PublicKey::from_bytes);
        key.ok_or_else(|| "it is not the 64 hexadecimal digits of an Ed25519 key".to_owned())
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that hexadecimal digits stand for.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks_exact(2);
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit()) && pairs.remainder().is_empty();
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    is_hex.then(|| pairs.filter_map(digits).collect())
}
