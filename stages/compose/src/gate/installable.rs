//! `installable`: whether each package could be installed on an empty system, conflicts and obsoletes considered.

use std::collections::HashSet;

use super::answer::Answer;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages");
    for machine in &machines.all {
        let universe = machine.universe()?;
        for (needs, asking) in machine.needs() {
            universe.consider(&needs);
            let packages = machine.packages(&asking);
            answer.looked_at += packages.len();
            let failed = universe.uninstallable(&packages)?;
            // What a package itself requires in vain is told by `closure`.
            let ids: Vec<_> = failed.iter().map(|(id, _)| *id).collect();
            let told: HashSet<_> = universe.unresolved(&ids)?.into_iter().map(|(id, _)| id).collect();
            for (id, why) in failed.into_iter().filter(|(id, _)| !told.contains(id)) {
                let repository = machine.repositories[id.repository];
                let lines: Vec<_> = why.problems.iter().map(ToString::to_string).collect();
                answer.error(repository, &repository.packages[id.package].nevra, lines.join("; "));
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors};

    #[test]
    fn a_chain_leads_from_the_package_to_what_stands_in_the_way() {
        let mut made = Made::default();
        made.repository(
            "BaseOS",
            "x86_64",
            "a-1-1.x86_64\n requires: b, c\nb-1-1.x86_64\n conflicts: c\nc-1-1.x86_64\n\
             d-1-1.x86_64\n requires: e\ne-1-1.x86_64\n requires: f\n",
        );
        assert_eq!(
            errors(&made, "installable"),
            [
                "BaseOS/x86_64: a-1-1.x86_64: a-1-1.x86_64 requires `b`, b-1-1.x86_64 conflicts with `c`, \
                 c-1-1.x86_64 (needed by a-1-1.x86_64 requires `c`)",
                "BaseOS/x86_64: d-1-1.x86_64: d-1-1.x86_64 requires `e`, e-1-1.x86_64 requires `f`, nothing provides it",
            ]
        );
        assert_eq!(errors(&made, "closure").len(), 1, "what e requires is told once");
    }

    #[test]
    fn packages_that_exclude_each_other_are_all_installable() {
        let mut made = Made::default();
        let mail = |name| format!("{name}-1-1.x86_64\n provides: mta\n conflicts: mta\n requires: user\n");
        let text = format!("{}{}user-1-1.noarch\nuser-2-1.noarch\n", mail("postfix"), mail("sendmail"));
        made.repository("BaseOS", "x86_64", &text);
        assert!(errors(&made, "installable").is_empty());
    }

    #[test]
    fn a_package_of_a_foreign_architecture_is_not() {
        let mut made = Made::default();
        made.repository("BaseOS", "aarch64", "a-1-1.x86_64\n");
        assert!(errors(&made, "installable")[0].contains("architecture that this machine can't run"));
    }
}
