//! A package as its metadata describes it: what solving, planning and composing need to know.

use serde::{Deserialize, Serialize};

use crate::{Dependency, Digest, Nevra};

/// One path that a package owns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageFile {
    /// Absolute path inside the installed system.
    pub path: String,
    /// Whether it is a directory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_dir: bool,
    /// Whether it is owned but not delivered (`%ghost`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ghost: bool,
}

/// A binary or source package's metadata, the same whether it came from repodata or from the RPM's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Identity; `arch` is `src` for a source package.
    pub nevra: Nevra,
    /// SHA-256 of the whole RPM file: its name in the store.
    pub digest: Digest,
    /// Size of the RPM file in bytes.
    pub size: u64,
    /// When it was built, in seconds since 1970 (RPMTAG_BUILDTIME).
    #[serde(default)]
    pub build_time: u64,
    /// Path below the repository's root, or empty when it did not come from one.
    #[serde(default)]
    pub location: String,
    /// File name of the source RPM that it was built from; empty for a source package.
    #[serde(default)]
    pub source_rpm: String,
    /// RPMTAG_PROVIDENAME and its companions.
    pub provides: Vec<Dependency>,
    /// RPMTAG_REQUIRENAME, `rpmlib(...)` features left out. Build requirements for a source package.
    pub requires: Vec<Dependency>,
    /// RPMTAG_CONFLICTNAME.
    pub conflicts: Vec<Dependency>,
    /// RPMTAG_OBSOLETENAME.
    pub obsoletes: Vec<Dependency>,
    /// RPMTAG_RECOMMENDNAME.
    pub recommends: Vec<Dependency>,
    /// RPMTAG_SUGGESTNAME.
    pub suggests: Vec<Dependency>,
    /// RPMTAG_SUPPLEMENTNAME.
    pub supplements: Vec<Dependency>,
    /// RPMTAG_ENHANCENAME.
    pub enhances: Vec<Dependency>,
    /// All paths that it owns.
    pub files: Vec<PackageFile>,
}

impl Package {
    /// The name of the source package, taken from `source_rpm` (`zlib-1.2.13-1.el9.src.rpm` gives `zlib`).
    #[must_use]
    pub fn source_name(&self) -> Option<&str> {
        let stem = self.source_rpm.strip_suffix(".rpm")?;
        Some(stem.rsplit_once('-')?.0.rsplit_once('-')?.0)
    }

    /// Whether it carries debugging data only, see [`Nevra::is_debug`].
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.nevra.is_debug()
    }
}
