//! What can be wrong with a repository's metadata.

use heirloom_model::nevra::InvalidNevra;
use heirloom_model::{Digest, Nevra};

use crate::xml::XmlError;

/// A repository's metadata is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum RepodataError {
    /// The XML, or a value in it, is wrong.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// A name, version, release or architecture that rpm does not allow.
    #[error("{document}: package {name} has no proper identity")]
    Identity {
        /// The document.
        document: String,
        /// The package's name as the document has it.
        name: String,
        /// Which part is wrong.
        source: InvalidNevra,
    },
    /// Packages are known by their SHA-256 only.
    #[error("{document}: package {package} has a checksum of the kind `{found}`, only `sha256` is accepted")]
    ChecksumKind {
        /// The document.
        document: String,
        /// The package.
        package: String,
        /// The algorithm that it names.
        found: String,
    },
    /// A path that leaves the repository, or a package that is kept elsewhere.
    #[error(
        "{document}: package {package} is said to be at `{location}`, which is not a path below the repository's root"
    )]
    Location {
        /// The document.
        document: String,
        /// The package.
        package: String,
        /// The location.
        location: String,
    },
    /// The two documents do not belong together.
    #[error(
        "{document} has package {package} ({digest}), which the repository's primary metadata does not have"
    )]
    Unknown {
        /// The document.
        document: String,
        /// The package's name.
        package: String,
        /// Its digest.
        digest: Digest,
    },
    /// The two documents do not belong together.
    #[error("{document} does not have package {package}, which the repository's primary metadata has")]
    Absent {
        /// The document.
        document: String,
        /// The package.
        package: Nevra,
    },
    /// Two packages with one checksum.
    #[error("{document} has two packages with the checksum {digest}: {first} and {second}")]
    Same {
        /// The document.
        document: String,
        /// The checksum.
        digest: Digest,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// The two documents do not belong together.
    #[error(
        "{document} says that the package {digest} is {found}; the repository's primary metadata says that it is {expected}"
    )]
    Differs {
        /// The document.
        document: String,
        /// The package.
        digest: Digest,
        /// What primary says.
        expected: Nevra,
        /// What the other says.
        found: String,
    },
    /// More packages than any repository has.
    #[error("{document} says it has `{stated}` packages; a repository may have {most}")]
    Count {
        /// The document.
        document: String,
        /// As stated.
        stated: String,
        /// As allowed.
        most: u64,
    },
    /// The documents list packages in so different orders that they can't be read side by side.
    #[error(
        "{document} lists packages in another order than primary does, and {most} bytes of it would have to be kept"
    )]
    Order {
        /// The document.
        document: String,
        /// Bytes that may be kept.
        most: u64,
    },
    /// An element that is not where it should be.
    #[error("{document} at byte {byte}: expected {expected}")]
    Shape {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
        /// What should be there.
        expected: &'static str,
    },
    /// The compressed stream is damaged, cut short or too large, or not UTF-8.
    #[error("{document} can't be read at byte {byte}")]
    Read {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
        /// What is wrong.
        source: std::io::Error,
    },
}
