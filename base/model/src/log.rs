//! What stands in the public log: one line for each thing that somebody decided, stated or released.
//!
//! An entry names a document by its digest; the document itself is published elsewhere. Its form never changes, since the
//! digest of the whole log depends on each byte: one line of JSON without blanks, its members sorted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Most bytes of an entry's line: what a log's bundles have room for.
pub const LONGEST: usize = 65_535;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    // In the order of the alphabet, as the line has them.
    /// SHA-256 of the document.
    pub digest: Digest,
    /// What the document is.
    pub kind: LogKind,
    /// What it is about: a snapshot, a package, a key.
    pub name: String,
}

/// What a document is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LogKind {
    /// Who may decide, and how many must agree.
    Charter,
    /// A release that somebody proposes.
    Proposal,
    /// What a member says of a proposal.
    Vote,
    /// A channel serves another snapshot.
    Promotion,
    /// The packages of a snapshot.
    Packages,
    /// The signed statement of a comparison.
    Certificate,
    /// The signed statement of a build.
    Provenance,
    /// The parts of something: an SBOM.
    Sbom,
    /// The advisories of a snapshot.
    Advisories,
    /// A release.
    Release,
    /// Keys that began or ended.
    Keys,
    /// A kind that only later versions know: 1 to 40 lower-case letters, digits and `-`, beginning with a letter.
    Other(OtherKind),
}

/// The name of a kind that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OtherKind(String);

const KINDS: [(&str, LogKind); 11] = [
    ("charter", LogKind::Charter),
    ("proposal", LogKind::Proposal),
    ("vote", LogKind::Vote),
    ("promotion", LogKind::Promotion),
    ("packages", LogKind::Packages),
    ("certificate", LogKind::Certificate),
    ("provenance", LogKind::Provenance),
    ("sbom", LogKind::Sbom),
    ("advisories", LogKind::Advisories),
    ("release", LogKind::Release),
    ("keys", LogKind::Keys),
];

/// A line is no entry.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEntry {
    /// It is no JSON, or has other members.
    #[error("it is no entry of a log: {0}")]
    Json(#[from] serde_json::Error),
    /// A name that can't be shown in one line, or none.
    #[error("the name `{0}` of an entry is empty or has control characters")]
    Name(String),
    /// It is longer than a log takes.
    #[error("an entry has {0} bytes, more than {LONGEST}")]
    Long(usize),
    /// The same entry has another form.
    #[error("it is not in the form that entries have: expected `{0}`")]
    Form(String),
}

/// The text is no kind of entry.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no kind of entry: expected 1 to 40 lower-case letters, digits and `-`, beginning with a letter"
)]
pub struct InvalidKind(String);

impl LogEntry {
    /// The entry's line, without an end of line.
    ///
    /// # Errors
    /// A name that is empty, has control characters, or is too long.
    pub fn line(&self) -> Result<String, InvalidEntry> {
        if self.name.is_empty() || self.name.chars().any(char::is_control) {
            return Err(InvalidEntry::Name(self.name.chars().take(80).collect()));
        }
        let line = serde_json::to_string(self)?;
        match line.len() <= LONGEST {
            true => Ok(line),
            false => Err(InvalidEntry::Long(line.len())),
        }
    }

    /// Reads an entry's line. Kinds that this version does not know are kept; anything else that is not as
    /// [`LogEntry::line`] writes it is refused.
    ///
    /// # Errors
    /// It is no entry, or not in the form that entries have.
    pub fn parse(line: &[u8]) -> Result<Self, InvalidEntry> {
        if line.len() > LONGEST {
            return Err(InvalidEntry::Long(line.len()));
        }
        let entry: Self = serde_json::from_slice(line)?;
        match entry.line()? {
            expected if expected.as_bytes() == line => Ok(entry),
            expected => Err(InvalidEntry::Form(expected)),
        }
    }
}

impl LogKind {
    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(other) => &other.0,
            known => KINDS.iter().find(|(_, kind)| kind == known).map_or("", |(name, _)| name),
        }
    }
}

impl fmt::Display for LogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for LogKind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == text) {
            return Ok(kind.clone());
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_kind = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.len() <= 40
            && text.bytes().all(plain);
        match is_kind {
            true => Ok(Self::Other(OtherKind(text.to_owned()))),
            false => Err(InvalidKind(text.chars().take(80).collect())),
        }
    }
}

impl TryFrom<String> for LogKind {
    type Error = InvalidKind;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<LogKind> for String {
    fn from(kind: LogKind) -> Self {
        kind.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(kind: LogKind, name: &str) -> LogEntry {
        LogEntry { digest: Digest::of(b"abc"), kind, name: name.to_owned() }
    }

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn an_entry_is_one_line_whose_form_is_fixed() {
        let line = entry(LogKind::Proposal, "2026-03-14 \"ä\"").line().unwrap();
        let expected = format!(r#"{{"digest":"{ABC}","kind":"proposal","name":"2026-03-14 \"ä\""}}"#);
        assert_eq!(line, expected);
        assert_eq!(LogEntry::parse(line.as_bytes()).unwrap().line().unwrap(), line);
    }

    #[test]
    fn all_kinds_have_their_names() {
        for (name, kind) in &KINDS {
            assert_eq!((kind.as_str(), &name.parse::<LogKind>().unwrap()), (*name, kind));
        }
    }

    #[test]
    fn a_kind_of_a_later_version_is_kept() {
        let line = format!(r#"{{"digest":"{ABC}","kind":"audit-2","name":"x"}}"#);
        let read = LogEntry::parse(line.as_bytes()).unwrap();
        assert_eq!((read.kind.as_str(), read.line().unwrap()), ("audit-2", line));
    }

    #[test]
    fn another_form_of_an_entry_is_refused() {
        let good = entry(LogKind::Vote, "x").line().unwrap();
        for (from, to, said) in [
            ("vote", "Vote", "is no kind of entry"),
            ("\"x\"", "\"\"", "is empty"),
            ("\"x\"", "\"\\u0007\"", "control characters"),
            ("\"x\"", "\"\\u0078\"", "not in the form"),
            ("\"x\"", "\"x\",\"more\":1", "unknown field"),
            ("{\"digest", "{ \"digest", "not in the form"),
            ("ba78", "BA78", "not in the form"),
            ("ba78", "zz78", "is not a SHA-256 digest"),
            ("}", "", "EOF"),
        ] {
            let wrong = good.replacen(from, to, 1);
            let error = LogEntry::parse(wrong.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{wrong}: {error}");
        }
        let long = entry(LogKind::Vote, &"x".repeat(LONGEST));
        assert!(matches!(long.line(), Err(InvalidEntry::Long(_))));
        assert!(matches!(LogEntry::parse(&[b' '; LONGEST + 1]), Err(InvalidEntry::Long(_))));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(kind in "[a-z][a-z0-9-]{0,39}", name in "\\PC{1,80}", seed: u64) {
            let digest = Digest::of(&seed.to_le_bytes());
            let entry = LogEntry { digest, kind: kind.parse().unwrap(), name };
            prop_assert_eq!(LogEntry::parse(entry.line().unwrap().as_bytes()).unwrap(), entry);
        }
    }
}
