//! Custody of a key by several people: a file that any K of N can put together, and fewer can't (Shamir's scheme over
//! GF(256), byte by byte).
//!
//! ```text
//! heirloom key share 1
//! set: 32 hexadecimal digits        the same for all shares of one split, and for no others
//! share: 2 of 5
//! need: 3
//! key: SHA-256 of the fingerprint of the key
//! data: base64
//! check: SHA-256 of all lines before this one
//! ```
//! The scheme is `blahaj`'s: small, of one purpose, and its coefficients are random from 0 to 255; its ancestor's were
//! never 0, which gave secrets away to who saw many splits. Verifiable schemes over curves (`vsss-rs`) share numbers of
//! a group, not files.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blahaj::Sharks;
use heirloom_formats::openpgp::hex;
use heirloom_model::Digest;
use rand::RngCore as _;
use zeroize::Zeroizing;

use crate::file::{bounded, check_private};
use crate::key::KeyError;
use crate::member::{MemberKey, MemberKeyError};

/// First line of a share.
const HEAD: &str = "heirloom key share 1";
/// Largest file that is split, in bytes.
const LARGEST: usize = 64 * 1024;

/// One share of a key file. Its text is as secret as the key where there are enough of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Share {
    set: String,
    number: u8,
    of: u8,
    need: u8,
    key: Digest,
    data: Zeroizing<Vec<u8>>,
}

