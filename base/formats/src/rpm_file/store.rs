//! A tag store: the shape of both the signature and the header.

use std::io::Read;

use super::RpmProblem;

/// What rpm itself accepts at most.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    tags: u32,
    bytes: u32,
}

impl Limits {
    pub(super) const SIGNATURE: Self = Self { tags: 0xffff, bytes: 64 << 20 };
    pub(super) const HEADER: Self = Self { tags: 0xffff, bytes: 256 << 20 };
}

/// A tag's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One text, or a list of texts (one for each locale if it is translated).
    Texts(Vec<String>),
    /// One number or a list of numbers.
    Numbers(Vec<u64>),
    /// Bytes.
    Binary(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Int { width: usize },
    Text,
    Binary,
}

#[derive(Clone, Debug)]
struct Entry {
    tag: u32,
    kind: Kind,
    count: usize,
    start: usize,
    end: usize,
}

/// A parsed tag store. Every entry's range has been checked to lie inside of the data.
#[derive(Clone, Debug)]
pub(super) struct Store {
    part: &'static str,
    entries: Vec<Entry>,
    /// All of it, as it is in the file.
    bytes: Vec<u8>,
    /// Where the data begins in there, behind intro and index.
    data: usize,
}

/// A tag as it is in the file: what it takes to write it into another store.
#[derive(Clone, Copy, Debug)]
pub struct RawTag<'a> {
    /// Its number.
    pub tag: u32,
    /// The number of its type.
    pub kind: u32,
    /// Values that it has; bytes, if it is binary.
    pub count: u32,
    /// Its value, without padding.
    pub value: &'a [u8],
}

/// Bytes before the index: magic, four bytes for later, two counts.
const INTRO: usize = 16;
/// Bytes of a tag in the index: number, type, offset, count.
const INDEXED: usize = 16;

impl Store {
    pub(super) fn read(
        reader: &mut impl Read,
        part: &'static str,
        limits: Limits,
    ) -> Result<Self, RpmProblem> {
        let mut whole = Vec::new();
        read_whole(reader, part, INTRO as u64, &mut whole)?;
        if whole[..4] != [0x8e, 0xad, 0xe8, 0x01] {
            return Err(RpmProblem::Magic { part });
        }
        let (tags, bytes) = (be32(&whole[8..12]), be32(&whole[12..INTRO]));
        for (unit, found, most) in [("tags", tags, limits.tags), ("bytes", bytes, limits.bytes)] {
            if found > most {
                return Err(RpmProblem::TooLarge { part, unit, found: found.into(), most: most.into() });
            }
        }
        read_whole(reader, part, u64::from(tags) * INDEXED as u64, &mut whole)?;
        let data = whole.len();
        read_whole(reader, part, bytes.into(), &mut whole)?;
        let mut store = Self { part, entries: Vec::new(), bytes: whole, data };
        store.entries = store.parse_index()?;
        Ok(store)
    }

    fn index(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes[INTRO..self.data].chunks_exact(INDEXED)
    }

    fn data(&self) -> &[u8] {
        &self.bytes[self.data..]
    }

    /// Values may not overlap, so that a small file can't claim endless data by pointing to the same
    /// bytes again and again.
    fn parse_index(&self) -> Result<Vec<Entry>, RpmProblem> {
        let mut left = self.data().len();
        let mut entries = Vec::with_capacity(self.index().len());
        for entry in self.index() {
            let tag = be32(&entry[..4]);
            let bounds = || RpmProblem::Bounds { part: self.part, tag };
            let kind = self.kind(tag, be32(&entry[4..8]))?;
            let start = be32(&entry[8..12]) as usize;
            let count = be32(&entry[12..16]) as usize;
            let data = self.data().get(start..).ok_or_else(bounds)?;
            let size = size_of(kind, count, &data[..left.min(data.len())]).ok_or_else(bounds)?;
            left -= size;
            entries.push(Entry { tag, kind, count, start, end: start + size });
        }
        Ok(entries)
    }

    fn kind(&self, tag: u32, kind: u32) -> Result<Kind, RpmProblem> {
        Ok(match kind {
            0 => Kind::Null,
            1 | 2 => Kind::Int { width: 1 },
            3 => Kind::Int { width: 2 },
            4 => Kind::Int { width: 4 },
            5 => Kind::Int { width: 8 },
            6 | 8 | 9 => Kind::Text,
            7 => Kind::Binary,
            _ => return Err(RpmProblem::Kind { part: self.part, tag, kind }),
        })
    }

