//! Why there is no compose.

use std::io;
use std::path::{Path, PathBuf};

use heirloom_formats::XmlError;
use heirloom_formats::modulemd::ModulemdError;
use heirloom_formats::productmd::ProductmdError;
use heirloom_formats::repodata::{FragmentError, WriteError};
use heirloom_formats::rpm_file::RpmError;
use heirloom_formats::updateinfo::UpdateinfoError;
use heirloom_model::{Digest, Nevra};
use heirloom_sign::{KeyError, SignError};
use heirloom_solve::SolveError;
use heirloom_store::StoreError;

/// There is no compose.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The metadata is of another package than the accepted one.
    #[error("{accepted} ({digest}) came with the metadata of {metadata}, or of another build of it")]
    OtherMetadata {
        /// What was accepted.
        accepted: Nevra,
        /// Its digest.
        digest: Digest,
        /// What the metadata is of.
        metadata: Nevra,
    },
    /// An inherited package was given as a candidate.
    #[error("{0} is inherited; which packages are inherited is worked out, not given")]
    Inherited(Nevra),
    /// Two packages would have the same file name.
    #[error("{nevra} is there twice, as {} and {}: raise the Release of one", digests[0], digests[1])]
    Duplicate {
        /// The package.
        nevra: Nevra,
        /// The two builds.
        digests: [Digest; 2],
    },
    /// An own package without a place.
    #[error(
        "no repository takes the own package {0}: add its name to `packages` of one of `[repositories.*]`"
    )]
    NotTaken(Nevra),
    /// An own package with two places.
    #[error(
        "the repositories {} and {} both take the own package {nevra}: take it out of one's `packages`",
        repositories[0], repositories[1]
    )]
    TakenTwice {
        /// The package.
        nevra: Nevra,
        /// The repositories.
        repositories: [String; 2],
    },
    /// A pattern that fits no own package.
    #[error(
        "repositories.{repository}.packages: `{pattern}` fits no own package; correct it, or take it out"
    )]
    PatternTakesNothing {
        /// The repository.
        repository: String,
        /// The pattern.
        pattern: String,
    },
    /// Placed packages need bootstrap packages, and no repository inherits.
    #[error(
        "{count} packages of the bootstrap repository are needed at run time, and no repository may inherit \
         them; {chain}: set `inherit = true` for one repository, or build what is missing"
    )]
    NoHeir {
        /// How many.
        count: usize,
        /// One of them, and what needs it.
        chain: String,
    },
    /// An exclusion that concerns no package.
    #[error("{}: `{pattern}` leaves nothing out; correct it, or take it out", excluding(repository.as_deref()))]
    ExcludesNothing {
        /// The repository; none: the whole compose.
        repository: Option<String>,
        /// The pattern.
        pattern: String,
    },
    /// The solver could not take its input.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// A package can't be signed.
    #[error("{nevra} can't be signed")]
    Sign {
        /// The package.
        nevra: Nevra,
        /// Why.
        source: SignError,
    },
    /// repomd.xml can't be signed.
    #[error("repomd.xml can't be signed")]
    SignRepomd(#[source] SignError),
    /// The signing key can't be used.
    #[error("the signing key can't be used")]
    Key(#[source] KeyError),
    /// A placed package has not been signed.
    #[error("{nevra} has a place in the compose but was not signed with the key {key}: sign it first")]
    NotSigned {
        /// The package.
        nevra: Nevra,
        /// The key's fingerprint.
        key: String,
    },
    /// A signed package is gone from the store.
    #[error("the signed {0} is not in the store any more; run again to sign it anew")]
    Lost(Nevra),
    /// A package's header can't be read.
    #[error(transparent)]
    Rpm(#[from] RpmError),
    /// A package can't be described in repodata.
    #[error(transparent)]
    Fragment(#[from] FragmentError),
    /// A reference's comps.xml can't be read.
    #[error(transparent)]
    Comps(#[from] XmlError),
    /// The gate found something that stands in the way.
    #[error("the gate refuses the compose")]
    Refused,
    /// A reference's advisories can't be read.
    #[error(transparent)]
    Updateinfo(#[from] UpdateinfoError),
    /// What the compose says of itself can't be written.
    #[error(transparent)]
    Productmd(#[from] ProductmdError),
    /// A reference's modules can't be read, or not be changed.
    #[error(transparent)]
    Modules(#[from] ModulemdError),
    /// Repodata can't be made.
    #[error("the metadata of {repository} can't be made")]
    Repodata {
        /// The repository.
        repository: String,
        /// Why.
        source: WriteError,
    },
    /// A list can't be written as JSON.
    #[error("a list of the tree's files can't be written")]
    Json(#[source] serde_json::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
}

impl ComposeError {
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), source }
    }
}

fn excluding(repository: Option<&str>) -> String {
    match repository {
        Some(name) => format!("repositories.{name}.exclude"),
        None => "compose.exclude".to_owned(),
    }
}
