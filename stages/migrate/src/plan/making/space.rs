//! Room on file systems, and time.

use std::collections::BTreeMap;

use super::ground::Inputs;
use super::results;
use crate::facts::{InstalledFact, Mount};
use crate::plan::{Action, PackageStep, SpaceNeed};

/// Bytes of a copy of `/etc`; real ones have 20 to 40 MiB.
const ETC: u64 = 48 << 20;
/// Bytes of the databases of rpm and dnf for each package, with their copies; rpm's has some 70 KiB for each.
const DATABASE: u64 = 160 << 10;
/// Bytes of a kernel in `/boot` where none is installed to tell: kernel, initramfs, System.map.
const KERNEL: u64 = 128 << 20;

/// What is needed on each file system on which anything is.
pub(super) fn space(inputs: &Inputs<'_>, packages: &[PackageStep]) -> Vec<SpaceNeed> {
    let mounts = &inputs.assessment.mounts;
    let mut needs = Needs { mounts, parts: BTreeMap::new() };
    let state = inputs.options.state_dir.as_str();
    needs.add(state, "downloads", results(packages).map(|source| source.size).sum());
    needs.packages(&inputs.assessment.packages, packages);
    let changed =
        packages.iter().filter(|step| step.result.is_some() || step.action == Action::Remove).count();
    if changed > 0 {
        let boot: u64 = inputs.assessment.boot.kernels.iter().map(|kernel| kernel.boot_bytes).sum();
        needs.add(state, WAY_BACK, ETC + boot + DATABASE * inputs.assessment.packages.len() as u64);
    }
    needs.kernels(inputs, packages);
    needs.finish()
}

const WAY_BACK: &str = "way back";

struct Needs<'a> {
    mounts: &'a [Mount],
    /// By mount point: what for, and bytes.
    parts: BTreeMap<&'a str, BTreeMap<String, u64>>,
}

impl<'a> Needs<'a> {
    /// The file system that a path is on.
    fn mount(&self, path: &str) -> Option<&'a Mount> {
        let holds = |mount: &&Mount| {
            let point = mount.point.trim_end_matches('/');
            path.strip_prefix(point).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.mounts.iter().filter(holds).max_by_key(|mount| mount.point.trim_end_matches('/').len())
    }

    fn add(&mut self, path: &str, part: &str, bytes: u64) {
        let Some(mount) = self.mount(path).filter(|_| bytes > 0) else { return };
        let parts = self.parts.entry(&mount.point).or_default();
        let sum = parts.entry(part.to_owned()).or_default();
        *sum = sum.saturating_add(bytes);
    }

    /// New files beside the old ones, which the way back keeps: where a package has its files now, the new one will have them in the same proportion.
    fn packages(&mut self, installed: &[InstalledFact], packages: &[PackageStep]) {
        let by_nevra: BTreeMap<_, _> = installed.iter().map(|fact| (&fact.nevra, fact)).collect();
        let mut counted = std::collections::BTreeSet::new();
        for step in packages {
            let old = step.installed.as_ref().and_then(|it| by_nevra.get(it)).map(|fact| &fact.bytes);
            let Some(source) = step.result.as_ref().filter(|source| counted.insert(&source.nevra)) else {
                continue;
            };
            let total: u64 = old.map_or(0, |bytes| bytes.values().sum());
            match old.filter(|_| total > 0) {
                Some(bytes) => {
                    for (point, part) in bytes {
                        let share = u128::from(source.installed_size) * u128::from(*part) / u128::from(total);
                        self.add(point, "packages", u64::try_from(share).unwrap_or(u64::MAX));
                    }
                }
                None => self.add("/usr", "packages", source.installed_size),
            }
        }
    }

    /// A kernel more in `/boot`, with an initramfs of the size that the largest one has.
    fn kernels(&mut self, inputs: &Inputs<'_>, packages: &[PackageStep]) {
        let largest = inputs.assessment.boot.kernels.iter().map(|kernel| kernel.boot_bytes).max();
        let bytes = largest.filter(|bytes| *bytes > 0).unwrap_or(KERNEL);
        let brought = packages
            .iter()
            .filter(|step| step.action == Action::Install)
            .filter_map(|step| step.result.as_ref());
        let cores: Vec<_> = brought
            .filter(|source| {
                matches!(
                    source.nevra.name(),
                    "kernel-core" | "kernel-debug-core" | "kernel-rt-core" | "kernel"
                )
            })
            .collect();
        let has_core = cores.iter().any(|source| source.nevra.name().ends_with("-core"));
        for source in cores.into_iter().filter(|source| !has_core || source.nevra.name().ends_with("-core")) {
            let evr = source.nevra.evr();
            self.add("/boot", &format!("kernel {}-{}", evr.version(), evr.release()), bytes);
        }
    }

    fn finish(self) -> Vec<SpaceNeed> {
        let need = |(point, parts): (&str, BTreeMap<String, u64>)| SpaceNeed {
            point: point.to_owned(),
            free: self.mounts.iter().find(|mount| mount.point == point).map_or(0, |mount| mount.free),
            needed: parts.values().fold(0, |sum, bytes| u64::saturating_add(sum, *bytes)),
            parts: parts.into_iter().collect(),
        };
        self.parts.into_iter().map(need).collect()
    }
}

/// How long the transaction itself takes. Estimates on the slow side, since no real machines were measured: rpm unpacks 15 MB in a second
/// from a disk that turns, and needs a third of a second for each package with its scriptlets; an initramfs takes 45 seconds.
pub(super) fn expected_seconds(packages: &[PackageStep], has_kernel: bool) -> u64 {
    let bytes: u64 = results(packages).map(|source| source.installed_size).sum();
    let changes =
        packages.iter().filter(|step| step.result.is_some() || step.action == Action::Remove).count() as u64;
    if changes == 0 {
        return 0;
    }
    let kernel = if has_kernel { 45 } else { 0 };
    10 + bytes / 15_000_000 + changes / 3 + kernel
}
