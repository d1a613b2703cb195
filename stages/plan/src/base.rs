//! The packages that every buildroot has: a comps group and all that it needs.

use heirloom_model::record::BuildrootPackage;
use heirloom_model::{Dependency, Package};
use heirloom_solve::{PackageId, Repository, Universe};

use crate::PlanError;

/// The base of all buildroots, from bootstrap alone: indexes into the bootstrap repository, sorted by identity;
/// and the group that it was solved for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    pub(crate) packages: Vec<usize>,
    pub(crate) group: Vec<Dependency>,
}

impl Base {
    /// The packages as an action states them.
    #[must_use]
    pub fn packages(&self, bootstrap: &[Package]) -> Vec<BuildrootPackage> {
        self.packages.iter().filter_map(|index| bootstrap.get(*index)).map(pinned).collect()
    }

    /// As packages that are present in the repository with this number.
    pub(crate) fn present(&self, repository: usize) -> Vec<PackageId> {
        self.packages.iter().map(|&package| PackageId { repository, package }).collect()
    }
}

pub(crate) fn pinned(package: &Package) -> BuildrootPackage {
    BuildrootPackage { nevra: package.nevra.clone(), digest: package.digest }
}

/// Solves for the names of the base group.
///
/// # Errors
/// The bootstrap repository can't provide it; the message has the chain.
pub fn base(arch: &str, bootstrap: &[Package], group: &[String]) -> Result<Base, PlanError> {
    let repository = Repository { name: "bootstrap", priority: 0, packages: bootstrap };
    let universe = Universe::new(arch, &[repository]).map_err(|error| PlanError::Solve(error.to_string()))?;
    let group: Vec<_> = group.iter().map(|name| Dependency::any(name)).collect();
    let solution =
        universe.install(&group, &[], false).map_err(|error| PlanError::Base(error.to_string()))?;
    let mut packages: Vec<_> = solution.install.iter().map(|chosen| chosen.id.package).collect();
    packages.sort_by(|a, b| bootstrap[*a].nevra.cmp(&bootstrap[*b].nevra));
    Ok(Base { packages, group })
}
