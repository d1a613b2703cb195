//! What holds for every plan.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_migrate::plan::{Action, Plan};
use heirloom_model::{Dependency, Nevra};
use proptest::prelude::*;

use super::case::{Case, RELEASE};

/// A package's line: a name of a few, a version of a few, what it requires, conflicts with and obsoletes.
fn line() -> impl Strategy<Value = String> {
    let kind = prop_oneof![4 => Just("vendor"), 1 => Just("other"), 1 => Just("target"), 6 => Just("offer")];
    let name = 0_u32..8;
    let links = prop::collection::vec((0_u32..10, 0_u32..4), 0..3);
    (kind, name, 1_u32..4, links, prop::bool::weighted(0.1), prop::bool::weighted(0.1), prop::bool::ANY)
        .prop_map(|(kind, name, version, links, conflicts, obsoletes, asked)| {
            let requires: Vec<String> = links
                .iter()
                .map(|(name, version)| match version {
                    0 => format!("p{name}"),
                    1 => format!("(p{name} or p{})", (name + 1) % 8),
                    version => format!("p{name} >= {version}"),
                })
                .collect();
            let arch = if name % 3 == 0 { "noarch" } else { "x86_64" };
            let mut line = format!("{kind} p{name}-{version}-1.{arch}");
            for (field, list) in [
                ("req", requires),
                ("con", if conflicts { vec![format!("p{}", (name + 3) % 8)] } else { Vec::new() }),
                ("obs", if obsoletes { vec![format!("p{} < 3", (name + 5) % 8)] } else { Vec::new() }),
                ("why", if asked { vec!["user".to_owned()] } else { vec!["dependency".to_owned()] }),
            ] {
                if !list.is_empty() {
                    line.push_str(&format!(" | {field}: {}", list.join(", ")));
                }
            }
            line
        })
}

fn cases() -> impl Strategy<Value = String> {
    prop::collection::vec(line(), 1..30).prop_map(|lines| {
        // Of one NEVRA, one of a kind.
        let unique: BTreeMap<String, String> = lines
            .into_iter()
            .map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                let kind = if words[0] == "offer" { "offer" } else { "installed" };
                (format!("{kind} {}", words[1]), line.clone())
            })
            .collect();
        format!("{RELEASE}{}", unique.into_values().collect::<Vec<_>>().join("\n"))
    })
}

/// What is there afterwards: name, version, provides, requires, conflicts, obsoletes.
struct Member<'a> {
    nevra: &'a Nevra,
    provides: &'a [Dependency],
    requires: &'a [Dependency],
    conflicts: &'a [Dependency],
    obsoletes: &'a [Dependency],
}

fn members<'a>(case: &'a Case, plan: &'a Plan) -> Vec<Member<'a>> {
    let mut members: BTreeMap<&Nevra, Member<'a>> = BTreeMap::new();
    for step in &plan.packages {
        let stays = matches!(step.action, Action::Keep | Action::Orphan | Action::ThirdParty);
        let installed = case.assessment.packages.iter().find(|it| Some(&it.nevra) == step.installed.as_ref());
        if let Some(it) = installed.filter(|_| stays) {
            members.insert(
                &it.nevra,
                Member {
                    nevra: &it.nevra,
                    provides: &it.provides,
                    requires: &it.requires,
                    conflicts: &it.conflicts,
                    obsoletes: &it.obsoletes,
                },
            );
        }
        if let Some(source) = &step.result {
            let it = &case.offer.packages.iter().find(|it| it.package.nevra == source.nevra).unwrap().package;
            members.insert(
                &it.nevra,
                Member {
                    nevra: &it.nevra,
                    provides: &it.provides,
                    requires: &it.requires,
                    conflicts: &it.conflicts,
                    obsoletes: &it.obsoletes,
                },
            );
        }
    }
    members.into_values().collect()
}

/// As these cases need it: versions are whole numbers.
fn provided(members: &[Member<'_>], text: &str) -> bool {
    if let Some(inside) = text.strip_prefix('(') {
        return inside.trim_end_matches(')').split(" or ").any(|one| provided(members, one));
    }
    let (name, least) = text.split_once(" >= ").unwrap_or((text, "0"));
    let least: u32 = least.parse().unwrap();
    let has = |member: &&Member<'_>| {
        member.provides.iter().any(|it| it.name == name)
            && (least == 0 || member.nevra.evr().version().parse::<u32>().unwrap() >= least)
    };
    members.iter().any(|member| has(&member))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_package_has_one_step_and_the_result_is_closed(text in cases()) {
        let case = Case::parse(&text);
        let plan = case.plan();
        let mut steps: Vec<String> =
            plan.packages.iter().filter_map(|it| it.installed.as_ref().map(ToString::to_string)).collect();
        steps.sort();
        let mut installed: Vec<String> =
            case.assessment.packages.iter().map(|it| it.nevra.to_string()).collect();
        installed.sort();
        prop_assert_eq!(steps, installed);
        for step in &plan.packages {
            prop_assert!(step.reason.ends_with('.'), "{:?}", step);
            let has_result = !matches!(step.action, Action::Keep | Action::Orphan | Action::ThirdParty | Action::Remove);
            prop_assert_eq!(step.result.is_some(), has_result, "{:?}", step);
        }
        // Two of one name and architecture are never left.
        let after = members(&case, &plan);
        let names: BTreeSet<_> = after.iter().map(|it| (it.nevra.name(), it.nevra.arch())).collect();
        let others_twice = case.assessment.packages.iter().filter(|it| it.key.starts_with("1111")).count() > 0;
        prop_assert!(names.len() == after.len() || others_twice, "{}", text);
        prop_assert!(!plan.checks.iter().any(|it| it.id == "unsolved"), "{}", text);
        if plan.blockers().next().is_some() || plan.checks.iter().any(|it| it.id == "broken-before") {
            return Ok(());
        }
        for member in &after {
            for dependency in member.requires {
                prop_assert!(provided(&after, &dependency.to_string()), "{} needs {dependency}\n{text}", member.nevra);
            }
            for other in after.iter().filter(|other| other.nevra.name() != member.nevra.name()) {
                let named = |it: &Dependency| it.name == other.nevra.name();
                prop_assert!(!member.conflicts.iter().any(named), "{} {}\n{text}", member.nevra, other.nevra);
                let version: u32 = other.nevra.evr().version().split('.').next().unwrap().parse().unwrap();
                prop_assert!(!member.obsoletes.iter().any(named) || version >= 3, "{} {}\n{text}", member.nevra, other.nevra);
            }
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_bytes(text in cases()) {
        let json = |text: &str| serde_json::to_string(&Case::parse(text).plan()).unwrap();
        prop_assert_eq!(json(&text), json(&text));
    }
}
