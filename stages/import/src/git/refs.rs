//! Branches and tags of a repository, and which of them is imported.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use heirloom_formats::evr;
use heirloom_model::{Evr, Nevra};

use super::run::git;
use crate::ImportError;

/// Bytes of refs that are read of one repository.
const LIMIT: u64 = 64 * 1024 * 1024;
/// Depth of directories of loose refs.
const DEPTH: usize = 16;

/// A ref's object, and the commit behind it if it is an annotated tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    object: String,
    peeled: Option<String>,
}

impl Target {
    pub(crate) fn commit(&self) -> &str {
        self.peeled.as_deref().unwrap_or(&self.object)
    }
}

/// Full names (`refs/heads/c9`) and targets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Refs(pub(crate) BTreeMap<String, Target>);

/// What is imported of a repository.
pub(crate) struct Chosen {
    /// The branch or tag with its full name, or a commit.
    pub(crate) reference: String,
    /// The commit.
    pub(crate) commit: String,
    /// What an import tag says that it is; it does not say the epoch.
    pub(crate) nevra: Option<Nevra>,
}

/// What the definition says to import.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) branch: Option<&'a str>,
    pub(crate) tags: Option<&'a str>,
}

impl Refs {
    /// Reads the files of a repository; `None` if its refs are not kept in files.
    pub(crate) fn from_files(repository: &Path) -> Option<Self> {
        let dir = git_dir(repository)?;
        let mut refs = BTreeMap::new();
        if let Ok(packed) = crate::fetch::local(&dir.join("packed-refs"), LIMIT) {
            packed_refs(std::str::from_utf8(&packed).ok()?, &mut refs);
        }
        for kind in ["refs/heads", "refs/tags"] {
            loose(&dir, kind, DEPTH, &mut refs)?;
        }
        Some(Self(refs))
    }

    /// Asks git; tags are followed to their commits.
    pub(crate) fn from_git(repository: &Path) -> Result<Self, ImportError> {
        let format = "--format=%(refname) %(objectname) %(*objectname)";
        let listing = git(repository, &["for-each-ref", format, "refs/heads", "refs/tags"], b"", LIMIT)?;
        let mut refs = BTreeMap::new();
        for line in String::from_utf8_lossy(&listing).lines() {
            if let [name, object, ref peeled @ ..] = line.split_whitespace().collect::<Vec<_>>()[..] {
                let peeled = peeled.first().map(|peeled| (*peeled).to_owned());
                refs.insert(name.to_owned(), Target { object: object.to_owned(), peeled });
            }
        }
        Ok(Self(refs))
    }

    /// Reads what `git ls-remote` prints.
    pub(crate) fn from_remote(listing: &str) -> Self {
        let mut refs: BTreeMap<String, Target> = BTreeMap::new();
        for (object, name) in listing.lines().filter_map(|line| line.split_once('\t')) {
            if !is_object(object) {
                continue;
            }
            match name.strip_suffix("^{}") {
                Some(name) => {
                    if let Some(target) = refs.get_mut(name) {
                        target.peeled = Some(object.to_owned());
                    }
                }
                None => {
                    refs.insert(name.to_owned(), Target { object: object.to_owned(), peeled: None });
                }
            }
        }
        Self(refs)
    }

    /// All that the choice depends on.
    pub(crate) fn signature(&self, wanted: Wanted<'_>) -> String {
        let mut text = String::new();
        let branch = wanted.branch.map(|branch| format!("refs/heads/{branch}"));
        for (name, target) in &self.0 {
            if Some(name) == branch.as_ref() || name.starts_with("refs/tags/") {
                text.push_str(&format!("{name} {}\n", target.object));
            }
        }
        text
    }

    /// The branch or tag of that name, a commit, or the import tag with the newest version.
    pub(crate) fn choose(&self, package: &str, wanted: Wanted<'_>) -> Option<Chosen> {
        let prefix = format!("refs/tags/{}", wanted.tags.unwrap_or("imports/"));
        let imports = || {
            self.0.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix)).filter_map(
                |(name, target)| {
                    let nvr = name.rsplit('/').next()?;
                    Some((name, target, nevra(package, nvr)?))
                },
            )
        };
        let Some(branch) = wanted.branch else {
            let newest = imports().max_by(|a, b| evr::compare(a.2.evr(), b.2.evr()));
            return newest.map(|(name, target, nevra)| Chosen {
                reference: name.clone(),
                commit: target.commit().to_owned(),
                nevra: Some(nevra),
            });
        };
        let names = [format!("refs/heads/{branch}"), format!("refs/tags/{branch}")];
        let named =
            names.into_iter().find_map(|name| self.0.get(&name).map(|target| (name, target.commit())));
        let (reference, commit) = match named {
            Some((name, commit)) => (name, commit.to_owned()),
            None if is_object(branch) => (branch.to_owned(), branch.to_owned()),
            None => return None,
        };
        let nevra = imports().filter(|(_, target, _)| target.commit() == commit);
        let nevra = nevra.map(|(.., nevra)| nevra).max_by(|a, b| evr::compare(a.evr(), b.evr()));
        Some(Chosen { reference, commit, nevra })
    }
}

/// A whole object name, SHA-1 or SHA-256.
pub(crate) fn is_object(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `bash-5.1.8-6.el9` of the package bash.
fn nevra(package: &str, nvr: &str) -> Option<Nevra> {
    let (rest, release) = nvr.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    (name == package).then(|| Nevra::new(name, Evr::new(0, version, release).ok()?, "src").ok())?
}

/// Where refs are: `.git` in a working tree, else the directory itself. A `.git` file, or another kind of storage,
/// is left to git.
fn git_dir(repository: &Path) -> Option<PathBuf> {
    let inner = repository.join(".git");
    let dir = if inner.exists() { inner } else { repository.to_owned() };
    (dir.join("HEAD").is_file() && dir.join("refs").is_dir() && !dir.join("reftable").exists()).then_some(dir)
}

fn packed_refs(text: &str, refs: &mut BTreeMap<String, Target>) {
    let mut last: Option<String> = None;
    for line in text.lines() {
        if let (Some(peeled), Some(name)) = (line.strip_prefix('^'), &last) {
            if let Some(target) = refs.get_mut(name) {
                target.peeled = Some(peeled.to_owned());
            }
        } else if let Some((object, name)) = line.split_once(' ').filter(|(object, _)| is_object(object)) {
            refs.insert(name.to_owned(), Target { object: object.to_owned(), peeled: None });
            last = Some(name.to_owned());
        }
    }
}

/// Reads loose refs, which win over packed ones. `None` if one can't be read plainly.
fn loose(dir: &Path, below: &str, depth: usize, refs: &mut BTreeMap<String, Target>) -> Option<()> {
    let entries = match fs::read_dir(dir.join(below)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(()),
        entries => entries.ok()?,
    };
    for entry in entries {
        let entry = entry.ok()?;
        let name = format!("{below}/{}", entry.file_name().to_str()?);
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            loose(dir, &name, depth.checked_sub(1)?, refs)?;
        } else if kind.is_file() && !name.ends_with(".lock") {
            let text = crate::fetch::local(&entry.path(), 4096).ok()?;
            let object = std::str::from_utf8(&text).ok()?.trim().to_owned();
            // A symbolic ref.
            is_object(&object).then_some(())?;
            refs.insert(name, Target { object, peeled: None });
        }
    }
    Some(())
}

#[cfg(test)]
mod tests;
