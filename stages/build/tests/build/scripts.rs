//! Scripts of debrand rules, those that mean harm among them.

use std::collections::BTreeMap;

use heirloom_model::Digest;

use crate::evaluating::imported;
use crate::support::{base, builder, place};

fn run(script: &str) -> Result<BTreeMap<String, Digest>, String> {
    let source = imported("a", &[("a.spec", "Name: a\n"), ("logo.svg", "<svg/>"), ("old name.txt", "old\n")]);
    let root = builder().base_root(base()).unwrap();
    let variables = [("VERSION", "1.2".to_owned())];
    builder()
        .run_script(
            &root,
            &source,
            &format!("#!/bin/sh\nset -e\n{script}\n"),
            &["an argument".to_owned()],
            &variables,
        )
        .unwrap()
}

fn text(files: &BTreeMap<String, Digest>, name: &str) -> String {
    String::from_utf8(place().store.read(files[name]).unwrap()).unwrap()
}

#[test]
fn changes_adds_and_removes() {
    let files =
        run("sed -i 's/Name: a/Name: b/' SPECS/a.spec; echo $VERSION $1 > SOURCES/new; rm SOURCES/old*")
            .unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["a.spec", "logo.svg", "new"]);
    assert_eq!(
        (text(&files, "a.spec"), text(&files, "new")),
        ("Name: b\n".to_owned(), "1.2 an argument\n".to_owned())
    );
    assert_eq!(text(&files, "logo.svg"), "<svg/>");
}

#[test]
fn failures_say_why() {
    for (script, says) in [
        ("echo trouble; exit 3", "exit code 3\n"),
        ("echo trouble >&2; false", "trouble"),
        ("kill -9 $$", "signal"),
        ("ln -s /etc/passwd SOURCES/x", "it left `SOURCES/x`"),
        ("mkdir -p SOURCES/a; echo > SOURCES/a/b", "it left `SOURCES/a`"),
        ("echo > SPECS/b.spec", "it left `SPECS/b.spec`"),
        ("mkfifo SOURCES/pipe", "it left `SOURCES/pipe`"),
        ("rm -rf SPECS", "could not be read"),
    ] {
        let error = run(script).unwrap_err();
        assert!(error.contains(says), "{script}: {error}");
    }
}

#[test]
fn sees_nothing_of_the_host_and_no_network() {
    let files = run("ls / > SOURCES/root; id -u > SOURCES/user; cat /proc/net/dev > SOURCES/net").unwrap();
    assert_ne!(text(&files, "user").trim(), "0");
    assert!(!text(&files, "net").contains("eth"), "{}", text(&files, "net"));
    assert!(!text(&files, "root").contains("work\n"));
}
