//! The exact package set of one build.

use heirloom_model::record::BuildrootPackage;
use heirloom_model::{Dependency, Nevra, Package};
use heirloom_solve::{Repository, Universe};

use crate::base::pinned;
use crate::graph::because;
use crate::{Base, PlanError, Unbuildable};

/// What a buildroot has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buildroot {
    /// The base, without packages that an own result takes the place of.
    pub base: Vec<BuildrootPackage>,
    /// The packages on top of it, sorted by identity.
    pub extra: Vec<BuildrootPackage>,
    /// Why each is there, in the same order.
    pub because: Vec<(Nevra, String)>,
}

/// Solves the requirements of `source` against the bootstrap repository and the results of the steps
/// before it. Own results win over bootstrap's.
///
/// # Errors
/// Nothing provides a requirement; the message has the chain.
pub fn buildroot(
    arch: &str,
    source: &str,
    bootstrap: &[Package],
    base: &Base,
    results: &[Package],
    requires: &[Dependency],
) -> Result<Buildroot, PlanError> {
    let own = Repository { name: "own results", priority: 10, packages: results };
    let first = Repository { name: "bootstrap", priority: 0, packages: bootstrap };
    let universe = Universe::new(arch, &[own, first]).map_err(|error| PlanError::Solve(error.to_string()))?;
    let solution = universe.install(requires, &base.present(1), false).map_err(|error| {
        PlanError::Unbuildable(vec![Unbuildable { source: source.to_owned(), why: error.to_string() }])
    })?;
    let mut chosen: Vec<_> = solution
        .install
        .iter()
        .filter_map(|chosen| {
            Some((pinned(universe.package(chosen.id)?), because(&universe, &chosen.because)))
        })
        .collect();
    chosen.sort();
    let replaced: Vec<_> =
        solution.replaced.iter().filter_map(|id| universe.package(*id)).map(pinned).collect();
    let mut kept = base.packages(bootstrap);
    kept.retain(|package| !replaced.contains(package));
    let because = chosen.iter().map(|(package, reason)| (package.nevra.clone(), reason.clone())).collect();
    Ok(Buildroot { base: kept, extra: chosen.into_iter().map(|(package, _)| package).collect(), because })
}
