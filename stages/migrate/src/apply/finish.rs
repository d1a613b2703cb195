//! The way back is given up, after a good boot.

use std::fs;

use super::lock::Lock;
use super::{ApplyError, Site, boot_steps, receipt, run, settings};
use crate::check::Check;
use crate::journal::{Event, Journal, Standing, Step};
use crate::layout::Layout;
use crate::plan::Plan;
use crate::savepoint;

/// Finishes a migration: boot steps for afterwards, keys of the old vendor, the savepoint. What did not work and is no reason to keep the way back: a
/// sentence each.
///
/// `is_forced` finishes although the machine does not run the target's kernel.
///
/// # Errors
/// The machine is not converted, or did not boot the target's kernel.
pub fn finish(site: &Site<'_>, is_forced: bool) -> Result<Vec<String>, ApplyError> {
    let layout = Layout::of(site.machine);
    let _lock = Lock::take(&layout)?;
    let plan = run::plan(&layout)?;
    let mut journal = Journal::open(&layout.at("journal"))?;
    match journal.standing() {
        Standing::Converted | Standing::Finishing => {}
        Standing::Finished => return Ok(Vec::new()),
        Standing::RolledBack => {
            return Err(ApplyError::NotNow(
                "the machine was put back: there is nothing to finish".to_owned(),
            ));
        }
        _ => {
            let said = "the conversion did not end; `heirloom-migrate resume` goes on, `rollback` puts the machine back";
            return Err(ApplyError::NotNow(said.to_owned()));
        }
    }
    if let Some(check) = kernel(site, &plan).filter(|_| !is_forced) {
        return Err(ApplyError::Refused { checks: vec![check] });
    }
    let note = if is_forced { "forced" } else { "" };
    journal.write(site.eyes.now(), Step::Finish, Event::Begin, note)?;
    boot_steps::run(site, &layout, Step::Finish, &plan.boot.finish)?;
    let mut told = Vec::new();
    for kernel in plan.kernels_removed.iter().map(ToString::to_string) {
        erase(site, &kernel, &mut told);
    }
    for key in &plan.keys_removed {
        erase(site, key, &mut told);
    }
    rustix::fs::sync();
    if let Some(Err(error)) = plan.snapshot.as_ref().map(|snapshot| snapshot.remove(site.machine)) {
        told.push(error.to_string());
    }
    savepoint::remove(site.machine, &layout)?;
    for name in ["stage", "rehearsal", "rpmdb"] {
        let _ = fs::remove_dir_all(layout.at(name));
    }
    for note in &told {
        journal.write(site.eyes.now(), Step::Finish, Event::Note, note)?;
    }
    journal.write(site.eyes.now(), Step::Finish, Event::End, "")?;
    receipt::write(site, &layout, &plan, &journal, receipt::Result::Finished)?;
    Ok(told)
}

/// Removes a package; one that is gone is no fault.
fn erase(site: &Site<'_>, package: &str, told: &mut Vec<String>) {
    match settings::run(site.machine, Step::Finish, &["rpm", "-e", "--allmatches", package]) {
        Err(ApplyError::Step { said, .. }) if said.contains("is not installed") => {}
        Err(error) => told.push(error.to_string()),
        Ok(()) => {}
    }
}

/// Whether the machine runs a kernel of the plan, if one was installed.
fn kernel(site: &Site<'_>, plan: &Plan) -> Option<Check> {
    let results = plan.packages.iter().filter_map(|step| step.result.as_ref());
    let kernels: Vec<String> = results
        .filter(|source| ["kernel-core", "kernel-uek-core"].contains(&source.nevra.name()))
        .map(|source| {
            let (evr, arch) = (source.nevra.evr(), source.nevra.arch());
            format!("{}-{}.{arch}", evr.version(), evr.release())
        })
        .collect();
    if kernels.is_empty() || !site.machine.is_here() {
        return None;
    }
    let running = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned();
    (!kernels.contains(&running)).then(|| {
        Check::blocker(
            "running-kernel",
            format!("the machine runs kernel {running}; the plan installed {}", kernels.join(", ")),
            "boot the new kernel first; if it is to stay so, `heirloom-migrate finish --force`",
        )
    })
}
