//! `certificate`: on what ground each package is there, and whether that keeps the promise.

use std::collections::HashMap;

use heirloom_model::record::{Ground, RepositoryKind};

use super::answer::Answer;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages");
    let Some(grounds) = machines.input.grounds else {
        answer.not_asked("no grounds were given on which packages are accepted");
        return Ok(answer);
    };
    let accepted: HashMap<_, _> = grounds.accepted.iter().map(|one| (one.nevra(), one.ground())).collect();
    let judged = machines.input.repositories.iter().filter(|one| one.kind == RepositoryKind::Binary);
    for repository in judged {
        answer.looked_at += repository.packages.len();
        for package in repository.packages {
            let detail = match accepted.get(&package.nevra) {
                Some(Ground::Own | Ground::Inherited) => continue,
                Some(Ground::Compared(verdict)) if grounds.promise.holds(*verdict) => continue,
                Some(Ground::Compared(verdict)) => {
                    format!("is {verdict}, below the promise `{}`", grounds.promise.name())
                }
                None => "was accepted on no ground".to_owned(),
            };
            answer.error(repository, &package.nevra, detail);
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use heirloom_model::record::{Accepted, Compared, Promise};
    use heirloom_model::{Digest, Nevra, Verdict};

    use crate::gate::Grounds;
    use crate::gate::support::{Made, asked, lines};

    fn compared(nevra: &str, verdict: Verdict) -> Accepted {
        let nevra: Nevra = nevra.parse().unwrap();
        let compared = Compared {
            package: Digest::of(b"a"),
            reference: Digest::of(b"b"),
            reference_nevra: nevra.clone(),
            nevra,
            rules: 1,
            verdict,
            evidence: None,
            findings: Vec::new(),
            normalisations: Vec::new(),
            allowances: Vec::new(),
            told: None,
        };
        Accepted::compared(&compared, Promise::Abi).unwrap()
    }

    #[test]
    fn what_is_below_the_promise_or_without_a_ground_is_refused() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.noarch\nb-1-1.noarch\nc-1-1.noarch\nd-1-1.noarch\n");
        let own = made.packages("BaseOS", "x86_64")[3].clone();
        let accepted = [
            compared("a-1-1.noarch", Verdict::AbiCompatible),
            compared("b-1-1.noarch", Verdict::Identical),
            Accepted::own(&own),
        ];
        let mut input = made.input();
        input.grounds = Some(Grounds { promise: Promise::Identical, accepted: &accepted });
        assert_eq!(
            lines(&asked(&input), "certificate"),
            [
                "BaseOS/x86_64: a-1-1.noarch: is abi-compatible, below the promise `identical`",
                "BaseOS/x86_64: c-1-1.noarch: was accepted on no ground",
            ]
        );
        input.grounds = Some(Grounds { promise: Promise::Abi, accepted: &accepted });
        assert_eq!(lines(&asked(&input), "certificate").len(), 1);
    }
}
