//! What needs no distribution: doctor, completions, man pages, comparing two files.

use std::process::Command;

use testkit::rpm_builder::RpmBuilder;

use crate::site::{Ran, finish};

fn heirloom(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    command.args(arguments);
    finish(command)
}

#[test]
fn doctor_finds_nothing_missing_where_the_tests_run() {
    let ran = heirloom(&["doctor", "--format", "json"]).expect(0);
    assert_eq!(ran.json(), serde_json::json!([]));
}

#[test]
fn doctor_names_what_is_missing_and_the_command_that_installs_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    command.arg("doctor").env("PATH", "/nowhere");
    let ran = finish(command).expect(6);
    assert!(ran.stdout.contains("`git` is missing") && ran.stdout.contains("install git"), "{}", ran.stdout);
}

#[test]
fn completions_and_man_pages() {
    assert!(heirloom(&["completions", "bash"]).expect(0).stdout.contains("complete -F _heirloom"));
    let dir = tempfile::tempdir().unwrap();
    heirloom(&["man", dir.path().to_str().unwrap()]).expect(0);
    assert!(dir.path().join("heirloom-rebuild.1").is_file());
}

#[test]
fn two_files_are_compared_without_a_definition() {
    let dir = tempfile::tempdir().unwrap();
    let build = |name: &str, content: &str| {
        let out = dir.path().join(name);
        let built = RpmBuilder::new("pair", "1").file("/usr/share/pair", content).build(&out).unwrap();
        built.binary.display().to_string()
    };
    let (one, same, other) = (build("one", "text"), build("same", "text"), build("other", "other text"));
    let equal = heirloom(&["--format", "json", "compare", &one, &same]).expect(0).json();
    assert!(equal["verdict"].as_str().unwrap().ends_with("identical"), "{equal}");
    let different = heirloom(&["--format", "json", "compare", &one, &other]).expect(5).json();
    assert_eq!(different["verdict"], "undecided");
    assert!(different["findings"].to_string().contains("/usr/share/pair"), "{different}");
}
