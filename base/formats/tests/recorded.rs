//! Recorded buildroots against rpm, dnf and the form that mock documents.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use heirloom_formats::Document;
use heirloom_formats::recorded::{BootstrapImage, Lock, LockError, LockPackage, Recorded, parse};
use heirloom_formats::rpm_file::Header;
use heirloom_model::{Digest, RecordedBuildroot, RecordedFormat};
use testkit::gpg::Key;
use testkit::repo::repo;
use testkit::rpm_builder::RpmBuilder;

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn build(dir: &Path, builder: RpmBuilder) -> PathBuf {
    builder.build(dir).unwrap().binary
}

fn one(name: &str, text: &str) -> RecordedBuildroot {
    match parse(Document::new(name, text.as_bytes())).unwrap() {
        Recorded::Buildroots(mut all) => all.remove(0),
        Recorded::Locks(_) => panic!("{name}"),
    }
}

#[test]
fn sigmd5_and_key_are_rpm_s() {
    let dir = tempfile::tempdir().unwrap();
    let plain = build(dir.path(), RpmBuilder::new("plain", "1").tag("Epoch", "3"));
    let signed = build(dir.path(), RpmBuilder::new("signed", "1"));
    Key::throwaway("A <a@a.example>").unwrap().sign_rpms(std::slice::from_ref(&signed)).unwrap();
    for path in [plain, signed] {
        let header = Header::open(&path).unwrap();
        let query =
            |format| run(Command::new("rpm").args(["-qp", "--nosignature", "--qf", format]).arg(&path));
        assert_eq!(header.sigmd5().unwrap(), query("%{sigmd5}"));
        let shown = query("%{sigpgp:pgpsig} %{rsaheader:pgpsig}");
        let key = header.signing_key();
        assert_eq!(key.is_some(), header.is_signed());
        assert!(key.is_none_or(|key| shown.contains(&format!("Key ID {key}"))), "{shown}");
    }
}

#[test]
fn what_dnf_says_is_what_rpm_has_then() {
    let dir = tempfile::tempdir().unwrap();
    let packages = dir.path().join("packages");
    std::fs::create_dir(&packages).unwrap();
    let long = "a-package-whose-name-is-longer-than-any-column-that-dnf-would-make-for-it-on-a-terminal";
    build(&packages, RpmBuilder::new("top", "1").requires(long).requires("middle"));
    build(&packages, RpmBuilder::new(long, "20240101.git0123456789abcdef").tag("Epoch", "2"));
    build(&packages, RpmBuilder::new("middle", "1").requires("bottom >= 2"));
    build(&packages, RpmBuilder::new("bottom", "2~rc1^3").arch("x86_64").provides("bottom = 3"));
    repo(&packages).unwrap();
    let root = dir.path().join("root");
    let mut log = format!(
        "DEBUG util.py:556:  Executing command: ['/usr/bin/dnf', '--installroot', '{}/', 'install']\n",
        root.display()
    );
    for wanted in ["middle", "top"] {
        let said = run(Command::new("dnf")
            .args([
                "-y",
                "--releasever=9",
                "--disableplugin=local",
                "--nogpgcheck",
                "--setopt=reposdir=/dev/null",
            ])
            .args(["--setopt=varsdir=/dev/null", "--setopt=module_platform_id=platform:el9"])
            .arg(format!("--installroot={}", root.display()))
            .arg(format!("--setopt=cachedir={}", dir.path().join("cache").display()))
            .arg(format!("--repofrompath=build,file://{}", packages.display()))
            .args(["install", wanted]));
        log.extend(said.lines().map(|line| format!("DEBUG util.py:446:  {line}\n")));
    }
    let buildroot = one("root.log", &log);
    assert_eq!((buildroot.format, buildroot.incomplete), (RecordedFormat::RootLog, None));
    let mut ours: Vec<_> = buildroot.packages.iter().map(|package| package.nevra.to_string()).collect();
    ours.sort();
    // Where dnf has put it, that is where this machine's rpm looks.
    let rpm = run(Command::new("rpm").arg("--root").arg(&root).args(["-qa", "--qf", "%{nevra}\n"]));
    let mut theirs: Vec<_> = rpm.lines().collect();
    theirs.sort_unstable();
    assert_eq!((ours.len(), ours), (4, theirs.into_iter().map(str::to_owned).collect()));
}

fn locked(path: &Path) -> LockPackage {
    let header = Header::open(path).unwrap();
    let digest = Digest::of(&std::fs::read(path).unwrap());
    let url = format!("https://a.example/{}", header.nevra.file_name());
    LockPackage::new(&header, digest, url).unwrap()
}

/// Fails unless the form that mock documents allows this file.
fn judge(lock: &str) {
    const VALIDATE: &str = "
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
errors = [f'{list(e.absolute_path)}: {e.message}' for e in jsonschema.Draft6Validator(schema).iter_errors(json.load(sys.stdin))]
sys.exit('\\n'.join(errors) or 0)
";
    let schema =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/buildroot-lock-1.1.0.schema.json");
    // The system's own, which has the module that `./dev setup` installs.
    let mut python = Command::new("/usr/bin/python3")
        .args(["-c", VALIDATE])
        .arg(schema)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), lock.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{lock}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_written_lock_has_mock_s_form_and_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let second = build(dir.path(), RpmBuilder::new("second", "1").tag("Epoch", "3"));
    let first = build(dir.path(), RpmBuilder::new("first", "1"));
    Key::throwaway("A <a@a.example>").unwrap().sign_rpms(std::slice::from_ref(&first)).unwrap();
    let packages = [locked(&second), locked(&first)];
    let text = |name: &str| name.to_owned();
    let image = BootstrapImage {
        name: text("registry.example/el:9"),
        image_digest: text("sha256:1"),
        pull_digest: text("sha256:2"),
        architecture: text("amd64"),
        id: text("3"),
    };
    let macros = [(text("vendor"), text("Kestrel")), (text("dist"), text(".el9"))];
    let mut lock = Lock { arch: "x86_64", dist: "el9", macros: &macros, packages: &packages, image: None };
    for image in [None, Some(&image)] {
        lock.image = image;
        let written = lock.write().unwrap();
        assert_eq!(written, lock.write().unwrap());
        judge(&written);
        let value: serde_json::Value = serde_json::from_str(&written).unwrap();
        // What `mock --hermetic-build` and mock-hermetic-repo look up.
        assert_eq!(value["config"]["bootstrap_image_ready"], image.is_some());
        assert_eq!(value.pointer("/bootstrap/image_digest").is_some(), image.is_some());
        assert_eq!(value["config"]["macros"]["%vendor"], "Kestrel");
        assert_eq!(value["config"]["heirloom_sha256"][1], packages[1].digest.to_string());
        let read = one("buildroot_lock.json", &written);
        assert_eq!(read.arch.as_deref(), Some("x86_64"));
        for (read, locked) in read.packages.iter().zip(&packages) {
            assert_eq!((&read.nevra, &read.signature), (&locked.nevra, &locked.signature));
            assert_eq!((&read.sigmd5, &read.url), (&Some(locked.sigmd5.clone()), &Some(locked.url.clone())));
        }
        assert_eq!(read.packages.len(), 2);
    }
    assert_eq!(packages[1].signature.as_ref().map(String::len), Some(8));
    let macros = [(text("a"), text("%{{b}}"))];
    let refused = Lock { macros: &macros, ..lock }.write();
    assert!(matches!(refused, Err(LockError::Template(name, "{{")) if name == "a"));
}
