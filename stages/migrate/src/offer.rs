//! What a target offers: the packages of its repositories, as their signed metadata says.
//!
//! [`read`] takes repomd.xml, which must be signed by one of the target's keys, primary and modules. The list of all files is several times as large as
//! primary and hardly ever needed: [`read_paths`] asks it for single paths, when [`paths_needed`](crate::plan::paths_needed) finds that packages require a path
//! which primary does not list.

mod error;
mod headers;
mod modules;
mod read;

use heirloom_model::{Digest, Package};
use serde::{Deserialize, Serialize};

pub use error::OfferError;
pub use headers::{HeaderNeed, read_headers};
pub use read::{Places, read, read_paths};

/// What a target offers for one architecture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offer {
    /// Each repository as it was seen.
    pub repositories: Vec<SeenRepository>,
    /// Packages of its enabled repositories. Of each name and architecture there can be several versions.
    pub packages: Vec<Offered>,
    /// Streams of modules, with the packages (as NEVRAs) of each.
    pub streams: Vec<OfferedStream>,
}

/// A repository as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SeenRepository {
    /// Its id.
    pub id: String,
    /// Where it was read: one of its places, with variables put in.
    pub place: String,
    /// The revision that its repomd.xml states.
    pub revision: String,
    /// SHA-256 of its repomd.xml.
    #[schemars(with = "String")]
    pub repomd: Digest,
}

/// A package that a target offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// Id of its repository.
    pub repository: String,
    /// What its metadata says. Its location is below the repository's place.
    pub package: Package,
    /// Bytes that it takes when it is installed.
    pub installed_size: u64,
    /// Where the header is in the file, in bytes from its beginning: start and end, as primary.xml says; for fetching headers alone.
    pub header: (u64, u64),
}

/// A stream of a module that a target offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferedStream {
    /// The module.
    pub name: String,
    /// The stream.
    pub stream: String,
    /// Whether it is the module's default.
    pub is_default: bool,
    /// Its packages, as NEVRAs.
    pub packages: Vec<String>,
}
