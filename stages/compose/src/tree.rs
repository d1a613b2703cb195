//! The signed packages become a tree: every file of it an object of the store.
//!
//! ```text
//! RPM-GPG-KEY-<distribution>      the public key
//! <distribution>.repo             for /etc/yum.repos.d
//! <Repo>/<arch>/os/Packages/z/..  the packages
//! <Repo>/<arch>/os/repodata/      repomd.xml, repomd.xml.asc and what they list
//! ```
//!
//! Nothing is on a client's path yet: that is for a release to do.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::Document;
use heirloom_formats::comps::Comps;
use heirloom_formats::repodata::{Compression, ExtraRecord};
use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use heirloom_model::record::{
    Composed, ComposedPackage, ComposedRepository, RepositoryKind, Signed, Tree, TreeFile,
};
use heirloom_sign::{Keyring, SecretKey};
use heirloom_store::Store;

use crate::plan::{ComposePlan, Placement};
use crate::repodata::{Placed, write_repodata};
use crate::{ComposeError, check};

/// Raised when the same input gives another tree than before.
const FORMAT: u32 = 1;

/// What clients are told of the distribution.
pub struct Release<'a> {
    /// Short name, for file names and the ids of repositories.
    pub id: &'a str,
    /// Full name.
    pub name: &'a str,
    /// The URL under which the published directory is served.
    pub url: &'a str,
    /// The key that signs metadata, and has signed the packages.
    pub key: &'a SecretKey,
    /// For a repository: the object with its reference's comps.xml.
    pub comps: BTreeMap<String, Digest>,
}

/// Writes the tree's metadata into the store and lists its files.
///
/// # Errors
/// A placed package that was not signed with this key, a tree that [`check()`](crate::check()) finds fault
/// with, a store or a disk that fails.
pub fn write(
    store: &Store,
    plan: &ComposePlan,
    signed: &[Signed],
    release: &Release<'_>,
    jobs: usize,
) -> Result<Composed, ComposeError> {
    let writer = Writer::new(store, plan, signed, release, jobs)?;
    let keyring = Keyring::from_armoured(writer.public_key.as_bytes()).map_err(ComposeError::Key)?;
    let faults = check(store, plan, &writer.packages, &keyring, jobs)?;
    if !faults.is_empty() {
        return Err(ComposeError::Faulty(faults));
    }
    let composed = writer.tree()?;
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
    jobs: usize,
    /// Each placement's signed package.
    packages: Vec<(&'a Placement, &'a Signed)>,
}

impl<'a> Writer<'a> {
    fn new(
        store: &'a Store,
        plan: &'a ComposePlan,
        signed: &'a [Signed],
        release: &'a Release<'a>,
        jobs: usize,
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
        Ok(Self { store, plan, release, public_key, jobs, packages })
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

    fn tree(&self) -> Result<Composed, ComposeError> {
        let mut files = Vec::new();
        let mut repositories = Vec::new();
        for repository in &self.plan.repositories {
            repositories.push(self.repository(repository, &mut files)?);
        }
        let id = self.release.id;
        for (path, text) in
            [(format!("RPM-GPG-KEY-{id}"), &self.public_key), (format!("{id}.repo"), &self.repo_file())]
        {
            files.push(self.keep(path, text.as_bytes())?);
        }
        files.sort();
        let tree = self.json(&Tree { files })?;
        Ok(Composed { id: self.id(), tree, repositories })
    }

    fn keep(&self, path: String, bytes: &[u8]) -> Result<TreeFile, ComposeError> {
        Ok(TreeFile { path, digest: self.store.put(bytes)?, size: bytes.len() as u64 })
    }

    fn json(&self, value: &impl serde::Serialize) -> Result<Digest, ComposeError> {
        Ok(self.store.put(&serde_json::to_vec(value).map_err(ComposeError::Json)?)?)
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

    fn repository(&self, name: &str, files: &mut Vec<TreeFile>) -> Result<ComposedRepository, ComposeError> {
        let path = root(self.plan, name);
        let mut placed = Vec::new();
        let mut contents = Vec::new();
        for (placement, signed) in self.packages_of(name) {
            let nevra = placement.accepted.nevra();
            if !self.store.contains(signed.signed) {
                return Err(ComposeError::Lost(nevra.clone()));
            }
            let location = placement.location();
            let file = format!("{path}/{location}");
            files.push(TreeFile { path: file, digest: signed.signed, size: signed.size });
            placed.push(Placed { location: location.clone(), digest: signed.signed });
            contents.push(ComposedPackage {
                location,
                nevra: nevra.clone(),
                accepted: signed.package,
                signed: signed.signed,
                size: signed.size,
            });
        }
        let comps = self.comps(name)?;
        let group = comps.iter().map(|comps| ExtraRecord {
            kind: "group",
            file_name: "comps.xml",
            content: comps.as_bytes(),
        });
        // gzip is what clients of every age read.
        let group: Vec<_> = group.collect();
        let written = write_repodata(self.store, name, &placed, &group, Compression::Gzip, self.jobs)?;
        files.extend(
            written.files.into_iter().map(|part| TreeFile { path: format!("{path}/{}", part.path), ..part }),
        );
        let repomd = written.repomd.as_bytes();
        let signature =
            self.release.key.sign_detached(repomd, written.newest).map_err(ComposeError::SignRepomd)?;
        let repomd = self.keep(format!("{path}/repodata/repomd.xml"), repomd)?;
        files.push(self.keep(format!("{path}/repodata/repomd.xml.asc"), signature.as_bytes())?);
        files.push(repomd.clone());
        contents.sort();
        Ok(ComposedRepository {
            name: name.to_owned(),
            kind: RepositoryKind::Binary,
            arch: self.plan.arch.clone(),
            path,
            packages: contents.len(),
            contents: self.json(&contents)?,
            repomd: repomd.digest,
        })
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
}
