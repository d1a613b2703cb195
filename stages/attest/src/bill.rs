//! From records to lists of parts.

use std::collections::{BTreeMap, HashMap};

use heirloom_formats::sbom::{
    About, Bill, FilePart, Licence, Maker, PackagePart, SourcePart, Subject, Tool, ToolPart,
};
use heirloom_model::advisory::CveId;
use heirloom_model::record::{Action, Built, SourceFile};
use heirloom_model::{Digest, Nevra, Package};

use crate::{Says, SourceSays};

pub use crate::provenance::Foreign;

/// A binary package that is listed.
pub struct Present<'a> {
    /// Identity.
    pub nevra: &'a Nevra,
    /// SHA-256 of the package as it was built, or as its vendor signed it.
    pub accepted: Digest,
    /// SHA-256 of the file that users get.
    pub delivered: Digest,
    /// File name of its source package.
    pub source_rpm: &'a str,
    /// What it says of itself.
    pub says: Says,
    /// Whether another vendor made it.
    pub is_foreign: bool,
}

/// A build whose parts are listed.
pub struct BuildParts<'a> {
    /// Its outcome.
    pub built: &'a Built,
    /// The action that gave it.
    pub action: &'a Action,
    /// SHA-256 of the source RPM that users get.
    pub delivered_source: Digest,
    /// What the source package says of itself.
    pub says: SourceSays,
    /// Its files, with addresses where they were fetched from some.
    pub files: Vec<SourceFile>,
}

/// The list of one build's parts.
#[must_use]
pub fn bill_of_build(
    maker: Maker,
    build: &BuildParts<'_>,
    packages: &[Present<'_>],
    is_own: &dyn Fn(Digest) -> bool,
) -> Bill {
    let nevra = &build.built.nevra;
    let (name, version) = (nevra.name().to_owned(), nevra.evr().to_string());
    let subject = Subject::Build { name, version };
    let created = build.built.source.build_time;
    assemble(maker, subject, created, std::slice::from_ref(build), packages, is_own)
}

/// The list of a release's parts. `created` is when it was composed, in seconds since 1970.
#[must_use]
pub fn bill_of_release(
    maker: Maker,
    name: &str,
    created: u64,
    builds: &[BuildParts<'_>],
    packages: &[Present<'_>],
    is_own: &dyn Fn(Digest) -> bool,
) -> Bill {
    assemble(maker, Subject::Release { name: name.to_owned() }, created, builds, packages, is_own)
}

fn assemble(
    maker: Maker,
    subject: Subject,
    created: u64,
    builds: &[BuildParts<'_>],
    packages: &[Present<'_>],
    is_own: &dyn Fn(Digest) -> bool,
) -> Bill {
    let mut licences = Licences::default();
    let mut present: Vec<_> = packages.iter().collect();
    present.sort_by_key(|package| (package.nevra, package.accepted));
    present.dedup_by_key(|package| package.accepted);
    let places: HashMap<Digest, usize> =
        present.iter().enumerate().map(|(index, package)| (package.accepted, index)).collect();
    let mut builds: Vec<_> = builds.iter().collect();
    builds.sort_by_key(|build| (&build.built.nevra, build.built.action));
    let tools = tools(&builds, &places, is_own);
    let tool_places: HashMap<Digest, usize> =
        tools.iter().enumerate().map(|(index, tool)| (tool.digest, index)).collect();
    let tool = |digest: &Digest| {
        let own = places.get(digest).map(|index| Tool::Own(*index));
        own.or_else(|| tool_places.get(digest).map(|index| Tool::Other(*index)))
    };
    let sources = builds.iter().map(|build| SourcePart {
        about: licences.about(&build.built.nevra, &build.says.says),
        digest: build.delivered_source,
        files: build.files.iter().map(|file| of_file(file, &build.says)).collect(),
        fixes: build.says.fixes.clone(),
        action: build.built.action,
        gave: gave(&build.built.packages, &places),
        buildroot: build.action.buildroot().filter_map(|package| tool(&package.digest)).collect(),
    });
    let sources = sources.collect();
    let packages = present.iter().map(|package| PackagePart {
        about: licences.about(package.nevra, &package.says),
        digest: package.delivered,
        source_rpm: package.source_rpm.to_owned(),
        module: package.says.module.clone(),
        foreign_vendor: package.is_foreign.then(|| package.says.vendor.clone()),
    });
    let packages = packages.collect();
    Bill { subject, maker, created, packages, sources, tools }
}

/// Packages of buildroots that are not listed themselves, each once.
fn tools(
    builds: &[&BuildParts<'_>],
    places: &HashMap<Digest, usize>,
    is_own: &dyn Fn(Digest) -> bool,
) -> Vec<ToolPart> {
    let all = builds.iter().flat_map(|build| build.action.buildroot());
    let all = all.filter(|package| !places.contains_key(&package.digest));
    let sorted: BTreeMap<_, _> = all.map(|package| ((&package.nevra, package.digest), ())).collect();
    let tool =
        |(nevra, digest): (&Nevra, Digest)| ToolPart { nevra: nevra.clone(), digest, own: is_own(digest) };
    sorted.into_keys().map(tool).collect()
}

fn gave(packages: &[Package], places: &HashMap<Digest, usize>) -> Vec<usize> {
    let mut gave: Vec<_> =
        packages.iter().filter_map(|package| places.get(&package.digest).copied()).collect();
    gave.sort_unstable();
    gave
}

fn of_file(file: &SourceFile, says: &SourceSays) -> FilePart {
    let is_patch = says.patches.contains(&file.name);
    let mut fixes = if is_patch { CveId::all_in(&file.name) } else { Vec::new() };
    fixes.sort();
    let url = ["http://", "https://", "ftp://"].iter().any(|scheme| file.origin.starts_with(scheme));
    FilePart {
        name: file.name.clone(),
        digest: file.digest,
        url: url.then(|| file.origin.clone()),
        is_patch,
        fixes,
    }
}

/// Licences that were looked into, by their tags.
#[derive(Default)]
struct Licences(HashMap<String, Licence>);

impl Licences {
    fn about(&mut self, nevra: &Nevra, says: &Says) -> About {
        let licence = match self.0.get(&says.licence) {
            Some(licence) => licence.clone(),
            None => self.0.entry(says.licence.clone()).or_insert(Licence::of(&says.licence)).clone(),
        };
        About { nevra: nevra.clone(), licence, summary: says.summary.clone(), url: says.url.clone() }
    }
}
