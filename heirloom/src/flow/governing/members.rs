//! Members' keys: what they are, and whether a signature is theirs.

use heirloom_govern::{Decision, KeyFacts, Keys, NAMESPACE, SealedVote, Vote};
use heirloom_sign::{MemberKey, MemberSecret};
use jiff::Timestamp;

use crate::context::timestamp;
use crate::fail::{Exit, Fail, chain};

/// What this program knows of keys.
pub(crate) fn keys() -> Keys<'static> {
    Keys { inspect: &inspect, verify: &verify }
}

fn inspect(text: &str) -> Result<KeyFacts, String> {
    let key = MemberKey::parse(text).map_err(|error| chain(&error))?;
    Ok(KeyFacts {
        fingerprint: key.fingerprint().to_owned(),
        kind: key.kind().to_string(),
        expires: key.expires().and_then(timestamp),
    })
}

fn verify(key: &str, data: &[u8], signature: &str, at: Timestamp) -> Result<(), String> {
    let key = MemberKey::parse(key).map_err(|error| chain(&error))?;
    let at = u64::try_from(at.as_second()).unwrap_or(0);
    key.verify(NAMESPACE, data, signature, at).map_err(|error| chain(&error))
}

/// A vote, signed.
pub(crate) fn approve(vote: &Vote, key: &MemberSecret) -> Result<SealedVote, Fail> {
    let text = vote.to_json()?;
    let at = u64::try_from(vote.at.as_second()).unwrap_or(0);
    let signature =
        key.sign(NAMESPACE, text.as_bytes(), at).map_err(|error| Fail::new(Exit::Failed, chain(&error)))?;
    Ok(SealedVote { vote: text, signature })
}

/// What the member says, as a person reads it.
pub(crate) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approves",
        Decision::Reject => "rejects",
        Decision::Withdraw => "withdraws",
    }
}
