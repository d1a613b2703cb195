//! Plans as values: schedules, differences, what a change reaches.

use super::*;

/// a and b before c, d after nothing.
fn fork() -> Plan {
    make(&["a: gcc|-", "b: gcc|-", "c: a,b|-", "d: gcc|-"], &["gcc: |"], &["a: |", "b: |", "c: |", "d: |"])
        .unwrap()
}

fn seconds(known: &[(&str, f64)]) -> std::collections::BTreeMap<String, f64> {
    known.iter().map(|(step, seconds)| ((*step).to_owned(), *seconds)).collect()
}

#[test]
fn a_farm_is_as_fast_as_its_longest_chain() {
    let known = seconds(&[("a", 10.0), ("b", 4.0), ("c", 5.0), ("d", 7.0)]);
    let times: Vec<_> =
        simulate(&fork(), &known, &[1, 2, 3, 200]).iter().map(|schedule| schedule.makespan).collect();
    assert_eq!(times, [26.0, 15.0, 15.0, 15.0]);
    let two = schedule(&fork(), &known, 2);
    assert_eq!(two.critical, [("a".to_owned(), 10.0), ("c".to_owned(), 5.0)]);
    assert_eq!((two.critical_seconds(), two.least, two.work, two.guessed), (15.0, 15.0, 26.0, 0));
    assert!((two.utilisation() - 26.0 / 30.0).abs() < 1e-9);
}

#[test]
fn what_was_never_built_takes_the_median() {
    let plan = fork();
    assert_eq!(schedule(&plan, &seconds(&[("a", 1.0), ("b", 3.0), ("d", 9.0)]), 1).work, 16.0);
    let none = schedule(&plan, &seconds(&[]), 1);
    assert_eq!((none.guessed, none.makespan), (4, 240.0));
    // Other builds of the same source package tell more than the median.
    let plan = make(&["a: a|gcc", "z: gcc|-"], &["gcc: |"], &["a: |", "z: |"]).unwrap();
    assert_eq!(schedule(&plan, &seconds(&[("a", 2.0), ("z", 50.0)]), 1).work, 54.0);
}

#[test]
fn a_change_reaches_what_comes_after() {
    assert_eq!(affected(&fork(), "a"), ["a", "c"]);
    assert_eq!(affected(&fork(), "d"), ["d"]);
    assert!(affected(&fork(), "nowhere").is_empty());
}

#[test]
fn two_plans_differ_by_their_meaning() {
    let plan = fork();
    assert!(diff(&plan, &plan).is_empty());
    let new = World::new(
        &["a: gcc|-", "b: a|-", "c: a,b|-", "e: e|-"],
        &["gcc: |", "e: |"],
        &["a: |", "b: |", "c: |", "e: |"],
    )
    .passes(2)
    .plan()
    .unwrap();
    let told: Vec<_> =
        diff(&plan, &new).iter().map(|change| format!("{} {}", change.of, change.text)).collect();
    let has = |text: &str| assert!(told.iter().any(|line| line.starts_with(text)), "{text}: {told:#?}");
    has("e:1 new in wave 1");
    has("b wave 2 instead of 1");
    has("b gets a from a: BuildRequires: a");
    has("d gone");
    has("e a cycle of 2 passes");
    has("e:1 stands on e from bootstrap");
}
