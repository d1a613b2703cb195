//! Channels: the views that clients see, and the links that are switched from one to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use heirloom_model::record::{Channel, Snapshot, TreeFile};
use serde::Serialize;

use crate::name::{CHANNELS, FileClass, MIRRORLIST, check_channel};
use crate::tree::Layer;
use crate::{ReleaseError, Site, file};

/// What a channel serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// The generation that the link points at.
    pub generation: u64,
    /// What the ledger says of this generation; nothing if it was lost.
    pub record: Option<Channel>,
    /// Whether the ledger says that this generation is the newest.
    pub agrees: bool,
}

/// What a switch came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Switched {
    /// What the channel serves now.
    pub channel: Channel,
    /// The snapshot that it served before.
    pub before: Option<String>,
    /// Whether there was anything to do.
    pub is_new: bool,
}

/// The generation that a channel's link points at. Needs no lock.
pub(crate) fn generation(root: &Path, channel: &str) -> Option<u64> {
    let target = std::fs::read_link(root.join(channel)).ok()?;
    let number = target.strip_prefix(CHANNELS).ok()?.strip_prefix(channel).ok()?;
    number.to_str()?.parse().ok()
}

/// The names of the channels below a document root, sorted. Needs no lock.
///
/// # Errors
/// The directory can't be read.
pub fn channel_names(root: &Path) -> Result<Vec<String>, ReleaseError> {
    let is_channel = |name: &String| check_channel(name).is_ok() && generation(root, name).is_some();
    Ok(file::names(root)?.into_iter().filter(is_channel).collect())
}

