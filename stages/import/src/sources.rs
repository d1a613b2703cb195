//! All source packages of a definition: upstream's, the distribution's own, and its release package.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use heirloom_model::record::Imported;
use heirloom_store::Store;

use crate::{ImportError, distgit, git, repository, srpm};

/// Where a definition's upstream sources are.
pub enum Upstream {
    /// A directory of dist-git trees.
    DistGit {
        /// The directory.
        dir: PathBuf,
        /// Pattern of the lookaside.
        lookaside: Option<String>,
    },
    /// A directory of git repositories.
    Git {
        /// The directory.
        dir: PathBuf,
        /// Branch, tag or commit.
        revision: String,
        /// Pattern of the lookaside.
        lookaside: Option<String>,
    },
    /// An rpm-md repository of source RPMs.
    Srpms {
        /// Its root.
        location: String,
        /// Files of the keys that may sign it.
        keys: Vec<PathBuf>,
    },
}

/// Source packages of upstream, imported and recorded, sorted by name. `tick` is called with the name of
/// each as it is done, and the number of all.
///
/// # Errors
/// The first package, by name, that can't be imported; those that could stay recorded.
pub fn import_upstream(
    store: &Store,
    upstream: &Upstream,
    exclude: &[&str],
    tick: &(dyn Fn(&str, usize) + Sync),
) -> Result<Vec<Imported>, ImportError> {
    match upstream {
        Upstream::DistGit { dir, lookaside } => {
            let trees = kept(subdirs(dir)?, exclude)?;
            each(&trees, tick, |tree| {
                record(store, distgit::import(store, tree, lookaside.as_deref(), false)?)
            })
        }
        Upstream::Git { dir, revision, lookaside } => {
            let trees = kept(subdirs(dir)?, exclude)?;
            each(&trees, tick, |tree| {
                record(store, git::import(store, tree, revision, lookaside.as_deref())?)
            })
        }
        Upstream::Srpms { location, keys } => {
            let keys = repository::keyring(keys)?;
            let (verified, packages) = srpm::list(location, &keys)?;
            let named =
                packages.into_iter().map(|package| (package.nevra.name().to_owned(), package)).collect();
            each(&kept(named, exclude)?, tick, |package| {
                record(store, srpm::import(store, &verified, package, &keys)?)
            })
        }
    }
}

/// The distribution's own source packages, from a directory of trees.
///
/// # Errors
/// As for [`import_upstream`].
pub fn import_own(store: &Store, dir: &Path) -> Result<Vec<Imported>, ImportError> {
    let trees = kept(subdirs(dir)?, &[])?;
    each(&trees, &|_, _| (), |tree| record(store, distgit::import(store, tree, None, true)?))
}

/// Source packages of a side build, from a directory of dist-git trees: kept, but not recorded as the distribution's.
///
/// # Errors
/// As for [`import_upstream`].
pub fn import_side(store: &Store, dir: &Path, lookaside: Option<&str>) -> Result<Vec<Imported>, ImportError> {
    let trees = kept(subdirs(dir)?, &[])?;
    each(&trees, &|_, _| (), |tree| distgit::import(store, tree, lookaside, false))
}

/// Refuses two source packages of one name.
///
/// # Errors
/// Names the package and both places.
pub fn distinct(mut sources: Vec<Imported>) -> Result<Vec<Imported>, ImportError> {
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    match sources.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some([first, second]) => Err(ImportError::Twice {
            name: first.name.clone(),
            first: first.origin.clone(),
            second: second.origin.clone(),
        }),
        _ => Ok(sources),
    }
}

fn record(store: &Store, imported: Imported) -> Result<Imported, ImportError> {
    store.append(&imported)?;
    Ok(imported)
}

fn subdirs(dir: &Path) -> Result<BTreeMap<String, PathBuf>, ImportError> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(ImportError::read(dir))? {
        let path = entry.map_err(ImportError::read(dir))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') {
            found.insert(name.strip_suffix(".git").unwrap_or(&name).to_owned(), path);
        }
    }
    Ok(found)
}

/// Drops what is excluded. An exclusion that matches nothing is an error: it hides a renamed package.
fn kept<T>(mut all: BTreeMap<String, T>, exclude: &[&str]) -> Result<Vec<(String, T)>, ImportError> {
    for name in exclude {
        all.remove(*name).ok_or_else(|| ImportError::UnusedExclude((*name).to_owned()))?;
    }
    Ok(all.into_iter().collect())
}

/// Does the work for each item on all processors and returns the results in the items' order.
fn each<T: Sync>(
    items: &[(String, T)],
    tick: &(dyn Fn(&str, usize) + Sync),
    work: impl Fn(&T) -> Result<Imported, ImportError> + Sync,
) -> Result<Vec<Imported>, ImportError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, Result<Imported, ImportError>>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, (name, item))) = pick(&next, items) {
                    let result = work(item);
                    tick(name, items.len());
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(index, result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
}

fn pick<'a, T>(next: &AtomicUsize, items: &'a [T]) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    items.get(index).map(|item| (index, item))
}
