//! Findings: what an examination saw. They are data; an error is a failure to look.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Always differs between two honest builds; kept for the record.
    Expected,
    /// Reported, and allowed.
    Note,
    /// Breaks the promise to be identical.
    Different,
    /// Breaks users of the package.
    Incompatible,
    /// Evidence is missing: what could not be examined, and why.
    Undecided,
}

/// One difference or fault, with the rule that saw it.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule's name, such as `requires` or `file-mode`.
    pub rule: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What it is about: a tag, a path, a dependency.
    pub subject: String,
    /// What the reference has; empty if it has nothing there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// What was found; empty if there is nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub found: String,
}

/// A difference that was taken away before comparing, because it means nothing: one application of one rule.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// The rule's name, such as `build-id` or `gzip`.
    pub rule: String,
    /// The path, with `!member` for each container that was opened; or the header's tag.
    pub subject: String,
    /// What was taken away; empty where the rule's name says all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// By what interfaces were compared.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// By symbols: names, versions, kinds, sizes of data. The layout of types was not examined.
    Symbols,
    /// By types: debugging data showed the layout of every type that can be reached.
    Types,
}
