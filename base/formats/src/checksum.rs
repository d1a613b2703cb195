//! Digests of foreign origin, in whatever algorithm their document uses.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use sha2::Digest as _;

/// A SHA-1, SHA-256 or SHA-512 digest. Heirloom's own digests are always SHA-256
/// ([`heirloom_model::Digest`]); this one is for checking what others have digested.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Checksum {
    algorithm: Algorithm,
    hex: String,
}

/// The algorithms that dist-git metadata uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// 40 hexadecimal digits.
    Sha1,
    /// 64 hexadecimal digits.
    Sha256,
    /// 128 hexadecimal digits.
    Sha512,
}

/// The text is no digest of a known length.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no digest: expected 40 (SHA-1), 64 (SHA-256) or 128 (SHA-512) hexadecimal digits")]
pub struct InvalidChecksum(String);

impl Algorithm {
    /// The algorithm's usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }
}

impl Checksum {
    /// Which algorithm made it.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest in lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The digest of a stream in the same algorithm, to be compared with this one.
    ///
    /// # Errors
    /// The stream can't be read.
    pub fn of_same_kind(&self, stream: impl Read) -> io::Result<Self> {
        let hex = match self.algorithm {
            Algorithm::Sha1 => digest_of(sha1::Sha1::new(), stream)?,
            Algorithm::Sha256 => digest_of(sha2::Sha256::new(), stream)?,
            Algorithm::Sha512 => digest_of(sha2::Sha512::new(), stream)?,
        };
        Ok(Self { algorithm: self.algorithm, hex })
    }

    /// Whether a stream has this digest.
    ///
    /// # Errors
    /// The stream can't be read.
    pub fn matches(&self, stream: impl Read) -> io::Result<bool> {
        Ok(self.of_same_kind(stream)? == *self)
    }
}

fn digest_of<D: sha2::Digest>(mut digest: D, mut stream: impl Read) -> io::Result<String> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits =
        bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    digits.map(char::from).collect()
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex)
    }
}

impl FromStr for Checksum {
    type Err = InvalidChecksum;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidChecksum(text.chars().take(140).collect());
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let algorithm = match text.len() {
            40 => Algorithm::Sha1,
            64 => Algorithm::Sha256,
            128 => Algorithm::Sha512,
            _ => return Err(invalid()),
        };
        Ok(Self { algorithm, hex: text.to_ascii_lowercase() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_coreutils() {
        for tool in ["sha1sum", "sha256sum", "sha512sum"] {
            let output = std::process::Command::new(tool).arg("/proc/self/comm").output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let checksum: Checksum = text.split(' ').next().unwrap().parse().unwrap();
            assert!(checksum.matches(format!("{tool}\n").as_bytes()).unwrap(), "{tool}");
            assert!(!checksum.matches(&b"else"[..]).unwrap(), "{tool}");
        }
    }

    #[test]
    fn refuses_md5_and_garbage() {
        for text in ["", "d41d8cd98f00b204e9800998ecf8427e", &"g".repeat(40), &"é".repeat(20)] {
            assert!(text.parse::<Checksum>().is_err(), "{text}");
        }
    }
}
