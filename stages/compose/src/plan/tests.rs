use heirloom_formats::definition::{Multilib, RepositoryRule};
use heirloom_model::record::{Compared, Ground, Promise};
use heirloom_model::{Digest, Package, Verdict};

use super::*;
use crate::Rule;

/// `name | requires`, optionally `name/arch | requires | files`.
fn package(text: &str) -> Package {
    let mut parts = text.split('|');
    let name = parts.next().unwrap();
    let list = |text: Option<&str>| -> Vec<String> {
        text.unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (requires, files) = (list(parts.next()), list(parts.next()));
    let (name, arch) = name.trim().split_once('/').unwrap_or((name.trim(), "noarch"));
    let (name, version) = name.split_once('=').unwrap_or((name, "1"));
    serde_json::from_value(serde_json::json!({
        "nevra": format!("{name}-{version}-1.{arch}"), "digest": Digest::of(text.as_bytes()), "size": 1,
        "provides": [format!("{name} = {version}-1"), format!("lib{name}"), format!("lib{name}({arch})")], "requires": requires,
        "conflicts": [], "obsoletes": [], "recommends": [], "suggests": [], "supplements": [], "enhances": [],
        "files": files.iter().map(|path| serde_json::json!({"path": path})).collect::<Vec<_>>(),
    }))
    .unwrap()
}

fn packages(texts: &[&str]) -> Vec<Package> {
    texts.iter().map(|text| package(text)).collect()
}

fn compared(package: &Package) -> Accepted {
    let compared = Compared {
        nevra: package.nevra.clone(),
        package: package.digest,
        reference: Digest::of(b"reference"),
        reference_nevra: package.nevra.clone(),
        rules: 1,
        verdict: Verdict::Identical,
        evidence: None,
        findings: Vec::new(),
        normalisations: Vec::new(),
        allowances: Vec::new(),
        told: None,
    };
    Accepted::compared(&compared, Promise::Identical).unwrap()
}

/// What there is of one architecture.
#[derive(Default)]
struct Arch {
    rebuilt: Vec<Package>,
    own: Vec<Package>,
    companions: Vec<Package>,
    second: Vec<Package>,
    base: Vec<Package>,
    app: Vec<Package>,
    bootstrap: Vec<Package>,
}

/// The world of these tests: BaseOS and AppStream are like references, Extra takes patterns.
struct World {
    arches: Vec<(&'static str, Arch)>,
    base: RepositoryRule,
    app: RepositoryRule,
    extra: RepositoryRule,
    multilib: Option<Multilib>,
    exclude: Vec<String>,
}

fn like(reference: &str) -> RepositoryRule {
    RepositoryRule { like: Some(reference.to_owned()), ..RepositoryRule::default() }
}

/// The source of `zlib-devel` is `zlib`.
fn source(package: &Package) -> &str {
    package.nevra.name().split('-').next().unwrap_or_default()
}

impl World {
    fn new(rebuilt: &[&str], own: &[&str]) -> Self {
        let arch = Arch {
            rebuilt: packages(rebuilt),
            own: packages(own),
            base: packages(&["zlib|", "bc|", "both|"]),
            app: packages(&["tree|", "both|"]),
            bootstrap: packages(&["bash | libc", "c |", "zlib |", "lone |"]),
            ..Arch::default()
        };
        let packages = vec!["kestrel-*".to_owned()];
        Self {
            arches: vec![("x86_64", arch)],
            base: like("Ref"),
            app: like("AppStream"),
            extra: RepositoryRule { packages, inherit: true, ..RepositoryRule::default() },
            multilib: None,
            exclude: Vec::new(),
        }
    }

    fn first(&mut self) -> &mut Arch {
        &mut self.arches[0].1
    }

    fn plan(&self) -> Result<ComposePlan, ComposeError> {
        let accepted: Vec<Vec<_>> = self.arches.iter().map(|(_, arch)| accepted(arch)).collect();
        let second: Vec<Vec<_>> = self
            .arches
            .iter()
            .map(|(_, arch)| arch.second.iter().map(|package| (compared(package), package)).collect())
            .collect();
        fn candidates<'a>(accepted: &'a [(Accepted, &'a Package)]) -> Vec<Candidate<'a>> {
            accepted
                .iter()
                .map(|(accepted, package)| Candidate { accepted, package, source: source(package) })
                .collect()
        }
        let arches =
            self.arches.iter().zip(&accepted).zip(&second).map(|(((name, arch), accepted), second)| {
                ArchInput {
                    arch: name,
                    accepted: candidates(accepted),
                    second: candidates(second),
                    references: [("Ref", &arch.base[..]), ("AppStream", &arch.app)].into(),
                    bootstrap: &arch.bootstrap,
                }
            });
        plan(&Input {
            arches: arches.collect(),
            rules: vec![
                Rule { name: "BaseOS", rule: &self.base },
                Rule { name: "AppStream", rule: &self.app },
                Rule { name: "Extra", rule: &self.extra },
            ],
            multilib: self.multilib.as_ref(),
            exclude: &self.exclude,
        })
    }

    fn places(&self) -> Vec<String> {
        let show =
            |p: &Placement| format!("{}/{} ({})", p.place.path(), p.accepted.nevra().name(), p.because);
        self.plan().unwrap().placements.iter().map(show).collect()
    }

    fn left_out(&self) -> Vec<String> {
        self.plan().unwrap().unplaced.iter().map(|p| format!("{}: {}", p.nevra, p.because)).collect()
    }

    fn differences(&self) -> Vec<String> {
        self.plan().unwrap().differences.iter().map(ToString::to_string).collect()
    }

    fn error(&self) -> String {
        self.plan().unwrap_err().to_string()
    }
}

fn accepted(arch: &Arch) -> Vec<(Accepted, &Package)> {
    let rebuilt = arch.rebuilt.iter().map(|package| (compared(package), package));
    let own = arch.own.iter().map(|package| (Accepted::own(package), package));
    let of = compared(&package("any|"));
    let companions = arch.companions.iter().map(|package| (Accepted::companion(package, &of), package));
    rebuilt.chain(own).chain(companions).collect()
}

#[test]
fn each_has_its_places_and_reasons() {
    let world = World::new(&["zlib|", "tree | bash", "both|"], &["kestrel-release|"]);
    assert_eq!(
        world.places(),
        [
            "AppStream/x86_64/os/both (as in the reference AppStream)",
            "AppStream/x86_64/os/tree (as in the reference AppStream)",
            "BaseOS/x86_64/os/both (as in the reference Ref)",
            "BaseOS/x86_64/os/zlib (as in the reference Ref)",
            "Extra/x86_64/os/bash (taken along: tree-1-1.noarch requires `bash`)",
            "Extra/x86_64/os/c (taken along: bash-1-1.noarch requires `libc`)",
            "Extra/x86_64/os/kestrel-release (own package, taken by `kestrel-*`)",
        ]
    );
    let plan = world.plan().unwrap();
    let repositories: Vec<_> = plan.repositories.iter().map(Place::path).collect();
    let twins =
        |name| ["x86_64/os", "x86_64/debug/tree", "source/tree"].map(|below| format!("{name}/{below}"));
    assert_eq!(repositories, ["AppStream", "BaseOS", "Extra"].map(twins).concat());
    let extra = Place::new("Extra", RepositoryKind::Binary, "x86_64");
    let inherited = plan.repository(&extra).next().unwrap();
    assert_eq!(inherited.accepted.ground(), &Ground::Inherited);
    assert_eq!(inherited.location(), "Packages/b/bash-1-1.noarch.rpm");
}

#[test]
fn debugging_data_and_sources_are_beside_what_they_belong_to() {
    let mut world = World::new(&["zlib|", "zlib-devel|", "tree|", "both|"], &["kestrel-release|"]);
    world.first().app.extend(packages(&["zlib-devel|"]));
    world.app.debug = false;
    world.first().companions = packages(&[
        "zlib-debuginfo|",
        "zlib-devel-debuginfo|",
        "zlib-debugsource|",
        "tree-debuginfo|",
        "bc-debuginfo|",
        "zlib/src|",
        "tree/src|",
        "kestrel/src|",
        "lost/src|",
    ]);
    let companions: Vec<_> = world.places().into_iter().filter(|place| place.contains("belongs")).collect();
    assert_eq!(
        companions,
        [
            "AppStream/source/tree/tree (belongs to tree-1-1.noarch)",
            "AppStream/source/tree/zlib (belongs to zlib-devel-1-1.noarch)",
            "BaseOS/x86_64/debug/tree/zlib-debuginfo (belongs to zlib-1-1.noarch)",
            "BaseOS/x86_64/debug/tree/zlib-debugsource (belongs to zlib-1-1.noarch)",
            "BaseOS/source/tree/zlib (belongs to zlib-1-1.noarch)",
            "Extra/source/tree/kestrel (belongs to kestrel-release-1-1.noarch)",
        ]
    );
    assert_eq!(
        world.left_out(),
        [
            "bc-debuginfo-1-1.noarch: debugging data of packages that are in no repository with such a twin",
            "lost-1-1.src: source of packages that are in no repository with such a twin",
            "tree-debuginfo-1-1.noarch: debugging data of packages that are in no repository with such a twin",
            "zlib-devel-debuginfo-1-1.noarch: debugging data of packages that are in no repository with such a twin",
        ]
    );
}

#[test]
fn what_no_rule_places_is_listed() {
    let world = World::new(&["zlib|", "stranger|"], &["kestrel-tools|"]);
    assert_eq!(
        world.left_out(),
        ["stranger-1-1.noarch: no repository is like a reference repository that has it"]
    );
}

#[test]
fn own_packages_need_exactly_one_place() {
    let mut world = World::new(&[], &["kestrel-release|", "osprey|"]);
    assert!(world.error().starts_with("no repository takes the own package osprey-1-1.noarch"));
    world.base.packages.push("*rel*ease".to_owned());
    world.first().own.pop();
    assert!(world.error().contains("BaseOS and Extra both take"), "{}", world.error());
    world.base.packages = vec!["osprey*".to_owned()];
    let error = world.error();
    assert!(error.starts_with("repositories.BaseOS.packages: `osprey*` fits no own package"), "{error}");
}

#[test]
fn exclusions_leave_out_and_must_concern_something() {
    let mut world = World::new(&["zlib|", "both|", "tree|"], &["kestrel-release|"]);
    world.exclude = vec!["tree.noarch".to_owned()];
    world.app.exclude = vec!["bo*".to_owned()];
    let places = world.places();
    assert_eq!(places.len(), 3, "{places:?}");
    assert_eq!(places[0], "BaseOS/x86_64/os/both (as in the reference Ref)");
    assert_eq!(world.left_out(), ["tree-1-1.noarch: left out by `tree.noarch`"]);
    // One that the compose does not have is concerned, too.
    world.base.exclude = vec!["bc".to_owned()];
    world.plan().unwrap();
    world.base.exclude = vec!["bcc".to_owned()];
    assert_eq!(
        world.error(),
        "repositories.BaseOS.exclude: `bcc` leaves nothing out; correct it, or take it out"
    );
}

#[test]
fn the_reference_s_composition_is_held_against_it() {
    let mut world = World::new(&["zlib=2|", "tree=0|", "both|", "stray|"], &["kestrel-release|"]);
    world.first().base.extend(packages(&["moved|", "zlib-debuginfo|", "gone|"]));
    world.first().app.extend(packages(&["stray|"]));
    world.first().rebuilt.extend(packages(&["moved|"]));
    world.app.exclude = vec!["both".to_owned()];
    world.base.exclude = vec!["gone".to_owned(), "moved".to_owned()];
    world.first().app.extend(packages(&["moved|"]));
    assert_eq!(
        world.differences(),
        [
            "AppStream (x86_64): both-1-1.noarch is in BaseOS instead",
            "AppStream (x86_64): tree-0-1.noarch is older than tree-1-1.noarch",
            "BaseOS (x86_64): bc-1-1.noarch is missing",
            "BaseOS (x86_64): gone-1-1.noarch is left out by `gone`",
            "BaseOS (x86_64): moved-1-1.noarch is in AppStream instead",
            "BaseOS (x86_64): zlib-2-1.noarch is newer than zlib-1-1.noarch",
        ]
    );
}

#[test]
fn several_architectures_share_noarch_packages() {
    let mut world = World::new(&["zlib/x86_64|", "tree|"], &["kestrel-release|"]);
    let other = Arch {
        // The other machine built its own; the first one's is taken.
        rebuilt: packages(&["zlib/aarch64|", "tree | nothing-that-counts", "both|"]),
        base: packages(&["zlib/aarch64|", "both|"]),
        app: packages(&["tree|"]),
        ..Arch::default()
    };
    world.arches.push(("aarch64", other));
    world.app.architectures = Some(vec!["aarch64".to_owned()]);
    world.first().base = packages(&["zlib/x86_64|"]);
    let places: Vec<_> = world.places().into_iter().filter(|place| !place.starts_with("Extra")).collect();
    assert_eq!(
        places,
        [
            "AppStream/aarch64/os/tree (as in the reference AppStream)",
            "BaseOS/aarch64/os/both (as in the reference Ref)",
            "BaseOS/aarch64/os/zlib (as in the reference Ref)",
            "BaseOS/x86_64/os/zlib (as in the reference Ref)",
        ]
    );
    let plan = world.plan().unwrap();
    let tree = plan.placements.iter().find(|p| p.accepted.nevra().name() == "tree").unwrap();
    assert_eq!(tree.accepted.digest(), world.arches[0].1.rebuilt[1].digest);
    let release = |p: &&Placement| p.accepted.nevra().name() == "kestrel-release";
    let arches: Vec<_> = plan.placements.iter().filter(release).map(|p| p.place.arch.as_str()).collect();
    assert_eq!(arches, ["aarch64", "x86_64"]);
}

#[test]
fn a_level_of_an_architecture_is_placed_as_the_architecture_itself() {
    let mut world = World::new(&["zlib/x86_64_v2|"], &["kestrel-release|"]);
    world.arches[0].0 = "x86_64_v2";
    world.first().base = packages(&["zlib/x86_64|"]);
    assert_eq!(world.places()[0], "BaseOS/x86_64_v2/os/zlib (as in the reference Ref)");
    assert_eq!(
        world.differences(),
        [
            "AppStream (x86_64_v2): both-1-1.noarch is missing",
            "AppStream (x86_64_v2): tree-1-1.noarch is missing"
        ]
    );
}

#[test]
fn the_second_architecture_by_reference_rule_and_list() {
    let rebuilt =
        ["glibc/x86_64|", "zlib/x86_64|", "zlib-devel/x86_64|", "tree/x86_64|", "bc/x86_64|", "both/x86_64|"];
    let mut world = World::new(&rebuilt, &["kestrel-release|"]);
    let arch = world.first();
    arch.base = packages(&["glibc/x86_64|", "glibc/i686|", "zlib/x86_64|", "bc/x86_64|", "both/x86_64|"]);
    arch.app = packages(&["tree/x86_64|", "zlib-devel/x86_64|"]);
    arch.second = packages(&[
        "glibc/i686| | /lib/libc.so.6",
        "zlib/i686| glibc | /usr/lib/libz.so.1",
        "zlib-devel/i686| zlib, libboth(i686)",
        "both/i686| | /usr/share/both",
        "tree/i686|",
        "bc/i686| | /usr/lib/libbc.so.2",
    ]);
    let i686 = |world: &World| -> Vec<String> {
        let plan = world.plan().unwrap();
        let second = plan.placements.iter().filter(|p| p.accepted.nevra().arch() == "i686");
        second.map(|p| format!("{}/{} {}", p.place.path(), p.accepted.nevra().name(), p.because)).collect()
    };
    assert_eq!(i686(&world), ["BaseOS/x86_64/os/glibc as in the reference Ref"]);
    world.multilib = Some(Multilib {
        devel: true,
        runtime: true,
        packages: vec!["tr*".to_owned()],
        exclude: vec!["bc".to_owned()],
    });
    assert_eq!(
        i686(&world),
        [
            "AppStream/x86_64/os/tree of the second architecture, taken by `tr*`",
            "AppStream/x86_64/os/zlib-devel of the second architecture, taken by `devel`",
            "BaseOS/x86_64/os/both taken along: zlib-devel-1-1.i686 requires `libboth(i686)`",
            "BaseOS/x86_64/os/glibc as in the reference Ref",
            "BaseOS/x86_64/os/zlib of the second architecture, taken by `runtime`",
        ]
    );
    assert_eq!(
        world.left_out(),
        ["bc-1-1.i686: of the second architecture; neither the reference nor a rule takes it"]
    );
}

#[test]
fn a_bootstrap_that_has_nothing_changes_nothing() {
    let mut world = World::new(&["zlib|", "bc | zlib"], &["kestrel-release|"]);
    world.first().bootstrap.clear();
    assert_eq!(world.places().len(), 3);
    // What can't be had is for the gate to tell.
    world.first().rebuilt.push(package("tree | nowhere"));
    assert_eq!(world.places().len(), 4);
}

#[test]
fn without_an_heir_nothing_is_inherited() {
    let mut world = World::new(&["zlib|"], &["kestrel-release|"]);
    world.extra.inherit = false;
    assert_eq!(world.places().len(), 2);
    world.first().rebuilt = packages(&["zlib|", "tree | bash"]);
    let error = world.error();
    assert!(error.contains("2 packages of the bootstrap repository"), "{error}");
    assert!(
        error.contains("tree-1-1.noarch requires `bash`, which only bash-1-1.noarch of the bootstrap"),
        "{error}"
    );
}

#[test]
fn the_rebuilt_package_is_never_inherited() {
    let world = World::new(&["zlib | ", "bc | zlib"], &["kestrel-release|"]);
    assert!(world.places().iter().all(|place| !place.starts_with("Extra/x86_64/os/zlib")));
}

#[test]
fn one_identity_comes_once_and_with_its_own_metadata() {
    let mut world = World::new(&["zlib|", "zlib| bc"], &[]);
    assert!(world.error().starts_with("zlib-1-1.noarch is there twice"), "{}", world.error());
    world.first().rebuilt.pop();
    let accepted = compared(&package("zlib|bash"));
    let zlib = &world.arches[0].1.rebuilt[0];
    let arch = ArchInput {
        arch: "x86_64",
        accepted: vec![Candidate { accepted: &accepted, package: zlib, source: "zlib" }],
        second: Vec::new(),
        references: BTreeMap::new(),
        bootstrap: &[],
    };
    let input = Input { arches: vec![arch], rules: Vec::new(), multilib: None, exclude: &[] };
    assert!(matches!(plan(&input), Err(ComposeError::OtherMetadata { .. })));
}
