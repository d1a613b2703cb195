//! A machine is as before or converted, whatever happens at whatever moment: the real program in a small machine, broken at each step.
//!
//! What comes of each fault is in `docs/migrate-faults.md`; `UPDATE_DOCS=1` with the ignored test writes it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that can't go on has failed; the table is printed"
)]

#[path = "faults/cases.rs"]
mod cases;
#[path = "faults/small.rs"]
mod small;
#[path = "faults/tree.rs"]
mod tree;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cases::{Case, Ground, all};

/// Cases that are run at the same time.
const WORKERS: usize = 4;

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/migrate-faults.md")
}

/// Runs cases; a row of the table for each, in their order.
fn rows(cases: &[Case]) -> Vec<String> {
    let ground = Ground::new();
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(vec![String::new(); cases.len()]));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((index, case)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(index).map(|case| (index, case))
                } {
                    let row = format!("| {} | {} | {} |", case.fault, case.then(), ground.result(case));
                    println!("{row}");
                    rows.lock().unwrap()[index] = row;
                }
            });
        }
    });
    rows.into_inner().unwrap()
}

/// The everyday ones: a few of each kind.
#[test]
fn a_machine_is_as_before_or_converted() {
    let everyday: Vec<_> = all().into_iter().filter(|case| case.is_everyday).collect();
    let document = std::fs::read_to_string(document()).unwrap();
    let known: Vec<&str> = document.lines().collect();
    for row in rows(&everyday) {
        assert!(known.contains(&row.as_str()), "docs/migrate-faults.md does not say: {row}");
    }
}

#[test]
#[ignore = "every fault at every step takes minutes; run by hand"]
fn whatever_happens_a_machine_is_as_before_or_converted() {
    let rows = rows(&all());
    assert!(!rows.iter().any(|row| row.contains("NEITHER")), "see above");
    let text = format!("{HEAD}{}\n", rows.join("\n"));
    let path = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "UPDATE_DOCS=1 writes {}", path.display());
}

const HEAD: &str = "# Faults while a machine is carried over

Made by `heirloom-migrate/tests/faults.rs`, which breaks the real program in a small machine with rpm and dnf, at each step
of the journal, and compares the whole tree with what it was before, or with that of a conversion that nothing disturbed:
contents, modes, owners, links, times, packages and who signed them.

*Killed*: the program and all that it started are gone when the line of the journal is written. *Cut*: the same, the journal's
last line is torn, and the disk goes on in another machine. `as before` and `converted` are the only results that there may be.

| fault | then | the machine |
|---|---|---|
";
