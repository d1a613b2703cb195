//! What each role says.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Digest;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::key::Written;
use super::{KeyId, PublicKey, Role};

/// Keys that a root may name.
const MOST_KEYS: usize = 256;
/// Files that targets may name.
const MOST_TARGETS: usize = 1_000_000;

/// What one role says, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata<B> {
    /// From 1 on; rises with everything new.
    pub version: u64,
    /// Until when it may be believed, in whole seconds.
    pub expires: jiff::Timestamp,
    /// When it was made, in whole seconds; others than Heirloom do not say.
    pub made: Option<jiff::Timestamp>,
    /// Of which channel it is; others than Heirloom, and roots, do not say.
    pub channel: Option<String>,
    /// What it says.
    pub body: B,
}

/// What a role says beside its version and its time.
pub trait Body: Serialize + DeserializeOwned {
    /// The role.
    const ROLE: Role;
    /// Bytes that its file may have, unless other metadata says how many it has.
    const LARGEST: u64;
    /// What it can't say, in words.
    ///
    /// # Errors
    /// What was expected and what was found.
    fn check(&self) -> Result<(), String>;
}

/// The keys of all roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Keys by their ids.
    pub keys: BTreeMap<KeyId, PublicKey>,
    /// Which of them speak for which role.
    pub roles: BTreeMap<Role, RoleKeys>,
}

/// The keys of one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleKeys {
    /// Ids of its keys.
    pub keys: BTreeSet<KeyId>,
    /// How many of them must sign.
    pub threshold: u32,
}

/// The newest snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timestamp {
    meta: SnapshotMeta,
}

/// The targets that belong to a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    meta: TargetsMeta,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SnapshotMeta {
    #[serde(rename = "snapshot.json")]
    snapshot: Meta,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TargetsMeta {
    #[serde(rename = "targets.json")]
    targets: Meta,
}

/// A metadata file, as another one names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Its version.
    pub version: u64,
    /// Its bytes.
    pub length: u64,
    /// Its digest.
    pub hashes: Sha256,
}

/// The digests of a file: only SHA-256 counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sha256 {
    /// The digest.
    pub sha256: Digest,
}

/// All files that there are, by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// Paths below the channel's directory.
    pub targets: BTreeMap<String, Target>,
}

/// One file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its bytes.
    pub length: u64,
    /// Its digest.
    pub hashes: Sha256,
    /// What only Heirloom says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
}

/// What only Heirloom says of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custom {
    /// Whether it is of an earlier state, there for clients that have read that state's metadata.
    #[serde(rename = "x-heirloom-superseded", default)]
    pub superseded: bool,
}

impl Target {
    /// A file with this length and digest.
    #[must_use]
    pub fn new(length: u64, digest: Digest, superseded: bool) -> Self {
        let custom = superseded.then_some(Custom { superseded });
        Self { length, hashes: Sha256 { sha256: digest }, custom }
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.hashes.sha256
    }

    /// Whether it is of an earlier state.
    #[must_use]
    pub fn is_superseded(&self) -> bool {
        self.custom.is_some_and(|custom| custom.superseded)
    }
}

impl Meta {
    /// The file with this content.
    #[must_use]
    pub fn of(version: u64, bytes: &[u8]) -> Self {
        Self { version, length: bytes.len() as u64, hashes: Sha256 { sha256: Digest::of(bytes) } }
    }
}

impl Timestamp {
    /// Names a snapshot.
    #[must_use]
    pub fn new(snapshot: Meta) -> Self {
        Self { meta: SnapshotMeta { snapshot } }
    }

    /// The newest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Meta {
        self.meta.snapshot
    }
}

impl Snapshot {
    /// Names targets.
    #[must_use]
    pub fn new(targets: Meta) -> Self {
        Self { meta: TargetsMeta { targets } }
    }

    /// Its targets.
    #[must_use]
    pub fn targets(&self) -> Meta {
        self.meta.targets
    }
}

impl Body for Root {
    const ROLE: Role = Role::Root;
    const LARGEST: u64 = 512_000;

