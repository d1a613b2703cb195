//! `closure`: what `dnf repoclosure` asks, of each repository with those that it needs.

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
            for (id, dependency) in universe.unresolved(&packages)? {
                let repository = machine.repositories[id.repository];
                let nevra = &repository.packages[id.package].nevra;
                let inside = machine.names(&needs);
                let detail = format!("requires `{dependency}`, which nothing provides in {inside}");
                answer.error(repository, nevra, detail);
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors};

    #[test]
    fn every_requirement_is_provided_by_what_the_repository_needs() {
        let mut made = Made::default();
        made.repository(
            "BaseOS",
            "x86_64",
            "a-1-1.x86_64\n requires: b\nc-1-1.x86_64\n requires: c = 1, d\n",
        );
        made.repository("AppStream", "x86_64", "b-1-1.x86_64\n requires: a\n");
        assert_eq!(
            errors(&made, "closure"),
            ["BaseOS/x86_64: c-1-1.x86_64: requires `d`, which nothing provides in AppStream, BaseOS"]
        );
        made.needs("BaseOS", &[]);
        assert_eq!(
            errors(&made, "closure"),
            [
                "BaseOS/x86_64: a-1-1.x86_64: requires `b`, which nothing provides in BaseOS",
                "BaseOS/x86_64: c-1-1.x86_64: requires `d`, which nothing provides in BaseOS",
            ]
        );
    }

    #[test]
    fn needs_go_on() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.x86_64\n");
        made.repository("AppStream", "x86_64", "b-1-1.x86_64\n");
        made.repository("Extra", "x86_64", "c-1-1.x86_64\n requires: a, b\n");
        made.needs("BaseOS", &[]);
        made.needs("AppStream", &["BaseOS"]);
        made.needs("Extra", &["AppStream"]);
        assert!(errors(&made, "closure").is_empty());
        made.needs("AppStream", &[]);
        assert_eq!(errors(&made, "closure").len(), 1);
    }

    #[test]
    fn debugging_data_needs_its_binaries_and_no_other_architecture_helps() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.x86_64\nb-1-1.noarch\n requires: c\n");
        made.debug("BaseOS", "x86_64", "a-debuginfo-1-1.x86_64\n requires: a = 1-1\n");
        made.repository("BaseOS", "aarch64", "c-1-1.aarch64\n");
        made.debug("BaseOS", "aarch64", "a-debuginfo-1-1.aarch64\n requires: a = 1-1\n");
        made.needs("BaseOS", &[]);
        assert_eq!(
            errors(&made, "closure"),
            [
                "BaseOS/aarch64: a-debuginfo-1-1.aarch64: requires `a = 1-1`, which nothing provides in BaseOS",
                "BaseOS/x86_64: b-1-1.noarch: requires `c`, which nothing provides in BaseOS",
            ]
        );
    }
}
