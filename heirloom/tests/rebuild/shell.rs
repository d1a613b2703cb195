//! What needs no distribution: doctor, completions, man pages.

use std::process::Command;

use crate::ran::Ran;
use crate::site::finish;

fn heirloom(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    command.args(arguments);
    finish(command)
}

#[test]
fn doctor_finds_nothing_missing_where_the_tests_run() {
    let ran = heirloom(&["doctor", "--format", "json"]).expect(0);
    let none = serde_json::json!([]);
    let (json, mode) = (ran.json(), serde_json::json!("root"));
    assert_eq!((&json["missing"], &json["without_root"], &json["mode"]), (&none, &none, &mode));
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
