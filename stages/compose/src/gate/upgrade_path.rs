//! `upgrade-path`: whoever has a package of a kept snapshot, or of the reference, finds it here, a newer one, or what
//! obsoletes it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use heirloom_formats::evr;
use heirloom_model::gate::GateSeverity;
use heirloom_model::record::RepositoryKind;
use heirloom_model::{Evr, Nevra};

use super::answer::{Answer, Seen};
use super::known::{ByName, Obsoletes, kind_of};
use super::machine::Machines;
use crate::ComposeError;

/// How the version of a known package compares with one of ours.
type Order<'a> = &'a dyn Fn(&Evr, &Evr) -> Ordering;

/// The newest of each name and architecture that machines may have, with the name of the repository.
type Known<'a> = BTreeMap<(&'a str, &'a str), (&'a Nevra, &'a str)>;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages of snapshots and the reference");
    let input = machines.input;
    if input.snapshots.is_empty() {
        answer.not_asked("there is no earlier snapshot");
    }
    if input.references.is_empty() {
        answer.not_asked("there is no reference");
    }
    for ((kind, arch), repositories) in machines.sides() {
        let ours = ByName::new(&repositories);
        let obsoletes = Obsoletes::new(ours.newest());
        let side = Side { kind, arch, ours: &ours, obsoletes: &obsoletes };
        for snapshot in &input.snapshots {
            let of_side = snapshot.repositories.iter().filter(|one| one.kind == kind && one.arch == arch);
            let known = of_side.flat_map(|one| one.packages.iter().map(|package| (package.nevra, one.name)));
            // What is older than in the present one is told by `downgrade`.
            side.ask(&mut answer, (snapshot.name, newest(known)), &evr::compare, !snapshot.is_present);
        }
        let dist = |reference: &Evr, ours: &Evr| evr::compare_mapped(input.dist, reference, ours);
        let of_side =
            input.references.iter().filter(|one| one.arch == arch || kind == RepositoryKind::Source);
        let known = of_side.flat_map(|one| one.packages.iter().map(|package| (&package.nevra, one.name)));
        let known = newest(known.filter(|(nevra, _)| kind_of(nevra) == kind));
        side.ask(&mut answer, ("the reference", known), &dist, true);
    }
    Ok(answer)
}

fn newest<'a>(packages: impl Iterator<Item = (&'a Nevra, &'a str)>) -> Known<'a> {
    let mut newest = Known::new();
    for (nevra, repository) in packages {
        let best = newest.entry((nevra.name(), nevra.arch())).or_insert((nevra, repository));
        if evr::compare(nevra.evr(), best.0.evr()).is_gt() {
            *best = (nevra, repository);
        }
    }
    newest
}

/// What clients see together.
struct Side<'s, 'a> {
    kind: RepositoryKind,
    arch: &'a str,
    ours: &'s ByName<'a>,
    obsoletes: &'s Obsoletes<'a>,
}

impl Side<'_, '_> {
    fn ask(&self, answer: &mut Answer, (from, known): (&str, Known<'_>), order: Order<'_>, older: bool) {
        for (nevra, repository) in known.into_values() {
            answer.looked_at += 1;
            let detail = match self.ours.successor(nevra) {
                Some((_, package)) if !older || order(nevra.evr(), package.nevra.evr()).is_le() => continue,
                Some((_, package)) => format!("is in {from}, and only the older {} is here", package.nevra),
                // Debugging data goes with its binaries, and nothing upgrades a source package.
                None if self.kind != RepositoryKind::Binary => continue,
                None => format!("is in {from}, and neither here nor obsoleted by what is"),
            };
            if self.obsoletes.of(nevra).next().is_none() {
                let (repository, arch) = (repository.to_owned(), self.arch.to_owned());
                let package = Some(nevra.clone());
                let severity = GateSeverity::Error;
                answer.see(Seen { severity, repository, arch, package, detail, fix: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors};

    #[test]
    fn everything_known_is_here_or_newer_or_obsoleted() {
        let mut made = Made::default();
        made.repository(
            "BaseOS",
            "x86_64",
            "a-2-1.x86_64\nb-1-1.x86_64\nnew-1-1.noarch\n obsoletes: old < 3\nplain-1-1.noarch\n",
        );
        made.kept(
            "one",
            "BaseOS",
            "x86_64",
            "a-1-1.x86_64\nold-2-1.x86_64\nplain-1-1.x86_64\nb-2-1.x86_64\n",
        );
        made.present("AppStream", "x86_64", "gone-1-1.x86_64\nold-3-1.x86_64\nb-2-1.x86_64\n");
        assert_eq!(
            errors(&made, "upgrade-path"),
            [
                "AppStream/x86_64: gone-1-1.x86_64: is in present, and neither here nor obsoleted by what is",
                "AppStream/x86_64: old-3-1.x86_64: is in present, and neither here nor obsoleted by what is",
                "BaseOS/x86_64: b-2-1.x86_64: is in one, and only the older b-1-1.x86_64 is here",
            ]
        );
        assert_eq!(errors(&made, "downgrade").len(), 1, "b is told there");
    }

    #[test]
    fn releases_of_the_reference_are_compared_through_the_dist_map() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.el9_4.x86_64\nb-1-1.el9_4.x86_64\n");
        made.reference(
            "BaseOS",
            "x86_64",
            "a-1-1.el9_9.x86_64\nb-1-2.el9_9.x86_64\na-debuginfo-1-1.x86_64\na-1-1.src\n",
        );
        assert_eq!(errors(&made, "upgrade-path").len(), 2);
        made.dist_map(".el9_9=.el9_4");
        assert_eq!(
            errors(&made, "upgrade-path"),
            [
                "BaseOS/x86_64: b-1-2.el9_9.x86_64: is in the reference, and only the older b-1-1.el9_4.x86_64 is here"
            ]
        );
    }
}
