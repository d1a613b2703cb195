//! The signed packages become a published tree.
//!
//! ```text
//! <state>/
//!   composes/<id>/                    a finished tree; it never changes. <id> is the digest of what went in
//!     RPM-GPG-KEY-<distribution>      the public key
//!     <distribution>.repo             for /etc/yum.repos.d
//!     <Repo>/<arch>/os/Packages/z/..  hard links to the store's objects
//!     <Repo>/<arch>/os/repodata/      repomd.xml, repomd.xml.asc and what they list
//!   composes/.new/                    a tree being written; thrown away by the next call
//!   published -> composes/<id>        what clients see; switched in one step
//! ```
//!
//! A tree gets its name when all of it is on disk and [`check()`](crate::check()) found nothing; until the
//! link is switched, clients go on with the one before, which stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use heirloom_formats::Document;
use heirloom_formats::comps::Comps;
use heirloom_formats::repodata::{Compression, ExtraRecord, Options, write_repository};
use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use heirloom_model::record::{Composed, ComposedRepository, Signed};
use heirloom_sign::{Keyring, SecretKey};
use heirloom_store::Store;

use crate::plan::{ComposePlan, Placement};
use crate::sign::Entry;
use crate::{ComposeError, check, file};

/// Raised when the same input gives another tree than before.
const FORMAT: u32 = 1;

/// What clients are told of the distribution.
pub struct Release<'a> {
    /// Short name, for file names and the ids of repositories.
    pub id: &'a str,
    /// Full name.
    pub name: &'a str,
    /// The URL under which `published` is served.
    pub url: &'a str,
    /// The key that signs metadata, and has signed the packages.
    pub key: &'a SecretKey,
    /// For a repository: the object with its reference's comps.xml.
    pub comps: BTreeMap<String, Digest>,
}

/// Writes the tree and publishes it. A tree of the same input is there already, then it is only published.
///
/// # Errors
/// A placed package that was not signed with this key, a tree that [`check()`](crate::check()) finds fault
/// with, a store or a disk that fails. What is published stays as it was.
pub fn write(
    store: &Store,
    plan: &ComposePlan,
    signed: &[Signed],
    release: &Release<'_>,
    jobs: usize,
) -> Result<Composed, ComposeError> {
    let writer = Writer::new(store, plan, signed, release)?;
    let composes = store.dir().join("composes");
    let new = composes.join(".new");
    file::remove_dir(&new)?;
    let id = writer.id();
    let tree = composes.join(id.to_string());
    if !tree.is_dir() {
        file::make_dir(&new)?;
        writer.tree(&new)?;
        let keyring = Keyring::from_armoured(writer.public_key.as_bytes()).map_err(ComposeError::Key)?;
        let faults = check(&new, plan, &keyring, jobs)?;
        if !faults.is_empty() {
            return Err(ComposeError::Faulty(faults));
        }
        file::sync_tree(&new)?;
        file::rename(&new, &tree)?;
    }
    let composed = writer.composed(id, &tree)?;
    publish(store, id)?;
    store.append(&composed)?;
    Ok(composed)
}

/// Path of a repository's root below the tree's.
pub(crate) fn root(plan: &ComposePlan, repository: &str) -> String {
    format!("{repository}/{}/os", plan.arch)
}

struct Writer<'a> {
    store: &'a Store,
    plan: &'a ComposePlan,
    release: &'a Release<'a>,
    public_key: String,
    /// Each placement's signed package.
    packages: Vec<(&'a Placement, &'a Signed)>,
}

