//! Buildroots as mock, Koji and Konflux record them, each form read into one type; and mock's own form written.
//!
//! | form | told by | says |
//! |---|---|---|
//! | mock's `buildroot_lock.json`, 1.x | an object with `buildroot` | all, in order, with SIGMD5, key and URL |
//! | mock's `installed_pkgs.log` | text, `installed` at the line's end | NEVRA and SIGMD5 |
//! | `root.log` of mock and Koji | text with log lines or dnf's table | NEVRA, for each chroot apart |
//! | `koji list-buildroot` | text, one package a line | no epochs |
//! | Koji's `listRPMs` as JSON | a list of objects | NEVRA and SIGMD5 (`payloadhash`) |
//! | a content generator's `metadata.json`, Konflux's `cg_import.json` | an object with `buildroots` | NEVRA, SIGMD5, key |
//! | Konflux's `buildroot_rpms.json` | an object of objects with `lockfile` | only where each architecture's lock is |
//!
//! The form is told by the content, never by the file's name, and any may be compressed. `gpg-pubkey` is left out:
//! rpm lists imported keys as packages, but there is no such file.

mod json;
mod lock;
mod log;
mod text;

use std::collections::HashSet;
use std::fmt;

use heirloom_model::{Nevra, RecordedBuildroot, RecordedFormat, RecordedPackage};

use crate::document::{Document, DocumentError};

pub use lock::{BootstrapImage, Lock, LockError, LockPackage};

/// Decompressed bytes that a record may have. A long root.log has a few MB.
const LARGEST: u64 = 32 << 20;
/// Packages that a buildroot may have. Large real ones have some two thousand.
const MOST: usize = 20_000;

/// What a file says of buildroots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Buildroots: one, but for a content generator's metadata, which has one for each architecture.
    Buildroots(Vec<RecordedBuildroot>),
    /// Only where the locks of the buildroots are.
    Locks(Vec<LockReference>),
}

/// What Konflux's `buildroot_rpms.json` says of one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockReference {
    /// The architecture, which is also a directory of the build's results.
    pub arch: String,
    /// Where the lock was on the machine that gathered the results: `.../ARCH/results/buildroot_lock.json`.
    pub lockfile: String,
    /// File names of the packages that were built in that buildroot.
    pub built: Vec<String>,
}

/// A record of a buildroot is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The bytes can't be had.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The content is none of the forms, or breaks its form.
    #[error("{document}{place}: {problem}")]
    Wrong {
        /// The file.
        document: String,
        /// The place in it.
        place: Place,
        /// What is wrong there.
        problem: RecordedProblem,
    },
}

/// A place in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// All of it.
    Whole,
    /// A line, from 1.
    Line(usize),
    /// A path into JSON: `buildroot.rpms[3].name`.
    Path(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Line(line) => write!(f, ", line {line}"),
            Self::Path(path) => write!(f, ", `{path}`"),
        }
    }
}

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordedProblem {
    /// None of the forms.
    #[error(
        "it is no record of a buildroot: expected mock's buildroot_lock.json, installed_pkgs.log or root.log, what \
         `koji list-buildroot` prints, the JSON of Koji's listRPMs, a content generator's metadata.json, or \
         Konflux's buildroot_rpms.json; found {0}"
    )]
    Form(String),
    /// JSON that does not parse.
    #[error("it is no JSON: {0}")]
    Json(String),
    /// A value that is not there, or of another type.
    #[error("expected {expected}, found {found}")]
    Value {
        /// What should be there.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
    },
    /// A version of the lock that may mean anything.
    #[error("it has version `{0}`, and only versions 1.x are known; make the lock with mock 5.7 up to 6")]
    Version(String),
    /// A list of what was built, not of what was there.
    #[error(
        "this lists what was built in the buildroot, not what was in it; run `koji list-buildroot` without `--built`"
    )]
    Built,
    /// The summary of a transaction counts other packages than its table has.
    #[error("dnf counts {counted} packages to install, but its table has {found}: the log has lost lines")]
    Count {
        /// By dnf's summary.
        counted: usize,
        /// Rows of the table.
        found: usize,
    },
    /// A log without a transaction that was carried out.
    #[error(
        "no transaction of dnf or yum in it was carried out to the end (`Complete!`): take the root.log of a build \
         that succeeded"
    )]
    NoTransaction,
    /// A record without packages.
    #[error("it lists no packages")]
    Empty,
    /// More than any buildroot has.
    #[error("it has more than {MOST} packages")]
    TooMany,
}

/// Reads a record of a buildroot, whatever its form.
///
/// # Errors
/// The document is damaged, too large, or none of the forms; the error says which are known.
pub fn parse(document: Document<'_>) -> Result<Recorded, RecordedError> {
    let text = document.limit(LARGEST).text()?;
    let recorded = match text.trim_start().chars().next() {
        Some('{' | '[') => json::parse(&text),
        _ if log::is_log(&text) => log::parse(&text).map(|buildroot| Recorded::Buildroots(vec![buildroot])),
        _ => text::parse(&text).map(|buildroot| Recorded::Buildroots(vec![buildroot])),
    };
    recorded.map_err(|(place, problem)| RecordedError::Wrong {
        document: document.name.to_owned(),
        place,
        problem,
    })
}

impl Recorded {
    /// The buildroot of an architecture: the one that states it, or the only one if it states none.
    #[must_use]
    pub fn for_arch(self, arch: &str) -> Option<RecordedBuildroot> {
        let Self::Buildroots(mut all) = self else { return None };
        if let [one] = &all[..]
            && one.arch.is_none()
        {
            return all.pop();
        }
        all.into_iter().find(|buildroot| buildroot.arch.as_deref() == Some(arch))
    }
}

type Wrong = (Place, RecordedProblem);

/// Packages in order, each once.
#[derive(Default)]
struct Packages {
    list: Vec<RecordedPackage>,
    known: HashSet<Nevra>,
}

impl Packages {
    fn add(&mut self, package: RecordedPackage) -> Result<(), RecordedProblem> {
        if self.list.len() == MOST {
            return Err(RecordedProblem::TooMany);
        }
        if self.known.insert(package.nevra.clone()) {
            self.list.push(package);
        }
        Ok(())
    }

    /// The buildroot with these packages and nothing else known of it.
    fn buildroot(self, format: RecordedFormat, arch: Option<String>) -> Result<RecordedBuildroot, Wrong> {
        if self.list.is_empty() {
            return Err((Place::Whole, RecordedProblem::Empty));
        }
        let packages = self.list;
        Ok(RecordedBuildroot { format, arch, packages, bootstrap: Vec::new(), incomplete: None })
    }
}

/// rpm's entry for an imported key.
const KEY: &str = "gpg-pubkey";

/// 32 hexadecimal digits in lower case, if the text is that.
fn md5(text: &str) -> Option<String> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| text.to_ascii_lowercase())
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
