use super::*;

fn world() -> World {
    World::new(
        &["a: lib|-", "b: tool|-", "c: (other or lib)|-", "lib: gcc|-", "tool: glibc|-"],
        // What `lib` and `tool` need at run time is in bootstrap.
        &["gcc: |glibc", "glibc: |", "stray: |", "deep: |", "run: /usr/bin/run|"],
        &["a: |", "b: |", "c: |", "lib: |deep", "deep-devel: |", "tool: |/usr/bin/run"],
    )
}

/// How many requests are solved again after a change, of those of five sources.
fn again(change: impl FnOnce(&mut World)) -> usize {
    let mut world = world();
    let known = world.planned(&Solutions::default()).unwrap().solutions;
    assert_eq!(known.fresh(), 5);
    change(&mut world);
    let planned = world.planned(&known).unwrap();
    let anew = world.planned(&Solutions::default()).unwrap();
    assert_eq!(planned.plan, anew.plan, "what was remembered is what is found");
    assert_eq!(planned.solutions.len(), 5);
    planned.solutions.fresh()
}

#[test]
fn nothing_changed_is_nothing_solved() {
    assert_eq!(again(|_| ()), 0);
    // Through bytes and back.
    let planned = world().planned(&Solutions::default()).unwrap();
    let bytes = serde_json::to_vec(&planned.solutions).unwrap();
    let known: Solutions = serde_json::from_slice(&bytes).unwrap();
    let read = world().planned(&known).unwrap();
    assert_eq!((read.solutions.fresh(), &read.plan), (0, &planned.plan));
}

#[test]
fn only_what_a_change_can_matter_to_is_solved_again() {
    // Nothing leads to it.
    assert_eq!(again(|world| world.bootstrap[2] = "stray: |glibc".to_owned()), 0);
    assert_eq!(again(|world| world.bootstrap.push("another: |".to_owned())), 0);
    // A and c lead to lib, and it to deep.
    assert_eq!(again(|world| world.bootstrap[3] = "deep: more|".to_owned()), 2);
    // A new provider of what only a rich dependency names.
    assert_eq!(again(|world| world.bootstrap.push("other: |".to_owned())), 1);
    // A file that only a requirement names.
    assert_eq!(again(|world| world.bootstrap[4] = "run: /usr/bin/run|stray".to_owned()), 1);
    assert_eq!(again(|world| world.bootstrap[2] = "stray: /usr/bin/run|".to_owned()), 1);
    assert_eq!(again(|world| world.bootstrap[2] = "stray: /usr/bin/walk|".to_owned()), 0);
    // Of the base, all.
    assert_eq!(again(|world| world.bootstrap[1] = "glibc: newer|".to_owned()), 5);
    // Reference packages that no source makes are not expected.
    assert_eq!(again(|world| world.reference.push("gcc: |".to_owned())), 0);
    // A request of its own.
    assert_eq!(again(|world| world.sources[1] = "b: tool,gcc|-".to_owned()), 1);
}
