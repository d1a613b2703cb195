//! What is known of upstream beside its sources: when each came, how new it was, its modules.

use serde::{Deserialize, Serialize};

use crate::{Digest, Nevra};

/// Where one source package of upstream stands. A newer revision makes a new record; the ledger keeps the old ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The source package's name; a module's component has `name@module:stream`.
    pub package: String,
    /// Upstream's identity of it, as far as it is known without running its spec file.
    pub nevra: Option<Nevra>,
    /// What tells this revision from others: a commit, or the digest of a source RPM or of a tree.
    pub revision: String,
    /// When upstream published it, in seconds since 1970.
    pub published: Option<u64>,
    /// When this revision was seen first.
    pub seen: u64,
    /// When it was imported; absent: it is not.
    pub imported: Option<u64>,
    /// Why it is not imported, if that was tried.
    pub failed: Option<String>,
}

/// How new an upstream was when it was last looked at. What is older later is an upstream, or a mirror, that went
/// back: old packages with known holes, with good signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The repository's root, or the repository's URL and branch.
    pub location: String,
    /// SHA-256 of repomd.xml, or the commit.
    pub revision: String,
    /// The newest time that it states, in seconds since 1970.
    pub newest: u64,
}

/// One component of a module: a source package at a commit or branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Name of the source package.
    pub name: String,
    /// Branch or commit in its dist-git.
    pub reference: Option<String>,
    /// Why it is in the module.
    pub rationale: String,
    /// Components of a lower number are built before.
    pub build_order: i64,
    /// Architectures that it is built for; empty: all.
    pub arches: Vec<String>,
}

/// A module of upstream, from a modulemd document of version 2 or 3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its stream.
    pub stream: String,
    /// Its version; absent before it is built.
    pub version: Option<u64>,
    /// Its context.
    pub context: Option<String>,
    /// Its architecture.
    pub arch: Option<String>,
    /// The object that holds the document.
    pub document: Digest,
    /// What it is made from, sorted by build order and name.
    pub components: Vec<Component>,
    /// Packages that it is made of, as `NAME-EPOCH:VERSION-RELEASE.ARCH`.
    pub artifacts: Vec<String>,
}

impl Module {
    /// `name:stream:version:context:arch`, ending where nothing more is known.
    #[must_use]
    pub fn identity(&self) -> String {
        let version = self.version.map(|version| version.to_string());
        let rest = [version, self.context.clone(), self.arch.clone()];
        let mut parts = vec![self.name.clone(), self.stream.clone()];
        parts.extend(rest.into_iter().map(Option::unwrap_or_default));
        parts.join(":").trim_end_matches(':').to_owned()
    }
}
