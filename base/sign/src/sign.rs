//! Making signatures.
//!
//! A time before the key's creation counts as its creation: no verifier believes an earlier signature.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use heirloom_formats::rpm_file::{Envelope, RpmProblem};
use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use pgp::composed::{ArmorOptions, DetachedSignature};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{Packet, PacketParser, PacketTrait as _, Signature, SignatureConfig, SignatureType};
use pgp::types::{KeyDetails as _, Password, Timestamp};

use crate::envelope::write_signed;
use crate::holder::remote::Remote;
use crate::holder::{Holder, HolderError, Outside};
use crate::key::{SecretKey, signer};
use crate::protocol::{Purpose, Request};

/// Nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The package can't be signed.
    #[error("{path} can't be signed")]
    Package {
        /// The package.
        path: PathBuf,
        /// Why.
        source: RpmProblem,
    },
    /// A stream that is no intact package.
    #[error("the package can't be signed")]
    Stream(#[from] RpmProblem),
    /// The signed package can't be written to a stream.
    #[error("the signed package can't be written")]
    Output(#[source] io::Error),
    /// The signed package can't be written.
    #[error("{path} can't be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A time beyond what OpenPGP can express.
    #[error("the time {0} is beyond the year 2106, the last that OpenPGP can express")]
    Time(u64),
    /// Whoever holds the key did not sign.
    #[error(transparent)]
    Holder(#[from] HolderError),
    /// The OpenPGP implementation failed.
    #[error("OpenPGP operation failed")]
    OpenPgp(#[source] Box<pgp::errors::Error>),
}

impl From<pgp::errors::Error> for SignError {
    fn from(error: pgp::errors::Error) -> Self {
        Self::OpenPgp(Box::new(error))
    }
}

impl SecretKey {
    /// Writes a signed copy of a package and returns its SHA-256. Signatures that it had are left out; its
    /// digests are checked on the way. `output` appears complete or not at all.
    ///
    /// # Errors
    /// A package that is damaged or cut off, a file that can't be read or written, a holder that does not sign.
    pub fn sign_rpm(&self, input: &Path, output: &Path, time: u64) -> Result<Digest, SignError> {
        let write = |source| SignError::Write { path: output.to_owned(), source };
        let package = |source| SignError::Package { path: input.to_owned(), source };
        let source = File::open(input).map_err(|error| package(error.into()))?;
        let directory = output.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut temporary =
            tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(write)?;
        let digest =
            self.sign_rpm_to(source, temporary.as_file_mut(), time).map_err(|error| match error {
                SignError::Stream(source) => package(source),
                SignError::Output(source) => write(source),
                other => other,
            })?;
        readable_by_all(temporary.as_file()).map_err(write)?;
        temporary.persist(output).map_err(|error| write(error.error))?;
        Ok(digest)
    }

    /// The same from stream to stream. After an error, what was written must be thrown away.
    ///
    /// # Errors
    /// A package that is damaged or cut off, a stream that fails, a holder that does not sign.
    pub fn sign_rpm_to(&self, input: impl Read, output: impl Write, time: u64) -> Result<Digest, SignError> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let envelope = Envelope::read(&mut input)?;
        let signature = self.sign(envelope.signed_bytes(), time)?;
        let mut bytes = Vec::new();
        signature.to_writer_with_header(&mut bytes)?;
        let is_rsa = self.certificate.primary_key.algorithm() == PublicKeyAlgorithm::RSA;

        let mut output = Hashed { out: BufWriter::with_capacity(1 << 16, output), hasher: Hasher::default() };
        write_signed(&envelope, &bytes, is_rsa, &mut output).map_err(SignError::Output)?;
        envelope.check_payload(input, |piece| output.write_all(piece).map_err(SignError::Output))?;
        output.flush().map_err(SignError::Output)?;
        Ok(output.hasher.finish())
    }

    /// An armoured signature to lie beside the data, such as `repomd.xml.asc`.
    ///
    /// # Errors
    /// A time that OpenPGP can't express, a holder that does not sign.
    pub fn sign_detached(&self, data: &[u8], time: u64) -> Result<String, SignError> {
        let signature = DetachedSignature::new(self.sign(data, time)?);
        Ok(signature.to_armored_string(ArmorOptions::default())?)
    }

    pub(crate) fn sign(&self, data: &[u8], time: u64) -> Result<Signature, SignError> {
        let seconds = u32::try_from(time).map_err(|_| SignError::Time(time))?;
        let public = &self.certificate.primary_key;
        let time = Timestamp::from_secs(seconds).max(public.created_at());
        let mut config =
            SignatureConfig::v4(SignatureType::Binary, public.algorithm(), HashAlgorithm::Sha256);
        config.hashed_subpackets = signer(public, time)?;
        let device = match &self.holder {
            Holder::Local(key) => return Ok(config.sign(&key.primary_key, &Password::empty(), data)?),
            Holder::Remote(remote) => return self.sign_remotely(remote, data, time),
            Holder::Device(device) => device,
        };
        let key = Outside::new(public, device);
        let signature =
            config.sign(&key, &Password::empty(), data).map_err(|error| key.told::<SignError>(error))?;
        match signature.verify(public, data) {
            Ok(()) => Ok(signature),
            Err(_) => Err(self.other_key(device.name()).into()),
        }
    }

    /// What a signer made is taken only if it is a signature of this data by this key.
    fn sign_remotely(&self, remote: &Remote, data: &[u8], time: Timestamp) -> Result<Signature, SignError> {
        let bytes = remote.sign(&self.request(Purpose::OpenPgp, data, time.as_secs().into())?);
        let bytes = bytes.map_err(HolderError::from)?;
        match PacketParser::new(bytes.as_slice()).next() {
            Some(Ok(Packet::Signature(signature)))
                if signature.typ() == Some(SignatureType::Binary)
                    && signature.verify(&self.certificate.primary_key, data).is_ok() =>
            {
                Ok(signature)
            }
            _ => Err(self.other_key("the signer").into()),
        }
    }

    /// What a signer is asked.
    pub(crate) fn request(&self, purpose: Purpose, data: &[u8], time: u64) -> Result<Request, HolderError> {
        let key = self.fingerprint().to_owned();
        let algorithm =
            self.signature_kind().ok_or_else(|| HolderError::Algorithm { fingerprint: key.clone() })?;
        Ok(Request { key, algorithm, purpose, data: data.to_owned(), time })
    }

    pub(crate) fn other_key(&self, by: &'static str) -> HolderError {
        HolderError::OtherKey { by, fingerprint: self.fingerprint().to_owned() }
    }
}

/// Digests what it writes.
struct Hashed<W> {
    out: W,
    hasher: Hasher,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A temporary file is its owner's alone; a package is for everybody.
fn readable_by_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    file.sync_all()
}