impl<'a> Writer<'a> {
    fn new(
        store: &'a Store,
        plan: &'a ComposePlan,
        signed: &'a [Signed],
        release: &'a Release<'a>,
    ) -> Result<Self, ComposeError> {
        let key = release.key.fingerprint();
        let of: BTreeMap<_, _> =
            signed.iter().filter(|signed| signed.key == key).map(|signed| (signed.package, signed)).collect();
        let pair = |placement: &'a Placement| {
            let signed = of.get(&placement.accepted.digest());
            let unsigned =
                || ComposeError::NotSigned { nevra: placement.accepted.nevra().clone(), key: key.to_owned() };
            Ok((placement, *signed.ok_or_else(unsigned)?))
        };
        let packages = plan.placements.iter().map(pair).collect::<Result<_, ComposeError>>()?;
        let public_key = release.key.public_armoured().map_err(ComposeError::Key)?;
        Ok(Self { store, plan, release, public_key, packages })
    }

    /// The digest of everything that goes in.
    fn id(&self) -> Digest {
        let mut hasher = Hasher::default();
        let mut line = |words: &[&str]| {
            for word in words {
                hasher.update(word.as_bytes());
                hasher.update(b"\0");
            }
            hasher.update(b"\n");
        };
        let Release { id, name, url, comps, .. } = self.release;
        line(&["compose", &FORMAT.to_string(), &self.plan.arch, id, name, url, &self.public_key]);
        for repository in &self.plan.repositories {
            let comps = comps.get(repository).map(Digest::to_string).unwrap_or_default();
            line(&["repository", repository, &comps]);
        }
        for (placement, signed) in &self.packages {
            line(&["package", &placement.repository, &placement.location(), &signed.signed.to_string()]);
        }
        hasher.finish()
    }

    fn tree(&self, tree: &Path) -> Result<(), ComposeError> {
        for repository in &self.plan.repositories {
            self.repository(repository, &tree.join(root(self.plan, repository)))?;
        }
        let id = self.release.id;
        file::write(&tree.join(format!("RPM-GPG-KEY-{id}")), self.public_key.as_bytes())?;
        file::write(&tree.join(format!("{id}.repo")), self.repo_file().as_bytes())
    }

    /// For /etc/yum.repos.d. The ids are those of the `<id>-release` package, which takes over later.
    fn repo_file(&self) -> String {
        let Release { id, name, url, .. } = self.release;
        let url = url.trim_end_matches('/');
        let section = |repository: &String| {
            format!(
                "[{id}-{repository}]\n\
                 name={name} - {repository}\n\
                 baseurl={url}/{repository}/$basearch/os/\n\
                 gpgkey={url}/RPM-GPG-KEY-{id}\n\
                 gpgcheck=1\n\
                 repo_gpgcheck=1\n\
                 enabled=1\n"
            )
        };
        self.plan.repositories.iter().map(section).collect::<Vec<_>>().join("\n")
    }

    fn repository(&self, name: &str, root: &Path) -> Result<(), ComposeError> {
        let mut fragments = Vec::new();
        let mut newest = 0;
        for (placement, signed) in self.packages_of(name) {
            let place = root.join(placement.location());
            place.parent().map_or(Ok(()), file::make_dir)?;
            if !self.store.contains(signed.signed) {
                return Err(ComposeError::Lost(placement.accepted.nevra().clone()));
            }
            file::link(&self.store.path(signed.signed), &place)?;
            let entry = self.store.read(signed.repodata)?;
            let entry: Entry = serde_json::from_slice(&entry)
                .map_err(|source| ComposeError::Kept { nevra: placement.accepted.nevra().clone(), source })?;
            newest = newest.max(entry.time);
            fragments.push(entry.fragment);
        }
        let comps = self.comps(name)?;
        let group = comps.iter().map(|comps| ExtraRecord {
            kind: "group",
            file_name: "comps.xml",
            content: comps.as_bytes(),
        });
        // gzip is what clients of every age read.
        let options =
            Options { compression: Compression::Gzip, revision: newest.to_string(), timestamp: newest };
        let written = write_repository(&fragments, &group.collect::<Vec<_>>(), &options)
            .map_err(|source| ComposeError::Repodata { repository: name.to_owned(), source })?;
        file::make_dir(&root.join("repodata"))?;
        for part in &written.files {
            file::write(&root.join(&part.location), &part.bytes)?;
        }
        let repomd = written.repomd_xml.as_bytes();
        let signature = self.release.key.sign_detached(repomd, newest).map_err(ComposeError::SignRepomd)?;
        file::write(&root.join("repodata/repomd.xml"), repomd)?;
        file::write(&root.join("repodata/repomd.xml.asc"), signature.as_bytes())
    }

    fn packages_of(&self, name: &str) -> impl Iterator<Item = (&'a Placement, &'a Signed)> {
        self.packages.iter().copied().filter(move |(placement, _)| placement.repository == name)
    }

    /// The reference's groups, with those of their packages that the tree has. They need not be in the same
    /// repository: clients put the groups of all together.
    fn comps(&self, name: &str) -> Result<Option<String>, ComposeError> {
        let Some(&digest) = self.release.comps.get(name) else { return Ok(None) };
        let bytes = self.store.read(digest)?;
        let document = format!("comps.xml of {name}");
        let comps = Comps::parse(Document::new(&document, &bytes))?;
        let names: BTreeSet<_> =
            self.plan.placements.iter().map(|placement| placement.accepted.nevra().name()).collect();
        Ok(Some(comps.filtered(|package| names.contains(package))))
    }

    fn composed(&self, id: Digest, tree: &Path) -> Result<Composed, ComposeError> {
        let repositories = self.plan.repositories.iter().map(|name| {
            let path = root(self.plan, name);
            let repomd = file::read(&tree.join(&path).join("repodata/repomd.xml"))?;
            let packages = self.packages_of(name).count();
            Ok(ComposedRepository { name: name.clone(), path, packages, repomd: Digest::of(&repomd) })
        });
        Ok(Composed { id, repositories: repositories.collect::<Result<_, ComposeError>>()? })
    }
}

/// Switches the link that clients follow.
fn publish(store: &Store, id: Digest) -> Result<(), ComposeError> {
    let (published, target) = (store.dir().join("published"), Path::new("composes").join(id.to_string()));
    if std::fs::read_link(&published).is_ok_and(|current| current == target) {
        return Ok(());
    }
    let new = store.dir().join("published.new");
    let _ = std::fs::remove_file(&new);
    std::os::unix::fs::symlink(&target, &new).map_err(|source| ComposeError::io("make", &new, source))?;
    file::rename(&new, &published)
}
