//! Reads debugging data (DWARF 2 to 5, supplementary files of dwz included) and answers two questions
//! about a pair of files: are the types that can be reached from these exported symbols laid out alike,
//! and is the debugging data the same but for producer and compilation directory?
//!
//! It gives differences as data and weighs none of them beyond saying whether users break. All bytes are
//! untrusted: cycles, depths and sizes are bounded, and what can't be read is an error, never a silent gap.

mod data;
mod exports;
mod file;
mod layout;
mod lines;
mod same;
mod tables;
mod types;

use std::fmt;

pub use data::Debug;
pub use same::{DebugSameness, same_debug};
pub use types::compare_types;

/// Debugging data can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("debugging data: {0}")]
pub struct DwarfError(String);

impl From<gimli::Error> for DwarfError {
    fn from(error: gimli::Error) -> Self {
        Self(error.to_string())
    }
}

/// A symbol that both files export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// Its name, mangled as it is.
    pub name: &'a str,
    /// Its address in the reference.
    pub reference: u64,
    /// Its address in the rebuild.
    pub rebuilt: u64,
}

/// What two files' types come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeReport {
    /// Exports whose types were compared.
    pub compared: usize,
    /// Exports that one file has a type of, and the other has not.
    pub without_types: Vec<String>,
    /// Differences, each named once however many ways lead to it.
    pub differences: Vec<TypeDifference>,
}

/// One difference of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeDifference {
    /// What differs.
    pub kind: Kind,
    /// Whether users that were compiled against the reference break.
    pub breaks: bool,
    /// The type or function, with the member if it is one: `struct point, member y`.
    pub subject: String,
    /// What the reference has.
    pub expected: String,
    /// What the rebuild has.
    pub found: String,
    /// The way from an export: its name, then types.
    pub through: Vec<String>,
}

/// What of a type differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "their words are in the message")]
pub enum Kind {
    Sort,
    Size,
    Encoding,
    Member,
    MemberOffset,
    Base,
    Bounds,
    Enumerator,
    VirtualFunction,
    Parameters,
    ReturnType,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sort => "sort of type",
            Self::Size => "size",
            Self::Encoding => "encoding",
            Self::Member => "member",
            Self::MemberOffset => "member's place",
            Self::Base => "base class",
            Self::Bounds => "bounds of an array",
            Self::Enumerator => "enumerator",
            Self::VirtualFunction => "virtual function",
            Self::Parameters => "parameters",
            Self::ReturnType => "type that is returned",
        })
    }
}
