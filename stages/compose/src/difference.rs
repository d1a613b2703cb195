//! How a plan differs from the reference's own composition.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heirloom_formats::evr;
use heirloom_model::record::{Ground, RepositoryKind};
use heirloom_model::{Nevra, Package};
use serde::Serialize;

use crate::plan::exclude::Excludes;
use crate::plan::place::key;
use crate::plan::{Place, Placed};
use crate::{ArchInput, Input};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// Architecture of the repository.
    pub arch: String,
    /// The repository that it is about.
    pub repository: String,
    /// The package: the reference's where the compose lacks it.
    pub package: Nevra,
    /// What is different.
    pub kind: DifferenceKind,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// The reference has it, and no repository of the compose does.
    Missing,
    /// The reference has it, and this pattern leaves it out.
    Excluded(String),
    /// The compose has it in these repositories instead.
    Misplaced(Vec<String>),
    /// The reference has no such package, in whatever repository. One of the distribution's own is none.
    Extra,
    /// The reference has this newer one.
    Older(Nevra),
    /// The reference has only this older one.
    Newer(Nevra),
}

/// All differences of the binary repositories that are like one of the reference, sorted.
pub(crate) fn differences(
    input: &Input<'_>,
    placed: &[Placed<'_>],
    excludes: &Excludes<'_>,
) -> Vec<Difference> {
    let mut found: Vec<_> = input
        .arches
        .iter()
        .flat_map(|arch| {
            let here = placed.iter().filter(|placed| {
                placed.place.kind == RepositoryKind::Binary && placed.place.arch == arch.arch
            });
            of_arch(input, arch, &here.collect::<Vec<_>>(), excludes)
        })
        .collect();
    found.sort();
    found
}

fn of_arch(
    input: &Input<'_>,
    arch: &ArchInput<'_>,
    placed: &[&Placed<'_>],
    excludes: &Excludes<'_>,
) -> Vec<Difference> {
    // Where the compose has each package, and which.
    let mut ours: BTreeMap<_, (BTreeSet<&str>, &Nevra)> = BTreeMap::new();
    for Placed { place, candidate, .. } in placed {
        let nevra = &candidate.package.nevra;
        let (repositories, newest) = ours.entry(key(nevra)).or_insert_with(|| (BTreeSet::new(), nevra));
        repositories.insert(&place.name);
        *newest = newer(newest, nevra);
    }
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for rule in input.rules.iter().filter(|rule| rule.is_for(arch.arch)) {
        for (key, theirs) in newest(input.reference(rule, arch)) {
            known.insert(key);
            let mut tell = |package: &Nevra, kind| {
                found.push(Difference {
                    arch: arch.arch.to_owned(),
                    repository: rule.name.to_owned(),
                    package: package.clone(),
                    kind,
                });
            };
            match ours.get(&key) {
                None => tell(
                    theirs,
                    match excludes.of(rule.name, theirs) {
                        Some(pattern) => DifferenceKind::Excluded(pattern.to_owned()),
                        None => DifferenceKind::Missing,
                    },
                ),
                Some((repositories, nevra)) => {
                    if !repositories.contains(rule.name) {
                        let there = repositories.iter().map(|name| (*name).to_owned()).collect();
                        tell(nevra, DifferenceKind::Misplaced(there));
                    }
                    match evr::compare(nevra.evr(), theirs.evr()) {
                        Ordering::Less => tell(nevra, DifferenceKind::Older(theirs.clone())),
                        Ordering::Greater => tell(nevra, DifferenceKind::Newer(theirs.clone())),
                        Ordering::Equal => {}
                    }
                }
            }
        }
    }
    found.extend(extra(arch, placed, &known));
    found
}

fn extra(arch: &ArchInput<'_>, placed: &[&Placed<'_>], known: &BTreeSet<(&str, &str)>) -> Vec<Difference> {
    let is_extra = |placed: &&&Placed<'_>| {
        let of_upstream = matches!(placed.candidate.accepted.ground(), Ground::Compared(_));
        of_upstream && !known.contains(&key(&placed.candidate.package.nevra))
    };
    let tell = |placed: &&Placed<'_>| {
        let Place { name, .. } = &placed.place;
        Difference {
            arch: arch.arch.to_owned(),
            repository: name.clone(),
            package: placed.candidate.package.nevra.clone(),
            kind: DifferenceKind::Extra,
        }
    };
    placed.iter().filter(is_extra).map(tell).collect()
}

/// The newest package of each name and architecture.
fn newest(packages: &[Package]) -> BTreeMap<(&str, &str), &Nevra> {
    let mut newest = BTreeMap::new();
    for package in packages.iter().filter(|package| !package.is_debug() && package.nevra.arch() != "src") {
        let known = newest.entry(key(&package.nevra)).or_insert(&package.nevra);
        *known = newer(known, &package.nevra);
    }
    newest
}

fn newer<'n>(a: &'n Nevra, b: &'n Nevra) -> &'n Nevra {
    if evr::compare(a.evr(), b.evr()).is_lt() { b } else { a }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arch, repository, package, kind } = self;
        write!(f, "{repository} ({arch}): {package} ")?;
        match kind {
            DifferenceKind::Missing => f.write_str("is missing"),
            DifferenceKind::Excluded(pattern) => write!(f, "is left out by `{pattern}`"),
            DifferenceKind::Misplaced(there) => write!(f, "is in {} instead", there.join(", ")),
            DifferenceKind::Extra => f.write_str("is in no repository of the reference"),
            DifferenceKind::Older(theirs) => write!(f, "is older than {theirs}"),
            DifferenceKind::Newer(theirs) => write!(f, "is newer than {theirs}"),
        }
    }
}
