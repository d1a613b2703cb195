//! A bundle: all advisories of a distribution in one compressed file, for machines without a network.
//!
//! JSON lines, compressed by zstd. The first is the [`Header`]. Each of the others is an object of one member:
//! `{"advisory": ...}`, a record as [`heirloom_model::advisory::Advisory`] has it, sorted by id; at the end perhaps
//! `{"lifecycle": ...}`, a document that is handed on as it is. What the header counts must be there, so that a bundle that
//! was cut between two lines is no shorter bundle, but a damaged one.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, Read as _};

use heirloom_model::Digest;
use heirloom_model::advisory::Advisory;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{checked, without_name};
use super::{AdvisoryError, LARGEST as LARGEST_LINE, Reading};
use crate::document::Document;

/// The form that is written, and the only one that is read.
const FORM: &str = "heirloom-bundle/1";
/// Largest bundle, decompressed.
const LARGEST: u64 = 4 << 30;
/// Advisories that a bundle may have.
const MOST: usize = 1_000_000;
/// Level of compression: higher ones take minutes and save little.
const LEVEL: i32 = 12;

/// What a bundle is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// `heirloom-bundle/1`
    pub format: String,
    /// Whose advisories they are: `ID` of /etc/os-release; empty if it is not known.
    pub distribution: String,
    /// The major versions that they have packages of, sorted. An empty one stands for packages of which no document says it.
    pub majors: BTreeSet<String>,
    /// How many advisories follow.
    pub advisories: usize,
    /// When the latest of them was changed; none if there are none.
    pub latest: Option<jiff::Timestamp>,
    /// What it was made of.
    pub made_of: MadeOf,
}

/// What a bundle was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeOf {
    /// How many documents.
    pub documents: usize,
    /// SHA-256 of their SHA-256 digests in hexadecimal digits, sorted, each followed by a line feed.
    pub sha256: Digest,
}

/// A bundle that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// What it says of itself.
    pub header: Header,
    /// The advisories, in its order.
    pub advisories: Vec<Advisory>,
    /// The document on lifecycles, if there is one.
    pub lifecycle: Option<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Advisory(Box<Advisory>),
    Lifecycle(Value),
}

impl MadeOf {
    /// Of documents with these digests.
    #[must_use]
    pub fn documents(digests: impl IntoIterator<Item = Digest>) -> Self {
        let mut lines: Vec<String> = digests.into_iter().map(|digest| format!("{digest}\n")).collect();
        lines.sort();
        Self { documents: lines.len(), sha256: Digest::of(lines.concat().as_bytes()) }
    }
}

/// Writes a bundle. The same advisories give the same bytes; their order does not matter.
///
/// # Errors
/// The compressor fails.
pub fn write(
    distribution: &str,
    advisories: &[Advisory],
    made_of: MadeOf,
    lifecycle: Option<&Value>,
) -> io::Result<Vec<u8>> {
    let mut sorted: Vec<&Advisory> = advisories.iter().collect();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    let header = Header {
        format: FORM.to_owned(),
        distribution: distribution.to_owned(),
        majors: sorted.iter().flat_map(|advisory| advisory.majors()).map(str::to_owned).collect(),
        advisories: sorted.len(),
        latest: sorted.iter().map(|advisory| advisory.updated).max(),
        made_of,
    };
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    put(&mut encoder, &header)?;
    for advisory in sorted {
        put(&mut encoder, &Line::Advisory(Box::new(advisory.clone())))?;
    }
    if let Some(lifecycle) = lifecycle {
        put(&mut encoder, &Line::Lifecycle(lifecycle.clone()))?;
    }
    encoder.finish()
}

fn put(to: &mut impl io::Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.write_all(b"\n")
}

/// Whether a document, compressed or not, begins as a bundle does.
#[must_use]
pub fn is_bundle(bytes: &[u8]) -> bool {
    let start = format!("{{\"format\":\"{}", FORM.trim_end_matches(char::is_numeric));
    let mut begin = Vec::new();
    let reader = Document::new("", bytes).reader();
    let read = reader.and_then(|reader| reader.take(start.len() as u64).read_to_end(&mut begin));
    read.is_ok() && begin == start.as_bytes()
}

/// Reads a bundle.
///
/// # Errors
/// It is none, of a later form, is damaged, cut short or larger than any, or an advisory of it can't be.
pub fn read(document: Document<'_>, reading: Reading<'_>) -> Result<Bundle, AdvisoryError> {
    let name = document.name;
    let failed = |field: &str, message: String| AdvisoryError::new(name, field, message);
    let damaged = |error: io::Error| failed("", format!("can't be decompressed: {error}"));
    let mut reader = document.at_most(LARGEST).reader().map_err(damaged)?;
    let mut next = |number: usize| -> Result<Option<Vec<u8>>, AdvisoryError> {
        let mut line = Vec::new();
        reader.by_ref().take(LARGEST_LINE as u64).read_until(b'\n', &mut line).map_err(damaged)?;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(failed(&format!("line {number}"), "has no end, or is longer than any".to_owned())),
        }
    };
    let header: Option<Header> = next(1)?.and_then(|line| serde_json::from_slice(&line).ok());
    let header = header.ok_or_else(|| failed("line 1", "is no header of a bundle".to_owned()))?;
    if header.format != FORM {
        let message = format!("has the format `{}`; this version reads `{FORM}`", super::cut(&header.format));
        return Err(failed("line 1", message));
    }
    if header.advisories > MOST {
        return Err(failed(
            "line 1",
            format!("tells of {} advisories; at most {MOST} are read", header.advisories),
        ));
    }
    let mut bundle = Bundle { header, advisories: Vec::new(), lifecycle: None };
    let mut number = 1;
    while let Some(line) = next(number + 1)? {
        number += 1;
        let at = format!("line {number}");
        let read = serde_json::from_slice::<Line>(&line);
        match read.map_err(|error| failed(&at, without_name(name, &error.to_string()).to_owned()))? {
            Line::Advisory(advisory) if bundle.lifecycle.is_none() => {
                if bundle.advisories.len() == bundle.header.advisories {
                    return Err(failed(&at, "is one advisory more than the header counts".to_owned()));
                }
                bundle.advisories.push(checked(&format!("{name}, {at}"), *advisory, reading)?);
            }
            Line::Lifecycle(value) if bundle.lifecycle.is_none() => bundle.lifecycle = Some(value),
            _ => {
                return Err(failed(&at, "stands behind the lifecycle, which comes last and once".to_owned()));
            }
        }
    }
    let (found, counted) = (bundle.advisories.len(), bundle.header.advisories);
    if found != counted {
        return Err(failed(
            "",
            format!("has {found} advisories, its header counts {counted}: it was cut short"),
        ));
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests;
