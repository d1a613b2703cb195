//! What is in force: the outcome of all that was decided so far.

mod refused;

use std::collections::BTreeMap;

use heirloom_model::Digest;
use heirloom_model::allowance::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::charter::{Charter, CharterError, Keys, Role, SigningKey};
use crate::history::{Entry, SealedVote};
use crate::proposal::{ChannelMove, Content, KeyChange, Kind, Proposal};
pub use refused::Refused;

use crate::tally::{SKEW, Standing, Tally, later, tally};

/// What is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    charter: Charter,
    charter_digest: Digest,
    /// Digests of all charters, the first one first.
    charters: Vec<Digest>,
    /// Signing keys by fingerprint, those of the past among them.
    keys: BTreeMap<String, Held>,
    /// What channels serve.
    live: BTreeMap<String, Live>,
    /// The keys that signed each released tree.
    released: BTreeMap<Digest, String>,
    /// Proposals that took effect, with the number of their entry.
    promoted: BTreeMap<Digest, usize>,
    /// What an emergency quorum did, until when it must be ratified.
    unratified: BTreeMap<Digest, Timestamp>,
    entries: usize,
    latest: Timestamp,
}

/// A signing key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its certificate, armoured.
    pub certificate: String,
    /// The entry that brought it; 0 for the first charter.
    pub since: usize,
    /// The entry that retired it, and whether it was stolen.
    pub retired: Option<(usize, bool)>,
}

/// What a channel serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Live {
    /// SHA-256 of the list of files, without the signatures of metadata.
    pub tree: Digest,
    /// The proposal that let it serve this.
    pub proposal: Digest,
    /// Since when.
    pub since: Timestamp,
}

impl State {
    /// What is in force under the first charter.
    ///
    /// # Errors
    /// It is no charter, or not a first one.
    pub fn new(charter: &str) -> Result<Self, CharterError> {
        let digest = Digest::of(charter.as_bytes());
        let charter = Charter::parse(charter)?;
        if charter.version != 1 {
            let place = format!("version {}", charter.version);
            let what = "a history begins with version 1".to_owned();
            return Err(CharterError::Wrong { place, what });
        }
        let held = |key: &SigningKey| {
            (key.fingerprint.clone(), Held { certificate: key.certificate.clone(), since: 0, retired: None })
        };
        Ok(Self {
            keys: charter.signing_keys.iter().map(held).collect(),
            charter,
            charter_digest: digest,
            charters: vec![digest],
            live: BTreeMap::new(),
            released: BTreeMap::new(),
            promoted: BTreeMap::new(),
            unratified: BTreeMap::new(),
            entries: 0,
            latest: Timestamp::UNIX_EPOCH,
        })
    }

    /// The charter in force.
    #[must_use]
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Its digest.
    #[must_use]
    pub fn charter_digest(&self) -> Digest {
        self.charter_digest
    }

    /// Digests of all charters, the first one first.
    #[must_use]
    pub fn charters(&self) -> &[Digest] {
        &self.charters
    }

    /// All signing keys by fingerprint, those of the past among them.
    #[must_use]
    pub fn keys(&self) -> &BTreeMap<String, Held> {
        &self.keys
    }

    /// What channels serve.
    #[must_use]
    pub fn live(&self) -> &BTreeMap<String, Live> {
        &self.live
    }

    /// The key that signed a released tree.
    #[must_use]
    pub fn signer_of(&self, tree: Digest) -> Option<&str> {
        self.released.get(&tree).map(String::as_str)
    }

    /// The entry by which a proposal took effect.
    #[must_use]
    pub fn promoted(&self, proposal: Digest) -> Option<usize> {
        self.promoted.get(&proposal).copied()
    }

    /// What waits to be ratified, and until when.
    #[must_use]
    pub fn unratified(&self) -> &BTreeMap<Digest, Timestamp> {
        &self.unratified
    }

