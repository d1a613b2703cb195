//! Whether an RPM file is whole and unchanged, by what it says itself. Signatures are another matter:
//! [`crate::openpgp`].

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

use super::{Header, RpmError, RpmProblem, tag};

/// Checks that a file has as many bytes as its signature header says. Cheap: the payload is not read.
///
/// # Errors
/// The file can't be read, is no RPM, or has another size.
pub fn check_complete(path: &Path) -> Result<(), RpmError> {
    let file = || path.display().to_string();
    let header = Header::open(path)?;
    let found = path.metadata().map_err(|error| RpmError { file: file(), problem: error.into() })?.len();
    header.check_size(found).map_err(|problem| RpmError { file: file(), problem })
}

/// Checks size, header digest and payload digest of a file, and gives its header.
///
/// # Errors
/// The file can't be read, is no RPM, carries no digests, or is not what was digested.
pub fn verify_digests(path: &Path) -> Result<Header, RpmError> {
    let name = path.display().to_string();
    verify(&name, path).map_err(|problem| RpmError { file: name, problem })
}

/// Reads a file once: its header, the SHA-256 of all its bytes, and how many they are. Where it says how many they
/// should be, it is not cut short; its payload's digest is not looked at.
///
/// # Errors
/// The file can't be read, is no RPM, its header is damaged, or it has another size than it says.
pub fn read_digested(path: &Path) -> Result<(Header, Digest, u64), RpmError> {
    let name = path.display().to_string();
    let digested = || {
        let file = Digesting { file: File::open(path)?, hasher: Hasher::default(), size: 0 };
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        let header = Header::read(&name, &mut reader).map_err(|error| error.problem)?;
        loop {
            let block = reader.fill_buf()?.len();
            if block == 0 {
                break;
            }
            reader.consume(block);
        }
        let Digesting { hasher, size, .. } = reader.into_inner();
        match header.expected_size()? {
            Some(expected) if expected != size => Err(RpmProblem::Size { expected, found: size }),
            Some(_) | None => Ok((header, hasher.finish(), size)),
        }
    };
    digested().map_err(|problem| RpmError { file: name.clone(), problem })
}

/// A file whose bytes are digested as they are read.
struct Digesting {
    file: File,
    hasher: Hasher,
    size: u64,
}

impl Read for Digesting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.size += read as u64;
        Ok(read)
    }
}

fn verify(name: &str, path: &Path) -> Result<Header, RpmProblem> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let header = Header::read(name, &mut reader).map_err(|error| error.problem)?;
    header.check_size(size)?;
    header.check_header_digest()?;
    header.check_payload_digest(reader)?;
    Ok(header)
}

impl Header {
    /// Size of the whole file, as the signature header says.
    fn expected_size(&self) -> Result<Option<u64>, RpmProblem> {
        let size: Option<u64> =
            self.signature.number(tag::SIG_SIZE)?.or(self.signature.number(tag::SIG_LONG_SIZE)?);
        Ok(size.map(|size| size.saturating_add(self.range.start)))
    }

    fn check_size(&self, found: u64) -> Result<(), RpmProblem> {
        match self.expected_size()? {
            None => Err(RpmProblem::NoDigest("size")),
            Some(expected) if expected != found => Err(RpmProblem::Size { expected, found }),
            Some(_) => Ok(()),
        }
    }

    fn check_header_digest(&self) -> Result<(), RpmProblem> {
        let expected = self.signature.text(tag::SIG_SHA256)?.ok_or(RpmProblem::NoDigest("header digest"))?;
        compare("header", expected, self.hashed())
    }

    /// SHA-256 of the main header: all that a header signature covers, and so what stays the same when a package is
    /// signed, or signed again. The payload is bound by its own digest in there.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.hashed().finish()
    }

    fn hashed(&self) -> Hasher {
        let mut hasher = Hasher::default();
        hasher.update(self.main.bytes());
        hasher
    }

    fn check_payload_digest(&self, mut payload: impl Read) -> Result<(), RpmProblem> {
        if self.info.payload_digest.is_empty() {
            return Err(RpmProblem::NoDigest("payload digest"));
        }
        let mut hasher = Hasher::default();
        io::copy(&mut payload, &mut hasher)?;
        compare("payload", self.info.payload_digest.clone(), hasher)
    }
}

pub(super) fn compare(part: &'static str, expected: String, hasher: Hasher) -> Result<(), RpmProblem> {
    let found = hasher.finish().to_string();
    if expected != found {
        // As much of it as a digest has: it is a stranger's text.
        let expected = expected.chars().take(found.len()).collect();
        return Err(RpmProblem::Digest { part, expected, found });
    }
    Ok(())
}
