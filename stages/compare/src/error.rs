//! Why two packages could not be compared. A difference is never an error.

use std::io;
use std::path::{Path, PathBuf};

use heirloom_formats::rpm_file::RpmError;

/// Two packages could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A file can't be read.
    #[error("{path}: can't be read", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is no RPM, cut short or damaged.
    #[error(transparent)]
    Rpm(#[from] RpmError),
    /// A source package can't stand in for a binary one.
    #[error("{path}: is a source package; only binary packages are compared", path = path.display())]
    Source {
        /// The file.
        path: PathBuf,
    },
    /// Readers of such a header do not agree on what it says.
    #[error("{path}: its header has the tag {tag} twice; no rpmbuild writes this", path = path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The tag's name.
        tag: String,
    },
}

impl CompareError {
    /// For `map_err`: adds the path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
