//! Where packages are, and comparisons that have debugging data brought only if it can tell more.

use std::path::{Path, PathBuf};

use heirloom_compare::{CompareError, Options};
use heirloom_import::repository;
use heirloom_model::record::Compared;
use heirloom_model::{Evidence, Package, Verdict};
use heirloom_store::Store;

use crate::fail::Fail;

/// Where a package is.
#[derive(Clone)]
pub(crate) enum Place<'a> {
    /// A file on this machine.
    Here(PathBuf),
    /// In a verified repository.
    There {
        /// Keeps what is fetched.
        store: &'a Store,
        /// Root of the repository.
        location: &'a str,
        /// What its metadata says of the package.
        package: &'a Package,
    },
}

impl Place<'_> {
    /// The file, if it is on this machine already.
    pub(crate) fn here(&self) -> Option<PathBuf> {
        match self {
            Self::Here(path) => Some(path.clone()),
            Self::There { store, package, .. } => {
                store.contains(package.digest).then(|| store.path(package.digest))
            }
        }
    }

    /// The file, fetched if need be.
    pub(crate) fn fetched(&self) -> Result<PathBuf, Fail> {
        match self {
            Self::Here(path) => Ok(path.clone()),
            Self::There { store, location, package } => {
                repository::fetch_package(store, location, package)?;
                Ok(store.path(package.digest))
            }
        }
    }
}

/// Compares by `once`. Debugging data that is on this machine is used at once. What is not, which is often
/// larger than everything else, is fetched only if the comparison lacks it: where code differs, and nothing is
/// known to break.
pub(crate) fn compare(
    mut options: Options,
    debugging: &[Place<'_>],
    once: impl Fn(&Options) -> Result<Compared, CompareError>,
) -> Result<Compared, Fail> {
    let given = std::mem::take(&mut options.debuginfo);
    let told = |mut found: Vec<PathBuf>| {
        found.extend_from_slice(&given);
        found.sort();
        found.dedup();
        Options { debuginfo: found, ..options.clone() }
    };
    let here: Vec<_> = debugging.iter().filter_map(Place::here).collect();
    let is_all = here.len() == debugging.len();
    let compared = once(&told(here))?;
    let lacks = compared.evidence == Some(Evidence::Symbols) || compared.verdict == Verdict::Undecided;
    if is_all || !lacks {
        return Ok(compared);
    }
    let all = debugging.iter().map(Place::fetched).collect::<Result<_, Fail>>()?;
    Ok(once(&told(all))?)
}

/// The nearest directory above a package that is a repository's root, and is not above `top`.
pub(crate) fn repository_of<'p>(package: &'p Path, top: &'p Path) -> &'p Path {
    let above = package.ancestors().skip(1).take_while(|dir| dir.starts_with(top));
    above.into_iter().find(|dir| dir.join("repodata").is_dir()).unwrap_or(top)
}
