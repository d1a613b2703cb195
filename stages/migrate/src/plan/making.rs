//! Making a plan. Pure: the same inputs give the same plan, byte by byte.
//!
//! 1. Streams of modules: which of the target's are in use, and which packages can be seen therefore.
//! 2. Each installed package by itself: what it is to the target ([`choice`]).
//! 3. All of them together, until nothing is missing and nothing is in the way ([`closure`]).
//! 4. What follows for repositories, keys, configuration, services, boot and space.

mod checks;
mod choice;
mod closure;
mod configuration;
mod dependency;
mod ground;
mod repositories;
mod restrictions;
mod services;
mod space;
mod steps;
mod streams;
mod universe;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use heirloom_formats::openpgp::Keyring;
use heirloom_model::Nevra;

use super::{FORMAT, Plan, TargetSeen};
use crate::offer::Offer;
use crate::plan::{Action, PackageStep};
use crate::savepoint::Snapshot;
use choice::Choice;
use closure::Closed;
use ground::Makers;
use streams::Streams;
use universe::Universe;

pub use configuration::headers_needed;
pub use ground::{Inputs, Options};

/// Makes a plan.
#[must_use]
pub fn make(inputs: &Inputs<'_>) -> Plan {
    let Solved { streams, choice, closed } = solve(inputs);
    let packages = steps::steps(&choice);
    let Inputs { assessment, target, now, program, .. } = *inputs;
    let kernel = steps::kernel(&packages);
    let (boot, mut boot_checks) = crate::boot::plan(
        &assessment.boot,
        &assessment.mounts,
        &assessment.machine.architecture,
        &target.target,
        kernel.as_deref(),
    );
    let repositories = repositories::repositories(&choice, &packages);
    let keys = repositories::keys(inputs);
    let keys_removed = repositories::keys_removed(&choice);
    let space = space::space(inputs, &packages);
    let mut checks = checks::checks(&choice, &closed, &packages, &space);
    checks.extend(streams.checks);
    // One word on /boot is enough.
    if checks.iter().any(|check| check.id == BOOT_SPACE) {
        boot_checks.retain(|check| check.id != BOOT_SPACE);
    }
    checks.append(&mut boot_checks);
    checks.extend(assessment.checks.iter().cloned());
    checks.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.cmp(b)));
    checks.dedup();
    Plan {
        format: FORMAT,
        program: program.to_owned(),
        made: now,
        machine: assessment.machine.clone(),
        state: assessment.database.state.clone(),
        from: assessment.system.name.clone(),
        target: seen(inputs),
        checks,
        repositories,
        keys,
        keys_removed,
        kernels_removed: kernels_removed(&packages),
        snapshot: Snapshot::of(&assessment.mounts),
        modules: streams.steps,
        configuration: configuration::configuration(inputs, &packages),
        boot,
        services: services::services(assessment, &packages),
        download: results(&packages).map(|source| source.size).sum(),
        expected_seconds: space::expected_seconds(&packages, kernel.is_some()),
        space,
        packages,
    }
}

/// The finding that /boot is too small, here and of who looks at booting alone.
pub(super) const BOOT_SPACE: &str = "boot-space";
/// What the reason of a kernel says that stays for the way back.
pub(super) const UNTIL_FINISH: &str = "goes with `finish`";

/// Paths that packages require, that no one is known to have, and that primary metadata does not list: what
/// [`read_paths`](crate::offer::read_paths) is to look for. Usually none.
#[must_use]
pub fn paths_needed(inputs: &Inputs<'_>) -> BTreeSet<String> {
    solve(inputs).closed.paths
}

/// What becomes of packages and modules.
struct Solved<'a> {
    streams: Streams,
    choice: Choice<'a>,
    closed: Closed,
}

fn solve<'a>(inputs: &Inputs<'a>) -> Solved<'a> {
    let Inputs { assessment, target, offer, .. } = *inputs;
    let streams = Streams::choose(assessment, &target.target, offer);
    let universe = Universe::new(&assessment.packages, streams.visible(offer).into_iter());
    let makers = Makers::new(assessment, target_keys(&target.target.certificates));
    let mut choice = Choice::new(universe, makers, *inputs);
    let closed = closure::close(&mut choice);
    Solved { streams, choice, closed }
}

/// Ids of the target's keys. A target file was read only if its certificates could be.
fn target_keys(certificates: &str) -> HashSet<String> {
    let keyring = Keyring::from_armoured(certificates.as_bytes());
    keyring.map(|keyring| keyring.key_ids().into_iter().collect()).unwrap_or_default()
}

fn seen(inputs: &Inputs<'_>) -> TargetSeen {
    let target = &inputs.target.target;
    TargetSeen {
        id: target.id.clone(),
        name: target.name.clone(),
        version: target.version.clone(),
        file: inputs.target.digest,
        signer: inputs.target.signer.to_lowercase(),
        certificates: target.certificates.clone(),
        repositories: inputs.offer.repositories.clone(),
        boot: target.boot.clone(),
    }
}

/// Kernels that stay for the way back alone.
fn kernels_removed(packages: &[PackageStep]) -> Vec<Nevra> {
    let stays =
        packages.iter().filter(|step| step.action == Action::Orphan && step.reason.contains(UNTIL_FINISH));
    stays.filter_map(|step| step.installed.clone()).collect()
}

/// The packages that are taken from the target, each once.
fn results(packages: &[PackageStep]) -> impl Iterator<Item = &crate::plan::Source> {
    let unique: BTreeMap<_, _> = packages
        .iter()
        .filter_map(|step| step.result.as_ref())
        .map(|source| (&source.nevra, source))
        .collect();
    unique.into_values()
}

/// Offered packages by their identity.
fn offered(offer: &Offer) -> BTreeMap<&heirloom_model::Nevra, &crate::offer::Offered> {
    let mut all = BTreeMap::new();
    for offered in &offer.packages {
        all.entry(&offered.package.nevra).or_insert(offered);
    }
    all
}