    /// Its bytes as they are in the file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its tags as they are in the file.
    pub(super) fn raw_tags(&self) -> impl Iterator<Item = RawTag<'_>> {
        self.index().zip(&self.entries).map(move |(indexed, entry)| RawTag {
            tag: entry.tag,
            kind: be32(&indexed[4..8]),
            count: be32(&indexed[12..16]),
            value: self.value_of(entry),
        })
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|entry| entry.tag)
    }

    pub(super) fn has(&self, tag: u32) -> bool {
        self.find(tag).is_some()
    }

    pub(super) fn raw(&self, tag: u32) -> Option<&[u8]> {
        self.find(tag).map(|entry| self.value_of(entry))
    }

    pub(super) fn value(&self, tag: u32) -> Option<Value> {
        let entry = self.find(tag)?;
        Some(match entry.kind {
            Kind::Text => Value::Texts(self.strings(entry).map(decode).collect()),
            Kind::Int { width } => {
                Value::Numbers(self.value_of(entry).chunks_exact(width).map(number).collect())
            }
            Kind::Null | Kind::Binary => Value::Binary(self.value_of(entry).to_vec()),
        })
    }

    /// The text of a tag, the untranslated one if it has several.
    pub(super) fn text(&self, tag: u32) -> Result<Option<String>, RpmProblem> {
        let Some(entry) = self.typed(tag, "text", |kind| kind == Kind::Text)? else { return Ok(None) };
        Ok(self.strings(entry).next().map(decode))
    }

    /// All texts of a tag; none if it is absent.
    pub(super) fn texts(&self, tag: u32) -> Result<Vec<String>, RpmProblem> {
        let entry = self.typed(tag, "text", |kind| kind == Kind::Text)?;
        Ok(entry.map_or_else(Vec::new, |entry| self.strings(entry).map(decode).collect()))
    }

    /// All numbers of a tag; none if it is absent.
    pub(super) fn numbers<T: TryFrom<u64>>(&self, tag: u32) -> Result<Vec<T>, RpmProblem> {
        let expected = "a number that fits";
        let Some(entry) = self.typed(tag, "a number", |kind| matches!(kind, Kind::Int { .. }))? else {
            return Ok(Vec::new());
        };
        let Kind::Int { width } = entry.kind else { return Ok(Vec::new()) };
        let numbers = self.value_of(entry).chunks_exact(width).map(|bytes| T::try_from(number(bytes)));
        numbers.collect::<Result<_, _>>().map_err(|_| RpmProblem::Type { tag, expected })
    }

    /// The number of a tag.
    pub(super) fn number<T: TryFrom<u64>>(&self, tag: u32) -> Result<Option<T>, RpmProblem> {
        Ok(self.numbers(tag)?.into_iter().next())
    }

    fn find(&self, tag: u32) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    fn typed(
        &self,
        tag: u32,
        expected: &'static str,
        fits: fn(Kind) -> bool,
    ) -> Result<Option<&Entry>, RpmProblem> {
        match self.find(tag) {
            Some(entry) if !fits(entry.kind) => Err(RpmProblem::Type { tag, expected }),
            found => Ok(found),
        }
    }

    fn value_of(&self, entry: &Entry) -> &[u8] {
        self.data().get(entry.start..entry.end).unwrap_or_default()
    }

    fn strings(&self, entry: &Entry) -> impl Iterator<Item = &[u8]> {
        self.value_of(entry).split(|byte| *byte == 0).take(entry.count)
    }
}

/// Bytes that a value takes, if the data has that many.
fn size_of(kind: Kind, count: usize, data: &[u8]) -> Option<usize> {
    let size = match kind {
        Kind::Null => 0,
        Kind::Binary => count,
        Kind::Int { width } => count.checked_mul(width)?,
        Kind::Text if count == 0 => 0,
        Kind::Text => data.iter().enumerate().filter(|(_, byte)| **byte == 0).nth(count - 1)?.0 + 1,
    };
    (size <= data.len()).then_some(size)
}

/// Reads piece by piece, so that a false count costs no more memory than the file has bytes.
fn read_whole(
    reader: &mut impl Read,
    part: &'static str,
    expected: u64,
    bytes: &mut Vec<u8>,
) -> Result<(), RpmProblem> {
    let found = reader.by_ref().take(expected).read_to_end(bytes)? as u64;
    if found < expected {
        return Err(RpmProblem::Truncated { part, expected, found });
    }
    Ok(())
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// UTF-8, or else Latin-1, in which every byte is a character.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
