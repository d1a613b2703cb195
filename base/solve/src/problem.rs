//! Why a request can't be satisfied: the solver's proof, told from the request downwards.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use heirloom_model::{Dependency, Nevra};

use crate::ffi::{Id, Rule, rule};
use crate::universe::{PackageId, Universe};

/// No set of packages satisfies the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Unsolvable {
    /// Each a reason of its own. Printed, it is one line.
    pub problems: Vec<Problem>,
}

/// One thing that is missing or in conflict, and who needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From the request down to where it fails.
    pub chain: Chain,
    /// How it fails there.
    pub cause: Cause,
}

/// Steps from the request to a package.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Chain {
    /// Which part of the request; none if the chain starts at a package that is present or was asked for itself.
    pub wanted: Option<Dependency>,
    /// Each package that is needed on the way, and its requirement that leads on.
    pub path: Vec<Link>,
}

/// A package and the requirement of it that leads on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The package.
    pub package: Nevra,
    /// Its requirement.
    pub requires: Dependency,
}

/// What makes a request impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No package provides what the chain's last step asks for.
    Missing {
        /// What is missing.
        dependency: Dependency,
        /// The same capability in other versions.
        nearest: Vec<Nearest>,
    },
    /// Two packages that are both needed exclude each other.
    Excluded(Box<Exclusion>),
    /// The package at the end of the chain can't be installed on this architecture.
    WrongArchitecture(Nevra),
    /// The solver's rules exclude each other in a way that has no name here.
    Other,
}

/// Two packages that are both needed and can't be together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The package at the end of the problem's chain.
    pub package: Nevra,
    /// `conflicts with` or `obsoletes` and the dependency, or `can't be installed together with`.
    pub how: String,
    /// The other package.
    pub other: Nevra,
    /// Who needs the other one.
    pub other_chain: Chain,
}

/// A capability that is almost the missing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The package that provides it.
    pub package: Nevra,
    /// What it provides, with the version.
    pub provides: Dependency,
    /// Its repository.
    pub repository: String,
}

