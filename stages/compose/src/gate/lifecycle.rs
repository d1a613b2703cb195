//! `lifecycle`: what changes against the present snapshot is what the phase of the day allows.
//!
//! A fix of the same upstream version is allowed as long as anything is fixed. A new upstream version is a rebase. Whether
//! a module's new version is a rebase or a new stream can't be told from the present snapshot, which has no labels: it is
//! allowed if either is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{Major, Member, Phase, Standing, Stream};
use heirloom_model::record::RepositoryKind;
use heirloom_model::{Nevra, Package};

use super::answer::Answer;
use super::facts::AllFacts;
use super::input::{GateRepository, GateSnapshot};
use super::machine::Machines;
use crate::ComposeError;

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("packages that are not in the present snapshot");
    let Some(major) = machines.input.lifecycle else {
        answer.not_asked("there is no lifecycle document");
        return Ok(answer);
    };
    let Some(present) = machines.input.snapshots.iter().find(|one| one.is_present) else {
        answer.not_asked("there is no present snapshot");
        return Ok(answer);
    };
    let facts = machines.facts()?;
    for (name, why) in &facts.absent {
        answer.not_asked(format!("of which modules the packages of {name} are: {why}"));
    }
    let today = machines.input.today;
    if major.begins().is_some_and(|begins| today < begins) {
        answer.not_asked(format!("{} has not begun on {today}", major.version));
        return Ok(answer);
    }
    let change = Changes { major, phase: major.phase(today), facts, today, present: Present::of(present) };
    for repository in machines.input.repositories.iter().filter(|one| one.kind == RepositoryKind::Binary) {
        change.ask(repository, &mut answer);
    }
    Ok(answer)
}

/// What the present snapshot has, of binary packages.
struct Present<'a> {
    nevras: HashSet<&'a Nevra>,
    /// Upstream's versions of each name: epoch and version.
    versions: HashMap<&'a str, BTreeSet<(u32, &'a str)>>,
}

impl<'a> Present<'a> {
    fn of(snapshot: &'a GateSnapshot<'a>) -> Self {
        let (mut nevras, mut versions) = (HashSet::new(), HashMap::<_, BTreeSet<_>>::new());
        let binary = snapshot.repositories.iter().filter(|one| one.kind == RepositoryKind::Binary);
        for known in binary.flat_map(|one| &one.packages) {
            nevras.insert(known.nevra);
            versions.entry(known.nevra.name()).or_default().insert(version(known.nevra));
        }
        Self { nevras, versions }
    }
}

fn version(nevra: &Nevra) -> (u32, &str) {
    (nevra.evr().epoch(), nevra.evr().version())
}

/// All that a change is judged by.
struct Changes<'a> {
    major: &'a Major,
    phase: Option<&'a Phase>,
    facts: &'a AllFacts<'a>,
    today: Date,
    present: Present<'a>,
}

