//! What is known of a machine: one JSON file, which `assess` writes and all else reads.
//!
//! It can be carried elsewhere, so that a plan is made where the target's repositories can be reached. The first fields are those
//! that a list of many machines needs, so that it need not read the rest of each file ([`Head`]).

mod boot;
mod packages;
mod system;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use boot::{
    BlockDevice, BootFacts, BootMenu, EfiEntry, EfiFacts, Firmware, InstalledKernel, LoaderDirectory,
    MdArray, SystemPartition,
};
pub use packages::{
    Changed, ChangedFile, DatabaseFacts, InstalledFact, InstalledKey, ModuleFact, PackageManager,
    RepositoryFact,
};
pub use system::{Alternative, Listener, Mount, Service, Subscription, SystemFacts};

use crate::check::Check;

/// The form of the file; another form gets another number.
pub const FORMAT: u32 = 1;

/// What is known of a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Assessment {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program that looked.
    pub program: String,
    /// When, in seconds since 1970.
    pub taken: u64,
    /// Which machine.
    pub machine: Identity,
    /// The distribution that is installed.
    pub system: SystemFacts,
    /// Number of installed packages.
    pub package_count: u64,
    /// What was found, the worst first. Independent of a target.
    pub checks: Vec<Check>,
    /// What could not be looked at, and why: a sentence each.
    pub unseen: Vec<String>,
    /// The database of packages itself.
    pub database: DatabaseFacts,
    /// Installed packages, sorted by name, version, architecture.
    pub packages: Vec<InstalledFact>,
    /// Keys in the database of packages.
    pub keys: Vec<InstalledKey>,
    /// Repositories that are set up.
    pub repositories: Vec<RepositoryFact>,
    /// How dnf or yum is set up.
    pub package_manager: PackageManager,
    /// Streams of modules that are enabled, disabled or installed.
    pub modules: Vec<ModuleFact>,
    /// Files of packages that are not as they were installed.
    pub changed: Vec<ChangedFile>,
    /// How it boots.
    pub boot: BootFacts,
    /// File systems that are mounted.
    pub mounts: Vec<Mount>,
    /// Services that run or start at boot.
    pub services: Vec<Service>,
    /// Ports that are listened on.
    pub listeners: Vec<Listener>,
    /// What `alternatives` leads to.
    pub alternatives: Vec<Alternative>,
    /// What ties the machine to its vendor.
    pub subscription: Subscription,
    /// Kernel modules that are loaded and belong to no package of the vendor: name, and the package that has it (empty if none).
    pub foreign_modules: BTreeMap<String, String>,
}

impl Assessment {
    /// The name of the package that has a path; none if none has, or it is not among those that are known.
    #[must_use]
    pub fn owner(&self, path: &str) -> Option<&str> {
        let owner = self.packages.iter().find(|package| package.files.iter().any(|file| file == path));
        owner.map(|package| package.nevra.name())
    }
}

/// Which machine it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Identity {
    /// SHA-256 of `/etc/machine-id` without the line's end, in hexadecimal digits; empty if there is none.
    pub id: String,
    /// Its host name.
    pub host: String,
    /// Its architecture, as rpm calls it: `x86_64`.
    pub architecture: String,
}

/// The beginning of an assessment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Head {
    /// [`FORMAT`].
    pub format: u32,
    /// When, in seconds since 1970.
    pub taken: u64,
    /// Which machine.
    pub machine: Identity,
    /// The distribution that is installed.
    pub system: SystemFacts,
    /// Number of installed packages.
    pub package_count: u64,
    /// What was found.
    pub checks: Vec<Check>,
}
