//! Why a migration does not go on.

use std::io;
use std::path::{Path, PathBuf};

use crate::check::Check;
use crate::journal::{JournalError, Step};
use crate::savepoint::SavepointError;
use crate::seal::SealError;

/// Why a migration does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The operating system says so.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// The plan is not for this machine as it is.
    #[error("the plan can't be applied; nothing was changed:\n{}", list(checks))]
    Refused {
        /// Why.
        checks: Vec<Check>,
    },
    /// The plan can't be used at all.
    #[error("the plan: {0}")]
    Plan(String),
    /// Its signature.
    #[error("the plan: {0}")]
    Seal(#[from] SealError),
    /// Another one is at work.
    #[error(
        "another heirloom-migrate is at work on this machine (`heirloom-migrate status --follow` shows it)"
    )]
    Busy,
    /// Another plan is under way.
    #[error("a migration by another plan is {found}; {advice}")]
    Other {
        /// Where it stands.
        found: &'static str,
        /// What to do first.
        advice: &'static str,
    },
    /// There is no migration.
    #[error("no migration was begun on this machine")]
    None,
    /// It does not stand where it would have to.
    #[error("{0}")]
    NotNow(String),
    /// A step failed.
    #[error("{}: {said}\n{}", step.name(), if *rolled_back { "the machine was put back and is as before" } else { left(*step) })]
    Step {
        /// The step.
        step: Step,
        /// What went wrong.
        said: String,
        /// Whether the machine was put back because of it.
        rolled_back: bool,
    },
    /// A tool of the machine is missing.
    #[error("the machine has no `{tool}` that can be run ({source}); install it first")]
    Tool {
        /// The tool.
        tool: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The savepoint.
    #[error(transparent)]
    Savepoint(#[from] SavepointError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Somebody wanted it to end.
    #[error("it was ended before {}; `heirloom-migrate resume` goes on", step.name())]
    Stopped {
        /// The step that would be next.
        step: Step,
    },
}

impl ApplyError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }

    /// Whether there is something to be mended on the machine or in the plan before it is tried again: a refusal.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

fn list(checks: &[Check]) -> String {
    let lines = checks.iter().map(|check| format!("  {}: {}\n    {}", check.id, check.found, check.advice));
    lines.collect::<Vec<_>>().join("\n")
}

fn left(step: Step) -> &'static str {
    match step {
        step if step <= Step::Save => {
            "nothing of the machine was changed; `heirloom-migrate resume` tries again, `rollback` gives up"
        }
        Step::Rollback => "the way back can be gone again: `heirloom-migrate rollback`",
        _ => "`heirloom-migrate resume` tries again, `heirloom-migrate rollback` puts the machine back",
    }
}
