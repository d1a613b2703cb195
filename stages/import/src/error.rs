//! What can keep a source or a repository from coming in.

use std::io;
use std::path::PathBuf;

use heirloom_model::Digest;

/// An import failed; nothing of it was recorded.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or directory can't be read.
    #[error("can't read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A URL can't be fetched.
    #[error("can't fetch {url}: {source}")]
    Fetch {
        /// The URL.
        url: String,
        /// Why not.
        source: Box<ureq::Error>,
    },
    /// Something is larger than what is read.
    #[error("{location} has more than {limit} bytes; nothing of that kind should be so large")]
    TooLarge {
        /// File or URL.
        location: String,
        /// The bound in bytes.
        limit: u64,
    },
    /// The bytes are not the ones that were promised.
    #[error(
        "{location} has the digest {found}, but {by} says {expected}: the file was changed or damaged; nothing of it was kept"
    )]
    DigestMismatch {
        /// File or URL.
        location: String,
        /// Who states the digest.
        by: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A large source is listed, but no lookaside is defined.
    #[error(
        "{package}: {file} is listed in {list} but not beside it; set `upstream.lookaside` in the definition"
    )]
    NoLookaside {
        /// Source package.
        package: String,
        /// The file.
        file: String,
        /// The list that names it.
        list: String,
    },
    /// A dist-git tree does not look like one.
    #[error("{path}: {message}")]
    Layout {
        /// The tree.
        path: PathBuf,
        /// What was expected and found.
        message: String,
    },
    /// A name would leave its directory.
    #[error("{package}: `{name}` is not a plain file name; refused")]
    Escape {
        /// Source package.
        package: String,
        /// The name.
        name: String,
    },
    /// Metadata can't be read.
    #[error("{location}: {source}")]
    Format {
        /// File or URL.
        location: String,
        /// What does not fit.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A signature is missing, wrong or by an unknown key.
    #[error("{location}: {source}; check the keys that the definition lists for it")]
    Signature {
        /// File or URL.
        location: String,
        /// What is wrong with it.
        source: heirloom_sign::VerifyError,
    },
    /// A key file of the definition can't be used.
    #[error("{path}: {source}")]
    Key {
        /// The key file.
        path: PathBuf,
        /// Why not.
        source: heirloom_sign::KeyError,
    },
    /// The git command failed.
    #[error("git {command} in {path} failed: {message}")]
    Git {
        /// What was run.
        command: String,
        /// Where.
        path: PathBuf,
        /// git's own words.
        message: String,
    },
    /// Two source packages have one name.
    #[error(
        "source package {name} is both in {first} and in {second}; remove one, or list it in `upstream.exclude`"
    )]
    Twice {
        /// The name.
        name: String,
        /// One place.
        first: String,
        /// The other.
        second: String,
    },
    /// An exclusion matches nothing.
    #[error("`upstream.exclude` names `{0}`, which upstream does not have; remove the line")]
    UnusedExclude(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] heirloom_store::StoreError),
}

impl ImportError {
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Read { path, source }
    }

    pub(crate) fn format<E>(location: &str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let location = location.to_owned();
        |source| Self::Format { location, source: Box::new(source) }
    }

    pub(crate) fn mismatch(location: &str, by: &str, expected: &str, found: Digest) -> Self {
        Self::DigestMismatch {
            location: location.to_owned(),
            by: by.to_owned(),
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }
}
