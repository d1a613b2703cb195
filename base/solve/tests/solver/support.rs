//! Test cases as text: repositories, a request and its result. `cases/*.toml` shows the form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use heirloom_model::{Dependency, Digest, Package, PackageFile};
use heirloom_solve::{InstallError, PackageId, Reason, Repository, Solution, Universe};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// By name; the number behind a `:` is the priority.
    pub(crate) repository: BTreeMap<String, String>,
    pub(crate) want: Vec<Dependency>,
    #[serde(default)]
    pub(crate) present: Vec<String>,
    #[serde(default)]
    pub(crate) weak: bool,
    /// What is installed, with the reason of each; or `problems`.
    #[serde(default)]
    pub(crate) install: Vec<String>,
    #[serde(default)]
    pub(crate) replaced: Vec<String>,
    #[serde(default)]
    pub(crate) problems: Vec<String>,
    /// Why dnf can't be asked, or answers otherwise.
    pub(crate) not_with_dnf: Option<String>,
}

pub(crate) struct Offer {
    pub(crate) name: String,
    pub(crate) priority: i32,
    pub(crate) packages: Vec<Package>,
}

pub(crate) fn cases() -> Vec<(String, Case)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/solver/cases");
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let parsed: File = toml::from_str(&std::fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        cases.extend(parsed.case.into_iter().map(|case| (format!("{stem}: {}", case.name), case)));
    }
    cases
}

impl Case {
    pub(crate) fn offers(&self) -> Vec<Offer> {
        let offer = |(key, text): (&String, &String)| {
            let (name, priority) = key.split_once(':').unwrap_or((key, "0"));
            Offer { name: name.to_owned(), priority: priority.parse().unwrap(), packages: packages(text) }
        };
        self.repository.iter().map(offer).collect()
    }
}

pub(crate) fn repositories(offers: &[Offer]) -> Vec<Repository<'_>> {
    offers
        .iter()
        .map(|offer| Repository { name: &offer.name, priority: offer.priority, packages: &offer.packages })
        .collect()
}

/// Lines `name-version-release.arch`, each followed by indented `list: dependency, dependency` lines.
pub(crate) fn packages(text: &str) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if !line.starts_with(' ') {
            packages.push(package(line));
            continue;
        }
        let (list, items) = line.split_once(':').unwrap();
        let package = packages.last_mut().unwrap();
        let items = items.split(", ").map(str::trim);
        if list.trim() == "files" {
            let file = |path: &str| PackageFile { path: path.to_owned(), is_dir: false, is_ghost: false };
            package.files.extend(items.map(file));
            continue;
        }
        let target = match list.trim() {
            "provides" => &mut package.provides,
            "requires" => &mut package.requires,
            "conflicts" => &mut package.conflicts,
            "obsoletes" => &mut package.obsoletes,
            "recommends" => &mut package.recommends,
            "suggests" => &mut package.suggests,
            "supplements" => &mut package.supplements,
            "enhances" => &mut package.enhances,
            other => panic!("unknown list {other}"),
        };
        target.extend(items.map(|item| item.parse::<Dependency>().unwrap()));
    }
    packages
}

pub(crate) fn package(nevra: &str) -> Package {
    let nevra: heirloom_model::Nevra = nevra.trim().parse().unwrap();
    let provides = vec![format!("{} = {}", nevra.name(), nevra.evr()).parse().unwrap()];
    Package {
        digest: Digest::of(nevra.to_string().as_bytes()),
        nevra,
        size: 0,
        build_time: 0,
        location: String::new(),
        source_rpm: String::new(),
        provides,
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

/// The first package of this NEVRA.
pub(crate) fn find(offers: &[Offer], nevra: &str) -> PackageId {
    for (repository, offer) in offers.iter().enumerate() {
        if let Some(package) = offer.packages.iter().position(|package| package.nevra.to_string() == nevra) {
            return PackageId { repository, package };
        }
    }
    panic!("no {nevra}");
}

/// The answer as text, one line per package or problem.
pub(crate) fn answer(universe: &Universe<'_>, result: Result<Solution, InstallError>) -> String {
    let nevra = |id: PackageId| &universe.package(id).unwrap().nevra;
    let mut text = String::new();
    match result {
        Ok(solution) => {
            for chosen in &solution.install {
                let because = match &chosen.because {
                    Reason::Wanted(dependency) => format!("wanted as {dependency}"),
                    Reason::RequiredBy { package, dependency } => {
                        format!("{} requires {dependency}", nevra(*package))
                    }
                    Reason::RecommendedBy { package, dependency } => {
                        format!("recommended with {}: {dependency}", nevra(*package))
                    }
                    Reason::Replaces(package) => format!("replaces {}", nevra(*package)),
                    Reason::Forced => "forced".to_owned(),
                };
                writeln!(text, "{}: {because}", nevra(chosen.id)).unwrap();
            }
            solution.replaced.iter().for_each(|id| writeln!(text, "- {}", nevra(*id)).unwrap());
        }
        Err(error) => writeln!(text, "{error}").unwrap(),
    }
    text
}
