//! The gate: what is wrong with a written tree, seen from its bytes alone.

use std::collections::BTreeMap;
use std::fmt;

use heirloom_formats::rpm_file::Header;
use heirloom_model::record::Signed;
use heirloom_model::{Dependency, Digest, Nevra, Package};
use heirloom_sign::{Keyring, VerifyError};
use heirloom_solve::{PackageId, Repository, Universe};
use heirloom_store::Store;

use crate::parallel::for_each;
use crate::tree::root;
use crate::{ComposeError, ComposePlan, Placement};

/// Something that must not reach clients.
#[derive(Debug)]
pub enum Fault {
    /// A package whose signature does not hold, or which is damaged.
    Signature {
        /// Its path in the tree.
        path: String,
        /// Why.
        why: VerifyError,
    },
    /// One identity twice.
    Duplicate(Nevra),
    /// A requirement that no package of the tree provides.
    Unresolved {
        /// The package.
        package: Nevra,
        /// Its requirement.
        dependency: Dependency,
    },
}

/// Looks at every package of a tree: signed by a key of this keyring, one of its identity, with nothing
/// missing that it requires.
///
/// # Errors
/// A package can't be looked at.
pub(crate) fn check(
    store: &Store,
    plan: &ComposePlan,
    packages: &[(&Placement, &Signed)],
    keyring: &Keyring,
    jobs: usize,
) -> Result<Vec<Fault>, ComposeError> {
    let looked = for_each(packages, jobs, |(placement, signed)| {
        let path = format!("{}/{}", root(plan, &placement.repository), placement.location());
        let file = store.path(signed.signed);
        let signature = keyring.verify_rpm(&file).err().map(|why| Fault::Signature { path, why });
        // Neither digest nor size matters to what is asked here.
        Ok((signature, Header::open(&file)?.package(Digest::of(b""), 0, "")))
    })?;
    let mut faults = Vec::new();
    let mut packages: Vec<Package> = Vec::new();
    let mut seen = BTreeMap::new();
    for (signature, package) in looked {
        faults.extend(signature);
        if seen.insert(package.nevra.clone(), ()).is_some() {
            faults.push(Fault::Duplicate(package.nevra.clone()));
        }
        packages.push(package);
    }
    let universe =
        Universe::new(&plan.arch, &[Repository { name: "compose", priority: 0, packages: &packages }])?;
    let all: Vec<_> = (0..packages.len()).map(|package| PackageId { repository: 0, package }).collect();
    faults.extend(universe.unresolved(&all)?.into_iter().map(|(id, dependency)| Fault::Unresolved {
        package: packages[id.package].nevra.clone(),
        dependency,
    }));
    Ok(faults)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature { path, why } => write!(f, "{path}: {why}"),
            Self::Duplicate(nevra) => write!(f, "{nevra} is there more than once"),
            Self::Unresolved { package, dependency } => {
                write!(f, "{package} requires `{dependency}`, which no package of the compose provides")
            }
        }
    }
}
