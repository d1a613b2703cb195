//! Each view's own `tuf/`: metadata by which clients and mirrors check what they are served.
//!
//! Versions follow from the view's generation, so that they rise with every switch, also back to an earlier snapshot, and
//! without knowledge of what was there before: targets have the generation itself, snapshot and timestamp a million
//! times it, and one more with each renewal.

mod renew;

use std::error::Error;
use std::io::{self, Read as _};
use std::path::Path;

use heirloom_formats::tuf::{
    Body, DIR, Meta, Metadata, Role, Signature, Snapshot as SnapshotRole, Target, Targets,
    Timestamp as TimestampRole, Trusted, TufError, Unsigned, Verified, verify,
};
use heirloom_model::Digest;
use heirloom_model::record::{Channel, Snapshot};
use jiff::Timestamp;

use crate::name::MIRRORLIST;
use crate::{ReleaseError, Site, file};

pub use renew::{Refreshed, Renewal, renew};

/// Versions of snapshot and timestamp that a generation can have.
const RENEWALS: u64 = 1_000_000;

/// Why somebody did not sign.
pub type Unwilling = Box<dyn Error + Send + Sync>;

/// Signs the canonical bytes of a role, with all keys of it that are at hand.
pub type Sign<'a> = Box<dyn Fn(Role, &[u8]) -> Result<Vec<Signature>, Unwilling> + Send + Sync + 'a>;

/// What channels' metadata is made with.
pub struct Tuf<'a> {
    /// The roots, as they are served, from version 1 on without a gap.
    pub roots: Vec<Vec<u8>>,
    /// For how many seconds each role may be believed.
    pub lives: Lives,
    /// Who signs.
    pub sign: Sign<'a>,
}

/// For how many seconds metadata may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lives {
    /// The timestamp.
    pub timestamp: u64,
    /// The snapshot.
    pub snapshot: u64,
    /// The targets.
    pub targets: u64,
}

impl Tuf<'_> {
    fn seconds(&self, role: Role) -> u64 {
        match role {
            Role::Timestamp => self.lives.timestamp,
            Role::Snapshot => self.lives.snapshot,
            Role::Targets | Role::Root => self.lives.targets,
        }
    }

    /// What a role says from now on, in seconds since 1970.
    fn says<B: Body>(&self, channel: &str, version: u64, now: u64, body: B) -> Metadata<B> {
        let expires = at(now.saturating_add(self.seconds(B::ROLE)));
        Metadata { version, expires, made: Some(at(now)), channel: Some(channel.to_owned()), body }
    }

    /// The file of it, signed.
    fn signed<B: Body>(&self, metadata: &Metadata<B>) -> Result<Vec<u8>, ReleaseError> {
        let unsigned = Unsigned::of(metadata)?;
        let role = unsigned.role;
        let signatures = (self.sign)(role, &unsigned.bytes);
        Ok(unsigned.attach(&signatures.map_err(|source| ReleaseError::Unsigned { role, source })?))
    }
}

impl<'a> Site<'a> {
    /// The same site, whose channels have this metadata.
    #[must_use]
    pub fn with_tuf(mut self, tuf: Tuf<'a>) -> Self {
        self.tuf = Some(tuf);
        self
    }

    /// What is to be signed of the list of files, if a channel were switched to a snapshot at this time, in seconds since
    /// 1970. A switch at the same time, with nothing between, has these bytes signed.
    ///
    /// # Errors
    /// The site has no such metadata, a name that can't be a channel's, a path that can't be a target.
    pub fn unsigned_targets(
        &self,
        channel: &str,
        snapshot: &Snapshot,
        now: u64,
    ) -> Result<Unsigned, ReleaseError> {
        crate::name::check_channel(channel)?;
        let tuf = self.tuf.as_ref().ok_or(ReleaseError::NoTuf)?;
        let channel = self.following(channel, snapshot, now)?;
        Ok(Unsigned::of(&self.targets(tuf, &channel, snapshot)?)?)
    }

