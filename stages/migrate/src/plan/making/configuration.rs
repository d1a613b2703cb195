//! What rpm will do with configuration files that were changed here.
//!
//! Source: `rpmfilesDecideFate` of rpm's `lib/rpmfi.c`, which compares three contents: as it was installed, as it is, as it comes.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::rpm_file::FileEntry;
use heirloom_model::Nevra;

use super::ground::Inputs;
use super::{offered, results};
use crate::facts::{Changed, ChangedFile};
use crate::offer::{HeaderNeed, Offer};
use crate::plan::{Action, ConfigOutcome, ConfigStep, PackageStep, Plan};

/// rpm's RPMFILE_NOREPLACE.
const NOREPLACE: u32 = 16;

pub(super) fn configuration(inputs: &Inputs<'_>, packages: &[PackageStep]) -> Vec<ConfigStep> {
    let by_package: BTreeMap<&Nevra, &PackageStep> =
        packages.iter().filter_map(|step| Some((step.installed.as_ref()?, step))).collect();
    let offered = offered(inputs.offer);
    // Primary metadata lists all files below /etc.
    let listed: BTreeSet<&str> = results(packages)
        .filter_map(|source| offered.get(&source.nevra))
        .flat_map(|it| it.package.files.iter().map(|file| file.path.as_str()))
        .collect();
    let mut steps: Vec<ConfigStep> = inputs
        .assessment
        .changed
        .iter()
        .filter(|file| file.is_config && matches!(file.change, Changed::Content | Changed::Kind))
        .filter_map(|file| {
            let step = by_package.get(&file.package)?;
            let (outcome, vendor_new) = outcome(file, step, inputs, &listed)?;
            Some(ConfigStep {
                path: file.path.clone(),
                package: file.package.clone(),
                vendor_old: file.vendor.clone(),
                local: file.local.clone(),
                vendor_new,
                outcome,
            })
        })
        .collect();
    steps.sort_by(|a, b| (&a.path, &a.package).cmp(&(&b.path, &b.package)));
    steps
}

/// None if nothing happens to the file's package.
fn outcome(
    file: &ChangedFile,
    step: &PackageStep,
    inputs: &Inputs<'_>,
    listed: &BTreeSet<&str>,
) -> Option<(ConfigOutcome, String)> {
    if step.action != Action::Remove && step.result.is_none() {
        return None;
    }
    let unknown = Some((ConfigOutcome::Unknown, String::new()));
    // The file may go over to another package.
    let gone = match listed.contains(file.path.as_str()) {
        true => unknown.clone(),
        false => Some((ConfigOutcome::Removed, String::new())),
    };
    let Some(source) = step.result.as_ref() else { return gone };
    let Some(files) = inputs.headers.get(&source.nevra) else {
        let is_etc = file.path.starts_with("/etc/");
        return if is_etc { gone } else { unknown };
    };
    let Some(new) = files.iter().find(|it| it.path == file.path) else { return gone };
    let digest = new.digest.clone();
    // Of other kinds of file, and by other algorithms, nothing can be compared.
    if file.change == Changed::Kind
        || !new.is_regular()
        || digest.len() != file.vendor.len()
        || file.local.is_empty()
    {
        return Some((ConfigOutcome::Unknown, digest));
    }
    Some((three_way(file, new), digest))
}

fn three_way(file: &ChangedFile, new: &FileEntry) -> ConfigOutcome {
    if file.local == new.digest {
        ConfigOutcome::Same
    } else if file.vendor == new.digest {
        ConfigOutcome::Kept
    } else if new.flags & NOREPLACE != 0 {
        ConfigOutcome::NewBeside
    } else {
        ConfigOutcome::SavedBeside
    }
}

/// The headers that would tell what becomes of configuration files of which a plan says [`ConfigOutcome::Unknown`]: read them by
/// [`read_headers`](crate::offer::read_headers), and make the plan again.
#[must_use]
pub fn headers_needed(plan: &Plan, offer: &Offer) -> Vec<HeaderNeed> {
    let unknown: BTreeSet<&Nevra> = plan
        .configuration
        .iter()
        .filter(|step| step.outcome == ConfigOutcome::Unknown && step.vendor_new.is_empty())
        .map(|step| &step.package)
        .collect();
    let offered = offered(offer);
    let results =
        plan.packages.iter().filter(|step| step.installed.as_ref().is_some_and(|it| unknown.contains(it)));
    let need = |step: &PackageStep| {
        let source = step.result.as_ref()?;
        let end = offered.get(&source.nevra)?.header.1;
        (end > 0).then(|| HeaderNeed {
            nevra: source.nevra.clone(),
            repository: source.repository.clone(),
            location: source.location.clone(),
            end,
        })
    };
    let needs: BTreeSet<HeaderNeed> = results.filter_map(need).collect();
    needs.into_iter().collect()
}
