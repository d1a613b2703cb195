//! `heirloom key`, and keys that are outside of a file, as users meet them: gpg, ssh-keygen and SoftHSM judge.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod outside;
#[path = "../common/ran.rs"]
mod ran;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use ran::Ran;
use testkit::tool::Tool;

fn heirloom(dir: &Path, env: &[(&str, &Path)], args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    let output = command.current_dir(dir).envs(env.iter().copied()).args(args).output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn key(dir: &Path, args: &[&str]) -> Ran {
    heirloom(dir, &[], &[&["key"], args].concat())
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_made_key_is_what_gpg_sees() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for algorithm in ["ed25519", "rsa4096"] {
        let file = format!("{algorithm}.key");
        key(dir, &["make", &file, "--user-id", "Own <own@example.org>", "--algorithm", algorithm]).expect(0);
        assert_eq!(mode(&dir.join(&file)), 0o600);
        let mut shown = Vec::new();
        for (name, private) in [(file.clone(), true), (format!("{algorithm}.asc"), false)] {
            let shows = heirloom(dir, &[], &["--format", "json", "key", "show", &name]).expect(0).json();
            assert_eq!((&shows["algorithm"], &shows["is_private"]), (&algorithm.into(), &private.into()));
            assert_eq!((&shows["kind"], &shows["expires"]), (&"OpenPGP".into(), &serde_json::Value::Null));
            shown.push(shows);
        }
        let (fingerprint, created) = (shown[0]["fingerprint"].as_str().unwrap(), &shown[0]["created"]);
        assert_eq!((shown[1]["fingerprint"].as_str(), &shown[1]["created"]), (Some(fingerprint), created));
        let gpg =
            Tool::new("gpg").dir(dir).args(["--with-colons", "--show-keys", &format!("{algorithm}.asc")]);
        let gpg = gpg.env("GNUPGHOME", dir).run().unwrap();
        assert!(
            gpg.contains(&format!("fpr:::::::::{fingerprint}:")) && gpg.contains(&created.to_string()),
            "{gpg}"
        );
        let again = key(dir, &["make", &file, "--user-id", "Own"]).expect(1);
        assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    }
    let wrong = key(dir, &["make", "release.asc", "--user-id", "Own"]).expect(2);
    assert!(wrong.stderr.contains("release.key"), "{}", wrong.stderr);
}

#[test]
fn ssh_keys_are_shown_as_ssh_keygen_shows_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    Tool::new("ssh-keygen").dir(dir).args(["-q", "-t", "ed25519", "-N", "", "-f", "member"]).run().unwrap();
    let listed = Tool::new("ssh-keygen").dir(dir).args(["-l", "-f", "member.pub"]).run().unwrap();
    for file in ["member", "member.pub"] {
        let shown = key(dir, &["show", file]).expect(0).stdout;
        assert!(
            shown.contains(listed.split(' ').nth(1).unwrap()) && shown.contains("SSH ed25519"),
            "{shown}"
        );
    }
    fs::write(dir.join("nothing"), "nothing\n").unwrap();
    let nothing = key(dir, &["show", "nothing"]).expect(1);
    assert!(nothing.stderr.contains("nothing: it is neither"), "{}", nothing.stderr);
}

#[test]
fn a_key_is_split_and_joined() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    key(dir, &["make", "own.key", "--user-id", "Own <own@example.org>"]).expect(0);
    let split = |file: &str, shares: &str, need: &str, out: &str| {
        key(dir, &["split", file, "--shares", shares, "--need", need, "--out", out])
    };
    let said = split("own.key", "5", "3", "shares").expect(0).stdout;
    let share = |number: usize| format!("shares/own-{number}-of-5.share");
    let secret = fs::read_to_string(dir.join("own.key")).unwrap();
    for number in 1..=5 {
        assert_eq!(mode(&dir.join(share(number))), 0o600);
        let text = fs::read_to_string(dir.join(share(number))).unwrap();
        let secret = secret.lines().filter(|line| line.len() > 20);
        assert!(secret.clone().count() > 2 && secret.into_iter().all(|line| !text.contains(line)));
    }
    assert!(said.contains("any 3 of them"), "{said}");

    let join = |files: &[String], out: &str| {
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        key(dir, &[&["join", "--out", out], files.as_slice()].concat())
    };
    join(&[share(5), share(1), share(3)], "joined.key").expect(0);
    assert_eq!(fs::read_to_string(dir.join("joined.key")).unwrap(), secret);
    assert_eq!(mode(&dir.join("joined.key")), 0o600);
    join(&[share(1), share(2), share(3), share(4), share(5)], "all.key").expect(0);

    let refused = |files: &[String], says: &[&str]| {
        let ran = join(files, "none.key").expect(1);
        assert!(says.iter().all(|says| ran.stderr.contains(says)), "{}", ran.stderr);
        assert!(!dir.join("none.key").exists());
    };
    refused(&[share(1), share(2)], &["3 shares are needed, and there are 2"]);
    refused(&[share(1), share(2), share(2)], &[&share(2), "once more"]);
    split("own.key", "5", "3", "others").expect(0);
    let other = "others/own-3-of-5.share".to_owned();
    refused(&[share(1), share(2), other.clone()], &[&other, "not made together"]);
    let text = fs::read_to_string(dir.join(share(4))).unwrap();
    fs::write(dir.join("changed.share"), text.replace("need: 3", "need: 2")).unwrap();
    refused(&[share(1), share(2), "changed.share".to_owned()], &["changed.share is damaged"]);
    refused(&[share(1), share(2), "own.key".to_owned()], &["own.key is no share"]);

    for need in ["1", "6"] {
        let ran = split("own.key", "5", need, "none").expect(1);
        assert!(ran.stderr.contains("at least 2 must be needed"), "{}", ran.stderr);
    }
    let ran = split("own.asc", "5", "3", "none").expect(1);
    assert!(ran.stderr.contains("only the file of a private key"), "{}", ran.stderr);
    let ran = split("own.key", "5", "3", "shares").expect(1);
    assert!(ran.stderr.contains("is there already"), "{}", ran.stderr);
    fs::set_permissions(dir.join("own.key"), fs::Permissions::from_mode(0o640)).unwrap();
    let ran = split("own.key", "5", "3", "none").expect(1);
    assert!(ran.stderr.contains("chmod 600"), "{}", ran.stderr);
    assert!(!dir.join("none").exists());
}
