//! Texts: the lines in which generators write when and by what a text was made.

use std::borrow::Cow;

use crate::check::{Normaliser, normaliser};
use crate::excerpt;
use crate::look::{Look, Place};

/// Lines from the top in which a generator of Emacs Lisp or HTML says where and when it ran.
const PREAMBLE: usize = 40;

pub(super) fn compare(look: &mut Look, place: &Place, (reference, rebuilt): (&[u8], &[u8])) -> bool {
    if let Some((rule, plain)) = dated(place, reference) {
        let all = |bytes| lines(bytes).enumerate().filter_map(move |(at, line)| Some((at, line, plain(at, line)?)));
        let Some(difference) = first_difference(all(reference), all(rebuilt)) else {
            look.normalised(rule, place, raw_difference(reference, rebuilt).2);
            return true;
        };
        return tell(look, place, &difference);
    }
    tell(look, place, &raw_difference(reference, rebuilt))
}

fn tell(look: &mut Look, place: &Place, (at, expected, found): &Difference) -> bool {
    let (expected, found) = excerpt::texts(expected, found);
    let show = |text: &str| match text.is_empty() {
        true => format!("line {at}: (nothing)"),
        false => format!("line {at}: {text}"),
    };
    look.differs(place, (show(&expected), show(&found)));
    false
}

type Plain = fn(usize, &[u8]) -> Option<Cow<'_, [u8]>>;

/// The rule for generated texts of this kind, and what is left of one of their lines.
fn dated(place: &Place, bytes: &[u8]) -> Option<(Normaliser, Plain)> {
    let name = &place.name;
    let section = name.rsplit('.').next().and_then(|suffix| suffix.chars().next());
    let is_page = place.shown.contains("/man/") && section.is_some_and(|c| c.is_ascii_digit() || c == 'n');
    if is_page {
        Some((normaliser::MAN_DATE, man))
    } else if bytes.starts_with(b";ELC") {
        Some((normaliser::ELC_ORIGIN, elc))
    } else if name.ends_with(".html") && has_javadoc(bytes) {
        Some((normaliser::JAVADOC_DATE, javadoc))
    } else {
        None
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n')
}

/// The number of a line, from 1, and what both have there.
type Difference = (usize, String, String);

/// The first difference of two texts as they are.
fn raw_difference(reference: &[u8], rebuilt: &[u8]) -> Difference {
    let all = |bytes| lines(bytes).enumerate().map(|(at, line)| (at, line, Cow::Borrowed(line)));
    first_difference(all(reference), all(rebuilt)).unwrap_or_default()
}

/// The first line whose last form differs; shown is its first.
fn first_difference<'a>(
    mut reference: impl Iterator<Item = (usize, &'a [u8], Cow<'a, [u8]>)>,
    mut rebuilt: impl Iterator<Item = (usize, &'a [u8], Cow<'a, [u8]>)>,
) -> Option<Difference> {
    let text = |line: Option<&[u8]>| line.map(|line| String::from_utf8_lossy(line).into_owned()).unwrap_or_default();
    loop {
        let (a, b) = (reference.next(), rebuilt.next());
        let at = a.as_ref().or(b.as_ref())?.0 + 1;
        if a.as_ref().map(|line| &line.2) != b.as_ref().map(|line| &line.2) {
            return Some((at, text(a.map(|line| line.1)), text(b.map(|line| line.1))));
        }
    }
}

/// A manual page without the date in its title line and without what generators say in comments.
fn man(_: usize, line: &[u8]) -> Option<Cow<'_, [u8]>> {
    if line.starts_with(b".\\\"") || line.starts_with(b"'\\\"") {
        let text = String::from_utf8_lossy(line).to_lowercase();
        let about_itself = ["generated", "generator", "date:", "created"].iter().any(|word| text.contains(word));
        return if about_itself { None } else { Some(Cow::Borrowed(line)) };
    }
    if line.starts_with(b".TH ") {
        let words = words(line);
        let kept = words.iter().enumerate().filter(|(at, word)| *at != 3 || !is_date(word)).map(|(_, word)| *word);
        return Some(Cow::Owned(kept.collect::<Vec<_>>().join(&b' ')));
    }
    if line.starts_with(b".Dd ") {
        return Some(Cow::Borrowed(b".Dd"));
    }
    Some(Cow::Borrowed(line))
}

