//! An RPM file around its signatures: as much of it as they need to be verified or replaced.
//!
//! A header signature is over the header alone; the payload is bound by its digest in there. The lead and the signature
//! header are signed by nobody.

use std::io::{self, Read};

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

use super::verify::compare;
use super::{RawTag, RpmProblem, Stores, read_stores, tag};

/// Where a header signature may be: rpm puts RSA in one tag and every other algorithm in the other.
const SIGNATURES: [u32; 2] = [tag::SIG_RSA, tag::SIG_DSA];
/// PGPHASHALGO_SHA256.
const SHA256: u32 = 8;
/// Bytes of the payload that are read at once.
const BLOCK: usize = 1 << 16;

/// Everything of an RPM file before its payload.
pub struct Envelope(Stores);

impl Envelope {
    /// Reads up to the payload, and checks the header's digest if there is one.
    ///
    /// # Errors
    /// The bytes can't be read, are no RPM, or are damaged.
    pub fn read(mut input: impl Read) -> Result<Self, RpmProblem> {
        let envelope = Self(read_stores(&mut input)?);
        if let Some(expected) = envelope.0.signature.text(tag::SIG_SHA256)? {
            compare("header", expected, envelope.hashed())?;
        }
        Ok(envelope)
    }

    /// The bytes that a header signature covers: the header as it is in the file.
    #[must_use]
    pub fn signed_bytes(&self) -> &[u8] {
        self.0.main.bytes()
    }

    /// SHA-256 of the bytes that a header signature covers. Signing a package does not change it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.hashed().finish()
    }

    fn hashed(&self) -> Hasher {
        let mut hasher = Hasher::default();
        hasher.update(self.signed_bytes());
        hasher
    }

    /// The header signatures: OpenPGP packets.
    pub fn signatures(&self) -> impl Iterator<Item = &[u8]> {
        SIGNATURES.iter().filter_map(|number| self.0.signature.raw(*number))
    }

    /// The first 96 bytes of the file.
    #[must_use]
    pub fn lead(&self) -> &[u8] {
        &self.0.lead
    }

    /// The tags of the signature header, in its order: digests, sizes and signatures.
    pub fn signature_tags(&self) -> impl Iterator<Item = RawTag<'_>> {
        self.0.signature.raw_tags()
    }

    /// Reads the payload to its end and checks its digest. Each piece is handed out before.
    ///
    /// # Errors
    /// The bytes can't be read, the header has no SHA-256 of them, they have another one; or what `piece` returns.
    pub fn check_payload<E: From<RpmProblem>>(
        &self,
        mut input: impl Read,
        mut piece: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let expected = self.payload_digest()?;
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; BLOCK];
        loop {
            let count = match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(RpmProblem::Io(error).into()),
            };
            hasher.update(&buffer[..count]);
            piece(&buffer[..count])?;
        }
        Ok(compare("payload", expected, hasher)?)
    }

    fn payload_digest(&self) -> Result<String, RpmProblem> {
        let header = &self.0.main;
        let digest = match header.number::<u32>(tag::PAYLOAD_SHA256_ALGORITHM)? {
            Some(SHA256) => header.text(tag::PAYLOAD_SHA256)?,
            Some(_) | None => None,
        };
        digest.ok_or(RpmProblem::NoDigest("SHA-256 digest of its payload"))
    }
}
