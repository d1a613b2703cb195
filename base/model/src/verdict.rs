//! The levels of sameness.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much alike a rebuilt package and its reference are. The order is from best to worst, so that the
/// verdict of a set is the maximum of its members' verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The same bytes, signature header aside.
    BitIdentical,
    /// Every file's digest and metadata equal, header equal but for what always differs.
    PayloadIdentical,
    /// Equal after recorded normalisations.
    Identical,
    /// Code or content may differ; every interface fact holds.
    AbiCompatible,
    /// Some interface fact fails.
    Incompatible,
    /// Evidence is missing; never folded into another level.
    Undecided,
}

impl Verdict {
    /// The published name, such as `payload-identical`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BitIdentical => "bit-identical",
            Self::PayloadIdentical => "payload-identical",
            Self::Identical => "identical",
            Self::AbiCompatible => "abi-compatible",
            Self::Incompatible => "incompatible",
            Self::Undecided => "undecided",
        }
    }

    /// Whether this keeps the promise to be a 1:1 rebuild.
    #[must_use]
    pub fn is_identical(self) -> bool {
        self <= Self::Identical
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
