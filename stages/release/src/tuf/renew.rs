//! Renewing what expires of a served view, without a switch. It needs no store, so that it can be done while a long
//! rebuild has it.

use std::fs::File;
use std::path::Path;

use heirloom_formats::tuf::{
    DIR, Meta, Role, Snapshot as SnapshotRole, Timestamp as TimestampRole, Verified,
};
use heirloom_model::record::Channel;
use jiff::Timestamp;
use rustix::fs::FlockOperation;
use serde::Serialize;

use super::{RENEWALS, Tuf, at, read, wrong_root};
use crate::channel::generation;
use crate::name::{CHANNELS, check_channel};
use crate::{ReleaseError, Site, file};

/// What was renewed of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refreshed {
    /// The channel.
    pub channel: String,
    /// The generation that it serves.
    pub generation: u64,
    /// Version of its timestamp.
    pub timestamp: u64,
    /// Until when that may be believed.
    pub expires: Timestamp,
    /// Until when its newest root may be believed: that is renewed by who has the root keys.
    pub root_expires: Timestamp,
    /// Whether the snapshot's metadata was renewed, too.
    pub snapshot_renewed: bool,
    /// Why the channel was switched to a new generation of the same snapshot, if it was.
    pub switched: Option<String>,
}

/// What came of a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It was renewed.
    Done(Refreshed),
    /// Only a new generation helps, and why. Nothing was written.
    Stale(String),
}

/// Renews the timestamp of what a channel below a document root serves, and the snapshot's metadata when it would expire
/// before the next renewals, at this time in seconds since 1970.
///
/// # Errors
/// There is no such channel, a key or a disk fails. Clients have what they had.
pub fn renew(root: &Path, channel: &str, tuf: &Tuf<'_>, now: u64) -> Result<Renewal, ReleaseError> {
    check_channel(channel)?;
    let generation = generation(root, channel).ok_or_else(|| ReleaseError::NoChannel(channel.to_owned()))?;
    let dir = root.join(CHANNELS).join(channel).join(generation.to_string()).join(DIR);
    if !dir.exists() {
        return Ok(Renewal::Stale("it had no metadata".to_owned()));
    }
    // Two at once would give one version to two timestamps.
    let failed = |source| ReleaseError::io("lock", &dir, source);
    let lock = File::open(&dir).map_err(failed)?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(|errno| failed(errno.into()))?;
    let verified = match sound(tuf, &dir, now) {
        Ok(verified) => verified,
        Err(why) => return Ok(Renewal::Stale(why)),
    };
    let snapshot_renewed = write(tuf, &dir, channel, now, &verified)?;
    Ok(Renewal::Done(told(tuf, &dir, (channel, generation), now)?.renewed(snapshot_renewed)))
}

impl Site<'_> {
    /// As [`renew`]; and where that is not enough (a new root, targets that will expire soon, damage), the channel is
    /// switched to a new generation of the same snapshot.
    ///
    /// # Errors
    /// The site has no such metadata, there is no such channel, a key or a disk fails. Clients have what they had.
    pub fn refresh(&self, channel: &str, now: u64) -> Result<Refreshed, ReleaseError> {
        let tuf = self.tuf.as_ref().ok_or(ReleaseError::NoTuf)?;
        let why = match renew(&self.root, channel, tuf, now)? {
            Renewal::Done(refreshed) => return Ok(refreshed),
            Renewal::Stale(why) => why,
        };
        let no_channel = || ReleaseError::NoChannel(channel.to_owned());
        let record = self.current(channel)?.and_then(|current| current.record).ok_or_else(no_channel)?;
        let snapshot = self.find(&record.snapshot)?;
        self.switch(&[channel.to_owned()], &snapshot, now)?;
        let generation = generation(&self.root, channel).ok_or_else(no_channel)?;
        let dir = self.view(channel, generation).join(DIR);
        Ok(Refreshed { switched: Some(why), ..told(tuf, &dir, (channel, generation), now)? })
    }

    /// Why a view's metadata is not what it is to be, so that renewing it is not enough.
    pub(crate) fn stale(&self, channel: &Channel, now: u64) -> Option<String> {
        let dir = self.view(&channel.name, channel.generation).join(DIR);
        match &self.tuf {
            Some(tuf) => sound(tuf, &dir, now).err(),
            None => dir.exists().then(|| "the definition has no [tuf] any more".to_owned()),
        }
    }
}

