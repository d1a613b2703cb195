//! Advisories in every format that the field uses: read into [`heirloom_model::advisory::Advisory`], written from it.
//!
//! - OSV: one JSON document for each ([`osv`])
//! - CSAF 2.0: one JSON document for each ([`csaf`])
//! - OVAL 5.11: one XML document for many, which scanners evaluate ([`oval`])
//! - updateinfo.xml: one for many, in a repository ([`crate::updateinfo`])
//! - a distribution's own, as a person writes it in TOML ([`own`])
//!
//! Beside them, what is written alone: [`feed`]s, [`mail`], and what tells others where CSAF is ([`csaf::provider`]).
//!
//! What can't be read is an error of that document, and where it holds many, of one advisory of it: the others are read.

pub mod bundle;
pub mod csaf;
mod error;
pub mod feed;
pub mod listing;
pub mod mail;
pub mod osv;
pub mod oval;
pub mod own;
pub(crate) mod purl;
mod time;

use heirloom_model::advisory::{
    Advisory, AdvisoryId, CveId, Reference, ReferenceKind, Severity, Vulnerability,
};
use jiff::Timestamp;

use crate::document::Document;

pub use error::AdvisoryError;
pub(crate) use error::{checked, cut, without_name};
pub use time::parse as time;
pub(crate) use time::plain;

/// Largest document of one advisory, decompressed. The largest real ones, of kernels, have about 10 MB.
const LARGEST: usize = 256 << 20;
/// References, and vulnerabilities, that one advisory may have. The largest real ones have some thousand.
const MOST_REFERENCES: usize = 50_000;
/// Packages that one advisory may have, over all architectures. The largest real ones have some ten thousand.
const MOST_PACKAGES: usize = 500_000;

/// How an advisory is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Open Source Vulnerability format.
    Osv,
    /// Common Security Advisory Framework.
    Csaf,
    /// Open Vulnerability and Assessment Language.
    Oval,
    /// updateinfo.xml of a repository.
    Updateinfo,
}

/// What is asked of documents beside their form.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Dates after this one are wrong: the present, and a little more for clocks that differ.
    pub latest: Timestamp,
    /// The major version of packages in formats that do not name one.
    pub major: &'a str,
}

/// Whose advisories are written.
#[derive(Clone, Copy, Debug)]
pub struct Issuer<'a> {
    /// The distribution's name for people: `Kestrel Enterprise Linux`.
    pub name: &'a str,
    /// Its id in names of files and packages, and in `ID` of /etc/os-release: `kestrel`.
    pub id: &'a str,
    /// Its name in OSV's list of ecosystems, or one's own: `Kestrel`.
    pub ecosystem: &'a str,
    /// Where it is at home: an address that begins with `https://`. What it publishes is below.
    pub home: &'a str,
    /// Who answers for its advisories: an address of mail.
    pub contact: &'a str,
}

/// Where an advisory's document of OSV is: `osv/KESA-2026:0001.json`.
#[must_use]
pub fn osv_path(id: &AdvisoryId) -> String {
    format!("osv/{id}.json")
}

impl Issuer<'_> {
    /// Where people read of an advisory.
    #[must_use]
    pub fn advisory_page(&self, id: &AdvisoryId) -> String {
        format!("{}/advisories/{id}.html", self.home)
    }

    /// Where people read of a vulnerability.
    #[must_use]
    pub fn cve_page(&self, id: &CveId) -> String {
        format!("{}/cve/{id}.html", self.home)
    }
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Osv, Self::Csaf, Self::Oval, Self::Updateinfo];

    /// Its name: `osv`, `csaf`, `oval`, `updateinfo`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Osv => "osv",
            Self::Csaf => "csaf",
            Self::Oval => "oval",
            Self::Updateinfo => "updateinfo",
        }
    }

    /// What a decompressed document is, by what stands at its beginning; none if it is neither.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        let begin = text.get(..text.len().min(4096)).unwrap_or_default();
        let has = |what: &[u8]| memchr::memmem::find(begin, what).is_some();
        match text.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte))? {
            b'<' if has(b"oval_definitions") => Some(Self::Oval),
            b'<' if has(b"<updates") => Some(Self::Updateinfo),
            // A document's members come in any order, and what tells CSAF from OSV may come late.
            b'{' if memchr::memmem::find(text, b"\"csaf_version\"").is_some() => Some(Self::Csaf),
            b'{' => Some(Self::Osv),
            _ => None,
        }
    }
}

/// What an address leads to, where the format does not say.
fn reference_kind(url: &str) -> ReferenceKind {
    if !CveId::all_in(url).is_empty() {
        ReferenceKind::Cve
    } else if url.contains("bugzilla") || url.contains("/issues/") || url.contains("/browse/") {
        ReferenceKind::Bug
    } else if url.contains("/errata/") || url.contains("/advisories/") {
        ReferenceKind::Advisory
    } else {
        ReferenceKind::Other
    }
}

/// A reference of which the format has an address and perhaps a title: its name is in the address.
fn reference(kind: ReferenceKind, url: String, title: String) -> Reference {
    let id = match kind {
        ReferenceKind::Cve => CveId::all_in(&url).into_iter().next().map(String::from).unwrap_or_default(),
        ReferenceKind::Bug => {
            let end = url.rsplit(['/', '=']).next().unwrap_or_default();
            if end.bytes().all(|byte| byte.is_ascii_digit()) { end.to_owned() } else { String::new() }
        }
        ReferenceKind::Advisory | ReferenceKind::Other => String::new(),
    };
    Reference { kind, url, id, title }
}

/// The severity that an advisory's title begins with, as Enterprise Linux vendors write it: `Important: bash update`.
fn titled(title: &str) -> Option<Severity> {
    Severity::of(title.split_once(':')?.0.trim())
}

/// A vulnerability of which nothing but its id is known.
pub(crate) fn vulnerability(id: CveId) -> Vulnerability {
    Vulnerability { id, title: String::new(), severity: None, cvss: Vec::new(), weakness: None }
}

/// The tenths of a base score; none if it is no score.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
fn tenths(score: f64) -> Option<u8> {
    (0.0..=10.0).contains(&score).then(|| (score * 10.0).round() as u8)
}

/// Reads a document of any of the formats: its advisories, each with what was wrong with it alone.
///
/// # Errors
/// It is none of the formats, is damaged or cut short, or is too large.
pub fn read(
    document: Document<'_>,
    reading: Reading<'_>,
) -> Result<Vec<Result<Advisory, AdvisoryError>>, AdvisoryError> {
    let document = document.at_most(oval::LARGEST);
    let content = document.decompress().map_err(|error| AdvisoryError::damaged(document.name, &error))?;
    let plain = Document::new(document.name, &content);
    match Format::of(&content) {
        Some(Format::Osv | Format::Csaf) if content.len() > LARGEST => {
            let message = format!("has {} bytes; at most {LARGEST} are read", content.len());
            Err(AdvisoryError::new(document.name, "", message))
        }
        Some(Format::Osv) => Ok(vec![osv::read(document.name, &content, reading)]),
        Some(Format::Csaf) => Ok(vec![csaf::read(document.name, &content, reading)]),
        Some(Format::Oval) => oval::read(plain, reading),
        Some(Format::Updateinfo) => crate::updateinfo::read(plain, reading),
        None => Err(AdvisoryError::new(document.name, "", "is neither OSV, CSAF, OVAL nor updateinfo.xml")),
    }
}
