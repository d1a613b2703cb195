//! Places of rebuilt and own packages.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::{Ground, RepositoryKind};
use heirloom_model::{Nevra, arch};

use super::exclude::Excludes;
use super::pattern::matches;
use super::{Because, LeftOut, Place, Placed};
use crate::{ArchInput, Candidate, ComposeError, Input, Rule};

/// The rules for one architecture, with an index of what the reference repositories have.
pub(crate) struct Rules<'a> {
    pub(crate) arch: &'a str,
    pub(crate) rules: Vec<Rule<'a>>,
    /// Name and architecture to rules, in the order of their names.
    reference: BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>,
}

impl<'a> Rules<'a> {
    pub(crate) fn new(input: &Input<'a>, arch: &ArchInput<'a>) -> Self {
        let rules: Vec<_> = input.rules.iter().copied().filter(|rule| rule.is_for(arch.arch)).collect();
        let mut reference: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for rule in &rules {
            for package in input.reference(rule, arch) {
                reference.entry(key(&package.nevra)).or_default().insert(rule.name);
            }
        }
        Self { arch: arch.arch, rules, reference }
    }

    /// All places of a package, or why it has none.
    pub(crate) fn place(
        &self,
        candidate: Candidate<'a>,
        excludes: &Excludes<'_>,
    ) -> Result<Result<Vec<(Place, Because)>, LeftOut>, ComposeError> {
        let nevra = &candidate.package.nevra;
        let places = match candidate.accepted.ground() {
            Ground::Compared(_) => self.like_reference(nevra),
            Ground::Own => self.by_pattern(candidate)?.into_iter().collect(),
            Ground::Inherited => return Err(ComposeError::Inherited(nevra.clone())),
            Ground::Companion => return Ok(Err(LeftOut::NotInReference)),
        };
        if places.is_empty() {
            return Ok(Err(LeftOut::NotInReference));
        }
        Ok(self.without(places, nevra, excludes))
    }

    /// What exclusions leave of the places.
    pub(crate) fn without(
        &self,
        places: Vec<(&'a str, Because)>,
        nevra: &Nevra,
        excludes: &Excludes<'_>,
    ) -> Result<Vec<(Place, Because)>, LeftOut> {
        let mut pattern = None;
        let mut left = Vec::new();
        for (name, because) in places {
            match excludes.of(name, nevra) {
                Some(by) => pattern = Some(by),
                None => left.push((Place::new(name, RepositoryKind::Binary, self.arch), because)),
            }
        }
        match pattern {
            Some(pattern) if left.is_empty() => Err(LeftOut::Excluded(pattern.to_owned())),
            _ => Ok(left),
        }
    }

    fn like_reference(&self, nevra: &Nevra) -> Vec<(&'a str, Because)> {
        let repositories = self.reference.get(&key(nevra)).into_iter().flatten();
        let like = |name: &str| {
            let rule = self.rules.iter().find(|rule| rule.name == name);
            rule.and_then(|rule| rule.rule.like.clone()).unwrap_or_default()
        };
        repositories.map(|&name| (name, Because::Reference(like(name)))).collect()
    }

    fn by_pattern(&self, candidate: Candidate<'a>) -> Result<Option<(&'a str, Because)>, ComposeError> {
        let mut taken = self.rules.iter().filter_map(|rule| {
            let pattern = rule.rule.packages.iter().find(|pattern| takes(pattern, candidate))?;
            Some((rule.name, pattern))
        });
        let nevra = || candidate.package.nevra.clone();
        match (taken.next(), taken.next()) {
            (Some((first, _)), Some((second, _))) => Err(ComposeError::TakenTwice {
                nevra: nevra(),
                repositories: [first, second].map(str::to_owned),
            }),
            (Some((name, pattern)), None) => Ok(Some((name, Because::Pattern(pattern.clone())))),
            // Another architecture's repositories may have a pattern for it.
            (None, _) if !arch::belongs(candidate.package.nevra.arch(), self.arch) => Ok(None),
            (None, _) => Err(ComposeError::NotTaken(nevra())),
        }
    }
}

/// Builds of one name for one family of architectures are builds of the same thing.
pub(crate) fn key(nevra: &Nevra) -> (&str, &str) {
    (nevra.name(), arch::family(nevra.arch()))
}

fn takes(pattern: &str, candidate: Candidate<'_>) -> bool {
    matches(pattern, candidate.package.nevra.name())
}

/// Every pattern must take something, else it is likely a slip of the pen.
pub(crate) fn check_patterns(input: &Input<'_>, placed: &[Placed<'_>]) -> Result<(), ComposeError> {
    let own = || placed.iter().filter(|placed| *placed.candidate.accepted.ground() == Ground::Own);
    for rule in &input.rules {
        for pattern in &rule.rule.packages {
            if !own().any(|placed| takes(pattern, placed.candidate)) {
                return Err(ComposeError::PatternTakesNothing {
                    repository: rule.name.to_owned(),
                    pattern: pattern.clone(),
                });
            }
        }
    }
    Ok(())
}
