//! Which package goes into which repository, and why. Pure: values in, values out.

mod because;
pub(crate) mod exclude;
pub(crate) mod multilib;
mod pattern;
pub(crate) mod place;
mod twins;

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Nevra;
use heirloom_model::record::{Accepted, RepositoryKind};
use serde::Serialize;

pub use because::{Because, LeftOut};

use crate::difference::{Difference, differences};
use crate::{ArchInput, Candidate, ComposeError, Input, closure};
use exclude::Excludes;
use place::Rules;

/// What a compose will hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComposePlan {
    /// The architectures, in the order of the definition.
    pub arches: Vec<String>,
    /// Every repository, sorted; one may be empty.
    pub repositories: Vec<Place>,
    /// Every package with its place, sorted by place and identity. Exactly these have to be signed.
    pub placements: Vec<Placement>,
    /// Accepted packages that are left out, sorted by identity.
    pub unplaced: Vec<Unplaced>,
    /// How it differs from the reference's own composition, sorted.
    pub differences: Vec<Difference>,
}

/// A repository for machines of one architecture, or a twin of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The repository's name.
    pub name: String,
    /// What it holds.
    pub kind: RepositoryKind,
    /// Architecture; `src` for source packages.
    pub arch: String,
}

/// One package in its repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// The repository.
    pub place: Place,
    /// The package.
    pub accepted: Accepted,
    /// Why it is there.
    pub because: Because,
}

/// An accepted package that is in no repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unplaced {
    /// The package.
    pub nevra: Nevra,
    /// Why it is left out.
    pub because: LeftOut,
}

/// A package with a place, while the plan is made.
pub(crate) struct Placed<'a> {
    pub(crate) place: Place,
    pub(crate) candidate: Candidate<'a>,
    pub(crate) because: Because,
}

/// Computes the plan.
///
/// # Errors
/// An own package that no pattern takes or that two repositories take, a pattern or an exclusion that concerns nothing,
/// two packages of one identity, bootstrap packages that are needed where no repository inherits.
pub fn plan(input: &Input<'_>) -> Result<ComposePlan, ComposeError> {
    let excludes = Excludes::new(input);
    let mut draft = Draft::default();
    let mut taken = Vec::new();
    for index in 0..input.arches.len() {
        let candidates = shared(input, index);
        check_input(candidates.iter().chain(&input.arches[index].second))?;
        draft.arch(input, &input.arches[index], &candidates, &excludes)?;
        taken.extend(candidates);
    }
    twins::sources(input, &taken, &mut draft);
    place::check_patterns(input, &draft.placed)?;
    let differences = differences(input, &draft.placed, &excludes);
    excludes.check()?;
    let mut placements = draft.inherited;
    placements.extend(draft.placed.into_iter().map(|placed| Placement {
        place: placed.place,
        accepted: placed.candidate.accepted.clone(),
        because: placed.because,
    }));
    placements.sort_by(|a, b| a.order().cmp(&b.order()));
    // What has a place for one architecture is not left out for want of another.
    let there: BTreeSet<_> = placements.iter().map(|placement| placement.accepted.nevra()).collect();
    let mut unplaced: Vec<_> = draft
        .unplaced
        .into_iter()
        .filter(|(nevra, _)| !there.contains(nevra))
        .map(|(nevra, because)| Unplaced { nevra, because })
        .collect();
    unplaced.sort_by(|a, b| a.nevra.cmp(&b.nevra));
    Ok(ComposePlan {
        arches: input.arches.iter().map(|arch| arch.arch.to_owned()).collect(),
        repositories: repositories(input),
        placements,
        unplaced,
        differences,
    })
}

/// What has been decided so far.
#[derive(Default)]
struct Draft<'a> {
    placed: Vec<Placed<'a>>,
    inherited: Vec<Placement>,
    unplaced: BTreeMap<Nevra, LeftOut>,
}

