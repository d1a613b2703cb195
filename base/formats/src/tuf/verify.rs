//! The client's workflow: section 5 of the specification.

use std::io;

use heirloom_model::Digest;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::metadata::{Snapshot, Targets, Timestamp as Stamp};
use super::{Body, Meta, Metadata, Received, Role, Root, TufError};

/// Roots that are read in one run: a rotation a day for three years.
const MOST_ROOTS: u64 = 1024;
/// Clocks that are right differ by less.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// Reads a metadata file by its name: nothing if it is not there. It need not read more than one byte beyond the number
/// that is given.
pub type Fetch<'a> = &'a dyn Fn(&str, u64) -> io::Result<Option<Vec<u8>>>;

/// What a client remembers from one run to the next. Versions are 0 as long as nothing was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// Version of the newest root.
    pub root: u64,
    /// Version of the newest timestamp.
    pub timestamp: u64,
    /// Version of the newest snapshot.
    pub snapshot: u64,
    /// Version of the newest targets.
    pub targets: u64,
    /// The channel that is followed.
    #[serde(default)]
    pub channel: Option<String>,
}

/// Metadata that is believed.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The newest root.
    pub root: Metadata<Root>,
    /// The timestamp.
    pub timestamp: Metadata<Stamp>,
    /// The snapshot that it names.
    pub snapshot: Metadata<Snapshot>,
    /// The files.
    pub targets: Metadata<Targets>,
    /// The files that were read.
    pub files: Vec<String>,
}

/// What does not change in one run.
struct Client<'a> {
    fetch: Fetch<'a>,
    now: Option<Timestamp>,
    files: Vec<String>,
}

/// Checks a channel's metadata, beginning with a root that is trusted, at a time. Without a time, it is not asked whether
/// anything is expired: for states that are known to be old ones.
///
/// `trusted` becomes what is to be remembered, also of a run that fails later.
///
/// # Errors
/// Metadata that can't be had or is not believed.
pub fn verify(
    root: &[u8],
    trusted: &mut Trusted,
    now: Option<Timestamp>,
    fetch: Fetch<'_>,
) -> Result<Verified, TufError> {
    let mut client = Client { fetch, now, files: Vec::new() };
    let root = client.roots(root, trusted)?;
    client.check_time(&root)?;
    let timestamp = client.timestamp(&root, trusted)?;
    let snapshot = client.snapshot(&root, &timestamp, trusted)?;
    let meta = snapshot.body.targets();
    let targets: Metadata<Targets> = client.named(meta, "the snapshot", &root, &snapshot.channel)?;
    client.check_time(&targets)?;
    Ok(Verified { root, timestamp, snapshot, targets, files: client.files })
}

