//! What can be installed: all at once gives the verdicts of one question for each.

use heirloom_model::{Compare, Dependency, Package};
use heirloom_solve::{PackageId, Repository, Universe};
use proptest::prelude::*;

use crate::support::packages;

fn universe(packages: &[Package]) -> Universe<'_> {
    Universe::new("x86_64", &[Repository { name: "all", priority: 0, packages }]).unwrap()
}

fn all(packages: &[Package]) -> Vec<PackageId> {
    (0..packages.len()).map(|package| PackageId { repository: 0, package }).collect()
}

/// Each package that can't be installed with its problems, a line each.
fn told(text: &str) -> String {
    let packages = packages(text);
    let universe = universe(&packages);
    let failed = universe.uninstallable(&all(&packages)).unwrap();
    let line = |(id, why): &(PackageId, _)| format!("{}: {why}\n", universe.package(*id).unwrap().nevra);
    failed.iter().map(line).collect()
}

#[test]
fn what_excludes_each_other_is_installable() {
    assert_eq!(
        told(
            "a-1-1.noarch\n conflicts: b\nb-1-1.noarch\n\
             v-1-1.noarch\nv-2-1.noarch\nw-1-1.noarch\n obsoletes: v < 3\n\
             m-1-1.x86_64\nm-1-1.i686\nm-2-1.i686\n\
             needs-old-1-1.noarch\n requires: v = 1\nneeds-new-1-1.noarch\n requires: v = 2\n"
        ),
        ""
    );
}

#[test]
fn a_level_of_an_architecture_runs_what_is_below_it() {
    let packages = packages(
        "a-1-1.x86_64_v2\n requires: b, c\nb-1-1.x86_64\nc-1-1.noarch\nd-1-1.x86_64_v3\ne-1-1.i686\n",
    );
    for (arch, left) in [("x86_64_v2", "d"), ("x86_64_v3", ""), ("x86_64_v4", ""), ("x86_64", "a d")] {
        let repository = Repository { name: "all", priority: 0, packages: &packages };
        let universe = Universe::new(arch, &[repository]).unwrap();
        let failed = universe.uninstallable(&all(&packages)).unwrap();
        let names: Vec<_> = failed.iter().map(|(id, _)| packages[id.package].nevra.name()).collect();
        assert_eq!(names.join(" "), left, "{arch}");
    }
}

#[test]
fn a_chain_leads_to_what_is_missing() {
    assert_eq!(
        told(
            "a-1-1.noarch\n requires: b\nb-1-1.noarch\n requires: c >= 2, d\nc-1-1.noarch\nd-1-1.noarch\n\
             e-1-1.noarch\n requires: (b or d)\nf-1-1.noarch\n requires: (b and d)\n"
        ),
        "a-1-1.noarch: a-1-1.noarch requires `b`, b-1-1.noarch requires `c >= 2`, nothing provides it; nearest: \
         `c = 1-1` of c-1-1.noarch in all\n\
         b-1-1.noarch: b-1-1.noarch requires `c >= 2`, nothing provides it; nearest: `c = 1-1` of c-1-1.noarch in all\n\
         f-1-1.noarch: f-1-1.noarch requires `(b and d)`, b-1-1.noarch requires `c >= 2`, nothing provides it; \
         nearest: `c = 1-1` of c-1-1.noarch in all\n"
    );
}

#[test]
fn a_chain_leads_to_what_is_in_conflict() {
    let text = told(
        "a-1-1.noarch\n requires: b, c\nb-1-1.noarch\n conflicts: c\nc-1-1.noarch\n\
         self-1-1.noarch\n requires: loop\nloop-1-1.noarch\n requires: self, b, c\n",
    );
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (line, first) in lines.iter().zip(["a", "self", "loop"]) {
        assert!(line.starts_with(&format!("{first}-1-1.noarch: ")), "{text}");
        assert!(line.contains("b-1-1.noarch conflicts with `c`, c-1-1.noarch"), "{text}");
    }
}

