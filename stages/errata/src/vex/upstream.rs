//! What upstream says of vulnerabilities that it did not fix, as far as it is about packages that are here.

use std::collections::BTreeSet;

use heirloom_model::advisory::Advisory;
use heirloom_model::advisory::vex::{
    DeclaredStatement, DeclaredVex, PackageScope, RejectedCve, Scope, Status, Vex,
};

use super::covers;

/// Packages that are here.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// The major version.
    pub major: &'a str,
    /// Names of published packages and of the sources that they were built from.
    pub names: &'a BTreeSet<String>,
}

/// What is declared, and of upstream's documents what nothing else speaks of: a package that is here, of which no advisory
/// fixes the vulnerability and no own statement says anything. What was rejected there is rejected here.
#[must_use]
pub fn with_upstream(
    declared: &DeclaredVex,
    upstream: &[Vex],
    advisories: &[Advisory],
    here: Here<'_>,
) -> DeclaredVex {
    let mut all = declared.clone();
    for vex in upstream {
        if let Some(why) = &vex.rejected {
            if !all.rejected.iter().any(|one| one.cve == vex.cve) {
                let (cve, why, since) = (vex.cve.clone(), why.clone(), vex.updated);
                all.rejected.push(RejectedCve { cve, why, since });
            }
            continue;
        }
        let fixing: Vec<&Advisory> = advisories
            .iter()
            .filter(|one| one.withdrawn.is_none() && one.vulnerabilities.iter().any(|it| it.id == vex.cve))
            .collect();
        for statement in &vex.statements {
            let Scope::Package(scope) = &statement.scope else { continue };
            if matches!(statement.status, Status::Fixed { .. }) || !is_here(scope, here) {
                continue;
            }
            let package = scope.clone().of_major(here.major);
            let is_fixed = fixing.iter().flat_map(|one| &one.fixed).any(|fixed| covers(&package, fixed));
            let is_said = all.statements.iter().any(|one| {
                one.cve == vex.cve
                    && one.package.name() == package.name()
                    && one.package.module == package.module
                    && (one.package.major.is_empty() || one.package.major == package.major)
            });
            if !is_fixed && !is_said {
                let (cve, status, since) = (vex.cve.clone(), statement.status.clone(), vex.updated);
                all.statements.push(DeclaredStatement { cve, package, status, since, line: 0 });
            }
        }
    }
    all
}

fn is_here(scope: &PackageScope, here: Here<'_>) -> bool {
    (scope.major.is_empty() || scope.major == here.major) && here.names.contains(scope.name())
}

/// Adds to records what only upstream says of their vulnerabilities: what they are, how bad, and where there is more.
pub fn describe(vex: &mut [Vex], upstream: &[Vex]) {
    for one in vex {
        let Some(theirs) = upstream.iter().find(|theirs| theirs.cve == one.cve) else { continue };
        let text = |mine: &mut String, theirs: &str| {
            if mine.is_empty() {
                theirs.clone_into(mine);
            }
        };
        text(&mut one.title, &theirs.title);
        text(&mut one.description, &theirs.description);
        text(&mut one.workaround, &theirs.workaround);
        one.severity = one.severity.or(theirs.severity);
        one.weakness = one.weakness.take().or_else(|| theirs.weakness.clone());
        if one.cvss.is_empty() {
            one.cvss.clone_from(&theirs.cvss);
        }
        let known: BTreeSet<String> = one.references.iter().map(|link| link.url.clone()).collect();
        one.references.extend(theirs.references.iter().filter(|link| !known.contains(&link.url)).cloned());
    }
}
