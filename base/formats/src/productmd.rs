//! What a compose says of itself, in the files of the `productmd` library: values to text, and back where a reference's
//! is worth reading.
//!
//! ```text
//! <compose>/metadata/composeinfo.json    what it is, its variants and where they are
//! <compose>/metadata/rpms.json           every package, by variant, architecture and source
//! <compose>/metadata/modules.json        every stream
//! <compose>/metadata/images.json         every image; none here
//! <compose>/metadata/extra_files.json    files beside packages, such as the licence and keys
//! <variant>/<arch>/os/.treeinfo          what an installer looks for first
//! <variant>/<arch>/os/.discinfo          which medium it is
//! <variant>/<arch>/os/media.repo         the medium as a repository
//! <variant>/<arch>/os/extra_files.json   this tree's own
//! ```
//!
//! The bytes are those that `productmd` itself writes: keys sorted, four blanks. Types are named after its classes;
//! version 1.2 of the formats. Nothing here asks the clock: dates and times are values.

mod composeinfo;
mod extra_files;
mod ini;
mod manifests;
mod media;
mod treeinfo;

use serde::{Deserialize, Serialize};

pub use composeinfo::{ComposeInfo, PathKind, Variant};
pub use extra_files::{ExtraFile, ExtraFiles};
pub use manifests::{Category, Modules, Rpms, images_json};
pub use media::{DiscInfo, media_repo};
pub use treeinfo::{TreeInfo, TreeVariant};

use crate::document::DocumentError;
use crate::xml::is_plain_relative;

/// Version of the formats that is written.
const VERSION: &str = "1.2";
/// Largest file that is read, in bytes. Real ones have some kilobytes, those with all packages are not read.
const LARGEST: u64 = 16 << 20;

/// A value has no place in the files of a compose, or such a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ProductmdError {
    /// A value that a format or its readers don't allow.
    #[error("{what} `{value}`: expected {expected}")]
    Value {
        /// What the value is.
        what: &'static str,
        /// The value, shortened.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The bytes can't be had.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The file is not of the format.
    #[error("{document}: {message}")]
    Format {
        /// The file.
        document: String,
        /// Where in it, what was expected and what was found.
        message: String,
    },
}

/// A release of a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name, such as `Kestrel Linux`.
    pub name: String,
    /// Its short name, the first part of a compose's id: `Kestrel`.
    pub short: String,
    /// Its version: `9.4`.
    pub version: String,
    /// What kind of release it is.
    pub kind: ReleaseKind,
    /// Whether it is for its makers only.
    pub internal: bool,
}

/// productmd's release types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseKind {
    /// The release itself.
    Ga,
    /// Updates to it.
    Updates,
    /// Updates that are being tried.
    UpdatesTesting,
    /// Without a fixed pace.
    Fast,
    /// Extended updates of a minor release.
    Eus,
    /// Advanced updates of a minor release.
    Aus,
    /// Extended life of a major release.
    Els,
    /// Updates for telecommunication.
    Tus,
    /// Updates for one vendor's applications.
    E4s,
}

/// productmd's compose types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComposeKind {
    /// For a try.
    Test,
    /// For a machine that tests.
    Ci,
    /// Of every night.
    Nightly,
    /// May become a release.
    Production,
    /// Of a developer.
    Development,
}

/// One making of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    /// What it is for.
    pub kind: ComposeKind,
    /// Its day: `20260314`.
    pub date: String,
    /// Its number on that day, from 0.
    pub respin: u32,
    /// A milestone, such as `RC-1.0` or `Update-4.1`.
    pub label: Option<String>,
    /// Whether it is the milestone that is shipped. Not written without a label.
    pub is_final: bool,
}

impl ReleaseKind {
    /// As it is in a compose's id.
    fn suffix(self) -> &'static str {
        match self {
            Self::Ga => "",
            Self::Updates => "-updates",
            Self::UpdatesTesting => "-updates-testing",
            Self::Fast => "-fast",
            Self::Eus => "-eus",
            Self::Aus => "-aus",
            Self::Els => "-els",
            Self::Tus => "-tus",
            Self::E4s => "-e4s",
        }
    }
}

impl ComposeKind {
    /// As it is in a compose's id.
    fn suffix(self) -> &'static str {
        match self {
            Self::Production => "",
            Self::Test => ".t",
            Self::Ci => ".ci",
            Self::Nightly => ".n",
            Self::Development => ".d",
        }
    }
}

