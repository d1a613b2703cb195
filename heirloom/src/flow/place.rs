//! Where packages are.

use std::path::{Path, PathBuf};

use heirloom_import::repository;
use heirloom_model::Package;
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

/// The nearest directory above a package that is a repository's root, and is not above `top`.
pub(crate) fn repository_of<'p>(package: &'p Path, top: &'p Path) -> &'p Path {
    let above = package.ancestors().skip(1).take_while(|dir| dir.starts_with(top));
    above.into_iter().find(|dir| dir.join("repodata").is_dir()).unwrap_or(top)
}
