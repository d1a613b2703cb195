//! What is kept: which snapshots and views may go, and which objects those that stay need.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::definition::Vault;
use heirloom_model::Digest;
use heirloom_model::allowance::Date;
use heirloom_model::record::{Channel, Composed, Snapshot, Tree};
use serde::Serialize;

use crate::{ReleaseError, Site, file};

/// How long a snapshot is kept. The one that counts is the first that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// As long as these channels point at it.
    Channels(Vec<String>),
    /// For ever, by the rules.
    Ever,
    /// To the end of this day, by the rules.
    Day(Date),
    /// Until this time, in seconds since 1970: clients may go by its metadata.
    InFlight(u64),
    /// It is over: the next cleaning removes it.
    Over,
}

/// A snapshot and how long it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Channels that serve it.
    pub channels: Vec<String>,
    /// Bytes of the files that no other snapshot has.
    pub only_here: u64,
    /// How long it is kept.
    pub until: Until,
}

/// What may go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outdated {
    /// Names of snapshots.
    pub snapshots: Vec<String>,
    /// Views, as channel and generation.
    pub views: Vec<(String, u64)>,
}

/// How long the rules keep each of these snapshots, which are sorted by age: for ever, or to the end of a day.
pub(crate) fn by_rules(rules: &Vault, snapshots: &[Snapshot]) -> Vec<Option<Date>> {
    let month = |snapshot: &Snapshot| {
        let (year, month, _) = snapshot.day.parts();
        (year, month)
    };
    let newest: BTreeMap<_, _> =
        snapshots.iter().map(|snapshot| (month(snapshot), snapshot.name.as_str())).collect();
    let until = |snapshot: &Snapshot| {
        let days = rules.keep_days?;
        let monthly = rules.keep_monthly && newest.get(&month(snapshot)) == Some(&snapshot.name.as_str());
        let end = snapshot.day.unix().saturating_add(days.saturating_mul(86_400));
        (!monthly).then(|| Date::from_unix(end))
    };
    snapshots.iter().map(until).collect()
}

