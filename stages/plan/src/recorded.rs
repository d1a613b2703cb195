//! A buildroot that follows a recorded one: the same packages where they are to be had, and every deviation told.

mod closure;

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use heirloom_model::record::{BuildrootPackage, Need, Provider};
use heirloom_model::{
    Dependency, Deviation, Evr, Nevra, Origin, Package, RecordedBuildroot, RecordedPackage,
};

use crate::base::pinned;
use crate::{Buildroot, PlanError};

/// Packages that a buildroot can be made of.
#[derive(Clone, Copy, Debug)]
pub struct Available<'a> {
    /// Where they are from.
    pub origin: Origin,
    /// The packages. Source packages among them count for nothing.
    pub packages: &'a [Package],
}

/// Tells the SIGMD5 of a package's file.
pub type Sigmd5<'a> = dyn Fn(&Package) -> Option<String> + 'a;

/// Everything that the answer follows from.
pub struct Question<'a> {
    /// Target architecture.
    pub arch: &'a str,
    /// The record.
    pub recorded: &'a RecordedBuildroot,
    /// What is to be had, the preferred first: own results before the bootstrap repository. While a plan is made,
    /// own results are those that are expected.
    pub available: &'a [Available<'a>],
    /// Build requirements of the source, which may be others than those of the recorded build.
    pub requires: &'a [Dependency],
    /// rpm's order of versions.
    pub compare: fn(&Evr, &Evr) -> Ordering,
    /// How an own package is named that the record names otherwise, by the dist map.
    pub rename: Option<&'a dyn Fn(&Nevra) -> Nevra>,
    /// The SIGMD5 of a package's file, where it is known.
    pub sigmd5: Option<&'a Sigmd5<'a>>,
}

/// One package of the buildroot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick<'a> {
    /// The package.
    pub package: &'a Package,
    /// Where it is from.
    pub origin: Origin,
    /// Why it is there.
    pub because: String,
}

/// A buildroot that follows a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed<'a> {
    /// The packages, in the order of the record; what the record does not have stands at the end.
    pub picks: Vec<Pick<'a>>,
    /// Every difference from the record: the recorded packages' in their order, then what all together need.
    pub deviations: Vec<Deviation>,
}

/// Chooses for each recorded package the one of the same identity, from the first origin that has it; else of the
/// same name and architecture the nearest version: one of the same upstream version, else the oldest of those that
/// are newer, else the newest. Then adds what these packages and `requires` need and the record does not have.
///
/// What can't be had is a deviation, not an error; [`Deviation::is_fatal`] tells which leave nothing to install.
///
/// # Errors
/// The solver can't take its input.
pub fn follow<'a>(question: &Question<'a>) -> Result<Followed<'a>, PlanError> {
    let index = Index::new(question);
    let mut followed = Followed { picks: Vec::new(), deviations: Vec::new() };
    if let Some(why) = question.recorded.incomplete.clone() {
        followed.deviations.push(Deviation::Incomplete { why });
    }
    let mut used = HashSet::new();
    for recorded in &question.recorded.packages {
        let (choice, deviation) = index.choose(recorded);
        followed.deviations.extend(deviation);
        let Some((origin, package)) = choice else { continue };
        // Two recorded versions may have one nearest.
        if used.insert(std::ptr::from_ref(package)) {
            followed.deviations.extend(other_digest(question, recorded, origin, package));
            followed.picks.push(Pick { package, origin, because: "recorded".to_owned() });
        }
    }
    closure::complete(question, &mut followed)?;
    Ok(followed)
}

impl Followed<'_> {
    /// The packages as an action states them, in the order of the record.
    #[must_use]
    pub fn packages(&self) -> Vec<BuildrootPackage> {
        self.picks.iter().map(|pick| pinned(pick.package)).collect()
    }

    /// As a buildroot. All of it is base: it shares nothing with the base of other policies.
    #[must_use]
    pub fn buildroot(&self) -> Buildroot {
        let mut base = self.packages();
        base.sort();
        let mut because: Vec<_> =
            self.picks.iter().map(|pick| (pick.package.nevra.clone(), pick.because.clone())).collect();
        because.sort();
        Buildroot { base, extra: Vec::new(), because }
    }

    /// The own packages in it as needs of its step, sorted; `step` gives the id of the step that makes a package.
    pub fn needs(&self, step: impl Fn(&Package) -> Option<String>) -> Vec<Need> {
        let own = self.picks.iter().filter(|pick| pick.origin == Origin::Own);
        let mut needs: Vec<_> = own
            .filter_map(|pick| {
                Some(Need {
                    package: pick.package.nevra.name().into(),
                    because: pick.because.as_str().into(),
                    provider: Provider::Step(step(pick.package)?.into()),
                })
            })
            .collect();
        needs.sort();
        needs.dedup();
        needs
    }

    /// Whether it can't be installed.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.deviations.iter().any(Deviation::is_fatal)
    }
}

