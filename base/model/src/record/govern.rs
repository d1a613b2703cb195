//! What members were asked, said and decided.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Digest;

/// Something that is ready, and waits to be proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What it is: the kind of proposal that it needs.
    pub kind: String,
    /// The object with what a proposal says of it: JSON.
    pub content: Digest,
}

/// A proposal that is known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// The object with its text.
    pub proposal: Digest,
    /// Objects that belong to it.
    pub evidence: Vec<Digest>,
}

/// A vote that is known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    /// The proposal.
    pub proposal: Digest,
    /// The text of the vote.
    pub vote: String,
    /// The member's signature over it, in armour.
    pub signature: String,
}

/// A proposal that took effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promoted {
    /// Its place in the history, from 1.
    pub number: usize,
    /// The object with its text.
    pub proposal: Digest,
    /// The votes by which it was approved: text and signature of each.
    pub votes: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
}

impl Cast {
    /// What tells it from every other vote.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(format!("{}\n{}", self.vote, self.signature).as_bytes())
    }
}
