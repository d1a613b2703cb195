//! The signed packages become a tree: every file of it an object of the store.
//!
//! ```text
//! RPM-GPG-KEY-<distribution>          the public key
//! <distribution>.repo                 for /etc/yum.repos.d
//! <Repo>/<arch>/os/Packages/z/..      the packages
//! <Repo>/<arch>/os/repodata/          repomd.xml, repomd.xml.asc and what they list
//! <Repo>/<arch>/os/.treeinfo          what installers look for; .discinfo and media.repo likewise
//! <Repo>/<arch>/debug/tree/           the same for debugging data
//! <Repo>/source/tree/                 the same for source packages
//! metadata/, COMPOSE_ID               what the compose is: productmd's files
//! ```
//!
//! Nothing is on a client's path yet: that is for a release to do.

mod extras;
mod modules;
mod productmd;
mod repository;
mod seal;

use std::collections::BTreeMap;

use heirloom_formats::repodata::Compression;
use heirloom_model::digest::Hasher;
use heirloom_model::gate::GateReport;
use heirloom_model::record::{Composed, Signed, Tree, TreeFile};
use heirloom_model::{Digest, Nevra};
use heirloom_sign::SecretKey;
use heirloom_store::Store;

use crate::ComposeError;
use crate::plan::{ComposePlan, Place, Placement};
use extras::Documents;
pub use extras::Seen;
use productmd::Productmd;
pub use seal::{MetadataToSign, Unsealed, without_signatures};

/// Raised when the same input gives another tree than before.
const FORMAT: u32 = 2;

/// What clients are told of the distribution.
pub struct Release<'a> {
    /// Short name, for file names.
    pub id: &'a str,
    /// Full name.
    pub name: &'a str,
    /// Version with its minor.
    pub version: &'a str,
    /// File name of the source package of each accepted package.
    pub sources: &'a BTreeMap<Digest, String>,
    /// The text of the file for /etc/yum.repos.d.
    pub repository_file: &'a str,
    /// The key that has signed the packages, and will sign metadata.
    pub key: &'a SecretKey,
    /// What dnf filters modules by: `platform:el9`.
    pub platform_id: &'a str,
    /// Packages of the reference that are called otherwise here.
    pub renamed: &'a BTreeMap<Nevra, Nevra>,
    /// Default streams by module, which count instead of the reference's.
    pub default_streams: &'a BTreeMap<String, String>,
    /// How metadata is compressed.
    pub compression: Compression,
    /// What the reference's repositories have beside packages: by repository and architecture, by kind in repomd.xml,
    /// the objects that hold it.
    pub extras: BTreeMap<(String, String), BTreeMap<String, Digest>>,
}

/// A composed tree that the gate has not let through, and whose metadata is not signed.
pub struct Draft {
    composed: Composed,
    metadata: Vec<MetadataToSign>,
    /// What was made of the reference's documents.
    pub seen: Seen,
}

impl Draft {
    /// Digest of everything that went in.
    #[must_use]
    pub fn id(&self) -> Digest {
        self.composed.id
    }

    /// The tree, if the gate found nothing that stands in its way.
    ///
    /// # Errors
    /// It did.
    pub fn let_through(self, report: &GateReport) -> Result<Unsealed, ComposeError> {
        match report.is_refused() {
            true => Err(ComposeError::Refused),
            false => Ok(Unsealed { composed: self.composed, metadata: self.metadata }),
        }
    }
}

/// Writes the tree's metadata into the store and lists its files. `jobs` is how many packages are read at a time, where
/// what was kept of them was lost.
///
/// # Errors
/// A placed package that was not signed with this key, or a store that fails.
pub fn write(
    store: &Store,
    plan: &ComposePlan,
    signed: &[Signed],
    release: &Release<'_>,
    jobs: usize,
) -> Result<Draft, ComposeError> {
    Writer::new(store, plan, signed, release, jobs)?.tree()
}