impl Changes<'_> {
    fn ask(&self, repository: &GateRepository<'_>, answer: &mut Answer) {
        let mut by_source = BTreeMap::<&str, Vec<&Package>>::new();
        for package in repository.packages {
            let source = package.source_name().unwrap_or(package.nevra.name());
            by_source.entry(source).or_default().push(package);
        }
        for packages in by_source.values_mut() {
            // Whether the source package is new, not whether it has one more binary package.
            let is_known = packages.iter().any(|it| self.present.versions.contains_key(it.nevra.name()));
            packages.retain(|package| !self.present.nevras.contains(&package.nevra));
            packages.sort_by(|one, other| one.nevra.cmp(&other.nevra));
            answer.looked_at += packages.len();
            let mut told = HashSet::new();
            for package in packages.iter() {
                // What is wrong with a source is said once of all its packages.
                if let Some(wrong) =
                    self.wrong(repository, package, is_known).filter(|it| told.insert(it.clone()))
                {
                    answer.error(repository, &package.nevra, wrong);
                }
            }
        }
    }

    /// What is wrong with a package that the present snapshot does not have.
    fn wrong(&self, repository: &GateRepository<'_>, package: &Package, is_known: bool) -> Option<String> {
        let (major, today) = (self.major.version, self.today);
        let label = self.facts.get(package).map_or("", |facts| facts.label.as_str());
        let member = Member { name: package.nevra.name(), source: package.source_name(), label };
        let life = self.major.life(member, today);
        let ended =
            self.major.repositories.iter().find(|one| one.name == repository.name).and_then(|it| it.ends);
        if let Some(ends) = ended.filter(|ends| *ends < today) {
            return Some(format!("changes after its repository has ended, on {ends}"));
        }
        match (life.standing, life.ends, life.stream) {
            (Standing::Ended, Some(ends), Some(stream)) => {
                return Some(format!("changes after its stream {} has ended, on {ends}", stream.name));
            }
            (Standing::Ended, Some(ends), None) => {
                return Some(format!("changes after the last phase of {major} has ended, on {ends}"));
            }
            (Standing::NotYet, ..) => {
                let begins = life.stream.and_then(|stream| stream.released)?;
                return Some(format!("is here before its stream begins, on {begins}"));
            }
            _ => {}
        }
        // A stream that outlives the last phase has no phase then, and goes on as who maintains it likes.
        let phase = self.phase?;
        let (name, promises) = (phase.kind.name(), &phase.promises);
        if !promises.fixes_anything() {
            return Some(format!("changes, and nothing is fixed in the {name} phase"));
        }
        let stream = life.stream.map(|stream| format!(" of stream {}", stream.name)).unwrap_or_default();
        if !is_known {
            let wrong = format!("is a new package{stream}, which the {name} phase does not allow");
            return (!promises.packages).then_some(wrong);
        }
        let versions = self.present.versions.get(package.nevra.name())?;
        let is_rolling = life.stream.is_some_and(|stream: &Stream| stream.rolling);
        if versions.contains(&version(&package.nevra)) || promises.rebases || is_rolling {
            return None;
        }
        let before: Vec<_> = versions.iter().map(|(_, version)| *version).collect();
        let before = before.join(", ");
        let new = package.nevra.evr().version();
        match member.module() {
            None => Some(format!("is rebased from {before} to {new}, which the {name} phase does not allow")),
            Some(_) if promises.packages => None,
            Some(module) => Some(format!(
                "of module {module} is rebased from {before} to {new}, or of a new stream, and the {name} phase allows neither"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use heirloom_model::advisory::Severity;
    use heirloom_model::allowance::Date;
    use heirloom_model::lifecycle::{Major, Phase, PhaseKind, Promises, Repository, Stream};

    use crate::gate::support::{Made, asked, lines, report};

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// Full in 2022, maintenance in 2023, extended in 2024 with nothing promised in it.
    fn major() -> Major {
        let phase = |kind, year: u32, promises| Phase {
            kind,
            begins: day(&format!("{year}-01-01")),
            ends: day(&format!("{year}-12-31")),
            promises,
            maintainer: String::new(),
        };
        let fixes = Promises { security: Some(Severity::Important), ..Promises::default() };
        let stream = |name: &str, ends: &str, package: &str| Stream {
            name: name.to_owned(),
            released: None,
            ends: Some(day(ends)),
            outlives: false,
            rolling: false,
            sources: [package.to_owned()].into(),
            packages: [package.to_owned()].into(),
            upstream: None,
            maintainer: String::new(),
        };
        Major {
            version: 9,
            upstream: None,
            phases: vec![
                phase(PhaseKind::Full, 2022, Promises { rebases: true, packages: true, ..fixes }),
                phase(PhaseKind::Maintenance, 2023, fixes),
                phase(PhaseKind::Extended, 2024, Promises::default()),
            ],
            minors: Vec::new(),
            streams: vec![
                stream("sql", "2023-05-31", "sql"),
                Stream { rolling: true, ..stream("fox", "2024-12-31", "fox") },
            ],
            repositories: vec![Repository { name: "Extra".to_owned(), ends: Some(day("2023-03-31")) }],
        }
    }

    fn found(today: &str, text: &str) -> Vec<String> {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", text);
        made.repository("Extra", "x86_64", "extra-1-2.x86_64\n");
        made.present(
            "BaseOS",
            "x86_64",
            "bash-5-1.x86_64\nsql-16-1.x86_64\nfox-1-1.x86_64\nextra-1-1.x86_64\nkept-1-1.noarch\n",
        );
        let major = major();
        let mut input = made.input();
        (input.lifecycle, input.today) = (Some(&major), day(today));
        let mut found = lines(&asked(&input), "lifecycle");
        found.sort();
        found
    }

    const FIXES: &str = "bash-5-2.x86_64\nkept-1-1.noarch\n";
    const NEWS: &str = "bash-6-1.x86_64\nfox-2-1.x86_64\nnew-1-1.noarch\nkept-1-1.noarch\n";

    #[test]
    fn rebases_and_new_packages_are_for_the_phases_that_allow_them() {
        assert_eq!(found("2022-12-31", NEWS), [] as [String; 0]);
        assert_eq!(
            found("2023-01-01", NEWS),
            [
                "BaseOS/x86_64: bash-6-1.x86_64: is rebased from 5 to 6, which the maintenance phase does not allow",
                "BaseOS/x86_64: new-1-1.noarch: is a new package, which the maintenance phase does not allow",
            ]
        );
        assert_eq!(found("2023-01-01", FIXES), [] as [String; 0]);
    }

    #[test]
    fn what_has_ended_does_not_change() {
        assert_eq!(found("2023-05-31", "sql-16-2.x86_64\n"), EXTRA, "the last day of the stream");
        let ended = "BaseOS/x86_64: sql-16-2.x86_64: changes after its stream sql has ended, on 2023-05-31";
        assert_eq!(found("2023-06-01", "sql-16-2.x86_64\n"), [ended, EXTRA[0]]);
        assert_eq!(found("2023-06-01", "sql-16-1.x86_64\n"), EXTRA);
        assert_eq!(
            found("2024-01-01", FIXES)[0],
            "BaseOS/x86_64: bash-5-2.x86_64: changes, and nothing is fixed in the extended phase"
        );
        assert_eq!(
            found("2025-01-01", FIXES)[0],
            "BaseOS/x86_64: bash-5-2.x86_64: changes after the last phase of 9 has ended, on 2024-12-31"
        );
    }

    const EXTRA: [&str; 1] =
        ["Extra/x86_64: extra-1-2.x86_64: changes after its repository has ended, on 2023-03-31"];

    #[test]
    fn without_a_document_or_a_snapshot_it_is_not_asked() {
        let mut made = Made::default();
        made.repository("BaseOS", "x86_64", NEWS);
        assert_eq!(report(&made, "lifecycle").not_asked, ["there is no lifecycle document"]);
        let (major, mut input) = (major(), made.input());
        input.lifecycle = Some(&major);
        let rules = asked(&input).rules;
        let rule = rules.into_iter().find(|rule| rule.rule == "lifecycle").unwrap();
        assert_eq!(rule.not_asked, ["there is no present snapshot"]);
    }
}
