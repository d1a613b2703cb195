//! An append that ends in the middle: the old or the new log is there, and the next append goes on.

use std::fs;
use std::path::Path;

use heirloom_tlog::{Log, LogError, Look, Source, follow};

use crate::support::{Place, copy_dir, entries, entry};

/// Every file below a directory, sorted by when it got its name: an append in this test writes few enough.
fn files(dir: &Path) -> Vec<String> {
    let list = testkit::tool::Tool::new("find")
        .args([".", "-type", "f", "-not", "-path", "./.new/*", "-printf", "%P\\n"])
        .dir(dir)
        .run()
        .unwrap();
    let mut all: Vec<_> = list.lines().map(str::to_owned).collect();
    all.sort();
    all
}

/// All is as its checkpoint says, seen by one who has only the files.
#[track_caller]
fn is_whole(place: &Place, seen: Option<&[u8]>) -> u64 {
    let log = place.log();
    let followed = follow(&place.policy(), &Source::directory(&log), seen, Look::All).unwrap();
    assert_eq!(followed.findings, []);
    followed.signed.checkpoint().size()
}

/// Grows a log from one size to another; at each file that this writes, only those before it are there.
fn cut(old: u64, new: u64) {
    let before = Place::with(old);
    let seen = before.signed().note().to_vec();
    let after = before.copy();
    after.open().append(&entries(old..new)).unwrap();
    let written: Vec<_> =
        files(&after.log()).into_iter().filter(|path| !before.log().join(path).exists()).collect();
    let (entry_bundles, tiles): (Vec<_>, Vec<_>) =
        written.into_iter().partition(|path| path.contains("entries"));
    let order: Vec<_> = entry_bundles.into_iter().chain(tiles).collect();
    assert!(!order.is_empty());
    for count in 0..=order.len() {
        let place = before.copy();
        for path in &order[..count] {
            let target = place.log().join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(after.log().join(path), target).unwrap();
        }
        fs::create_dir_all(place.log().join(".new")).unwrap();
        fs::write(place.log().join(".new/half"), "half").unwrap();
        assert_eq!(is_whole(&place, Some(&seen)), old);
        // Other entries than those of the append that was cut: nothing of that may be left in the way.
        let mut log = place.open();
        let other: Vec<_> = (0..new - old + 3).map(|one| format!("other {one}").into_bytes()).collect();
        log.append(&other[..1]).unwrap();
        assert_eq!(is_whole(&place, Some(&seen)), old + 1);
        assert!(!place.log().join(".new/half").exists());
        log.append(&other).unwrap();
        assert_eq!(is_whole(&place, Some(&seen)), old + other.len() as u64);
        let log = place.open();
        assert!(other.iter().all(|entry| log.index_of(entry).is_some()));
    }
}

#[test]
fn whatever_was_written_before_the_checkpoint_does_no_harm() {
    cut(0, 1);
    cut(3, 5);
    cut(250, 256);
    cut(200, 300);
    cut(256, 1030);
}

#[test]
fn what_an_interrupted_append_left_is_not_served_in_the_place_of_a_partial_tile() {
    let place = Place::with(200);
    let other = Place { dir: tempfile::tempdir().unwrap() };
    copy_dir(place.dir.path(), other.dir.path());
    let mut log = other.open();
    log.append(&(0..2000).map(|one| format!("lost {one}")).collect::<Vec<_>>()).unwrap();
    for path in ["tile/0/000", "tile/0/001", "tile/entries/000", "tile/entries/001"] {
        fs::copy(other.log().join(path), place.log().join(path)).unwrap();
    }
    place.open();
    assert_eq!(
        files(&place.log()),
        ["checkpoint", "tile/0/000.p/200", "tile/entries/000.p/200"],
        "only what the checkpoint needs"
    );
}

#[test]
fn a_log_that_is_not_as_its_checkpoint_says_is_not_written_to() {
    let place = Place::with(600);
    for path in ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"] {
        let copy = place.copy();
        copy.damage(path, 40);
        let error = Log::open(&copy.log(), copy.key()).err().unwrap();
        assert!(error.to_string().contains("do not hash to the root"), "{path}: {error}");
        fs::remove_file(copy.log().join(path)).unwrap();
        let error = Log::open(&copy.log(), copy.key()).err().unwrap();
        assert!(error.to_string().contains(&format!("has no {path}")), "{path}: {error}");
    }
    let copy = place.copy();
    fs::write(copy.log().join("tile/0/001"), [0; 31]).unwrap();
    let error = Log::open(&copy.log(), copy.key()).err().unwrap().to_string();
    assert!(error.contains("tile/0/001") && error.contains("has 31 bytes: expected 8192"), "{error}");
    // An entry is read when the bundle that it is in goes on.
    let copy = place.copy();
    copy.damage("tile/entries/002.p/88", 5);
    let error = copy.open().append(&[entry(600)]).err().unwrap().to_string();
    assert!(error.contains("entry 512 of the log"), "{error}");
    assert_eq!(copy.checkpoint().size(), 600);
}

