//! Repositories made of text, for the tests of the rules.

use std::collections::BTreeMap;

use heirloom_model::allowance::Date;
use heirloom_model::gate::{GateReport, GateSeverity, RuleReport};
use heirloom_model::record::RepositoryKind;
use heirloom_model::{Dependency, Digest, DistMap, Package, PackageFile};

use super::input::{
    Files, GateInput, GateReference, GateRepository, GateSnapshot, KnownPackage, SnapshotRepository,
};

type Key = (String, RepositoryKind, String);

/// Repositories, snapshots and a reference.
#[derive(Default)]
pub(super) struct Made {
    repositories: BTreeMap<Key, Vec<Package>>,
    needs: BTreeMap<String, Vec<String>>,
    /// The present one has the name `present`.
    snapshots: BTreeMap<String, BTreeMap<Key, Vec<Package>>>,
    references: Vec<(String, String, Vec<Package>)>,
    dist: DistMap,
}

impl Made {
    pub(super) fn repository(&mut self, name: &str, arch: &str, text: &str) {
        self.add(name, RepositoryKind::Binary, arch, text);
    }

    pub(super) fn debug(&mut self, name: &str, arch: &str, text: &str) {
        self.add(name, RepositoryKind::Debug, arch, text);
    }

    pub(super) fn sources(&mut self, name: &str, text: &str) {
        self.add(name, RepositoryKind::Source, "src", text);
    }

    fn add(&mut self, name: &str, kind: RepositoryKind, arch: &str, text: &str) {
        self.repositories.insert((name.to_owned(), kind, arch.to_owned()), packages(text));
    }

    pub(super) fn packages(&self, name: &str, arch: &str) -> &[Package] {
        &self.repositories[&(name.to_owned(), RepositoryKind::Binary, arch.to_owned())]
    }

    /// Of all architectures.
    pub(super) fn needs(&mut self, name: &str, needs: &[&str]) {
        self.needs.insert(name.to_owned(), needs.iter().map(|need| (*need).to_owned()).collect());
    }

    pub(super) fn present(&mut self, name: &str, arch: &str, text: &str) {
        self.kept("present", name, arch, text);
    }

    pub(super) fn kept(&mut self, snapshot: &str, name: &str, arch: &str, text: &str) {
        let key = (name.to_owned(), RepositoryKind::Binary, arch.to_owned());
        self.snapshots.entry(snapshot.to_owned()).or_default().insert(key, packages(text));
    }

    pub(super) fn reference(&mut self, name: &str, arch: &str, text: &str) {
        self.references.push((name.to_owned(), arch.to_owned(), packages(text)));
    }

    pub(super) fn dist_map(&mut self, rules: &str) {
        self.dist = rules.parse().unwrap();
    }

    pub(super) fn input(&self) -> GateInput<'_> {
        let repositories = self.repositories.iter().map(|((name, kind, arch), packages)| GateRepository {
            name,
            kind: *kind,
            arch,
            needs: self.needs.get(name).map(Vec::as_slice),
            packages,
            files: Files::Absent("these packages are made of text"),
            has_modules: false,
        });
        let snapshots = self.snapshots.iter().map(|(name, repositories)| GateSnapshot {
            name,
            is_present: name == "present",
            repositories: repositories.iter().map(|(key, packages)| of_snapshot(key, packages)).collect(),
        });
        let references =
            self.references.iter().map(|(name, arch, packages)| GateReference { name, arch, packages });
        GateInput {
            repositories: repositories.collect(),
            snapshots: snapshots.collect(),
            references: references.collect(),
            dist: &self.dist,
            keyring: None,
            store: None,
            modular: None,
            advisories: None,
            marks: None,
            grounds: None,
            lifecycle: None,
            waivers: &[],
            today: Date::default(),
            jobs: 1,
        }
    }
}

fn of_snapshot<'a>((name, kind, arch): &'a Key, packages: &'a [Package]) -> SnapshotRepository<'a> {
    let known = |package: &'a Package| KnownPackage { nevra: &package.nevra, digest: package.digest };
    SnapshotRepository { name, kind: *kind, arch, packages: packages.iter().map(known).collect() }
}

/// Lines `name-version-release.arch`, each followed by indented `list: dependency, dependency` lines; `content: word`
/// makes packages of one name differ.
fn packages(text: &str) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    for line in text.lines() {
        let Some((list, items)) = line.strip_prefix(' ').and_then(|line| line.split_once(": ")) else {
            packages.push(package(line));
            continue;
        };
        let package = packages.last_mut().unwrap();
        let items = items.split(", ").map(str::trim);
        let target = match list {
            "provides" => &mut package.provides,
            "requires" => &mut package.requires,
            "conflicts" => &mut package.conflicts,
            "obsoletes" => &mut package.obsoletes,
            "files" => {
                let file = |path: &str| PackageFile { path: path.to_owned(), is_dir: false, is_ghost: false };
                package.files.extend(items.map(file));
                continue;
            }
            "content" => {
                package.digest = Digest::of(line.as_bytes());
                continue;
            }
            other => panic!("unknown list {other}"),
        };
        target.extend(items.map(|item| item.parse::<Dependency>().unwrap()));
    }
    packages
}

fn package(nevra: &str) -> Package {
    let nevra: heirloom_model::Nevra = nevra.parse().unwrap();
    Package {
        digest: Digest::of(nevra.to_string().as_bytes()),
        provides: vec![format!("{} = {}", nevra.name(), nevra.evr()).parse().unwrap()],
        nevra,
        size: 0,
        build_time: 0,
        location: String::new(),
        source_rpm: String::new(),
        requires: Vec::new(),
        conflicts: Vec::new(),
        obsoletes: Vec::new(),
        recommends: Vec::new(),
        suggests: Vec::new(),
        supplements: Vec::new(),
        enhances: Vec::new(),
        files: Vec::new(),
    }
}

pub(super) fn asked(input: &GateInput<'_>) -> GateReport {
    super::ask(input).unwrap()
}

/// What a rule found, without its name.
pub(super) fn lines(report: &GateReport, rule: &str) -> Vec<String> {
    let found = report.findings.iter().filter(|finding| finding.rule == rule);
    found.map(|finding| finding.to_string()[rule.len() + 2..].to_owned()).collect()
}

fn of(made: &Made, rule: &str, severity: GateSeverity) -> Vec<String> {
    let mut report = asked(&made.input());
    report.findings.retain(|finding| finding.severity == severity);
    lines(&report, rule)
}

pub(super) fn errors(made: &Made, rule: &str) -> Vec<String> {
    let mut errors = of(made, rule, GateSeverity::Error);
    errors.sort();
    errors
}

pub(super) fn warnings(made: &Made, rule: &str) -> Vec<String> {
    of(made, rule, GateSeverity::Warning)
}

/// What became of a rule.
pub(super) fn report(made: &Made, rule: &str) -> RuleReport {
    asked(&made.input()).rules.into_iter().find(|one| one.rule == rule).unwrap()
}