impl Release {
    fn check(&self) -> Result<(), ProductmdError> {
        let is_short = |c: char| c.is_ascii_alphanumeric() || c == '-';
        text("release name", &self.name)?;
        check("short name", &self.short, "letters, digits and hyphens", |it| it.chars().all(is_short))?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        check("release version", &self.version, "numbers with dots, such as 9.4", |it| {
            it.split('.').all(is_number)
        })
    }
}

impl Compose {
    /// The compose's id, such as `Kestrel-9.4-20260314.0` or, of a night, `Kestrel-9.4-20260314.n.0`.
    #[must_use]
    pub fn id(&self, release: &Release) -> String {
        let Release { short, version, kind, .. } = release;
        let (of_release, of_compose) = (kind.suffix(), self.kind.suffix());
        format!("{short}-{version}{of_release}-{}{of_compose}.{}", self.date, self.respin)
    }

    /// What all files of the compose have in common.
    fn section(&self, release: &Release) -> Result<ComposeSection, ProductmdError> {
        const LABELS: [&str; 10] = [
            "EA",
            "DevelPhaseExit",
            "InternalAlpha",
            "Alpha",
            "InternalSnapshot",
            "Beta",
            "Snapshot",
            "RC",
            "Update",
            "SecurityFix",
        ];
        release.check()?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        check("compose date", &self.date, "a day, such as 20260314", |date| date.len() == 8 && digits(date))?;
        if let Some(label) = &self.label {
            let is_label = |label: &str| {
                let parts =
                    label.split_once('-').and_then(|(name, rest)| Some((name, rest.split_once('.')?)));
                parts.is_some_and(|(name, (major, minor))| {
                    LABELS.contains(&name) && digits(major) && digits(minor)
                })
            };
            check("compose label", label, "a milestone with two numbers, such as RC-1.0", is_label)?;
        }
        Ok(ComposeSection {
            date: self.date.clone(),
            is_final: self.label.as_ref().map(|_| self.is_final),
            id: self.id(release),
            label: self.label.clone(),
            respin: self.respin,
            kind: self.kind,
        })
    }
}

/// `compose` in every file's payload. Fields are sorted as productmd sorts keys.
#[derive(Serialize, Deserialize)]
struct ComposeSection {
    date: String,
    #[serde(rename = "final", default, skip_serializing_if = "Option::is_none")]
    is_final: Option<bool>,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    respin: u32,
    #[serde(rename = "type")]
    kind: ComposeKind,
}

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "type")]
    kind: String,
    version: String,
}

/// A whole file.
#[derive(Serialize, Deserialize)]
struct File<P> {
    header: Header,
    payload: P,
}

/// Writes a file of a kind as productmd does.
fn json<P: Serialize>(kind: &'static str, payload: P) -> Result<String, ProductmdError> {
    let header = Header { kind: kind.to_owned(), version: VERSION.to_owned() };
    pretty(&File { header, payload })
}

fn pretty(value: &impl Serialize) -> Result<String, ProductmdError> {
    let mut bytes = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, form);
    let failed =
        |message: String| ProductmdError::Format { document: "a file to be written".to_owned(), message };
    value.serialize(&mut serializer).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

fn check(
    what: &'static str,
    value: &str,
    expected: &'static str,
    is_right: impl Fn(&str) -> bool,
) -> Result<(), ProductmdError> {
    if value.is_empty() || value.len() > 1024 || !is_right(value) {
        return Err(ProductmdError::Value { what, value: value.chars().take(120).collect(), expected });
    }
    Ok(())
}

/// A line of text. A percent sign begins an interpolation for the readers of .treeinfo.
fn text(what: &'static str, value: &str) -> Result<(), ProductmdError> {
    let is_line = |line: &str| line.trim() == line && !line.chars().any(|c| c.is_control() || c == '%');
    check(what, value, "one line of text without a percent sign", is_line)
}

/// A variant's id.
fn variant(value: &str) -> Result<(), ProductmdError> {
    check("variant", value, "letters and digits", |it| it.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// An architecture that repositories are for.
fn arch(value: &str) -> Result<(), ProductmdError> {
    let is_own = |it: &str| it.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    check("architecture", value, "the architecture of a repository, not of sources", |it| {
        is_own(it) && !["src", "nosrc"].contains(&it)
    })
}

/// A path below the compose.
fn path(value: &str) -> Result<(), ProductmdError> {
    text("path", value)?;
    check("path", value, "a path below the compose, without `.` and `..`", is_plain_relative)
}

#[cfg(test)]
mod tests;
