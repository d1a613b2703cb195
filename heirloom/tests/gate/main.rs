//! `heirloom gate` as its users meet it: repositories made by rpmbuild and createrepo_c.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../common/ran.rs"]
mod ran;

use std::path::Path;
use std::process::Command;

use ran::Ran;
use testkit::rpm_builder::RpmBuilder;

fn gate(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    let output = command.current_dir(dir).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn repository(dir: &Path, packages: &[RpmBuilder]) {
    for package in packages {
        std::fs::remove_file(package.build(dir).unwrap().source).unwrap();
    }
    testkit::repo::repo(dir).unwrap();
}

#[test]
fn repositories_are_refused_until_nothing_or_a_waiver_stands_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let new = |name: &str| RpmBuilder::new(name, "1");
    repository(
        &at("base"),
        &[new("lib").file("/usr/share/one", "1\n"), new("rival").file("/usr/share/one", "2\n")],
    );
    repository(&at("more"), &[new("tool").requires("lib").requires("(lib and nolib)")]);
    repository(&at("before"), &[RpmBuilder::new("lib", "2"), new("tool")]);
    let judged = ["gate", "--repository", "base:=base", "--repository", "more:base=more"];

    let ran = gate(dir.path(), &[&judged[..], &["--against", "base=before"]].concat()).expect(5);
    for line in [
        "error closure: more/x86_64: tool-1-1.noarch: requires `(lib and nolib)`, which nothing provides in base, more",
        "error downgrade: base/x86_64: lib-1-1.noarch: is older than lib-2-1.noarch of the present snapshot",
        "error file-conflict: base/x86_64: lib-1-1.noarch: owns /usr/share/one as rival-1-1.noarch does, and not the same",
        "signature      -       -         -       not asked: no key was given",
        "refused: 3 errors",
    ] {
        assert!(ran.stdout.contains(line), "`{line}` is not in:\n{}", ran.stdout);
    }

    std::fs::write(
        at("waivers.toml"),
        "[[waiver]]\nrule = \"closure\"\npackage = \"tool\"\nreason = \"known\"\nuntil = 2027-06-30\n\
         [[waiver]]\nrule = \"file-conflict\"\nreason = \"known\"\nuntil = 2027-12-31\n",
    )
    .unwrap();
    let with = |today: &'static str| {
        let waivers = ["--format", "json", "--waivers", "waivers.toml", "--today", today];
        gate(dir.path(), &[&judged[..], &waivers].concat())
    };
    let report = with("2027-06-30").expect(0).json();
    assert_eq!(
        (report["findings"].as_array().unwrap().len(), report["waived"].as_array().unwrap().len()),
        (0, 2)
    );
    let report = with("2027-07-01").expect(5).json();
    assert_eq!(report["findings"][0]["rule"], "closure");
    assert!(report["idle"][0]["why"].as_str().unwrap().starts_with("expired"), "{report}");
}

#[test]
fn what_cannot_be_judged_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for (code, words, args) in [
        (2, "needs nothere, which no --repository names", &["--repository", "a:nothere=a"][..]),
        (2, "no key is named that signs this repository", &["--repository", "a=http://127.0.0.1:9/"]),
        (2, "write $basearch", &["--repository", "a=a", "--arch", "x86_64", "--arch", "aarch64"]),
        (1, "repomd.xml", &["--repository", "a=missing"]),
    ] {
        let ran = gate(dir.path(), &[&["gate"], args].concat()).expect(code);
        assert!(ran.stderr.contains(words), "`{words}` is not in:\n{}", ran.stderr);
    }
}

#[test]
fn what_the_phase_of_the_day_does_not_allow_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let new = |name: &str, version: &str| RpmBuilder::new(name, version);
    let node = |release: &str| new("node", "20").release(release).tag("ModularityLabel", "node:20:1:ab");
    repository(&at("before"), &[new("bash", "5"), new("tool", "1"), node("1")]);
    repository(&at("now"), &[new("bash", "5").release("2"), new("tool", "2"), new("more", "1"), node("2")]);
    let life = r#"
id = "kestrel"
name = "Kestrel"
updated = 2026-01-15
[[major]]
version = 9
[[major.phase]]
kind = "full"
begins = 2022-05-17
ends = 2027-05-31
promises = { security = "Low", rebases = true, packages = true }
[[major.phase]]
kind = "maintenance"
begins = 2027-06-01
ends = 2032-05-31
promises = { security = "Low" }
[[major.stream]]
name = "node:20"
ends = 2027-06-30
"#;
    std::fs::write(at("lifecycle.toml"), life).unwrap();
    let judged = |today: &str| {
        let args = ["--format", "json", "gate", "--repository", "base=now", "--against", "base=before"];
        let life = ["--lifecycle", "lifecycle.toml", "--today", today];
        let report = gate(dir.path(), &[&args[..], &life].concat()).json();
        let findings = report["findings"].as_array().unwrap().iter();
        let found = findings.filter(|finding| finding["rule"] == "lifecycle");
        let mut found: Vec<_> = found.map(|finding| finding["detail"].as_str().unwrap().to_owned()).collect();
        found.sort();
        found
    };
    assert_eq!(judged("2027-05-31"), [] as [String; 0]);
    let news = [
        "is a new package, which the maintenance phase does not allow",
        "is rebased from 1 to 2, which the maintenance phase does not allow",
    ];
    assert_eq!(judged("2027-06-30"), news);
    assert_eq!(
        judged("2027-07-01"),
        [&["changes after its stream node:20 has ended, on 2027-06-30"][..], &news].concat()
    );
    assert_eq!(judged("2032-06-01")[0], "changes after its stream node:20 has ended, on 2027-06-30",);
    assert_eq!(judged("2032-06-01")[1..], ["changes after the last phase of 9 has ended, on 2032-05-31"; 3]);
    let ran = gate(
        dir.path(),
        &["gate", "--repository", "base=now", "--lifecycle", "lifecycle.toml", "--major", "8"],
    );
    assert!(ran.expect(2).stderr.contains("give --major with one of 9"));
}
