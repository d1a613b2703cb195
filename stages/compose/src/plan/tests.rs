use heirloom_formats::definition::RepositoryRule;
use heirloom_model::record::{Compared, Promise};
use heirloom_model::{Digest, Package, Verdict};

use super::*;

/// `name | requires`, optionally `name/arch | requires`.
fn package(text: &str) -> Package {
    let (name, requires) = text.split_once('|').unwrap();
    let (name, arch) = name.trim().split_once('/').unwrap_or((name.trim(), "noarch"));
    serde_json::from_value(serde_json::json!({
        "nevra": format!("{name}-1-1.{arch}"), "digest": Digest::of(text.as_bytes()), "size": 1,
        "provides": [format!("{name} = 1-1"), format!("lib{name}")],
        "requires": requires.split(',').map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>(),
        "conflicts": [], "obsoletes": [], "recommends": [], "suggests": [], "supplements": [], "enhances": [],
        "files": [],
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

fn rule(like: &str, patterns: &[&str], inherit: bool) -> RepositoryRule {
    let like = (!like.is_empty()).then(|| like.to_owned());
    {
        let packages = patterns.iter().map(|&text| text.to_owned()).collect();
        RepositoryRule { like, packages, inherit, ..RepositoryRule::default() }
    }
}

/// The world of these tests: BaseOS is like a reference, Own takes patterns.
struct World {
    rebuilt: Vec<Package>,
    own: Vec<Package>,
    base: (RepositoryRule, Vec<Package>),
    app: (RepositoryRule, Vec<Package>),
    extra: RepositoryRule,
    bootstrap: Vec<Package>,
}

impl World {
    fn new(rebuilt: &[&str], own: &[&str]) -> Self {
        Self {
            rebuilt: packages(rebuilt),
            own: packages(own),
            base: (rule("BaseOS", &[], false), packages(&["zlib|", "bc|", "both|"])),
            app: (rule("AppStream", &[], false), packages(&["tree|", "both|", "zlib-debuginfo|"])),
            extra: rule("", &["kestrel-*"], true),
            bootstrap: packages(&["bash | libc", "c |", "zlib |", "lone |"]),
        }
    }

    fn plan(&self) -> Result<ComposePlan, ComposeError> {
        let rebuilt = self.rebuilt.iter().map(|package| (compared(package), package));
        let own = self.own.iter().map(|package| (Accepted::own(package), package));
        let accepted: Vec<_> = rebuilt.chain(own).collect();
        plan(&Input {
            arch: "x86_64",
            accepted: accepted.iter().map(|(accepted, package)| Candidate { accepted, package }).collect(),
            rules: vec![
                Rule { name: "BaseOS", rule: &self.base.0, reference: &self.base.1 },
                Rule { name: "AppStream", rule: &self.app.0, reference: &self.app.1 },
                Rule { name: "Extra", rule: &self.extra, reference: &[] },
            ],
            bootstrap: &self.bootstrap,
        })
    }

    fn places(&self) -> Vec<String> {
        let show = |p: &Placement| format!("{}/{} ({})", p.repository, p.accepted.nevra().name(), p.because);
        self.plan().unwrap().placements.iter().map(show).collect()
    }

    fn error(&self) -> String {
        self.plan().unwrap_err().to_string()
    }
}

#[test]
fn each_has_its_place_and_reason() {
    let world = World::new(&["zlib|", "tree | bash", "both|"], &["kestrel-release|"]);
    assert_eq!(
        world.places(),
        [
            "AppStream/both (as in the reference AppStream, BaseOS)",
            "AppStream/tree (as in the reference AppStream)",
            "BaseOS/zlib (as in the reference BaseOS)",
            "Extra/bash (inherited: tree-1-1.noarch requires `bash`)",
            "Extra/c (inherited: bash-1-1.noarch requires `libc`)",
            "Extra/kestrel-release (own package, taken by `kestrel-*`)",
        ]
    );
    let plan = world.plan().unwrap();
    assert_eq!(plan.repositories, ["AppStream", "BaseOS", "Extra"]);
    let inherited = plan.repository("Extra").next().unwrap();
    assert_eq!(inherited.accepted.ground(), &Ground::Inherited);
    assert_eq!(inherited.location(), "Packages/b/bash-1-1.noarch.rpm");
}

#[test]
fn what_no_rule_places_is_listed() {
    let world = World::new(
        &["zlib|", "bc-debuginfo|", "zlib-debuginfo|", "stranger|"],
        &["kestrel-tools|", "kestrel-tools-debugsource|"],
    );
    let plan = world.plan().unwrap();
    let left_out: Vec<_> = plan.unplaced.iter().map(|p| (p.nevra.name(), p.because)).collect();
    assert_eq!(
        left_out,
        [
            ("bc-debuginfo", LeftOut::Debug),
            ("kestrel-tools-debugsource", LeftOut::Debug),
            ("stranger", LeftOut::NotInReference),
        ]
    );
    let placed: Vec<_> = plan.repository("AppStream").map(|p| p.accepted.nevra().name()).collect();
    assert_eq!(placed, ["zlib-debuginfo"], "the reference has it");
}

#[test]
fn own_packages_need_exactly_one_place() {
    let mut world = World::new(&[], &["kestrel-release|", "osprey|"]);
    assert!(world.error().starts_with("no repository takes the own package osprey-1-1.noarch"));
    world.base.0.packages.push("*rel*ease".to_owned());
    world.own.pop();
    assert!(world.error().contains("BaseOS and Extra both take"), "{}", world.error());
    world.base.0.packages = vec!["osprey*".to_owned()];
    let error = world.error();
    assert!(error.starts_with("repositories.BaseOS.packages: `osprey*` fits no own package"), "{error}");
}

#[test]
fn patterns() {
    let fits =
        [("a", "a"), ("*", ""), ("*", "a"), ("a*", "a"), ("a*c", "abc"), ("*b*", "abc"), ("a*b*a", "aba")];
    let misses = [("a", "ab"), ("a*", "ba"), ("a*a", "a"), ("*b", "abc"), ("a*b*a", "aa"), ("", "a")];
    for (pattern, name) in fits {
        assert!(matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in misses {
        assert!(!matches(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn what_cant_be_installed_is_told_with_its_chain() {
    let world = World::new(&["zlib|", "tree | bc", "bc | nowhere >= 2"], &["kestrel-release|"]);
    let error = world.error();
    assert!(error.contains("\n  tree-1-1.noarch\n"), "{error}");
    assert!(
        error.contains(
            "tree-1-1.noarch requires `bc`, bc-1-1.noarch requires `nowhere >= 2`, nothing provides it"
        ),
        "{error}"
    );
}

#[test]
fn each_missing_requirement_is_told() {
    let world = World::new(&["zlib|", "bc | nowhere, elsewhere, libc"], &["kestrel-release|"]);
    let error = world.error();
    assert!(error.contains("bc-1-1.noarch requires `nowhere`"), "{error}");
    assert!(error.contains("bc-1-1.noarch requires `elsewhere`"), "{error}");
}

#[test]
fn a_bootstrap_that_has_nothing_changes_nothing() {
    let mut world = World::new(&["zlib|", "bc | zlib"], &["kestrel-release|"]);
    world.bootstrap.clear();
    assert_eq!(world.places().len(), 3);
    world.rebuilt.push(package("tree | nowhere"));
    let error = world.error();
    assert!(error.contains("tree-1-1.noarch requires `nowhere`"), "{error}");
}

#[test]
fn without_an_heir_nothing_is_inherited() {
    let mut world = World::new(&["zlib|"], &["kestrel-release|"]);
    world.extra.inherit = false;
    assert_eq!(world.places().len(), 2);
    world.rebuilt = packages(&["zlib|", "tree | bash"]);
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
    assert!(world.places().iter().all(|place| !place.starts_with("Extra/zlib")));
}

#[test]
fn one_identity_comes_once_and_with_its_own_metadata() {
    let mut world = World::new(&["zlib|", "zlib| bc"], &[]);
    assert!(world.error().starts_with("zlib-1-1.noarch is there twice"));
    world.rebuilt.pop();
    let accepted = compared(&package("zlib|bash"));
    let candidate = Candidate { accepted: &accepted, package: &world.rebuilt[0] };
    let input = Input { arch: "x86_64", accepted: vec![candidate], rules: Vec::new(), bootstrap: &[] };
    assert!(matches!(plan(&input), Err(ComposeError::OtherMetadata { .. })));
}