impl Client<'_> {
    /// 5.3: from the trusted root to the newest one.
    fn roots(&mut self, trusted_root: &[u8], trusted: &mut Trusted) -> Result<Metadata<Root>, TufError> {
        let mut root = own(trusted_root)?;
        // The keys that what is remembered was signed with.
        let mut known = (root.version == trusted.root).then(|| online(&root.body));
        for _ in 0..MOST_ROOTS {
            let version = root.version.saturating_add(1);
            let file = Role::Root.file(version);
            let Some(bytes) = self.read(&file, Root::LARGEST, "the most that any root has")? else { break };
            let next: Received<Root> = Received::parse(&file, &bytes)?;
            next.check_signers(&file, (root.version, &root.body))?;
            next.check_signers(&file, (next.metadata.version, &next.metadata.body))?;
            if next.metadata.version != version {
                let by = "its name says".to_owned();
                return Err(TufError::Version { file, expected: version, found: next.metadata.version, by });
            }
            root = next.metadata;
            if version == trusted.root {
                known = Some(online(&root.body));
            }
        }
        if root.version < trusted.root {
            let (seen, found) = (trusted.root, root.version);
            let channel = called(&trusted.channel);
            return Err(TufError::Rollback { role: Role::Root, channel, seen, found });
        }
        // 5.3.11: who had a stolen key could have raised the versions beyond all bounds.
        if known.is_some_and(|known| known != online(&root.body)) {
            (trusted.timestamp, trusted.snapshot, trusted.targets) = (0, 0, 0);
        }
        trusted.root = root.version;
        Ok(root)
    }

    /// 5.4.
    fn timestamp(
        &mut self,
        root: &Metadata<Root>,
        trusted: &mut Trusted,
    ) -> Result<Metadata<Stamp>, TufError> {
        let file = Role::Timestamp.file(0);
        let bytes = self.read(&file, Stamp::LARGEST, "the most that any timestamp has")?;
        let missing = || TufError::Missing { file: file.clone(), by: "every channel has".to_owned() };
        let stamp: Received<Stamp> = Received::parse(&file, &bytes.ok_or_else(missing)?)?;
        stamp.check_signers(&file, (root.version, &root.body))?;
        let stamp = stamp.metadata;
        if let (Some(expected), Some(found)) = (&trusted.channel, &stamp.channel)
            && expected != found
        {
            let (expected, found) = (expected.clone(), found.clone());
            return Err(TufError::Channel { role: Role::Timestamp, expected, found });
        }
        let channel = &stamp.channel;
        not_older(Role::Timestamp, channel, trusted.timestamp, stamp.version)?;
        not_older(Role::Snapshot, channel, trusted.snapshot, stamp.body.snapshot().version)?;
        self.check_time(&stamp)?;
        trusted.timestamp = stamp.version;
        if channel.is_some() {
            trusted.channel.clone_from(channel);
        }
        Ok(stamp)
    }

    /// 5.5.
    fn snapshot(
        &mut self,
        root: &Metadata<Root>,
        timestamp: &Metadata<Stamp>,
        trusted: &mut Trusted,
    ) -> Result<Metadata<Snapshot>, TufError> {
        let meta = timestamp.body.snapshot();
        let snapshot: Metadata<Snapshot> = self.named(meta, "the timestamp", root, &timestamp.channel)?;
        let targets = snapshot.body.targets().version;
        not_older(Role::Targets, &snapshot.channel, trusted.targets, targets)?;
        self.check_time(&snapshot)?;
        (trusted.snapshot, trusted.targets) = (snapshot.version, targets);
        Ok(snapshot)
    }

    /// A file that other metadata names with length, digest and version.
    fn named<B: Body>(
        &mut self,
        meta: Meta,
        by: &str,
        root: &Metadata<Root>,
        channel: &Option<String>,
    ) -> Result<Metadata<B>, TufError> {
        let file = B::ROLE.file(meta.version);
        let most = meta.length.min(B::LARGEST);
        let bytes = self.read(&file, most, &format!("the length that {by} names"))?;
        let missing = || TufError::Missing { file: file.clone(), by: format!("{by} names") };
        let bytes = bytes.ok_or_else(missing)?;
        if bytes.len() as u64 != meta.length {
            let (expected, found) = (format!("{} bytes", meta.length), format!("{} bytes", bytes.len()));
            return Err(TufError::Content { file, expected, found, by: by.to_owned() });
        }
        let digest = Digest::of(&bytes);
        if digest != meta.hashes.sha256 {
            return Err(TufError::digest(&file, meta.hashes.sha256, digest, by.to_owned()));
        }
        let received: Received<B> = Received::parse(&file, &bytes)?;
        received.check_signers(&file, (root.version, &root.body))?;
        let found = received.metadata;
        if found.version != meta.version {
            let by = format!("{by} names");
            return Err(TufError::Version { file, expected: meta.version, found: found.version, by });
        }
        if found.channel != *channel {
            let (expected, found) = (plain(channel), plain(&found.channel));
            return Err(TufError::Channel { role: B::ROLE, expected, found });
        }
        Ok(found)
    }

    /// A file of at most so many bytes.
    fn read(&mut self, file: &str, most: u64, by: &str) -> Result<Option<Vec<u8>>, TufError> {
        let failed = |source| TufError::Unreadable { file: file.to_owned(), source };
        let found = (self.fetch)(file, most).map_err(failed)?;
        match &found {
            Some(bytes) if bytes.len() as u64 > most => {
                Err(TufError::TooLong { file: file.to_owned(), most, by: by.to_owned() })
            }
            Some(_) => {
                self.files.push(file.to_owned());
                Ok(found)
            }
            None => Ok(None),
        }
    }

    /// Neither expired nor made later than now.
    fn check_time<B: Body>(&self, metadata: &Metadata<B>) -> Result<(), TufError> {
        let Some(now) = self.now else { return Ok(()) };
        let (role, channel) = (B::ROLE, called(&metadata.channel));
        let latest = now.checked_add(TOLERANCE).unwrap_or(Timestamp::MAX);
        if let Some(made) = metadata.made.filter(|made| *made > latest) {
            return Err(TufError::Future { role, channel, made, now });
        }
        if metadata.expires <= now {
            let (version, expires) = (metadata.version, metadata.expires);
            return Err(TufError::Expired { role, channel, version, expires, now });
        }
        Ok(())
    }
}

/// The root that is trusted: signed by its own keys, as every root is.
fn own(root: &[u8]) -> Result<Metadata<Root>, TufError> {
    let root: Received<Root> = Received::parse("root", root).map_err(|error| match error {
        TufError::Malformed { what, .. } => TufError::NoRoot { what },
        other => TufError::NoRoot { what: other.to_string() },
    })?;
    let found = root.signers(&root.metadata.body).len();
    let needed = root.metadata.body.roles.get(&Role::Root).map_or(u32::MAX, |role| role.threshold);
    if found < needed as usize {
        let what = format!("it has {found} of the {needed} signatures that it needs from its own keys");
        return Err(TufError::NoRoot { what });
    }
    Ok(root.metadata)
}

/// The keys of the roles whose versions are remembered.
fn online(root: &Root) -> Vec<Option<super::RoleKeys>> {
    [Role::Timestamp, Role::Snapshot].map(|role| root.roles.get(&role).cloned()).to_vec()
}

fn not_older(role: Role, channel: &Option<String>, seen: u64, found: u64) -> Result<(), TufError> {
    match found < seen {
        true => Err(TufError::Rollback { role, channel: called(channel), seen, found }),
        false => Ok(()),
    }
}

/// The channel in a sentence.
fn called(channel: &Option<String>) -> String {
    channel.as_ref().map_or("this repository".to_owned(), |name| format!("channel {name}"))
}

fn plain(channel: &Option<String>) -> String {
    channel.clone().unwrap_or_else(|| "none".to_owned())
}