/// Turns the solver's proof into problems.
pub(crate) fn explain(universe: &Universe<'_>, rules: &[Rule]) -> Unsolvable {
    let mut problems: Vec<Problem> = Vec::new();
    for proof in rules.chunk_by(|one, next| one.problem == next.problem) {
        let proof = Proof::new(universe, proof);
        for problem in proof.problems() {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    Unsolvable { problems }
}

/// The rules of one problem, and how they lead from the request to each package.
struct Proof<'u, 'a> {
    universe: &'u Universe<'a>,
    rules: &'u [Rule],
    /// Who needs a package: nobody but the request, or another package, and by which dependency.
    needed_by: BTreeMap<PackageId, (Option<PackageId>, Id)>,
    /// Packages that were asked for themselves: chains begin there.
    asked: BTreeSet<PackageId>,
}

impl<'u, 'a> Proof<'u, 'a> {
    fn new(universe: &'u Universe<'a>, rules: &'u [Rule]) -> Self {
        let of = |kind| rules.iter().filter(move |rule| rule.kind == kind);
        let asked: BTreeSet<_> =
            of(rule::JOB_PACKAGE).filter_map(|rule| universe.package_id(rule.from)).collect();
        let mut queue: VecDeque<_> = asked.iter().copied().collect();
        let mut proof = Self { universe, rules, needed_by: BTreeMap::new(), asked };
        for job in of(rule::JOB) {
            proof.reach(None, job.dependency, &mut queue);
        }
        while let Some(package) = queue.pop_front() {
            for step in of(rule::REQUIRES) {
                if universe.package_id(step.from) == Some(package) {
                    proof.reach(Some(package), step.dependency, &mut queue);
                }
            }
        }
        proof
    }

    fn reach(&mut self, by: Option<PackageId>, dependency: Id, queue: &mut VecDeque<PackageId>) {
        for provider in self.universe.providers_of(dependency) {
            if self.asked.contains(&provider) {
                continue;
            }
            self.needed_by.entry(provider).or_insert_with(|| {
                queue.push_back(provider);
                (by, dependency)
            });
        }
    }

    /// What is missing or in conflict; two versions of one package only if there is nothing else to say.
    fn problems(&self) -> Vec<Problem> {
        let of = |kinds: &[i32]| -> Vec<_> {
            let rules = self.rules.iter().filter(|rule| kinds.contains(&rule.kind));
            rules.filter_map(|rule| self.problem(rule)).collect()
        };
        let named = of(&[
            rule::JOB_NOTHING_PROVIDES,
            rule::JOB_UNKNOWN_PACKAGE,
            rule::NOTHING_PROVIDES,
            rule::NOT_INSTALLABLE,
            rule::CONFLICTS,
            rule::SELF_CONFLICT,
            rule::OBSOLETES,
            rule::INSTALLED_OBSOLETES,
        ]);
        if !named.is_empty() {
            return named;
        }
        let exclusive = of(&[rule::SAME_NAME, rule::IMPLICIT_OBSOLETES, rule::INFERIOR_ARCH]);
        if !exclusive.is_empty() {
            return exclusive;
        }
        let wanted = self.rules.iter().find(|rule| rule.kind == rule::JOB);
        let chain = Chain { wanted: wanted.map(|rule| self.dependency(rule.dependency)), path: Vec::new() };
        vec![Problem { chain, cause: Cause::Other }]
    }

    fn problem(&self, rule: &Rule) -> Option<Problem> {
        let dependency = || self.dependency(rule.dependency);
        Some(match rule.kind {
            rule::JOB_NOTHING_PROVIDES | rule::JOB_UNKNOWN_PACKAGE => Problem {
                chain: Chain { wanted: Some(dependency()), path: Vec::new() },
                cause: self.missing(dependency()),
            },
            rule::NOTHING_PROVIDES => {
                let mut chain = self.chain(rule.from);
                chain.path.push(Link { package: self.nevra(rule.from)?, requires: dependency() });
                Problem { chain, cause: self.missing(dependency()) }
            }
            rule::NOT_INSTALLABLE => Problem {
                chain: self.chain(rule.from),
                cause: Cause::WrongArchitecture(self.nevra(rule.from)?),
            },
            rule::CONFLICTS | rule::SELF_CONFLICT => {
                self.excluded(rule, format!("conflicts with `{}`,", dependency()))?
            }
            rule::OBSOLETES | rule::INSTALLED_OBSOLETES => {
                self.excluded(rule, format!("obsoletes `{}`,", dependency()))?
            }
            _ => self.excluded(rule, "can't be installed together with".to_owned())?,
        })
    }

    fn excluded(&self, rule: &Rule, how: String) -> Option<Problem> {
        // A package in conflict with itself has no other.
        let other = if rule.to == 0 { rule.from } else { rule.to };
        let exclusion = Exclusion {
            package: self.nevra(rule.from)?,
            how,
            other: self.nevra(other)?,
            other_chain: self.chain(other),
        };
        Some(Problem { chain: self.chain(rule.from), cause: Cause::Excluded(Box::new(exclusion)) })
    }

    /// The steps that lead to a package; its own requirement is not among them.
    fn chain(&self, package: Id) -> Chain {
        let mut chain = Chain::default();
        let mut current = self.universe.package_id(package);
        while let Some((by, dependency)) = current.and_then(|id| self.needed_by.get(&id)) {
            let dependency = self.dependency(*dependency);
            match by.and_then(|by| self.universe.package(by)) {
                Some(by) => chain.path.push(Link { package: by.nevra.clone(), requires: dependency }),
                None => chain.wanted = Some(dependency),
            }
            current = *by;
        }
        chain.path.reverse();
        chain
    }

    fn missing(&self, dependency: Dependency) -> Cause {
        missing(self.universe, dependency)
    }

    fn nevra(&self, id: Id) -> Option<Nevra> {
        Some(self.universe.package(self.universe.package_id(id)?)?.nevra.clone())
    }

    fn dependency(&self, id: Id) -> Dependency {
        let text = self.universe.pool.dependency_text(id);
        // What the pool prints is what it was given, so this always parses.
        text.parse().unwrap_or_else(|_| Dependency::any(&text))
    }
}

/// That nothing provides it, and what almost does.
pub(crate) fn missing(universe: &Universe<'_>, dependency: Dependency) -> Cause {
    let name = universe.pool.text(&dependency.name);
    let nearest = universe.providers_of(name).into_iter().filter_map(|id| {
        let package = universe.package(id)?;
        let provides = package.provides.iter().rfind(|provide| provide.name == dependency.name);
        Some(Nearest {
            package: package.nevra.clone(),
            provides: provides.cloned().unwrap_or_else(|| Dependency::any(&dependency.name)),
            repository: universe.repository(id)?.to_owned(),
        })
    });
    Cause::Missing { nearest: nearest.collect(), dependency }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(wanted) = &self.wanted {
            write!(f, "{wanted}: ")?;
        }
        for (index, link) in self.path.iter().enumerate() {
            let lead = if index == 0 { "" } else { ", " };
            write!(f, "{lead}{} requires `{}`", link.package, link.requires)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = &self.chain;
        let comma = if chain.path.is_empty() { "" } else { ", " };
        match &self.cause {
            Cause::Missing { nearest, .. } => {
                write!(f, "{chain}{comma}nothing provides it")?;
                for (index, near) in nearest.iter().enumerate() {
                    let lead = if index == 0 { "; nearest: " } else { ", " };
                    write!(f, "{lead}`{}` of {} in {}", near.provides, near.package, near.repository)?;
                }
                Ok(())
            }
            Cause::Excluded(exclusion) => {
                let Exclusion { package, how, other, other_chain } = exclusion.as_ref();
                write!(f, "{chain}{comma}{package} {how} {other}")?;
                if other_chain != chain && *other_chain != Chain::default() {
                    let needed = other_chain.to_string();
                    write!(f, " (needed by {})", needed.trim_end_matches(": "))?;
                }
                Ok(())
            }
            Cause::WrongArchitecture(package) => {
                write!(f, "{chain}{comma}{package} is of an architecture that this machine can't run")
            }
            Cause::Other => write!(f, "{chain}the solver found no way to satisfy it with what is present"),
        }
    }
}