struct Writer<'a> {
    store: &'a Store,
    plan: &'a ComposePlan,
    release: &'a Release<'a>,
    public_key: String,
    /// The signed package of each accepted one.
    signed: BTreeMap<Digest, &'a Signed>,
    jobs: usize,
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
        let signed: BTreeMap<_, _> =
            signed.iter().filter(|signed| signed.key == key).map(|signed| (signed.package, signed)).collect();
        let public_key = release.key.public_armoured().map_err(ComposeError::Key)?;
        for accepted in plan.placements.iter().map(|placement| &placement.accepted) {
            let nevra = || accepted.nevra().clone();
            match signed.get(&accepted.digest()) {
                Some(signed) if store.contains(signed.signed) => {}
                Some(_) => return Err(ComposeError::Lost(nevra())),
                None => return Err(ComposeError::NotSigned { nevra: nevra(), key: key.to_owned() }),
            }
        }
        Ok(Self { store, plan, release, public_key, signed, jobs })
    }

    /// The packages of a repository, in the order of their locations.
    fn packages(&self, place: &Place) -> Vec<(&'a Placement, &'a Signed)> {
        let placements = self.plan.repository(place);
        let with_signed =
            |placement: &'a Placement| Some((placement, *self.signed.get(&placement.accepted.digest())?));
        let mut packages: Vec<_> = placements.filter_map(with_signed).collect();
        packages.sort_by_cached_key(|(placement, _)| placement.location());
        packages
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
        let Release { id, name, version, repository_file, platform_id, .. } = self.release;
        let Release { renamed, default_streams, .. } = self.release;
        let Release { compression, extras, .. } = self.release;
        let compression = format!("{compression:?}");
        line(&[
            "compose",
            &FORMAT.to_string(),
            id,
            name,
            version,
            platform_id,
            repository_file,
            &compression,
            &self.public_key,
        ]);
        for (theirs, ours) in *renamed {
            line(&["renamed", &theirs.to_string(), &ours.to_string()]);
        }
        for (module, stream) in *default_streams {
            line(&["default", module, stream]);
        }
        for place in &self.plan.repositories {
            line(&["repository", &place.path()]);
        }
        for ((name, arch), kinds) in extras {
            for (kind, digest) in kinds {
                line(&["extra", name, arch, kind, &digest.to_string()]);
            }
        }
        for placement in &self.plan.placements {
            let signed =
                self.signed.get(&placement.accepted.digest()).map(|signed| signed.signed.to_string());
            line(&["package", &placement.place.path(), &placement.location(), &signed.unwrap_or_default()]);
        }
        hasher.finish()
    }

    fn tree(&self) -> Result<Draft, ComposeError> {
        let mut files = Vec::new();
        let (mut repositories, mut all, mut metadata) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = Seen::default();
        let mut extras = BTreeMap::new();
        for arch in &self.plan.arches {
            extras.extend(Documents::of(self, arch)?.select(&mut seen)?);
        }
        for place in &self.plan.repositories {
            let extras = extras.remove(place).unwrap_or_default();
            let (repository, done) = self.repository(place, &extras, &mut files)?;
            metadata.push(MetadataToSign {
                path: format!("{}/{}", repository.path, seal::REPOMD),
                digest: repository.repomd,
                time: done.newest,
            });
            repositories.push(repository);
            all.push(done);
        }
        Productmd { writer: self, done: &all, seen: &seen }.write(&mut files)?;
        let id = self.release.id;
        files.push(self.keep(format!("RPM-GPG-KEY-{id}"), self.public_key.as_bytes())?);
        files.push(self.keep(format!("{id}.repo"), self.release.repository_file.as_bytes())?);
        files.sort();
        repositories.sort_by(|a, b| a.path.cmp(&b.path));
        metadata.sort();
        let tree = self.json(&Tree { files })?;
        Ok(Draft { composed: Composed { id: self.id(), tree, repositories }, metadata, seen })
    }

    fn keep(&self, path: String, bytes: &[u8]) -> Result<TreeFile, ComposeError> {
        Ok(TreeFile { path, digest: self.store.put(bytes)?, size: bytes.len() as u64 })
    }

    fn json(&self, value: &impl serde::Serialize) -> Result<Digest, ComposeError> {
        Ok(self.store.put(&serde_json::to_vec(value).map_err(ComposeError::Json)?)?)
    }
}
