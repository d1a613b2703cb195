//! When advisories and builds got how far.

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::advisory::AdvisoryId;

/// An advisory of upstream that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// The advisory, as upstream calls it.
    pub advisory: AdvisoryId,
    /// The object that holds it as upstream says it now: JSON, an [`crate::advisory::Advisory`]. When upstream changes it,
    /// a new record names what it became, and the earlier one stays.
    pub original: Digest,
    /// When it was seen first, in seconds since 1970.
    pub seen: u64,
    /// When the distribution's own of it came out, likewise; absent: it has not.
    pub out: Option<u64>,
}

/// When the results of an action got how far, in seconds since 1970. What is absent has not been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The action's key.
    pub action: Digest,
    /// When they were built, or taken from a cache.
    pub built: u64,
    /// When all of them had been compared.
    pub compared: Option<u64>,
    /// When those that may be were signed.
    pub signed: Option<u64>,
}
