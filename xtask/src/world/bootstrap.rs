//! Step 1: the bootstrap repository, from which every first buildroot is installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::gpg::Key as GpgKey;
use testkit::tool::Tool;
use testkit::{Error as KitError, place, repo};

use super::Places;
use super::apt::{Apt, Wanted};
use super::comps::{self, Group};
use super::convert::{Converter, Job};
use super::error::{Error, Result};
use super::recipe::{self, Bootstrap};
use super::work::{self, Key, Step, in_parallel, sha256_of};

/// Raise this when the same recipe would now give another repository.
const VERSION: &str = "2";

pub(crate) fn make(places: &Places, key: &GpgKey) -> Result<()> {
    let recipe_file = places.recipes.join("bootstrap.toml");
    let id = Key::default()
        .with(VERSION)
        .with(place::read(&recipe_file)?)
        .with_tree(&places.recipes.join("bootstrap"))?
        .with(key.fingerprint())
        .hex();
    let target = places.bootstrap();
    if work::is_current(&target, &id) {
        return Ok(());
    }
    let whole = Step::begin();
    let recipe: Bootstrap = recipe::read(&recipe_file)?;
    let debs = download(places, &recipe)?;
    let mut finished = convert(places, &recipe, &debs)?;
    finished.extend(build_own(places)?);
    sign(&finished, key)?;

    let building = TempDir::new_in(&places.scratch).map_err(KitError::io(&places.scratch))?;
    let new = place::make_dir(building.path().join("bootstrap"))?;
    for rpm in rpms_in(&finished)? {
        place::link(&rpm, &new.join(rpm.file_name().unwrap_or_default()))?;
    }
    let groups: Vec<Group<'_>> =
        recipe.groups.iter().map(|(id, packages)| Group { id, name: id, packages }).collect();
    let comps_file = building.path().join("comps.xml");
    place::write(&comps_file, comps::xml(&groups))?;
    repo::repo_with_groups(&new, Some(&comps_file))?;
    repo::sign(&new, key)?;
    work::stamp(&new, &id)?;
    place::replace_dir(&new, &target)?;
    forget_others(places, &finished)?;
    whole.done(format_args!("bootstrap repository: {} packages", finished.len()));
    Ok(())
}

/// The .deb files that are converted, all of them in `downloads/`.
fn download(places: &Places, recipe: &Bootstrap) -> Result<Vec<Wanted>> {
    let step = Step::begin();
    let downloads = places.downloads();
    let apt = Apt::open(&downloads.join("apt"))?;
    let fetch = || -> Result<(Vec<Wanted>, usize)> {
        let mut wanted = apt.closure(&recipe.seeds)?;
        let kept = |w: &Wanted| !recipe.drop.contains(w.package()) || recipe.rename.contains_key(w.package());
        wanted.retain(kept);
        let missing: Vec<&str> =
            wanted.iter().filter(|w| !downloads.join(&w.file).exists()).map(Wanted::package).collect();
        place_downloads(&apt, &missing, places)?;
        let count = missing.len();
        Ok((wanted, count))
    };
    // The archive may have moved on since the indexes were fetched.
    let (wanted, count) = fetch().or_else(|_| apt.update().and_then(|()| fetch()))?;
    in_parallel(&wanted, |w| verify(&downloads.join(&w.file), &w.sha256))?;
    step.done(format_args!("{} Debian packages, {count} downloaded", wanted.len()));
    Ok(wanted)
}

/// Downloads beside `downloads/` first: a file in there is always whole.
fn place_downloads(apt: &Apt, packages: &[&str], places: &Places) -> Result<()> {
    let partial = TempDir::new_in(&places.scratch).map_err(KitError::io(&places.scratch))?;
    apt.download(packages, partial.path())?;
    for file in place::entries(partial.path())? {
        let target = places.downloads().join(file.file_name().unwrap_or_default());
        std::fs::rename(&file, &target).map_err(KitError::io(&target))?;
    }
    Ok(())
}

/// A damaged file is removed, so that the next run fetches it again.
pub(crate) fn verify(file: &Path, expected: &str) -> Result<()> {
    let found = sha256_of(file)?;
    if found == expected {
        return Ok(());
    }
    std::fs::remove_file(file).map_err(KitError::io(file))?;
    Err(Error::Digest { file: file.display().to_string(), expected: expected.to_owned(), found })
}

fn convert(places: &Places, recipe: &Bootstrap, debs: &[Wanted]) -> Result<Vec<PathBuf>> {
    let step = Step::begin();
    let mut jobs: BTreeMap<&str, Vec<&Wanted>> = BTreeMap::new();
    for deb in debs {
        let name = recipe.rename.get(deb.package()).map_or(deb.package(), String::as_str);
        jobs.entry(name).or_default().push(deb);
    }
    check_names(recipe, &jobs)?;
    let mut jobs: Vec<Job<'_>> = jobs.into_iter().map(|(name, parts)| Job { name, parts }).collect();
    // Big ones first, so that no core waits for one at the end.
    let size = |job: &Job<'_>| -> u64 {
        let bytes = |w: &&Wanted| places.downloads().join(&w.file).metadata().map_or(0, |m| m.len());
        job.parts.iter().map(bytes).sum()
    };
    jobs.sort_by_cached_key(|job| std::cmp::Reverse(size(job)));
    let cache = place::make_dir(places.cache.join("converted"))?;
    let converter = Converter { recipe, debs: &places.downloads(), cache: &cache, scratch: &places.scratch };
    let results = in_parallel(&jobs, |job| converter.convert(job))?;
    let new = results.iter().filter(|(_, new)| *new).count();
    step.done(format_args!("{} RPMs, {new} converted anew", results.len()));
    Ok(results.into_iter().map(|(dir, _)| dir).collect())
}

