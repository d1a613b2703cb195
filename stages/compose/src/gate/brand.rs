//! `brand`: what the scanner found in packages that are composed.

use std::collections::HashMap;

use super::answer::Answer;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages");
    let Some(marks) = machines.input.marks else {
        answer.not_asked("no packages were scanned for marks");
        return Ok(answer);
    };
    let marks: HashMap<_, _> = marks.iter().map(|marked| (marked.nevra, marked.findings)).collect();
    for repository in &machines.input.repositories {
        for package in repository.packages {
            let Some(findings) = marks.get(&package.nevra) else {
                answer.warning(repository, &package.nevra, "was not scanned for marks".to_owned());
                continue;
            };
            answer.looked_at += 1;
            for mark in findings.iter().filter(|one| one.allowed.is_none()) {
                let detail = format!(
                    "carries the mark `{}`: {}, {}: {}",
                    mark.mark, mark.file, mark.place, mark.excerpt
                );
                answer.error(repository, &package.nevra, detail);
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use heirloom_model::record::{MarkFinding, MarkKind};

    use crate::gate::Marked;
    use crate::gate::support::{Made, asked, lines};

    #[test]
    fn marks_that_nothing_allows_are_refused() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.noarch\nb-1-1.noarch\n");
        let mark = |allowed: Option<&str>| MarkFinding {
            mark: "Tarnholt".to_owned(),
            kind: MarkKind::Name,
            file: "/etc/issue".to_owned(),
            place: "line 1".to_owned(),
            excerpt: "Tarnholt Linux".to_owned(),
            allowed: allowed.map(str::to_owned),
        };
        let (nevra, findings) = ("a-1-1.noarch".parse().unwrap(), [mark(None), mark(Some("history"))]);
        let marks = [Marked { nevra: &nevra, findings: &findings }];
        let mut input = made.input();
        input.marks = Some(&marks);
        assert_eq!(
            lines(&asked(&input), "brand"),
            [
                "BaseOS/x86_64: a-1-1.noarch: carries the mark `Tarnholt`: /etc/issue, line 1: Tarnholt Linux",
                "BaseOS/x86_64: b-1-1.noarch: was not scanned for marks",
            ]
        );
    }
}
