//! Which package goes into which repository, and why. Pure: values in, values out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heirloom_model::record::{Accepted, Ground};
use heirloom_model::{Dependency, Nevra};
use serde::Serialize;

use crate::closure;
use crate::{Candidate, ComposeError, Input, Rule};

/// What a compose will hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComposePlan {
    /// Target architecture.
    pub arch: String,
    /// Names of the repositories, sorted; one may be empty.
    pub repositories: Vec<String>,
    /// Every package with its place, sorted by repository and identity. Exactly these have to be signed.
    pub placements: Vec<Placement>,
    /// Accepted packages that are left out, sorted by identity.
    pub unplaced: Vec<Unplaced>,
}

/// One package in its repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// The repository's name.
    pub repository: String,
    /// The package.
    pub accepted: Accepted,
    /// Why it is there.
    pub because: Because,
}

/// Why a package is in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// These reference repositories have it; the first one decides.
    Reference(Vec<String>),
    /// The repository's rule takes own packages of this pattern.
    Pattern(String),
    /// It is inherited, since this package needs it at run time.
    NeededBy {
        /// The package.
        package: Nevra,
        /// Its requirement.
        dependency: Dependency,
    },
    /// It is inherited, since no choice of packages does without it.
    Needed,
}

/// An accepted package that is in no repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unplaced {
    /// The package.
    pub nevra: Nevra,
    /// Why it is left out.
    pub because: LeftOut,
}

/// Why a package is in no repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// It carries debugging data, and no rule asks for it.
    Debug,
    /// No repository is like a reference repository that has it.
    NotInReference,
}

/// Computes the plan.
///
/// # Errors
/// An own package that no pattern takes or that two repositories take, a pattern that takes nothing, two
/// packages of one identity, and requirements that nothing satisfies, with the chains that lead to them.
pub fn plan(input: &Input<'_>) -> Result<ComposePlan, ComposeError> {
    check_input(input)?;
    let mut placed = Vec::new();
    let mut unplaced = Vec::new();
    let rules = Rules::new(&input.rules);
    for &candidate in &input.accepted {
        match rules.place(candidate)? {
            Ok((repository, because)) => placed.push((candidate, repository, because)),
            Err(because) => unplaced.push(Unplaced { nevra: candidate.package.nevra.clone(), because }),
        }
    }
    check_patterns(&input.rules, &placed)?;

    let mut placements =
        closure::inherit(input, &placed.iter().map(|(candidate, ..)| candidate.package).collect::<Vec<_>>())?;
    placements.extend(placed.into_iter().map(|(candidate, repository, because)| Placement {
        repository: repository.to_owned(),
        accepted: candidate.accepted.clone(),
        because,
    }));
    placements.sort_by(|a, b| a.place().cmp(&b.place()));
    unplaced.sort_by(|a, b| a.nevra.cmp(&b.nevra));
    let mut repositories: Vec<_> = input.rules.iter().map(|rule| rule.name.to_owned()).collect();
    repositories.sort();
    Ok(ComposePlan { arch: input.arch.to_owned(), repositories, placements, unplaced })
}

impl ComposePlan {
    /// The packages of one repository.
    pub fn repository(&self, name: &str) -> impl Iterator<Item = &Placement> {
        self.placements.iter().filter(move |placement| placement.repository == name)
    }
}

impl Placement {
    fn place(&self) -> (&str, &Nevra) {
        (&self.repository, self.accepted.nevra())
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

/// One identity may come once, and its metadata must be that of the package that was accepted.
fn check_input(input: &Input<'_>) -> Result<(), ComposeError> {
    let mut seen = BTreeMap::new();
    for Candidate { accepted, package } in &input.accepted {
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

/// The rules, with an index of what the reference repositories have.
struct Rules<'a> {
    rules: Vec<Rule<'a>>,
    /// Name and architecture to rules, in the order of their names.
    reference: BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>,
}

impl<'a> Rules<'a> {
    fn new(rules: &[Rule<'a>]) -> Self {
        let mut reference: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for rule in rules {
            for package in rule.reference {
                let nevra = &package.nevra;
                reference.entry((nevra.name(), nevra.arch())).or_default().insert(rule.name);
            }
        }
        Self { rules: rules.to_vec(), reference }
    }

    fn place(&self, candidate: Candidate<'a>) -> Result<Result<(&'a str, Because), LeftOut>, ComposeError> {
        match candidate.accepted.ground() {
            Ground::Compared(_) => Ok(self.like_reference(candidate)),
            Ground::Own => self.by_pattern(candidate),
            Ground::Inherited => Err(ComposeError::Inherited(candidate.package.nevra.clone())),
        }
    }

    fn like_reference(&self, candidate: Candidate<'a>) -> Result<(&'a str, Because), LeftOut> {
        let nevra = &candidate.package.nevra;
        let repositories = self.reference.get(&(nevra.name(), nevra.arch()));
        let first = repositories.and_then(|repositories| repositories.first());
        match (first, repositories) {
            (Some(first), Some(all)) => {
                Ok((*first, Because::Reference(all.iter().map(|name| (*name).to_owned()).collect())))
            }
            _ if candidate.package.is_debug() => Err(LeftOut::Debug),
            _ => Err(LeftOut::NotInReference),
        }
    }

    fn by_pattern(
        &self,
        candidate: Candidate<'a>,
    ) -> Result<Result<(&'a str, Because), LeftOut>, ComposeError> {
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
            (Some((name, pattern)), None) => Ok(Ok((name, Because::Pattern(pattern.clone())))),
            (None, _) if candidate.package.is_debug() => Ok(Err(LeftOut::Debug)),
            (None, _) => Err(ComposeError::NotTaken(nevra())),
        }
    }
}

/// Whether a pattern takes an own package. Debugging data is taken only by a pattern that says so.
fn takes(pattern: &str, candidate: Candidate<'_>) -> bool {
    let debug = pattern.ends_with("debuginfo") || pattern.ends_with("debugsource");
    let package = candidate.package;
    (debug || !package.is_debug()) && matches(pattern, package.nevra.name())
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<_> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(tail)
}

/// Every pattern must take something, else it is likely a slip of the pen.
fn check_patterns(rules: &[Rule<'_>], placed: &[(Candidate<'_>, &str, Because)]) -> Result<(), ComposeError> {
    let own = || placed.iter().filter(|(candidate, ..)| *candidate.accepted.ground() == Ground::Own);
    for rule in rules {
        for pattern in &rule.rule.packages {
            if !own().any(|(candidate, ..)| takes(pattern, *candidate)) {
                return Err(ComposeError::PatternTakesNothing {
                    repository: rule.name.to_owned(),
                    pattern: pattern.clone(),
                });
            }
        }
    }
    Ok(())
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(names) => write!(f, "as in the reference {}", names.join(", ")),
            Self::Pattern(pattern) => write!(f, "own package, taken by `{pattern}`"),
            Self::NeededBy { package, dependency } => {
                write!(f, "inherited: {package} requires `{dependency}`")
            }
            Self::Needed => f.write_str("inherited: no choice of packages does without it"),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debugging data, which no repository asks for",
            Self::NotInReference => "no repository is like a reference repository that has it",
        })
    }
}

#[cfg(test)]
mod tests;
