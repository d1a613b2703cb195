//! What only the repositories can tell of a change: whether what a package lost is in another one that comes along, and
//! whether what it newly requires was there before.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_compare::Universe;
use heirloom_model::change::{Change, ChangeKind, PackageChanges};
use heirloom_model::{Dependency, Package};

use super::{Both, Movement, Step, provides_name};
use crate::fail::Fail;

/// Settles all changes. Metadata of the repositories is read only if there is something to settle.
pub(super) fn settle(
    both: &Both<'_, '_>,
    steps: &[Step<'_>],
    opened: &mut [PackageChanges],
) -> Result<(), Fail> {
    let has = |opened: &[PackageChanges], kinds: &[ChangeKind]| {
        opened.iter().flat_map(|all| &all.changes).any(|change| kinds.contains(&change.kind))
    };
    if has(opened, &[ChangeKind::NewRequirement]) {
        requirements(both.old.packages()?, opened);
    }
    if has(opened, LOST) {
        lost(both.new.packages()?, steps, opened);
    }
    Ok(())
}

/// What can be in another package instead.
const LOST: &[ChangeKind] = &[
    ChangeKind::RemovedLibrary,
    ChangeKind::RemovedModule,
    ChangeKind::RemovedProgram,
    ChangeKind::RemovedUnit,
    ChangeKind::RemovedFile,
    ChangeKind::RemovedProvides,
    ChangeKind::RemovedDocumentation,
    ChangeKind::RemovedData,
];

/// Takes out requirements that the older side's packages satisfy, in whatever version: the machine has them or can have
/// them, and an update brings the later one.
fn requirements(packages: &[Package], opened: &mut [PackageChanges]) {
    let mut universe = Universe::default();
    for package in packages {
        universe.add_package(package);
    }
    let has = |name: &str| universe.provides(&Dependency::any(name)) == Some(true);
    let known = |change: &Change| {
        change.kind == ChangeKind::NewRequirement
            && change.subject.parse::<Dependency>().is_ok_and(|wanted| {
                has(&wanted.name) || library_of(&wanted.name).is_some_and(|library| has(&library))
            })
    };
    for all in opened {
        all.changes.retain(|change| !known(change));
    }
}

/// The capability of a whole library, of one that asks for a symbol version of it.
fn library_of(name: &str) -> Option<String> {
    let (library, rest) = name.split_once('(')?;
    let (_, bits) = rest.split_once(')')?;
    library.contains(".so").then(|| format!("{library}(){bits}"))
}

/// Finds what is lost among the newer side's packages.
fn lost(packages: &[Package], steps: &[Step<'_>], opened: &mut [PackageChanges]) {
    let wanted: BTreeSet<&str> = opened.iter().flat_map(|all| &all.changes).filter_map(name).collect();
    let mut found = BTreeMap::<String, Vec<&Package>>::new();
    for package in packages {
        let files = package.files.iter().filter(|file| !file.is_dir).map(|file| file.path.as_str());
        let names: BTreeSet<&str> = package.provides.iter().map(|it| it.name.as_str()).chain(files).collect();
        for name in names.intersection(&wanted) {
            found.entry((*name).to_owned()).or_default().push(package);
        }
    }
    for (step, all) in steps.iter().zip(opened) {
        let requires: BTreeSet<String> = all.requires.iter().cloned().collect();
        for change in &mut all.changes {
            let Some(at) = name(change).and_then(|name| found.get(name)) else { continue };
            let own = |package: &&&Package| step.new.is_some_and(|new| new.nevra == package.nevra);
            // The package itself has it still: as a capability, or at a path that its header writes otherwise.
            if step.movement != Movement::Replaced && at.iter().any(|package| own(&package)) {
                change.kind = ChangeKind::MovedFile;
                continue;
            }
            let comes = |package: &&&Package| {
                own(package)
                    || requires.iter().any(|name| provides_name(package, name))
                    || step.old.is_some_and(|old| {
                        package.obsoletes.iter().any(|obsoleted| obsoleted.name == old.nevra.name())
                    })
            };
            match (at.iter().find(comes), at.first()) {
                (Some(package), _) => {
                    change.kind = ChangeKind::MovedFile;
                    change.after = package.nevra.to_string();
                }
                (None, Some(package)) => {
                    change.after = format!("now in {}, which an update does not install", package.nevra);
                }
                (None, None) => {}
            }
        }
    }
}

/// The path or capability that was lost.
fn name(change: &Change) -> Option<&str> {
    LOST.contains(&change.kind).then_some(match change.kind {
        // The capability names the word size, too.
        ChangeKind::RemovedLibrary => change.before.as_str(),
        _ => change.subject.as_str(),
    })
}

/// Whether installing the one removes the other.
pub(super) fn obsoletes(package: &Package, other: &Package) -> bool {
    let name = other.nevra.name();
    if package.nevra.name() == name {
        return false;
    }
    let mut named = package.obsoletes.iter().filter(|obsoleted| obsoleted.name == name).peekable();
    if named.peek().is_none() {
        return false;
    }
    let mut universe = Universe::default();
    universe.add_package(other);
    named.any(|obsoleted| universe.provides(obsoleted) == Some(true))
}
