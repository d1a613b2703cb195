//! Keys about the public log.

use std::ops::Range;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;

/// The public log of what was decided and released: [log.md](log.md).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// The secret key that signs the log, readable by its owner only. `heirloom log init` makes it; without it there is no
    /// log.
    pub key: PathBuf,
    /// The log's own name, which never changes. Absent: `publish.url` without its scheme, and `/log`.
    pub origin: Option<String>,
    /// Public keys of witnesses, as `heirloom log keygen` prints them: `name+hash+base64`.
    pub witnesses: Vec<String>,
    /// How many of them must have cosigned a checkpoint before a proof counts.
    #[schemars(with = "usize")]
    pub witnesses_needed: Spanned<usize>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            key: PathBuf::from("log.key"),
            origin: None,
            witnesses: Vec::new(),
            witnesses_needed: Spanned::new(0..0, 0),
        }
    }
}

impl LogSettings {
    /// What is wrong with it: where, what, and what to do.
    pub(super) fn fault(&self) -> Option<(Range<usize>, String, &'static str)> {
        let (needed, known) = (*self.witnesses_needed.get_ref(), self.witnesses.len());
        let message = || format!("{needed} witnesses are needed, and `log.witnesses` names {known}");
        (needed > known)
            .then(|| (self.witnesses_needed.span(), message(), "name more witnesses, or need fewer of them"))
    }
}
