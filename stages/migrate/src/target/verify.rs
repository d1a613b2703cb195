//! A target file that someone known has signed.

use heirloom_formats::openpgp::Keyring;
use heirloom_model::Digest;

use super::read::LARGEST;
use super::{Target, TargetError};

/// A target, and who vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The target.
    pub target: Target,
    /// Fingerprint of the certificate that signed the file, in upper-case hexadecimal digits.
    pub signer: String,
    /// SHA-256 of the file.
    pub digest: Digest,
}

/// Reads a target file (`file` is what errors call it) that a key of the keyring has signed.
///
/// # Errors
/// The signature does not hold, or the file is no target file. The first is looked at first.
pub fn verified(
    file: &str,
    bytes: &[u8],
    signature: &[u8],
    keyring: &Keyring,
) -> Result<Verified, TargetError> {
    if bytes.len() > LARGEST || signature.len() > LARGEST {
        let found = bytes.len().max(signature.len());
        return Err(TargetError::Large { file: file.to_owned(), found, most: LARGEST });
    }
    let signer = keyring
        .verify_detached(bytes, signature)
        .map_err(|source| TargetError::Signature { file: file.to_owned(), source })?;
    let text = std::str::from_utf8(bytes)
        .map_err(|error| TargetError::Encoding { file: file.to_owned(), byte: error.valid_up_to() })?;
    Ok(Verified { target: Target::read(file, text)?, signer, digest: Digest::of(bytes) })
}
