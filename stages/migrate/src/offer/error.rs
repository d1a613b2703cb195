//! Why what a target offers can't be known.

use heirloom_formats::modulemd::ModulemdError;
use heirloom_formats::openpgp::{CertificateError, VerifyError};
use heirloom_formats::repodata::RepodataError;
use heirloom_formats::repomd::RepomdError;
use heirloom_formats::rpm_file::RpmError;
use heirloom_formats::{DocumentError, XmlError};

use crate::fetch::FetchError;

/// What a target offers can't be known.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// The target does not have this architecture.
    #[error("the target has no packages for {architecture}, only for {}", has.join(", "))]
    Architecture {
        /// The machine's.
        architecture: String,
        /// The target's.
        has: Vec<String>,
    },
    /// The target's certificates can't be read.
    #[error("the certificates in the target file can't be read")]
    Certificates(#[from] CertificateError),
    /// A file can't be had.
    #[error("repository {repository}: a file of it can't be had")]
    Fetch {
        /// Its id.
        repository: String,
        /// Why.
        source: FetchError,
    },
    /// Its repomd.xml is not signed by the target.
    #[error(
        "repository {repository}: `repodata/repomd.xml` at {place} is not signed by one of the target's keys; a mirror that is being updated will be right in some minutes, else tell whoever runs the target"
    )]
    Signature {
        /// Its id.
        repository: String,
        /// Where it was read.
        place: String,
        /// Why.
        source: VerifyError,
    },
    /// A metadata file that every repository has is not listed.
    #[error("repository {repository}: its repomd.xml has no `{kind}`")]
    Missing {
        /// Its id.
        repository: String,
        /// The kind of file.
        kind: &'static str,
    },
    /// A metadata file is not the one that repomd.xml means.
    #[error("repository {repository}: `{location}` is not the file that the signed repomd.xml names: {said}")]
    Differs {
        /// Its id.
        repository: String,
        /// The file.
        location: String,
        /// In what way.
        said: String,
    },
    /// More packages than any target has.
    #[error("the target's repositories have more than {most} packages")]
    TooMany {
        /// Packages that it may have.
        most: usize,
    },
    /// repomd.xml is damaged.
    #[error("repository {repository}")]
    Repomd {
        /// Its id.
        repository: String,
        /// Why.
        source: RepomdError,
    },
    /// Primary or filelists is damaged.
    #[error("repository {repository}")]
    Repodata {
        /// Its id.
        repository: String,
        /// Why.
        source: RepodataError,
    },
    /// modules.yaml is damaged.
    #[error("repository {repository}")]
    Modules {
        /// Its id.
        repository: String,
        /// Why.
        source: ModulemdError,
    },
    /// A package's header is damaged.
    #[error("a package's header is not what its repository says")]
    Header(#[from] RpmError),
    /// A package's header is another's.
    #[error("`{location}` in {repository} is {found}, not {expected} as the repository's metadata says")]
    Other {
        /// The repository.
        repository: String,
        /// The file.
        location: String,
        /// As the metadata says.
        expected: String,
        /// As the file says.
        found: String,
    },
    /// A document can't be decompressed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A document is no XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
}
