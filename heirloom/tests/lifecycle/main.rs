//! `heirloom lifecycle` as its users meet it: roots filled by rpm, signatures judged by gpg, the feed by a calendar's
//! reader.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod export;
mod machine;
#[path = "../common/ran.rs"]
mod ran;

use std::fs;
use std::path::Path;
use std::process::Command;

use ran::Ran;
use testkit::gpg::Key;

/// Full until May 2027, maintenance until May 2032; a module's stream that has ended, and one that will soon.
const LIFE: &str = r#"
id = "kestrel"
name = "Kestrel Enterprise Linux"
vendor = "Kestrel Foundation"
url = "https://kestrel.example/life"
updated = 2026-01-15

[[major]]
version = 9
upstream = { name = "Upstream 9, the one; and only", ends = 2027-05-31, then = "backports from newer ones, made by the foundation and reviewed by two of its members each" }

[[major.phase]]
kind = "full"
begins = 2022-05-17
ends = 2027-05-31
promises = { security = "Low", bugfixes = true, features = true, rebases = true, packages = true }

[[major.phase]]
kind = "maintenance"
begins = 2027-06-01
ends = 2032-05-31
promises = { security = "Important" }
maintainer = "Kestrel Foundation"

[[major.minor]]
version = 2
released = 2023-05-10
ends = 2025-05-31

[[major.minor]]
version = 4
released = 2024-05-09

[[major.stream]]
name = "nodejs:18"
ends = 2025-04-30

[[major.stream]]
name = "sql16"
ends = 2026-05-31
sources = ["sql16"]
"#;

const DEFINITION: &str = r#"
lifecycle = "lifecycle.toml"

[distribution]
name = "Kestrel Enterprise Linux"
id = "kestrel"
version = "9.4"
dist = ".el9"
vendor = "Kestrel Foundation"
platform_id = "platform:el9"
home_url = "https://kestrel.example"
bug_url = "https://bugs.kestrel.example"
promise = "identical"

[upstream]
kind = "dist-git"
location = "up/dist-git"
exclude = []

[bootstrap]
location = "file:///srv/bootstrap"
keys = ["public.asc"]

[repositories.BaseOS]
packages = ["kestrel-*"]

[publish]
url = "https://kestrel.example/9"

[signing]
key = "secret.asc"
"#;

fn heirloom(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heirloom"));
    let output = command.current_dir(dir).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A definition with a key and a life.
fn distribution(dir: &Path) -> Key {
    use std::os::unix::fs::PermissionsExt as _;
    let key = Key::throwaway("Kestrel <keys@kestrel.example>").unwrap();
    fs::write(dir.join("public.asc"), key.public().unwrap()).unwrap();
    fs::write(dir.join("secret.asc"), key.secret().unwrap()).unwrap();
    fs::set_permissions(dir.join("secret.asc"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(dir.join("heirloom.toml"), DEFINITION).unwrap();
    fs::write(dir.join("lifecycle.toml"), LIFE).unwrap();
    key
}

#[test]
fn what_is_wrong_with_a_document_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    distribution(dir);
    for (from, to, code, words) in [
        (
            "begins = 2027-06-01",
            "begins = 2027-07-01",
            3,
            "lifecycle.toml:20:10: nothing is promised from 2027-06-01 to 2027-06-30",
        ),
        ("maintainer = \"Kestrel Foundation\"", "", 3, "nobody is named who maintains it then"),
        ("kind = \"full\"", "kind = \"ful\"", 3, "did you mean `full`?"),
        ("id = \"kestrel\"", "id = \"falcon\"", 3, "it is the life of `falcon`, not of `kestrel`"),
        ("updated = 2026-01-15", "updated = 2026-02-30", 3, "lifecycle.toml:6:11: invalid date"),
    ] {
        fs::write(dir.join("lifecycle.toml"), LIFE.replace(from, to)).unwrap();
        let ran = heirloom(dir, &["lifecycle", "show"]).expect(code);
        assert!(
            ran.stderr.contains("lifecycle.toml") && ran.stderr.contains(words),
            "{words}: {}",
            ran.stderr
        );
    }
    fs::remove_file(dir.join("lifecycle.toml")).unwrap();
    let ran = heirloom(dir, &["lifecycle", "show"]).expect(3);
    assert!(ran.stderr.contains("there is no file `lifecycle.toml`"), "{}", ran.stderr);
    fs::write(dir.join("heirloom.toml"), DEFINITION.replace("lifecycle = \"lifecycle.toml\"", "")).unwrap();
    let ran = heirloom(dir, &["lifecycle", "show"]).expect(3);
    assert!(ran.stderr.contains("the definition has no lifecycle document"), "{}", ran.stderr);
    fs::remove_file(dir.join("heirloom.toml")).unwrap();
    let ran = heirloom(dir, &["lifecycle", "show"]).expect(2);
    assert!(ran.stderr.contains("--document FILE"), "{}", ran.stderr);
}

#[test]
fn a_day_is_shown_in_its_phase() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    distribution(dir);
    let shown = |today| heirloom(dir, &["lifecycle", "show", "--today", today]).expect(0).stdout;
    let text = shown("2026-03-02");
    for line in [
        "9: in full support until 2027-05-31 (455 days), and ends on 2032-05-31",
        "maintenance  2027-06-01  2032-05-31  security fixes from Important",
        "2026-05-31 (90 days)  9: stream sql16 ends",
    ] {
        assert!(text.contains(line), "`{line}` is not in:\n{text}");
    }
    assert!(shown("2032-06-02").contains("9: ended on 2032-05-31, 2 days ago"));
    let json =
        heirloom(dir, &["--format", "json", "lifecycle", "show", "--today", "2027-06-01"]).expect(0).json();
    assert_eq!(
        (&json["majors"][0]["phase"], &json["majors"][0]["days_left"]),
        (&"maintenance".into(), &1826.into())
    );
}
