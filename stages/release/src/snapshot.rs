//! Snapshots: laying them out, finding them, removing them.

use std::collections::BTreeMap;
use std::path::Path;

use heirloom_model::allowance::Date;
use heirloom_model::record::{Composed, Snapshot, Tree};

use crate::name::{VAULT, day_of};
use crate::tree::Layer;
use crate::{ReleaseError, Site, file, tree};

impl Site<'_> {
    /// Makes a composed tree a snapshot, at this time in seconds since 1970. If the tree is there already, under
    /// whatever day, that is its snapshot.
    ///
    /// # Errors
    /// An object of the tree that is not in the store, a disk that fails or is full. No snapshot is there then.
    pub fn lay_out(&self, composed: &Composed, now: u64) -> Result<Snapshot, ReleaseError> {
        self.mend()?;
        if let Some(same) = self.snapshots()?.into_iter().rfind(|there| there.composed.tree == composed.tree)
        {
            return Ok(same);
        }
        let day = Date::from_unix(now);
        let name = format!("{day}-{}", composed.tree.short());
        if self.vault().join(&name).exists() {
            return Err(ReleaseError::Taken { name });
        }
        let snapshot = Snapshot { name, day, made: now, composed: composed.clone() };
        self.write_snapshot(&snapshot)?;
        Ok(snapshot)
    }

    /// Writes a snapshot's directory aside, records it, and gives it its name.
    pub(crate) fn write_snapshot(&self, snapshot: &Snapshot) -> Result<(), ReleaseError> {
        let dir = self.vault().join(&snapshot.name);
        let new = file::beside(&dir);
        let mut layer = Layer::begin(self.store, &new)?;
        for file in &self.tree(snapshot)?.files {
            layer.add(file)?;
        }
        layer.mirrorlists(&self.mirrorlists(snapshot, None))?;
        file::sync_tree(&new)?;
        self.store.append(snapshot)?;
        file::rename(&new, &dir)?;
        self.point_days()?;
        file::sync_names(&self.vault())
    }

    /// The files of a snapshot.
    ///
    /// # Errors
    /// The list is not in the store, or has paths that can't be laid out.
    pub fn tree(&self, snapshot: &Snapshot) -> Result<Tree, ReleaseError> {
        tree::read(self.store, snapshot.composed.tree)
    }

    /// The mirrorlist files of a snapshot, or of a channel's view of it. A channel's name itself second: a client that
    /// goes by metadata of its cache, and looks the URLs up anew, finds packages of earlier snapshots there alone.
    pub(crate) fn mirrorlists(&self, snapshot: &Snapshot, channel: Option<&str>) -> Vec<(String, String)> {
        let url = self.rules.url.trim_end_matches('/');
        let mut bases = vec![format!("{url}/{VAULT}/{}", snapshot.name)];
        bases.extend(channel.map(|channel| format!("{url}/{channel}")));
        tree::mirrorlists(&snapshot.composed, &bases)
    }

    /// The snapshots that are there, oldest first.
    ///
    /// # Errors
    /// The ledger can't be read.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, ReleaseError> {
        let mut all: BTreeMap<String, (u64, i64, Snapshot)> = BTreeMap::new();
        for entry in self.store.history::<Snapshot>()? {
            all.insert(entry.record.name.clone(), (entry.record.made, entry.id, entry.record));
        }
        let mut all: Vec<_> = all.into_values().filter(|(_, _, snapshot)| self.has(&snapshot.name)).collect();
        // Of two that were made in one second, the one that was recorded later is newer.
        all.sort_by_key(|(made, id, _)| (*made, *id));
        Ok(all.into_iter().map(|(_, _, snapshot)| snapshot).collect())
    }

    pub(crate) fn has(&self, snapshot: &str) -> bool {
        self.vault().join(snapshot).is_dir()
    }

    /// The newest snapshot.
    ///
    /// # Errors
    /// There is none, or the ledger can't be read.
    pub fn newest(&self) -> Result<Snapshot, ReleaseError> {
        self.snapshots()?.pop().ok_or(ReleaseError::NoneYet)
    }

    /// The snapshot of this name, the day's newest, or the one that a channel serves. Of a snapshot's name, the
    /// beginning is enough if no other begins so.
    ///
    /// # Errors
    /// There is none, or the ledger can't be read.
    pub fn find(&self, name: &str) -> Result<Snapshot, ReleaseError> {
        let all = self.snapshots()?;
        let current = self.current(name)?.and_then(|current| current.record).map(|record| record.snapshot);
        let wanted = current.as_deref().unwrap_or(name);
        let is_day = name.parse::<Date>().is_ok();
        let mut fitting =
            all.iter().filter(|snapshot| snapshot.name.starts_with(wanted) && !wanted.is_empty());
        let found = match (all.iter().find(|snapshot| snapshot.name == wanted), is_day) {
            (Some(exact), _) => Some(exact),
            (None, true) => fitting.next_back(),
            (None, false) => fitting.next().filter(|_| day_of(wanted).is_some() && fitting.next().is_none()),
        };
        found.cloned().ok_or_else(|| {
            let known: Vec<_> = all.into_iter().rev().take(10).map(|snapshot| snapshot.name).collect();
            ReleaseError::NoSnapshot { name: name.to_owned(), known: known.join(", ") }
        })
    }

    /// Each day's link points at its newest snapshot.
    pub(crate) fn point_days(&self) -> Result<(), ReleaseError> {
        let snapshots = self.snapshots()?;
        let newest: BTreeMap<String, &str> =
            snapshots.iter().map(|snapshot| (snapshot.day.to_string(), snapshot.name.as_str())).collect();
        for name in file::names(&self.vault())? {
            let link = self.vault().join(&name);
            if link.is_symlink() && !newest.contains_key(&name) {
                file::remove(&link)?;
            }
        }
        for (day, snapshot) in newest {
            let link = self.vault().join(day);
            if std::fs::read_link(&link).ok().as_deref() != Some(Path::new(snapshot)) {
                file::point(&link, Path::new(snapshot))?;
            }
        }
        Ok(())
    }
}
