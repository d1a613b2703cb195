//! Where a migration stands, for whoever asks; nothing is changed by asking.

use serde::Serialize;

use super::{ApplyError, Lock, Progress, run};
use crate::journal::{Event, Journal, Standing, Step};
use crate::layout::Layout;
use crate::machine::Machine;

/// Where a migration stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// One of `none`, `not-changed`, `saved`, `interrupted`, `converted`, `finishing`, `finished`, `going-back`, `rolled-back`.
    pub standing: &'static str,
    /// The step that is next, if one is.
    pub next: Option<Step>,
    /// Whether a process works on it now.
    pub is_running: bool,
    /// From which distribution to which.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// What failed last, if that was the last that happened.
    pub failed: Option<String>,
    /// How far the step that runs is.
    pub progress: Option<Progress>,
    /// What to do next: a command.
    pub hint: &'static str,
}

/// Looks where the migration of a machine stands.
///
/// # Errors
/// Its journal or plan can't be read.
pub fn status(machine: &Machine) -> Result<Status, ApplyError> {
    let layout = Layout::of(machine);
    let plan = match run::plan(&layout) {
        Err(ApplyError::None) => {
            return Ok(Status {
                standing: "none",
                next: None,
                is_running: false,
                from: String::new(),
                to: String::new(),
                failed: None,
                progress: None,
                hint: "heirloom-migrate assess",
            });
        }
        plan => plan?,
    };
    let journal = Journal::open(&layout.at("journal"))?;
    let is_running = Lock::is_taken(&layout);
    let (standing, next, hint) = words(journal.standing());
    let failed = journal.lines().last().filter(|line| line.event == Event::Failed);
    Ok(Status {
        standing,
        next,
        is_running,
        from: plan.from,
        to: format!("{} {}", plan.target.name, plan.target.version),
        failed: failed.map(|line| format!("{}: {}", line.step.name(), line.note)),
        progress: Progress::read(&layout).filter(|_| is_running),
        hint: if is_running { "heirloom-migrate status --follow" } else { hint },
    })
}

fn words(standing: Standing) -> (&'static str, Option<Step>, &'static str) {
    match standing {
        Standing::Untouched(step) => ("not-changed", Some(step), "heirloom-migrate resume"),
        Standing::Saved(step) => ("saved", Some(step), "heirloom-migrate resume"),
        Standing::Broken => ("interrupted", Some(Step::Transaction), "heirloom-migrate resume"),
        Standing::Converted => ("converted", None, "heirloom-migrate verify"),
        Standing::Finishing => ("finishing", Some(Step::Finish), "heirloom-migrate finish"),
        Standing::Finished => ("finished", None, "heirloom-migrate verify"),
        Standing::GoingBack => ("going-back", Some(Step::Rollback), "heirloom-migrate rollback"),
        Standing::RolledBack => ("rolled-back", None, "heirloom-migrate assess"),
    }
}