    fn check(&self) -> Result<(), String> {
        for role in Role::ALL {
            let Some(RoleKeys { keys, threshold }) = self.roles.get(&role) else {
                return Err(format!("roles: `{role}` is missing"));
            };
            if *threshold < 1 || *threshold as usize > keys.len() {
                let count = keys.len();
                return Err(format!(
                    "roles.{role}.threshold: expected a number from 1 to that of its keys, {count}, found {threshold}"
                ));
            }
            if let Some(id) = keys.iter().find(|id| !self.keys.contains_key(*id)) {
                return Err(format!("roles.{role}: the key {id} is not among `keys`"));
            }
        }
        Ok(())
    }
}

impl Body for Timestamp {
    const ROLE: Role = Role::Timestamp;
    const LARGEST: u64 = 16_384;

    fn check(&self) -> Result<(), String> {
        self.meta.snapshot.check()
    }
}

impl Body for Snapshot {
    const ROLE: Role = Role::Snapshot;
    const LARGEST: u64 = 2_000_000;

    fn check(&self) -> Result<(), String> {
        self.meta.targets.check()
    }
}

impl Meta {
    fn check(&self) -> Result<(), String> {
        if self.version == 0 { Err("meta: a version is 0; they begin with 1".to_owned()) } else { Ok(()) }
    }
}

impl Body for Targets {
    const ROLE: Role = Role::Targets;
    /// A thousand bytes for each of a hundred thousand files.
    const LARGEST: u64 = 100_000_000;

    fn check(&self) -> Result<(), String> {
        if self.targets.len() > MOST_TARGETS {
            return Err(format!("targets: {} files, more than {MOST_TARGETS}", self.targets.len()));
        }
        let wrong = self.targets.keys().find_map(|path| Some((path, fault(path)?)));
        wrong.map_or(Ok(()), |(path, why)| Err(format!("targets: `{}` {why}", path.escape_debug())))
    }
}

/// What is wrong with a target's path.
pub(super) fn fault(path: &str) -> Option<&'static str> {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && part.len() < 256;
    match path {
        _ if path.len() >= 4096 => Some("is longer than any path may be"),
        // Programs differ in how they normalise other characters before they sign.
        _ if !path.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => {
            Some("has characters that are not printable ASCII")
        }
        _ if !path.split('/').all(plain) => Some("is no plain path below a directory"),
        _ => None,
    }
}

/// A root as it is written.
#[derive(Serialize, Deserialize)]
struct WrittenRoot {
    consistent_snapshot: bool,
    keys: BTreeMap<KeyId, Written>,
    roles: BTreeMap<String, WrittenRole>,
}

#[derive(Serialize, Deserialize)]
struct WrittenRole {
    keyids: Vec<KeyId>,
    threshold: u32,
}

impl Serialize for Root {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let role = |(role, keys): (&Role, &RoleKeys)| {
            let written =
                WrittenRole { keyids: keys.keys.iter().copied().collect(), threshold: keys.threshold };
            (role.name().to_owned(), written)
        };
        WrittenRoot {
            consistent_snapshot: true,
            keys: self.keys.iter().map(|(id, key)| (*id, key.written())).collect(),
            roles: self.roles.iter().map(role).collect(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Root {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = WrittenRoot::deserialize(deserializer)?;
        if !written.consistent_snapshot {
            return Err(D::Error::custom("`consistent_snapshot` is false, only true is accepted"));
        }
        if written.keys.len() > MOST_KEYS {
            return Err(D::Error::custom(format!("{} keys, more than {MOST_KEYS}", written.keys.len())));
        }
        let mut keys = BTreeMap::new();
        for (id, key) in &written.keys {
            let key = key.read().map_err(|why| D::Error::custom(format!("key {id}: {why}")))?;
            if keys.values().any(|other| *other == key) {
                return Err(D::Error::custom(format!("key {id}: another id has the same key")));
            }
            keys.insert(*id, key);
        }
        let mut roles = BTreeMap::new();
        for role in Role::ALL {
            let Some(found) = written.roles.get(role.name()) else { continue };
            let ids: BTreeSet<_> = found.keyids.iter().copied().collect();
            if ids.len() != found.keyids.len() {
                return Err(D::Error::custom(format!("roles.{role}: a key is named twice")));
            }
            roles.insert(role, RoleKeys { keys: ids, threshold: found.threshold });
        }
        Ok(Self { keys, roles })
    }
}
