use heirloom_model::record::CrutchKind;

use super::*;

fn step<'p>(plan: &'p Plan, id: &str) -> &'p heirloom_model::record::Step {
    plan.steps.iter().find(|step| step.id == id).unwrap_or_else(|| panic!("no step {id}"))
}

fn crutches(plan: &Plan) -> Vec<String> {
    let all = plan.cycles.iter().flat_map(|cycle| &cycle.crutches);
    all.map(|crutch| format!("{} {:?} {}", crutch.step, crutch.kind, crutch.packages.join(" "))).collect()
}

#[test]
fn members_of_a_cycle_are_built_again_on_the_pass_before() {
    let plan = World::new(
        &["a: b|-", "b: a|-", "c: a|-", "d: gcc|-"],
        &["gcc: |", "b: |"],
        &["a: |", "b: |", "c: |", "d: |"],
    )
    .plan()
    .unwrap();
    assert_eq!(order(&plan), ["1 a:1", "1 d", "2 b:1", "2 b:2", "3 a", "3 a:2", "4 b", "4 c"]);
    assert_eq!(step(&plan, "a:1").foreign[0].package.as_ref(), "b");
    assert_eq!(after(step(&plan, "a:2")), ["b:1"]);
    assert_eq!(after(step(&plan, "b:2")), ["a:1"]);
    assert_eq!(after(step(&plan, "a")), ["b:2"]);
    assert_eq!(after(step(&plan, "c")), ["a"]);
    assert_eq!((step(&plan, "a:1").pass, step(&plan, "a").pass, step(&plan, "c").pass), (1, 3, 0));
    assert!(step(&plan, "a").foreign.is_empty());
    assert_eq!(crutches(&plan), ["a:1 Bootstrap b"]);
    assert_eq!((plan.cycles[0].passes, &plan.cycles[0].members), (3, &vec!["a".to_owned(), "b".to_owned()]));
    assert!(step(&plan, "a:2").reason.contains("pass 2 of 3"), "{}", step(&plan, "a:2").reason);
}

#[test]
fn a_conditional_is_the_first_of_the_passes() {
    let plan = World::new(&["a: b|gcc", "b: a|-", "c: a|-"], &["gcc: |", "b: |"], &["a: |", "b: |", "c: |"])
        .passes(2)
        .plan()
        .unwrap();
    assert_eq!(order(&plan), ["1 a:bootstrap", "2 b:1", "3 a", "3 a:1", "4 b", "4 c"]);
    assert_eq!(crutches(&plan), ["a:bootstrap Conditional "]);
    assert_eq!(after(step(&plan, "b")), ["a:1"]);
    assert_eq!(after(step(&plan, "a")), ["b:1"]);
}

#[test]
fn a_conditional_that_helps_a_little_is_used_beside_bootstrap() {
    // Under its conditional a needs only b of the two; b is had from bootstrap.
    let plan = World::new(&["a: b,c|b", "b: a|-", "c: a|-"], &["gcc: |", "b: |"], &["a: |", "b: |", "c: |"])
        .passes(1)
        .plan()
        .unwrap();
    assert_eq!(order(&plan), ["1 a:bootstrap", "2 b", "2 c", "3 a"]);
    assert_eq!(crutches(&plan), ["a:bootstrap Conditional ", "a:bootstrap Bootstrap b"]);
}

#[test]
fn as_few_packages_as_can_be_are_taken_from_elsewhere() {
    // a needs two packages of b, b one of a: it is a that comes first... unless bootstrap has but b's.
    let sources = ["a: b,b-devel|-", "b: a|-"];
    let reference = ["a: |", "b: |", "b-devel: |"];
    let plan = World::new(&sources, &["gcc: |", "a: |", "b: |", "b-devel: |"], &reference).plan().unwrap();
    assert_eq!(crutches(&plan), ["b:1 Bootstrap a"]);
    let plan = World::new(&sources, &["gcc: |", "b: |", "b-devel: |"], &reference).plan().unwrap();
    assert_eq!(crutches(&plan), ["a:1 Bootstrap b b-devel"]);
}

#[test]
fn the_earlier_release_comes_last() {
    let mut world = World::new(&["a: b|-", "b: a|-"], &["gcc: |"], &["a: |", "b: |"]);
    world.earlier = vec!["a: |".to_owned(), "b: |".to_owned()];
    let plan = world.plan().unwrap();
    assert_eq!(plan.cycles[0].crutches[0].kind, CrutchKind::Earlier);
    world.bootstrap.push("b: |".to_owned());
    assert_eq!(crutches(&world.plan().unwrap()), ["a:1 Bootstrap b"]);
}

#[test]
fn another_provider_is_as_good_as_a_crutch() {
    // Without own b, a is built with d, which is no part of the cycle.
    let plan = World::new(&["a: (b or d)|-", "b: a|-", "d: gcc|-"], &["gcc: |"], &["a: |", "b: |", "d: |"])
        .passes(1)
        .plan();
    let plan = plan.unwrap();
    assert!(plan.cycles.iter().all(|cycle| cycle.crutches.is_empty()), "{:?}", plan.cycles);
}

#[test]
fn what_would_break_a_cycle_is_told() {
    let error = World::new(&["a: b|-", "b: c|-", "c: a|-"], &["gcc: |"], &["a: |", "b: |", "c: |"])
        .plan()
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("a -> b -> c") && text.contains("a: b") && text.contains("c: a"), "{text}");
}

#[test]
fn what_cannot_be_built_is_left_out_when_told_to_go_on() {
    let mut world = World::new(
        &["a: nowhere|-", "b: a|-", "c: gcc|-", "d: e|-", "e: d|-", "f: b|-"],
        &["gcc: |", "b: |"],
        &["a: |", "b: |", "c: |", "d: |", "e: |", "f: |"],
    );
    assert!(matches!(world.plan(), Err(PlanError::Unbuildable(_))));
    world.options.keep_going = true;
    let plan = world.plan().unwrap();
    let out: Vec<_> = plan.unbuildable.iter().map(|(source, _)| source.as_str()).collect();
    // b needs only a's package and goes with it; f takes bootstrap's b instead.
    assert_eq!(out, ["a", "b", "d", "e"]);
    assert_eq!(order(&plan), ["1 c", "1 f"]);
    assert_eq!(step(&plan, "f").foreign[0].package.as_ref(), "b");
}
