//! What people read: the program on roots with nothing in them.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs the program on a root; its exit code and all that it says, with names of this run taken out.
fn run(root: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_heirloom-migrate")).arg("--root").arg(root).args(arguments).output();
    let output = output.unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = format!("{}\n{out}{err}", output.status.code().unwrap_or(-1));
    text.replace(&root.display().to_string(), "ROOT").trim_end().to_owned()
}

fn root() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("etc/heirloom-migrate/signers")).unwrap();
    dir
}

#[test]
fn without_a_migration_everything_says_what_comes_first() {
    let root = root();
    insta::assert_snapshot!(run(root.path(), &["status"]), @r"
    0
    No migration was begun on this machine.

    next: heirloom-migrate assess
    ");
    for verb in ["resume", "rollback", "finish", "verify"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(run(root.path(), if verb == "resume" { &["resume", "--foreground"] } else { std::slice::from_ref(&verb) }), @r"
            1
            error: no migration was begun on this machine
             help: heirloom-migrate assess
            ");
        }
    }
}

#[test]
fn a_plan_that_nobody_signed_who_may_is_refused() {
    use heirloom_migrate::plan::PAYLOAD_TYPE;
    use heirloom_migrate::seal::{Envelope, Signer};
    let root = root();
    let plan = root.path().join("plan.json");
    let apply = ["apply", "--foreground", plan.to_str().unwrap()];
    fs::write(&plan, "{}").unwrap();
    insta::assert_snapshot!(run(root.path(), &apply), @r"
    1
    error: the plan: its file: it is no signed envelope (missing field `payloadType` at line 1 column 2); `plan` makes one
    ");
    let key = root.path().join("key");
    insta::assert_snapshot!(run(root.path(), &["key", key.to_str().unwrap()]), @r"
    0
    ROOT/key is private; ROOT/key.pub goes to the machines, below /etc/heirloom-migrate/signers.

    next: heirloom-migrate plan --sign-with ROOT/key
    ");
    let signer = Signer::open(&key).unwrap();
    fs::write(&plan, Envelope::seal(PAYLOAD_TYPE, b"{}", &signer).to_bytes()).unwrap();
    let said = run(root.path(), &apply).replace(&signer.public().id()[..16], "ID");
    insta::assert_snapshot!(said, @r"
    1
    error: the plan: it is signed by ID, and none of these is trusted here (0 keys are); put the signer's public key below /etc/heirloom-migrate/signers/, or name it with --signer
    ");
    fs::copy(root.path().join("key.pub"), root.path().join("etc/heirloom-migrate/signers/it.pub")).unwrap();
    insta::assert_snapshot!(run(root.path(), &apply), @r"
    1
    error: the plan: missing field `format` at line 1 column 2
    ");
}

#[test]
fn a_file_can_be_named_without_a_directory() {
    let (root, here) = (root(), tempfile::tempdir().unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_heirloom-migrate"))
        .current_dir(here.path())
        .arg("--root")
        .arg(root.path())
        .args(["assess", "--output", "assessment.json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(here.path().join("assessment.json").is_file() && !said.contains("can't write"), "{said}");
}
