//! Failures as a person meets them: heading, what to do next, exit code.

use std::error::Error;
use std::fmt::Write as _;

use heirloom_migrate::apply::ApplyError;

/// Documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Fine = 0,
    /// Something could not be done.
    Failed = 1,
    /// A blocker or a difference was found.
    Found = 5,
    /// The machine lacks something.
    Machine = 6,
    /// Somebody wanted it to end.
    Interrupted = 130,
}

impl Exit {
    /// The one with this number; `Failed` for any other.
    pub(crate) fn from_code(code: u8) -> Self {
        [Self::Fine, Self::Found, Self::Machine, Self::Interrupted]
            .into_iter()
            .find(|exit| *exit as u8 == code)
            .unwrap_or(Self::Failed)
    }
}

/// A verb gave up.
#[derive(Debug)]
pub(crate) struct Fail {
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) exit: Exit,
}

impl Fail {
    pub(crate) fn new(exit: Exit, message: impl ToString) -> Self {
        Self { message: message.to_string(), hint: String::new(), exit }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// An error of a library, with its causes.
    pub(crate) fn of(error: &dyn Error) -> Self {
        Self::new(Exit::Failed, chain(error))
    }

    /// A file that can't be read or written.
    pub(crate) fn file(what: &str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let text = format!("{what} {}", path.display());
        move |error| Self::new(Exit::Failed, format!("{text}: {error}"))
    }
}

/// An error with its causes, each said once.
fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

impl From<ApplyError> for Fail {
    fn from(error: ApplyError) -> Self {
        let exit = match &error {
            ApplyError::Refused { .. } => Exit::Found,
            ApplyError::Tool { .. } => Exit::Machine,
            ApplyError::Stopped { .. } => Exit::Interrupted,
            _ => Exit::Failed,
        };
        let hint = match &error {
            ApplyError::None => "heirloom-migrate assess",
            ApplyError::Busy => "heirloom-migrate status --follow",
            ApplyError::Stopped { .. } => "heirloom-migrate resume",
            _ => "",
        };
        Self::new(exit, chain(&error)).hint(hint)
    }
}
