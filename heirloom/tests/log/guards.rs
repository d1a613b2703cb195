//! What keeps an owner from forking the own log by accident, and what is said of a definition that is wrong.

use std::fs;
use std::process::Command;

use testkit::tool::Tool;

use crate::place::{ORIGIN, Place};

#[test]
fn a_log_that_was_brought_back_from_a_backup_is_not_continued() {
    let place = Place::begun();
    Tool::new("cp").arg("-a").arg(place.log()).arg(place.path("backup")).run().unwrap();
    place.append(&["one"]);
    // As the program itself leaves it after an append.
    fs::copy(place.log().join("checkpoint"), place.path("state/log.seen")).unwrap();
    fs::rename(place.log(), place.path("newest")).unwrap();
    let ran = place.run(&["log", "list"]).expect(1);
    assert!(
        ran.stderr.contains("has no log in") && ran.stderr.contains("bring back the newest copy"),
        "{}",
        ran.stderr
    );
    let ran = place.run(&["log", "init"]).expect(1);
    assert!(ran.stderr.contains("A log that goes back is a fork"), "{}", ran.stderr);
    assert!(!place.log().exists(), "nothing was begun anew");
    fs::rename(place.path("backup"), place.log()).unwrap();
    let ran = place.run(&["log", "list"]).expect(1);
    let said = "has 1 entries, and does not continue the 2 entries that were signed last";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    fs::remove_dir_all(place.log()).unwrap();
    fs::rename(place.path("newest"), place.log()).unwrap();
    place.run(&["log", "list"]).expect(0);
}

#[test]
fn what_is_wrong_with_keys_and_definition_is_told() {
    let place = Place::begun();
    let vkey = place.vkey();
    place.define("[log]\norigin = \"merlin.example/log\"\n");
    let ran = place.run(&["log", "list"]).expect(3);
    assert!(
        ran.stderr.contains(&format!("is the key of the log `{ORIGIN}`: expected `merlin.example/log`")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(&format!("set `log.origin = \"{ORIGIN}\"`")), "{}", ran.stderr);
    place.define("[log]\nwitnesses = [\"nobody\"]\n");
    let ran = place.run(&["log", "list"]).expect(3);
    assert!(ran.stderr.contains("log.witnesses: `nobody` is no public key of notes"), "{}", ran.stderr);
    place.define("[log]\nwitnesses_needed = 1\n");
    let ran = place.run(&["log", "list"]).expect(3);
    assert!(ran.stderr.contains("1 witnesses are needed, and `log.witnesses` names 0"), "{}", ran.stderr);
    place.define(&format!("[log]\nwitnesses = [\"{vkey}\"]\n"));
    let ran = place.run(&["log", "list"]).expect(3);
    assert!(ran.stderr.contains("of type 0x01: expected 0x04, which cosigns with a time"), "{}", ran.stderr);
    place.define("");
    fs::set_permissions(place.path("log.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let ran = place.run(&["log", "list"]).expect(1);
    assert!(ran.stderr.contains("that other users can access (mode 644): run `chmod 600"), "{}", ran.stderr);
    let other = Place::new("[log]\norigin = \"two words\"\n");
    let ran = other.run(&["log", "init"]).expect(3);
    assert!(ran.stderr.contains("`two words` can't be the name of a key"), "{}", ran.stderr);
    fs::create_dir_all(other.path("state/published")).unwrap();
    std::os::unix::fs::symlink("elsewhere", other.log()).unwrap();
    other.define("");
    let ran = other.run(&["log", "init"]).expect(1);
    assert!(ran.stderr.contains("is something else already"), "{}", ran.stderr);
    let ran = other.run(&["log", "monitor", "x", "--key", &vkey, "--state", "s", "--need", "1"]).expect(2);
    assert!(ran.stderr.contains("1 witnesses are needed, and only 0 are named"), "{}", ran.stderr);
}

/// System calls that change something on disk.
const CHANGES: &str = "mkdir,rename,renameat,renameat2,linkat,unlink,fsync,openat,write";

#[test]
fn killed_at_any_step_of_its_making_the_same_command_makes_it() {
    let run = |place: &Place, how: &[&str]| {
        let mut command = Command::new("strace");
        command.env_remove("LD_LIBRARY_PATH").args(["-f", "-qq"]).args(how);
        command.args(["--", env!("CARGO_BIN_EXE_heirloom"), "--definition"]).arg(place.path("heirloom.toml"));
        command.args(["log", "init"]).output().unwrap().status.success()
    };
    let place = Place::new("");
    let trace = place.text("strace.log");
    assert!(run(&place, &["-o", &trace, "-e", &format!("trace={CHANGES}")]));
    let text = fs::read_to_string(&trace).unwrap();
    let calls = text.lines().filter_map(|line| line.split('(').next()?.split_whitespace().last());
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    let mut steps = Vec::new();
    for call in calls {
        let count = counts.entry(call).or_default();
        *count += 1;
        steps.push((call, *count));
    }
    assert!(steps.len() > 40, "{counts:?}");
    let mut killed = 0;
    // The program opens many files before it changes anything: each third step is enough.
    for (call, nth) in steps.iter().step_by(3) {
        let place = Place::new("");
        let inject = format!("inject={call}:signal=KILL:when={nth}");
        killed +=
            usize::from(!run(&place, &["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]));
        let before = fs::read(place.path("log.key")).ok();
        place.run(&["log", "init"]).expect(0);
        let listed = place.json(&["log", "list"], 0);
        assert_eq!(listed["checkpoint"]["size"], 1, "{call} {nth}");
        let after = fs::read(place.path("log.key")).unwrap();
        assert!(before.is_none_or(|before| before == after), "{call} {nth}: the key was replaced");
    }
    assert!(killed > 10, "{killed} of {} steps", steps.len());
}
