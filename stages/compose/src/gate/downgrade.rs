//! `downgrade`: a package that is older than in the snapshot that the channel has. Machines would stay where they are.

use heirloom_formats::evr;

use super::answer::Answer;
use super::known::ByName;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages of the present snapshot");
    let Some(present) = machines.input.snapshots.iter().find(|one| one.is_present) else {
        answer.not_asked("there is no present snapshot");
        return Ok(answer);
    };
    for ((kind, arch), repositories) in machines.sides() {
        let ours = ByName::new(&repositories);
        let of_side = present.repositories.iter().filter(|one| one.kind == kind && one.arch == arch);
        let mut told = std::collections::HashSet::new();
        for known in of_side.flat_map(|one| &one.packages) {
            answer.looked_at += 1;
            let Some((repository, package)) = ours.successor(known.nevra) else { continue };
            let older = evr::compare(package.nevra.evr(), known.nevra.evr()).is_lt();
            if older && told.insert((&package.nevra, known.nevra)) {
                let detail = format!("is older than {} of {}", known.nevra, present.name);
                answer.error(repository, &package.nevra, detail);
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors, report};

    #[test]
    fn what_is_older_than_in_the_present_snapshot_is_refused() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.x86_64\nb-2-1.noarch\nc-1-1.x86_64\nc-3-1.x86_64\n");
        made.repository("AppStream", "x86_64", "d-1-1.x86_64\n");
        let rule = report(&made, "downgrade");
        assert_eq!((rule.looked_at, &*rule.not_asked), (0, &["there is no present snapshot".to_owned()][..]));
        made.present(
            "BaseOS",
            "x86_64",
            "a-2-1.x86_64\nb-1:1-1.x86_64\nc-2-1.x86_64\nd-1-1.x86_64\ne-1-1.x86_64\n",
        );
        assert_eq!(
            errors(&made, "downgrade"),
            [
                "BaseOS/x86_64: a-1-1.x86_64: is older than a-2-1.x86_64 of present",
                "BaseOS/x86_64: b-2-1.noarch: is older than b-1:1-1.x86_64 of present",
            ]
        );
    }
}
