use heirloom_model::record::Provider;

use super::*;

/// gcc needs itself and make, make needs gcc; hello needs both.
fn toy() -> World {
    let mut world = World::new(
        &["gcc: gcc,make|-", "make: gcc|-", "hello: make|-"],
        &["gcc: |libc", "libc: |", "make: |"],
        &["gcc: |", "make: |", "hello: |"],
    );
    world.options.own_base = true;
    world
}

#[test]
fn a_distribution_that_has_all_it_needs_builds_itself() {
    let plan = toy().plan().unwrap();
    let hosting = self_hosted(&plan);
    assert!(hosting.is_self_hosted(), "{hosting:?}");
    assert_eq!(hosting.buildroots, 3);
    let step = |id: &str| plan.steps.iter().find(|step| step.id == id).unwrap();
    assert!(!step("gcc:1").own_base && step("gcc:2").own_base && step("gcc").own_base);
    assert!(step("hello").own_base && step("hello").pass == 0);
    assert_eq!(after(step("hello")), ["gcc", "make"]);
    assert_eq!(after(step("gcc")), ["gcc:2", "make:2"]);
    assert_eq!(plan.base[0].provider, Provider::Step("gcc".into()));
}

#[test]
fn what_is_left_of_bootstrap_is_named() {
    let mut world = toy();
    // Now gcc needs a library at run time that nobody makes.
    world.reference[0] = "gcc: |libc".to_owned();
    let hosting = self_hosted(&world.plan().unwrap());
    let [foreign] = &hosting.foreign[..] else { panic!("{hosting:?}") };
    assert_eq!((foreign.package.as_str(), foreign.buildroots), ("libc", 3));
    assert!(foreign.because.contains("gcc-1-1.noarch requires libc"), "{}", foreign.because);
    // And on bootstrap's base none of it counts as own.
    world.options.own_base = false;
    let hosting = self_hosted(&world.plan().unwrap());
    assert!(hosting.foreign.iter().any(|foreign| foreign.package == "gcc"), "{hosting:?}");
}

#[test]
fn the_buildroot_stands_on_the_base_of_the_step() {
    let packages = |texts: &[&str], own| texts.iter().map(|text| package(text, own)).collect::<Vec<_>>();
    let bootstrap = packages(&["gcc: |libc", "libc: |", "make: |"], false);
    let results = packages(&["gcc: |", "make: |"], true);
    let base = base("x86_64", &bootstrap, &["gcc".to_owned()]).unwrap();
    let root = |own_base| {
        let offer = Offer {
            arch: "x86_64",
            bootstrap: &bootstrap,
            earlier: &[],
            base: &base,
            own_base,
            results: &results,
        };
        buildroot(&offer, "hello", &list("make")).unwrap()
    };
    let digests = |packages: &[heirloom_model::record::BuildrootPackage]| {
        packages.iter().map(|package| package.digest).collect::<Vec<_>>()
    };
    assert_eq!(digests(&root(true).base), [results[0].digest]);
    assert_eq!(digests(&root(false).base), [bootstrap[0].digest, bootstrap[1].digest]);
    assert_eq!(digests(&root(true).extra), [results[1].digest]);
}
