//! `duplicate`: one name, version and architecture for two different packages. Clients take either.

use std::collections::HashMap;

use super::answer::Answer;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages");
    for repositories in machines.sides().into_values() {
        let mut seen = HashMap::new();
        for repository in repositories {
            answer.looked_at += repository.packages.len();
            for package in repository.packages {
                let Some((first, digest)) = seen.insert(&package.nevra, (repository, package.digest)) else {
                    continue;
                };
                if digest != package.digest {
                    let (one, other) = (digest.short(), package.digest.short());
                    let place = if first.name == repository.name { "here" } else { first.name };
                    let detail = format!("is in {place} with other content, too: {one} there, {other} here");
                    answer.error(repository, &package.nevra, detail);
                } else if std::ptr::eq(first, repository) {
                    answer.warning(repository, &package.nevra, "is listed twice".to_owned());
                }
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use crate::gate::support::{Made, errors, warnings};

    #[test]
    fn two_contents_under_one_name_are_refused_where_clients_see_both() {
        let mut made = Made::default();
        made.repository(
            "BaseOS",
            "x86_64",
            "a-1-1.noarch\na-1-1.noarch\nb-1-1.noarch\nc-1-1.noarch\n content: 1\n",
        );
        made.repository("AppStream", "x86_64", "b-1-1.noarch\nc-1-1.noarch\n content: 2\n");
        made.repository("BaseOS", "aarch64", "c-1-1.noarch\n content: 3\n");
        let refused = errors(&made, "duplicate");
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(
            refused[0].starts_with("BaseOS/x86_64: c-1-1.noarch: is in AppStream with other content, too")
        );
        assert_eq!(warnings(&made, "duplicate"), ["BaseOS/x86_64: a-1-1.noarch: is listed twice"]);
    }
}
