//! Keys about what is composed: repositories, architectures, groups and modules.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;

use super::keys::ForeignRepository;
use crate::repodata::Compression;

/// How repositories are composed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComposeSettings {
    /// How metadata is compressed: `zstd` (clients of Enterprise Linux 8.4 and later) or `gzip` (every client).
    #[serde(default)]
    pub compression: Compression,
    /// Packages of other architectures than the one that is built here, by architecture: a signed repository of what
    /// another machine has built. They are compared with the references of that architecture, whose locations must
    /// have `$basearch` in them. With `i686`, its packages can be placed beside those of x86_64.
    #[serde(default)]
    pub results: BTreeMap<String, ForeignRepository>,
    /// Packages of a second architecture in the repositories of a first one.
    #[serde(default)]
    pub multilib: Option<Multilib>,
    /// Packages that are left out everywhere, as `NAME` or `NAME.ARCH` in which `*` stands for anything.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Streams that are enabled unless someone says otherwise, by module, in place of the reference's.
    #[serde(default)]
    pub default_streams: BTreeMap<String, String>,
    /// A file of waivers: refusals of the gate that are accepted, each with a reason and an end.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub waivers: Option<Spanned<PathBuf>>,
}

/// Packages of a second architecture in the repositories of a first one: i686 in those of x86_64. What the reference
/// has there is placed as it has it; these rules add to that. What they need comes along.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Multilib {
    /// Takes what is needed to build for the second architecture: packages that are named, or provide, `*-devel` or
    /// `*-static`.
    #[serde(default)]
    pub devel: bool,
    /// Takes packages with shared libraries in the loader's directories (`/usr/lib/libz.so.1`), or with such
    /// directories of their own (`/etc/ld.so.conf.d`).
    #[serde(default)]
    pub runtime: bool,
    /// Takes packages of these names, in which `*` stands for anything.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Takes no packages of these names, whatever else says so.
    #[serde(default)]
    pub exclude: Vec<String>,
}

/// One repository to compose.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepositoryRule {
    /// Takes what the reference repository of this name has. Absent: none.
    #[serde(default)]
    pub like: Option<String>,
    /// Own packages that go here, as names in which `*` stands for anything.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Takes the packages of the bootstrap repository that others need at run time, re-signed. Without such
    /// a repository a compose that needs them is refused.
    #[serde(default)]
    pub inherit: bool,
    /// Repositories that its packages may need packages of. Absent: all.
    #[serde(default)]
    pub needs: Option<Vec<String>>,
    /// Packages that are left out, as `NAME` or `NAME.ARCH` in which `*` stands for anything.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Architectures that it is composed for. Absent: all.
    #[serde(default)]
    pub architectures: Option<Vec<String>>,
    /// Whether it has a twin with debugging data.
    #[serde(default = "yes")]
    pub debug: bool,
    /// Whether it has a twin with source packages.
    #[serde(default = "yes")]
    pub source: bool,
    /// Whether clients use it unless they say otherwise.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// A comps.xml with its groups and environments, in place of the reference's.
    #[serde(default)]
    pub comps: Option<PathBuf>,
    /// A file of modulemd documents, in place of the reference's.
    #[serde(default)]
    pub modules: Option<PathBuf>,
    /// A product certificate (`productid`), in place of the reference's.
    #[serde(default)]
    pub productid: Option<PathBuf>,
}

impl Default for RepositoryRule {
    fn default() -> Self {
        Self {
            like: None,
            packages: Vec::new(),
            inherit: false,
            needs: None,
            exclude: Vec::new(),
            architectures: None,
            debug: true,
            source: true,
            enabled: true,
            comps: None,
            modules: None,
            productid: None,
        }
    }
}

fn yes() -> bool {
    true
}
