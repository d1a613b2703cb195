//! What can keep a source or a repository from coming in.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use heirloom_model::Digest;
use heirloom_model::allowance::Date;

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
    /// The server has no such thing, or does not give it.
    #[error("can't fetch {url}: the server answers {status}")]
    Status {
        /// The URL.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// An answer ended too early.
    #[error("can't fetch {url}: it ended after {found} of {expected} bytes")]
    Truncated {
        /// The URL.
        url: String,
        /// What the server promised, in bytes.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// Redirected without end.
    #[error("can't fetch {url}: it was redirected more than {most} times; the server sends it in circles")]
    Redirects {
        /// The URL.
        url: String,
        /// How many are followed.
        most: u32,
    },
    /// Redirected to where anybody could change it.
    #[error("{url} is redirected to {to}, which is not https; refused")]
    Downgrade {
        /// The URL.
        url: String,
        /// Where to.
        to: String,
    },
    /// It failed too often.
    #[error("{source}; tried {attempts} times")]
    GaveUp {
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        source: Box<ImportError>,
    },
    /// It has another size than signed metadata states.
    #[error(
        "{location} has {found} bytes, but the metadata that lists it says {expected}: it was changed or damaged; \
         nothing of it was kept"
    )]
    Size {
        /// File or URL.
        location: String,
        /// What it should have, in bytes.
        expected: u64,
        /// What it has.
        found: u64,
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
        source: heirloom_formats::openpgp::VerifyError,
    },
    /// A key file of the definition can't be used.
    #[error("{path}: {source}")]
    Key {
        /// The key file.
        path: PathBuf,
        /// Why not.
        source: heirloom_formats::openpgp::CertificateError,
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
    /// A repository does not have what is to be imported.
    #[error("{location} has no such {what}")]
    NoRevision {
        /// The repository.
        location: String,
        /// What was looked for.
        what: String,
    },
    /// A repository's metadata is older than what was seen there before.
    #[error(
        "{location} went back: it is of {found_at} now ({found}), and was of {seen_at} before ({seen}); an old mirror, or \
         somebody who withholds updates. If that is meant to be, list {found} in `accept_older` of the definition"
    )]
    Older {
        /// The repository.
        location: String,
        /// The revision that was seen before.
        seen: String,
        /// Its day.
        seen_at: String,
        /// The revision that is there now.
        found: String,
        /// Its day.
        found_at: String,
    },
    /// A branch does not continue what was seen of it, or a tag is no newer.
    #[error(
        "{location} was rewritten or went back: {found} does not come after {seen}, which was seen before. If that is \
         meant to be, list {found} in `accept_older` of the definition"
    )]
    Rewritten {
        /// The repository and its branch or tags.
        location: String,
        /// The commit that was seen before.
        seen: String,
        /// The commit that is there now.
        found: String,
    },
    /// Metadata claims to be from the future.
    #[error("{location} says that it is of {found}, but it is {now}; check the clock of this machine")]
    Future {
        /// The repository.
        location: String,
        /// The day that it states.
        found: String,
        /// Today.
        now: String,
    },
    /// Metadata is older than the definition allows.
    #[error(
        "{location} is of {found}, more than the {days} days ago that `upstream.max_age_days` allows; a mirror that \
         is not updated, or somebody who withholds updates"
    )]
    Stale {
        /// The repository.
        location: String,
        /// The day that it states.
        found: String,
        /// Days that are allowed.
        days: u64,
    },
    /// A key file holds other keys.
    #[error("{path} holds the key {found}, but the definition says {expected}; it was not used")]
    Fingerprint {
        /// File or URL.
        path: PathBuf,
        /// Fingerprints by the definition.
        expected: String,
        /// Fingerprints that were found.
        found: String,
    },
    /// Some source packages can't be imported.
    #[error("{} of {total} source packages can't be imported; the others are{}", .failed.len(), list(.failed))]
    Packages {
        /// Packages in all.
        total: usize,
        /// Names and reasons, sorted by name.
        failed: Vec<(String, ImportError)>,
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

/// Failures that are shown.
const SHOWN: usize = 20;

fn list(failed: &[(String, ImportError)]) -> String {
    let mut text = String::new();
    for (name, error) in failed.iter().take(SHOWN) {
        let _ = write!(text, "\n  {name}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.ends_with(&said) {
                let _ = write!(text, ": {said}");
            }
            cause = error.source();
        }
    }
    if failed.len() > SHOWN {
        let _ = write!(text, "\n  and {} more", failed.len() - SHOWN);
    }
    text
}

/// A time as the day that it is in, UTC.
pub(crate) fn day(time: u64) -> String {
    Date::from_unix(time).to_string()
}

impl ImportError {
    /// Whether it is simply not there, so that it may be somewhere else.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Read { source, .. } => source.kind() == io::ErrorKind::NotFound,
            Self::Status { status, .. } => matches!(status, 404 | 410),
            _ => false,
        }
    }

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
