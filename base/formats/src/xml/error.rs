//! What can be wrong with an XML document.

use super::{DEEPEST, MOST_INSIDE};

/// An XML document is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// It is not well-formed XML, or its compressed stream is damaged or too large.
    #[error("{document} can't be read as XML at byte {byte}")]
    Syntax {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
        /// What is wrong.
        source: Box<quick_xml::Error>,
    },
    /// It ends before its root element does.
    #[error("{document} is cut short: it ends at byte {byte}, inside of <{element}>")]
    Truncated {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
        /// The innermost element that is still open, empty before the root.
        element: String,
    },
    /// The root element is another one: the document is of another kind.
    #[error("{document} is another kind of document: expected <{expected}>, found <{found}>")]
    Root {
        /// The document.
        document: String,
        /// The expected root.
        expected: &'static str,
        /// The root that is there.
        found: String,
    },
    /// Elements inside of elements without end.
    #[error("{document}: elements are nested deeper than {DEEPEST} levels at byte {byte}")]
    TooDeep {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
    },
    /// It is larger than anything of its kind.
    #[error("{document}, <{element}> before byte {byte}: it has more than {most} bytes")]
    TooLarge {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
        /// What is too large.
        element: String,
        /// Bytes that it may have.
        most: u64,
    },
    /// More elements in one than are kept in memory.
    #[error("{document}: one element has more than {MOST_INSIDE} in it at byte {byte}")]
    TooMany {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
    },
    /// It declares its own entities, or stands for a text elsewhere.
    #[error(
        "{document} has a document type declaration before byte {byte}, which such documents have no use for"
    )]
    DocumentType {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
    },
    /// Something comes after the root element.
    #[error("{document} goes on after its root element, at byte {byte}")]
    Trailing {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
    },
    /// A character that no XML document may have, even escaped.
    #[error(
        "{document}, <{element}> before byte {byte}: it has the character {character:?}, which XML can't hold"
    )]
    Character {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
        /// Where it is.
        element: String,
        /// The character.
        character: char,
    },
    /// A needed attribute or element is not there.
    #[error("{document}, <{element}> that ends at byte {byte}: {what} is missing")]
    Missing {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
        /// Where it should be.
        element: String,
        /// What is missing.
        what: &'static str,
    },
    /// A value is not of its kind.
    #[error("{document}, <{element}> before byte {byte}: `{value}` is not {expected}")]
    Invalid {
        /// The document.
        document: String,
        /// Offset after decompression.
        byte: u64,
        /// Where the value is.
        element: String,
        /// The value, shortened.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}
