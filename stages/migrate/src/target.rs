//! The target file: what a distribution says of itself, so that machines can be carried to it. TOML, with a detached OpenPGP signature
//! beside it (`NAME.toml.asc`) by a key that the administrator names.
//!
//! ```toml
//! format = 1
//! id = "kestrel"
//! name = "Kestrel Linux"
//! version = "9.4"
//! architectures = ["x86_64"]
//! platform = "platform:el9"
//! certificates = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n..."   # who signs packages and metadata
//!
//! [roles]                  # its packages for what every vendor has under a name of its own
//! release = "kestrel-release"
//! logos = "kestrel-logos"
//!
//! [[repositories]]
//! id = "kestrel-baseos"
//! name = "Kestrel Linux 9 - BaseOS"
//! baseurls = ["https://mirror.example/kestrel/9/BaseOS/$basearch/os"]
//!
//! [[modules]]              # a stream under another name
//! name = "php"
//! from = "8.1"
//! to = "8.2"
//!
//! [boot]
//! directory = "kestrel"    # below EFI/
//! label = "Kestrel Linux"
//! ```

mod error;
mod read;
mod verify;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use error::TargetError;
pub use verify::{Verified, verified};

/// The form of the file.
pub const FORMAT: u32 = 1;

/// A distribution to which machines can be carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// [`FORMAT`].
    pub format: u32,
    /// `ID` of its os-release.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// `VERSION_ID` of its os-release. Machines of the same major version can be carried over.
    pub version: String,
    /// Architectures that it has.
    pub architectures: Vec<String>,
    /// `PLATFORM_ID` of its os-release.
    pub platform: String,
    /// Armoured certificates of the keys that sign its packages and metadata.
    pub certificates: String,
    /// Its package for each role of the table of vendors, `release` at least.
    pub roles: BTreeMap<String, String>,
    /// Its repositories.
    pub repositories: Vec<TargetRepository>,
    /// Packages that are replaced by others, beyond roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub swaps: Vec<Swap>,
    /// Packages of other vendors that may stay, or have to go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Declared>,
    /// Streams of modules that it has under another name, or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<StreamMapping>,
    /// How it boots; none if it brings no boot loader of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<TargetBoot>,
}

/// A repository of the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetRepository {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Places with the same content, tried in order; `$basearch` and `$releasever` stand for architecture and major version.
    pub baseurls: Vec<String>,
    /// Whether machines use it without being asked to.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A package that takes another's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// The installed package's name; `*` stands for any characters.
    pub from: String,
    /// The target's package.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// What becomes of packages that the target does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// The package's name; `*` stands for any characters.
    pub name: String,
    /// What becomes of it.
    pub fate: Fate,
    /// Why.
    pub reason: String,
}

/// What becomes of a package that the target does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It stays, whoever signed it.
    Keep,
    /// It goes.
    Remove,
}

/// A stream of a module under another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamMapping {
    /// The module.
    pub name: String,
    /// The stream that machines have.
    pub from: String,
    /// The target's stream; none if the module is disabled there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// How the target boots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetBoot {
    /// Its directory below `EFI/` on the EFI system partition.
    pub directory: String,
    /// The label of its entry in UEFI's boot menu.
    pub label: String,
    /// The program that UEFI starts, by architecture, in that directory: `x86_64 = "shimx64.efi"`.
    pub loaders: BTreeMap<String, String>,
    /// SHA-256 (64 lower-case hexadecimal digits) of the certificates, in DER, that its kernels and boot loaders are signed with under Secure Boot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<String>,
}

fn yes() -> bool {
    true
}

impl Target {
    /// The major version: 9 of `9.4`.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
    }

    /// Its package for a role.
    #[must_use]
    pub fn role(&self, role: &str) -> Option<&str> {
        self.roles.get(role).map(String::as_str)
    }
}
