//! One migration, from its plan to its end.

use std::fs;
use std::sync::atomic::Ordering;

use heirloom_model::Digest;

use super::lock::Lock;
use super::{ApplyError, Site, drift, receipt, rollback};
use crate::journal::{Event, Journal, PUT_BACK, Standing, Step};
use crate::layout::{Layout, sync_dir, write_whole};
use crate::plan::{PAYLOAD_TYPE, Plan};
use crate::savepoint;
use crate::seal::{Envelope, Signers};

/// A migration that this process works on.
pub struct Run<'a> {
    pub(super) site: &'a Site<'a>,
    pub(super) layout: Layout,
    pub(super) plan: Plan,
    pub(super) journal: Journal,
    _lock: Lock,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The machine is converted.
    Converted,
    /// It was already; nothing was changed.
    Already,
}

impl<'a> Run<'a> {
    /// Begins the migration of a plan, or takes up the one of the same plan that is under way.
    ///
    /// # Errors
    /// Nobody signed the plan who may, it is not for this machine as it is, or another migration is under way.
    pub fn begin(site: &'a Site<'a>, envelope: &[u8], signers: &Signers) -> Result<Self, ApplyError> {
        let layout = Layout::of(site.machine);
        let lock = Lock::take(&layout)?;
        let (bytes, _) = Envelope::read("its file", envelope)?.open(PAYLOAD_TYPE, signers)?;
        let plan: Plan =
            serde_json::from_slice(&bytes).map_err(|error| ApplyError::Plan(error.to_string()))?;
        let is_same = fs::read(layout.at("plan.json")).is_ok_and(|known| known == envelope);
        let journal = Journal::open(&layout.at("journal"))?;
        if !journal.lines().is_empty() {
            let other = |found, advice| Err(ApplyError::Other { found, advice });
            match journal.standing() {
                Standing::RolledBack => archive(site, &layout)?,
                Standing::Finished if !is_same => archive(site, &layout)?,
                _ if is_same => return Ok(Self { site, layout, plan, journal, _lock: lock }),
                // Nothing was changed by it; the machine may have been, so that its plan no longer holds.
                Standing::Untouched(_) => archive(site, &layout)?,
                Standing::Converted => {
                    return other(
                        "applied, with its way back",
                        "`heirloom-migrate finish` or `rollback` ends it",
                    );
                }
                _ => return other("under way", "`heirloom-migrate resume` or `rollback` ends it"),
            }
        }
        let checks = drift::check(site, &plan, false);
        if !checks.is_empty() {
            return Err(ApplyError::Refused { checks });
        }
        layout.make().map_err(ApplyError::io("can't make", layout.home()))?;
        let path = layout.at("plan.json");
        write_whole(&path, envelope).map_err(ApplyError::io("can't write", &path))?;
        sync_dir(layout.home()).map_err(ApplyError::io("can't sync", layout.home()))?;
        let journal = Journal::open(&layout.at("journal"))?;
        Ok(Self { site, layout, plan, journal, _lock: lock })
    }

