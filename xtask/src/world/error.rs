//! What can go wrong when the world is made.

use std::path::{Path, PathBuf};

pub(crate) type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Testkit(#[from] testkit::Error),
    #[error("{argument}: unknown argument; see `cargo xtask`")]
    Usage { argument: String },
    #[error("{path}: {source}", path = path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{path}: {problem}", path = path.display())]
    Recipe { path: PathBuf, problem: String },
    #[error(
        "{file} has the SHA-256 {found}, expected {expected}; if Debian's archive changed, \
         check the new file and update its recipe.toml"
    )]
    Digest { file: String, expected: String, found: String },
    #[error("{package}: {source}")]
    Package { package: String, source: Box<Error> },
    #[error("the build failed, see {log}\n{tail}", log = log.display())]
    Build { log: PathBuf, tail: String },
}

impl Error {
    pub(crate) fn recipe(path: &Path, problem: impl Into<String>) -> Self {
        Self::Recipe { path: path.to_path_buf(), problem: problem.into() }
    }

    /// For `map_err`: says which package it was about.
    pub(crate) fn of(package: &str) -> impl FnOnce(Self) -> Self {
        let package = package.to_owned();
        move |source| Self::Package { package, source: Box::new(source) }
    }
}
