//! `updateinfo`: advisories and packages agree.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use heirloom_formats::evr;
use heirloom_model::Nevra;
use heirloom_model::gate::GateSeverity;

use super::answer::{Answer, Seen};
use super::input::Advisories;
use super::known::ByName;
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("advisories");
    let Some(advisories) = machines.input.advisories else {
        answer.not_asked("there are no advisories");
        return Ok(answer);
    };
    let withdrawn = advisories.withdrawn.into_iter().flatten().map(|id| tail(id));
    let ours: HashSet<_> = advisories.ours.iter().map(|one| tail(&one.id)).chain(withdrawn).collect();
    missing(machines, &advisories, &ours, &mut answer);
    stale(machines, &advisories, &mut answer);
    match advisories.present {
        None => answer.not_asked("there is no present snapshot whose advisories could be lost"),
        Some(present) => {
            answer.looked_at += present.len();
            for lost in present.iter().filter(|one| !ours.contains(tail(&one.id))) {
                see(&mut answer, None, format!("{} is in the present snapshot and not here", lost.id));
            }
        }
    }
    Ok(answer)
}

/// An advisory of the reference must be here as soon as one of its packages is.
fn missing(machines: &Machines<'_>, all: &Advisories<'_>, ours: &HashSet<&str>, answer: &mut Answer) {
    let Some(reference) = all.reference else {
        answer.not_asked("there is no reference with advisories");
        return;
    };
    answer.looked_at += reference.len();
    let repositories: Vec<_> = machines.input.repositories.iter().collect();
    let packages = ByName::new(&repositories);
    let ships = |nevra: &&Nevra| {
        packages.named(nevra.name()).iter().any(|(_, package)| {
            package.nevra.arch() == nevra.arch()
                && evr::compare_mapped(machines.input.dist, nevra.evr(), package.nevra.evr())
                    == Ordering::Equal
        })
    };
    for advisory in reference.iter().filter(|one| !ours.contains(tail(&one.id))) {
        if let Some(shipped) = advisory.packages.iter().find(ships) {
            let detail = format!("{} is about it in the reference, and not here", advisory.id);
            see(answer, Some(shipped), detail);
        }
    }
}

/// What an advisory names must be here, in that version or a newer one, as far as it is for a machine that we have.
fn stale(machines: &Machines<'_>, all: &Advisories<'_>, answer: &mut Answer) {
    answer.looked_at += all.ours.len();
    let repositories = &machines.input.repositories;
    let mut shipped: HashMap<(&str, &str), Vec<&Nevra>> = HashMap::new();
    for package in repositories.iter().flat_map(|one| one.packages) {
        shipped.entry((package.nevra.name(), package.nevra.arch())).or_default().push(&package.nevra);
    }
    let arches: HashSet<_> = shipped.keys().map(|(_, arch)| *arch).collect();
    for advisory in all.ours {
        for nevra in &advisory.packages {
            let there = shipped.get(&(nevra.name(), nevra.arch()));
            let has_fix = there.is_some_and(|all| {
                all.iter().any(|one| evr::compare(one.evr(), nevra.evr()) != Ordering::Less)
            });
            if arches.contains(nevra.arch()) && !has_fix {
                see(
                    answer,
                    Some(nevra),
                    format!("{} names it, and no repository has it or a newer one", advisory.id),
                );
            }
        }
    }
}

fn see(answer: &mut Answer, package: Option<&Nevra>, detail: String) {
    let (repository, arch, severity) = (String::new(), String::new(), GateSeverity::Error);
    answer.see(Seen { severity, repository, arch, package: package.cloned(), detail, fix: None });
}

/// An id without its vendor's letters: `SA-2024:1234` of `RHSA-2024:1234`, so that a rebuild may have letters of its own.
fn tail(id: &str) -> &str {
    let Some((letters, _)) = id.split_once('-') else { return id };
    let kind = ["SA", "BA", "EA"].iter().find(|kind| letters.ends_with(*kind));
    kind.map_or(id, |kind| &id[letters.len() - kind.len()..])
}

#[cfg(test)]
mod tests {
    use heirloom_formats::Document;
    use heirloom_formats::updateinfo::{self, Advisory};
    use heirloom_model::Nevra;

    use super::tail;
    use crate::gate::Advisories;
    use crate::gate::support::{Made, asked, lines};

    fn parsed(advisories: &[(&str, &[&str])]) -> Vec<Advisory> {
        let mut text = String::from("<updates>");
        for (id, packages) in advisories {
            text += &format!("<update type=\"security\"><id>{id}</id><pkglist><collection>");
            for package in *packages {
                let nevra: Nevra = package.parse().unwrap();
                text += &format!(
                    "<package name=\"{}\" version=\"{}\" release=\"{}\" epoch=\"{}\" arch=\"{}\"/>",
                    nevra.name(),
                    nevra.evr().version(),
                    nevra.evr().release(),
                    nevra.evr().epoch(),
                    nevra.arch()
                );
            }
            text += "</collection></pkglist></update>";
        }
        text += "</updates>";
        updateinfo::parse(Document::new("updateinfo.xml", text.as_bytes())).unwrap()
    }

    #[test]
    fn advisories_are_neither_missing_nor_stale_nor_lost() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", "a-1-1.el9_4.x86_64\nb-1-1.el9_4.x86_64\n");
        made.dist_map(".el9_9=.el9_4");
        let reference = parsed(&[
            ("RHSA-2024:1", &["a-1-1.el9_9.x86_64"]),
            ("RHSA-2024:2", &["b-1-1.el9_9.x86_64", "b-1-1.el9_9.aarch64"]),
            ("RHSA-2024:3", &["c-1-1.el9_9.x86_64"]),
            ("RHSA-2024:4", &["a-1-2.el9_9.x86_64"]),
        ]);
        let ours = parsed(&[
            ("KSA-2024:1", &["a-1-1.el9_4.x86_64", "a-1-1.el9_4.aarch64"]),
            ("KSA-2024:9", &["z-1-1.x86_64"]),
        ]);
        let present = parsed(&[("KSA-2024:1", &[]), ("KBA-2024:7", &[]), ("KSA-2024:8", &[])]);
        let withdrawn = Some(&["RHSA-2024:8".to_owned()].into());
        let mut input = made.input();
        let reference = Some(&reference[..]);
        input.advisories = Some(Advisories { reference, ours: &ours, present: Some(&present), withdrawn });
        assert_eq!(
            lines(&asked(&input), "updateinfo"),
            [
                "KBA-2024:7 is in the present snapshot and not here",
                "b-1-1.el9_9.x86_64: RHSA-2024:2 is about it in the reference, and not here",
                "z-1-1.x86_64: KSA-2024:9 names it, and no repository has it or a newer one",
            ]
        );
    }

    #[test]
    fn ids_are_compared_without_their_vendor() {
        for (id, expected) in [
            ("RHSA-2024:1234", "SA-2024:1234"),
            ("ALSA-2024:1234", "SA-2024:1234"),
            ("RHBA-2024:1", "BA-2024:1"),
            ("FEDORA-2024-ab", "FEDORA-2024-ab"),
            ("x", "x"),
        ] {
            assert_eq!(tail(id), expected);
        }
    }
}