impl Site<'_> {
    /// All snapshots, oldest first, with how long each is kept from now on, in seconds since 1970.
    ///
    /// # Errors
    /// The ledger, or the list of a snapshot's files, can't be read.
    pub fn kept(&self, now: u64) -> Result<Vec<Kept>, ReleaseError> {
        let snapshots = self.snapshots()?;
        let serving = self.serving()?;
        let flying = self.flying(now)?;
        let trees = snapshots.iter().map(|snapshot| self.tree(snapshot)).collect::<Result<Vec<_>, _>>()?;
        let only = only_in(&trees);
        let rules = by_rules(&self.rules.vault, &snapshots);
        let today = Date::from_unix(now);
        let kept = snapshots.into_iter().zip(rules).zip(only).map(|((snapshot, rule), only_here)| {
            let channels = serving.get(&snapshot.name).cloned().unwrap_or_default();
            let until = match (rule, flying.get(&snapshot.name)) {
                _ if !channels.is_empty() => Until::Channels(channels.clone()),
                (None, _) => Until::Ever,
                (Some(day), _) if day >= today => Until::Day(day),
                (Some(_), Some(end)) => Until::InFlight(*end),
                (Some(_), None) => Until::Over,
            };
            Kept { snapshot, channels, only_here, until }
        });
        Ok(kept.collect())
    }

    /// What may go now, in seconds since 1970.
    ///
    /// # Errors
    /// The document root, the ledger, or the list of a snapshot's files can't be read.
    pub fn outdated(&self, now: u64) -> Result<Outdated, ReleaseError> {
        let over = self.kept(now)?.into_iter().filter(|kept| kept.until == Until::Over);
        let mut outdated =
            Outdated { snapshots: over.map(|kept| kept.snapshot.name).collect(), views: Vec::new() };
        for channel in file::names(&self.root.join(crate::name::CHANNELS))? {
            let kept = self.views_in_use(&channel, now)?;
            let views = self.generations(&channel)?.into_iter().filter(|view| !kept.contains_key(view));
            outdated.views.extend(views.map(|view| (channel.clone(), view)));
        }
        Ok(outdated)
    }

    /// Removes what may go, and what killed processes left.
    ///
    /// # Errors
    /// A disk that fails. Run again, it goes on.
    pub fn remove(&self, outdated: &Outdated) -> Result<(), ReleaseError> {
        self.mend()?;
        for (channel, generation) in &outdated.views {
            file::take_away(&self.view(channel, *generation))?;
        }
        for snapshot in &outdated.snapshots {
            file::take_away(&self.vault().join(snapshot))?;
        }
        self.point_days()
    }

    /// The objects that snapshots need, but for those that may go; and those of the newest composed tree, which may
    /// not be a snapshot yet.
    ///
    /// # Errors
    /// The ledger, or the list of a snapshot's files, can't be read.
    pub fn needed(&self, outdated: &Outdated) -> Result<BTreeSet<Digest>, ReleaseError> {
        let mut needed = BTreeSet::new();
        for snapshot in self.snapshots()? {
            if !outdated.snapshots.contains(&snapshot.name) {
                needed.extend(lists(&snapshot.composed));
                needed.extend(self.tree(&snapshot)?.files.into_iter().map(|file| file.digest));
            }
        }
        if let Some(composed) = self.store.get::<Composed>("compose")?
            && self.store.contains(composed.tree)
        {
            needed.extend(lists(&composed));
            needed.extend(
                crate::tree::read(self.store, composed.tree)?.files.into_iter().map(|file| file.digest),
            );
        }
        Ok(needed)
    }

    /// The channels that serve each snapshot.
    fn serving(&self) -> Result<BTreeMap<String, Vec<String>>, ReleaseError> {
        let mut serving: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, current) in self.channels()? {
            if let Some(record) = current.record {
                serving.entry(record.snapshot).or_default().push(name);
            }
        }
        Ok(serving)
    }

    /// The views of a channel that are served or that clients may still go by, with the end of that.
    fn views_in_use(&self, channel: &str, now: u64) -> Result<BTreeMap<u64, u64>, ReleaseError> {
        let history = self.history(channel)?;
        let current = crate::channel::generation(&self.root, channel);
        let mut used: BTreeMap<u64, u64> =
            current.map(|generation| (generation, u64::MAX)).into_iter().collect();
        for pair in history.windows(2) {
            let end = pair[1].since.saturating_add(self.in_flight());
            if end > now {
                used.entry(pair[0].generation).or_insert(end);
            }
        }
        Ok(used)
    }

    /// The snapshots that clients may go by because channels served them, with the end of that.
    fn flying(&self, now: u64) -> Result<BTreeMap<String, u64>, ReleaseError> {
        let mut flying: BTreeMap<String, u64> = BTreeMap::new();
        let all = self.store.history::<Channel>()?;
        let names: BTreeSet<_> = all.into_iter().map(|entry| entry.record.name).collect();
        for channel in names {
            let used = self.views_in_use(&channel, now)?;
            for record in self.history(&channel)? {
                if let Some(&end) = used.get(&record.generation) {
                    let known = flying.entry(record.snapshot).or_default();
                    *known = (*known).max(end);
                }
            }
        }
        Ok(flying)
    }
}

/// The objects that describe a tree.
pub(crate) fn lists(composed: &Composed) -> impl Iterator<Item = Digest> {
    let repositories = composed.repositories.iter().flat_map(|it| [it.contents, it.repomd]);
    [composed.tree].into_iter().chain(repositories)
}

/// Bytes that each tree alone has.
fn only_in(trees: &[Tree]) -> Vec<u64> {
    let mut users: BTreeMap<Digest, usize> = BTreeMap::new();
    let digests = |tree: &Tree| {
        let files = tree.files.iter().map(|file| (file.digest, file.size));
        files.collect::<BTreeMap<_, _>>()
    };
    for digest in trees.iter().flat_map(|tree| digests(tree).into_keys()) {
        *users.entry(digest).or_default() += 1;
    }
    let only = |tree| digests(tree).into_iter().filter(|(digest, _)| users.get(digest) == Some(&1));
    trees.iter().map(|tree| only(tree).map(|(_, size)| size).sum()).collect()
}
