//! The table of known failures names tests that exist.

use std::fs;
use std::path::{Path, PathBuf};

/// Where tests of it are, below the workspace.
const PLACES: [&str; 3] = ["heirloom-migrate/tests", "stages/migrate/tests", "stages/migrate/src"];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn every_named_test_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    PLACES.iter().for_each(|place| sources(&top.join(place), &mut files));
    let code: String = files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "rs"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let page = fs::read_to_string(top.join("docs/known-failures.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| what goes wrong"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 25, "{} rows", rows.len());
    for row in rows {
        let [_, _, tests] = row[..] else { panic!("three columns: {row:?}") };
        for name in tests.split(", ").map(|name| name.trim_matches('`')) {
            let layout =
                name.strip_prefix("layouts/").map(|name| top.join("stages/migrate/tests/layouts").join(name));
            let there = match layout {
                Some(dir) => dir.is_dir(),
                None => code.contains(&format!("fn {name}(")),
            };
            assert!(there, "docs/known-failures.md names `{name}`, which is no test");
        }
    }
}
