//! What a package's signature is made of.

use std::io::Read;

use heirloom_model::Digest;

use crate::envelope::{Envelope, EnvelopeError};

/// The SHA-256 of the part of a package that its signature is over: the main header, which has the digest of the payload
/// in it. Signing a package does not change it.
///
/// # Errors
/// A stream that fails, or is no intact package.
pub fn signed_part(package: impl Read) -> Result<Digest, EnvelopeError> {
    Ok(Digest::of(Envelope::read(package)?.signed_bytes()))
}