/// Whether a word has a year in it: four digits that no other follows or precedes.
fn is_date(word: &[u8]) -> bool {
    word.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() == 4)
}

/// A roff request's arguments; quotes keep blanks together.
fn words(line: &[u8]) -> Vec<&[u8]> {
    let mut words = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b' ' | b'\t' if !quoted => {
                if at > start {
                    words.push(&line[start..at]);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < line.len() {
        words.push(&line[start..]);
    }
    words
}

fn elc(at: usize, line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let about = [&b";;; Compiled by "[..], b";;; from file ", b";;; in Emacs version", b";;; with "];
    let origin = at < PREAMBLE && about.iter().any(|start| line.starts_with(start));
    if origin { None } else { Some(Cow::Borrowed(line)) }
}

fn has_javadoc(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(2048)];
    start.windows(20).any(|window| window == b"Generated by javadoc")
}

/// A page of javadoc without the lines at its top that carry the date of generation.
fn javadoc(at: usize, line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = String::from_utf8_lossy(line);
    let dated = text.contains("<!-- Generated by javadoc")
        || text.contains("<meta name=\"date\"")
        || text.contains("<meta name=\"dc.created\"");
    if at < PREAMBLE && dated { None } else { Some(Cow::Borrowed(line)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(path: &str, reference: &str, rebuilt: &str) -> (bool, Vec<String>) {
        let mut look = Look::new(Default::default());
        let same = compare(&mut look, &Place::file(path, false), (reference.as_bytes(), rebuilt.as_bytes()));
        (same, look.normalisations.into_iter().map(|normalisation| normalisation.rule).collect())
    }

    #[test]
    fn only_the_date_of_a_page_means_nothing() {
        let page = |date: &str, name: &str| format!(".TH {name} 1 \"{date}\" \"v 1\" \"A manual\"\n.SH NAME\n");
        let path = "/usr/share/man/man1/a.1";
        assert_eq!(same(path, &page("May 2020", "A"), &page("2024-01-01", "A")), (true, vec!["man-date".into()]));
        assert!(!same(path, &page("May 2020", "A"), &page("May 2020", "B")).0);
        assert!(!same("/usr/share/a.1", &page("May 2020", "A"), &page("2024-01-01", "A")).0);
        let docbook = |date: &str| format!("'\\\" t\n.\\\"      Date: {date}\n.SH NAME\n");
        assert!(same(path, &docbook("2020-01-01"), &docbook("2021-02-02")).0);
    }

    #[test]
    fn compiled_lisp_and_javadoc_say_where_they_come_from() {
        let elc = |host: &str, code: &str| format!(";ELC\u{17}\0\0\0\n;;; Compiled by mock@{host}\n;;; in Emacs version 27\n{code}\n");
        let path = "/usr/share/emacs/a.elc";
        assert_eq!(same(path, &elc("a", "(x)"), &elc("b", "(x)")), (true, vec!["elc-origin".into()]));
        assert!(!same(path, &elc("a", "(x)"), &elc("b", "(y)")).0);
        let html = |date: &str, text: &str| {
            format!("<html>\n<!-- Generated by javadoc (1.8.0) on {date} -->\n<meta name=\"date\" content=\"{date}\">\n{text}\n")
        };
        let path = "/usr/share/javadoc/a.html";
        assert_eq!(same(path, &html("1", "x"), &html("2", "x")), (true, vec!["javadoc-date".into()]));
        assert!(!same(path, &html("1", "x"), &html("2", "y")).0);
    }
}
