//! `modular`: packages of modules, and the documents that tell clients of them. What is asked of the documents alone is
//! given as facts; here is what needs the packages.

use heirloom_model::gate::{ModularFact, ModularKind};
use heirloom_model::record::RepositoryKind;

use super::answer::{Answer, Seen};
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages and facts about module documents");
    match machines.input.modular {
        None => answer.not_asked("nothing was said of module documents"),
        Some(facts) => {
            answer.looked_at += facts.len();
            facts.iter().for_each(|fact| answer.see(seen(fact)));
        }
    }
    let facts = machines.facts()?;
    for (name, why) in &facts.absent {
        answer.not_asked(format!("whether packages of {name} are of modules: {why}"));
    }
    let judged = machines.input.repositories.iter().filter(|one| one.kind == RepositoryKind::Binary);
    for repository in judged {
        for package in repository.packages {
            let Some(facts) = facts.get(package) else { continue };
            answer.looked_at += 1;
            if !facts.label.is_empty() && !repository.has_modules {
                answer.see(seen(&ModularFact {
                    kind: ModularKind::NoDocuments,
                    repository: repository.name.to_owned(),
                    arch: repository.arch.to_owned(),
                    module: facts.label.clone(),
                    package: Some(package.nevra.clone()),
                    detail: String::new(),
                }));
            }
        }
    }
    Ok(answer)
}

fn seen(fact: &ModularFact) -> Seen {
    let ModularFact { kind, repository, arch, module, package, detail } = fact;
    let colon = if detail.is_empty() { "" } else { ": " };
    Seen {
        severity: kind.severity(),
        repository: repository.clone(),
        arch: arch.clone(),
        package: package.clone(),
        detail: format!("module {module}: {}{colon}{detail}", kind.says()),
        fix: None,
    }
}

#[cfg(test)]
mod tests {
    use heirloom_model::gate::{ModularFact, ModularKind};

    use crate::gate::support::{Made, asked, lines};

    #[test]
    fn facts_about_documents_become_findings() {
        let mut made = Made::default();
        made.repository("AppStream", "x86_64", "a-1-1.x86_64\n");
        let fact = |kind, package: Option<&str>, detail: &str| ModularFact {
            kind,
            repository: "AppStream".to_owned(),
            arch: "x86_64".to_owned(),
            module: "tool:1".to_owned(),
            package: package.map(|package| package.parse().unwrap()),
            detail: detail.to_owned(),
        };
        let facts = [
            fact(ModularKind::MissingArtifact, Some("b-1-1.x86_64"), ""),
            fact(ModularKind::MissingStream, None, "needs perl:5"),
        ];
        let mut input = made.input();
        input.modular = Some(&facts);
        assert_eq!(
            lines(&asked(&input), "modular"),
            [
                "AppStream/x86_64: module tool:1: no repository has a stream that it needs: needs perl:5",
                "AppStream/x86_64: b-1-1.x86_64: module tool:1: the repository does not have a package that the \
                 document lists",
            ]
        );
    }
}
