//! What becomes of packages.

use heirloom_model::{Digest, Nevra};
use serde::{Deserialize, Serialize};

/// What becomes of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PackageStep {
    /// What is done.
    pub action: Action,
    /// The installed package; none if one is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub installed: Option<Nevra>,
    /// The target's package that takes its place or is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Source>,
    /// Why dnf keeps it: `user`, `dependency`, `weak-dependency`, `group`, `unknown`.
    pub kept_as: String,
    /// Why this is done, in one sentence.
    pub reason: String,
}

/// Where a package comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Source {
    /// Identity.
    #[schemars(with = "String")]
    pub nevra: Nevra,
    /// Id of the target's repository.
    pub repository: String,
    /// Path below that repository's place.
    pub location: String,
    /// SHA-256 of the file.
    #[schemars(with = "String")]
    pub digest: Digest,
    /// Bytes of the file.
    pub size: u64,
    /// Bytes that it takes when it is installed.
    pub installed_size: u64,
}

/// What is done with a package.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is the target's already, signed by its key.
    Keep,
    /// The target's package of the same version takes its place.
    Reinstall,
    /// A newer one of the target takes its place.
    Upgrade,
    /// An older one of the target takes its place.
    Downgrade,
    /// A package of another name takes its place (release, logos, what is obsoleted).
    Swap,
    /// It is added: something needs it.
    Install,
    /// It goes.
    Remove,
    /// The target does not have it and it came from the vendor: it stays, without updates from now on.
    Orphan,
    /// It came from someone else: it stays, and its repository too.
    ThirdParty,
}
