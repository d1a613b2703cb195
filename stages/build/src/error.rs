//! Why the stage could not do its work. A build that fails is no error, but an outcome.

use std::io;
use std::path::{Path, PathBuf};

use heirloom_model::{Digest, Nevra};
use heirloom_store::StoreError;

use crate::Lack;

/// Building could not even be tried, or its result not be kept.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file or directory.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A package of a buildroot is not in the store.
    #[error("package {nevra} of the buildroot is not in the store (object {digest}): fetch it first")]
    MissingPackage {
        /// The package.
        nevra: Nevra,
        /// Its object.
        digest: Digest,
    },
    /// A source is not in the store.
    #[error("source {file} of {package} is not in the store (object {digest}): import it again")]
    MissingSource {
        /// The source package's name.
        package: String,
        /// The file.
        file: String,
        /// Its object.
        digest: Digest,
    },
    /// A source's name would lead out of its directory.
    #[error("source `{file}` of {package} is refused: a plain file name without `/` is expected")]
    UnsafeName {
        /// The source package's name.
        package: String,
        /// The file.
        file: String,
    },
    /// rpm does not install the base packages.
    #[error("rpm did not install the buildroot's {packages} packages: {message}")]
    Install {
        /// How many packages.
        packages: usize,
        /// The limit that was hit, or the end of rpm's output.
        message: String,
    },
    /// The caller asked to stop.
    #[error("the build was interrupted; the same command continues")]
    Interrupted,
    /// The machine itself, not the build, had no memory left.
    #[error("the machine ran out of memory while {0}: run fewer builds at a time, or give it more")]
    HostMemory(String),
    /// The sandbox could not be set up.
    #[error("the sandbox failed: {0}; `heirloom doctor` says what this machine lacks")]
    Sandbox(String),
    /// The machine can't run builds.
    #[error("this machine can't run builds: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Host(Vec<Lack>),
}

impl BuildError {
    /// Whether the machine is at fault, so that the same work may succeed later or on another one. Else
    /// something must be mended first. An interruption is neither: ask for it before.
    #[must_use]
    pub fn is_infrastructure(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Store(_) | Self::Sandbox(_) | Self::HostMemory(_) => true,
            Self::MissingPackage { .. }
            | Self::MissingSource { .. }
            | Self::UnsafeName { .. }
            | Self::Install { .. }
            | Self::Interrupted
            | Self::Host(_) => false,
        }
    }

    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), source }
    }
}