    /// Takes up the migration that is under way.
    ///
    /// # Errors
    /// There is none, or it can't be read.
    pub fn resume(site: &'a Site<'a>) -> Result<Self, ApplyError> {
        let layout = Layout::of(site.machine);
        let lock = Lock::take(&layout)?;
        let plan = plan(&layout)?;
        let journal = Journal::open(&layout.at("journal"))?;
        Ok(Self { site, layout, plan, journal, _lock: lock })
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Goes on to the end.
    ///
    /// # Errors
    /// A step fails. If the machine was changed by then and the transaction did not end, it is put back; the error says so.
    pub fn go(&mut self) -> Result<Outcome, ApplyError> {
        let mut is_begun = false;
        loop {
            match self.journal.standing() {
                Standing::Untouched(step) | Standing::Saved(step) => {
                    if self.site.stop.load(Ordering::Relaxed) {
                        return Err(ApplyError::Stopped { step });
                    }
                    is_begun = true;
                    self.step(step)?;
                }
                Standing::Broken => self.put_back()?,
                Standing::Converted if is_begun => {
                    receipt::write(
                        self.site,
                        &self.layout,
                        &self.plan,
                        &self.journal,
                        receipt::Result::Converted,
                    )?;
                    return Ok(Outcome::Converted);
                }
                Standing::Converted | Standing::Finished => return Ok(Outcome::Already),
                Standing::Finishing => {
                    return Err(ApplyError::NotNow(
                        "it was being finished; `heirloom-migrate finish` goes on".to_owned(),
                    ));
                }
                Standing::GoingBack => {
                    return Err(ApplyError::NotNow(
                        "it was being put back; `heirloom-migrate rollback` goes on".to_owned(),
                    ));
                }
                Standing::RolledBack => {
                    return Err(ApplyError::NotNow(
                        "the machine was put back; `heirloom-migrate apply PLAN` begins anew".to_owned(),
                    ));
                }
            }
        }
    }

    pub(super) fn write(&mut self, step: Step, event: Event, note: &str) -> Result<(), ApplyError> {
        Ok(self.journal.write(self.site.eyes.now(), step, event, note)?)
    }

    fn step(&mut self, step: Step) -> Result<(), ApplyError> {
        self.write(step, Event::Begin, "")?;
        let done = self.perform(step);
        // rpm leaves it to the kernel when files get to the disk; the journal may not be ahead of them.
        rustix::fs::sync();
        let said = match done.and_then(|note| self.write(step, Event::End, &note)) {
            Ok(()) => return Ok(()),
            Err(error @ (ApplyError::Stopped { .. } | ApplyError::Refused { .. })) if step <= Step::Save => {
                return Err(error);
            }
            Err(ApplyError::Step { said, .. }) => said,
            Err(error) => error.to_string(),
        };
        // A disk that is full may not even have room for that.
        let _ = self.write(step, Event::Failed, &said);
        if !(Step::Keys..=Step::Transaction).contains(&step) {
            return Err(ApplyError::Step { step, said, rolled_back: false });
        }
        match rollback::back(self.site, &self.layout, Some(&self.plan), &mut self.journal, &said) {
            Ok(_) => Err(ApplyError::Step { step, said, rolled_back: true }),
            Err(error) => {
                let said = format!("{said}\nand the machine could not be put back: {error}");
                Err(ApplyError::Step { step: Step::Rollback, said, rolled_back: false })
            }
        }
    }

    /// The transaction was begun and did not end: files of the savepoint again, and once more from there.
    fn put_back(&mut self) -> Result<(), ApplyError> {
        Lock::wait_for_transaction(&self.layout)?;
        let mut told = |done, total| {
            (self.site.told)(&super::Progress::new("rollback", done, total, "back to the savepoint"));
        };
        savepoint::restore(self.site.machine, &self.layout, &mut told)?;
        self.write(Step::Save, Event::Note, PUT_BACK)
    }
}

/// The plan of the migration that is under way or was the last.
pub(super) fn plan(layout: &Layout) -> Result<Plan, ApplyError> {
    let path = layout.at("plan.json");
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(ApplyError::None),
        bytes => bytes.map_err(ApplyError::io("can't read", &path))?,
    };
    // It was verified before it was put there, where only root can write.
    let payload = Envelope::read("plan.json", &bytes)?.unverified()?;
    serde_json::from_slice(&payload).map_err(|error| ApplyError::Plan(error.to_string()))
}

/// An earlier migration goes to `past/`, under the digest of its journal.
fn archive(site: &Site<'_>, layout: &Layout) -> Result<(), ApplyError> {
    let journal = fs::read(layout.at("journal")).unwrap_or_default();
    let name = Digest::of(&journal).short();
    savepoint::remove(site.machine, layout)?;
    for part in ["stage", "rehearsal", "rpmdb"] {
        let _ = fs::remove_dir_all(layout.at(part));
    }
    let to = layout.past().join(name);
    fs::create_dir_all(layout.past()).map_err(ApplyError::io("can't make", &layout.past()))?;
    fs::rename(layout.current(), &to).map_err(ApplyError::io("can't move to", &to))
}
