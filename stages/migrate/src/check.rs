//! What was found about a machine or a plan, and what to do about it.

use serde::{Deserialize, Serialize};

/// How much a finding matters. Ordered: a blocker is the greatest.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Info,
    /// It may go wrong, or something is lost; a person should have read it.
    Risk,
    /// Nothing is changed as long as this is so.
    Blocker,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Check {
    /// How much it matters.
    pub level: Level,
    /// Its name, the same for every machine: `boot-space`, `excluded-packages`. In lower case, with hyphens.
    pub id: String,
    /// What was found, in one sentence, with the names and figures of this machine.
    pub found: String,
    /// What to do about it, in one sentence; a command where there is one.
    pub advice: String,
}

impl Check {
    /// Something to know.
    #[must_use]
    pub fn info(id: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Level::Info, id, found.into(), advice.into())
    }

    /// Something that may go wrong.
    #[must_use]
    pub fn risk(id: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Level::Risk, id, found.into(), advice.into())
    }

    /// Something that has to be mended first.
    #[must_use]
    pub fn blocker(id: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Level::Blocker, id, found.into(), advice.into())
    }

    fn new(level: Level, id: &str, found: String, advice: String) -> Self {
        Self { level, id: id.to_owned(), found, advice }
    }
}
