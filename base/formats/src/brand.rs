//! The brand file: the marks of another company, and where they are accepted.
//!
//! ```toml
//! [[mark]]
//! name = "tarnholt"                       # what findings and allowances call it
//! kind = "name"                           # name, url, email, vendor-tag, logo, key
//! words = ["Tarnholt"]
//! unless = ["tarnholt-rpm-config"]        # longer texts in which it is none; `*` stands for part of a name
//!
//! [[mark]]
//! name = "heron"
//! kind = "logo"
//! looks = ["c3a1f00f00ff18e7"]
//!
//! [[allowance]]
//! mark = "tarnholt"
//! packages = ["hello*"]                   # names of packages; every package without it
//! files = ["header:Provides", "*/NEWS"]   # the findings' files; every file without it
//! reason = "others require it by this name"
//! expires = 2027-06-30                    # the last day on which it holds; for ever without it
//! ```
//! All keys are in docs/brand.md. An unknown key, a key of another kind, a mark that looks for nothing and an
//! allowance without a reason are errors with line and column.

mod entry;

use std::io::Read as _;
use std::path::Path;

use heirloom_model::Digest;
use heirloom_model::allowance::Date;
use heirloom_model::record::MarkKind;

use crate::definition::DefinitionError;

/// Largest brand file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// The header's tags that a `vendor-tag` mark looks at.
pub const VENDOR_TAGS: [&str; 5] = ["Vendor", "Packager", "Distribution", "BugURL", "URL"];
/// Bits of a perceptual hash that may differ unless a mark says otherwise.
pub const DISTANCE: u32 = 6;
/// The most that a mark may say: beyond it, pictures that have nothing in common are taken for the same.
pub const MOST_DISTANCE: u32 = 16;

/// A brand file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// The marks, in the file's order. Their names are unique.
    pub marks: Vec<Mark>,
    /// The allowances, in the file's order.
    pub allowances: Vec<BrandAllowance>,
}

/// A mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its name.
    pub name: String,
    /// What shows it.
    pub signs: Signs,
}

/// What shows a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Words in texts, strings and names of files.
    Words {
        /// The words; a blank in one stands for any blanks and line breaks.
        words: Vec<String>,
        /// Whether case counts.
        exact_case: bool,
        /// Whether they are found inside of longer words, too.
        inside: bool,
        /// Longer texts in which they are no mark.
        unless: Vec<String>,
    },
    /// Hosts with everything below them, and URLs without a scheme: `example.com`, `github.com/example`.
    Urls {
        /// Hosts, or hosts with the beginning of a path.
        urls: Vec<String>,
        /// Longer texts in which they are no mark.
        unless: Vec<String>,
    },
    /// Domains of e-mail addresses, with everything below them.
    Emails {
        /// The domains.
        domains: Vec<String>,
        /// Longer texts in which they are no mark.
        unless: Vec<String>,
    },
    /// Values of the header's tags [`VENDOR_TAGS`].
    VendorTags {
        /// Which of them.
        tags: Vec<String>,
        /// Patterns of whole values; `*` stands for any text, `?` for one character, case does not count.
        values: Vec<String>,
    },
    /// Pictures.
    Logo {
        /// Digests of files.
        sha256: Vec<Digest>,
        /// Perceptual hashes.
        looks: Vec<u64>,
        /// Bits of a hash that may differ.
        distance: u32,
    },
    /// Keys and certificates.
    Key {
        /// OpenPGP fingerprints or long key ids, in bytes.
        fingerprints: Vec<Vec<u8>>,
        /// Digests of X.509 certificates in DER.
        certificates: Vec<Digest>,
        /// Texts of certificates' subjects or of key owners.
        subjects: Vec<String>,
    },
}

/// An acceptance of findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandAllowance {
    /// Name of the mark, `unreadable` or `attribution` for these kinds of findings.
    pub mark: String,
    /// Patterns of packages' names.
    pub packages: Vec<String>,
    /// Patterns of the findings' files.
    pub files: Vec<String>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Option<Date>,
}

impl Signs {
    /// The kind of its findings.
    #[must_use]
    pub fn kind(&self) -> MarkKind {
        match self {
            Self::Words { .. } => MarkKind::Name,
            Self::Urls { .. } => MarkKind::Url,
            Self::Emails { .. } => MarkKind::Email,
            Self::VendorTags { .. } => MarkKind::VendorTag,
            Self::Logo { .. } => MarkKind::Logo,
            Self::Key { .. } => MarkKind::Key,
        }
    }
}

impl Brand {
    /// Reads a brand file.
    ///
    /// # Errors
    /// The file can't be read, is larger than any that a person writes, or says something that it should not;
    /// the error names the place.
    pub fn load(path: &Path) -> Result<Self, DefinitionError> {
        let unreadable = |source| DefinitionError::Unreadable { path: path.to_owned(), source };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > LARGEST {
            return Err(unreadable(std::io::Error::other(format!("it has more than {LARGEST} bytes"))));
        }
        Self::parse(&text, path)
    }

    /// Parses the text of a brand file; `path` is for messages.
    ///
    /// # Errors
    /// As [`Brand::load`], but for reading.
    pub fn parse(text: &str, path: &Path) -> Result<Self, DefinitionError> {
        entry::read(text, path)
    }
}

#[cfg(test)]
mod tests;
