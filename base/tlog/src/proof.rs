//! Proofs that others can check without the log: C2SP `tlog-proof`. The entry itself is the proof's extra data.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tlog_tiles::tlog::{self, Hash};

use crate::{CheckpointError, Policy, SignedCheckpoint, Tree, TreeError};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Largest proof that is read, in bytes: of the longest entry it has some 160,000.
pub(crate) const LARGEST: usize = 256 * 1024;

/// A proof that an entry is in a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    entry: Vec<u8>,
    index: u64,
    path: Vec<Hash>,
    /// The signed checkpoint, byte for byte.
    note: Vec<u8>,
}

/// What a proof that holds has shown.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The entry.
    pub entry: Vec<u8>,
    /// Where it is in the log, counted from 0.
    pub index: u64,
    /// The checkpoint that has it.
    pub signed: SignedCheckpoint,
}

/// A proof does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// It is too large to be one.
    #[error("it has {found} bytes: a proof has at most {LARGEST}")]
    Large {
        /// Its size in bytes.
        found: usize,
    },
    /// It has another form.
    #[error("line {line} of the proof: expected {expected}")]
    Form {
        /// The line, counted from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The checkpoint in it is not believed.
    #[error("the checkpoint in it: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the tree of the checkpoint.
    #[error("entry {index} is not in the log of {size} entries that its checkpoint is about")]
    Inclusion {
        /// Where it should be.
        index: u64,
        /// Entries of the checkpoint.
        size: u64,
    },
}

impl Proof {
    /// Makes the proof of an entry, with a checkpoint that was verified, and checks it.
    ///
    /// # Errors
    /// There is no such entry, or the log's files can't be had or do not fit the checkpoint.
    pub fn make(tree: &Tree<'_>, signed: &SignedCheckpoint, index: u64) -> Result<Self, TreeError> {
        let (entry, path) = (tree.entry(index)?, tree.inclusion(index)?);
        Ok(Self { entry, index, path, note: signed.note.clone() })
    }

    /// Its text: a file `.tlog-proof`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\nextra {}\nindex {}\n", STANDARD.encode(&self.entry), self.index);
        for hash in &self.path {
            let _ = writeln!(text, "{hash}");
        }
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(&self.note));
        text
    }

    /// Reads the text of a proof. Nothing in it is believed yet.
    ///
    /// # Errors
    /// It has another form; the error says where.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > LARGEST {
            return Err(ProofError::Large { found: text.len() });
        }
        let form = |line, expected| ProofError::Form { line, expected };
        let no_checkpoint = || form(text.lines().count() + 1, "an empty line and a signed checkpoint");
        let (head, note) = text.split_once("\n\n").ok_or_else(no_checkpoint)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(form(1, "`c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next().and_then(|line| STANDARD.decode(line.strip_prefix("extra ")?).ok());
        let entry = extra.ok_or_else(|| form(2, "`extra ` and the entry in base64"))?;
        let number = lines.next().and_then(|line| line.strip_prefix("index "));
        let index =
            number.and_then(|text| text.parse::<u64>().ok().filter(|index| index.to_string() == text));
        let index = index.ok_or_else(|| form(3, "`index ` and a number"))?;
        let hash = |(at, line)| Hash::parse_hash(line).map_err(|_| form(at, "a SHA-256 digest in base64"));
        let path = (4..).zip(lines).map(hash).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { entry, index, path, note: note.as_bytes().to_vec() })
    }

    /// The entry that it is about. It is not known to be in a log before [`Proof::verify`].
    #[must_use]
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }

    /// Checks it, by nothing but what it has itself and the keys that are trusted.
    ///
    /// # Errors
    /// The checkpoint is not believed, or the entry is not in its tree.
    pub fn verify(&self, policy: &Policy) -> Result<Proven, ProofError> {
        let signed = policy.open(&self.note)?;
        let (size, root) = (signed.checkpoint.size(), signed.checkpoint.root);
        let leaf = tlog::record_hash(&self.entry);
        // No tree that is read is as high.
        let is_in =
            self.path.len() <= 64 && tlog::check_record(&self.path, size, root, self.index, leaf).is_ok();
        match is_in {
            true => Ok(Proven { entry: self.entry.clone(), index: self.index, signed }),
            false => Err(ProofError::Inclusion { index: self.index, size }),
        }
    }
}
