//! A vote: what a member signs.

use heirloom_model::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a vote says it is.
const FORM: &str = "https://heirloom.example/vote/v1";
/// Largest vote, in bytes.
const LARGEST: usize = 16 << 10;
/// The namespace of SSH signatures of votes, so that none made for something else can pass as one.
pub const NAMESPACE: &str = "heirloom-vote";

/// What a member says of a proposal. Its text is one line of JSON, over which the member's signature is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    #[serde(rename = "_type")]
    form: String,
    /// SHA-256 of the proposal.
    pub proposal: Digest,
    /// SHA-256 of the charter under which it is decided.
    pub charter: Digest,
    /// Who.
    pub member: String,
    /// What.
    pub decision: Decision,
    /// When, by the member's clock.
    pub at: Timestamp,
    /// Why, in the member's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What a member decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It may take effect.
    Approve,
    /// It may not.
    Reject,
    /// It is not proposed any more: the proposer alone can say so.
    Withdraw,
}

impl Decision {
    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }
}

/// A text that is no vote.
#[derive(Debug, thiserror::Error)]
pub enum VoteError {
    /// It can't be parsed.
    #[error("it is no vote: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is too long.
    #[error("it has {0} bytes, more than the {LARGEST} that a vote may have")]
    TooLarge(usize),
    /// It has another form.
    #[error("its form is `{0}`: expected `{FORM}`")]
    Form(String),
}

impl Vote {
    /// What this member says of this proposal.
    #[must_use]
    pub fn new(proposal: Digest, charter: Digest, member: &str, decision: Decision, at: Timestamp) -> Self {
        let (form, member) = (FORM.to_owned(), member.to_owned());
        Self { form, proposal, charter, member, decision, at, reason: String::new() }
    }

    /// Reads the text of a vote.
    ///
    /// # Errors
    /// It is none.
    pub fn from_json(text: &str) -> Result<Self, VoteError> {
        if text.len() > LARGEST {
            return Err(VoteError::TooLarge(text.len()));
        }
        let vote: Self = serde_json::from_str(text)?;
        match vote.form == FORM {
            true => Ok(vote),
            false => Err(VoteError::Form(vote.form.chars().take(120).collect())),
        }
    }

    /// Its text, which is signed: one line without an end.
    ///
    /// # Errors
    /// It can't be written as JSON.
    pub fn to_json(&self) -> Result<String, VoteError> {
        Ok(serde_json::to_string(self)?)
    }
}
