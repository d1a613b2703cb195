//! All that texts and strings are searched for, in one pass: candidates by their letters, each checked for what
//! stands around it.

use aho_corasick::AhoCorasick;
use heirloom_formats::brand::{Brand, Signs};
use regex::bytes::Regex;

use crate::ScanError;
use crate::around::{self, Surroundings};

/// Bytes on either side of a candidate that an exception may reach over.
const WINDOW: usize = 256;

/// What stands where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) what: What,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A mark, by its place in the brand file.
    Mark(usize),
    /// The start of base64 after `;base64,`.
    Base64,
    /// The start of an armoured key, certificate or signature: `-----BEGIN `.
    Armour,
    /// Where a certificate in DER may start.
    Certificate,
}

enum Check {
    Word {
        parts: Vec<Vec<u8>>,
        exact: bool,
        inside: bool,
    },
    Host,
    Email,
    Digits,
    Bytes(Vec<u8>),
    /// As it stands, in any case.
    Literal,
    Special(What),
}

struct Needle {
    mark: usize,
    check: Check,
}

/// The compiled patterns of a brand file.
pub(crate) struct Patterns {
    automaton: AhoCorasick,
    needles: Vec<Needle>,
    /// Exceptions of each mark.
    unless: Vec<Vec<Regex>>,
}

impl Patterns {
    pub(crate) fn new(brand: &Brand) -> Result<Self, ScanError> {
        let mut all = Build::default();
        let mut unless = Vec::new();
        for (mark, signs) in brand.marks.iter().map(|mark| &mark.signs).enumerate() {
            all.mark(mark, signs);
            let texts: &[String] = match signs {
                Signs::Words { unless, .. } | Signs::Urls { unless, .. } | Signs::Emails { unless, .. } => {
                    unless
                }
                _ => &[],
            };
            unless.push(texts.iter().map(|text| exception(text)).collect::<Result<_, _>>()?);
        }
        all.special(b";base64,", What::Base64);
        all.special(b"-----begin ", What::Armour);
        let certificates = brand
            .marks
            .iter()
            .any(|mark| matches!(&mark.signs, Signs::Key { certificates, .. } if !certificates.is_empty()));
        if certificates {
            all.special(&[0x30, 0x82], What::Certificate);
        }
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&all.texts);
        let automaton = automaton.map_err(|error| ScanError::Brand(error.to_string()))?;
        Ok(Self { automaton, needles: all.needles, unless })
    }

    /// Everything in these bytes, by place; what is a part of something longer is left out.
    pub(crate) fn find(&self, bytes: &[u8], surroundings: Surroundings) -> Vec<Hit> {
        let mut hits = Vec::new();
        for found in self.automaton.find_overlapping_iter(bytes) {
            let Some(needle) = self.needles.get(found.pattern().as_usize()) else { continue };
            let place = found.start()..found.end();
            let span = match &needle.check {
                Check::Word { parts, exact, inside } => {
                    around::word(bytes, place.start, parts, *exact, *inside, surroundings)
                }
                Check::Host => around::host(bytes, place.clone()),
                Check::Email => around::email(bytes, place.clone()),
                Check::Digits => around::digits(bytes, place.clone()),
                // The automaton takes bytes for letters and ignores their case.
                Check::Bytes(exactly) => (bytes.get(place.clone()) == Some(exactly)).then(|| place.clone()),
                Check::Literal => Some(place.clone()),
                Check::Special(what) => {
                    hits.push(Hit { start: place.start, end: place.end, what: *what });
                    continue;
                }
            };
            let Some(span) = span.filter(|_| !self.is_excepted(needle.mark, bytes, &place)) else {
                continue;
            };
            hits.push(Hit { start: span.start, end: span.end, what: What::Mark(needle.mark) });
        }
        hits.sort_unstable_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
        let mut reached = 0;
        hits.retain(|hit| {
            let Hit { end, what: What::Mark(_), .. } = hit else { return true };
            let longer = *end > reached;
            reached = reached.max(*end);
            longer
        });
        hits
    }

    fn is_excepted(&self, mark: usize, bytes: &[u8], span: &std::ops::Range<usize>) -> bool {
        let Some(unless) = self.unless.get(mark).filter(|unless| !unless.is_empty()) else { return false };
        let from = span.start.saturating_sub(WINDOW);
        let window = &bytes[from..bytes.len().min(span.end + WINDOW)];
        let covers = |found: regex::bytes::Match<'_>| {
            found.start() + from <= span.start && found.end() + from >= span.end
        };
        unless.iter().any(|text| text.find_iter(window).any(covers))
    }
}

