//! Every case of `cases/*.toml` gets the answer written there.

use heirloom_solve::Universe;

use crate::support;

#[test]
fn every_case_gets_its_answer() {
    let mut failures = String::new();
    for (name, case) in support::cases() {
        let offers = case.offers();
        let universe = Universe::new("x86_64", &support::repositories(&offers)).unwrap();
        let present: Vec<_> = case.present.iter().map(|nevra| support::find(&offers, nevra)).collect();
        let found = support::answer(&universe, universe.install(&case.want, &present, case.weak));
        let again = support::answer(&universe, universe.install(&case.want, &present, case.weak));
        let replaced = case.replaced.iter().map(|nevra| format!("- {nevra}"));
        let lines = case.install.iter().chain(&case.problems).cloned().chain(replaced);
        let expected: String = lines.map(|line| line + "\n").collect();
        if found != expected || found != again {
            failures += &format!("== {name}\nexpected:\n{expected}found:\n{found}again:\n{again}\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
