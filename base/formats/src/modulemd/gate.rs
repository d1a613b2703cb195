//! Questions to the modules of a repository before it is published. Pure: all that they need is given.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Nevra;

use super::select::{Streams, missing_defaults, successors};
use super::{Dependencies, ModuleFinding, ModuleIndex, Stream, StreamChoice};
use crate::belongs::belongs;

/// What surrounds a repository's modules.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The repository's architecture.
    pub arch: &'a str,
    /// The repository's packages, with their modularity labels; empty for a package without one.
    pub packages: &'a BTreeMap<Nevra, String>,
    /// Ordinary packages of the repositories that are used with it, itself included.
    pub base: &'a BTreeSet<Nevra>,
    /// Modules of the other repositories that are used with it.
    pub others: &'a [&'a ModuleIndex],
    /// Streams of the platform, such as `el9`.
    pub platforms: &'a [&'a str],
}

/// All questions together, sorted.
#[must_use]
pub fn judge(index: &ModuleIndex, around: &Surroundings<'_>) -> Vec<ModuleFinding> {
    let mut findings = [
        unmet(index, around.others, around.platforms),
        unlisted(index, around.packages),
        labels(index, around.packages),
        incomplete(index, around.packages, around.arch),
        also_in_base(index, around.base),
        several_defaults(index),
        twice(index),
        missing_defaults(index),
        successors(index),
    ]
    .concat();
    findings.sort();
    findings.dedup();
    findings
}

/// Streams that need a stream of another module that is neither here nor in the other indexes. The platform's streams
/// are given. One alternative that is met is enough; else all that is missing in any of them is told.
#[must_use]
pub fn unmet(index: &ModuleIndex, others: &[&ModuleIndex], platforms: &[&str]) -> Vec<ModuleFinding> {
    let mut there = Streams::of(index);
    others.iter().for_each(|other| there.add(other));
    there.modules.insert("platform", platforms.iter().copied().collect());
    let missing = |alternative: &Dependencies| -> Vec<(String, StreamChoice)> {
        let is_met = |module: &str, needs: &StreamChoice| {
            there.modules.get(module).is_some_and(|all| all.iter().any(|stream| needs.allows(stream)))
        };
        let unmet = alternative.requires.iter().filter(|(module, needs)| !is_met(module, needs));
        unmet.map(|(module, needs)| (module.clone(), needs.clone())).collect()
    };
    let mut findings = Vec::new();
    for stream in &index.streams {
        let alternatives: Vec<_> = stream.dependencies.iter().map(missing).collect();
        if alternatives.iter().any(Vec::is_empty) {
            continue;
        }
        findings.extend(alternatives.into_iter().flatten().map(|(module, needs)| ModuleFinding::Unmet {
            stream: stream.id.clone(),
            module,
            needs,
        }));
    }
    findings
}

/// Packages with a modularity label that no stream has: clients hide them for ever.
#[must_use]
pub fn unlisted(index: &ModuleIndex, packages: &BTreeMap<Nevra, String>) -> Vec<ModuleFinding> {
    let listed = artifacts(index);
    let unlisted =
        packages.iter().filter(|(package, label)| !label.is_empty() && !listed.contains_key(package));
    unlisted
        .map(|(package, label)| ModuleFinding::Unlisted { package: package.clone(), label: label.clone() })
        .collect()
}

/// Packages of a stream whose own label is another one's, or that have none.
#[must_use]
pub fn labels(index: &ModuleIndex, packages: &BTreeMap<Nevra, String>) -> Vec<ModuleFinding> {
    let other = |(package, streams): (&Nevra, Vec<&Stream>)| {
        let label = packages.get(package)?;
        let is_own = streams.iter().any(|stream| stream.id.label() == *label);
        let stream = streams.first().filter(|_| !is_own)?.id.clone();
        Some(ModuleFinding::OtherLabel { package: package.clone(), stream, label: label.clone() })
    };
    artifacts(index).into_iter().filter_map(other).collect()
}

/// Streams with artifacts of no package.
#[must_use]
pub fn incomplete(index: &ModuleIndex, packages: &BTreeMap<Nevra, String>, arch: &str) -> Vec<ModuleFinding> {
    let incomplete = index.streams.iter().filter_map(|stream| {
        let own = stream.artifacts.iter().filter(|package| belongs(package, arch));
        let missing: BTreeSet<_> = own.filter(|package| !packages.contains_key(*package)).cloned().collect();
        (!missing.is_empty()).then(|| ModuleFinding::Incomplete {
            stream: stream.id.clone(),
            missing: missing.into_iter().collect(),
        })
    });
    incomplete.collect()
}

/// Packages that are both of a stream and ordinary.
#[must_use]
pub fn also_in_base(index: &ModuleIndex, base: &BTreeSet<Nevra>) -> Vec<ModuleFinding> {
    let both = artifacts(index).into_iter().filter(|(package, _)| base.contains(package));
    both.flat_map(|(package, streams)| {
        let finding = |stream: &Stream| ModuleFinding::AlsoInBase {
            package: package.clone(),
            stream: stream.id.clone(),
        };
        streams.into_iter().map(finding).collect::<Vec<_>>()
    })
    .collect()
}

/// Modules of which several streams are default, by different documents.
#[must_use]
pub fn several_defaults(index: &ModuleIndex) -> Vec<ModuleFinding> {
    let mut streams: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for defaults in &index.defaults {
        streams.entry(&defaults.module).or_default().extend(defaults.stream.as_deref());
    }
    let several = streams.into_iter().filter(|(_, streams)| streams.len() > 1);
    several
        .map(|(module, streams)| ModuleFinding::SeveralDefaults {
            module: module.to_owned(),
            streams: streams.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}

/// Streams of which there are two documents with different content: libmodulemd refuses them. Where the context is static,
/// a packager has given it twice.
#[must_use]
pub fn twice(index: &ModuleIndex) -> Vec<ModuleFinding> {
    let mut texts = BTreeMap::new();
    let mut findings = Vec::new();
    for stream in &index.streams {
        let first = texts.entry(&stream.id).or_insert(&stream.text);
        if **first != stream.text {
            let static_context = stream.static_context;
            findings.push(ModuleFinding::Twice { stream: stream.id.clone(), static_context });
        }
    }
    findings
}

/// The streams of each artifact.
fn artifacts(index: &ModuleIndex) -> BTreeMap<&Nevra, Vec<&Stream>> {
    let mut all: BTreeMap<&Nevra, Vec<&Stream>> = BTreeMap::new();
    for stream in &index.streams {
        for artifact in &stream.artifacts {
            all.entry(artifact).or_default().push(stream);
        }
    }
    all
}
