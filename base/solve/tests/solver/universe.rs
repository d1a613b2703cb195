//! Questions about a universe, its limits and its speed.

use std::time::Instant;

use heirloom_model::{Dependency, PackageFile};
use heirloom_solve::{InstallError, PackageId, Repository, SolveError, Universe};

use crate::support::{answer, package, packages};

const TEXT: &str = "
app-1-1.noarch
  requires: lib >= 2, (plugin if host), (/usr/bin/tool or none), (ghost if none)
app-1-1.src
  requires: lib, absent-devel >= 3
host-1-1.noarch
lib-1-1.noarch
lib-1.5-1.noarch
tool-1-1.noarch
  files: /usr/bin/tool
";

fn dependency(text: &str) -> Dependency {
    text.parse().unwrap()
}

#[test]
fn an_empty_repository_changes_nothing_wherever_it_stands() {
    let packages = packages(TEXT);
    let full = Repository { name: "full", priority: 0, packages: &packages };
    let empty = Repository { name: "empty", priority: 9, packages: &[] };
    for (repositories, number) in [([full, empty], 0), ([empty, full], 1)] {
        let universe = Universe::new("x86_64", &repositories).unwrap();
        let solution = universe.install(&[dependency("lib")], &[], false).unwrap();
        let [chosen] = &solution.install[..] else { panic!("{solution:?}") };
        assert_eq!(chosen.id.repository, number);
        assert_eq!(universe.package(chosen.id).unwrap().nevra.to_string(), "lib-1.5-1.noarch");
    }
}

#[test]
fn providers_and_unresolved_requirements() {
    let packages = packages(TEXT);
    let universe =
        Universe::new("x86_64", &[Repository { name: "base", priority: 0, packages: &packages }]).unwrap();
    let id = |package| PackageId { repository: 0, package };

    assert_eq!(universe.providers(&dependency("lib")).unwrap(), [id(3), id(4)]);
    assert_eq!(universe.providers(&dependency("lib > 1")).unwrap(), [id(4)]);
    assert_eq!(universe.providers(&dependency("/usr/bin/tool")).unwrap(), [id(5)]);
    assert_eq!(universe.providers(&dependency("(host or tool)")).unwrap(), [id(2), id(5)]);
    assert_eq!(universe.providers(&dependency("none")).unwrap(), []);

    let all: Vec<_> = (0..packages.len()).map(id).collect();
    let unresolved = universe.unresolved(&all).unwrap();
    let expected = [(0, "lib >= 2"), (0, "(plugin if host)"), (1, "absent-devel >= 3")];
    assert_eq!(unresolved, expected.map(|(index, text)| (id(index), dependency(text))));

    assert_eq!(universe.package(id(2)).unwrap().nevra.name(), "host");
    assert!(universe.package(id(99)).is_none());
    assert!(matches!(universe.unresolved(&[id(99)]), Err(SolveError::UnknownPackage(_))));
    let error = universe.install(&[], &[id(99)], false).unwrap_err();
    assert!(matches!(error, InstallError::Input(SolveError::UnknownPackage(_))));
}

#[test]
fn a_rich_dependency_that_does_not_parse_is_named() {
    let packages = packages("app-1-1.noarch\n  requires: (a if)\n");
    let repository = Repository { name: "base", priority: 0, packages: &packages };
    let error = Universe::new("x86_64", &[repository]).err().unwrap();
    assert_eq!(error.to_string(), "app-1-1.noarch: `(a if)` is not a well-formed rich dependency");
    let universe = Universe::new("x86_64", &[]).unwrap();
    for broken in ["(a", "(a and)", "()"] {
        let error = universe.install(&[Dependency::any(broken)], &[], false).unwrap_err();
        assert!(error.to_string().starts_with("the request: "), "{error}");
    }
    assert!(universe.install(&[Dependency::any("a\0b")], &[], false).is_err());
    assert!(universe.install(&[Dependency::any("")], &[], false).is_err());
}

#[test]
fn what_is_hidden_is_not_chosen() {
    let packages = packages(
        "a-2-1.noarch\n  provides: tool\nb-1-1.noarch\n  provides: tool\nc-1-1.noarch\n  requires: a\n",
    );
    let universe =
        Universe::new("x86_64", &[Repository { name: "base", priority: 0, packages: &packages }]).unwrap();
    let without = |wanted: &str, hidden: &[usize]| {
        let hidden: Vec<_> = hidden.iter().map(|&package| PackageId { repository: 0, package }).collect();
        answer(&universe, universe.install_without(&[dependency(wanted)], &[], &hidden, false))
    };
    assert_eq!(without("tool", &[1]), "a-2-1.noarch: wanted as tool\n");
    assert_eq!(without("tool", &[0]), "b-1-1.noarch: wanted as tool\n");
    // The universe is as it was.
    assert_eq!(without("c", &[]).lines().count(), 2);
    let told = without("c", &[0]);
    assert!(told.contains("c:"), "{told}");
    let unknown = PackageId { repository: 0, package: 9 };
    assert!(universe.install_without(&[dependency("tool")], &[], &[unknown], false).is_err());
}

#[test]
fn a_universe_can_move_to_another_thread() {
    let packages = packages("a-1-1.noarch\n");
    let universe =
        Universe::new("x86_64", &[Repository { name: "base", priority: 0, packages: &packages }]).unwrap();
    let found = std::thread::scope(|scope| {
        scope.spawn(move || answer(&universe, universe.install(&[dependency("a")], &[], false))).join()
    });
    assert_eq!(found.unwrap(), "a-1-1.noarch: wanted as a\n");
}

/// A layered distribution: each package requires some earlier ones, by name, file and rich dependency.
fn many(count: usize, files: usize) -> Vec<heirloom_model::Package> {
    (0..count)
        .map(|index| {
            let mut package = package(&format!("p{index}-1-1.x86_64"));
            for soname in 0..10 {
                package.provides.push(dependency(&format!("lib{index}.so.{soname}()(64bit)")));
            }
            for step in [1, 7, 31].into_iter().filter(|step| *step <= index) {
                let on = index - step;
                package.requires.push(dependency(&format!("lib{on}.so.{}()(64bit)", index % 10)));
                package.requires.push(dependency(&format!("/usr/share/p{on}/file{}", index % files)));
                package.requires.push(dependency(&format!("(p{on} if p{index})")));
            }
            let file = |number| PackageFile {
                path: format!("/usr/share/p{index}/file{number}"),
                is_dir: false,
                is_ghost: false,
            };
            package.files = (0..files).map(file).collect();
            package
        })
        .collect()
}

#[test]
fn thirty_requests_take_less_than_a_second() {
    let packages = many(250, 400);
    let repository = Repository { name: "base", priority: 0, packages: &packages };
    let start = Instant::now();
    let universe = Universe::new("x86_64", &[repository]).unwrap();
    let built = start.elapsed();
    let present: Vec<_> = (0..140).map(|package| PackageId { repository: 0, package }).collect();
    for index in 0..30 {
        let wanted = [dependency(&format!("p{}", 200 + index)), dependency("/usr/share/p20/file3")];
        let solution = universe.install(&wanted, &present, false).unwrap();
        assert!(solution.replaced.is_empty() && solution.install.len() > 60);
    }
    let solved = start.elapsed() - built;
    println!("universe {built:?}, 30 requests {solved:?}");
    assert!(
        built.as_millis() < 1000 && solved.as_millis() < 3000,
        "{built:?} {solved:?}: ten times too slow"
    );
}
