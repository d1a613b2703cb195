//! A plan: what would be done to one machine, each step with its reason. A value: made from an [assessment](crate::facts::Assessment), a
//! [target](crate::target::Target) and what the target [offers](crate::offer::Offer), without looking at anything else.

mod boot;
mod making;
mod packages;
mod rest;

use heirloom_model::Nevra;
use serde::{Deserialize, Serialize};

pub use boot::{BootPlan, BootStep};
pub use making::{Inputs, Options, headers_needed, make, paths_needed};
pub use packages::{Action, PackageStep, Source};
pub use rest::{
    ConfigOutcome, ConfigStep, FileText, ModuleStep, RepositoryPlan, ServiceStep, SpaceNeed, TargetKey,
    TargetSeen,
};

use crate::check::{Check, Level};
use crate::facts::Identity;
use crate::savepoint::Snapshot;

/// The form of a plan.
pub const FORMAT: u32 = 1;
/// What an envelope with a plan says its payload is.
pub const PAYLOAD_TYPE: &str = "application/vnd.heirloom.migration-plan+json";

/// What would be done to one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program that made it.
    pub program: String,
    /// When, in seconds since 1970.
    pub made: u64,
    /// The machine that it is for, and no other.
    pub machine: Identity,
    /// [`DatabaseFacts::state`](crate::facts::DatabaseFacts::state) of the assessment: the plan is for exactly these packages.
    pub state: String,
    /// The distribution that the machine has: its `PRETTY_NAME`.
    pub from: String,
    /// The target.
    pub target: TargetSeen,
    /// What was found, the worst first. With a blocker the plan is not applied.
    pub checks: Vec<Check>,
    /// What becomes of each package, in the order of their names.
    pub packages: Vec<PackageStep>,
    /// What becomes of repositories.
    pub repositories: RepositoryPlan,
    /// Keys that are imported before the transaction.
    pub keys: Vec<TargetKey>,
    /// Packages of keys (`gpg-pubkey-…`) that are removed at the end, when nothing of theirs is left.
    pub keys_removed: Vec<String>,
    /// Kernels of the old vendor that boot the machine on the way back, and are removed at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub kernels_removed: Vec<Nevra>,
    /// A snapshot that is made beside the savepoint; none if the machine's root can have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// What becomes of modules.
    pub modules: Vec<ModuleStep>,
    /// What becomes of configuration files that were changed here.
    pub configuration: Vec<ConfigStep>,
    /// How the machine boots afterwards.
    pub boot: BootPlan,
    /// Services that are started anew.
    pub services: Vec<ServiceStep>,
    /// What is needed on each file system.
    pub space: Vec<SpaceNeed>,
    /// Bytes to download.
    pub download: u64,
    /// How long the downtime of the transaction is expected to be, in seconds; without the download.
    pub expected_seconds: u64,
}

impl Plan {
    /// What keeps it from being applied.
    pub fn blockers(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.level == Level::Blocker)
    }
}
