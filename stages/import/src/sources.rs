//! All source packages of a definition: upstream's, the distribution's own, and its release package.

mod look;
mod recorder;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use heirloom_model::Nevra;
use heirloom_model::record::{Imported, Module, Watched};

use crate::distgit::Place;
use crate::error::day;
use crate::tree::Listing;
use crate::{ImportError, Importer, distgit, git, modules, srpm};
use recorder::Recorder;

pub use crate::modules::ModuleSources;
pub use look::look;

/// Remote repositories that are asked at a time.
const REMOTE: usize = 6;
/// Local packages that are imported at a time: each waits for the disk to have its files, and a file system writes out
/// together what several wait for.
const LOCAL: usize = 8;
/// What is read of a directory changes with this.
const EDITION: &str = "1";

/// Where a definition's upstream sources are.
pub enum Upstream {
    /// A directory of dist-git trees.
    DistGit {
        /// The directory.
        dir: PathBuf,
        /// Patterns of the lookasides.
        lookaside: Vec<String>,
    },
    /// Git repositories.
    Git {
        /// A directory of them, or a path or URL with `{name}`.
        location: String,
        /// The packages, where the location has `{name}`.
        names: Vec<String>,
        /// Branch, tag or commit.
        branch: Option<String>,
        /// What import tags begin with.
        tags: Option<String>,
        /// Patterns of the lookasides.
        lookaside: Vec<String>,
        /// Modules to import.
        modules: Option<ModuleSources>,
    },
    /// rpm-md repositories of source RPMs.
    SrpmRepository {
        /// Their roots.
        locations: Vec<String>,
        /// Files of the keys that may sign them.
        keys: Vec<PathBuf>,
    },
    /// A directory of source RPMs without metadata.
    Srpms {
        /// The directory.
        dir: PathBuf,
        /// Files of the keys that may sign them.
        keys: Vec<PathBuf>,
    },
}

/// What upstream has.
#[derive(Debug, Default)]
pub struct Sources {
    /// Source packages, sorted by name.
    pub ordinary: Vec<Imported>,
    /// Components of modules; their names are `name@module:stream`.
    pub modular: Vec<Imported>,
    /// The modules.
    pub modules: Vec<Module>,
}

/// How upstream is read.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Source packages that are left out.
    pub exclude: &'a [&'a str],
    /// Days that upstream's newest content may be old.
    pub max_age_days: Option<u64>,
    /// Called with the name of each package as it is done, and the number of all.
    pub tick: &'a (dyn Fn(&str, usize) + Sync),
}

/// What upstream has of a package.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) revision: String,
    pub(crate) nevra: Option<Nevra>,
    pub(crate) published: Option<u64>,
}

/// What came of one package.
pub(crate) struct Outcome {
    /// The package.
    pub(crate) came: Result<Imported, ImportError>,
    /// What was learned on the way.
    pub(crate) learned: Learned,
}

/// What was learned while a package was imported, whether it came or not.
#[derive(Default)]
pub(crate) struct Learned {
    /// What upstream has, if that was found out.
    pub(crate) found: Option<Found>,
    /// What to record of its repository.
    pub(crate) watched: Option<Watched>,
    /// What to note about its place, so that it need not be read again.
    pub(crate) note: Option<(String, String)>,
}

/// What is known of a package from before.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Its name in the ledger.
    pub(crate) key: &'a str,
    imported: Option<&'a Imported>,
}

impl Known<'_> {
    /// What it was when it was imported last.
    pub(crate) fn nevra(&self) -> Option<&Nevra> {
        self.imported?.nevra.as_ref()
    }

    /// The package as it was imported, if its place looks as it did then and the store still has all of it.
    pub(crate) fn unchanged(
        &self,
        importer: &Importer<'_>,
        subject: &str,
        signature: &str,
    ) -> Option<Imported> {
        let note = importer.store.noted(subject)?;
        let digest = note.strip_prefix(signature)?.trim_start();
        let imported = self.imported?;
        let whole = || imported.files.iter().all(|file| importer.store.contains(file.digest));
        (digest == imported.digest().to_string() && whole()).then(|| imported.clone())
    }
}

