//! What anyone can check with a pinned charter, and what mirrors try.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::tool::Tool;

use crate::members::Governed;
use crate::ran::Ran;

/// A copy of the channel 9 that may be changed.
struct Mirror {
    dir: TempDir,
    pin: String,
}

impl Mirror {
    fn of(governed: &Governed) -> Self {
        let mirror = Self { dir: tempfile::tempdir().unwrap(), pin: pin(governed) };
        mirror.copy(governed);
        mirror
    }

    fn copy(&self, governed: &Governed) {
        let _ = fs::remove_dir_all(self.path(""));
        Tool::new("cp").args(["-aL"]).arg(governed.site.published("9")).arg(self.path("")).run().unwrap();
        Tool::new("chmod").args(["-R", "u+w"]).arg(self.path("")).run().unwrap();
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join("9").join(below)
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let place = self.path("").display().to_string();
        let state = self.dir.path().join("state.json").display().to_string();
        let mut arguments = vec!["verify", &place, "--charter", &self.pin, "--state", &state];
        arguments.extend(more);
        run(&arguments)
    }
}

fn run(arguments: &[&str]) -> Ran {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_heirloom"));
    command.args(arguments);
    crate::site::finish(command)
}

fn pin(governed: &Governed) -> String {
    governed.site.json(&["charter", "show"])["digest"].as_str().unwrap().to_owned()
}

fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {}", path.display());
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_members_decided_is_believed_and_nothing_else() {
    let governed = Governed::new();
    governed.release(1);
    let mirror = Mirror::of(&governed);
    mirror.verify(&[]).expect(0).says(&["1 decisions under charter 1", "decisions     holds"]);

    // Another charter is pinned.
    let other = "0".repeat(64);
    run(&["verify", &mirror.path("").display().to_string(), "--charter", &other])
        .expect(5)
        .says(&["no charter of this history has the digest", "somebody made up"]);
    // A package is altered, and one is swapped.
    let package =
        fs::read_dir(mirror.path("BaseOS/x86_64/os/Packages")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&package).unwrap();
    let mut altered = whole.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(&package, &altered).unwrap();
    mirror.verify(&[]).expect(5).says(&["files         WRONG", "copy it anew"]);
    fs::write(&package, &whole).unwrap();
    // The list of files is another one, and votes are fewer or others.
    let tree = mirror.path("governance/tree.json");
    change(&tree, "RPM-GPG-KEY-kestrel", "RPM-GPG-KEY-kestral");
    mirror.verify(&[]).expect(5).says(&["members have decided that 9 serves", "nobody has approved"]);
    mirror.copy(&governed);
    change(&mirror.path("governance/history.jsonl"), "because", "Because");
    mirror.verify(&[]).expect(5).says(&["is not what was seen before: somebody shows two histories"]);
    fs::remove_file(mirror.dir.path().join("state.json")).unwrap();
    mirror
        .verify(&[])
        .expect(5)
        .says(&["entry 1 of the history does not hold", "it is for another proposal"]);
    mirror.copy(&governed);
    fs::remove_file(mirror.path("BaseOS/x86_64/os/repodata/repomd.xml.asc")).unwrap();
    mirror.verify(&[]).expect(5).says(&["repomd.xml.asc", "is missing"]);
    fs::remove_dir_all(mirror.path("governance")).unwrap();
    mirror.verify(&[]).expect(5).says(&["says nothing of who decided"]);
}

#[test]
fn old_and_mixed_states_are_told() {
    let governed = Governed::new();
    governed.release(1);
    let mirror = Mirror::of(&governed);
    let old = Mirror::of(&governed);
    governed.release(2);
    mirror.copy(&governed);
    mirror.verify(&[]).expect(0);
    // The old state after the new one was seen.
    let place = old.path("").display().to_string();
    let state = mirror.dir.path().join("state.json").display().to_string();
    let verify = ["verify", &place, "--charter", &mirror.pin, "--state", &state];
    run(&verify).expect(5).says(&["has 1 decisions, and 2 were seen before: the mirror serves an old state"]);
    // The new history with the old files.
    fs::copy(mirror.path("governance/history.jsonl"), old.path("governance/history.jsonl")).unwrap();
    run(&verify).expect(5).says(&["the mirror serves something older"]);
    fs::copy(mirror.path("governance/tree.json"), old.path("governance/tree.json")).unwrap();
    run(&verify).expect(5).says(&["is missing"]);
    // Another channel's name, and a clock that is wrong by a year.
    mirror
        .verify(&["--channel", "stable"])
        .expect(5)
        .says(&["members have not decided on a channel stable, only on 9"]);
    let past = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(365 * 24);
    mirror.verify(&["--time", &past.to_string()]).expect(5).says(&["set this machine's clock"]);
}

