//! `obsoletes`: packages that obsolete each other in a loop, and such as are obsoleted before they come out.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Nevra;
use heirloom_model::record::RepositoryKind;

use super::answer::Answer;
use super::known::{ByName, Obsoletes};
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages");
    for ((kind, _), repositories) in machines.sides() {
        if kind == RepositoryKind::Source {
            continue;
        }
        let newest = ByName::new(&repositories).newest();
        answer.looked_at += newest.len();
        let obsoletes = Obsoletes::new(newest.iter().copied());
        // Of each obsoleted package, the names of those that obsolete it.
        let mut by = BTreeMap::<&str, BTreeSet<&str>>::new();
        for (_, package) in &newest {
            for (_, (_, other)) in obsoletes.of(&package.nevra) {
                by.entry(package.nevra.name()).or_default().insert(other.nevra.name());
            }
        }
        for (repository, package) in &newest {
            let Some((how, (_, other))) = obsoletes.of(&package.nevra).next() else { continue };
            let (nevra, said) = (&package.nevra, format!("{} obsoletes `{how}`", other.nevra));
            match is_loop(&by, nevra) {
                true => answer.error(repository, nevra, format!("{said}, and is obsoleted by it in turn")),
                false => answer.warning(repository, nevra, format!("{said}: nobody will get it")),
            }
        }
    }
    Ok(answer)
}

/// Whether what obsoletes a package is obsoleted by it, directly or not.
fn is_loop(by: &BTreeMap<&str, BTreeSet<&str>>, nevra: &Nevra) -> bool {
    let (mut seen, mut queue) = (BTreeSet::new(), vec![nevra.name()]);
    while let Some(name) = queue.pop() {
        for &next in by.get(name).into_iter().flatten() {
            if next == nevra.name() {
                return true;
            }
            if seen.insert(next) {
                queue.push(next);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors, warnings};

    #[test]
    fn loops_are_refused_and_what_is_dead_on_arrival_is_told() {
        let mut made = Made::default();
        made.repository(
            "BaseOS",
            "x86_64",
            "a-1-1.noarch\n obsoletes: c\nb-1-1.noarch\n obsoletes: a < 2\nself-2-1.noarch\n obsoletes: self < 3\n\
             dead-1-1.noarch\nheir-1-1.noarch\n obsoletes: dead, old < 2\nold-2-1.noarch\nold-1-1.noarch\n",
        );
        made.repository("AppStream", "x86_64", "c-1-1.noarch\n obsoletes: b\n");
        let names: Vec<_> = errors(&made, "obsoletes").iter().map(|line| line[..18].to_owned()).collect();
        assert_eq!(names, ["AppStream/x86_64: ", "BaseOS/x86_64: a-1", "BaseOS/x86_64: b-1"]);
        assert_eq!(
            warnings(&made, "obsoletes"),
            ["BaseOS/x86_64: dead-1-1.noarch: heir-1-1.noarch obsoletes `dead`: nobody will get it"]
        );
    }
}