impl Site<'_> {
    /// What a channel serves, if there is such a channel.
    ///
    /// # Errors
    /// The ledger can't be read.
    pub fn current(&self, channel: &str) -> Result<Option<Current>, ReleaseError> {
        if check_channel(channel).is_err() {
            return Ok(None);
        }
        let Some(generation) = generation(&self.root, channel) else { return Ok(None) };
        let history = self.history(channel)?;
        Ok(Some(Current {
            generation,
            record: history.iter().rfind(|record| record.generation == generation).cloned(),
            agrees: history.last().is_some_and(|newest| newest.generation == generation),
        }))
    }

    /// All channels by name, with what they serve.
    ///
    /// # Errors
    /// The document root or the ledger can't be read.
    pub fn channels(&self) -> Result<BTreeMap<String, Current>, ReleaseError> {
        let mut all = BTreeMap::new();
        for name in file::names(&self.root)? {
            if let Some(current) = self.current(&name)? {
                all.insert(name, current);
            }
        }
        Ok(all)
    }

    /// All that the ledger says of a channel, oldest first.
    pub(crate) fn history(&self, channel: &str) -> Result<Vec<Channel>, ReleaseError> {
        let all = self.store.history::<Channel>()?;
        Ok(all.into_iter().map(|entry| entry.record).filter(|record| record.name == channel).collect())
    }

    /// Lets channels serve a snapshot from now on, in seconds since 1970. Views are written and recorded for all of
    /// them first; then each is switched by one rename.
    ///
    /// # Errors
    /// A name that can't be a channel's, an object that is not in the store, a disk that fails or is full. A channel
    /// serves what it did before, or the snapshot.
    pub fn switch(
        &self,
        channels: &[String],
        snapshot: &Snapshot,
        now: u64,
    ) -> Result<Vec<Switched>, ReleaseError> {
        let channels: BTreeSet<_> = channels.iter().collect();
        channels.iter().try_for_each(|name| check_channel(name))?;
        if !self.has(&snapshot.name) {
            return Err(self.find(&snapshot.name).err().unwrap_or(ReleaseError::NoneYet));
        }
        self.mend()?;
        let switched = channels.iter().map(|name| self.next(name, snapshot, now));
        let switched = switched.collect::<Result<Vec<_>, _>>()?;
        let new: Vec<_> = switched.iter().filter(|it| it.is_new).map(|it| it.channel.clone()).collect();
        for channel in &new {
            self.write_view(channel, snapshot)?;
        }
        if !new.is_empty() {
            file::sync_tree(&self.root)?;
        }
        self.store.append_all(&new)?;
        for channel in &new {
            self.point(&channel.name, channel.generation)?;
        }
        self.copy_root_files()?;
        file::sync_names(&self.root)?;
        Ok(switched)
    }

    /// Lets the link of a channel point at a generation.
    pub(crate) fn point(&self, channel: &str, generation: u64) -> Result<(), ReleaseError> {
        let target = Path::new(CHANNELS).join(channel).join(generation.to_string());
        file::point(&self.root.join(channel), &target)
    }

    /// What a channel is to serve: the snapshot in the next generation, or what it serves already.
    fn next(&self, name: &str, snapshot: &Snapshot, now: u64) -> Result<Switched, ReleaseError> {
        let current = self.current(name)?;
        let record = current.as_ref().and_then(|current| current.record.clone());
        let before = record.as_ref().map(|record| record.snapshot.clone());
        if let Some(channel) = record.filter(|record| record.snapshot == snapshot.name)
            && current.is_some_and(|current| current.agrees)
            && self.tells_urls(&channel, snapshot)
            && self.stale(&channel, now).is_none()
        {
            return Ok(Switched { channel, before, is_new: false });
        }
        let channel = self.following(name, snapshot, now)?;
        Ok(Switched { channel, before, is_new: true })
    }

    /// A snapshot in the generation that a channel has not had yet.
    pub(crate) fn following(
        &self,
        name: &str,
        snapshot: &Snapshot,
        now: u64,
    ) -> Result<Channel, ReleaseError> {
        let recorded = self.history(name)?.into_iter().map(|record| record.generation);
        let generation = recorded.chain(self.generations(name)?).max().unwrap_or(0).saturating_add(1);
        Ok(Channel { name: name.to_owned(), snapshot: snapshot.name.clone(), generation, since: now })
    }

    /// Whether a view has the URLs of the definition: these can change.
    fn tells_urls(&self, channel: &Channel, snapshot: &Snapshot) -> bool {
        let dir = self.view(&channel.name, channel.generation).join(MIRRORLIST);
        let same = |(name, text): &(String, String)| {
            std::fs::read_to_string(dir.join(name)).is_ok_and(|found| found == *text)
        };
        self.mirrorlists(snapshot, Some(&channel.name)).iter().all(same)
    }

    pub(crate) fn view(&self, channel: &str, generation: u64) -> std::path::PathBuf {
        self.views(channel).join(generation.to_string())
    }

    /// The generations whose views are there, sorted.
    pub(crate) fn generations(&self, channel: &str) -> Result<Vec<u64>, ReleaseError> {
        let names = file::names(&self.views(channel))?;
        let mut all: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        all.sort_unstable();
        Ok(all)
    }

    /// Writes a view aside and gives it its name, which nothing points at yet.
    pub(crate) fn write_view(&self, channel: &Channel, snapshot: &Snapshot) -> Result<(), ReleaseError> {
        let dir = self.view(&channel.name, channel.generation);
        let new = file::beside(&dir);
        let mut layer = Layer::begin(self.store, &new)?;
        let tree = self.tree(snapshot)?;
        for file in tree.files.iter().chain(&self.earlier(channel, snapshot)?) {
            layer.add(file)?;
        }
        layer.mirrorlists(&self.mirrorlists(snapshot, Some(&channel.name)))?;
        self.write_governance(&new, snapshot)?;
        self.write_tuf(&new, channel, snapshot)?;
        file::rename(&new, &dir)
    }

    /// What a view has beside its snapshot: packages and metadata of what the channel served within the hours before.
    /// Where paths are the same, the snapshot's own files count.
    pub(crate) fn earlier(
        &self,
        channel: &Channel,
        snapshot: &Snapshot,
    ) -> Result<Vec<TreeFile>, ReleaseError> {
        let begin = channel.since.saturating_sub(self.in_flight());
        let history = self.history(&channel.name)?;
        let mut names = BTreeSet::new();
        for (index, record) in history.iter().enumerate() {
            // It was served until the next one was, and the last one until now.
            let end = history.get(index + 1).map_or(channel.since, |next| next.since);
            if record.generation < channel.generation && end > begin {
                names.insert(record.snapshot.as_str());
            }
        }
        names.remove(snapshot.name.as_str());
        let own: BTreeSet<_> = self.tree(snapshot)?.files.into_iter().map(|file| file.path).collect();
        let mut files = BTreeMap::new();
        // Newer ones first: of two files at one path, those that more clients may want.
        for snapshot in self.snapshots()?.iter().rev().filter(|it| names.contains(it.name.as_str())) {
            for file in self.tree(snapshot)?.files {
                if FileClass::of(&file.path).is_named_in_metadata() && !own.contains(&file.path) {
                    files.entry(file.path.clone()).or_insert(file);
                }
            }
        }
        Ok(files.into_values().collect())
    }

    /// Removes views that were written and then not switched to.
    pub(crate) fn drop_unserved(&self, channel: &str) -> Result<(), ReleaseError> {
        let Some(current) = generation(&self.root, channel) else { return Ok(()) };
        for generation in self.generations(channel)?.into_iter().filter(|&it| it > current) {
            file::take_away(&self.view(channel, generation))?;
        }
        Ok(())
    }

    /// What a channel served before it first served what it does now: rolling back twice does not go forward again.
    ///
    /// # Errors
    /// There is no such channel, nothing was before, or it is not kept any more.
    pub fn before(&self, channel: &str) -> Result<Snapshot, ReleaseError> {
        check_channel(channel)?;
        let no_channel = || ReleaseError::NoChannel(channel.to_owned());
        let current = self.current(channel)?.ok_or_else(no_channel)?;
        let now = current.record.ok_or_else(no_channel)?.snapshot;
        let history = self.history(channel)?;
        let first = history.iter().position(|record| record.snapshot == now).unwrap_or(0);
        let before = history[..first].iter().rfind(|record| record.snapshot != now);
        let Some(before) = before else {
            return Err(ReleaseError::NothingBefore { channel: channel.to_owned(), current: now });
        };
        let gone =
            || ReleaseError::GoneBefore { channel: channel.to_owned(), snapshot: before.snapshot.clone() };
        self.snapshots()?.into_iter().find(|it| it.name == before.snapshot).ok_or_else(gone)
    }
}