/// A name in the recipe that no package has any more is a mistake, not a wish.
fn check_names(recipe: &Bootstrap, jobs: &BTreeMap<&str, Vec<&Wanted>>) -> Result<()> {
    let debian: Vec<&str> = jobs.values().flatten().map(|w| w.package()).collect();
    let by_final_name = recipe
        .provides
        .keys()
        .chain(recipe.epoch.keys())
        .chain(recipe.requires.keys())
        .chain(recipe.links.keys())
        .chain(recipe.keep.keys())
        .chain(recipe.remove.keys())
        .chain(recipe.spec.keys())
        .chain(recipe.edit.keys());
    let unknown: Vec<&str> = recipe
        .rename
        .keys()
        .filter(|name| !debian.contains(&name.as_str()))
        .chain(by_final_name.filter(|name| !jobs.contains_key(name.as_str())))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let problem = "no such packages; are they in the closure of the seeds?";
    Err(Error::recipe(Path::new("world/bootstrap.toml"), format!("{}: {problem}", unknown.join(", "))))
}

/// Builds the packages whose specs are in `world/bootstrap/<name>/`.
fn build_own(places: &Places) -> Result<Vec<PathBuf>> {
    let step = Step::begin();
    let specs = places.recipes.join("bootstrap");
    let cache = place::make_dir(places.cache.join("own"))?;
    let dirs: Vec<PathBuf> = place::entries(&specs)?.into_iter().filter(|d| d.is_dir()).collect();
    let built = in_parallel(&dirs, |dir| {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        build_one(places, &name, dir, &cache).map_err(Error::of(&name))
    })?;
    step.done(format_args!("{} packages of our own for the buildroot", built.len()));
    Ok(built)
}

fn build_one(places: &Places, name: &str, dir: &Path, cache: &Path) -> Result<PathBuf> {
    let done = cache.join(Key::default().with(VERSION).with(name).with_tree(dir)?.hex());
    if done.is_dir() {
        return Ok(done);
    }
    let spec = dir.join(format!("{name}.spec"));
    if !spec.is_file() {
        return Err(Error::recipe(&spec, "missing: each directory here holds the spec of its name"));
    }
    let work = TempDir::new_in(&places.scratch).map_err(KitError::io(&places.scratch))?;
    Tool::new("rpmbuild")
        .args(["-bb", "--quiet"])
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .define("_topdir", work.path())
        .define("_sourcedir", dir)
        .define("_rpmdir", work.path().join("out"))
        .define("_rpmfilename", "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm")
        .define("_buildshell", "/bin/bash")
        .define("_buildhost", "bootstrap.example")
        .define("use_source_date_epoch_as_buildtime", "1")
        .define("clamp_mtime_to_source_date_epoch", "1")
        .define("debug_package", "%{nil}")
        .define("_libdir", "/usr/lib64")
        .define("dist", ".el9")
        .arg(&spec)
        .run()?;
    place::replace_dir(&work.path().join("out"), &done)?;
    Ok(done)
}

/// Removes what earlier recipes left in the caches.
fn forget_others(places: &Places, finished: &[PathBuf]) -> Result<()> {
    for cache in ["converted", "own"] {
        for dir in place::entries(&places.cache.join(cache))? {
            if !finished.contains(&dir) {
                std::fs::remove_dir_all(&dir).map_err(KitError::io(&dir))?;
            }
        }
    }
    Ok(())
}

/// Signs what is in these cache directories and not signed yet.
fn sign(dirs: &[PathBuf], key: &GpgKey) -> Result<()> {
    let step = Step::begin();
    let marker = |dir: &Path| dir.join(format!(".signed-{}", key.fingerprint()));
    let unsigned: Vec<PathBuf> = dirs.iter().filter(|d| !marker(d).exists()).cloned().collect();
    let halves: Vec<&[PathBuf]> = unsigned.chunks(unsigned.len().div_ceil(2).max(1)).collect();
    in_parallel(&halves, |half| Ok(key.sign_rpms(&rpms_in(half)?)?))?;
    for dir in &unsigned {
        place::write(marker(dir), "")?;
    }
    step.done(format_args!("{} packages signed", unsigned.len()));
    Ok(())
}

fn rpms_in(dirs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for dir in dirs {
        found.extend(place::entries(dir)?.into_iter().filter(|f| f.extension().is_some_and(|e| e == "rpm")));
    }
    Ok(found)
}