#[test]
fn keys_and_members_must_agree() {
    let governed = Governed::new();
    governed.define("[tuf]\nkeys = \"tuf-keys\"\n");
    governed.run(&["tuf", "init"]).expect(0);
    governed.release(1);
    let mirror = Mirror::of(&governed);
    let root = governed.site.path("tuf-keys/1.root.json").display().to_string();
    mirror.verify(&["--root", &root]).expect(0).says(&[
        "metadata      holds",
        "decisions     holds",
        "agreement     holds",
        "files         holds",
    ]);
    // Whoever has all keys of the metadata, and no votes, signs another list.
    let other = Governed::new();
    other.define("[tuf]\nkeys = \"tuf-keys\"\n");
    Tool::new("cp")
        .arg("-a")
        .arg(governed.site.path("tuf-keys"))
        .arg(other.site.path("tuf-keys"))
        .run()
        .unwrap();
    other.release(2);
    let forged = Mirror::of(&other);
    Tool::new("cp").arg("-a").arg(mirror.path("governance")).arg(forged.path("")).run().unwrap();
    let place = forged.path("").display().to_string();
    run(&["verify", &place, "--charter", &mirror.pin, "--root", &root]).expect(5).says(&[
        "metadata      holds",
        "agreement     WRONG",
        "members have not approved it",
    ]);
}

#[test]
fn the_public_log_has_every_decision() {
    let governed = Governed::new();
    let made = governed.site.json(&["log", "init"]);
    let key = made["vkey"].as_str().unwrap();
    governed.release(1);
    let mirror = Mirror::of(&governed);
    let log = governed.site.published("log").display().to_string();
    mirror.verify(&["--log", &log, "--log-key", key]).expect(0).says(&["log           holds"]);
    // A log that was not told of the second release.
    let before = tempfile::tempdir().unwrap();
    Tool::new("cp").arg("-a").arg(governed.site.published("log")).arg(before.path()).run().unwrap();
    governed.release(2);
    mirror.copy(&governed);
    let old = before.path().join("log").display().to_string();
    mirror
        .verify(&["--log", &old, "--log-key", key])
        .expect(5)
        .says(&["decision 2 (snapshot", "kept from those who watch"]);
    mirror.verify(&["--log", &log, "--log-key", key]).expect(0);
    // One whose entries were rewritten.
    let bundle =
        fs::read_dir(before.path().join("log/tile/entries")).unwrap().next().unwrap().unwrap().path();
    let file =
        if bundle.is_dir() { fs::read_dir(&bundle).unwrap().next().unwrap().unwrap().path() } else { bundle };
    let text = fs::read(&file).unwrap();
    let changed = String::from_utf8_lossy(&text).replacen("approve", "approvd", 1).into_bytes();
    assert_ne!(text, changed);
    Tool::new("chmod").arg("u+w").arg(&file).run().unwrap();
    fs::write(&file, changed).unwrap();
    mirror.verify(&["--log", &old, "--log-key", key]).expect(5).says(&["log           WRONG"]);
}

/// Builds so many packages of 100 kB in one go, as one repository.
fn many(dir: &Path, count: usize) {
    use std::fmt::Write as _;
    let mut spec =
        "Name: many\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n%description\nx\n"
            .to_owned();
    let mut install = "%install\nmkdir -p %{buildroot}/usr/share/many\n".to_owned();
    let mut files = String::new();
    for number in 0..count {
        let _ = writeln!(spec, "%package p{number}\nSummary: x\n%description p{number}\nx");
        let _ = writeln!(install, "head -c 100000 /dev/urandom >%{{buildroot}}/usr/share/many/{number}");
        let _ = writeln!(files, "%files p{number}\n/usr/share/many/{number}");
    }
    let file = dir.join("many.spec");
    fs::write(&file, spec + &install + &files).unwrap();
    let names = "_rpmfilename Packages/%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm";
    Tool::new("rpmbuild")
        .args(["-bb", "--quiet", "--define", "_binary_payload w1.zstdio", "--define", names])
        .arg(format!("--define=_rpmdir {}", dir.join("tree/BaseOS/x86_64/os").display()))
        .arg(format!("--define=_topdir {}", dir.join("build").display()))
        .arg(&file)
        .run()
        .unwrap();
}

/// `cargo test --release --workspace --test govern -- --ignored --nocapture three_thousand`
#[test]
#[ignore = "a measurement"]
fn three_thousand_packages_are_verified() {
    let dir = tempfile::tempdir().unwrap();
    many(dir.path(), 3000);
    let tree = dir.path().join("tree");
    Tool::new("cp").arg("-a").arg(crate::site::tree(1).join("AppStream")).arg(&tree).run().unwrap();
    let repository = tree.join("BaseOS/x86_64/os");
    testkit::repo::repo_at(&repository, 1_790_000_000).unwrap();
    testkit::repo::sign(&repository, &crate::site::KEY).unwrap();
    let governed = Governed::new();
    governed.define("[tuf]\nkeys = \"tuf-keys\"\n");
    governed.run(&["tuf", "init"]).expect(0);
    let key = governed.site.json(&["log", "init"])["vkey"].as_str().unwrap().to_owned();
    governed.offer_tree(&tree);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    governed.promote(&proposal).expect(0);
    let (pin, place) = (pin(&governed), governed.site.published("9").display().to_string());
    let root = governed.site.path("tuf-keys/1.root.json").display().to_string();
    let log = governed.site.published("log").display().to_string();
    let arguments = ["verify", &place, "--charter", &pin, "--root", &root, "--log", &log, "--log-key", &key];
    for _ in 0..5 {
        let began = std::time::Instant::now();
        let ran = run(&arguments).expect(0);
        println!("{:.2} s\n{}{}", began.elapsed().as_secs_f64(), ran.stdout, ran.stderr);
    }
}