    /// How many entries led to it.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// When the newest entry took effect.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        self.latest
    }

    /// Counts the votes on a proposal under the charter in force.
    ///
    /// # Errors
    /// No proposal, or one that is not for this state.
    pub fn tally(
        &self,
        proposal: &str,
        votes: &[SealedVote],
        keys: &Keys<'_>,
        now: Timestamp,
    ) -> Result<(Proposal, Tally), Refused> {
        let digest = Digest::of(proposal.as_bytes());
        let proposal = Proposal::from_json(proposal)?;
        self.fits(&proposal)?;
        let charter = (&self.charter, self.charter_digest());
        let tally = tally(charter, (&proposal, digest), votes, keys, now);
        Ok((proposal, tally))
    }

    fn fits(&self, proposal: &Proposal) -> Result<(), Refused> {
        if proposal.distribution != self.charter.distribution {
            let (expected, found) = (self.charter.distribution.clone(), proposal.distribution.clone());
            return Err(Refused::Distribution { expected, found });
        }
        if proposal.charter != self.charter_digest() {
            let (version, expected) = (self.charter.version, self.charter_digest().short());
            return Err(Refused::OtherCharter { version, expected, found: proposal.charter.short() });
        }
        Ok(())
    }

    /// What is in force after this entry.
    ///
    /// # Errors
    /// It can't take effect: without a quorum, at a wrong time, twice, on another ground than was proposed.
    pub fn apply(&self, entry: &Entry, keys: &Keys<'_>) -> Result<Self, Refused> {
        let digest = Digest::of(entry.proposal.as_bytes());
        if let Some(entry) = self.promoted(digest) {
            return Err(Refused::Repeated { proposal: digest.short(), entry });
        }
        let (proposal, tally) = self.tally(&entry.proposal, &entry.votes, keys, entry.promoted)?;
        if entry.promoted < later(self.latest, -SKEW) {
            return Err(Refused::Clock { latest: self.latest, found: entry.promoted });
        }
        self.in_time(&proposal, entry.promoted)?;
        if tally.standing != Standing::Approved {
            return Err(Refused::NotApproved { proposal: digest.short(), tally: Box::new(tally) });
        }
        let mut next = self.clone();
        next.entries += 1;
        next.latest = entry.promoted.max(self.latest);
        next.take(&proposal, digest, entry.promoted)?;
        next.promoted.insert(digest, next.entries);
        Ok(next)
    }

    /// Whether things of this kind can be decided now.
    fn in_time(&self, proposal: &Proposal, now: Timestamp) -> Result<(), Refused> {
        let kind = proposal.content.kind();
        let today = Date::from_unix(u64::try_from(now.as_second()).unwrap_or(0));
        if kind != Kind::Charter && today > self.charter.valid_until {
            return Err(Refused::CharterExpired { ended: self.charter.valid_until, today });
        }
        if proposal.emergency && matches!(kind, Kind::Charter | Kind::Ratify) {
            return Err(Refused::NoEmergency(kind.name()));
        }
        let overdue = self.unratified.iter().find(|(_, until)| now > **until);
        match overdue {
            Some((proposal, until)) if !matches!(kind, Kind::Ratify | Kind::Charter) => {
                Err(Refused::Unratified { proposal: proposal.short(), until: *until })
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, proposal: &Proposal, digest: Digest, now: Timestamp) -> Result<(), Refused> {
        if let Some(key) = proposal.content.key() {
            self.signs(key)?;
        }
        match &proposal.content {
            Content::Packages { .. } | Content::Advisories { .. } => {}
            Content::Snapshot(snapshot) => {
                self.released.insert(snapshot.tree, snapshot.key.clone());
                self.switch(&snapshot.channels, snapshot.tree, digest, now)?;
            }
            Content::Channels { tree, channels } => {
                let key = self.released.get(tree).ok_or_else(|| Refused::NeverReleased(tree.short()))?;
                if self.keys.get(key).is_some_and(|held| held.retired.is_some_and(|(_, stolen)| stolen)) {
                    let why =
                        "signed it, and was stolen: what it signed stays verifiable, and is not served anew";
                    return Err(Refused::Key { fingerprint: key.clone(), why });
                }
                self.switch(channels, *tree, digest, now)?;
            }
            Content::Charter { text } => self.succeed(text)?,
            Content::Keys(change) => self.change_keys(change)?,
            Content::Ratify { proposal } => {
                let known = self.unratified.remove(proposal);
                known.ok_or_else(|| Refused::NothingToRatify(proposal.short()))?;
            }
        }
        if let (true, Some(emergency)) = (proposal.emergency, &self.charter.emergency) {
            let days = SignedDuration::from_hours(24 * i64::from(emergency.ratify_days));
            self.unratified.insert(digest, later(now, days));
        }
        Ok(())
    }

    /// Whether a key may sign now.
    ///
    /// # Errors
    /// It is none of the distribution's, or retired.
    pub fn signs(&self, fingerprint: &str) -> Result<(), Refused> {
        let why = match self.keys.get(fingerprint) {
            None => "is none of the distribution's: propose it with `heirloom release propose --add-key`",
            Some(Held { retired: Some((_, true)), .. }) => {
                "was stolen and is retired: sign with the one that came after it"
            }
            Some(Held { retired: Some((_, false)), .. }) => {
                "is retired: sign with the one that came after it"
            }
            Some(Held { retired: None, .. }) => return Ok(()),
        };
        Err(Refused::Key { fingerprint: fingerprint.to_owned(), why })
    }

    fn switch(
        &mut self,
        channels: &[ChannelMove],
        tree: Digest,
        proposal: Digest,
        since: Timestamp,
    ) -> Result<(), Refused> {
        for ChannelMove { channel, from } in channels {
            let served = self.live.get(channel).map(|live| live.tree);
            if served != *from {
                let name = |tree: Option<Digest>| tree.map_or("nothing".to_owned(), |tree| tree.short());
                let (expected, found) = (name(*from), name(served));
                return Err(Refused::Outdated { channel: channel.clone(), expected, found });
            }
            self.live.insert(channel.clone(), Live { tree, proposal, since });
        }
        Ok(())
    }

    fn succeed(&mut self, text: &str) -> Result<(), Refused> {
        let next = Charter::parse(text).map_err(|error| Refused::NextCharter(error.to_string()))?;
        let wrong = |what: String| Err(Refused::NextCharter(what));
        if next.distribution != self.charter.distribution {
            return wrong(format!(
                "it is for {}, and this is {}",
                next.distribution, self.charter.distribution
            ));
        }
        let version = self.charter.version + 1;
        if next.version != version || next.previous != Some(self.charter_digest()) {
            return wrong(format!(
                "it must have version {version} and name {} as `previous`: it has version {}",
                self.charter_digest(),
                next.version
            ));
        }
        // One that nobody can change any more would be the end of the distribution.
        for role in [Role::Charter, Role::Release] {
            let Some(rule) = next.rule(role) else { continue };
            let reach = next.reach(rule.members.iter().map(String::as_str), rule.per_affiliation);
            if reach < rule.threshold {
                return wrong(format!(
                    "role {} needs {} approvals, and {reach} can count",
                    role.name(),
                    rule.threshold
                ));
            }
        }
        self.charter_digest = Digest::of(text.as_bytes());
        self.charters.push(self.charter_digest);
        self.charter = next;
        Ok(())
    }

    fn change_keys(&mut self, change: &KeyChange) -> Result<(), Refused> {
        if let Some(retired) = &change.retire {
            let known = |why| Refused::Key { fingerprint: retired.fingerprint.clone(), why };
            let entries = self.entries;
            let held = self.keys.get_mut(&retired.fingerprint);
            let held = held.ok_or_else(|| known("is none of the distribution's"))?;
            match held.retired {
                None => held.retired = Some((entries, retired.stolen)),
                // What was retired in peace may turn out to be stolen.
                Some((entry, false)) if retired.stolen => held.retired = Some((entry, true)),
                Some(_) => return Err(known("is retired already")),
            }
        }
        if let Some(SigningKey { fingerprint, certificate }) = &change.add {
            if self.keys.contains_key(fingerprint) {
                let why = "was there before: make a new one";
                return Err(Refused::Key { fingerprint: fingerprint.clone(), why });
            }
            let held = Held { certificate: certificate.clone(), since: self.entries, retired: None };
            self.keys.insert(fingerprint.clone(), held);
        }
        Ok(())
    }

    /// A proposal by which things may be signed now: it took effect, or could.
    ///
    /// # Errors
    /// It could not, or its key may not sign any more.
    pub fn may_sign(
        &self,
        proposal: &str,
        votes: &[SealedVote],
        keys: &Keys<'_>,
        now: Timestamp,
    ) -> Result<Proposal, Refused> {
        let digest = Digest::of(proposal.as_bytes());
        // What it counts on must be so, too: else what it signs could never be served.
        if self.promoted(digest).is_none() {
            let entry = Entry { proposal: proposal.to_owned(), votes: votes.to_vec(), promoted: now };
            self.apply(&entry, keys)?;
        }
        let proposal = Proposal::from_json(proposal)?;
        proposal.content.key().map_or(Ok(()), |key| self.signs(key))?;
        Ok(proposal)
    }
}
