//! What was decided, in order, as a file: anyone can go through it again.
//!
//! ```text
//! {"charter": the text of the first charter}
//! {"proposal": text, "votes": [{"vote": text, "signature": armour}], "promoted": time}
//! ...
//! ```
//! Proposals and votes are there as the texts that were digested and signed.

use heirloom_model::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::charter::Keys;
use crate::state::{Refused, State};

/// Largest history, in bytes.
const LARGEST: usize = 1 << 30;

/// A vote with its signature.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedVote {
    /// The text of the vote.
    pub vote: String,
    /// A member's signature over it, in armour.
    pub signature: String,
}

/// Something that was approved and took effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The text of the proposal.
    pub proposal: String,
    /// All votes on it that were there.
    pub votes: Vec<SealedVote>,
    /// When it took effect.
    pub promoted: Timestamp,
}

/// The first charter and all that was decided after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The text of the first charter.
    pub charter: String,
    /// What was decided, in order.
    pub entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    charter: String,
}

/// A history that can't be read, or does not hold.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// It is larger than any.
    #[error("the history has {0} bytes, more than the {LARGEST} allowed")]
    TooLarge(usize),
    /// A line of it can't be parsed.
    #[error("line {line} of the history can't be read: {source}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// It has no charter.
    #[error("the history is empty: its first line has the first charter")]
    Empty,
    /// The first charter can't be used.
    #[error("the first charter can't be used: {0}")]
    Charter(#[from] crate::CharterError),
    /// An entry does not hold.
    #[error("entry {entry} of the history does not hold: {source}")]
    Entry {
        /// Which, from 1.
        entry: usize,
        /// Why.
        source: Box<Refused>,
    },
    /// The pinned charter is not in it.
    #[error(
        "no charter of this history has the digest {pinned}, which is pinned here: its charters are {found}; either the pin \
         is of another distribution, or this is a history that somebody made up"
    )]
    NotPinned {
        /// What was pinned.
        pinned: Digest,
        /// What there is.
        found: String,
    },
}

impl History {
    /// Reads a history.
    ///
    /// # Errors
    /// A line that can't be parsed.
    pub fn parse(text: &str) -> Result<Self, HistoryError> {
        if text.len() > LARGEST {
            return Err(HistoryError::TooLarge(text.len()));
        }
        let mut lines = text.lines().enumerate();
        let (_, first) = lines.next().ok_or(HistoryError::Empty)?;
        let First { charter } =
            serde_json::from_str(first).map_err(|source| HistoryError::Line { line: 1, source })?;
        let entry = |(index, line)| {
            serde_json::from_str(line).map_err(|source| HistoryError::Line { line: index + 1, source })
        };
        Ok(Self { charter, entries: lines.map(entry).collect::<Result<_, _>>()? })
    }

    /// As a file.
    ///
    /// # Errors
    /// It can't be written as JSON.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string(&First { charter: self.charter.clone() })? + "\n";
        for entry in &self.entries {
            text.push_str(&serde_json::to_string(entry)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// Goes through it: the state that it comes to. With a pin, one of its charters must have this digest.
    ///
    /// # Errors
    /// The first entry that does not hold, or a history that is not the pinned one.
    pub fn replay(&self, keys: &Keys<'_>, pinned: Option<Digest>) -> Result<State, HistoryError> {
        let mut state = State::new(&self.charter)?;
        for (index, entry) in self.entries.iter().enumerate() {
            state = state
                .apply(entry, keys)
                .map_err(|source| HistoryError::Entry { entry: index + 1, source: Box::new(source) })?;
        }
        match pinned {
            Some(pinned) if !state.charters().contains(&pinned) => {
                let found: Vec<_> = state.charters().iter().map(Digest::short).collect();
                Err(HistoryError::NotPinned { pinned, found: found.join(", ") })
            }
            _ => Ok(state),
        }
    }
}