/// Source packages of upstream, imported and recorded.
///
/// # Errors
/// Upstream as a whole can't be read or went back; or names every package that can't be imported. All others are
/// recorded then.
pub fn import_upstream(
    importer: &Importer<'_>,
    upstream: &Upstream,
    settings: Settings<'_>,
) -> Result<Sources, ImportError> {
    let recorder = Recorder::new(importer)?;
    let Settings { exclude, max_age_days, tick } = settings;
    let (all, modules) = match upstream {
        Upstream::DistGit { dir, lookaside } => {
            let trees = kept(subdirs(dir)?, exclude)?;
            let all = recorder.each(&trees, LOCAL, tick, |known, tree| {
                tree_package(importer, known, tree, lookaside, false)
            })?;
            (all, Vec::new())
        }
        Upstream::Git { location, names, branch, tags, lookaside, modules } => {
            let mut items: Vec<_> = kept(repositories(location, names)?, exclude)?
                .into_iter()
                .map(|(name, at)| (name.clone(), (name, at, branch.clone(), tags.as_deref())))
                .collect();
            let mut missing = Vec::new();
            let mut found = Vec::new();
            if let Some(sources) = modules {
                (found, missing) = modules::from_git(importer, sources);
                importer.store.append_all(&found)?;
                for (module, component) in
                    found.iter().flat_map(|module| module.components.iter().map(move |it| (module, it)))
                {
                    let key = format!("{}@{}:{}", component.name, module.name, module.stream);
                    let at = match location.contains("{name}") {
                        true => location.replace("{name}", &component.name),
                        false => crate::fetch::join(location, &component.name),
                    };
                    let branch = Some(sources.component_branch(module));
                    items.push((key, (component.name.clone(), at, branch, None)));
                }
            }
            let threads = if git::is_remote(location) { REMOTE } else { LOCAL };
            let all = recorder.each(&items, threads, tick, |known, (name, at, branch, tags)| {
                let settings = git::Settings { branch: branch.as_deref(), tags: *tags, lookaside };
                git::import(importer, known, name, at, settings)
            });
            let all = match all {
                Err(ImportError::Packages { total, failed }) => {
                    missing.extend(failed);
                    return Err(ImportError::Packages { total, failed: missing });
                }
                all => all?,
            };
            if !missing.is_empty() {
                return Err(ImportError::Packages { total: items.len(), failed: missing });
            }
            if let Some(newest) = all.iter().filter_map(|imported| imported.published).max() {
                not_stale(importer, location, newest, max_age_days)?;
            }
            (all, found)
        }
        Upstream::SrpmRepository { locations, keys } => {
            let keys = importer.keyring(keys)?;
            let offers = srpm::repositories(importer, locations, &keys, max_age_days)?;
            importer.store.append_all(&offers.modules)?;
            let newest = kept(srpm::newest(offers.sources), exclude)?;
            let all = recorder.each(&newest, processors(), tick, |known, offer| {
                srpm::import(importer, known, offer, &keys)
            })?;
            (all, offers.modules)
        }
        Upstream::Srpms { dir, keys } => {
            let keys = importer.keyring(keys)?;
            let offers = srpm::directory(importer, dir)?;
            let newest = kept(srpm::newest(offers.sources), exclude)?;
            let all = recorder.each(&newest, processors(), tick, |known, offer| {
                srpm::import(importer, known, offer, &keys)
            })?;
            let published = all.iter().filter_map(|imported| imported.published).max();
            not_stale(importer, &dir.to_string_lossy(), published.unwrap_or(0), max_age_days)?;
            (all, Vec::new())
        }
    };
    let (modular, ordinary) = all.into_iter().partition(|imported| imported.name.contains('@'));
    Ok(Sources { ordinary, modular, modules })
}

/// Refuses upstream if even its newest content is older than allowed.
pub(crate) fn not_stale(
    importer: &Importer<'_>,
    location: &str,
    newest: u64,
    days: Option<u64>,
) -> Result<(), ImportError> {
    match days {
        Some(days) if newest.saturating_add(days.saturating_mul(24 * 60 * 60)) < importer.now => {
            Err(ImportError::Stale { location: location.to_owned(), found: day(newest), days })
        }
        _ => Ok(()),
    }
}

