//! TUF metadata: a list of files is signed if it is the tree that members have approved for its channel, and what names other
//! metadata if that was signed here and is still to be served.
//!
//! Signatures of repomd.xml and the lists of URLs are made after the approval, and are not in the tree: the first are by the
//! key that is guarded here, the second lead nowhere where that key's signatures would not be asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use heirloom_formats::tuf::{Body, KeyId, PublicKey, Received, Role, Snapshot, Targets, Timestamp, Unsigned};
use heirloom_model::Digest;
use heirloom_model::record::{Tree, is_metadata_signature};
use heirloom_sign::{RawKey, Request};
use serde::{Deserialize, Serialize};

use crate::context::{bytes, replace};
use crate::fail::{Exit, Fail, chain};

/// Largest list of a tree's files, in bytes.
const LARGEST: u64 = 1 << 30;

/// Keys of metadata, and what was signed with them.
pub(super) struct Book {
    dir: PathBuf,
    keys: Vec<RawKey>,
    roles: BTreeMap<String, Role>,
    /// What the metadata files are about that were signed, by their digest.
    signed: Mutex<BTreeMap<Digest, About>>,
}

/// What a metadata file is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    channel: String,
    tree: Digest,
}

/// The trees that a channel may serve.
pub(super) type Allowed<'a> = &'a dyn Fn(&str) -> BTreeSet<Digest>;

