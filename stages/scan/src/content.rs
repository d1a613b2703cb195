//! Searches a piece of text or of strings, and says where in it something is.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::GeneralPurposeConfig;

use crate::around::Surroundings;
use crate::keys;
use crate::pattern::{Hit, What};
use crate::report::{Context, joined};
use crate::walk::Walk;

/// Bytes on either side of a find that its line may have: longer lines are no prose.
const LINE: usize = 200;
/// Bytes of a string before and after a find.
const STRING: usize = 60;
/// Bytes at a file's start that tell texts from others.
const HEAD: usize = 8 << 10;

/// Some bytes of a file.
pub(crate) struct Piece<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) surroundings: Surroundings,
    /// Finds that end here or before were told.
    pub(crate) told: usize,
    /// Finds that end after this are left for the next piece.
    pub(crate) until: usize,
    /// Lines before it.
    pub(crate) line: usize,
    /// Bytes before it.
    pub(crate) offset: u64,
    /// The section of a program that it is.
    pub(crate) section: &'a str,
    /// The part of it that is a changelog.
    pub(crate) changelog: Range<usize>,
    /// It is a value of a header, in which nothing is an attribution.
    pub(crate) is_value: bool,
}

impl<'a> Piece<'a> {
    /// A whole text.
    pub(crate) fn text(bytes: &'a [u8]) -> Self {
        let (surroundings, changelog) = (Surroundings::Text, 0..0);
        let (told, until, line, offset, section, is_value) = (0, bytes.len(), 0, 0, "", false);
        Self { bytes, surroundings, told, until, line, offset, section, changelog, is_value }
    }

    fn context(&self, hit: Hit) -> Context<'a> {
        let changelog = self.changelog.contains(&hit.start);
        if self.is_value {
            return Context { changelog, ..Context::default() };
        }
        let is_end = |byte: &u8| match self.surroundings {
            Surroundings::Text => *byte == b'\n',
            Surroundings::Binary => *byte < b' ' && *byte != b'\t',
        };
        let (line, start) = self.line_around(hit.start, hit.end, is_end);
        let before = match start.checked_sub(1) {
            Some(end) if self.bytes.get(end).is_some_and(is_end) => self.line_around(end, end, is_end).0,
            _ => &[],
        };
        Context { line, before, changelog }
    }

    /// The line around a span, and where it starts; of a long one, what is near.
    fn line_around(&self, start: usize, end: usize, is_end: impl Fn(&u8) -> bool) -> (&'a [u8], usize) {
        let near = start.saturating_sub(LINE);
        let from = self.bytes[near..start].iter().rposition(&is_end).map_or(near, |at| near + at + 1);
        let far = self.bytes.len().min(end + LINE);
        let to = self.bytes[end..far].iter().position(&is_end).map_or(far, |at| end + at);
        (&self.bytes[from..to], from)
    }

    fn excerpt(&self, hit: Hit) -> &'a [u8] {
        let near = hit.start.saturating_sub(STRING);
        let far = self.bytes.len().min(hit.end + STRING);
        let is_end = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
        let from = self.bytes[near..hit.start].iter().rposition(is_end).map_or(near, |at| near + at + 1);
        let to = self.bytes[hit.end..far].iter().position(is_end).map_or(far, |at| hit.end + at);
        &self.bytes[from..to]
    }

    fn place(&self, start: usize, line: usize) -> String {
        match (self.is_value, self.surroundings, self.section) {
            (true, ..) => String::new(),
            (false, Surroundings::Text, _) => format!("line {line}"),
            (false, Surroundings::Binary, "") => format!("offset {:#x}", self.offset + start as u64),
            (false, Surroundings::Binary, section) => format!("{section} {start:#x}"),
        }
    }
}

impl Walk<'_> {
    /// Searches a piece, and what is packed into its text.
    pub(crate) fn search(&mut self, way: &str, piece: &Piece<'_>) {
        let bytes = piece.bytes;
        let (mut line, mut at) = (piece.line + 1, 0);
        for hit in self.scanner.patterns.find(bytes, piece.surroundings) {
            if hit.end <= piece.told || hit.end > piece.until {
                continue;
            }
            if piece.surroundings == Surroundings::Text && hit.start > at {
                line += bytes[at..hit.start].iter().filter(|byte| **byte == b'\n').count();
                at = hit.start;
            }
            let place = || piece.place(hit.start, line);
            let inner = |what: &str| joined(way, &format!("{what}:{}", piece.place(hit.start, line)));
            match hit.what {
                What::Mark(mark) => {
                    self.report.mark(mark, way, place, piece.excerpt(hit), piece.context(hit));
                }
                What::Base64 => {
                    let run = bytes[hit.end..].iter().take_while(|byte| is_base64(**byte)).count();
                    if let Some(data) = decode(&bytes[hit.end..hit.end + run]) {
                        self.packed(&inner("data"), &data);
                    }
                }
                What::Armour => {
                    if let Some(data) = keys::armoured(&bytes[hit.start..]).and_then(|body| decode(&body)) {
                        self.packed(&inner("key"), &data);
                    }
                }
                What::Certificate => {
                    let rest = &bytes[hit.start..];
                    let der =
                        keys::certificate(rest).filter(|der| self.budget.take(der.len() as u64).is_ok());
                    if let Some(der) = der {
                        self.digest(&inner("certificate"), der);
                    }
                }
            }
        }
    }

    /// Bytes that were packed into text.
    fn packed(&mut self, way: &str, data: &[u8]) {
        if let Err(error) = self.budget.member().and_then(|()| self.budget.take(data.len() as u64)) {
            return self.unreadable(way, &error);
        }
        self.file(way, &mut &*data);
    }
}

/// Whether these are no text: a zero, or too much that no text has.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    let odd =
        head.iter().filter(|byte| **byte < b' ' && !matches!(**byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b));
    head.contains(&0) || odd.count() * 10 > head.len()
}

/// A text in UTF-16 with a byte order mark, in UTF-8.
pub(crate) fn utf16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes[2..].chunks_exact(2).filter_map(|pair| Some(unit(*pair.first_chunk::<2>()?)));
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r' | b' ' | b'\t')
}

/// What base64 stands for, with or without padding and line breaks.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take_while(|byte| *byte != b'=')
        .collect();
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    // A last digit alone says nothing.
    let whole = if digits.len() % 4 == 1 { digits.len() - 1 } else { digits.len() };
    let data = GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(&digits[..whole]).ok()?;
    (!data.is_empty()).then_some(data)
}
