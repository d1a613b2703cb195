//! Pulling elements out of an XML document, with the place of every fault.

mod error;
mod write;

use std::io::BufReader;

use compact_str::CompactString;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::document::{Bounded, Document};

pub use error::XmlError;
pub(crate) use write::Writer;

/// Levels that real documents stay far below.
const DEEPEST: usize = 32;
/// Bytes that one text, one tag, and the direct text of one element may have. The largest package descriptions have
/// some hundred thousand.
const LARGEST_PIECE: u64 = 16 << 20;
/// Elements inside of one that is read as a whole; the largest real advisories have some ten thousand.
const MOST_INSIDE: usize = 2_000_000;

/// A start tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: CompactString,
    // Names and most values are short: they need no memory of their own.
    attributes: Vec<(CompactString, CompactString)>,
}

impl Tag {
    fn new(start: &BytesStart<'_>) -> Result<Self, quick_xml::Error> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?.into();
            attributes.push((attribute.key.as_ref().into(), value));
        }
        Ok(Self { name: start.name().as_ref().into(), attributes })
    }

    /// One that is to be written.
    pub(crate) fn made(name: &str, attributes: &[(&str, &str)]) -> Self {
        let owned = |(key, value): &(&str, &str)| ((*key).into(), (*value).into());
        Self { name: name.into(), attributes: attributes.iter().map(owned).collect() }
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Takes an attribute away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.attributes.retain(|(key, _)| key != name);
    }

    /// Gives an attribute another value, in its place.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.attributes.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.into(),
            None => self.attributes.push((name.into(), value.into())),
        }
    }
}

/// A whole element, for documents of which most is passed through as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) tag: Tag,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// One that is to be written: of text, or of elements.
    pub(crate) fn made(name: &str, attributes: &[(&str, &str)], text: &str, children: Vec<Self>) -> Self {
        Self { tag: Tag::made(name, attributes), text: text.to_owned(), children }
    }

    /// The children of a name.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.tag.name == name)
    }

    /// The text of the first child of a name; empty if there is none.
    pub(crate) fn child_text(&self, name: &'static str) -> &str {
        self.all(name).next().map_or("", |child| child.text.trim())
    }
}

enum Piece {
    Start(Tag),
    End,
    Text(String),
}

/// A reader that walks down: [`Xml::child`] enters an element, which must then be left again by
/// [`Xml::text`], by [`Xml::skip`] or by asking for children until there are none.
pub(crate) struct Xml<'a> {
    reader: quick_xml::Reader<BufReader<Bounded<'a>>>,
    buffer: Vec<u8>,
    document: &'a str,
    open: Vec<CompactString>,
    may_have_type: bool,
    /// What is read must end before this byte, and how many bytes that allowed.
    budget: Option<(u64, u64)>,
    root: Option<Tag>,
}

impl<'a> Xml<'a> {
    /// Opens a document that has no document type declaration, and enters its root element.
    pub(crate) fn open(document: Document<'a>, root: &'static str) -> Result<Self, XmlError> {
        Self::enter(document, root, false)
    }

    /// Opens a document that may name its document type (which is not looked up), and enters its root element.
    pub(crate) fn open_typed(document: Document<'a>, root: &'static str) -> Result<Self, XmlError> {
        Self::enter(document, root, true)
    }

    fn enter(document: Document<'a>, root: &'static str, may_have_type: bool) -> Result<Self, XmlError> {
        let name = document.name;
        let reader = document.reader().map_err(|source| XmlError::Syntax {
            document: name.to_owned(),
            byte: 0,
            source: Box::new(source.into()),
        })?;
        let mut reader = quick_xml::Reader::from_reader(reader);
        reader.config_mut().expand_empty_elements = true;
        let mut xml = Self {
            reader,
            buffer: Vec::new(),
            document: name,
            open: Vec::new(),
            may_have_type,
            budget: None,
            root: None,
        };
        match xml.child()? {
            Some(tag) if tag.name == root => {
                xml.root = Some(tag);
                Ok(xml)
            }
            found => Err(XmlError::Root {
                document: name.to_owned(),
                expected: root,
                found: found.map_or_else(String::new, |tag| shorten(&tag.name)),
            }),
        }
    }

    /// An attribute of the root element.
    pub(crate) fn root_attribute(&self, name: &str) -> Option<&str> {
        self.root.as_ref().and_then(|root| root.attribute(name))
    }