    /// The list of a view's files: the snapshot's, those of earlier states beside them, and the lists of URLs.
    fn targets(
        &self,
        tuf: &Tuf<'_>,
        channel: &Channel,
        snapshot: &Snapshot,
    ) -> Result<Metadata<Targets>, ReleaseError> {
        let mut targets = Targets::default();
        for file in self.tree(snapshot)?.files {
            targets.add(&file.path, Target::new(file.size, file.digest, false))?;
        }
        for (name, text) in self.mirrorlists(snapshot, Some(&channel.name)) {
            let target = Target::new(text.len() as u64, Digest::of(text.as_bytes()), false);
            targets.add(&format!("{MIRRORLIST}/{name}"), target)?;
        }
        for file in self.earlier(channel, snapshot)? {
            targets.add(&file.path, Target::new(file.size, file.digest, true))?;
        }
        Ok(tuf.says(&channel.name, channel.generation, channel.since, targets))
    }

    /// Writes the metadata of a view whose files are in this directory. Nobody sees it yet. What clients would not accept
    /// is an error.
    pub(crate) fn write_tuf(
        &self,
        view: &Path,
        channel: &Channel,
        snapshot: &Snapshot,
    ) -> Result<(), ReleaseError> {
        let Some(tuf) = &self.tuf else { return Ok(()) };
        let dir = view.join(DIR);
        file::make_dir(&dir)?;
        for (version, root) in (1..).zip(&tuf.roots) {
            put(&dir, &Role::Root.file(version), root)?;
        }
        put(&dir, "root.json", tuf.roots.last().map_or(&[][..], Vec::as_slice))?;
        let (name, now) = (&channel.name, channel.since);
        let generation = channel.generation;
        let targets = tuf.signed(&self.targets(tuf, channel, snapshot)?)?;
        put(&dir, &Role::Targets.file(generation), &targets)?;
        let version = generation.saturating_mul(RENEWALS);
        let body = SnapshotRole::new(Meta::of(generation, &targets));
        let snapshot = tuf.signed(&tuf.says(name, version, now, body))?;
        put(&dir, &Role::Snapshot.file(version), &snapshot)?;
        let body = TimestampRole::new(Meta::of(version, &snapshot));
        let timestamp = tuf.signed(&tuf.says(name, version, now, body))?;
        put(&dir, &Role::Timestamp.file(version), &timestamp)?;
        read(tuf, &dir, Some(at(now))).map(drop)
    }
}

/// Writes a metadata file into a directory that nobody sees yet.
fn put(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), ReleaseError> {
    file::write(&dir.join(name), bytes)
}

/// Reads a view's metadata as a client does that has the first root.
fn read(tuf: &Tuf<'_>, dir: &Path, now: Option<Timestamp>) -> Result<Verified, ReleaseError> {
    let first = tuf.roots.first().ok_or(ReleaseError::NoTuf)?;
    Ok(verify_dir(first, dir, now)?)
}

/// Where a directory has other roots than it should have: those up to the version that it has, and a copy of the newest.
pub(crate) fn wrong_root(roots: &[Vec<u8>], dir: &Path, newest: u64) -> Option<String> {
    let of = |name: &str| std::fs::read(dir.join(name)).ok();
    let numbered = |version: u64| Role::Root.file(version);
    let mut known = (1..=newest).zip(roots);
    if let Some((version, _)) = known.find(|(version, root)| of(&numbered(*version)).as_ref() != Some(root)) {
        return Some(format!("{} is not the root of this version", numbered(version)));
    }
    let is_copy = of("root.json").is_some_and(|copy| Some(copy) == of(&numbered(newest)));
    (!is_copy).then(|| format!("root.json is not the same as {}", numbered(newest)))
}

/// Reads a directory of metadata as a client does that has seen nothing but this root.
pub(crate) fn verify_dir(root: &[u8], dir: &Path, now: Option<Timestamp>) -> Result<Verified, TufError> {
    verify(root, &mut Trusted::default(), now, &|name, most| fetch(&dir.join(name), most))
}

fn fetch(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A time in seconds since 1970; what no calendar has is its end.
pub(crate) fn at(seconds: u64) -> Timestamp {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or_else(latest)
}

/// The last whole second that calendars have.
fn latest() -> Timestamp {
    Timestamp::from_second(Timestamp::MAX.as_second()).unwrap_or(Timestamp::MAX)
}
