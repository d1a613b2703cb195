//! What is sent, in which order, and what is removed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use heirloom_model::Digest;
use heirloom_model::record::{Snapshot, TreeFile};
use serde::{Deserialize, Serialize};

use super::client::{Bucket, Object, S3Error};
use crate::media::{cache, media_type};
use crate::name::{FileClass, MIRRORLIST, VAULT, check_channel, is_root_file};
use crate::{ReleaseError, Site, parallel, tree};

/// What an upload came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Uploaded {
    /// The snapshot that the channel serves in the bucket now.
    pub snapshot: String,
    /// Objects that were sent.
    pub sent: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were there already.
    pub there: usize,
    /// Superseded objects that were removed.
    pub removed: usize,
    /// Superseded objects that clients may still want.
    pub superseded: usize,
}

/// What the bucket has of a channel, by what was done last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    snapshot: String,
    /// Digests by key.
    files: BTreeMap<String, Digest>,
    /// Keys that the snapshot does not have, with the time since when.
    superseded: BTreeMap<String, u64>,
}

/// A file of a channel.
struct Item {
    key: String,
    file: TreeFile,
    text: Option<String>,
}

impl Site<'_> {
    /// Lets a channel of a bucket serve a snapshot, from now on, in seconds since 1970. `jobs` files are sent at a
    /// time, and `tick` is told each.
    ///
    /// # Errors
    /// A name that can't be a channel's, an object that is not in the store, a bucket that fails. Clients have what
    /// they had; the same call goes on.
    pub fn upload(
        &self,
        bucket: &Bucket,
        channel: &str,
        snapshot: &Snapshot,
        (now, jobs): (u64, usize),
        tick: &(dyn Fn(&str) + Sync),
    ) -> Result<Uploaded, ReleaseError> {
        check_channel(channel)?;
        let items = self.items(channel, snapshot)?;
        let there: BTreeMap<String, u64> = bucket.list(&format!("{channel}/"))?.into_iter().collect();
        let note = format!(".heirloom/{channel}.json");
        let noted = bucket.get(&note)?;
        // What can't be read is as good as nothing: it is all looked at again.
        let noted: Noted = noted.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let sender = Sender { site: self, bucket, there: &there, noted: &noted, tick };
        let mut uploaded = Uploaded { snapshot: snapshot.name.clone(), ..Uploaded::default() };
        let vault = format!("{channel}/{VAULT}/");
        let of = |classes: &[FileClass], vaulted: Option<bool>| -> Vec<&Item> {
            let mut found: Vec<_> = items
                .iter()
                .filter(|item| classes.contains(&FileClass::of(&item.key)))
                .filter(|item| vaulted.is_none_or(|vaulted| item.key.starts_with(&vault) == vaulted))
                .collect();
            // A signature comes before what it signs; both of one repository come together.
            found.sort_by_key(|item| {
                let (dir, name) = item.key.rsplit_once('/').unwrap_or_default();
                (dir, name == "repomd.xml")
            });
            found
        };
        sender.send(&of(&[FileClass::Package, FileClass::Metadata], None), jobs, &mut uploaded)?;
        sender.send(&of(&[FileClass::Repomd], Some(true)), jobs, &mut uploaded)?;
        sender.send(&of(&[FileClass::Other], None), jobs, &mut uploaded)?;
        sender.send(&of(&[FileClass::Repomd], Some(false)), 1, &mut uploaded)?;
        self.end(bucket, channel, &items, (&there, &noted), now, &mut uploaded)?;
        Ok(uploaded)
    }

    /// All that a channel is to have, and the files beside it that are the default channel's.
    fn items(&self, channel: &str, snapshot: &Snapshot) -> Result<Vec<Item>, ReleaseError> {
        let mut items = Vec::new();
        for file in self.tree(snapshot)?.files {
            if channel == self.default && is_root_file(&file.path) {
                items.push(Item { key: file.path.clone(), file: file.clone(), text: None });
            }
            if file.path.contains("/repodata/") {
                let key = format!("{channel}/{VAULT}/{}/{}", snapshot.name, file.path);
                items.push(Item { key, file: file.clone(), text: None });
            }
            items.push(Item { key: format!("{channel}/{}", file.path), file, text: None });
        }
        let url = self.rules.s3.as_ref().and_then(|s3| s3.url.as_deref()).unwrap_or(&self.rules.url);
        let base = format!("{}/{channel}", url.trim_end_matches('/'));
        for (name, text) in
            tree::mirrorlists(&snapshot.composed, &[format!("{base}/{VAULT}/{}", snapshot.name), base])
        {
            let path = format!("{MIRRORLIST}/{name}");
            let file = TreeFile { path, digest: Digest::of(text.as_bytes()), size: text.len() as u64 };
            items.push(Item { key: format!("{channel}/{}", file.path), file, text: Some(text) });
        }
        Ok(items)
    }

    /// Notes what is there, and removes what no client wants any more.
    fn end(
        &self,
        bucket: &Bucket,
        channel: &str,
        items: &[Item],
        (there, noted): (&BTreeMap<String, u64>, &Noted),
        now: u64,
        uploaded: &mut Uploaded,
    ) -> Result<(), ReleaseError> {
        let files: BTreeMap<_, _> = items.iter().map(|item| (item.key.clone(), item.file.digest)).collect();
        let mut superseded: BTreeMap<String, u64> = there
            .keys()
            .filter(|key| !files.contains_key(*key))
            .map(|key| (key.clone(), noted.superseded.get(key).copied().unwrap_or(now)))
            .collect();
        let over = |since: u64| now.saturating_sub(since) >= self.in_flight();
        let gone: BTreeSet<String> =
            superseded.iter().filter(|(_, since)| over(**since)).map(|(key, _)| key.clone()).collect();
        let note = |superseded: &BTreeMap<String, u64>| {
            let snapshot = uploaded.snapshot.clone();
            let noted = Noted { snapshot, files: files.clone(), superseded: superseded.clone() };
            let key = format!(".heirloom/{channel}.json");
            let text = serde_json::to_vec(&noted).map_err(|error| S3Error::Wrong(error.to_string()))?;
            let digest = Digest::of(&text);
            let object = Object { key: &key, digest, media_type: "application/json", cache: "no-cache" };
            bucket.put(&object, &text)
        };
        note(&superseded)?;
        gone.iter().try_for_each(|key| bucket.delete(key))?;
        superseded.retain(|key, _| !gone.contains(key));
        if !gone.is_empty() {
            note(&superseded)?;
        }
        (uploaded.removed, uploaded.superseded) = (gone.len(), superseded.len());
        Ok(())
    }
}