    /// Allows so many bytes from here on, until it is called again.
    pub(crate) fn allow(&mut self, bytes: u64) {
        self.budget = Some((self.reader.buffer_position().saturating_add(bytes), bytes));
    }

    /// Reads on to the end, after the root element was left: only there a compressed stream shows that it is whole.
    pub(crate) fn finish(&mut self) -> Result<(), XmlError> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().get_mut().allow(LARGEST_PIECE);
            match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Eof) => return Ok(()),
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(Event::Text(text)) if text.xml10_content().trim().is_empty() => {}
                Ok(_) => {
                    let byte = self.reader.buffer_position();
                    return Err(XmlError::Trailing { document: self.document.to_owned(), byte });
                }
                Err(source) => return Err(self.syntax(source)),
            }
        }
    }

    /// Enters the next child of the element that is open, or leaves that element.
    pub(crate) fn child(&mut self) -> Result<Option<Tag>, XmlError> {
        loop {
            match self.next(false)? {
                Piece::Start(tag) => {
                    self.open.push(tag.name.clone());
                    return Ok(Some(tag));
                }
                Piece::End => {
                    self.open.pop();
                    return Ok(None);
                }
                Piece::Text(_) => {}
            }
        }
    }

    /// The text of the element that is open, which it leaves. Elements inside are passed over.
    pub(crate) fn text(&mut self) -> Result<String, XmlError> {
        let depth = self.open.len();
        let mut text = String::new();
        while self.open.len() >= depth && depth > 0 {
            match self.next(true)? {
                Piece::Start(tag) => self.open.push(tag.name),
                Piece::End => {
                    self.open.pop();
                }
                Piece::Text(piece) if self.open.len() == depth => {
                    text.push_str(&piece);
                    if text.len() as u64 > LARGEST_PIECE {
                        return Err(self.too_large(LARGEST_PIECE));
                    }
                }
                Piece::Text(_) => {}
            }
        }
        Ok(text)
    }

    /// Leaves the element that is open.
    pub(crate) fn skip(&mut self) -> Result<(), XmlError> {
        self.text().map(drop)
    }

    /// The whole element that a tag has just opened; leaves it. Text beside child elements is dropped.
    pub(crate) fn element(&mut self, tag: Tag) -> Result<Element, XmlError> {
        let mut left = MOST_INSIDE;
        self.inner(tag, &mut left)
    }

    fn inner(&mut self, tag: Tag, left: &mut usize) -> Result<Element, XmlError> {
        let (document, byte) = (self.document, self.reader.buffer_position());
        if self.open.len() > DEEPEST {
            return Err(XmlError::TooDeep { document: document.to_owned(), byte });
        }
        *left =
            left.checked_sub(1).ok_or_else(|| XmlError::TooMany { document: document.to_owned(), byte })?;
        let mut element = Element { tag, text: String::new(), children: Vec::new() };
        loop {
            match self.next(true)? {
                Piece::Start(tag) => {
                    self.open.push(tag.name.clone());
                    let child = self.inner(tag, left)?;
                    element.children.push(child);
                }
                Piece::End => {
                    self.open.pop();
                    if !element.children.is_empty() {
                        element.text = String::new();
                    }
                    return Ok(element);
                }
                Piece::Text(piece) => element.text.push_str(&piece),
            }
        }
    }

    /// The text of the element that is open, parsed; leaves it.
    pub(crate) fn parse<T: std::str::FromStr>(&mut self, expected: &'static str) -> Result<T, XmlError> {
        let element = self.open.last().cloned().unwrap_or_default();
        let text = self.text()?;
        text.trim().parse().map_err(|_| self.invalid(&element, &text, expected))
    }

    /// A needed attribute.
    pub(crate) fn need<'t>(&self, tag: &'t Tag, name: &'static str) -> Result<&'t str, XmlError> {
        tag.attribute(name).ok_or_else(|| self.missing(&tag.name, name))
    }

    /// A needed attribute, parsed.
    pub(crate) fn need_parsed<T: std::str::FromStr>(
        &self,
        tag: &Tag,
        name: &'static str,
        expected: &'static str,
    ) -> Result<T, XmlError> {
        let value = self.need(tag, name)?;
        value.parse().map_err(|_| self.invalid(&tag.name, value, expected))
    }

    pub(crate) fn missing(&self, element: &str, what: &'static str) -> XmlError {
        XmlError::Missing {
            document: self.document.to_owned(),
            byte: self.reader.buffer_position(),
            element: shorten(element),
            what,
        }
    }

    pub(crate) fn invalid(&self, element: &str, value: &str, expected: &'static str) -> XmlError {
        XmlError::Invalid {
            document: self.document.to_owned(),
            byte: self.reader.buffer_position(),
            element: shorten(element),
            value: shorten(value),
            expected,
        }
    }

    pub(crate) fn too_large(&self, most: u64) -> XmlError {
        XmlError::TooLarge {
            document: self.document.to_owned(),
            byte: self.reader.buffer_position(),
            element: self.innermost(),
            most,
        }
    }

    fn next(&mut self, text: bool) -> Result<Piece, XmlError> {
        loop {
            let at = self.reader.buffer_position();
            if let Some((_, most)) = self.budget.filter(|(end, _)| at > *end) {
                return Err(self.too_large(most));
            }
            if self.open.len() > DEEPEST {
                return Err(XmlError::TooDeep { document: self.document.to_owned(), byte: at });
            }
            self.buffer.clear();
            self.reader.get_mut().get_mut().allow(LARGEST_PIECE);
            let piece = match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(start)) => Tag::new(&start).map(Piece::Start),
                Ok(Event::End(_)) => Ok(Piece::End),
                Ok(Event::Text(piece)) if text => Ok(Piece::Text(piece.xml10_content().into_owned())),
                Ok(Event::CData(piece)) if text => Ok(Piece::Text(piece.xml10_content().into_owned())),
                Ok(Event::GeneralRef(reference)) if text => resolve(&reference).map(Piece::Text),
                Ok(Event::Eof) => return Err(self.truncated()),
                Ok(Event::DocType(kind)) if !self.may_have_type || kind.xml10_content().contains('[') => {
                    let byte = self.reader.buffer_position();
                    return Err(XmlError::DocumentType { document: self.document.to_owned(), byte });
                }
                Ok(_) => continue,
                Err(source) => Err(source),
            };
            let piece = piece.map_err(|source| self.syntax(source))?;
            return self.without_controls(piece);
        }
    }

    fn without_controls(&self, piece: Piece) -> Result<Piece, XmlError> {
        let found = match &piece {
            Piece::Start(tag) => tag.attributes.iter().find_map(|(_, value)| forbidden(value)),
            Piece::Text(text) => forbidden(text),
            Piece::End => None,
        };
        let Some((_, character)) = found else { return Ok(piece) };
        Err(XmlError::Character {
            document: self.document.to_owned(),
            byte: self.reader.buffer_position(),
            element: match &piece {
                Piece::Start(tag) => shorten(&tag.name),
                Piece::Text(_) | Piece::End => self.innermost(),
            },
            character,
        })
    }

    fn innermost(&self) -> String {
        self.open.last().map_or_else(String::new, |name| shorten(name))
    }

    fn truncated(&self) -> XmlError {
        XmlError::Truncated {
            document: self.document.to_owned(),
            byte: self.reader.buffer_position(),
            element: self.innermost(),
        }
    }

    fn syntax(&self, source: quick_xml::Error) -> XmlError {
        XmlError::Syntax {
            document: self.document.to_owned(),
            byte: self.reader.error_position(),
            source: Box::new(source),
        }
    }
}

/// A character reference, or one of the five entities that XML itself has; a document type's own entities
/// are refused.
fn resolve(reference: &BytesRef<'_>) -> Result<String, quick_xml::Error> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    Ok(quick_xml::escape::unescape(&format!("&{name};"))?.into_owned())
}

fn shorten(text: &str) -> String {
    text.chars().take(120).collect()
}

/// The first character that XML 1.0 can't hold, even escaped, and where it is.
pub(crate) fn forbidden(text: &str) -> Option<(usize, char)> {
    let is_suspect = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0xef;
    if !text.bytes().any(is_suspect) {
        return None;
    }
    let may_be = |character| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.char_indices().find(|(_, character)| !may_be(*character))
}

/// Whether a path stays below the directory that it is joined to, and is plain in every component.
pub(crate) fn is_plain_relative(path: &str) -> bool {
    !path.contains(|character: char| character.is_control() || character == '\\')
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}
