//! What was done about another company's name, and what is left of it.

use serde::{Deserialize, Serialize};

use super::Imported;
use crate::Digest;

/// One thing that a debrand rule did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The rule, as `FILE:LINE` of the rules.
    pub rule: String,
    /// Its purpose line.
    pub purpose: String,
    /// The file of the source package that it changed.
    pub file: String,
    /// What it did there, in a few words: `replaced 2 times`, `added 1 line in %prep`.
    pub done: String,
}

/// A source package after all rules that concern it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debranded {
    /// The source package's name.
    pub name: String,
    /// Digest of the source package as it was imported ([`Imported::digest`]).
    pub source: Digest,
    /// Digest of the rules that concern it.
    pub rules: Digest,
    /// What they made of it. Without an edit, it is what was imported.
    pub result: Imported,
    /// What they did, in order.
    pub edits: Vec<Edit>,
}

/// What kind of mark was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// A name, as a word.
    Name,
    /// A URL or host name.
    Url,
    /// An e-mail address.
    Email,
    /// A picture: the same bytes, or one that looks the same.
    Logo,
    /// A Vendor, Packager, Distribution or BugURL tag.
    VendorTag,
    /// A key or certificate.
    Key,
    /// An attribution or licence that was changed or removed.
    Attribution,
    /// Something that could not be looked into.
    Unreadable,
}

/// One foreign mark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MarkFinding {
    /// Name of the mark in the brand file.
    pub mark: String,
    /// Its kind.
    pub kind: MarkKind,
    /// The file, with the way into archives: `hello.tar.gz!hello/README`. A header's tag is `header:Vendor`.
    pub file: String,
    /// Where in it: `line 12`, `offset 0x4a0`, `name`; may be empty.
    pub place: String,
    /// What is there, shortened.
    pub excerpt: String,
    /// The reason of the allowance that covers it, if one does.
    pub allowed: Option<String>,
}

/// The marks of one source package or package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scanned {
    /// Digest of what was scanned: of a package, or of a source ([`Imported::digest`]).
    pub subject: Digest,
    /// Digest of the marks, the allowances and the scanner's version.
    pub brand: Digest,
    /// What was found, sorted.
    pub findings: Vec<MarkFinding>,
}
