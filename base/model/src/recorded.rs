//! Buildroots as other build systems have recorded them, whatever the form of the record.

mod deviation;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, Nevra};

pub use deviation::{Deviation, Origin};

/// In what form a buildroot was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedFormat {
    /// mock's `buildroot_lock.json`.
    MockLock,
    /// mock's `installed_pkgs.log`.
    MockInstalled,
    /// The `root.log` of mock, in Koji too.
    RootLog,
    /// What `koji list-buildroot` prints: one package a line.
    KojiListing,
    /// What Koji's `listRPMs` answers: a JSON list.
    KojiRpms,
    /// A content generator's `metadata.json`, Konflux's `cg_import.json` among them.
    ContentGenerator,
}

/// One package of a recorded buildroot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPackage {
    /// Identity. The epoch is 0 if the record states none.
    pub nevra: Nevra,
    /// Whether the record states epochs: if not, an epoch of 0 says nothing.
    pub epoch_stated: bool,
    /// The MD5 of header and payload that the RPM's signature header has: 32 lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigmd5: Option<String>,
    /// SHA-256 of the RPM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Last digits of the id of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The packages that a build had around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedBuildroot {
    /// The form of the record.
    pub format: RecordedFormat,
    /// The architecture that was built for, if the record says.
    pub arch: Option<String>,
    /// The packages in the order of the record, each once.
    pub packages: Vec<RecordedPackage>,
    /// Packages of the environment that installed them (mock's bootstrap chroot), in the order of the record.
    pub bootstrap: Vec<RecordedPackage>,
    /// Why the record can't be the whole buildroot, if it says so itself.
    pub incomplete: Option<String>,
}

impl RecordedFormat {
    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MockLock => "mock's buildroot_lock.json",
            Self::MockInstalled => "mock's installed_pkgs.log",
            Self::RootLog => "root.log",
            Self::KojiListing => "list of koji list-buildroot",
            Self::KojiRpms => "list of Koji's listRPMs",
            Self::ContentGenerator => "content generator's metadata.json",
        }
    }
}

impl fmt::Display for RecordedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl RecordedPackage {
    /// Of which nothing but the identity is known.
    #[must_use]
    pub fn new(nevra: Nevra, epoch_stated: bool) -> Self {
        Self { nevra, epoch_stated, sigmd5: None, digest: None, signature: None, url: None }
    }

    /// Whether a package is the recorded one, as far as the record tells: epochs count if it states them.
    #[must_use]
    pub fn is(&self, nevra: &Nevra) -> bool {
        let (mine, other) = (self.nevra.evr(), nevra.evr());
        self.nevra.name() == nevra.name()
            && self.nevra.arch() == nevra.arch()
            && (mine.version(), mine.release()) == (other.version(), other.release())
            && (!self.epoch_stated || mine.epoch() == other.epoch())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_counts_if_it_is_stated() {
        let same = |recorded: &str, stated, other: &str| {
            RecordedPackage::new(recorded.parse().unwrap(), stated).is(&other.parse().unwrap())
        };
        assert!(same("openssl-3.0.7-1.x86_64", false, "openssl-1:3.0.7-1.x86_64"));
        assert!(!same("openssl-3.0.7-1.x86_64", true, "openssl-1:3.0.7-1.x86_64"));
        assert!(same("openssl-1:3.0.7-1.x86_64", true, "openssl-1:3.0.7-1.x86_64"));
        assert!(!same("openssl-3.0.7-1.x86_64", false, "openssl-1:3.0.7-1.i686"));
        assert!(!same("openssl-3.0.7-1.x86_64", false, "openssl-1:3.0.7-2.x86_64"));
    }
}
