//! `arch`: packages of architectures that do not belong in their repository.

use heirloom_model::record::RepositoryKind;

use super::answer::Answer;
use super::input::GateRepository;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages");
    for repository in &machines.input.repositories {
        answer.looked_at += repository.packages.len();
        for package in repository.packages.iter().filter(|one| !belongs(repository, one.nevra.arch())) {
            let (nevra, of) = (&package.nevra, repository.arch);
            let detail = match repository.kind {
                RepositoryKind::Source => "is no source package".to_owned(),
                _ if nevra.arch() == "src" => "is a source package".to_owned(),
                _ => format!("is of {}, which machines of {of} can't run", nevra.arch()),
            };
            answer.error(repository, nevra, detail);
        }
    }
    Ok(answer)
}

fn belongs(repository: &GateRepository<'_>, arch: &str) -> bool {
    match repository.kind {
        RepositoryKind::Source => arch == "src",
        RepositoryKind::Binary | RepositoryKind::Debug => {
            heirloom_model::arch::belongs(arch, repository.arch)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors};

    #[test]
    fn foreign_packages_are_refused() {
        let mut made = Made::default();
        made.repository(
            "BaseOS",
            "x86_64",
            "a-1-1.x86_64\na-1-1.i686\nb-1-1.noarch\nc-1-1.aarch64\nd-1-1.src\n",
        );
        made.repository("BaseOS", "aarch64", "a-1-1.aarch64\nb-1-1.i686\n");
        made.sources("BaseOS", "a-1-1.src\nb-1-1.noarch\n");
        assert_eq!(
            errors(&made, "arch"),
            [
                "BaseOS/aarch64: b-1-1.i686: is of i686, which machines of aarch64 can't run",
                "BaseOS/src: b-1-1.noarch: is no source package",
                "BaseOS/x86_64: c-1-1.aarch64: is of aarch64, which machines of x86_64 can't run",
                "BaseOS/x86_64: d-1-1.src: is a source package",
            ]
        );
    }
}
