//! Whether everything that is kept and served is what it should be; and mending what is not.
//!
//! What is found is data; an error means that the check could not look. Objects and signatures that were found good
//! before are not read again, unless everything is to be.

mod channels;
mod governance;
mod objects;
mod signatures;
mod trees;
mod tuf;

use std::collections::BTreeMap;
use std::path::PathBuf;

use heirloom_model::Digest;
use heirloom_model::record::{Snapshot, Tree};
use serde::Serialize;

use crate::{ReleaseError, Site};

/// What a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// An object is damaged, or is missing although a record or a snapshot needs it.
    Object,
    /// A file of a snapshot or view is missing, changed, superfluous or can't be read by everyone.
    File,
    /// A package or a repomd.xml is not signed by the distribution's key.
    Signature,
    /// A snapshot that should be there is not, or its list of files is lost.
    Snapshot,
    /// A channel leads nowhere, or elsewhere than the ledger says.
    Channel,
}

/// What becomes of a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mend {
    /// It can be repaired, so.
    Can(String),
    /// It was repaired, so.
    Done(String),
    /// It can't be repaired here; this is what to do.
    Cannot(String),
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What it is about.
    pub kind: FaultKind,
    /// The file, snapshot or channel.
    pub place: String,
    /// What was expected and what was found.
    pub what: String,
    /// What becomes of it.
    pub mend: Mend,
}

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// All that is not as it should be.
    pub faults: Vec<Fault>,
    /// Objects of the store.
    pub objects: usize,
    /// Files of snapshots and views.
    pub files: usize,
    /// Signatures of packages and metadata.
    pub signatures: usize,
}

impl Checked {
    /// Whether nothing is wrong any more.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.iter().all(|fault| matches!(fault.mend, Mend::Done(_)))
    }
}

/// Who needs an object, and what makes it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// `imported zlib`
    pub by: String,
    /// `heirloom import`
    pub remedy: String,
}

/// How to look.
pub struct Check<'a> {
    /// Reads everything, whatever was found good before.
    pub full: bool,
    /// Repairs what can be repaired.
    pub repair: bool,
    /// Files that are read at a time.
    pub jobs: usize,
    /// The time, in seconds since 1970.
    pub now: u64,
    /// The distribution's public key, armoured. What a snapshot's own key has signed is good too: it is the one of
    /// that time.
    pub key: &'a str,
    /// Objects that records need.
    pub needs: BTreeMap<Digest, Need>,
}

/// A snapshot or view on disk, and what it should have.
struct Place<'a> {
    /// How it is called: `vault/2026-03-14-..`, `channels/9/17`.
    name: String,
    dir: PathBuf,
    snapshot: &'a Snapshot,
    /// The channel, of a view.
    channel: Option<String>,
    tree: &'a Tree,
    /// Files that it has beside the tree's.
    earlier: BTreeMap<String, heirloom_model::record::TreeFile>,
    /// Files that it may have.
    allowed: BTreeMap<String, Digest>,
}

impl Site<'_> {
    /// Checks objects, snapshots, views, signatures and channels.
    ///
    /// # Errors
    /// The store or the document root can't be read, or a repair can't be written.
    pub fn check(&self, how: &Check<'_>) -> Result<Checked, ReleaseError> {
        if how.repair {
            self.mend()?;
        }
        let mut checked = Checked::default();
        let mut found = objects::look(self, how, &mut checked)?;
        let lost = self.lost_snapshots(how)?;
        let snapshots = self.snapshots()?;
        objects::restore(self, how, &snapshots, &mut found, &mut checked)?;
        checked.faults.extend(lost);
        let trees = trees::read(self, &snapshots, &mut checked);
        let places = trees::places(self, &snapshots, &trees)?;
        for place in &places {
            trees::check(self, how, place, &found, &mut checked)?;
        }
        signatures::check(self, how, &snapshots, &trees, &found, &mut checked)?;
        channels::check(self, how, &snapshots, &mut checked)?;
        checked.faults.sort_by(|a, b| (a.kind, &a.place).cmp(&(b.kind, &b.place)));
        Ok(checked)
    }

    /// Snapshots that are recorded, that the rules keep, and that are not there.
    fn lost_snapshots(&self, how: &Check<'_>) -> Result<Vec<Fault>, ReleaseError> {
        let mut all = self.store.all::<Snapshot>()?;
        all.sort_by_key(|snapshot| snapshot.made);
        let there = self.snapshots()?;
        let rules = crate::keep::by_rules(&self.rules.vault, &all);
        let today = heirloom_model::allowance::Date::from_unix(how.now);
        let mut faults = Vec::new();
        for (snapshot, rule) in all.iter().zip(rules) {
            let same = there.iter().any(|other| other.composed.tree == snapshot.composed.tree);
            if same || rule.is_some_and(|day| day < today) {
                continue;
            }
            let again = "lays it out again from the store".to_owned();
            let mend = match self.tree(snapshot) {
                Err(_) => Mend::Cannot("its list of files is gone: copy it from a mirror's vault".to_owned()),
                Ok(_) if !how.repair => Mend::Can(again),
                Ok(_) => match self.write_snapshot(snapshot) {
                    Ok(()) => Mend::Done("laid out again from the store".to_owned()),
                    Err(error @ ReleaseError::Lost { .. }) => Mend::Cannot(error.to_string()),
                    Err(error) => return Err(error),
                },
            };
            faults.push(Fault {
                kind: FaultKind::Snapshot,
                place: format!("vault/{}", snapshot.name),
                what: "is recorded, and kept by `publish.vault`, but is not there".to_owned(),
                mend,
            });
        }
        Ok(faults)
    }

    /// The objects that snapshots need, each with the place that needs it.
    fn needs(&self, snapshots: &[Snapshot]) -> BTreeMap<Digest, Need> {
        let mut needs = BTreeMap::new();
        for snapshot in snapshots {
            let root = format!("vault/{}", snapshot.name);
            let mut add = |digest, by: String, remedy: String| {
                needs.entry(digest).or_insert(Need { by, remedy });
            };
            for digest in crate::keep::lists(&snapshot.composed) {
                add(digest, root.clone(), "compose again: the same input gives the same lists".to_owned());
            }
            for file in self.tree(snapshot).unwrap_or_default().files {
                let path = format!("{root}/{}", file.path);
                let remedy = format!(
                    "copy it from a mirror or a backup to {}, then run `heirloom fsck --repair`",
                    self.root.join(&path).display()
                );
                add(file.digest, path, remedy);
            }
        }
        needs
    }
}
