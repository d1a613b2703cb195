//! Keys about machines that are carried over to the distribution.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// What `heirloom migrate target` says to machines that are carried over to the distribution: [migrate.md](migrate.md).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MigrateSettings {
    /// The channel whose repositories machines get. Absent: the major version.
    pub channel: Option<String>,
    /// URLs under which mirrors serve what `publish.url` does; they are tried after it.
    pub mirrors: Vec<String>,
    /// The distribution's packages for what every vendor has under a name of its own: `logos = "kestrel-logos"`. `release`,
    /// `repos` and `gpg-keys` are known.
    pub roles: BTreeMap<String, String>,
    /// Packages that take others' places, beyond roles.
    pub swaps: Vec<MigrateSwap>,
    /// What becomes of packages that the distribution does not have.
    pub packages: Vec<MigrateFate>,
    /// Streams of modules under other names.
    pub modules: Vec<MigrateStream>,
    /// How it boots. Absent: it brings no boot loader of its own.
    pub boot: Option<MigrateBoot>,
}

/// A package that takes another's place.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MigrateSwap {
    /// The installed package's name; `*` stands for any characters.
    pub from: String,
    /// The distribution's package.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// What becomes of packages that the distribution does not have.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MigrateFate {
    /// The package's name; `*` stands for any characters.
    pub name: String,
    /// Whether it stays; else it goes.
    #[serde(default)]
    pub keep: bool,
    /// Why.
    pub reason: String,
}

/// A stream of a module under another name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MigrateStream {
    /// The module.
    pub name: String,
    /// The stream that machines have.
    pub from: String,
    /// The distribution's stream. Absent: the module is disabled.
    #[serde(default)]
    pub to: Option<String>,
}

/// How it boots.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MigrateBoot {
    /// Its directory below `EFI/` on the EFI system partition.
    pub directory: String,
    /// The label of its entry in UEFI's boot menu. Absent: the distribution's name.
    #[serde(default)]
    pub label: Option<String>,
    /// The program that UEFI starts, by architecture, in that directory: `x86_64 = "shimx64.efi"`.
    pub loaders: BTreeMap<String, String>,
    /// SHA-256 of the certificates, in DER, that its kernels and boot loaders are signed with under Secure Boot.
    #[serde(default)]
    pub certificates: Vec<String>,
}
