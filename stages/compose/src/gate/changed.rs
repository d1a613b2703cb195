//! `changed`: other content than in a kept snapshot under the same name. Machines that have the old one keep it.

use std::collections::HashMap;

use super::answer::Answer;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages");
    if machines.input.snapshots.is_empty() {
        answer.not_asked("there is no earlier snapshot");
        return Ok(answer);
    }
    for ((kind, arch), repositories) in machines.sides() {
        let mut known = HashMap::<_, Vec<_>>::new();
        for snapshot in &machines.input.snapshots {
            let of_side = snapshot.repositories.iter().filter(|one| one.kind == kind && one.arch == arch);
            for package in of_side.flat_map(|one| &one.packages) {
                known.entry(package.nevra).or_default().push((snapshot.name, package.digest));
            }
        }
        for repository in repositories {
            answer.looked_at += repository.packages.len();
            for package in repository.packages {
                let before = known.get(&package.nevra).into_iter().flatten();
                let mut other: Vec<_> =
                    before.filter(|(_, digest)| *digest != package.digest).map(|(name, _)| *name).collect();
                other.dedup();
                if !other.is_empty() {
                    let detail = format!("has other content than in {}", other.join(", "));
                    answer.warning(repository, &package.nevra, detail);
                }
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, warnings};

    #[test]
    fn other_content_under_a_known_name_is_told() {
        let mut made = Made::default();
        made.repository(
            "BaseOS",
            "x86_64",
            "a-1-1.x86_64\n content: 2\nb-1-1.x86_64\nc-2-1.x86_64\n content: 2\n",
        );
        made.kept("older", "AppStream", "x86_64", "a-1-1.x86_64\n content: 1\nc-1-1.x86_64\n content: 1\n");
        made.present("BaseOS", "x86_64", "a-1-1.x86_64\n content: 2\nb-1-1.x86_64\n");
        assert_eq!(
            warnings(&made, "changed"),
            ["BaseOS/x86_64: a-1-1.x86_64: has other content than in older"]
        );
    }
}
