//! What becomes of all that is no package.

use heirloom_model::{Digest, Nevra};
use serde::{Deserialize, Serialize};

use crate::offer::SeenRepository;
use crate::target::TargetBoot;

/// The target, as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TargetSeen {
    /// `ID`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the target file.
    #[schemars(with = "String")]
    pub file: Digest,
    /// Fingerprint of the key that signed the target file.
    pub signer: String,
    /// Certificates of the keys that sign its packages and metadata, armoured.
    pub certificates: String,
    /// Its repositories as they were.
    pub repositories: Vec<SeenRepository>,
    /// How it boots; none if it brings no boot loader of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<TargetBoot>,
}

/// What becomes of repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RepositoryPlan {
    /// Files below `/etc/yum.repos.d` in which repositories are switched off, with the ids of these: the file stays, with `enabled=0`.
    pub disabled: Vec<(String, Vec<String>)>,
    /// Files that are written if the target's release package does not bring them.
    pub written: Vec<FileText>,
    /// Ids of repositories that stay as they are: third parties'.
    pub kept: Vec<String>,
}

/// A file and its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FileText {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A key of the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TargetKey {
    /// Its fingerprint, in lower case.
    pub fingerprint: String,
    /// Whether the machine has it already.
    pub present: bool,
}

/// What becomes of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ModuleStep {
    /// The module.
    pub name: String,
    /// The stream that is enabled; empty if none.
    pub from: String,
    /// The stream afterwards; empty if it is reset.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// What becomes of a configuration file that was changed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ConfigStep {
    /// The file.
    pub path: String,
    /// Its package.
    #[schemars(with = "String")]
    pub package: Nevra,
    /// Digest of the vendor's content as it was installed.
    pub vendor_old: String,
    /// Digest of the content here.
    pub local: String,
    /// Digest of the content in the target's package; empty if that is not known before the download.
    pub vendor_new: String,
    /// What rpm will do.
    pub outcome: ConfigOutcome,
}

/// What rpm does with a configuration file that was changed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigOutcome {
    /// The local content stays: the vendor's did not change.
    Kept,
    /// The local content is what the target has.
    Same,
    /// The local content stays, the target's goes beside it as `.rpmnew`.
    NewBeside,
    /// The target's content takes its place, the local one goes beside it as `.rpmsave`.
    SavedBeside,
    /// The package goes; the local content stays as `.rpmsave`.
    Removed,
    /// The local content stays either way; whether the target's goes beside it is known after the download.
    Unknown,
}

/// A service that is started anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ServiceStep {
    /// `sshd.service`.
    pub name: String,
    /// Why: the packages of it that change.
    pub reason: String,
}

/// What is needed on a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SpaceNeed {
    /// Where it is mounted.
    pub point: String,
    /// Bytes that can be used.
    pub free: u64,
    /// Bytes that are needed at the same time, at most.
    pub needed: u64,
    /// What for: `downloads`, `packages`, `way back`, `kernel 5.14.0-…`, with bytes each.
    pub parts: Vec<(String, u64)>,
}
