//! `empty`: a compose gone wrong. No update takes away more than half of a repository.

use heirloom_model::gate::GateSeverity;

use super::answer::{Answer, Seen};
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("repositories of the present snapshot");
    let Some(present) = machines.input.snapshots.iter().find(|one| one.is_present) else {
        answer.not_asked("there is no present snapshot");
        return Ok(answer);
    };
    for before in &present.repositories {
        answer.looked_at += 1;
        let mut ours = machines.input.repositories.iter();
        let ours = ours.find(|one| one.name == before.name && one.meets(before.kind, before.arch));
        let (had, has) = (before.packages.len(), ours.map_or(0, |one| one.packages.len()));
        if has * 2 < had {
            let detail = match ours {
                Some(_) => format!("has {has} packages, and {had} in {}", present.name),
                None => format!("is gone, and has {had} packages in {}", present.name),
            };
            let (repository, arch) = (before.name.to_owned(), before.arch.to_owned());
            let severity = GateSeverity::Error;
            answer.see(Seen { severity, repository, arch, package: None, detail, fix: None });
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors};

    #[test]
    fn a_repository_that_lost_more_than_half_is_refused() {
        let mut made = Made::default();
        let three = "a-1-1.noarch\nb-1-1.noarch\nc-1-1.noarch\n";
        made.repository("BaseOS", "x86_64", "a-1-1.noarch\n");
        made.repository("Extra", "x86_64", "d-1-1.noarch\ne-1-1.noarch\n");
        made.present("BaseOS", "x86_64", three);
        made.present("Extra", "x86_64", three);
        made.present("CRB", "x86_64", three);
        assert_eq!(
            errors(&made, "empty"),
            [
                "BaseOS/x86_64: has 1 packages, and 3 in present",
                "CRB/x86_64: is gone, and has 3 packages in present",
            ]
        );
    }
}