impl Book {
    /// The keys of a directory, but for roots, and what was signed before.
    pub(super) fn open(dir: &Path, keys: Option<&Path>) -> Result<Self, Fail> {
        let mut book =
            Self { dir: dir.to_owned(), keys: Vec::new(), roles: BTreeMap::new(), signed: Mutex::default() };
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()))
        };
        fs::create_dir_all(book.trees()).map_err(failed(dir))?;
        if let Some(keys) = keys {
            for entry in fs::read_dir(keys).map_err(failed(keys))? {
                let path = entry.map_err(failed(keys))?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let roles = [Role::Targets, Role::Snapshot, Role::Timestamp];
                let role =
                    roles.into_iter().find(|role| name.starts_with(role.name()) && name.ends_with(".key"));
                if let Some(role) = role {
                    let key = RawKey::load(&path)?;
                    book.roles.insert(key.name(), role);
                    book.keys.push(key);
                }
            }
        }
        if book.record().exists() {
            book.signed = Mutex::new(serde_json::from_slice(&bytes(&book.record(), LARGEST)?)?);
        }
        Ok(book)
    }

    /// The keys.
    pub(super) fn keys(&self) -> &[RawKey] {
        &self.keys
    }

    /// Where lists of trees are kept.
    pub(super) fn trees(&self) -> PathBuf {
        self.dir.join("trees")
    }

    fn record(&self) -> PathBuf {
        self.dir.join("metadata.json")
    }

    fn tree_path(&self, tree: Digest) -> PathBuf {
        self.trees().join(format!("{tree}.json"))
    }

    /// Keeps the list of a tree that was approved.
    pub(super) fn keep(&self, tree: Digest, text: &str) -> Result<(), String> {
        let path = self.tree_path(tree);
        if Digest::of(text.as_bytes()) != tree {
            return Err(format!("the list of files that came with it is not {tree}"));
        }
        match path.exists() {
            true => Ok(()),
            false => replace(&path, text.as_bytes()).map_err(|fail| fail.message),
        }
    }

    fn tree(&self, tree: Digest) -> Result<BTreeMap<String, (Digest, u64)>, String> {
        let missing = |_| format!("the list of the files of {} was not laid into the inbox", tree.short());
        let text = bytes(&self.tree_path(tree), LARGEST).map_err(missing)?;
        let tree: Tree = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        Ok(tree.files.into_iter().map(|file| (file.path, (file.digest, file.size))).collect())
    }

    /// Whether this metadata may be signed; else why not.
    pub(super) fn judge(&self, request: &Request, allowed: Allowed<'_>) -> Result<(), String> {
        match self.roles.get(&request.key) {
            Some(Role::Targets) => self.targets(request, allowed),
            Some(Role::Snapshot) => {
                let (about, version) =
                    self.named::<Snapshot>(request, allowed, |body| body.targets().hashes.sha256)?;
                self.note(request, version, Role::Snapshot, about, allowed)
            }
            Some(Role::Timestamp) => {
                self.named::<Timestamp>(request, allowed, |body| body.snapshot().hashes.sha256).map(drop)
            }
            Some(Role::Root) | None => Err("it holds no such key for metadata".to_owned()),
        }
    }

    fn targets(&self, request: &Request, allowed: Allowed<'_>) -> Result<(), String> {
        let received = received::<Targets>(request)?;
        let channel = channel(&received)?;
        let targets = &received.metadata.body.targets;
        let trees = allowed(&channel);
        let mut why = format!("members have not decided that {channel} serves anything");
        for tree in trees {
            match self.differs(targets, tree)? {
                None => {
                    let about = About { channel, tree };
                    return self.note(request, received.metadata.version, Role::Targets, about, allowed);
                }
                Some(path) => {
                    why = format!(
                        "{path} is not as members have approved it for {channel}, tree {}",
                        tree.short()
                    );
                }
            }
        }
        Err(why)
    }

    /// The first path in which a list of files is not a tree.
    fn differs(
        &self,
        targets: &BTreeMap<String, heirloom_formats::tuf::Target>,
        tree: Digest,
    ) -> Result<Option<String>, String> {
        let approved = self.tree(tree)?;
        let mut left: BTreeSet<&String> = approved.keys().collect();
        let mut earlier = BTreeSet::new();
        for (path, target) in targets {
            left.remove(path);
            if target.is_superseded() {
                earlier.insert((path.clone(), target.digest()));
            } else if approved.get(path) != Some(&(target.digest(), target.length)) && !is_made_later(path) {
                return Ok(Some(path.clone()));
            }
        }
        if let Some(path) = left.first() {
            return Ok(Some((*path).clone()));
        }
        self.never_approved(earlier)
    }

    /// The first of these files that is in no tree that was ever approved.
    fn never_approved(&self, mut files: BTreeSet<(String, Digest)>) -> Result<Option<String>, String> {
        if files.is_empty() {
            return Ok(None);
        }
        let entries = fs::read_dir(self.trees()).map_err(|error| error.to_string())?;
        for entry in entries {
            let name = entry.map_err(|error| error.to_string())?.file_name();
            let digest = name.to_string_lossy().strip_suffix(".json").and_then(|name| name.parse().ok());
            if let Some(digest) = digest {
                let tree = self.tree(digest)?;
                files.retain(|(path, digest)| tree.get(path).is_none_or(|(known, _)| known != digest));
            }
        }
        Ok(files.into_iter().next().map(|(path, _)| path))
    }

    /// What metadata is about that names other metadata: that must have been signed here, and be still to be served.
    fn named<B: Body>(
        &self,
        request: &Request,
        allowed: Allowed<'_>,
        names: impl Fn(&B) -> Digest,
    ) -> Result<(About, u64), String> {
        let received = received::<B>(request)?;
        let channel = channel(&received)?;
        let digest = names(&received.metadata.body);
        let signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        let about = signed.get(&digest).filter(|about| about.channel == channel);
        let about = about.ok_or_else(|| {
            format!(
                "it names metadata of {channel} that was not signed here, or is not to be served any more"
            )
        })?;
        match allowed(&channel).contains(&about.tree) {
            true => Ok((about.clone(), received.metadata.version)),
            false => Err(format!("members have decided that {channel} serves something else by now")),
        }
    }

    /// Notes what a file is about that is signed now, and forgets what is not to be served any more.
    fn note(
        &self,
        request: &Request,
        version: u64,
        role: Role,
        about: About,
        allowed: Allowed<'_>,
    ) -> Result<(), String> {
        let key = self.keys.iter().find(|key| key.name() == request.key);
        let id = |key: &RawKey| Some((PublicKey::from_bytes(key.public())?.id(), key.sign(&request.data)));
        let signature: Option<(KeyId, Vec<u8>)> = key.and_then(id);
        let signature = signature.ok_or_else(|| "its key is a weak one".to_owned())?;
        let file = Unsigned { role, version, bytes: request.data.clone() }.attach(&[signature]);
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        let trees = allowed(&about.channel);
        signed.retain(|_, other| other.channel != about.channel || trees.contains(&other.tree));
        signed.insert(Digest::of(&file), about);
        let text = serde_json::to_vec(&*signed).map_err(|error| error.to_string())?;
        replace(&self.record(), &text).map_err(|fail| fail.message)
    }
}

/// Whether a file is made after members have approved the tree.
fn is_made_later(path: &str) -> bool {
    path.starts_with("mirrorlist/") || is_metadata_signature(path)
}

/// What is to be signed, if it is metadata in its one form.
fn received<B: Body>(request: &Request) -> Result<Received<B>, String> {
    let file = [&b"{\"signatures\":[],\"signed\":"[..], &request.data, b"}"].concat();
    let received = Received::parse("metadata", &file).map_err(|error| chain(&error))?;
    match received.canonical() == request.data {
        true => Ok(received),
        false => Err("it is not in the canonical form".to_owned()),
    }
}

fn channel<B>(received: &Received<B>) -> Result<String, String> {
    received.metadata.channel.clone().ok_or_else(|| "it does not say of which channel it is".to_owned())
}