struct Sender<'a> {
    site: &'a Site<'a>,
    bucket: &'a Bucket,
    there: &'a BTreeMap<String, u64>,
    noted: &'a Noted,
    tick: &'a (dyn Fn(&str) + Sync),
}

impl Sender<'_> {
    /// Sends what is not there. All of it is, when this returns; after a failure nothing new is begun.
    fn send(&self, items: &[&Item], jobs: usize, uploaded: &mut Uploaded) -> Result<(), ReleaseError> {
        let failed = AtomicBool::new(false);
        let there = AtomicUsize::new(0);
        let sent = parallel::look(items, jobs, |item| {
            if failed.load(Ordering::Relaxed) {
                return Ok(0);
            }
            let sent = self.one(item).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            (self.tick)(&item.key);
            if sent.is_none() {
                there.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, ReleaseError>(sent.unwrap_or(0))
        });
        let sent = sent.into_iter().collect::<Result<Vec<_>, _>>()?;
        uploaded.bytes += sent.iter().sum::<u64>();
        uploaded.there += there.load(Ordering::Relaxed);
        uploaded.sent += items.len() - there.load(Ordering::Relaxed);
        Ok(())
    }

    /// Sends one file; its size, or nothing if it was there.
    fn one(&self, item: &Item) -> Result<Option<u64>, ReleaseError> {
        if self.is_there(item)? {
            return Ok(None);
        }
        let parts: Vec<_> = item.key.split('/').map(str::to_owned).collect();
        let object = Object {
            key: &item.key,
            digest: item.file.digest,
            media_type: media_type(&parts),
            cache: cache(&parts),
        };
        match &item.text {
            Some(text) => self.bucket.put(&object, text.as_bytes())?,
            None => {
                let path = self.site.store.path(item.file.digest);
                tree::check_size(self.site.store, &item.file)?;
                self.bucket.put_file(&object, &path, item.file.size)?;
            }
        }
        Ok(Some(item.file.size))
    }

    fn is_there(&self, item: &Item) -> Result<bool, ReleaseError> {
        let digest = item.file.digest;
        if let Some(size) = self.there.get(&item.key) {
            // Of what is replaced the note does not tell: an interrupted run may have sent another one since.
            let noted = FileClass::of(&item.key).is_named_in_metadata()
                && self.noted.files.get(&item.key) == Some(&digest);
            return Ok(*size == item.file.size && (noted || self.bucket.digest(&item.key)? == Some(digest)));
        }
        // Those beside the channel are not in its list.
        let listed = item.key.contains('/');
        Ok(!listed && self.bucket.digest(&item.key)? == Some(digest))
    }
}
