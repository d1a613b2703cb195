//! What can be wrong with a target file.

use heirloom_formats::openpgp::{CertificateError, VerifyError};

/// A target file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It is larger than any.
    #[error("{file} has {found} bytes, {most} are allowed: it is no target file")]
    Large {
        /// Its name.
        file: String,
        /// Bytes that it has.
        found: usize,
        /// Bytes that it may have.
        most: usize,
    },
    /// It is not UTF-8.
    #[error("{file} is not UTF-8: byte {byte} is wrong")]
    Encoding {
        /// Its name.
        file: String,
        /// Offset of the first wrong byte.
        byte: usize,
    },
    /// It is no TOML, or a field is missing, unknown or of another kind.
    #[error("{file} is no target file")]
    Toml {
        /// Its name.
        file: String,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// It is of another form.
    #[error(
        "{file} is of form {found}, this program reads form {expected}: take a program of the target's version"
    )]
    Format {
        /// Its name.
        file: String,
        /// The form that is read.
        expected: u32,
        /// The form that it has.
        found: u32,
    },
    /// A field says what it can't say.
    #[error("{file}: `{field}` is `{found}`, expected {expected}")]
    Field {
        /// Its name.
        file: String,
        /// The field.
        field: String,
        /// What it says, shortened.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// A list is longer than any.
    #[error("{file}: `{field}` has {found} entries, {most} are allowed")]
    Many {
        /// Its name.
        file: String,
        /// The field.
        field: String,
        /// Entries that it has.
        found: usize,
        /// Entries that it may have.
        most: usize,
    },
    /// The certificates in it are none.
    #[error("{file}: `certificates` can't be read")]
    Certificates {
        /// Its name.
        file: String,
        /// Why.
        source: CertificateError,
    },
    /// Its signature does not hold.
    #[error(
        "{file} is not to be believed: give the certificate of who signed it, or get the file and its signature anew"
    )]
    Signature {
        /// Its name.
        file: String,
        /// Why.
        source: VerifyError,
    },
    /// It can't be written.
    #[error("the target file can't be written")]
    Write(#[from] toml::ser::Error),
}
