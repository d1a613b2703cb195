//! The process is killed while it records; the same call again makes what an undisturbed one makes.

use std::process::{Child, Stdio};
use std::time::Instant;

use super::*;

/// Names the place of the process that is killed.
const CHILD: &str = "HEIRLOOM_TEST_HISTORY";
/// Kills, spread over the time that the process takes.
const KILLS: u32 = 24;

fn record_version(place: &Place, number: u8) -> Committed {
    let source = |vendor: &str| {
        let spec = format!("Name: hello\nVersion: {number}\nVendor: {vendor}\n");
        let bytes = vec![number; 50_000];
        place.imported("hello", &[("hello.spec", spec.as_bytes()), ("a.tar.gz", &bytes), ("a.txt", &bytes)])
    };
    place.record(&source("Upstream"), &source("Example"), &format!("hello-{number}-1"), number.into())
}

fn spawn_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::tests::kill::child", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What is killed.
#[test]
fn child() {
    if let Some(dir) = std::env::var_os(CHILD) {
        record_version(&Place::at(dir.into()), 2);
    }
}

/// What references there are, for git and for web clients, and what they are said to hold.
fn state(place: &Place) -> Vec<(PathBuf, Vec<u8>)> {
    let repository = place.repository("hello");
    let all = files(&repository)
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(&repository).unwrap().to_owned(), bytes));
    all.filter(|(path, _)| !path.starts_with("objects") && !path.to_string_lossy().contains("crash"))
        .collect()
}

#[test]
fn a_kill_at_any_point_is_healed_by_the_same_call() {
    let undisturbed = Place::new();
    record_version(&undisturbed, 1);
    let start = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    record_version(&Place::at(dir.path().to_owned()), 1);
    assert!(spawn_child(dir.path()).wait().unwrap().success());
    let duration = start.elapsed();
    let expected = record_version(&undisturbed, 2);
    assert_eq!(state(&Place::at(dir.path().to_owned())), state(&undisturbed));

    for step in 0..KILLS {
        let dir = tempfile::tempdir().unwrap();
        record_version(&Place::at(dir.path().to_owned()), 1);
        let mut child = spawn_child(dir.path());
        std::thread::sleep(duration * step / KILLS);
        child.kill().unwrap();
        child.wait().unwrap();
        let place = Place::at(dir.path().to_owned());
        // Until the call is made again, everything is as before, or as after.
        let repository = place.repository("hello");
        let main = git(&repository, &["rev-parse", "main"]);
        let complete = main.trim() == expected.main;
        assert_eq!(
            git(&repository, &["rev-list", "--count", "upstream"]),
            if complete { "2\n" } else { "1\n" }
        );
        let healed = record_version(&place, 2);
        assert_eq!((&healed.upstream, &healed.main), (&expected.upstream, &expected.main));
        assert_eq!(state(&place), state(&undisturbed), "killed after {step}/{KILLS}");
        assert_eq!(git(&repository, &["fsck", "--strict", "--full", "--no-dangling"]), "");
    }
}

/// A process that died between the new references and the removal of the old record left that.
#[test]
fn the_record_of_the_commit_before_is_removed() {
    let undisturbed = Place::new();
    record_version(&undisturbed, 1);
    record_version(&undisturbed, 2);
    let place = Place::new();
    record_version(&place, 1);
    let records = place.repository("hello").join("recorded");
    let [old] = &files(&records)[..] else { panic!("not one record") };
    record_version(&place, 2);
    fs::write(&old.0, &old.1).unwrap();
    assert_ne!(state(&place), state(&undisturbed));
    record_version(&place, 2);
    assert_eq!(state(&place), state(&undisturbed));
}

/// A machine that died while git put its pack in place left the file that guards it, which git would not make again.
#[test]
fn what_guards_a_pack_is_removed() {
    let undisturbed = Place::new();
    record_version(&undisturbed, 1);
    record_version(&undisturbed, 2);
    let packs = undisturbed.repository("hello").join("objects/pack");
    let place = Place::new();
    record_version(&place, 1);
    for entry in fs::read_dir(packs).unwrap() {
        let guard = entry.unwrap().path().with_extension("keep");
        fs::write(place.repository("hello").join("objects/pack").join(guard.file_name().unwrap()), "")
            .unwrap();
    }
    record_version(&place, 2);
    assert_eq!(state(&place), state(&undisturbed));
    assert!(
        files(&place.repository("hello"))
            .iter()
            .all(|(path, _)| path.extension().is_none_or(|end| end != "keep"))
    );
}
