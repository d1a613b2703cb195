//! What can keep an import from being recorded.

use std::io;
use std::path::{Path, PathBuf};

use heirloom_store::StoreError;

/// An import was not recorded; the repository is as it was.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A file operation failed.
    #[error("can't {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The git command failed.
    #[error("git fast-import in {path} failed: {message}")]
    Git {
        /// The repository.
        path: PathBuf,
        /// git's own words.
        message: String,
    },
    /// A file name can be in no git repository and in no list of large sources.
    #[error("{package}: a git repository can't have a source with the name `{name}`; rename it by a rule")]
    Name {
        /// The source package.
        package: String,
        /// The file's name.
        name: String,
    },
    /// A source package's name is no file name.
    #[error("`{0}` can't be the name of a source package's repository")]
    Package(String),
    /// Git can't write this name or address into a commit.
    #[error(
        "`{0}` can't be a committer's name or address: expected some text without `<`, `>` and line ends"
    )]
    Identity(String),
    /// A branch was pushed to, or otherwise changed by another program.
    #[error(
        "{path} was written by another program; these branches are Heirloom's own: move the commits to a branch of \
         another name, remove the file, and run the same command again"
    )]
    Foreign {
        /// The reference's file.
        path: PathBuf,
    },
    /// The list of references is not one.
    #[error("{path}, line {line}: expected `COMMIT REFERENCE`, found `{found}`; restore the repository")]
    Refs {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is there, shortened.
        found: String,
    },
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HistoryError {
    pub(super) fn io(what: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { what, path, source }
    }
}
