//! What goes wrong, for people.

use std::fmt;
use std::io;
use std::path::PathBuf;

use heirloom_formats::definition::DefinitionError;
use heirloom_formats::spec::SpecError;
use heirloom_model::Digest;

/// The directory of rules can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file can't be read.
    #[error("can't read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of rules says something that it should not.
    #[error(transparent)]
    Wrong(#[from] DefinitionError),
    /// A file that a rule names can't be used.
    #[error("{rule}: {path}: {source}")]
    Content {
        /// The rule, as `FILE:LINE`.
        rule: String,
        /// The file beside the rules.
        path: String,
        /// What is wrong.
        source: io::Error,
    },
    /// A script is not the one that was agreed on.
    #[error(
        "{rule}: the script {path} has the SHA-256 {found}, the rule says {expected}; read what changed, then state the new digest"
    )]
    Script {
        /// The rule, as `FILE:LINE`.
        rule: String,
        /// The script.
        path: String,
        /// What the rule says.
        expected: String,
        /// What it is.
        found: Digest,
    },
}

/// The rules of a package can't be applied.
#[derive(Debug)]
pub struct DebrandError {
    /// The package.
    pub package: String,
    /// Each rule that failed, in order.
    pub failures: Vec<Failure>,
}

impl std::error::Error for DebrandError {}

impl fmt::Display for DebrandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.package)?;
        match &self.failures[..] {
            [one] => write!(f, "{one}"),
            several => {
                write!(f, "{} rules can't be applied", several.len())?;
                several.iter().try_for_each(|failure| write!(f, "\n  {failure}"))
            }
        }
    }
}

/// A rule that can't do what it says.
#[derive(Debug, thiserror::Error)]
#[error("{rule} ({purpose}): {problem}")]
pub struct Failure {
    /// The rule, as `FILE:LINE`.
    pub rule: String,
    /// Its purpose line.
    pub purpose: String,
    /// Why not.
    pub problem: Problem,
}

/// Why a rule can't do what it says.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It changes nothing.
    #[error("changes nothing: {0}")]
    Nothing(String),
    /// It is there, but not as often.
    #[error("expected {expected} times, found {found} times: {places}")]
    Count {
        /// What the rule says.
        expected: usize,
        /// What there is.
        found: usize,
        /// Files and lines.
        places: String,
    },
    /// An earlier rule wrote what this one changes.
    #[error(
        "changes {file}, line {line}, which {earlier} wrote; leave one of them out, or say `builds_on_earlier = true`"
    )]
    Conflict {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The earlier rule.
        earlier: String,
    },
    /// A notice or a licence would be altered.
    #[error(
        "{file}, line {line} is a notice of copyright or licence, which must stay as it is: `{text}`{hint}"
    )]
    Notice {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// Its text, shortened.
        text: String,
        /// What to do.
        hint: &'static str,
    },
    /// A licence would be altered.
    #[error("{0} is a licence or an attribution, which must stay as it is")]
    Licence(String),
    /// The spec file leaves open what is meant.
    #[error("{0}")]
    Spec(SpecError),
    /// A file of the package can't be read.
    #[error("can't read {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// A file is too large to be changed as a text.
    #[error(
        "{file} has {size} bytes, more than {most} are not changed as a text; narrow `file`, or run a script"
    )]
    Large {
        /// The file.
        file: String,
        /// Its size.
        size: u64,
        /// The most.
        most: u64,
    },
    /// A precondition can't be decided.
    #[error("its version has to be known to decide `when`, but {0}")]
    Version(String),
    /// The same with the branch.
    #[error("its branch has to be known to decide `when`; the source does not come from one")]
    Branch,
    /// A file of this name is there already.
    #[error("there is a file {0} already; use `replace_file`, or another name")]
    Exists(String),
    /// The sandbox could not run the script.
    #[error("the script {name} failed: {message}")]
    Script {
        /// The script.
        name: String,
        /// What the sandbox says.
        message: String,
    },
    /// A script made a file of a name that a source package can't have.
    #[error("the script {name} made `{file}`, which is no file of a source package")]
    ScriptFile {
        /// The script.
        name: String,
        /// The file.
        file: String,
    },
    /// Something else in the rule does not fit the package.
    #[error("{0}")]
    Unfit(String),
}

impl Problem {
    /// Whether there is just nothing to do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing(_))
    }
}

impl From<SpecError> for Problem {
    fn from(error: SpecError) -> Self {
        match error {
            SpecError::Absent(message) => Self::Nothing(message),
            unclear => Self::Spec(unclear),
        }
    }
}