type Choice<'a> = (Origin, &'a Package);

/// What is to be had, by name, the preferred origin first.
struct Index<'q, 'a> {
    question: &'q Question<'a>,
    packages: HashMap<&'a str, Vec<Choice<'a>>>,
}

impl<'q, 'a> Index<'q, 'a> {
    fn new(question: &'q Question<'a>) -> Self {
        let mut packages: HashMap<_, Vec<_>> = HashMap::new();
        for available in question.available {
            for package in available.packages {
                packages.entry(package.nevra.name()).or_default().push((available.origin, package));
            }
        }
        Self { question, packages }
    }

    /// The packages of a name and architecture.
    fn of(&self, nevra: &Nevra) -> impl DoubleEndedIterator<Item = Choice<'a>> + Clone {
        let named = self.packages.get(nevra.name()).map_or(&[][..], Vec::as_slice);
        named.iter().filter(|(_, package)| package.nevra.arch() == nevra.arch()).copied()
    }

    fn choose(&self, recorded: &RecordedPackage) -> (Option<Choice<'a>>, Option<Deviation>) {
        let mapped = self.question.rename.map(|rename| {
            let nevra = rename(&recorded.nevra);
            RecordedPackage { nevra, ..recorded.clone() }
        });
        let is_mapped = |nevra: &Nevra| mapped.as_ref().is_some_and(|mapped| mapped.is(nevra));
        let named = |nevra: &Nevra| recorded.is(nevra) || is_mapped(nevra);
        // A map may change the name, too.
        let of_mapped = mapped.iter().flat_map(|mapped| self.of(&mapped.nevra));
        let exact = self
            .of(&recorded.nevra)
            .chain(of_mapped)
            .filter(|(_, package)| named(&package.nevra))
            .min_by_key(|(origin, package)| (self.rank(*origin), !recorded.is(&package.nevra)));
        if let Some((origin, package)) = exact {
            let deviation = (!recorded.is(&package.nevra)).then(|| Deviation::Mapped {
                recorded: recorded.nevra.clone(),
                used: package.nevra.clone(),
                origin,
            });
            return (Some((origin, package)), deviation);
        }
        let nearest = self.nearest(recorded);
        let recorded = recorded.nevra.clone();
        let deviation = match nearest {
            Some((origin, package)) => {
                Deviation::OtherVersion { recorded, used: package.nevra.clone(), origin }
            }
            None => Deviation::Missing { recorded },
        };
        (nearest, Some(deviation))
    }

    /// The place of an origin in the order of preference.
    fn rank(&self, origin: Origin) -> usize {
        self.question.available.iter().position(|available| available.origin == origin).unwrap_or(usize::MAX)
    }

    fn nearest(&self, recorded: &RecordedPackage) -> Option<Choice<'a>> {
        let all = self.of(&recorded.nevra);
        let version = recorded.nevra.evr().version();
        let is_same = |(_, package): &Choice<'a>| package.nevra.evr().version() == version;
        self.beside(recorded, all.clone().filter(is_same)).or_else(|| self.beside(recorded, all))
    }

    /// The oldest of those that are newer, else the newest.
    fn beside(
        &self,
        recorded: &RecordedPackage,
        choices: impl DoubleEndedIterator<Item = Choice<'a>> + Clone,
    ) -> Option<Choice<'a>> {
        let order = self.question.compare;
        let by_version = |a: &Choice<'a>, b: &Choice<'a>| order(a.1.nevra.evr(), b.1.nevra.evr());
        let newer = choices.clone().filter(|(_, package)| {
            let (evr, recorded_evr) = (package.nevra.evr(), recorded.nevra.evr());
            // An epoch that is not stated is taken to be the same.
            let epoch = if recorded.epoch_stated { recorded_evr.epoch() } else { evr.epoch() };
            let recorded = Evr::new(epoch, recorded_evr.version(), recorded_evr.release());
            recorded.is_ok_and(|recorded| order(evr, &recorded).is_gt())
        });
        // Of equals, the one of the preferred origin: the first for `min_by`, the last for `max_by`.
        newer.min_by(by_version).or_else(|| choices.rev().max_by(by_version))
    }
}

fn other_digest(
    question: &Question<'_>,
    recorded: &RecordedPackage,
    origin: Origin,
    package: &Package,
) -> Option<Deviation> {
    let (algorithm, recorded, found) = match (&recorded.digest, &recorded.sigmd5) {
        (Some(digest), _) => ("SHA-256", digest.to_string(), package.digest.to_string()),
        (None, Some(sigmd5)) => ("SIGMD5", sigmd5.clone(), question.sigmd5?(package)?),
        (None, None) => return None,
    };
    let (package, algorithm) = (package.nevra.clone(), algorithm.to_owned());
    (recorded != found).then_some(Deviation::OtherDigest { package, origin, algorithm, recorded, found })
}

#[cfg(test)]
mod tests;