impl Refreshed {
    fn renewed(self, snapshot_renewed: bool) -> Self {
        Self { snapshot_renewed, ..self }
    }
}

fn told(
    tuf: &Tuf<'_>,
    dir: &Path,
    (channel, generation): (&str, u64),
    now: u64,
) -> Result<Refreshed, ReleaseError> {
    let Verified { root, timestamp, .. } = read(tuf, dir, Some(at(now)))?;
    Ok(Refreshed {
        channel: channel.to_owned(),
        generation,
        timestamp: timestamp.version,
        expires: timestamp.expires,
        root_expires: root.expires,
        snapshot_renewed: false,
        switched: None,
    })
}

/// What a view has, if renewing it is enough; else why not.
fn sound(tuf: &Tuf<'_>, dir: &Path, now: u64) -> Result<Verified, String> {
    let verified = read(tuf, dir, None).map_err(|error| error.to_string())?;
    let newest = tuf.roots.len() as u64;
    if verified.root.version != newest {
        return Err(format!("root {newest} is new, it has root {}", verified.root.version));
    }
    if let Some(wrong) = wrong_root(&tuf.roots, dir, newest) {
        return Err(wrong);
    }
    let expires = verified.targets.expires;
    match is_near(expires, tuf.lives.targets / 4, now) {
        true => Err(format!("the list of its files expires on {expires}")),
        false => Ok(verified),
    }
}

/// Whether so few seconds are left.
fn is_near(expires: Timestamp, within: u64, now: u64) -> bool {
    let left = expires.as_second().saturating_sub(at(now).as_second());
    left < i64::try_from(within).unwrap_or(i64::MAX)
}

/// Writes a new timestamp in the place of the old one; whether there is a new snapshot, too.
fn write(
    tuf: &Tuf<'_>,
    dir: &Path,
    channel: &str,
    now: u64,
    verified: &Verified,
) -> Result<bool, ReleaseError> {
    let Verified { timestamp, snapshot, .. } = verified;
    let generation = snapshot.body.targets().version;
    // Beyond it are the versions of the next generation.
    let end = generation.saturating_add(1).saturating_mul(RENEWALS);
    let next = |version: u64| match version.saturating_add(1) {
        next if next < end => Ok(next),
        _ => Err(ReleaseError::Renewals { channel: channel.to_owned(), most: RENEWALS }),
    };
    // It must outlive the timestamp.
    let renew_snapshot = is_near(snapshot.expires, (tuf.lives.snapshot / 4).max(tuf.lives.timestamp), now);
    let mut meta = timestamp.body.snapshot();
    if renew_snapshot {
        let version = next(snapshot.version)?;
        let body = SnapshotRole::new(snapshot.body.targets());
        let bytes = tuf.signed(&tuf.says(channel, version, now, body))?;
        replace(dir, &Role::Snapshot.file(version), &bytes)?;
        meta = Meta::of(version, &bytes);
        // Its name is on disk before the timestamp names it.
        file::sync_names(dir)?;
    }
    let version = next(timestamp.version)?;
    let bytes = tuf.signed(&tuf.says(channel, version, now, TimestampRole::new(meta)))?;
    replace(dir, &Role::Timestamp.file(version), &bytes)?;
    file::sync_names(dir)?;
    Ok(renew_snapshot)
}

/// Puts a file in sight, all of it or nothing.
fn replace(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), ReleaseError> {
    file::replace(&dir.join(name), |new| {
        file::write(new, bytes)?;
        file::sync_names(new)
    })
}
