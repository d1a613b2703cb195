//! The Update Framework (TUF), specification 1.0: metadata that says which files a channel has, for how long that may be
//! believed, and by whose keys.
//!
//! ```text
//! <N>.root.json       the keys of all roles; each root is signed by the one before and by itself
//! timestamp.json      which snapshot is the newest; expires soon
//! <v>.snapshot.json   which targets belong to it
//! <v>.targets.json    every file with its length and SHA-256
//! ```
//! A file is `{"signatures": [..], "signed": {..}}`. What is signed is the canonical JSON (OLPC's) of `signed` as it was
//! received, so that fields that are not known here are covered, too. Keys are Ed25519. Beside the specification's fields,
//! `signed` has `x-heirloom-made`, when it was made, so that a clock that is behind can be told; and `x-heirloom-channel`,
//! so that one channel's files do not pass for another's.
//!
//! [`verify()`] is the client's workflow, section 5 of the specification. [`Unsigned`] is what there is to sign.

mod error;
mod key;
mod metadata;
mod signed;
mod verify;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use error::TufError;
pub use key::{KeyId, PublicKey};
pub use metadata::{Body, Meta, Metadata, RoleKeys, Root, Snapshot, Target, Targets, Timestamp};
pub use signed::{Received, Signature, Unsigned};
pub use verify::{Fetch, Trusted, Verified, verify};

/// Name of the directory that has a channel's metadata.
pub const DIR: &str = "tuf";

/// Who says what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Whose keys speak for which role.
    Root,
    /// Which files there are.
    Targets,
    /// Which targets belong together.
    Snapshot,
    /// Which snapshot is the newest.
    Timestamp,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Root, Self::Targets, Self::Snapshot, Self::Timestamp];

    /// Its name in metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Targets => "targets",
            Self::Snapshot => "snapshot",
            Self::Timestamp => "timestamp",
        }
    }

    /// The file that has this version: the timestamp's name is always the same.
    #[must_use]
    pub fn file(self, version: u64) -> String {
        match self {
            Self::Timestamp => "timestamp.json".to_owned(),
            Self::Root | Self::Targets | Self::Snapshot => format!("{version}.{}.json", self.name()),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
