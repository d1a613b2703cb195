//! Who decides.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;

/// Who decides what reaches clients. With it, nothing is signed or served but what a quorum of members has approved.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// The first charter (docs/governance.md). Later ones are proposals, and part of the history; this file stays as it is.
    #[schemars(with = "PathBuf")]
    pub charter: Spanned<PathBuf>,
}
