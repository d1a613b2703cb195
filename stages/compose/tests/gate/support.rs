//! Repositories of real packages, made by rpmbuild and createrepo_c, as the gate takes them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use heirloom_compose::gate::{Files, GateInput, GateRepository, ask};
use heirloom_formats::rpm_file::Header;
use heirloom_model::allowance::Date;
use heirloom_model::gate::{GateFinding, GateReport};
use heirloom_model::record::RepositoryKind;
use heirloom_model::{Digest, DistMap, Package};
use testkit::rpm_builder::RpmBuilder;

/// Builds packages, two at a time.
pub(crate) fn build(dir: &Path, builders: Vec<RpmBuilder>) -> Vec<PathBuf> {
    let left = Mutex::new(builders.into_iter().enumerate());
    let built = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some((place, builder)) = left.lock().unwrap().next() else { break };
            let made = builder.build(dir).unwrap();
            // Two architectures of one package write one source package.
            let _ = std::fs::remove_file(made.source);
            built.lock().unwrap().push((place, made.binary));
        }
    };
    std::thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|thread| thread.join().unwrap()));
    let mut built = built.into_inner().unwrap();
    built.sort();
    built.into_iter().map(|(_, path)| path).collect()
}

/// What a package's metadata would say.
pub(crate) fn package(file: &Path) -> Package {
    let bytes = std::fs::read(file).unwrap();
    let location = file.file_name().unwrap().to_str().unwrap();
    Header::open(file).unwrap().package(Digest::of(&bytes), bytes.len() as u64, location)
}

pub(crate) fn repository<'a>(name: &'a str, dir: &'a Path, packages: &'a [Package]) -> GateRepository<'a> {
    GateRepository {
        name,
        kind: RepositoryKind::Binary,
        arch: "x86_64",
        needs: None,
        packages,
        files: Files::Below(dir),
        has_modules: false,
    }
}

pub(crate) fn input<'a>(repositories: Vec<GateRepository<'a>>, dist: &'a DistMap) -> GateInput<'a> {
    GateInput {
        repositories,
        snapshots: Vec::new(),
        references: Vec::new(),
        dist,
        keyring: None,
        store: None,
        modular: None,
        advisories: None,
        marks: None,
        grounds: None,
        lifecycle: None,
        waivers: &[],
        today: Date::default(),
        jobs: 2,
    }
}

pub(crate) fn judged(input: &GateInput<'_>) -> GateReport {
    ask(input).unwrap()
}

pub(crate) fn of<'r>(report: &'r GateReport, rule: &str) -> Vec<&'r GateFinding> {
    report.findings.iter().filter(|finding| finding.rule == rule).collect()
}
