//! `build-closure`: what the source packages require to be built, of all repositories together.

use heirloom_model::record::RepositoryKind;

use super::answer::Answer;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("source packages");
    let sources = machines.input.repositories.iter().filter(|one| one.kind == RepositoryKind::Source);
    if sources.map(|one| one.packages.len()).sum::<usize>() == 0 {
        answer.not_asked("there are no source packages");
        return Ok(answer);
    }
    for machine in &machines.all {
        let universe = machine.universe()?;
        universe.consider(&[]);
        let places: Vec<_> = (0..machine.repositories.len())
            .filter(|place| machine.repositories[*place].kind == RepositoryKind::Source)
            .collect();
        let packages = machine.packages(&places);
        answer.looked_at += packages.len();
        for (id, dependency) in universe.unresolved(&packages)? {
            let repository = machine.repositories[id.repository];
            let detail =
                format!("requires `{dependency}` to be built on {}: nothing provides it", machine.arch);
            answer.warning(repository, &repository.packages[id.package].nevra, detail);
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors, report, warnings};

    #[test]
    fn a_build_requirement_that_nothing_provides_is_told_and_let_through() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.x86_64\n");
        made.repository("CRB", "x86_64", "b-1-1.x86_64\n");
        made.needs("BaseOS", &[]);
        made.sources("BaseOS", "a-1-1.src\n requires: b, c > 1\n");
        assert_eq!(
            warnings(&made, "build-closure"),
            ["BaseOS/src: a-1-1.src: requires `c > 1` to be built on x86_64: nothing provides it"]
        );
        assert!(errors(&made, "closure").is_empty(), "sources are not asked what they require to run");
    }

    #[test]
    fn without_sources_it_is_not_asked() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.x86_64\n");
        let rule = report(&made, "build-closure");
        assert_eq!((rule.looked_at, &*rule.not_asked), (0, &["there are no source packages".to_owned()][..]));
    }
}
