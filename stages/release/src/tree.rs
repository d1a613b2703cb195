//! Listed trees become directories of links.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use heirloom_formats::tuf::DIR as TUF;
use heirloom_model::Digest;
use heirloom_model::record::{Composed, ComposedRepository, RepositoryKind, Tree, TreeFile};
use heirloom_store::Store;

use crate::name::{MIRRORLIST, is_plain};
use crate::{ReleaseError, file};

/// Reads the list of a tree's files and checks its paths.
pub(crate) fn read(store: &Store, digest: Digest) -> Result<Tree, ReleaseError> {
    let bytes = store.read(digest)?;
    let tree: Tree = serde_json::from_slice(&bytes).map_err(|source| ReleaseError::List {
        digest,
        what: "files",
        source,
    })?;
    let mut before = None;
    for file in &tree.files {
        let top = file.path.split('/').next();
        let why = match &file.path {
            path if !is_plain(path) => "is no plain path",
            path if before >= Some(path) => "is not in its place: the list is not sorted",
            _ if [Some(MIRRORLIST), Some(TUF)].contains(&top) => "is where a snapshot has its own files",
            _ => {
                before = Some(&file.path);
                continue;
            }
        };
        return Err(ReleaseError::Path { tree: digest, path: file.path.clone(), why });
    }
    Ok(tree)
}

/// Links files below a directory, making the directories that they need.
pub(crate) struct Layer<'a> {
    store: &'a Store,
    dir: &'a Path,
    made: BTreeSet<String>,
}

impl<'a> Layer<'a> {
    /// Begins an empty directory.
    pub(crate) fn begin(store: &'a Store, dir: &'a Path) -> Result<Self, ReleaseError> {
        file::remove(dir)?;
        file::make_dir(dir)?;
        Ok(Self { store, dir, made: BTreeSet::new() })
    }

    /// Links one file.
    pub(crate) fn add(&mut self, file: &TreeFile) -> Result<(), ReleaseError> {
        let parent = file.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if !parent.is_empty() && !self.made.contains(parent) {
            file::make_dir(&self.dir.join(parent))?;
            self.made.insert(parent.to_owned());
        }
        link(self.store, file, &self.dir.join(&file.path))
    }

    /// Writes the URLs of the repositories.
    pub(crate) fn mirrorlists(&self, lists: &[(String, String)]) -> Result<(), ReleaseError> {
        let dir = self.dir.join(MIRRORLIST);
        file::make_dir(&dir)?;
        lists.iter().try_for_each(|(name, text)| file::write(&dir.join(name), text))
    }
}

/// Links an object that a tree has, if it is there and has its size.
pub(crate) fn link(store: &Store, file: &TreeFile, to: &Path) -> Result<(), ReleaseError> {
    check_size(store, file)?;
    file::link(&store.path(file.digest), to).map_err(|source| ReleaseError::io("link", to, source))
}

/// An object that a tree has must be there, and have its size.
pub(crate) fn check_size(store: &Store, file: &TreeFile) -> Result<(), ReleaseError> {
    let object = store.path(file.digest);
    let lost = |found: String| ReleaseError::Lost {
        digest: file.digest,
        path: file.path.clone(),
        size: file.size,
        found,
    };
    match object.metadata() {
        Ok(found) if found.len() == file.size => Ok(()),
        Ok(found) => Err(lost(format!("{} bytes long", found.len()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(lost("missing".to_owned())),
        Err(source) => Err(ReleaseError::io("read", &object, source)),
    }
}

/// The mirrorlist files of a tree, each with its text: the repository's URL below each of the bases.
pub(crate) fn mirrorlists(composed: &Composed, bases: &[String]) -> Vec<(String, String)> {
    let mut lists: Vec<_> = composed
        .repositories
        .iter()
        .flat_map(|repository| {
            let lines: String = bases.iter().map(|base| format!("{base}/{}/\n", repository.path)).collect();
            list_names(composed, repository).into_iter().map(move |name| (name, lines.clone()))
        })
        .collect();
    lists.sort();
    lists.dedup_by(|a, b| a.0 == b.0);
    lists
}

/// Clients ask with their own architecture, for sources too: those are the same for all of them.
fn list_names(composed: &Composed, repository: &ComposedRepository) -> Vec<String> {
    let suffix = match repository.kind {
        RepositoryKind::Binary => "",
        RepositoryKind::Debug => "-debug",
        RepositoryKind::Source => "-source",
    };
    let name = &repository.name;
    let twins = composed.repositories.iter().filter(|other| {
        repository.arch == "src" && other.name == *name && other.kind == RepositoryKind::Binary
    });
    let mut names: Vec<_> = twins.map(|twin| format!("{name}-{}{suffix}", twin.arch)).collect();
    if names.is_empty() {
        names.push(format!("{name}-{}{suffix}", repository.arch));
    }
    names
}
