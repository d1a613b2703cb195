//! The exact package set of one build.

use heirloom_model::record::BuildrootPackage;
use heirloom_model::{Dependency, Nevra, Package};
use heirloom_solve::{PackageId, Universe};

use crate::base::pinned;
use crate::lab::{BOOTSTRAP, because, repositories};
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

/// What a buildroot is solved from.
pub struct Offer<'a> {
    /// Target architecture.
    pub arch: &'a str,
    /// The bootstrap repository.
    pub bootstrap: &'a [Package],
    /// The repository of an earlier release; may be empty.
    pub earlier: &'a [Package],
    /// What every buildroot has.
    pub base: &'a Base,
    /// Whether the base is of own results where there are any, [`heirloom_model::record::Step::own_base`].
    pub own_base: bool,
    /// The results that count before this step.
    pub results: &'a [Package],
}

/// Solves the requirements of `source`. Own results win over bootstrap's, and those over an earlier release's.
///
/// # Errors
/// Nothing provides a requirement; the message has the chain.
pub fn buildroot(offer: &Offer<'_>, source: &str, requires: &[Dependency]) -> Result<Buildroot, PlanError> {
    let universe = Universe::new(offer.arch, &repositories(offer.results, offer.bootstrap, offer.earlier))
        .map_err(|error| PlanError::Solve(error.to_string()))?;
    let base = match offer.own_base {
        true => own_base(offer, &universe)?,
        false => offer.base.present(BOOTSTRAP),
    };
    let solution = universe.install(requires, &base, false).map_err(|error| {
        PlanError::Unbuildable(vec![Unbuildable { source: source.to_owned(), why: error.to_string() }])
    })?;
    let package = |id: &PackageId| universe.package(*id).map(pinned);
    let mut chosen: Vec<_> = solution
        .install
        .iter()
        .filter_map(|chosen| Some((package(&chosen.id)?, because(&universe, &chosen.because))))
        .collect();
    chosen.sort();
    let mut kept: Vec<_> =
        base.iter().filter(|id| !solution.replaced.contains(id)).filter_map(package).collect();
    kept.sort();
    let because = chosen.iter().map(|(package, reason)| (package.nevra.clone(), reason.clone())).collect();
    Ok(Buildroot { base: kept, extra: chosen.into_iter().map(|(package, _)| package).collect(), because })
}

/// The base group from own results where there are any.
fn own_base(offer: &Offer<'_>, universe: &Universe<'_>) -> Result<Vec<PackageId>, PlanError> {
    let solution = universe
        .install(&offer.base.group, &[], false)
        .map_err(|error| PlanError::OwnBase(error.to_string()))?;
    Ok(solution.install.iter().map(|chosen| chosen.id).collect())
}
