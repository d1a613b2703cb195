//! `multilib`: what is there for two architectures is there in one version, so that both can be upgraded together.
//! Whether what the second one requires is there is asked by `closure`.

use heirloom_formats::evr;
use heirloom_model::record::RepositoryKind;

use super::answer::Answer;
use super::known::ByName;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages of a second architecture");
    for ((kind, arch), repositories) in machines.sides() {
        if kind != RepositoryKind::Binary {
            continue;
        }
        let ours = ByName::new(&repositories);
        for (repository, second) in ours.newest() {
            if [arch, "noarch"].contains(&second.nevra.arch()) {
                continue;
            }
            answer.looked_at += 1;
            let firsts = ours.named(second.nevra.name()).iter().filter(|(_, one)| one.nevra.arch() == arch);
            let first = firsts.max_by(|(_, a), (_, b)| evr::compare(a.nevra.evr(), b.nevra.evr()));
            if let Some((_, first)) = first.filter(|(_, first)| first.nevra.evr() != second.nevra.evr()) {
                let detail = format!("{} has another version", first.nevra);
                answer.error(repository, &second.nevra, detail);
            }
        }
    }
    if answer.looked_at == 0 {
        answer.not_asked("there are no packages of a second architecture");
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors, report};

    #[test]
    fn both_architectures_have_one_version() {
        let mut made = Made::default();
        made.repository(
            "BaseOS",
            "x86_64",
            "a-2-1.x86_64\na-1-1.x86_64\na-1-1.i686\nb-1-1.x86_64\nb-1-1.i686\nb-0-1.i686\nc-1-1.i686\n",
        );
        made.repository("AppStream", "x86_64", "d-1-1.i686\n");
        assert_eq!(
            errors(&made, "multilib"),
            ["BaseOS/x86_64: a-1-1.i686: a-2-1.x86_64 has another version"]
        );
        assert_eq!(report(&made, "multilib").looked_at, 4);
    }
}
