//! What each step does.

use std::collections::HashSet;
use std::fs;

use heirloom_model::Nevra;

use super::run::Run;
use super::{
    ApplyError, Progress, alternatives, boot_steps, chain, drift, installed, rehearse, settings, stage,
    transaction,
};
use crate::check::Level;
use crate::journal::{Event, Step};
use crate::layout::write_whole;
use crate::plan::Action;
use crate::savepoint::{self, Scope};

impl Run<'_> {
    /// Does a step; what is to be noted of it.
    pub(super) fn perform(&mut self, step: Step) -> Result<String, ApplyError> {
        let (site, layout) = (self.site, self.layout.clone());
        (site.told)(&Progress::new(step.name(), 0, 0, ""));
        match step {
            Step::Download => {
                self.refuse_drift(false)?;
                stage::download(site, &layout, &self.plan)?;
            }
            Step::Verify => return stage::verify(site, &layout, &self.plan),
            Step::Rehearse => rehearse::rehearse(site, &layout)?,
            Step::SecureBoot => self.secure_boot()?,
            Step::Save => return self.save(),
            Step::Keys => {
                settings::keys(site)?;
                boot_steps::run(site, &layout, step, &self.plan.boot.before)?;
            }
            Step::Modules => settings::modules(site, &self.plan)?,
            Step::Transaction => return self.transaction(),
            Step::Repositories => settings::repositories(site, &layout, &self.plan)?,
            Step::Boot => boot_steps::run(site, &layout, step, &self.plan.boot.steps)?,
            Step::Services => {
                self.risks(step, alternatives::keep(site, &layout))?;
                self.risks(step, settings::services(site, &self.plan))?;
            }
            Step::Done => savepoint::note_after(site.machine, &layout)?,
            Step::Finish | Step::Rollback => {}
        }
        Ok(String::new())
    }

    fn refuse_drift(&self, has_packages: bool) -> Result<(), ApplyError> {
        let checks = drift::check(self.site, &self.plan, has_packages);
        match checks.is_empty() {
            true => Ok(()),
            false => Err(ApplyError::Refused { checks }),
        }
    }

    fn secure_boot(&mut self) -> Result<(), ApplyError> {
        let checks = chain::look(self.site, &self.layout, &self.plan)?;
        let (blockers, others): (Vec<_>, Vec<_>) =
            checks.into_iter().partition(|check| check.level == Level::Blocker);
        if !blockers.is_empty() {
            return Err(ApplyError::Refused { checks: blockers });
        }
        let risks = others.into_iter().filter(|check| check.level == Level::Risk).map(|check| check.found);
        self.risks(Step::SecureBoot, risks.collect())
    }

    /// Risks go to the journal, and from there into the receipt.
    fn risks(&mut self, step: Step, risks: Vec<String>) -> Result<(), ApplyError> {
        for risk in risks {
            self.write(step, Event::Note, &risk)?;
        }
        Ok(())
    }

    fn save(&mut self) -> Result<String, ApplyError> {
        self.refuse_drift(true)?;
        let (site, layout) = (self.site, self.layout.clone());
        let before = installed::packages(site.machine, &layout)?;
        let list: Vec<String> = before.iter().map(|present| present.nevra.to_string()).collect();
        let write = |name: &str, bytes: &[u8]| {
            let path = layout.at(name);
            write_whole(&path, bytes).map_err(ApplyError::io("can't write", &path))
        };
        write("packages-before", list.join("\n").as_bytes())?;
        match site.eyes.assess(site.machine) {
            Ok(None) => {}
            Ok(Some(assessment)) => {
                write("before.json", &serde_json::to_vec(&assessment).unwrap_or_default())?;
            }
            Err(why) => self.write(
                Step::Save,
                Event::Note,
                &format!("services could not be looked at before: {why}"),
            )?,
        }
        let affected: HashSet<Nevra> = self
            .plan
            .packages
            .iter()
            .filter(|step| !matches!(step.action, Action::Keep | Action::Orphan | Action::ThirdParty))
            .filter_map(|step| step.installed.clone())
            .collect();
        let owned = installed::paths(site.machine, &layout, &|nevra| affected.contains(nevra))?;
        let scope = Scope::new(site.machine, owned, stage::brought(&layout)?);
        let mut told = |paths| (site.told)(&Progress::new("save", paths, 0, "paths"));
        let made = savepoint::make(site.machine, &layout, &scope, &mut told).inspect_err(|_| {
            // What was kept until then fills a disk that may be full because of it.
            let _ = savepoint::remove(site.machine, &layout);
        })?;
        if let Some(Err(error)) = self.plan.snapshot.as_ref().map(|snapshot| snapshot.make(site.machine)) {
            self.write(
                Step::Save,
                Event::Note,
                &format!("no snapshot was made, the way back goes by files: {error}"),
            )?;
        }
        Ok(format!(
            "{} paths, {} linked, {} copied ({} bytes)",
            made.paths, made.linked, made.copied, made.copied_bytes
        ))
    }

    fn transaction(&mut self) -> Result<String, ApplyError> {
        let path = self.layout.at("packages-before");
        let text = fs::read_to_string(&path).map_err(ApplyError::io("can't read", &path))?;
        let before: Vec<Nevra> = text.lines().filter_map(|line| line.parse().ok()).collect();
        let risks = transaction::run(self.site, &self.layout, &self.plan, &before)?;
        self.risks(Step::Transaction, risks)?;
        savepoint::note_after(self.site.machine, &self.layout)?;
        Ok(String::new())
    }
}
