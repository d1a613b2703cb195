//! What can be wrong with an RPM file.

use std::io;

use heirloom_model::nevra::InvalidNevra;

/// An RPM file can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct RpmError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub problem: RpmProblem,
}

/// What is wrong with an RPM file.
#[derive(Debug, thiserror::Error)]
pub enum RpmProblem {
    /// The operating system says so.
    #[error("can't be read: {0}")]
    Io(#[from] io::Error),
    /// The first bytes are not those of an RPM.
    #[error("is not an RPM file")]
    NotAnRpm,
    /// The bytes at a tag store's place are not those of a tag store.
    #[error("its {part} does not start as one: the file is damaged")]
    Magic {
        /// `signature` or `header`.
        part: &'static str,
    },
    /// A tag store that is larger than rpm itself would accept, or than any package.
    #[error("its {part} claims {found} {unit}, more than the {most} that are accepted")]
    TooLarge {
        /// `signature` or `header`.
        part: &'static str,
        /// `tags`, `bytes` or what kind of bytes.
        unit: &'static str,
        /// As it claims.
        found: u64,
        /// As is accepted.
        most: u64,
    },
    /// The file ends inside of a tag store.
    #[error("is cut short: its {part} should have {expected} bytes, {found} are there")]
    Truncated {
        /// `signature` or `header`.
        part: &'static str,
        /// Bytes that it claims.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A tag's value is outside of the data, or overlaps another's.
    #[error("tag {tag} of its {part} points outside of the data or overlaps another tag")]
    Bounds {
        /// `signature` or `header`.
        part: &'static str,
        /// The tag's number.
        tag: u32,
    },
    /// A tag is of a type that rpm does not know.
    #[error("tag {tag} of its {part} has the unknown type {kind}")]
    Kind {
        /// `signature` or `header`.
        part: &'static str,
        /// The tag's number.
        tag: u32,
        /// The type's number.
        kind: u32,
    },
    /// A tag has another type than this one always has.
    #[error("tag {tag} of its header is not {expected}")]
    Type {
        /// The tag's number.
        tag: u32,
        /// What it should be.
        expected: &'static str,
    },
    /// Tags that belong together do not have the same number of values.
    #[error("tag {tag} of its header has {found} values, expected {expected}")]
    Count {
        /// The tag's number.
        tag: u32,
        /// Values that the tags beside it have.
        expected: usize,
        /// Values that it has.
        found: usize,
    },
    /// A value that points into another tag's values points past their end.
    #[error("tag {tag} of its header has the index {found}, but there are only {count} values to point to")]
    Index {
        /// The tag's number.
        tag: u32,
        /// The index.
        found: usize,
        /// Values that are there.
        count: usize,
    },
    /// A tag without which it is no package.
    #[error("its header has no {0}")]
    MissingTag(&'static str),
    /// A name, version, release or architecture that rpm does not allow.
    #[error("has no proper identity: {0}")]
    Identity(#[from] InvalidNevra),
    /// The payload is shorter or longer than the signature header says.
    #[error("should have {expected} bytes by its own account, but has {found}: it was not copied whole")]
    Size {
        /// Size of the whole file, as its signature header says.
        expected: u64,
        /// Size of the whole file.
        found: u64,
    },
    /// The payload is not the archive that it should be.
    #[error("its payload can't be used: {0}")]
    Archive(String),
    /// Nothing to verify it by.
    #[error("carries no {0}, so that nothing proves it unchanged; only RPMs of version 4.14 and later do")]
    NoDigest(&'static str),
    /// The bytes are not those that were digested when it was built.
    #[error("its {part} was changed: the SHA-256 digest should be {expected}, but is {found}")]
    Digest {
        /// `header` or `payload`.
        part: &'static str,
        /// As it says itself.
        expected: String,
        /// As computed.
        found: String,
    },
}
