//! What stands around a candidate, and decides whether it is what was looked for.

use std::ops::Range;

/// What a candidate stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surroundings {
    /// Text, in which words have bounds.
    Text,
    /// Strings between other bytes, which may look like letters.
    Binary,
}

/// What may be between the parts of a word; the first of these begins it.
pub(crate) const SEPARATORS: [&[u8]; 8] = [b" ", b"\n", b"\r", b"\t", b"_", b"-", b"&nbsp;", b"\xc2\xa0"];
/// Bytes that may be between two parts of a word: a line break, and what a comment's next line begins with.
const LONGEST_GAP: usize = 80;
/// Bytes of a word whose bounds do not matter between other bytes: strings lie there without any bound, and a
/// word of this length hardly comes about by chance.
const LONG_WORD: usize = 5;
/// Bytes of the local part of an address, and of names before a host.
const LONGEST_NAME: usize = 255;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    Other,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            _ if c.is_uppercase() => Self::Upper,
            _ if c.is_alphabetic() => Self::Lower,
            _ if c.is_numeric() => Self::Digit,
            _ => Self::Other,
        }
    }

    /// Whether a word may end between these two: `rhel9` and `myTarnholt` are two words each.
    fn is_bound(self, next: Self) -> bool {
        match (self, next) {
            (Self::Lower, Self::Upper) => true,
            (Self::Lower | Self::Upper, Self::Lower | Self::Upper) | (Self::Digit, Self::Digit) => false,
            _ => true,
        }
    }
}

/// The character that ends here.
fn before(bytes: &[u8], at: usize, surroundings: Surroundings) -> Class {
    let Some(last) = at.checked_sub(1).and_then(|at| bytes.get(at)) else { return Class::Other };
    if last.is_ascii() {
        return Class::of(char::from(*last));
    }
    let utf8 = (2..=4.min(at)).find_map(|length| str::from_utf8(&bytes[at - length..at]).ok());
    match utf8.and_then(|text| text.chars().next_back()) {
        Some(c) => Class::of(c),
        None => latin1(*last, surroundings),
    }
}

/// The character that starts here.
fn after(bytes: &[u8], at: usize, surroundings: Surroundings) -> Class {
    let Some(first) = bytes.get(at) else { return Class::Other };
    if first.is_ascii() {
        return Class::of(char::from(*first));
    }
    let rest = &bytes[at..bytes.len().min(at + 4)];
    let utf8 = (2..=rest.len()).find_map(|length| str::from_utf8(&rest[..length]).ok());
    match utf8.and_then(|text| text.chars().next()) {
        Some(c) => Class::of(c),
        None => latin1(*first, surroundings),
    }
}

fn latin1(byte: u8, surroundings: Surroundings) -> Class {
    match surroundings {
        Surroundings::Text => Class::of(char::from(byte)),
        Surroundings::Binary => Class::Other,
    }
}

/// The word that starts here, if it is there with all its parts and is not a part of another.
pub(crate) fn word(
    bytes: &[u8],
    start: usize,
    parts: &[Vec<u8>],
    exact: bool,
    inside: bool,
    surroundings: Surroundings,
) -> Option<Range<usize>> {
    let mut at = start;
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            at += gap(&bytes[at..]);
        }
        let found = bytes.get(at..at + part.len())?;
        if !(found == part || !exact && found.eq_ignore_ascii_case(part)) {
            return None;
        }
        at += part.len();
    }
    let long = surroundings == Surroundings::Binary && at - start >= LONG_WORD;
    let bound = |at| before(bytes, at, surroundings).is_bound(after(bytes, at, surroundings));
    (inside || long || bound(start) && bound(at)).then_some(start..at)
}

/// Bytes of what is between two parts of a word: blanks, line breaks, and marks of comments.
fn gap(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len().min(LONGEST_GAP) {
        at += match &bytes[at..] {
            [
                b' ' | b'\n' | b'\r' | b'\t' | b'_' | b'-' | b'*' | b'#' | b'/' | b';' | b'>' | b'|' | b'%',
                ..,
            ] => 1,
            [0xc2, 0xa0, ..] => 2,
            [0xa0, ..] => 1,
            [b'&', b'n', b'b', b's', b'p', b';', ..] => 6,
            _ => break,
        };
    }
    at
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// Where a host that ends at `at` begins, with the names before it.
fn names_before(bytes: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(LONGEST_NAME);
    let is_part = |byte: &u8| is_name(*byte) || *byte == b'.' || *byte == b'_';
    at - bytes[from..at].iter().rev().take_while(|byte| is_part(byte)).count()
}

/// Whether a host's name, or a path, ends here and does not go on.
fn ends(bytes: &[u8], at: usize) -> bool {
    match &bytes[at..] {
        [b'.', next, ..] => !next.is_ascii_alphanumeric(),
        [next, ..] => !is_name(*next) && *next != b'_',
        [] => true,
    }
}

fn begins(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|at| bytes.get(at)).is_none_or(|byte| !is_name(*byte) && *byte != b'_')
}

/// The host or URL around a candidate, with the names before it and its scheme.
pub(crate) fn host(bytes: &[u8], place: Range<usize>) -> Option<Range<usize>> {
    if !begins(bytes, place.start) || !ends(bytes, place.end) {
        return None;
    }
    let mut start = names_before(bytes, place.start);
    if let Some(before) = bytes[..start].strip_suffix(b"://") {
        start = before.len() - before.iter().rev().take(10).take_while(|byte| is_name(**byte)).count();
    }
    Some(start..place.end)
}

/// The e-mail address around a candidate for its domain.
pub(crate) fn email(bytes: &[u8], place: Range<usize>) -> Option<Range<usize>> {
    if !begins(bytes, place.start) || !ends(bytes, place.end) {
        return None;
    }
    let at = names_before(bytes, place.start).checked_sub(1).filter(|at| bytes.get(*at) == Some(&b'@'))?;
    let from = at.saturating_sub(LONGEST_NAME);
    let is_local = |byte: &u8| is_name(*byte) || b"._+%=~!#&'*".contains(byte);
    let local = bytes[from..at].iter().rev().take_while(|byte| is_local(byte)).count();
    (local > 0).then_some(at - local..place.end)
}

/// A key's id in digits, with the digits of the fingerprint before and after it; a longer number is none.
pub(crate) fn digits(bytes: &[u8], place: Range<usize>) -> Option<Range<usize>> {
    const LONGEST: usize = 64 - 16;
    let is_digit = |byte: &&u8| byte.is_ascii_hexdigit();
    let before = bytes[..place.start].iter().rev().take(LONGEST + 1).take_while(is_digit).count();
    let after = bytes[place.end..].iter().take(LONGEST + 1).take_while(is_digit).count();
    matches!((before, after), (0 | 24, 0) | (0, 48)).then_some(place.start - before..place.end + after)
}
