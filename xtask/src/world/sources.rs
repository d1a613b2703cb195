//! Step 2: the vendor's sources, as dist-git directories and a lookaside.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::tool::Tool;
use testkit::{Error as KitError, place};

use super::Places;
use super::apt::Apt;
use super::bootstrap::verify;
use super::error::{Error, Result};
use super::recipe::{self, Orig, Source};
use super::work::{self, Key, Step, in_parallel};

/// Raise this when the same recipes would now give other directories.
const VERSION: &str = "1";

/// One source package: its directory under `world/sources/` and what its recipe says.
pub(crate) struct Package {
    pub(crate) name: String,
    dir: PathBuf,
    pub(crate) recipe: Source,
}

/// Reads all recipes.
pub(crate) fn packages(places: &Places) -> Result<Vec<Package>> {
    place::entries(&places.recipes.join("sources"))?
        .into_iter()
        .filter(|dir| dir.is_dir())
        .map(|dir| {
            let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let file = dir.join("recipe.toml");
            let recipe: Source = recipe::read(&file)?;
            if let Some(orig) = recipe.orig.iter().find(|o| o.debian.is_some() == o.python.is_some()) {
                let problem = format!("{}: needs either `debian` or `python`", orig.file);
                return Err(Error::recipe(&file, problem));
            }
            Ok(Package { name, dir, recipe })
        })
        .collect()
}

/// Makes `dist-git/` and `lookaside/`.
pub(crate) fn make(places: &Places, vendor_key: &str) -> Result<()> {
    let id = Key::default().with(VERSION).with_tree(&places.recipes.join("sources"))?.with(vendor_key).hex();
    if work::is_current(&places.dist_git(), &id) && work::is_current(&places.lookaside(), &id) {
        return Ok(());
    }
    let step = Step::begin();
    let packages = packages(places)?;
    let count = fetch_missing(places, &packages)?;
    let building = TempDir::new_in(&places.scratch).map_err(KitError::io(&places.scratch))?;
    let dist_git = place::make_dir(building.path().join("dist-git"))?;
    let lookaside = place::make_dir(building.path().join("lookaside"))?;
    for package in &packages {
        export(places, package, vendor_key, [&dist_git, &lookaside]).map_err(Error::of(&package.name))?;
    }
    for (new, target) in [(dist_git, places.dist_git()), (lookaside, places.lookaside())] {
        work::stamp(&new, &id)?;
        place::replace_dir(&new, &target)?;
    }
    step.done(format_args!("{} source packages in dist-git, {count} tarballs downloaded", packages.len()));
    Ok(())
}

fn export(
    places: &Places,
    package: &Package,
    vendor_key: &str,
    [dist_git, lookaside]: [&Path; 2],
) -> Result<()> {
    let name = &package.name;
    let dir = dist_git.join(name);
    let specs = place::make_dir(dir.join("SPECS"))?;
    let sources = place::make_dir(dir.join("SOURCES"))?;
    let spec = format!("{name}.spec");
    if !package.dir.join(&spec).is_file() {
        return Err(Error::recipe(&package.dir.join(spec), "missing"));
    }
    for file in place::entries(&package.dir)? {
        match file.file_name().unwrap_or_default().to_string_lossy().as_ref() {
            "recipe.toml" => {}
            file_name if file_name == spec => place::write(specs.join(&spec), place::read(&file)?)?,
            file_name => place::write(sources.join(file_name), place::read(&file)?)?,
        }
    }
    if let Some(file_name) = &package.recipe.vendor_key {
        place::write(sources.join(file_name), vendor_key)?;
    }
    let mut metadata = String::new();
    for orig in &package.recipe.orig {
        let file = places.downloads().join(&orig.file);
        verify(&file, &orig.sha256)?;
        place::link(&file, &lookaside.join(&orig.sha256))?;
        metadata.push_str(&format!("{} SOURCES/{}\n", orig.sha256, orig.name));
    }
    Ok(place::write(dir.join(format!(".{name}.metadata")), metadata)?)
}

/// Downloads the tarballs that are not in `downloads/` yet.
fn fetch_missing(places: &Places, packages: &[Package]) -> Result<usize> {
    let missing: Vec<&Orig> = packages
        .iter()
        .flat_map(|package| &package.recipe.orig)
        .filter(|orig| !places.downloads().join(&orig.file).exists())
        .collect();
    if missing.is_empty() {
        return Ok(0);
    }
    let partial = TempDir::new_in(&places.scratch).map_err(KitError::io(&places.scratch))?;
    let into = partial.path();
    let debian: Vec<&str> = missing.iter().filter_map(|orig| orig.debian.as_deref()).collect();
    let apt = Apt::open(&places.downloads().join("apt"))?;
    let fetch = || apt.download_sources(&debian, into);
    // The archive may have moved on since the indexes were fetched.
    fetch().or_else(|_| apt.update().and_then(|()| fetch()))?;
    in_parallel(&missing, |orig| {
        orig.python.as_deref().map_or(Ok(()), |name| pip_download(name, orig, into))
    })?;
    for orig in &missing {
        let got = into.join(&orig.file);
        fs::rename(&got, places.downloads().join(&orig.file)).map_err(KitError::io(&got))?;
    }
    Ok(missing.len())
}

fn pip_download(name: &str, orig: &Orig, into: &Path) -> Result<()> {
    let version = orig.version.as_deref().unwrap_or_default();
    Tool::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name, "--dest"])
        .arg(into)
        .arg(format!("{name}=={version}"))
        .run()?;
    Ok(())
}
