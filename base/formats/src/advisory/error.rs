//! What is wrong with a document of advisories, and where.

use std::fmt::Display;

use heirloom_model::advisory::Advisory;
use jiff::Timestamp;

use super::{MOST_PACKAGES, MOST_REFERENCES, Reading};

/// Characters of a document's own text that an error repeats.
const LONGEST: usize = 160;

/// A document, or one advisory of it, is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{document}{}{field}: {message}", if field.is_empty() { "" } else { ", " })]
pub struct AdvisoryError {
    /// The document: a path or an address.
    pub document: String,
    /// The field, such as `affected[3].package.name`; empty if it is the whole.
    pub field: String,
    /// What was expected, and what was found.
    pub message: String,
}

impl AdvisoryError {
    pub(crate) fn new(document: &str, field: &str, message: impl Display) -> Self {
        let short = |text: String| match text.char_indices().nth(4 * LONGEST) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        };
        Self {
            document: document.to_owned(),
            field: field.chars().take(LONGEST).collect(),
            message: short(message.to_string()),
        }
    }

    /// The document can't be read at all.
    pub(super) fn damaged(document: &str, error: &dyn std::error::Error) -> Self {
        let mut message = without_name(document, &error.to_string()).to_owned();
        let mut source = error.source();
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        Self::new(document, "", message)
    }
}

/// What an error says, without the document's name that it begins with.
pub(crate) fn without_name<'a>(document: &str, text: &'a str) -> &'a str {
    text.strip_prefix(document).map_or(text, |rest| rest.trim_start_matches([',', ':', ' ']))
}

/// As much of a document's own text as an error repeats of a value.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Reads JSON into a type, telling the field where it goes wrong. What is wrong is read once more, since keeping account of
/// fields takes time.
pub(super) fn json<T: serde::de::DeserializeOwned>(document: &str, text: &[u8]) -> Result<T, AdvisoryError> {
    if let Ok(read) = serde_json::from_slice(text) {
        return Ok(read);
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let field = if field == "." { "" } else { &field };
        AdvisoryError::new(document, field, error.inner())
    })?;
    reader.end().map_err(|error| AdvisoryError::new(document, "", error))?;
    Ok(read)
}

/// Refuses lists that no real document has.
pub(super) fn few(document: &str, field: &str, count: usize, most: usize) -> Result<(), AdvisoryError> {
    match count <= most {
        true => Ok(()),
        false => {
            Err(AdvisoryError::new(document, field, format!("has {count} entries; at most {most} are read")))
        }
    }
}

/// What holds of every advisory, in whatever format it came.
pub(crate) fn checked(
    document: &str,
    advisory: Advisory,
    reading: Reading<'_>,
) -> Result<Advisory, AdvisoryError> {
    few(document, "references", advisory.references.len(), MOST_REFERENCES)?;
    few(document, "vulnerabilities", advisory.vulnerabilities.len(), MOST_REFERENCES)?;
    few(document, "packages", advisory.fixed.len(), MOST_PACKAGES)?;
    let dates: [(&str, Option<Timestamp>); 3] = [
        ("issued", Some(advisory.issued)),
        ("updated", Some(advisory.updated)),
        ("withdrawn", advisory.withdrawn),
    ];
    for (field, date) in dates {
        if let Some(date) = date.filter(|date| *date > reading.latest) {
            let message = format!("{date} of {} is in the future", advisory.id);
            return Err(AdvisoryError::new(document, field, message));
        }
    }
    Ok(clean(advisory).sorted())
}

/// Tidies all texts.
fn clean(mut advisory: Advisory) -> Advisory {
    let Advisory { title, description, solution, rights, references, vulnerabilities, related, .. } =
        &mut advisory;
    let links = references.iter_mut().flat_map(|link| [&mut link.url, &mut link.id, &mut link.title]);
    let vulnerable = vulnerabilities.iter_mut().flat_map(|one| {
        let weakness = one.weakness.iter_mut().flat_map(|weakness| [&mut weakness.id, &mut weakness.name]);
        weakness.chain([&mut one.title]).chain(one.cvss.iter_mut().map(|cvss| &mut cvss.vector))
    });
    for text in
        [title, description, solution, rights].into_iter().chain(links).chain(vulnerable).chain(related)
    {
        tidy(text);
    }
    advisory
}

/// Control characters, which JSON can have and XML can't, become spaces.
pub(super) fn tidy(text: &mut String) {
    if text.contains(is_control) {
        *text = text.replace(is_control, " ");
    }
}

fn is_control(c: char) -> bool {
    (c < ' ' && !"\t\n\r".contains(c)) || c == '\u{fffe}' || c == '\u{ffff}'
}
