use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// A universe of sources that need each other at random: for each, what its build needs, whether it has a
/// conditional, what its package needs at run time, and whether bootstrap has it.
fn worlds() -> impl Strategy<Value = World> {
    let one = |count: usize| {
        let some = move || proptest::collection::btree_set(0..count, 0..3);
        (some(), some(), proptest::option::of(some()), any::<bool>(), any::<bool>())
    };
    let all = (2usize..7).prop_flat_map(move |count| proptest::collection::vec(one(count), count));
    (all, 1usize..4, any::<bool>()).prop_map(|(all, passes, own_base)| {
        let names = |set: &BTreeSet<usize>, or: bool| {
            let names: Vec<_> = set.iter().map(|number| format!("p{number}")).collect();
            match (or, names.len()) {
                (true, 2..) => format!("({})", names.join(" or ")),
                _ => names.join(","),
            }
        };
        let mut world = World::new(&["gcc: |-"], &["gcc: |"], &["gcc: |"]).passes(passes);
        world.options.own_base = own_base;
        world.options.keep_going = true;
        for (number, (build, run, first, or, boot)) in all.iter().enumerate() {
            let first = first.as_ref().map_or("-".to_owned(), |first| names(first, false));
            world.sources.push(format!("p{number}: {}|{first}", names(build, *or)));
            world.reference.push(format!("p{number}: |{}", names(run, false)));
            if *boot {
                world.bootstrap.push(format!("p{number}: |"));
            }
        }
        world
    })
}

fn check(world: &World, plan: &Plan) {
    let mut waves = BTreeMap::new();
    for step in &plan.steps {
        for before in &step.after {
            let wave = waves.get(&**before);
            assert!(wave.is_some_and(|wave| *wave < step.wave), "{} comes after {before}", step.id);
        }
        assert!(waves.insert(step.id.as_str(), step.wave).is_none(), "{} is there twice", step.id);
        for need in &step.needs {
            let heirloom_model::record::Provider::Step(id) = &need.provider else { panic!("{need:?}") };
            assert!(step.after.iter().any(|before| **before == **id));
        }
    }
    let passes = world.options.passes;
    let in_cycles: BTreeSet<&str> =
        plan.cycles.iter().flat_map(|cycle| &cycle.members).map(String::as_str).collect();
    let builds = |name: &str| {
        let of = plan.steps.iter().filter(|step| step.source == name && step.with.is_empty());
        of.map(|step| step.pass).collect::<BTreeSet<_>>()
    };
    for name in world.sources.iter().map(|text| text.split(':').next().unwrap()) {
        let expected = match (in_cycles.contains(name), plan.unbuildable.iter().any(|(out, _)| out == name)) {
            (_, true) => BTreeSet::new(),
            (true, false) => (1..=passes).collect(),
            (false, false) => BTreeSet::from([0]),
        };
        assert_eq!(builds(name), expected, "{name}");
    }
    for step in plan.steps.iter().filter(|step| step.pass > 1) {
        let members = plan.cycles.iter().find(|cycle| cycle.members.contains(&step.source)).unwrap();
        for before in &step.after {
            let before = plan.steps.iter().find(|other| *other.id == **before).unwrap();
            let inside = members.members.contains(&before.source);
            assert!(!inside || before.pass == step.pass - 1, "{} is built on {}", step.id, before.id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn plans_are_in_order_and_cycles_have_their_passes(world in worlds()) {
        // Without bootstrap's packages a base of own results may be impossible; that is told.
        if let Ok(plan) = world.plan() {
            check(&world, &plan);
        }
    }

    #[test]
    fn what_is_remembered_is_what_would_be_found(
        world in worlds(),
        other in worlds(),
        at in any::<prop::sample::Index>(),
        which in 0..3u8,
    ) {
        let Ok(known) = world.planned(&Solutions::default()) else { return Ok(()) };
        let mut changed = world.clone();
        let (list, from) = match which {
            0 => (&mut changed.sources, &other.sources),
            1 => (&mut changed.bootstrap, &other.bootstrap),
            _ => (&mut changed.reference, &other.reference),
        };
        // Another package of that name, or one that is new.
        let new = at.get(from).clone();
        let name = new.split(':').next().unwrap();
        list.retain(|old| old.split(':').next() != Some(name));
        list.push(new.clone());
        let (remembered, fresh) = (changed.planned(&known.solutions), changed.planned(&Solutions::default()));
        match (remembered, fresh) {
            (Ok(remembered), Ok(fresh)) => prop_assert_eq!(remembered.plan, fresh.plan),
            (Err(remembered), Err(fresh)) => prop_assert_eq!(remembered.to_string(), fresh.to_string()),
            (remembered, fresh) => prop_assert!(false, "{:?} {:?}", remembered.is_ok(), fresh.is_ok()),
        }
    }
}
