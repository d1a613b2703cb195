//! Failures as a person meets them: heading, what to do next, exit code.

use std::error::Error;
use std::fmt::Write as _;

use heirloom_formats::definition::DefinitionError;
use heirloom_model::Verdict;

/// Documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Fine = 0,
    /// Something could not be done.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The definition, or a file that it names, is wrong.
    Definition = 3,
    /// Something can't be planned or built.
    Build = 4,
    /// A package breaks the promise.
    Promise = 5,
    /// The machine lacks something.
    Machine = 6,
    /// Members have to decide first.
    Waits = 7,
    /// Packages are compatible by their interfaces, and not identical.
    AbiCompatible = 10,
    /// A package is incompatible.
    Incompatible = 11,
    /// Evidence is missing.
    Undecided = 12,
    /// Somebody wanted it to end.
    Interrupted = 130,
}

impl From<Verdict> for Exit {
    /// One code for each level that is not the same, 0 for those that are.
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::BitIdentical | Verdict::PayloadIdentical | Verdict::Identical => Self::Fine,
            Verdict::AbiCompatible => Self::AbiCompatible,
            Verdict::Incompatible => Self::Incompatible,
            Verdict::Undecided => Self::Undecided,
        }
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

    /// Somebody wanted it to end; `kept` says what is kept of the work.
    pub(crate) fn interrupted(kept: &str) -> Self {
        Self::new(Exit::Interrupted, format!("interrupted{kept}"))
            .hint("run the same command again: it continues where it was")
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl From<DefinitionError> for Fail {
    fn from(error: DefinitionError) -> Self {
        let (excerpt, hint) = match &error {
            DefinitionError::Unreadable { .. } => (
                String::new(),
                "`heirloom init` writes a definition; `--definition FILE` names another".to_owned(),
            ),
            DefinitionError::Wrong { line, column, excerpt, hint, .. } => {
                let number = line.to_string();
                let pad = " ".repeat(number.len() + column + 2);
                (format!("\n {number} | {excerpt}\n{pad} ^"), hint.clone())
            }
        };
        Self::new(Exit::Definition, format!("{error}{excerpt}")).hint(hint)
    }
}

/// An error with its causes, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
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

macro_rules! failed {
    ($($error:ty => $exit:ident),+ $(,)?) => {
        $(impl From<$error> for Fail {
            fn from(error: $error) -> Self {
                Self::new(Exit::$exit, chain(&error))
            }
        })+
    };
}

impl From<heirloom_build::BuildError> for Fail {
    fn from(error: heirloom_build::BuildError) -> Self {
        match error {
            heirloom_build::BuildError::Interrupted => Self::interrupted(""),
            error => Self::new(Exit::Failed, chain(&error)),
        }
    }
}

failed! {
    heirloom_store::StoreError => Failed,
    heirloom_import::ImportError => Failed,
    heirloom_import::history::HistoryError => Failed,
    heirloom_plan::PlanError => Build,
    heirloom_compare::CompareError => Failed,
    heirloom_compose::ComposeError => Failed,
    heirloom_release::ReleaseError => Failed,
    heirloom_formats::advisory::AdvisoryError => Failed,
    heirloom_formats::lifecycle::LifecycleError => Failed,
    heirloom_formats::openpgp::CertificateError => Failed,
    heirloom_formats::updateinfo::UpdateinfoError => Failed,
    heirloom_govern::ProposalError => Failed,
    heirloom_govern::VoteError => Failed,
    heirloom_sign::KeyError => Failed,
    heirloom_sign::ShareError => Failed,
    heirloom_sign::RawKeyError => Failed,
    heirloom_sign::SignError => Failed,
    heirloom_tlog::KeyError => Failed,
    heirloom_tlog::LogError => Failed,
    heirloom_tlog::SourceError => Failed,
    heirloom_tlog::TreeError => Failed,
    serde_json::Error => Failed,
}