#[test]
fn a_log_is_made_once_and_only_its_key_opens_it() {
    let place = Place::new();
    assert!(matches!(Log::create(&place.log(), place.key()), Err(LogError::Exists(_))));
    let stranger = heirloom_tlog::NoteKey::generate("kestrel.example/log").unwrap();
    let error = Log::open(&place.log(), stranger).err().unwrap().to_string();
    assert!(error.contains("it is not signed by kestrel.example/log+"), "{error}");
    let mut log = place.open();
    assert!(matches!(log.append(&[vec![0; 65_536]]), Err(LogError::Entry(65_536))));
    assert!(matches!(log.append(&[Vec::new()]), Err(LogError::Entry(0))));
    log.append(&[vec![7; 65_535]]).unwrap();
    assert_eq!(place.open().entry(0).unwrap(), vec![7; 65_535]);
    let error = Log::open(&place.path("none"), place.key()).err().unwrap().to_string();
    assert!(error.contains("has no checkpoint"), "{error}");
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_log_as_it_was() {
    let place = Place::with(300);
    let mut log = place.open();
    let note = log.signed().note().to_vec();
    // In the way of the partial tile that the append writes.
    fs::create_dir_all(place.log().join("tile/0/001.p/46")).unwrap();
    let error = log.append(&entries(300..302)).err().unwrap();
    assert!(matches!(error, LogError::Io { .. }), "{error}");
    assert_eq!((log.size(), log.index_of(&entry(301)), log.signed().note()), (300, None, &note[..]));
    fs::remove_dir(place.log().join("tile/0/001.p/46")).unwrap();
    log.append(&entries(300..302)).unwrap();
    assert_eq!(is_whole(&place, Some(&note)), 302);
}

/// Names the place whose log the disturbed process appends to.
const CHILD: &str = "HEIRLOOM_TEST_APPEND";
/// System calls that change something on disk.
const CHANGES: &str = "mkdir,rename,renameat,renameat2,unlink,unlinkat,rmdir,fsync,syncfs,openat,write";

/// What is disturbed. Where an append fails, it goes on in the same process, with an entry more at the beginning; what others
/// may have seen in between is kept.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let dir = Path::new(&dir);
    let key = || heirloom_tlog::NoteKey::load(&dir.join("key")).unwrap();
    let mut log = Log::open(&dir.join("log"), key()).or_else(|_| Log::open(&dir.join("log"), key())).unwrap();
    let more = entries(250..520);
    if log.append(&more).is_err() {
        fs::copy(dir.join("log/checkpoint"), dir.join("between")).unwrap();
        log.append(&entries(520..521)).unwrap();
        log.append(&more).unwrap();
    }
}

/// Appends in a process of its own, with what strace does to it; whether it came to its end.
fn append(place: &Place, how: &[&str]) -> bool {
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-qq"]).args(how).arg("--").arg(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::child", "--nocapture"]).env(CHILD, place.dir.path());
    command.env_remove("LD_LIBRARY_PATH").output().unwrap().status.success()
}

/// The calls that an append makes, each with how often it was made before: strace counts them apart.
fn steps(made: &Place) -> Vec<(String, usize)> {
    let (trace, copy) = (made.path("strace.log"), made.copy());
    assert!(append(&copy, &["-o", trace.to_str().unwrap(), "-e", &format!("trace={CHANGES}")]));
    let text = fs::read_to_string(&trace).unwrap();
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    let calls = text.lines().filter_map(|line| line.split('(').next()?.split_whitespace().last());
    let steps = calls.map(|call| {
        let count = counts.entry(call.to_owned()).or_default();
        *count += 1;
        (call.to_owned(), *count)
    });
    let steps: Vec<_> = steps.collect();
    let renames = steps.iter().filter(|(call, _)| call.starts_with("rename")).count();
    assert_eq!(
        renames,
        2 * 3 + 1 + 1,
        "three bundles, as many tiles, one above them, the checkpoint: {counts:?}"
    );
    steps
}

/// Appends with a fault at each step in turn, and then once more; the sizes that the log has in between, and how many of
/// the processes ended early.
fn at_each_step(fault: &str) -> (Vec<u64>, usize, usize) {
    let made = Place::with(250);
    let seen = made.signed().note().to_vec();
    let (mut early, mut sizes) = (0, std::collections::BTreeSet::new());
    let steps = steps(&made);
    for (call, nth) in &steps {
        let place = made.copy();
        let inject = format!("inject={call}:{fault}:when={nth}");
        let how = ["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject];
        early += usize::from(!append(&place, &how));
        if let Ok(between) = fs::read(place.path("between")) {
            is_whole(&place, Some(&between));
        }
        sizes.insert(is_whole(&place, Some(&seen)));
        assert!(append(&place, &["-o", "/dev/null", "-e", "trace=none"]));
        assert!([520, 521].contains(&is_whole(&place, Some(&seen))), "{call} {nth}");
        assert_eq!(fs::read_dir(place.log().join(".new")).unwrap().count(), 0, "{call} {nth}");
    }
    (sizes.into_iter().collect(), early, steps.len())
}

#[test]
fn killed_at_any_step_of_an_append_the_old_or_the_new_log_is_there() {
    let (sizes, killed, steps) = at_each_step("signal=KILL");
    assert_eq!(sizes, [250, 520]);
    assert!(killed > steps / 2, "{killed} of {steps} steps");
}

#[test]
fn after_a_fault_of_the_disk_at_any_step_the_same_process_goes_on() {
    let (sizes, early, steps) = at_each_step("error=EIO");
    // Early ends: libraries that can't be loaded, and a key that can't be read.
    assert!(sizes.ends_with(&[520, 521]) && early < steps / 2, "{sizes:?}, {early} of {steps} ended early");
}
