//! What one run remembers for the next, so that nothing older is believed.

use std::path::Path;

use heirloom_formats::tuf::Trusted;
use serde::{Deserialize, Serialize};

use super::decisions::Seen;
use crate::context::{bytes, replace};
use crate::fail::{Exit, Fail};

/// Bytes of a file that remembers what was seen.
const LARGEST: u64 = 64 * 1024;

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remembered {
    /// Of metadata.
    #[serde(default)]
    pub(crate) metadata: Trusted,
    /// Of decisions.
    #[serde(default)]
    pub(crate) decisions: Option<Seen>,
}

/// What was seen before: nothing, if there is no such file yet.
pub(super) fn load(file: &Path) -> Result<Remembered, Fail> {
    if !file.exists() {
        return Ok(Remembered::default());
    }
    serde_json::from_slice(&bytes(file, LARGEST)?).map_err(|error| {
        Fail::new(Exit::Failed, format!("{} is no state of an earlier run: {error}", file.display()))
            .hint("without it, old states would be believed: look why it changed before you remove it")
    })
}

/// Writes it in the place of what was there, all or nothing.
pub(super) fn save(file: &Path, seen: &Remembered) -> Result<(), Fail> {
    replace(file, (serde_json::to_string_pretty(seen)? + "\n").as_bytes())
}
