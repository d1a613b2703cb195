//! Checkpoints: what a log says of itself at one size, signed. C2SP `tlog-checkpoint`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use heirloom_model::Digest;
use signed_note::{Note, NoteError, Signature, Verifier as _};
use tlog_tiles::tlog::Hash;

use crate::key::NoteKey;
use crate::{MOST, Policy, Vkey};

/// Largest signed checkpoint that is read, in bytes: with 100 signatures it has some 20,000.
pub(crate) const LARGEST: u64 = 64 * 1024;

/// The state of a log: so many entries, with this root.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    pub(crate) root: Hash,
    /// The text of the note, as it is signed.
    text: String,
}

impl Checkpoint {
    pub(crate) fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self { origin: origin.to_owned(), size, root, text: format!("{origin}\n{size}\n{root}\n") }
    }

    fn parse(text: &str) -> Option<Self> {
        let read = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).ok()?;
        let (origin, size, root) = (read.origin().to_owned(), read.size(), *read.hash());
        let is_possible = size <= MOST && (size > 0 || root == tlog_tiles::tlog::EMPTY_HASH);
        is_possible.then(|| Self { origin, size, root, text: text.to_owned() })
    }

    /// The log's own name for itself.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries the log has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the Merkle tree of these entries.
    #[must_use]
    pub fn root(&self) -> Digest {
        Digest::from(self.root.0)
    }

    pub(crate) fn text(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Signs it: the whole note.
    pub(crate) fn signed_by(&self, key: &NoteKey) -> Vec<u8> {
        let line = line(&key.log_vkey(), &key.sign(self.text()));
        format!("{}\n{line}", self.text).into_bytes()
    }
}

/// The line of a signature.
fn line(key: &Vkey, signature: &[u8]) -> String {
    let bytes = [&key.key_id().to_be_bytes()[..], signature].concat();
    format!("\u{2014} {} {}\n", key.name(), STANDARD.encode(bytes))
}

/// A witness saw a checkpoint, and that it continues what the witness had seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Name of the witness.
    pub witness: String,
    /// When, in seconds since 1970.
    pub time: u64,
}

/// A checkpoint whose signatures were verified.
#[derive(Clone, Debug)]
pub struct SignedCheckpoint {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) cosignatures: Vec<Cosignature>,
    /// The whole note, byte for byte.
    pub(crate) note: Vec<u8>,
}

impl SignedCheckpoint {
    /// What is signed.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The valid cosignatures of known witnesses, in the order of their lines.
    #[must_use]
    pub fn cosignatures(&self) -> &[Cosignature] {
        &self.cosignatures
    }

    /// The whole note, byte for byte as it was read.
    #[must_use]
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// A witness's cosignature of it at a time, in seconds since 1970: one line of a note.
    ///
    /// The witness must have seen ([`crate::follow`]) that it continues what it cosigned before, and must have recorded that.
    #[must_use]
    pub fn cosign(&self, key: &NoteKey, time: u64) -> String {
        line(&key.witness_vkey(), &key.cosign(self.checkpoint.text(), time))
    }
}

/// A checkpoint is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Too large to be one.
    #[error("it has {found} bytes: a signed checkpoint has at most {LARGEST}")]
    Large {
        /// Its size in bytes.
        found: usize,
    },
    /// No note, or one with another text.
    #[error(
        "it is no signed checkpoint: expected origin, size and root in a line each, an empty line, and signatures"
    )]
    Malformed,
    /// Nobody known signed it.
    #[error("it is not signed by {expected}; there are signatures of: {}", .found.join(", "))]
    Unsigned {
        /// The log's public key.
        expected: String,
        /// The names in its signature lines, which anyone can write.
        found: Vec<String>,
    },
    /// A signature of a known key does not hold.
    #[error("the signature of {0} does not hold: the checkpoint or its signature was changed")]
    Signature(String),
    /// It is of another log.
    #[error("it is of the log `{found}`: expected `{expected}`")]
    Origin {
        /// The log that was meant.
        expected: String,
        /// The log that it names.
        found: String,
    },
    /// Too few witnesses.
    #[error("{} of the {needed} witnesses that are needed cosigned it{}", .found.len(), named(.found))]
    Witnesses {
        /// How many are needed.
        needed: usize,
        /// Those who did.
        found: Vec<String>,
    },
}

fn named(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

impl Policy {
    /// Reads a signed checkpoint, and believes it if the log signed it and enough witnesses cosigned it.
    ///
    /// # Errors
    /// Anything else; the error says what was missing.
    pub fn open(&self, note: &[u8]) -> Result<SignedCheckpoint, CheckpointError> {
        if note.len() as u64 > LARGEST {
            return Err(CheckpointError::Large { found: note.len() });
        }
        let read = Note::from_bytes(note).map_err(|_| CheckpointError::Malformed)?;
        let text = std::str::from_utf8(read.text()).map_err(|_| CheckpointError::Malformed)?;
        let checkpoint = Checkpoint::parse(text).ok_or(CheckpointError::Malformed)?;
        let verified = match read.verify(&self.verifiers()) {
            Ok((verified, _)) => verified,
            Err(NoteError::InvalidSignature { name, .. }) => return Err(CheckpointError::Signature(name)),
            Err(_) => Vec::new(),
        };
        if !verified.iter().any(|signature| is_of(signature, self.log())) {
            let lines = String::from_utf8_lossy(note).into_owned();
            let names = lines.lines().filter_map(|line| line.strip_prefix("\u{2014} ")?.split(' ').next());
            let found = names.map(|name| name.chars().take(200).collect()).collect();
            return Err(CheckpointError::Unsigned { expected: self.log().to_string(), found });
        }
        if checkpoint.origin != self.log().name() {
            let expected = self.log().name().to_owned();
            return Err(CheckpointError::Origin { expected, found: checkpoint.origin });
        }
        let cosignature = |signature: &Signature| {
            self.witnesses().iter().find(|witness| is_of(signature, witness))?;
            let time = crate::key::time_of(signature.signature())?;
            Some(Cosignature { witness: signature.name().to_owned(), time })
        };
        let cosignatures: Vec<_> = verified.iter().filter_map(cosignature).collect();
        if cosignatures.len() < self.needed() {
            let found = cosignatures.into_iter().map(|one| one.witness).collect();
            return Err(CheckpointError::Witnesses { needed: self.needed(), found });
        }
        Ok(SignedCheckpoint { checkpoint, cosignatures, note: note.to_vec() })
    }
}

/// Whether a signature says that it is by this key.
pub(crate) fn is_of(signature: &Signature, key: &Vkey) -> bool {
    signature.name() == key.name() && signature.id() == key.key_id()
}
