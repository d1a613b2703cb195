//! The package elements of a document as they are written, one by one.
//!
//! In XML, `<` stands for nothing but markup, outside of comments and of sections that escape it. Where there are
//! none of both, a package ends at the first `</package>`. A document that has them, or anything else than packages
//! and white space below its root, is refused here, not misread.

use std::io::{BufReader, Read as _};

use memchr::memmem;

use super::{MOST_BYTES, RepodataError, check_count};
use crate::document::{Bounded, Document};
use crate::xml::forbidden;

const END: &[u8] = b"</package>";
const STEP: usize = 256 << 10;

/// Reads a document of packages.
pub(super) struct Slices<'a> {
    reader: BufReader<Bounded<'a>>,
    pub(super) document: &'a str,
    root: &'static str,
    buffer: Vec<u8>,
    start: usize,
    /// Where `start` is in the document.
    pub(super) at: u64,
}

impl<'a> Slices<'a> {
    /// Opens a document whose root has this name and these namespaces, written as attributes.
    pub(super) fn open(
        document: Document<'a>,
        root: &'static str,
        namespaces: &[&str],
    ) -> Result<Self, RepodataError> {
        let name = document.name;
        let reader = document.reader().map_err(|source| RepodataError::Read {
            document: name.to_owned(),
            byte: 0,
            source,
        })?;
        let mut slices = Self { reader, document: name, root, buffer: Vec::new(), start: 0, at: 0 };
        if slices.starts_with(b"<?xml ")? {
            slices.take_through(b"?>", 1 << 10)?;
        }
        slices.skip_space()?;
        if !slices.starts_with(format!("<{root} ").as_bytes())? {
            return Err(slices.shape("the root element of such a document"));
        }
        let tag = slices.take_through(b">", 4 << 10)?;
        if !namespaces.iter().all(|namespace| tag.contains(namespace)) {
            return Err(slices.shape("the namespaces that createrepo_c declares"));
        }
        if let Some((_, count)) = tag.split_once("packages=\"") {
            check_count(name, count.split('"').next().unwrap_or_default())?;
        }
        Ok(slices)
    }

    /// The next package, with a line break after it.
    pub(super) fn next(&mut self) -> Result<Option<String>, RepodataError> {
        self.skip_space()?;
        if self.starts_with(b"<package ")? {
            let mut slice = self.take_through(END, MOST_BYTES)?;
            if memmem::find(slice.as_bytes(), b"<!").is_some() {
                return Err(self.shape("no comment and no CDATA section before it"));
            }
            if forbidden(&slice).is_some() {
                return Err(self.shape("no control character before it"));
            }
            slice.push('\n');
            return Ok(Some(slice));
        }
        let end = format!("</{}>", self.root);
        if !self.starts_with(end.as_bytes())? {
            return Err(self.shape("a package, or the end of the document"));
        }
        self.advance(end.len());
        self.skip_space()?;
        match self.start == self.buffer.len() {
            true => Ok(None),
            false => Err(self.shape("nothing after the root element")),
        }
    }

    pub(super) fn shape(&self, expected: &'static str) -> RepodataError {
        RepodataError::Shape { document: self.document.to_owned(), byte: self.at, expected }
    }

    fn advance(&mut self, bytes: usize) {
        self.start += bytes;
        self.at += bytes as u64;
    }

    /// Reads more; whether there was any.
    fn fill(&mut self) -> Result<bool, RepodataError> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let read = self.reader.by_ref().take(STEP as u64).read_to_end(&mut self.buffer);
        match read {
            Ok(read) => Ok(read > 0),
            Err(source) => Err(RepodataError::Read {
                document: self.document.to_owned(),
                byte: self.at + self.buffer.len() as u64,
                source,
            }),
        }
    }

    fn left(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn starts_with(&mut self, word: &[u8]) -> Result<bool, RepodataError> {
        while self.left().len() < word.len() {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(self.left().starts_with(word))
    }

    fn skip_space(&mut self) -> Result<(), RepodataError> {
        loop {
            let space = self.left().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.advance(space);
            if self.start < self.buffer.len() || !self.fill()? {
                return Ok(());
            }
        }
    }

    /// All that comes up to this word, and the word.
    fn take_through(&mut self, word: &[u8], most: u64) -> Result<String, RepodataError> {
        let mut seen = 0;
        let length = loop {
            if let Some(place) = memmem::find(self.left().get(seen..).unwrap_or_default(), word) {
                break seen + place + word.len();
            }
            seen = self.left().len().saturating_sub(word.len() - 1);
            if seen as u64 > most {
                return Err(self.shape("an element that is not larger than any may be"));
            }
            if !self.fill()? {
                return Err(self.shape("an element that does not end too early"));
            }
        };
        let bytes = self.left().get(..length).unwrap_or_default().to_vec();
        let slice = String::from_utf8(bytes).map_err(|source| RepodataError::Read {
            document: self.document.to_owned(),
            byte: self.at + source.utf8_error().valid_up_to() as u64,
            source: std::io::Error::other(source),
        })?;
        self.advance(length);
        Ok(slice)
    }
}
