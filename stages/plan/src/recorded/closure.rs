//! What the recorded packages need and the record does not have.

use std::collections::BTreeSet;

use heirloom_model::{Dependency, Deviation, Nevra, Package};
use heirloom_solve::{Chosen, InstallError, PackageId, Reason, Repository, Solution, SolveError, Universe};

use super::{Followed, Pick, Question};
use crate::PlanError;
use crate::lab::because;

/// The repository of the chosen packages.
const RECORDED: usize = 0;

/// A requirement, with the package that has it; none for a build requirement.
type Wanted = (Option<Nevra>, Dependency);

/// Adds what is needed, takes away what is in its way, and tells what can't be had.
pub(super) fn complete<'a>(question: &Question<'a>, followed: &mut Followed<'a>) -> Result<(), PlanError> {
    let solver = |error: SolveError| PlanError::Solve(error.to_string());
    let chosen: Vec<Package> = followed.picks.iter().map(|pick| pick.package.clone()).collect();
    let present: Vec<_> =
        (0..chosen.len()).map(|package| PackageId { repository: RECORDED, package }).collect();
    let recorded = Repository { name: "recorded", priority: i32::MAX, packages: &chosen };
    let alone = Universe::new(question.arch, &[recorded]).map_err(solver)?;
    let mut wanted: Vec<Wanted> = Vec::new();
    for (id, requirement) in alone.unresolved(&present).map_err(solver)? {
        wanted.push((Some(chosen[id.package].nevra.clone()), requirement));
    }
    wanted.extend(question.requires.iter().map(|requirement| (None, requirement.clone())));
    conflicts(&alone, &chosen, followed).map_err(solver)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let mut repositories = vec![recorded];
    repositories.extend(question.available.iter().zip(0i32..).map(|(available, place)| Repository {
        name: "available",
        priority: -place,
        packages: available.packages,
    }));
    let universe = Universe::new(question.arch, &repositories).map_err(solver)?;
    let (solution, unresolved) = solve(&universe, &wanted, &present)?;
    followed.deviations.extend(unresolved);
    let gone: BTreeSet<_> = solution.replaced.iter().map(|id| id.package).collect();
    for &index in &gone {
        followed.deviations.push(Deviation::Dropped { package: chosen[index].nevra.clone() });
    }
    let mut index = 0..;
    followed.picks.retain(|_| !index.next().is_some_and(|index| gone.contains(&index)));
    for Chosen { id, because: reason } in &solution.install {
        let Some(available) = id.repository.checked_sub(1).and_then(|at| question.available.get(at)) else {
            continue;
        };
        let Some(package) = available.packages.get(id.package) else { continue };
        let (origin, because) = (available.origin, reason_text(&universe, &wanted, reason));
        let nevra = package.nevra.clone();
        followed.deviations.push(Deviation::Extra { package: nevra, origin, because: because.clone() });
        followed.picks.push(Pick { package, origin, because });
    }
    Ok(())
}

/// Solves for all; if that can't be, for those that can be had each by itself.
fn solve(
    universe: &Universe<'_>,
    wanted: &[Wanted],
    present: &[PackageId],
) -> Result<(Solution, Vec<Deviation>), PlanError> {
    let attempt = |wanted: &[&Wanted]| {
        let list: Vec<_> = wanted.iter().map(|(_, requirement)| requirement.clone()).collect();
        match universe.install(&list, present, false) {
            Ok(solution) => Ok(Ok(solution)),
            Err(InstallError::Unsolvable(why)) => Ok(Err(why.to_string())),
            Err(InstallError::Input(error)) => Err(PlanError::Solve(error.to_string())),
        }
    };
    let unresolved = |(package, requirement): &Wanted, why: String| Deviation::Unresolved {
        package: package.clone(),
        requirement: requirement.clone(),
        why,
    };
    let all: Vec<_> = wanted.iter().collect();
    let why = match attempt(&all)? {
        Ok(solution) => return Ok((solution, Vec::new())),
        Err(why) => why,
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for one in wanted {
        match attempt(&[one])? {
            Ok(_) => good.push(one),
            Err(why) => bad.push(unresolved(one, why)),
        }
    }
    match attempt(&good)? {
        Ok(solution) if !bad.is_empty() => Ok((solution, bad)),
        // Each can be had, but not all together.
        _ => {
            bad.extend(good.first().map(|one| unresolved(one, why)));
            Ok((Solution { install: Vec::new(), replaced: Vec::new() }, bad))
        }
    }
}

/// A build requirement's reason names it; one of a package names that package.
fn reason_text(universe: &Universe<'_>, wanted: &[Wanted], reason: &Reason) -> String {
    if let Reason::Wanted(dependency) = reason
        && let Some((Some(package), _)) = wanted.iter().find(|(_, requirement)| requirement == dependency)
    {
        return format!("{package} requires {dependency}");
    }
    because(universe, reason)
}

/// What rpm refuses to install together.
fn conflicts(
    universe: &Universe<'_>,
    chosen: &[Package],
    followed: &mut Followed<'_>,
) -> Result<(), SolveError> {
    for (index, package) in chosen.iter().enumerate() {
        for dependency in &package.conflicts {
            for other in universe.providers(dependency)?.into_iter().filter(|other| other.package != index) {
                let with = chosen[other.package].nevra.clone();
                let deviation = Deviation::Conflict { package: package.nevra.clone(), with };
                if !followed.deviations.contains(&deviation) {
                    followed.deviations.push(deviation);
                }
            }
        }
    }
    Ok(())
}
