//! Why a file could not be had.

use std::fmt;
use std::io;
use std::path::PathBuf;

use heirloom_model::Digest;

/// A file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No place has it, or none has what was expected.
    #[error("`{location}` can't be had: {}", list(faults))]
    Nowhere {
        /// The path below the places.
        location: String,
        /// What happened at each.
        faults: Vec<PlaceFault>,
    },
    /// What came can't be kept.
    #[error("`{}` can't be written: make room there, or mend the file system", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A variable that is not known.
    #[error(
        "the place `{place}` has a variable other than `$basearch` and `$releasever`: write its value instead"
    )]
    Variable {
        /// The place.
        place: String,
    },
}

fn list(faults: &[PlaceFault]) -> String {
    if faults.is_empty() {
        return "there is no place to look at".to_owned();
    }
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What happened at a place.
#[derive(Debug)]
pub struct PlaceFault {
    /// The place, without a password.
    pub place: String,
    /// What happened.
    pub refusal: Refusal,
}

impl fmt::Display for PlaceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.place, self.refusal)
    }
}

/// Why a place did not give a file.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no curl.
    #[error("`{program}` can't be run ({source}): install curl, or give a directory with the target's tree")]
    Program {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// curl failed.
    #[error("curl says ({code}) {said}{}", advice(*code))]
    Curl {
        /// Its exit status, see `EXIT CODES` in curl(1); -1 if it was killed.
        code: i32,
        /// What it said.
        said: String,
    },
    /// A local file can't be read.
    #[error("it can't be read ({0})")]
    File(io::Error),
    /// It is larger than it may be.
    #[error("it has more than {most} bytes")]
    Large {
        /// Bytes that it may have.
        most: u64,
    },
    /// It has another size.
    #[error(
        "it has {found} bytes and should have {expected}: this place is older or newer than the metadata that was read"
    )]
    Size {
        /// As stated.
        expected: u64,
        /// As found.
        found: u64,
    },
    /// It has another content.
    #[error(
        "its SHA-256 is {found} and should be {expected}: this place does not have the file that was signed"
    )]
    Digest {
        /// As stated.
        expected: Digest,
        /// As found.
        found: Digest,
    },
    /// It is no place.
    #[error("it is no place: expected https, http, ftp, file:/// or an absolute path")]
    Scheme,
    /// The caller's own file can't be written.
    #[error("`{}` can't be written ({source})", path.display())]
    Local {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// curl's exit statuses that name a fault of the transport.
const TRANSPORT: [i32; 13] = [5, 6, 7, 16, 18, 28, 33, 35, 52, 55, 56, 92, 95];

fn advice(code: i32) -> &'static str {
    match code {
        5..=7 => "; look at name resolution, routes, firewall and proxy",
        28 => "; the connection stalled",
        35 | 60 | 77 => {
            "; its certificate or TLS version is not accepted here: look at the clock and at the package ca-certificates"
        }
        _ => "",
    }
}

impl Refusal {
    /// Whether it may go away by itself.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Curl { code: 22, said } => {
                let status: Option<u32> = said.split_whitespace().find_map(|word| word.parse().ok());
                status.is_some_and(|status| status == 429 || (500..600).contains(&status))
            }
            Self::Curl { code, .. } => TRANSPORT.contains(code),
            _ => false,
        }
    }

    /// Whether what came until then is of no use: with it, the next attempt would fail as well.
    pub(super) fn spoils_what_came(&self) -> bool {
        // 33: the server does not continue; 22 among them: it says that there is nothing after that byte (416).
        match self {
            Self::Large { .. } | Self::Size { .. } | Self::Digest { .. } | Self::Curl { code: 33, .. } => {
                true
            }
            Self::Curl { code: 22, said } => said.contains("416"),
            _ => false,
        }
    }
}
