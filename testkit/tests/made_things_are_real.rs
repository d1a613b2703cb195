//! What the kit makes is accepted by rpm, gpg and dnf's metadata tools, and what it damages is not.
#![expect(clippy::unwrap_used, reason = "a step that fails is the test's failure")]

use std::path::Path;

use testkit::gpg::Key;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;
use testkit::{corrupt, place, repo};

fn query(rpm: &Path, format: &str) -> String {
    Tool::new("rpm").args(["-qp", "--nosignature", "--qf", format]).arg(rpm).run().unwrap()
}

/// `rpmkeys --checksig` with only this key known.
fn check(rpm: &Path, key: &Key) -> testkit::Result<String> {
    let db = tempfile::tempdir().unwrap();
    let public = db.path().join("key.asc");
    place::write(&public, key.public()?)?;
    Tool::new("rpmkeys").define("_dbpath", db.path()).arg("--import").arg(&public).run()?;
    Tool::new("rpmkeys").define("_dbpath", db.path()).arg("--checksig").arg(rpm).run()
}

#[test]
fn a_package_has_what_was_asked_for() {
    let out = tempfile::tempdir().unwrap();
    let built = RpmBuilder::new("hello", "1.2")
        .release("3.el9")
        .tag("Epoch", "1")
        .requires("bash >= 4")
        .provides("greeting = 7")
        .build_requires("make")
        .file("/usr/bin/hello", "#!/bin/sh\necho hello\n")
        .file_as("%config(noreplace)", "/etc/hello.conf", "loud=yes\n")
        .scriptlet("%post", "echo installed")
        .build(out.path())
        .unwrap();
    let format = "%{EPOCH}:%{NVRA} [%{FILENAMES} %{FILEMODES:octal}|]%{POSTIN}";
    assert_eq!(
        query(&built.binary, format),
        "1:hello-1.2-3.el9.noarch /etc/hello.conf 100644|/usr/bin/hello 100755|echo installed"
    );
    assert!(query(&built.binary, "[%{REQUIRES} ]").contains("bash"));
    assert!(query(&built.binary, "[%{PROVIDES} ]").contains("greeting"));
    assert!(query(&built.source, "[%{REQUIRES} ]").contains("make"));
}

#[test]
fn the_same_description_gives_the_same_bytes() {
    let make = || {
        let out = tempfile::tempdir().unwrap();
        let built = RpmBuilder::new("same", "1").file("/usr/share/same", "x").build(out.path()).unwrap();
        place::read(built.binary).unwrap()
    };
    assert!(make() == make(), "two builds differ");
}

#[test]
fn signatures_hold_until_a_byte_changes() {
    let out = tempfile::tempdir().unwrap();
    let rpm = RpmBuilder::new("signed", "1").file("/usr/share/signed", "x").build(out.path()).unwrap().binary;
    let key = Key::throwaway("Test <test@world.example>").unwrap();
    key.sign_rpms(std::slice::from_ref(&rpm)).unwrap();
    assert!(check(&rpm, &key).unwrap().contains("signatures OK"));

    let other = Key::throwaway("Other <other@world.example>").unwrap();
    assert!(check(&rpm, &other).is_err(), "accepted with the wrong key");

    corrupt::flip_byte(&rpm, -1).unwrap();
    assert!(check(&rpm, &key).is_err(), "accepted with a changed byte");
}

#[test]
fn a_repository_is_described_and_signed() {
    let dir = tempfile::tempdir().unwrap();
    RpmBuilder::new("member", "1").build(dir.path()).unwrap();
    let key = Key::throwaway("Test <test@world.example>").unwrap();
    repo(dir.path()).unwrap();
    repo::sign(dir.path(), &key).unwrap();
    let repomd = dir.path().join("repodata/repomd.xml");
    let verify = || {
        Tool::new("gpg")
            .arg("--homedir")
            .arg(key.home())
            .arg("--verify")
            .arg(repomd.with_extension("xml.asc"))
            .arg(&repomd)
            .run()
    };
    verify().unwrap();
    corrupt::truncate(&repomd, 100).unwrap();
    assert!(verify().is_err());
}

#[test]
fn a_kept_key_stays_the_same() {
    let dir = tempfile::tempdir().unwrap();
    // Long enough that gpg's sockets would not fit in it.
    let home = dir.path().join("a".repeat(120)).join("home");
    std::fs::create_dir_all(home.parent().unwrap()).unwrap();
    let first = Key::kept_in(&home, "Kept <kept@world.example>").unwrap().fingerprint().to_owned();
    let again = Key::kept_in(&home, "Kept <kept@world.example>").unwrap();
    assert_eq!(again.fingerprint(), first);
    assert!(again.secret().unwrap().contains("PRIVATE KEY"));
}

#[test]
fn a_failed_tool_says_what_it_said() {
    let error = Tool::new("sh").args(["-c", "echo sorry >&2; exit 3"]).run().unwrap_err().to_string();
    assert!(error.contains("exit status: 3") && error.contains("sorry"), "{error}");
    let error = Tool::new("no-such-tool").run().unwrap_err().to_string();
    assert!(error.contains("no-such-tool can't be started"), "{error}");
}

#[test]
fn damage_outside_of_the_file_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(corrupt::flip_byte(file.path(), 0).is_err());
    assert!(corrupt::flip_byte(file.path(), -1).is_err());
}
