//! The distribution, its file systems, services and ties.

use heirloom_model::Nevra;
use serde::{Deserialize, Serialize};

/// The distribution that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemFacts {
    /// `ID` of os-release: `centos`.
    pub id: String,
    /// `ID_LIKE`.
    pub id_like: Vec<String>,
    /// `VERSION_ID`: `9.4`.
    pub version: String,
    /// `PRETTY_NAME`.
    pub name: String,
    /// `PLATFORM_ID`: `platform:el9`; empty if it has none.
    pub platform: String,
    /// Its major version; 0 if it is not known.
    pub major: u32,
    /// The vendor, by the table of vendors that are known: `centos-stream`, `rocky`, `heirloom`; empty if it is none of Enterprise Linux.
    pub vendor: String,
    /// The package that provides `system-release`.
    #[schemars(with = "Option<String>")]
    pub release: Option<Nevra>,
    /// `enforcing`, `permissive`, `disabled`, or empty if it is not known.
    pub selinux: String,
    /// Whether FIPS mode is on.
    pub fips: bool,
    /// Whether it is a container, or was booted from an image that can't be written (ostree, live system): what it is; empty if neither.
    pub kind: String,
}

/// A file system that is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Mount {
    /// Where.
    pub point: String,
    /// The device or source.
    pub source: String,
    /// The kind: `xfs`, `ext4`, `vfat`.
    pub kind: String,
    /// Whether nothing can be written to it.
    pub read_only: bool,
    /// Options such as `noexec`, `nodev`, `subvol=/root`.
    pub options: Vec<String>,
    /// Bytes of it.
    pub size: u64,
    /// Bytes that root can still use.
    pub free: u64,
    /// Files that can still be made; 0 if it has no fixed number.
    pub free_inodes: u64,
    /// The logical volume `group/volume` that it is on; empty if none.
    pub volume: String,
    /// Bytes that are free in its volume group; 0 if it is on none.
    pub volume_free: u64,
}

/// A service of systemd.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Service {
    /// `sshd.service`.
    pub name: String,
    /// Whether it runs now.
    pub running: bool,
    /// Whether it starts at boot.
    pub enabled: bool,
    /// Whether it failed.
    pub failed: bool,
    /// The name of the package that has its unit file; empty if none or not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
}

/// A port that is listened on.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Listener {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The address, as text; `*` for any.
    pub address: String,
    /// The port.
    pub port: u16,
}

/// What `alternatives` leads to.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Alternative {
    /// Its name: `java`.
    pub name: String,
    /// `auto` or `manual`.
    pub mode: String,
    /// The path that it leads to.
    pub target: String,
    /// Whether that path is there.
    pub exists: bool,
}

/// What ties the machine to its vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Subscription {
    /// Whether a consumer certificate of subscription-manager is there.
    pub registered: bool,
    /// Installed packages that belong to the vendor's subscription services.
    pub packages: Vec<String>,
    /// Files that are left of them: certificates, `redhat.repo`.
    pub files: Vec<String>,
}