impl<'a> Draft<'a> {
    fn arch(
        &mut self,
        input: &Input<'a>,
        arch: &ArchInput<'a>,
        candidates: &[Candidate<'a>],
        excludes: &Excludes<'a>,
    ) -> Result<(), ComposeError> {
        let rules = Rules::new(input, arch);
        let before = self.placed.len();
        let is_debug = |candidate: &&Candidate<'_>| candidate.package.is_debug();
        let binaries = candidates.iter().filter(|candidate| !is_source(candidate));
        let (debug, binaries): (Vec<_>, Vec<_>) = binaries.partition(is_debug);
        for &candidate in binaries {
            let placed = rules.place(candidate, excludes)?;
            self.add(candidate, placed);
        }
        let (mut later, mut second) = (Vec::new(), Vec::new());
        for &candidate in &arch.second {
            if is_source(&candidate) || candidate.package.is_debug() {
                continue;
            }
            match rules.place(candidate, excludes)? {
                Ok(places) => self.add(candidate, Ok(places)),
                Err(LeftOut::NotInReference) => later.push(candidate),
                Err(because) => self.add(candidate, Err(because)),
            }
        }
        let beside = multilib::Beside::new(&self.placed[before..]);
        for candidate in later {
            match multilib::takes(input.multilib, candidate) {
                Some(because) => {
                    let places = beside.places(candidate, &because);
                    self.add(candidate, places);
                }
                None => second.push(candidate),
            }
        }
        let needs = closure::Needs { input, arch, second: &second, beside: &beside };
        let (inherited, needed) = needs.find(&self.placed[before..])?;
        self.inherited.extend(inherited);
        self.placed.extend(needed);
        for candidate in second {
            self.unplaced.entry(candidate.package.nevra.clone()).or_insert(LeftOut::SecondArchitecture);
        }
        let owners = twins::Owners::new(&self.placed[before..]);
        let second_debug = arch.second.iter().filter(is_debug);
        let debug: Vec<_> = debug
            .into_iter()
            .chain(second_debug)
            .map(|&candidate| (candidate, twins::debug(&rules, &owners, candidate, excludes)))
            .collect();
        for (candidate, placed) in debug {
            self.add(candidate, placed);
        }
        Ok(())
    }

    fn add(&mut self, candidate: Candidate<'a>, placed: Result<Vec<(Place, Because)>, LeftOut>) {
        match placed {
            Ok(places) => self.placed.extend(places.into_iter().map(|(place, because)| Placed {
                place,
                candidate,
                because,
            })),
            Err(because) => {
                self.unplaced.insert(candidate.package.nevra.clone(), because);
            }
        }
    }
}

fn is_source(candidate: &Candidate<'_>) -> bool {
    matches!(candidate.package.nevra.arch(), "src" | "nosrc")
}

/// The candidates for an architecture: its own, and the noarch ones of the others. Of several builds of one, that of
/// the first architecture.
fn shared<'a>(input: &Input<'a>, index: usize) -> Vec<Candidate<'a>> {
    let mut seen = BTreeSet::new();
    let mut candidates = Vec::new();
    for (at, arch) in input.arches.iter().enumerate() {
        for &candidate in &arch.accepted {
            let noarch = candidate.package.nevra.arch() == "noarch";
            let before = noarch && seen.contains(&candidate.package.nevra);
            if noarch && at <= index {
                seen.insert(&candidate.package.nevra);
            }
            let own_twice = before && at == index && is_twice(&arch.accepted, candidate);
            if (at == index || noarch) && (!before || own_twice) {
                candidates.push(candidate);
            }
        }
    }
    candidates
}

/// Whether one architecture's own candidates have an identity twice, which is a fault to be told.
fn is_twice(own: &[Candidate<'_>], candidate: Candidate<'_>) -> bool {
    own.iter().filter(|other| other.package.nevra == candidate.package.nevra).count() > 1
}

/// One identity may come once, and its metadata must be that of the package that was accepted.
fn check_input<'c, 'a: 'c>(candidates: impl Iterator<Item = &'c Candidate<'a>>) -> Result<(), ComposeError> {
    let mut seen = BTreeMap::new();
    for Candidate { accepted, package, .. } in candidates {
        if (accepted.nevra(), accepted.digest()) != (&package.nevra, package.digest) {
            return Err(ComposeError::OtherMetadata {
                accepted: accepted.nevra().clone(),
                digest: accepted.digest(),
                metadata: package.nevra.clone(),
            });
        }
        // The file name counts: two packages that differ in their epoch alone would share it.
        if let Some(first) = seen.insert(package.nevra.file_name(), package) {
            return Err(ComposeError::Duplicate {
                nevra: package.nevra.clone(),
                digests: [first.digest, package.digest],
            });
        }
    }
    Ok(())
}

/// All repositories and their twins, whether or not anything is in them.
fn repositories(input: &Input<'_>) -> Vec<Place> {
    let mut places = BTreeSet::new();
    for rule in &input.rules {
        for arch in input.arches.iter().filter(|arch| rule.is_for(arch.arch)) {
            places.insert(Place::new(rule.name, RepositoryKind::Binary, arch.arch));
            if rule.rule.debug {
                places.insert(Place::new(rule.name, RepositoryKind::Debug, arch.arch));
            }
            if rule.rule.source {
                places.insert(Place::new(rule.name, RepositoryKind::Source, "src"));
            }
        }
    }
    places.into_iter().collect()
}

impl ComposePlan {
    /// The packages of one repository.
    pub fn repository(&self, place: &Place) -> impl Iterator<Item = &Placement> {
        let start = self.placements.partition_point(|placement| placement.place < *place);
        self.placements[start..].iter().take_while(move |placement| placement.place == *place)
    }
}

impl Place {
    pub(crate) fn new(name: &str, kind: RepositoryKind, arch: &str) -> Self {
        Self { name: name.to_owned(), kind, arch: arch.to_owned() }
    }

    /// Path of the repository's root below the tree's, as Enterprise Linux lays it out.
    #[must_use]
    pub fn path(&self) -> String {
        let Self { name, arch, .. } = self;
        match self.kind {
            RepositoryKind::Binary => format!("{name}/{arch}/os"),
            RepositoryKind::Debug => format!("{name}/{arch}/debug/tree"),
            RepositoryKind::Source => format!("{name}/source/tree"),
        }
    }
}

impl Placement {
    fn order(&self) -> (&Place, &Nevra) {
        (&self.place, self.accepted.nevra())
    }

    /// Path of the package below its repository's root.
    #[must_use]
    pub fn location(&self) -> String {
        location(self.accepted.nevra())
    }
}

/// Path of a package below its repository's root.
pub(crate) fn location(nevra: &Nevra) -> String {
    let first: String = nevra.name().chars().take(1).flat_map(char::to_lowercase).collect();
    format!("Packages/{first}/{}", nevra.file_name())
}

#[cfg(test)]
mod tests;
