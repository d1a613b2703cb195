//! The levels of sameness.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much alike a rebuilt package and its reference are. The order is from best to worst, so that the
/// verdict of a set is the maximum of its members' verdicts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
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

    /// The level of several things together. One that is known to fail fails, whatever else is not known
    /// yet; nothing at all is alike.
    #[must_use]
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().fold(Self::BitIdentical, |one, other| {
            match [one, other].contains(&Self::Incompatible) {
                true => Self::Incompatible,
                false => one.max(other),
            }
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{self, AbiCompatible, BitIdentical, Incompatible, PayloadIdentical, Undecided};

    #[test]
    fn a_failed_fact_outweighs_a_missing_one() {
        assert_eq!(Verdict::worst([Undecided, Incompatible, BitIdentical]), Incompatible);
        assert_eq!(Verdict::worst([Incompatible, Undecided]), Incompatible);
        assert_eq!(Verdict::worst([PayloadIdentical, AbiCompatible]), AbiCompatible);
        assert_eq!(Verdict::worst([Undecided, AbiCompatible]), Undecided);
        assert_eq!(Verdict::worst([]), BitIdentical);
    }
}