#[test]
fn only_what_is_considered_counts() {
    let (base, more) = (packages("a-1-1.noarch\n"), packages("b-1-1.noarch\n requires: a\n"));
    let repositories = [
        Repository { name: "base", priority: 0, packages: &base },
        Repository { name: "more", priority: 0, packages: &more },
    ];
    let universe = Universe::new("x86_64", &repositories).unwrap();
    let b = PackageId { repository: 1, package: 0 };
    let count = || (universe.uninstallable(&[b]).unwrap().len(), universe.unresolved(&[b]).unwrap().len());
    assert_eq!(count(), (0, 0));
    universe.consider(&[1]);
    assert_eq!(count(), (1, 1));
    universe.consider(&[0, 1]);
    assert_eq!(count(), (0, 0));
    universe.consider(&[1]);
    let present = [PackageId { repository: 0, package: 0 }];
    assert!(universe.install(&[Dependency::any("b")], &present, false).is_ok(), "what is present is there");
}

#[test]
fn packages_can_be_together_unless_something_excludes_it() {
    let packages = packages(
        "a-1-1.noarch\nb-1-1.noarch\n conflicts: a\nc-1-1.noarch\n obsoletes: a < 2\nd-1-1.noarch\n requires: b\n\
         e-1-1.noarch\na-2-1.noarch\nm-1-1.x86_64\nm-1-1.i686\n",
    );
    let universe = universe(&packages);
    let ask = |one, other| {
        let id = |package| PackageId { repository: 0, package };
        universe.can_be_together(id(one), id(other)).unwrap()
    };
    for (together, one, other) in [
        (true, 0, 4),
        (false, 0, 1),
        (false, 0, 2),
        (false, 0, 3),
        (true, 3, 1),
        (false, 0, 5),
        (false, 1, 5),
        (true, 2, 5),
        (true, 6, 7),
    ] {
        assert_eq!(ask(one, other), together, "{one} {other}");
        assert_eq!(ask(other, one), together, "{other} {one}");
    }
}

/// A few packages of few names, so that many of their dependencies meet.
fn some_packages() -> impl Strategy<Value = Vec<Package>> {
    let dependency = ("[a-f]", proptest::option::of((0..5_usize, 1..4_u8))).prop_map(|(name, version)| {
        use Compare::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        let compare = [Less, LessOrEqual, Equal, GreaterOrEqual, Greater];
        Dependency { name, version: version.map(|(place, version)| (compare[place], version.to_string())) }
    });
    let list = |most| proptest::collection::vec(dependency.clone(), 0..most);
    let words = proptest::sample::select(vec!["or", "and", "if"]);
    let rich = ("[a-f]", words, "[a-f]", proptest::option::of("[a-f]"));
    let rich = rich.prop_map(|(one, word, other, last)| match last.filter(|_| word == "if") {
        Some(last) => Dependency::any(&format!("({one} if {other} else {last})")),
        None => Dependency::any(&format!("({one} {word} {other})")),
    });
    let requires = proptest::collection::vec(prop_oneof![3 => dependency.clone(), 1 => rich], 0..3);
    let package = ("[a-e]", 1..4_u8, proptest::bool::ANY, requires, list(2), list(2));
    let package = package.prop_map(|(name, version, second, requires, conflicts, obsoletes)| {
        let arch = if second { "i686" } else { "x86_64" };
        let mut package = crate::support::package(&format!("{name}-{version}-1.{arch}"));
        (package.requires, package.conflicts, package.obsoletes) = (requires, conflicts, obsoletes);
        package
    });
    proptest::collection::vec(package, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
    #[test]
    fn all_at_once_is_the_same_as_one_by_one(packages in some_packages()) {
        let universe = universe(&packages);
        let failed: Vec<_> =
            universe.uninstallable(&all(&packages)).unwrap().into_iter().map(|(id, _)| id).collect();
        for id in all(&packages) {
            let possible = universe.can_be_together(id, id).unwrap();
            prop_assert_eq!(!possible, failed.contains(&id), "{}", packages[id.package].nevra);
        }
    }
}
