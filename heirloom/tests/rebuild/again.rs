//! What can be done with a build after it: build it again under other circumstances, enter its buildroot, run
//! its action elsewhere.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use crate::site::{Site, finish, turn};

const FILES: &str = "%description\nx\n%install\nmkdir -p %{buildroot}/usr/share\n";

fn object(site: &Site, digest: &serde_json::Value) -> PathBuf {
    let digest = digest.as_str().unwrap();
    site.path("state/objects").join(&digest[..2]).join(&digest[2..])
}

#[test]
fn built_again_entered_and_run_elsewhere() {
    let _turn = turn();
    let site = Site::new(&[]);
    site.write_spec(
        "steady",
        &format!("{FILES}echo always > %{{buildroot}}/usr/share/steady\n%files\n/usr/share/steady"),
    );
    site.write_spec(
        "dated",
        &format!("{FILES}date -u +%Y > %{{buildroot}}/usr/share/dated\n%files\n/usr/share/dated"),
    );
    site.write_spec(
        "placed",
        &format!("{FILES}pwd > %{{buildroot}}/usr/share/placed\n%files\n/usr/share/placed"),
    );
    site.write_spec(
        "broken",
        &format!("BuildRequires: zlib-devel\n%build\ntest -e /tmp/mended\n{FILES}%files"),
    );
    let ran = site.run(&["build", "--check"]).expect(1);
    ran.says(&["nothing is built yet", "heirloom build"]);
    let ran = site.run(&["--format", "json", "build"]).expect(4);
    assert!(ran.json()["failed"]["broken"]["message"].as_str().unwrap().contains("`heirloom shell broken`"));
    let steady = ran.json()["built"]["steady"].clone();

    checks(&site);
    enters(&site);
    runs_elsewhere(&site, &steady);
}

fn checks(site: &Site) {
    let ran = site.run(&["build", "--check", "steady"]).expect(0);
    assert!(ran.stdout.contains("steady-1-1.el9.noarch: reproducible"), "{}", ran.stdout);
    let ran = site.run(&["build", "--check", "steady", "dated"]).expect(5);
    for word in ["dated-1-1.el9.noarch: differs", "/usr/share/dated", "1 of 2 are not reproducible"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    let ran = site.run(&["--format", "json", "build", "--check", "dated"]).expect(5);
    let package = &ran.json()["steps"][0]["packages"][0];
    assert_eq!(package["reproducible"], false);
    assert_eq!(ran.json()["steps"][0]["path_alone"], false);
    let findings = package["compared"]["findings"].as_array().unwrap();
    let content = findings.iter().find(|finding| finding["subject"] == "/usr/share/dated").unwrap();
    let year = |side: &str| content[side].as_str().unwrap().to_owned();
    assert!(year("expected") != year("found"), "{content}");
    let ran = site.run(&["build", "--check", "placed"]).expect(5);
    assert!(ran.stdout.contains("all this comes from the path of the build tree"), "{}", ran.stdout);
    site.run(&["build", "--check", "nothing"]).expect(1).says(&["nothing is not built"]);
    site.run(&["build", "steady"]).expect(2);
}

fn enters(site: &Site) {
    let ran = site.run(&[
        "shell",
        "broken",
        "--",
        "bash",
        "-c",
        "id -un; ls ~/build/SPECS; rpm -q zlib-devel; exit 7",
    ]);
    let ran = ran.expect(7);
    assert!(ran.stdout.starts_with("mockbuild\nbroken.spec\nzlib-devel-"), "{}", ran.stdout);
    let again = |script: &str| site.run(&["shell", "broken", "--", "bash", "-c", script]);
    again("~/rebuild").expect(1);
    again("touch /tmp/mended; ~/rebuild && ls ~/build/RPMS/noarch").expect(0);
    again("test ! -e /tmp/mended").expect(0);
    // A shell reads what it is given.
    let mut command = site.command(&["shell", "broken"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"echo hello from $(hostname)\nexit 3\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hello from buildhost\n");
    assert_eq!(output.status.code(), Some(3));
    // On a terminal it gets another one, never the caller's.
    let definition = site.path("heirloom.toml");
    let line = format!(
        "{} --definition {} shell broken -- sh -c 'tty; test -t 2 && exit 9'",
        env!("CARGO_BIN_EXE_heirloom"),
        definition.display()
    );
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null());
    let ran = finish(command).expect(9);
    assert!(ran.stdout.contains("/dev/pts/0"), "{}", ran.stdout);
    site.run(&["shell", "nothing"]).expect(1).says(&["no step nothing has run", "heirloom status"]);
}

fn runs_elsewhere(site: &Site, steady: &serde_json::Value) {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = |name: &str| elsewhere.path().join(name).display().to_string();
    fs::copy(object(site, &steady["document"]), elsewhere.path().join("action.json")).unwrap();
    let run = |objects: &str, more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_heirloom"));
        command.args(["--format", "json", "build-action", "action.json", "--objects", objects]);
        command.args(["--out", "out"]).args(more).current_dir(elsewhere.path());
        finish(command)
    };
    run(&path("nowhere"), &[]).expect(1).says(&["is in none of the directories", "--objects"]);
    let state = site.path("state").display().to_string();
    let ran = run(&state, &[]).expect(0).json();
    assert_eq!(ran["built"]["packages"], steady["packages"]);
    assert_eq!(ran["built"]["action"], steady["action"]);
    let theirs = fs::read(object(site, &steady["packages"][0]["digest"])).unwrap();
    assert!(fs::read(elsewhere.path().join("out/steady-1-1.el9.noarch.rpm")).unwrap() == theirs);
    for file in ["steady-1-1.el9.src.rpm", "build.log", "result.json"] {
        assert!(elsewhere.path().join("out").join(file).is_file(), "{file}");
    }
    assert!(!elsewhere.path().join("out/state").exists());

    let messages = run(&state, &["--remote-execution"]).expect(0).json();
    assert_eq!(messages[0]["kind"], "Action");
    for message in messages.as_array().unwrap() {
        let hash = message["digest"]["hash"].as_str().unwrap();
        let wire = fs::read(elsewhere.path().join("out").join(hash)).unwrap();
        assert_eq!(wire.len().to_string(), message["digest"]["sizeBytes"].as_str().unwrap());
    }
    damaged(site, steady, &elsewhere, &run);
}

/// An object that is not what its name says.
fn damaged(
    site: &Site,
    steady: &serde_json::Value,
    elsewhere: &tempfile::TempDir,
    run: &dyn Fn(&str, &[&str]) -> crate::ran::Ran,
) {
    let action: serde_json::Value =
        serde_json::from_slice(&fs::read(object(site, &steady["document"])).unwrap()).unwrap();
    let flat = elsewhere.path().join("flat");
    fs::create_dir(&flat).unwrap();
    let digest = action["sources"][0][1].as_str().unwrap();
    fs::write(flat.join(digest), "something else").unwrap();
    let sources: Vec<_> = action["base"].as_array().unwrap().iter().map(|it| it["digest"].clone()).collect();
    for digest in sources {
        fs::copy(object(site, &digest), flat.join(digest.as_str().unwrap())).unwrap();
    }
    run(&flat.display().to_string(), &[]).expect(1).says(&["is damaged", digest]);
}