/// The distribution's own source packages, from a directory of trees.
///
/// # Errors
/// As for [`import_upstream`].
pub fn import_own(importer: &Importer<'_>, dir: &Path) -> Result<Vec<Imported>, ImportError> {
    let trees = kept(subdirs(dir)?, &[])?;
    let recorder = Recorder::new(importer)?;
    recorder.each(&trees, processors(), &|_, _| (), |known, tree| {
        let mut outcome = tree_package(importer, known, tree, &[], true);
        // Nothing of it arrives from upstream.
        outcome.learned.found = None;
        outcome
    })
}

/// Source packages of a side build, from a directory of dist-git trees: kept, but not recorded as the distribution's.
///
/// # Errors
/// As for [`import_upstream`].
pub fn import_side(
    importer: &Importer<'_>,
    dir: &Path,
    lookaside: &[String],
) -> Result<Vec<Imported>, ImportError> {
    let trees = kept(subdirs(dir)?, &[])?;
    let came = parallel(&trees, processors(), |(name, tree)| {
        let origin = tree.to_string_lossy();
        let place = Place { name, origin: &origin, lookaside, branch: "" };
        distgit::import(importer, place, &Listing::of(tree, "")?)
    });
    came.into_iter().collect()
}

/// Reads a tree. Where it is as it was imported, nothing is read; else the listing that it was read by is given, too.
fn read_tree(
    importer: &Importer<'_>,
    known: Known<'_>,
    tree: &Path,
    lookaside: &[String],
    own: bool,
) -> Result<(Imported, Option<Listing>), ImportError> {
    let origin = tree.to_string_lossy();
    let salt = format!("{EDITION} {own} {origin}\n{}", lookaside.join("\n"));
    let listing = Listing::of(tree, &salt)?;
    if let Some(imported) = known.unchanged(importer, &tree_subject(known.key), &listing.signature) {
        return Ok((imported, None));
    }
    let place = Place { name: known.key, origin: &origin, lookaside, branch: "" };
    let imported = distgit::import(importer, place, &listing)?;
    Ok((Imported { own, ..imported }, Some(listing)))
}

/// What a tree's signature is noted under.
fn tree_subject(key: &str) -> String {
    format!("tree {key}")
}

fn tree_package(
    importer: &Importer<'_>,
    known: Known<'_>,
    tree: &Path,
    lookaside: &[String],
    own: bool,
) -> Outcome {
    let mut learned = Learned::default();
    let came = read_tree(importer, known, tree, lookaside, own).map(|(imported, listing)| {
        let revision = imported.digest().to_string();
        if let Some(listing) = listing.filter(|listing| listing.settled(importer.now)) {
            learned.note = Some((tree_subject(known.key), format!("{} {revision}", listing.signature)));
        }
        learned.found = Some(Found { revision, nevra: None, published: None });
        imported
    });
    Outcome { came, learned }
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

/// Where the git repository of each package is.
fn repositories(location: &str, names: &[String]) -> Result<BTreeMap<String, String>, ImportError> {
    Ok(match location.contains("{name}") {
        true => names.iter().map(|name| (name.clone(), location.replace("{name}", name))).collect(),
        false => subdirs(Path::new(location))?
            .into_iter()
            .map(|(name, dir)| (name, dir.to_string_lossy().into_owned()))
            .collect(),
    })
}

/// What came of each item, or all that failed. A store that fails is no matter of one item.
fn all_or_failed<T, R>(
    items: &[(String, T)],
    results: Vec<Result<R, ImportError>>,
) -> Result<Vec<R>, ImportError> {
    let (mut came, mut failed) = (Vec::new(), Vec::new());
    for ((key, _), result) in items.iter().zip(results) {
        match result {
            Ok(one) => came.push(one),
            Err(error @ ImportError::Store(_)) => return Err(error),
            Err(error) => failed.push((key.clone(), error)),
        }
    }
    match failed.is_empty() {
        true => Ok(came),
        false => Err(ImportError::Packages { total: items.len(), failed }),
    }
}

/// Drops what is excluded. An exclusion that matches nothing is an error: it hides a renamed package.
fn kept<T>(mut all: BTreeMap<String, T>, exclude: &[&str]) -> Result<Vec<(String, T)>, ImportError> {
    for name in exclude {
        all.remove(*name).ok_or_else(|| ImportError::UnusedExclude((*name).to_owned()))?;
    }
    Ok(all.into_iter().collect())
}

pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does the work for each item on that many threads and returns the results in the items' order.
pub(crate) fn parallel<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, R>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = work(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(index, result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}
