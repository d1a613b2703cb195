//! The graph of needs: which own results each build would install, found by solving.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::{EvaluatedBinary, Need, Provider};
use heirloom_model::{Dependency, Digest, Package};
use heirloom_solve::{InstallError, Reason, Repository, Universe};

use crate::{Input, PlanError, Unbuildable};

/// One build, while the plan is made.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Index of the source package.
    pub(crate) source: usize,
    /// Whether it is the first build, under the `bootstrap` conditional.
    pub(crate) first: bool,
    /// Own packages that its buildroot has: package, who asks, id of the step that makes it.
    pub(crate) needs: Vec<Need>,
    /// Why it stands where it stands, if that is out of the ordinary.
    pub(crate) note: Option<String>,
}

impl Draft {
    /// Ids of the steps that must come before.
    pub(crate) fn after(&self) -> BTreeSet<&str> {
        self.needs
            .iter()
            .filter_map(|need| match &need.provider {
                Provider::Step(id) => Some(id.as_str()),
                Provider::Bootstrap => None,
            })
            .collect()
    }
}

/// Steps by id.
pub(crate) type Drafts = BTreeMap<String, Draft>;

/// The packages that the rebuild is expected to have, and which source each is from.
pub(crate) struct Expected {
    packages: Vec<Package>,
    sources: Vec<usize>,
}

/// Left-out source packages with their reasons.
type LeftOut = Vec<(String, String)>;

/// One step for each source package, with its needs, cycles not yet broken.
pub(crate) fn draft(input: &Input<'_>) -> Result<(Drafts, LeftOut), PlanError> {
    let mut left_out = Vec::new();
    let mut drafts = Drafts::new();
    let mut unbuildable = Vec::new();
    let expected = expected(input, &BTreeSet::new());
    let universe = universe(input, &expected)?;
    for (index, source) in input.sources.iter().enumerate() {
        if let Some(reason) = &source.evaluated.excluded {
            left_out.push((source.name.to_owned(), reason.clone()));
            continue;
        }
        match needs(input, &expected, &universe, source.requires())? {
            Ok(needs) => {
                drafts
                    .insert(source.name.to_owned(), Draft { source: index, first: false, needs, note: None });
            }
            Err(why) => unbuildable.push(Unbuildable { source: source.name.to_owned(), why }),
        }
    }
    if unbuildable.is_empty() { Ok((drafts, left_out)) } else { Err(PlanError::Unbuildable(unbuildable)) }
}

/// What a build with these requirements would need, were the results of some sources not to be had.
pub(crate) fn needs_without(
    input: &Input<'_>,
    hidden: &BTreeSet<usize>,
    requires: &[Dependency],
) -> Result<Option<Vec<Need>>, PlanError> {
    let expected = expected(input, hidden);
    let universe = universe(input, &expected)?;
    Ok(needs(input, &expected, &universe, requires)?.ok())
}

const OWN: usize = 0;
const BOOTSTRAP: usize = 1;

fn universe<'a>(input: &Input<'a>, expected: &'a Expected) -> Result<Universe<'a>, PlanError> {
    let own = Repository { name: "own results", priority: 10, packages: &expected.packages };
    let bootstrap = Repository { name: "bootstrap", priority: 0, packages: input.bootstrap };
    Universe::new(input.arch, &[own, bootstrap]).map_err(|error| PlanError::Solve(error.to_string()))
}

fn needs(
    input: &Input<'_>,
    expected: &Expected,
    universe: &Universe<'_>,
    requires: &[Dependency],
) -> Result<Result<Vec<Need>, String>, PlanError> {
    let solution = match universe.install(requires, &input.base.present(BOOTSTRAP), false) {
        Ok(solution) => solution,
        Err(InstallError::Unsolvable(why)) => return Ok(Err(why.to_string())),
        Err(InstallError::Input(error)) => return Ok(Err(error.to_string())),
    };
    let own = solution.install.iter().filter(|chosen| chosen.id.repository == OWN);
    let mut needs: Vec<_> = own
        .filter_map(|chosen| {
            let source = &input.sources[expected.sources[chosen.id.package]];
            Some(Need {
                package: universe.package(chosen.id)?.nevra.name().to_owned(),
                because: because(universe, &chosen.because),
                provider: Provider::Step(source.name.to_owned()),
            })
        })
        .collect();
    needs.sort();
    Ok(Ok(needs))
}

pub(crate) fn because(universe: &Universe<'_>, reason: &Reason) -> String {
    let name = |id| universe.package(id).map(|package| package.nevra.to_string()).unwrap_or_default();
    match reason {
        Reason::Wanted(dependency) => format!("BuildRequires: {dependency}"),
        Reason::RequiredBy { package, dependency } | Reason::RecommendedBy { package, dependency } => {
            format!("{} requires {dependency}", name(*package))
        }
        Reason::Replaces(package) => format!("replaces {}", name(*package)),
        Reason::Forced => "the only choice left".to_owned(),
    }
}

fn expected(input: &Input<'_>, hidden: &BTreeSet<usize>) -> Expected {
    let mut expected = Expected { packages: Vec::new(), sources: Vec::new() };
    let shown = |index: &usize| !hidden.contains(index) && input.sources[*index].evaluated.excluded.is_none();
    let by_name: BTreeMap<_, _> =
        input.sources.iter().enumerate().map(|(index, source)| (source.name, index)).collect();
    let mut referenced = BTreeSet::new();
    for package in input.reference.iter().filter(|package| package.nevra.arch() != "src") {
        let Some(&index) = package.source_name().and_then(|name| by_name.get(name)) else { continue };
        referenced.insert(index);
        if shown(&index) {
            expected.packages.push(package.clone());
            expected.sources.push(index);
        }
    }
    for index in (0..input.sources.len()).filter(|index| !referenced.contains(index)).filter(shown) {
        for binary in &input.sources[index].evaluated.binaries {
            expected.packages.push(declared(binary));
            expected.sources.push(index);
        }
    }
    expected
}

/// A package of which only the spec file is known: it has what it declares, and needs nothing.
fn declared(binary: &EvaluatedBinary) -> Package {
    Package {
        nevra: binary.nevra.clone(),
        digest: Digest::of(&[]),
        size: 0,
        location: String::new(),
        source_rpm: String::new(),
        provides: binary.provides.clone(),
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
