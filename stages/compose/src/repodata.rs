//! A repository's metadata from packages of the store. What a package's header says is kept beside it when it enters,
//! and read from there; where that was lost, it is made again.

use std::fs;

use heirloom_formats::repodata::{
    CHANGELOG_ENTRIES, Compression, ExtraRecord, Fragment, PackageFacts, RepositoryWriter,
};
use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use heirloom_model::record::TreeFile;
use heirloom_store::Store;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::parallel::for_each;
use crate::{ComposeError, label};

/// Changes when fragments are made otherwise, or have another form.
const FRAGMENT: &str = "fragment/1";
/// Changes when the same input gives other metadata.
const WRITTEN: &str = "repodata/3";
/// Packages that are in memory at a time.
const BATCH: usize = 256;
/// Packages that a thread takes at a time.
const PIECE: usize = 32;

/// An RPM of the store, and its place in a repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// Path below the repository's root.
    pub location: String,
    /// The RPM.
    pub digest: Digest,
}

/// A repository's metadata, every file of it an object of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repodata {
    /// `repodata/repomd.xml`, which is to be signed and put in place last.
    pub repomd: String,
    /// When the newest package was built, in seconds since 1970: the time of all of it.
    pub newest: u64,
    /// What it lists; paths are below the repository's root.
    pub files: Vec<TreeFile>,
}

/// Describes an RPM of the store, and keeps that there.
///
/// # Errors
/// The RPM is not there, is damaged, or has characters that XML can't hold.
pub fn describe(store: &Store, digest: Digest) -> Result<Fragment, ComposeError> {
    let path = store.path(digest);
    let size = fs::metadata(&path).map_err(|source| ComposeError::io("read", &path, source))?.len();
    let header = Header::open(&path)?;
    label::keep(store, digest, &header);
    let file_time = header.info.build_time;
    let facts = PackageFacts { digest, size, file_time, changelog_entries: CHANGELOG_ENTRIES };
    let fragment = Fragment::from_header(&header, &facts)?;
    let bytes = fragment.to_bytes().map_err(|source| ComposeError::io("compress", &path, source))?;
    store.derive(FRAGMENT, [(digest, bytes.as_slice())]);
    Ok(fragment)
}

/// The metadata of these packages, in any order, and of what else the repository lists. Where the same was written
/// before, it is found again. `jobs` is how many headers are read at a time where fragments were lost.
///
/// # Errors
/// Two packages have one place, a package is gone or damaged, or the store fails.
pub fn write_repodata(
    store: &Store,
    repository: &str,
    packages: &[Placed],
    extra: &[ExtraRecord<'_>],
    compression: Compression,
    jobs: usize,
) -> Result<Repodata, ComposeError> {
    let mut sorted: Vec<&Placed> = packages.iter().collect();
    sorted.sort_unstable();
    let key = key(&sorted, extra, compression);
    if let Some(written) = found(store, key) {
        return Ok(written);
    }
    let written = Writing { store, repository, jobs }.write(&sorted, extra, compression)?;
    let body = serde_json::to_vec(&written).map_err(ComposeError::Json)?;
    store.derive(WRITTEN, [(key, body.as_slice())]);
    Ok(written)
}

/// The digest of all that the bytes depend on.
fn key(packages: &[&Placed], extra: &[ExtraRecord<'_>], compression: Compression) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(compression.ending().as_bytes());
    let mut add = |texts: &[&[u8]]| {
        for text in texts {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
    };
    for ExtraRecord { kind, file_name, content } in extra {
        add(&[kind.as_bytes(), file_name.as_bytes(), Digest::of(content).as_bytes()]);
    }
    for Placed { location, digest } in packages {
        add(&[location.as_bytes(), digest.as_bytes()]);
    }
    hasher.finish()
}

/// What was written under this key, if all of it is still there.
fn found(store: &Store, key: Digest) -> Option<Repodata> {
    let written: Repodata = serde_json::from_slice(&store.derived(WRITTEN, key)?).ok()?;
    written.files.iter().all(|file| store.contains(file.digest)).then_some(written)
}

struct Writing<'a> {
    store: &'a Store,
    repository: &'a str,
    jobs: usize,
}

impl Writing<'_> {
    fn write(
        &self,
        packages: &[&Placed],
        extra: &[ExtraRecord<'_>],
        compression: Compression,
    ) -> Result<Repodata, ComposeError> {
        let parent = self.store.dir().join("incoming");
        let dir = TempDir::new_in(&parent).map_err(|source| ComposeError::io("write in", &parent, source))?;
        let failed = |source| ComposeError::Repodata { repository: self.repository.to_owned(), source };
        let mut writer = RepositoryWriter::create(dir.path(), packages.len(), compression).map_err(failed)?;
        let mut newest = 0;
        for batch in packages.chunks(BATCH) {
            for (placed, fragment) in batch.iter().zip(self.fragments(batch)?) {
                newest = newest.max(fragment.build_time);
                writer.package(&fragment, &placed.location).map_err(failed)?;
            }
        }
        for record in extra {
            writer.extra(record).map_err(failed)?;
        }
        let repomd = writer.finish(&newest.to_string(), newest).map_err(failed)?;
        let mut files = Vec::new();
        for record in &repomd.records {
            let name = record.location.rsplit('/').next().unwrap_or_default();
            let size = self.store.adopt(&dir.path().join(name), record.checksum)?;
            files.push(TreeFile { path: record.location.clone(), digest: record.checksum, size });
        }
        Ok(Repodata { repomd: repomd.to_xml(), newest, files })
    }

    fn fragments(&self, batch: &[&Placed]) -> Result<Vec<Fragment>, ComposeError> {
        let digests: Vec<Digest> = batch.iter().map(|placed| placed.digest).collect();
        let kept: Vec<_> = digests.iter().zip(self.store.derived_all(FRAGMENT, &digests)).collect();
        let pieces: Vec<_> = kept.chunks(PIECE).collect();
        let read = for_each(&pieces, self.jobs, |piece| {
            piece.iter().map(|(digest, bytes)| self.fragment(**digest, bytes.as_deref())).collect()
        });
        read.map(|pieces: Vec<Vec<_>>| pieces.into_iter().flatten().collect())
    }

    fn fragment(&self, digest: Digest, kept: Option<&[u8]>) -> Result<Fragment, ComposeError> {
        let read = kept.and_then(|bytes| Fragment::from_bytes(bytes).ok());
        match read.filter(|fragment| fragment.digest == digest) {
            Some(fragment) => Ok(fragment),
            None => describe(self.store, digest),
        }
    }
}