/// An exception: its text, with `*` for a part of a name, and no letter or digit beside it. A mark is excepted
/// where it covers it.
fn exception(text: &str) -> Result<Regex, ScanError> {
    let bound = |c: Option<char>| if c.is_some_and(char::is_alphanumeric) { r"\b" } else { "" };
    let (first, last) = (bound(text.chars().next()), bound(text.chars().next_back()));
    let parts: Vec<_> = text.split('*').map(regex::escape).collect();
    Regex::new(&format!("(?i){first}{}{last}", parts.join(r"[\w.+-]*")))
        .map_err(|error| ScanError::Brand(error.to_string()))
}

/// What goes into the automaton.
#[derive(Default)]
struct Build {
    texts: Vec<Vec<u8>>,
    needles: Vec<Needle>,
}

impl Build {
    fn add(&mut self, mark: usize, text: &[u8], check: Check) {
        self.texts.push(text.to_vec());
        self.needles.push(Needle { mark, check });
    }

    fn special(&mut self, text: &[u8], what: What) {
        self.add(usize::MAX, text, Check::Special(what));
    }

    fn mark(&mut self, mark: usize, signs: &Signs) {
        match signs {
            Signs::Words { words, exact_case, inside, .. } => {
                words.iter().for_each(|word| self.word(mark, word, *exact_case, *inside));
            }
            Signs::Urls { urls, .. } => {
                urls.iter().for_each(|url| self.add(mark, url.as_bytes(), Check::Host));
            }
            Signs::Emails { domains, .. } => {
                domains.iter().for_each(|domain| self.add(mark, domain.as_bytes(), Check::Email));
            }
            Signs::Key { fingerprints, subjects, .. } => {
                fingerprints.iter().for_each(|fingerprint| self.fingerprint(mark, fingerprint));
                subjects.iter().for_each(|subject| self.add(mark, subject.as_bytes(), Check::Literal));
            }
            Signs::VendorTags { .. } | Signs::Logo { .. } => {}
        }
    }

    fn word(&mut self, mark: usize, word: &str, exact: bool, inside: bool) {
        for form in forms(word) {
            let parts: Vec<Vec<u8>> = form
                .split(|byte| *byte == b' ')
                .filter(|part| !part.is_empty())
                .map(<[u8]>::to_vec)
                .collect();
            let check = |parts: &[Vec<u8>]| Check::Word { parts: parts.to_vec(), exact, inside };
            match &parts[..] {
                [only] => self.add(mark, only, check(&parts)),
                [first, ..] => {
                    for separator in around::SEPARATORS {
                        self.add(mark, &[first.as_slice(), separator].concat(), check(&parts));
                    }
                }
                [] => {}
            }
        }
    }

    /// A fingerprint as digits and as bytes. A key's id is the end of its fingerprint (of a key of version 6 the
    /// beginning) and stands alone in signatures and in what keys say of themselves.
    fn fingerprint(&mut self, mark: usize, fingerprint: &[u8]) {
        const ID: usize = 8;
        let id = match fingerprint.len() {
            32 => fingerprint.first_chunk::<ID>(),
            _ => fingerprint.last_chunk::<ID>(),
        };
        let Some(id) = id else { return };
        let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let spaced: Vec<_> = digits.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        self.add(mark, digits.as_bytes(), Check::Digits);
        self.add(mark, spaced.join(" ").as_bytes(), Check::Digits);
        self.add(mark, id, Check::Bytes(id.to_vec()));
    }
}

/// A word in the encodings that it may have. Case is ignored for ASCII only, so that a word with other letters
/// is looked for as it is written, in small and in capital letters.
fn forms(word: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![word.as_bytes().to_vec()];
    if !word.is_ascii() {
        for text in [word.to_owned(), word.to_lowercase(), word.to_uppercase()] {
            forms.push(text.as_bytes().to_vec());
            forms.extend(text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>());
        }
        forms.sort();
        forms.dedup();
    }
    forms
}
