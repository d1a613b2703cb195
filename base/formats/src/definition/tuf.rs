//! Keys about the metadata by which clients and mirrors check what they are served.

use std::ops::Range;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;

/// Metadata of The Update Framework (TUF) over each channel: [tuf.md](tuf.md).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TufSettings {
    /// Directory with the secret keys `root*.key`, `targets*.key`, `snapshot*.key` and `timestamp*.key`, each readable by
    /// its owner alone, and with the roots `1.root.json` and following. `heirloom tuf init` makes it.
    pub keys: PathBuf,
    /// The socket of a signer process that has the keys of targets, snapshot and timestamp: then they need not be in `keys`.
    #[serde(default)]
    pub signer: Option<PathBuf>,
    /// How many root keys must sign a root that `heirloom tuf` makes.
    #[serde(default = "one")]
    #[schemars(with = "u32")]
    pub root_threshold: Spanned<u32>,
    /// Hours for which a timestamp may be believed. `heirloom tuf refresh` renews it, and has to run more often.
    #[serde(default = "hours")]
    #[schemars(with = "u32")]
    pub timestamp_hours: Spanned<u32>,
    /// Days for which a snapshot's metadata may be believed; `refresh` renews it.
    #[serde(default = "month")]
    #[schemars(with = "u32")]
    pub snapshot_days: Spanned<u32>,
    /// Days for which the list of a channel's files may be believed.
    #[serde(default = "year")]
    #[schemars(with = "u32")]
    pub targets_days: Spanned<u32>,
    /// Days for which a root may be believed.
    #[serde(default = "year")]
    #[schemars(with = "u32")]
    pub root_days: Spanned<u32>,
}

/// Longest life of metadata in days: fifty years.
const LONGEST: u32 = 18_263;
/// Root keys that a root may need.
const MOST_KEYS: u32 = 32;

impl TufSettings {
    /// What is wrong with it: where, what, and what to do.
    pub(super) fn fault(&self) -> Option<(Range<usize>, String, &'static str)> {
        let bounded = [
            ("root_threshold", &self.root_threshold, MOST_KEYS),
            ("timestamp_hours", &self.timestamp_hours, LONGEST * 24),
            ("snapshot_days", &self.snapshot_days, LONGEST),
            ("targets_days", &self.targets_days, LONGEST),
            ("root_days", &self.root_days, LONGEST),
        ];
        let (name, value, most) =
            bounded.into_iter().find(|(_, value, most)| !(1..=*most).contains(value.get_ref()))?;
        let message = format!("`tuf.{name}` is {}, expected a number from 1 to {most}", value.get_ref());
        Some((value.span(), message, "docs/tuf.md says what each is for"))
    }
}

fn one() -> Spanned<u32> {
    Spanned::new(0..0, 1)
}

fn hours() -> Spanned<u32> {
    Spanned::new(0..0, 48)
}

fn month() -> Spanned<u32> {
    Spanned::new(0..0, 30)
}

fn year() -> Spanned<u32> {
    Spanned::new(0..0, 365)
}
