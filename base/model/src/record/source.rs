//! What comes in: sources and foreign repositories.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Dependency, Digest, Nevra};

/// One file of a source package, kept in the store under its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Plain file name, as the spec file's `Source` or `Patch` ends in.
    pub name: String,
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Where the bytes came from: a path, a URL, or a path inside a commit.
    pub origin: String,
}

/// A source package, imported and verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The source package's name.
    pub name: String,
    /// Name of the spec file among `files`.
    pub spec: String,
    /// The spec file and every source, sorted by name.
    pub files: Vec<SourceFile>,
    /// The directory, commit or source RPM it was taken from.
    pub origin: String,
    /// Whether it is the distribution's own package, which no reference has.
    pub own: bool,
    /// Upstream's identity of it, where that is known without running the spec file: a source RPM's header, an
    /// import tag. The architecture is `src`.
    #[serde(default)]
    pub nevra: Option<Nevra>,
    /// When upstream published it, in seconds since 1970: build time of a source RPM, time of a commit.
    #[serde(default)]
    pub published: Option<u64>,
}

impl Imported {
    /// The digest of the content: names and digests of all files. Origins, identity and times do not count.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut text = format!("source {}\n", self.spec);
        for file in &self.files {
            text.push_str(&format!("{} {}\n", file.digest, file.name));
        }
        Digest::of(text.as_bytes())
    }
}

/// What has become of a side build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SideState {
    /// Apart from the distribution.
    Open,
    /// Its sources are the distribution's.
    Merged,
    /// Given up.
    Dropped,
}

/// One source package of a side build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideSource {
    /// The source package.
    pub imported: Imported,
    /// Digest of the source package of the same name that the distribution had, if it had one. Once upstream has
    /// another one, that one counts.
    pub replaces: Option<Digest>,
}

/// A named group of source packages that are built together, apart from the distribution, and merged or dropped as
/// one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// Its source packages, sorted by name.
    pub sources: Vec<SideSource>,
    /// What has become of it.
    pub state: SideState,
}

impl Side {
    /// How a step of the side build is called in the ledger.
    #[must_use]
    pub fn step(&self, step: &str) -> String {
        format!("{}/{step}", self.name)
    }
}

/// What a foreign repository is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryRole {
    /// Fills the first buildroots.
    Bootstrap,
    /// Has what bootstrap does not have, for the first builds of a cycle.
    Earlier,
    /// The binaries that the rebuild must equal.
    Reference,
    /// What buildroots are made of instead of own results.
    Snapshot,
    /// What another machine has built for another architecture.
    Results,
}

impl RepositoryRole {
    /// The role's name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Earlier => "earlier",
            Self::Reference => "reference",
            Self::Snapshot => "snapshot",
            Self::Results => "results",
        }
    }
}

/// A foreign rpm-md repository at the moment its signature was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryState {
    /// What it is used for.
    pub role: RepositoryRole,
    /// Its name in the definition, such as `BaseOS`.
    pub name: String,
    /// The root below which package locations are found.
    pub location: String,
    /// SHA-256 of repomd.xml.
    pub repomd: Digest,
    /// Fingerprint of the key that signed it.
    pub signed_by: String,
    /// The object that holds its packages: a JSON array of [`crate::Package`].
    pub packages: Digest,
    /// The objects that hold what it has beside its packages (`group`, `modules`, `updateinfo`, `productid`), by kind,
    /// decompressed.
    pub extras: BTreeMap<String, Digest>,
}

/// A binary package that a spec file declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluatedBinary {
    /// Identity.
    pub nevra: Nevra,
    /// What the spec file itself declares; generated dependencies are known only after the build.
    pub provides: Vec<Dependency>,
}

/// What the target's own rpm makes of a spec file, in the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluated {
    /// Digest of the source, the buildroot it was evaluated in, the macros and the options.
    pub key: Digest,
    /// Digest of the source ([`Imported::digest`]).
    pub source: Digest,
    /// Identity of the source package.
    pub nevra: Nevra,
    /// Static build requirements.
    pub build_requires: Vec<Dependency>,
    /// The build requirements under `--with bootstrap`, if the spec file declares that conditional.
    pub bootstrap_requires: Option<Vec<Dependency>>,
    /// Binary packages for this architecture.
    pub binaries: Vec<EvaluatedBinary>,
    /// Why it does not build on this architecture (`ExclusiveArch`, `ExcludeArch`), if so.
    pub excluded: Option<String>,
}

/// What `%generate_buildrequires` asked for when the source was built last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Digest of the source.
    pub source: Digest,
    /// Build conditionals that were switched on.
    pub with: Vec<String>,
    /// All requirements, static ones included.
    pub requires: Vec<Dependency>,
}

impl Settled {
    /// The key that a record of this source and these conditionals has.
    #[must_use]
    pub fn key_of(source: Digest, with: &[String]) -> String {
        format!("{source}/{}", with.join(","))
    }
}