/// A key file can't be split or put together. Shares are named by the names that the caller gives them.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// One person could do it alone, or nobody could.
    #[error(
        "{need} of {shares} shares can't be: at least 2 must be needed, at most as many as there are, and there are \
             at most 255"
    )]
    Threshold {
        /// How many are needed.
        need: usize,
        /// How many there are.
        shares: usize,
    },
    /// The file is no key.
    #[error("it has {0} bytes, more than any key has ({LARGEST})")]
    TooLarge(usize),
    /// The file can't be read, or others can.
    #[error(transparent)]
    Unreadable(Box<KeyError>),
    /// The file is no private key.
    #[error("only the file of a private key (armoured OpenPGP, or OpenSSH) can be split")]
    NoKey(#[source] Box<MemberKeyError>),
    /// It is no share.
    #[error("{name} is no share: {what}")]
    Malformed {
        /// The share.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// It was changed, or copied wrongly.
    #[error("{name} is damaged: its check is {found}, and {expected} was expected; copy it again")]
    Damaged {
        /// The share.
        name: String,
        /// What is expected.
        expected: String,
        /// What it says.
        found: String,
    },
    /// Shares of two splits.
    #[error("{name} is of the set {found}, and {first} of {expected}: they were not made together")]
    Mixed {
        /// The share.
        name: String,
        /// Its set.
        found: String,
        /// The first share.
        first: String,
        /// Its set.
        expected: String,
    },
    /// The same share twice.
    #[error("{name} is share {number} once more: {need} different ones are needed")]
    Repeated {
        /// The share.
        name: String,
        /// Its number.
        number: u8,
        /// How many are needed.
        need: u8,
    },
    /// There are not enough.
    #[error("{need} shares are needed, and there are {found}")]
    TooFew {
        /// How many are needed.
        need: u8,
        /// How many there are.
        found: usize,
    },
    /// The shares belong together and give something else.
    #[error("what the shares give is not the key that was split: one of them is forged")]
    Forged,
}

/// Splits the file of a private key (armoured OpenPGP, or OpenSSH), and tells the key's fingerprint: `shares` people get
/// one share each, and any `need` of them can put it together.
///
/// # Errors
/// Numbers that can't be, a file that is no private key or that others can read.
pub fn split_file(file: &Path, shares: usize, need: usize) -> Result<(Vec<Share>, String), ShareError> {
    let unreadable = |error| ShareError::Unreadable(Box::new(error));
    let bytes = bounded(file).map_err(unreadable)?;
    let split = split(&bytes, shares, need)?;
    check_private(file).map_err(unreadable)?;
    Ok(split)
}

fn split(file: &[u8], shares: usize, need: usize) -> Result<(Vec<Share>, String), ShareError> {
    if file.len() > LARGEST {
        return Err(ShareError::TooLarge(file.len()));
    }
    let fingerprint = fingerprint(file).map_err(|error| ShareError::NoKey(Box::new(error)))?;
    Ok((deal(file, &fingerprint, shares, need)?, fingerprint))
}

/// Puts the file together, and tells the fingerprint of the key in it. Shares have the names by which errors name them.
/// More than are needed may be given: they must fit, too.
///
/// # Errors
/// Too few, mixed, repeated or forged shares.
pub fn join(shares: &[(String, Share)]) -> Result<(Zeroizing<Vec<u8>>, String), ShareError> {
    let (file, key) = recover(shares)?;
    // Wrong bytes are hardly ever a key at all.
    match fingerprint(&file) {
        Ok(found) if Digest::of(found.as_bytes()) == key => Ok((file, found)),
        _ => Err(ShareError::Forged),
    }
}

fn fingerprint(file: &[u8]) -> Result<String, MemberKeyError> {
    let text = std::str::from_utf8(file).map_err(|error| MemberKeyError::Malformed(error.to_string()))?;
    Ok(MemberKey::of_private(text)?.fingerprint().to_owned())
}

fn deal(file: &[u8], fingerprint: &str, shares: usize, need: usize) -> Result<Vec<Share>, ShareError> {
    let wrong = || ShareError::Threshold { need, shares };
    let of = u8::try_from(shares).map_err(|_| wrong())?;
    let needed = u8::try_from(need).ok().filter(|need| (2..=of).contains(need)).ok_or_else(wrong)?;
    let mut set = [0; 16];
    rand::rngs::OsRng.fill_bytes(&mut set);
    let set = hex(&set).to_ascii_lowercase();
    let made = Sharks(needed).dealer(file).take(shares).zip(1..=of).map(|(share, number)| {
        let bytes = Zeroizing::new(Vec::from(&share));
        let data = Zeroizing::new(bytes.get(1..).unwrap_or_default().to_vec());
        Share { set: set.clone(), number, of, need: needed, key: Digest::of(fingerprint.as_bytes()), data }
    });
    Ok(made.collect())
}

/// What the shares give, and the digest of the fingerprint of what it should be.
fn recover(shares: &[(String, Share)]) -> Result<(Zeroizing<Vec<u8>>, Digest), ShareError> {
    let Some((first_name, first)) = shares.first() else {
        return Err(ShareError::TooFew { need: 2, found: 0 });
    };
    let mut numbers = BTreeSet::new();
    for (name, share) in shares {
        if (&share.set, share.need, share.of, share.key) != (&first.set, first.need, first.of, first.key)
            || share.data.len() != first.data.len()
        {
            return Err(ShareError::Mixed {
                name: name.clone(),
                found: share.set.clone(),
                first: first_name.clone(),
                expected: first.set.clone(),
            });
        }
        if !numbers.insert(share.number) {
            return Err(ShareError::Repeated { name: name.clone(), number: share.number, need: share.need });
        }
    }
    if shares.len() < usize::from(first.need) {
        return Err(ShareError::TooFew { need: first.need, found: shares.len() });
    }
    let points = shares.iter().map(|(_, share)| {
        let bytes = Zeroizing::new([&[share.number], share.data.as_slice()].concat());
        blahaj::Share::try_from(bytes.as_slice())
    });
    let points: Vec<_> = points.collect::<Result<_, _>>().map_err(|_| ShareError::Forged)?;
    let file = Zeroizing::new(Sharks(first.need).recover(&points).map_err(|_| ShareError::Forged)?);
    Ok((file, first.key))
}

impl Share {
    /// Reads the file of a share. It may be on a medium without permissions.
    ///
    /// # Errors
    /// A file that can't be read, and what [`Share::parse`] refuses.
    pub fn read(path: &Path) -> Result<Self, ShareError> {
        let bytes = bounded(path).map_err(|error| ShareError::Unreadable(Box::new(error)))?;
        let name = path.display().to_string();
        let text = std::str::from_utf8(&bytes);
        Self::parse(
            text.map_err(|_| ShareError::Malformed { name: name.clone(), what: "it is no text" })?,
            &name,
        )
    }

    /// Parses a share; `name` is for errors.
    ///
    /// # Errors
    /// A text that is no share, or was changed.
    pub fn parse(text: &str, name: &str) -> Result<Self, ShareError> {
        let malformed = |what| ShareError::Malformed { name: name.to_owned(), what };
        if text.len() > 2 * LARGEST {
            return Err(malformed("it is too large"));
        }
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        let [HEAD, set, share, need, key, data, check, rest @ ..] = lines.as_slice() else {
            return Err(malformed("expected seven lines, the first of them `heirloom key share 1`"));
        };
        if rest.iter().any(|line| !line.is_empty()) {
            return Err(malformed("something follows its check"));
        }
        let body = Zeroizing::new([HEAD, set, share, need, key, data, ""].join("\n"));
        let (expected, found) = (Digest::of(body.as_bytes()).to_string(), field(check, "check"));
        if found != Some(expected.as_str()) {
            let found = found.unwrap_or("missing").chars().take(64).collect();
            return Err(ShareError::Damaged { name: name.to_owned(), expected, found });
        }
        let set = field(set, "set")
            .filter(|set| set.len() == 32 && set.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let share = field(share, "share").and_then(|share| share.split_once(" of "));
        let share = share.and_then(|(number, of)| Some((number.parse::<u8>().ok()?, of.parse::<u8>().ok()?)));
        let need = field(need, "need").and_then(|need| need.parse::<u8>().ok());
        let (Some(set), Some((number, of)), Some(need)) = (set, share, need) else {
            return Err(malformed("its set, number or threshold is not one"));
        };
        if number == 0 || number > of || need < 2 || need > of {
            return Err(malformed("its numbers do not fit together"));
        }
        let key = field(key, "key")
            .and_then(|key| key.parse().ok())
            .ok_or_else(|| malformed("its key is no digest"))?;
        let data = field(data, "data").and_then(|data| STANDARD.decode(data).ok());
        let data =
            data.filter(|data| !data.is_empty()).ok_or_else(|| malformed("its data are not in base64"))?;
        Ok(Self { set: set.to_owned(), number, of, need, key, data: Zeroizing::new(data) })
    }

    /// The text of the share, with its check.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let Self { set, number, of, need, key, .. } = self;
        let data = Zeroizing::new(STANDARD.encode(&*self.data));
        let body = Zeroizing::new(format!(
            "{HEAD}\nset: {set}\nshare: {number} of {of}\nneed: {need}\nkey: {key}\ndata: {}\n",
            *data
        ));
        Zeroizing::new(format!("{}check: {}\n", *body, Digest::of(body.as_bytes())))
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// The set's name: 32 hexadecimal digits, random.
    #[must_use]
    pub fn set(&self) -> &str {
        &self.set
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "share {} of {}, set {}", self.number, self.of, self.set)
    }
}

/// The value of a line `name: value`.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name)?.strip_prefix(": ")
}

#[cfg(test)]
mod tests;
