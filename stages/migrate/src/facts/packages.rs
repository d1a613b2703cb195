//! Packages, where they come from, and what was changed in them.

use std::collections::BTreeMap;

use heirloom_model::{Dependency, Nevra};
use serde::{Deserialize, Serialize};

/// The database of packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatabaseFacts {
    /// Its directory on the machine: `/var/lib/rpm`.
    pub path: String,
    /// `sqlite`, `Berkeley DB`, `ndb`; empty if there is none.
    pub kind: String,
    /// SHA-256 over the packages and their signed headers, in hexadecimal digits: what a plan was made for. The same packages give the same digest, whatever
    /// else was written to the database.
    pub state: String,
    /// What is wrong with it; empty if it is whole.
    pub faults: Vec<String>,
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InstalledFact {
    /// Identity.
    #[schemars(with = "String")]
    pub nevra: Nevra,
    /// RPMTAG_VENDOR; empty if it has none.
    pub vendor: String,
    /// Id of the key that signed it, 16 lower-case hexadecimal digits; empty if it is not signed.
    pub key: String,
    /// File name of its source package.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// RPMTAG_MODULARITYLABEL; empty if it belongs to no module.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// Why it is there, by dnf's history: `user`, `dependency`, `weak-dependency`, `group`, `unknown`.
    pub reason: String,
    /// Repository that it came from, by dnf's history; empty if that does not know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repository: String,
    /// When it was installed, in seconds since 1970.
    pub installed: u64,
    /// Bytes of its files by the mount point that they are on.
    pub bytes: BTreeMap<String, u64>,
    /// RPMTAG_PROVIDENAME.
    #[schemars(with = "Vec<String>")]
    pub provides: Vec<Dependency>,
    /// RPMTAG_REQUIRENAME without features of rpm itself.
    #[schemars(with = "Vec<String>")]
    pub requires: Vec<Dependency>,
    /// RPMTAG_CONFLICTNAME.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub conflicts: Vec<Dependency>,
    /// RPMTAG_OBSOLETENAME.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub obsoletes: Vec<Dependency>,
    /// Paths that others may require: those in `bin` directories and `/etc`, and all that an installed package does require.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Its files in `/boot` (kernels) or `/lib/modules`, `/usr/lib/modules`: whether it has any.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_kernel_files: bool,
}

/// A public key in the database of packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InstalledKey {
    /// Its package: `gpg-pubkey-8483c65d-5ccc5b19`.
    pub package: String,
    /// Its user id.
    pub owner: String,
}

/// A repository that is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RepositoryFact {
    /// Its id, the heading in the file.
    pub id: String,
    /// The file on the machine: `/etc/yum.repos.d/centos.repo`.
    pub file: String,
    /// The package that the file belongs to; empty if none.
    pub package: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is used.
    pub enabled: bool,
    /// `baseurl`, each place of it; variables such as `$releasever` as they are written.
    pub baseurls: Vec<String>,
    /// `mirrorlist` or `metalink`; empty if there is none.
    pub mirrorlist: String,
    /// Whether packages' signatures are checked.
    pub gpgcheck: bool,
    /// Packages that it does not offer (`exclude`, `excludepkgs`); those that it offers and no others as `includepkgs=NAME`.
    pub excludes: Vec<String>,
}

/// How dnf or yum is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PackageManager {
    /// `dnf`, `dnf5` or `yum`; empty if there is none.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether a stored transaction can be replayed (`dnf history replay`).
    pub can_replay: bool,
    /// `exclude` and `excludepkgs` of dnf.conf or yum.conf.
    pub excludes: Vec<String>,
    /// Entries of the versionlock plugin.
    pub locks: Vec<String>,
    /// Packages that must not be removed, by the files in `protected.d`.
    pub protected: Vec<String>,
    /// `installonly_limit`; 0 if it is not set.
    pub installonly_limit: u32,
    /// The proxy; empty if there is none. Without a password.
    pub proxy: String,
    /// A transaction that was begun and never ended, as yum's or dnf's files say; empty if none.
    pub unfinished: String,
}

/// What is known of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ModuleFact {
    /// Its name.
    pub name: String,
    /// The stream; empty if it is only disabled.
    pub stream: String,
    /// `enabled`, `disabled` or `` (installed packages have it, dnf's state does not).
    pub state: String,
    /// Installed profiles.
    pub profiles: Vec<String>,
    /// Installed packages of it.
    pub packages: u64,
}

/// A file of a package that is not as it was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChangedFile {
    /// The path.
    pub path: String,
    /// The package, as NEVRA.
    #[schemars(with = "String")]
    pub package: Nevra,
    /// Whether it is a configuration file (`%config`).
    pub is_config: bool,
    /// Whether the vendor's new version goes beside it (`%config(noreplace)`).
    pub is_noreplace: bool,
    /// In what way it differs.
    pub change: Changed,
    /// Digest of the content as it was installed, in hexadecimal digits of the algorithm below; empty if it is no regular file.
    pub vendor: String,
    /// Digest of the content as it is; empty if it was not read or is missing.
    pub local: String,
    /// The digests' algorithm: 1 is MD5, 8 is SHA-256, as in OpenPGP.
    pub algorithm: u32,
}

/// In what way a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Changed {
    /// It is not there.
    Missing,
    /// Its content is another one.
    Content,
    /// It is of another kind: a link for a file, a file for a directory.
    Kind,
    /// Mode, owner or group.
    Access,
}
