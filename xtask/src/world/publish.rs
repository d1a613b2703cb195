//! The vendor's repositories: placed, described, signed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::{Error as KitError, place, repo};

use super::comps;
use super::error::{Error, Result};
use super::reference::{Built, Vendor, is_source};
use super::sources;
use super::updateinfo;
use super::work::{self, Step};

/// Writes `reference/` and `srpms/` from what was built.
pub(crate) fn all(vendor: &Vendor<'_>, built: &BTreeMap<String, Built>, id: &str) -> Result<()> {
    let step = Step::begin();
    let places = vendor.places;
    let building = TempDir::new_in(&places.scratch).map_err(KitError::io(&places.scratch))?;
    let reference = building.path().join("reference");
    let repo_dir = |name: &str| reference.join(name).join("x86_64/os");
    for name in &vendor.world.repositories {
        place::make_dir(repo_dir(name).join("Packages"))?;
    }
    let srpms = place::make_dir(building.path().join("srpms"))?;
    for package in sources::packages(places)? {
        let result = built.get(&package.name).ok_or_else(|| {
            let problem = format!("{} is in no wave", package.name);
            Error::recipe(&places.recipes.join("world.toml"), problem)
        })?;
        for rpm in result.rpms()?.iter().filter(|rpm| is_source(rpm)) {
            link_into(rpm, &srpms)?;
        }
        for (repository, names) in &package.recipe.placement {
            for name in names {
                let rpm = binary(result, name).map_err(Error::of(&package.name))?;
                link_into(&rpm, &repo_dir(repository).join("Packages"))?;
            }
        }
    }
    for name in &vendor.world.repositories {
        describe(vendor, name, &repo_dir(name), building.path())?;
    }
    repo::repo(&srpms)?;
    repo::sign(&srpms, vendor.key)?;
    for (new, target) in [(reference, places.reference()), (srpms, places.srpms())] {
        work::stamp(&new, id)?;
        place::replace_dir(&new, &target)?;
    }
    step.done("repositories published");
    Ok(())
}

/// Metadata of one repository, with its groups and the advisories about its packages.
fn describe(vendor: &Vendor<'_>, name: &str, dir: &Path, work: &Path) -> Result<()> {
    let groups: Vec<comps::Group<'_>> = vendor
        .world
        .groups
        .iter()
        .filter(|group| group.repository == name)
        .map(|group| comps::Group { id: &group.id, name: &group.name, packages: &group.packages })
        .collect();
    let comps_file = work.join("comps.xml");
    place::write(&comps_file, comps::xml(&groups))?;
    repo::repo_with_groups(dir, (!groups.is_empty()).then_some(comps_file.as_path()))?;
    if let Some(xml) = updateinfo::xml(vendor.world, &place::entries(&dir.join("Packages"))?)? {
        let file = work.join("updateinfo.xml");
        place::write(&file, xml)?;
        repo::add_metadata(dir, "updateinfo", &file)?;
    }
    Ok(repo::sign(dir, vendor.key)?)
}

/// The binary package of this name.
fn binary(result: &Built, name: &str) -> Result<PathBuf> {
    let is_it = |rpm: &PathBuf| {
        let file = rpm.file_name().unwrap_or_default().to_string_lossy();
        file.rsplitn(3, '-').nth(2) == Some(name)
    };
    result
        .binaries()?
        .into_iter()
        .find(is_it)
        .ok_or_else(|| Error::recipe(Path::new("recipe.toml"), format!("placement: {name} was not built")))
}

fn link_into(rpm: &Path, dir: &Path) -> Result<()> {
    if !dir.is_dir() {
        return Err(Error::recipe(
            Path::new("recipe.toml"),
            format!("placement: no repository for {}", dir.display()),
        ));
    }
    Ok(place::link(rpm, &dir.join(rpm.file_name().unwrap_or_default()))?)
}
