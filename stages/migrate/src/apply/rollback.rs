//! The way back, at any moment.

use std::fs;

use super::lock::Lock;
use super::{ApplyError, Progress, Site, boot_steps, receipt, run};
use crate::journal::{Event, Journal, JournalError, Standing, Step};
use crate::layout::Layout;
use crate::plan::Plan;
use crate::savepoint::{self, Report};

/// What was done to put a machine back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolledBack {
    /// What became of files.
    pub report: Report,
    /// Steps of booting that failed, in a sentence each.
    pub boot: Vec<String>,
    /// Whether there was nothing to put back: nothing had been changed, or it was done already.
    pub is_unchanged: bool,
}

/// Puts the machine back. Needs no tool of it but for steps of booting, no network, and no whole journal.
///
/// # Errors
/// There is no way back, or something can't be written. It can be done again.
pub fn rollback(site: &Site<'_>) -> Result<RolledBack, ApplyError> {
    let layout = Layout::of(site.machine);
    let _lock = Lock::take(&layout)?;
    Lock::wait_for_transaction(&layout)?;
    let plan = run::plan(&layout);
    let mut journal = match Journal::open(&layout.at("journal")) {
        // Files of the savepoint say what was; the journal only says where it stands.
        Err(JournalError::Damaged { .. }) if savepoint::is_complete(&layout) => {
            let path = layout.at("journal");
            let _ = fs::rename(&path, layout.at("journal.damaged"));
            Journal::open(&path)?
        }
        journal => journal?,
    };
    match (journal.standing(), &plan) {
        (Standing::Finished, _) => {
            let said =
                "it was finished: the way back was given up; a plan back to the old distribution leads there";
            return Err(ApplyError::NotNow(said.to_owned()));
        }
        (Standing::RolledBack, _) => {
            clean(site, &layout, plan.as_ref().ok())?;
            return Ok(RolledBack { is_unchanged: true, ..RolledBack::default() });
        }
        (_, Err(_)) if !savepoint::is_complete(&layout) => return Err(ApplyError::None),
        _ => {}
    }
    back(site, &layout, plan.as_ref().ok(), &mut journal, "asked for")
}

/// The same for whoever has the lock.
pub(super) fn back(
    site: &Site<'_>,
    layout: &Layout,
    plan: Option<&Plan>,
    journal: &mut Journal,
    why: &str,
) -> Result<RolledBack, ApplyError> {
    // Room first: a full disk may be why.
    let _ = fs::remove_dir_all(layout.at("stage"));
    let _ = fs::remove_dir_all(layout.at("rehearsal"));
    let was_changed = savepoint::is_complete(layout);
    // Without room for the line it is the same way back.
    let _ = journal.write(site.eyes.now(), Step::Rollback, Event::Begin, why);
    let mut done = RolledBack { is_unchanged: !was_changed, ..RolledBack::default() };
    if was_changed {
        let mut told = |done, total| (site.told)(&Progress::new("rollback", done, total, "files"));
        done.report = savepoint::restore(site.machine, layout, &mut told)?;
        let steps = plan.map_or(&[][..], |plan| &plan.boot.rollback);
        done.boot = boot_steps::run_all(site, layout, Step::Rollback, steps);
        if !steps.is_empty() {
            // Tools of boot loaders write files, too; those are as before in any case.
            let again = savepoint::restore(site.machine, layout, &mut |_, _| {})?;
            done.report.lost.extend(again.lost);
        }
        let set_aside = done.report.set_aside.iter().map(|(path, why)| format!("{}: {why}", path.display()));
        for note in done.report.lost.iter().chain(&done.boot).cloned().chain(set_aside) {
            journal.write(site.eyes.now(), Step::Rollback, Event::Note, &note)?;
        }
    }
    journal.write(site.eyes.now(), Step::Rollback, Event::End, "")?;
    if let Some(plan) = plan {
        // The machine is as before, whether there is a receipt of it or not.
        let _ = receipt::write(site, layout, plan, journal, receipt::Result::RolledBack);
    }
    clean(site, layout, plan)?;
    Ok(done)
}

/// What is needed no more.
fn clean(site: &Site<'_>, layout: &Layout, plan: Option<&Plan>) -> Result<(), ApplyError> {
    if let Some(snapshot) = plan.and_then(|plan| plan.snapshot.as_ref()) {
        let _ = snapshot.remove(site.machine);
    }
    savepoint::remove(site.machine, layout)?;
    for name in ["stage", "rehearsal", "rpmdb"] {
        let _ = fs::remove_dir_all(layout.at(name));
    }
    Ok(())
}
