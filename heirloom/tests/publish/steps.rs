//! The program is killed, or the disk is full, at every single step of a publish, while somebody reads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use heirloom_formats::definition::Definition;
use heirloom_model::Digest;
use heirloom_model::record::Composed;
use heirloom_store::Store;

use crate::layout::Tmpfs;
use crate::ran::Ran;
use crate::site::{Site, digest, finish, tree};

const MARCH: u64 = 1_773_482_400;

/// System calls that change something on disk.
const CHANGES: &str = "mkdir,link,linkat,rename,renameat,renameat2,unlink,unlinkat,rmdir,symlink,symlinkat,chmod,\
                       fchmod,fchmodat,fsync,fdatasync,syncfs,openat,pwrite64,write,ftruncate";

/// What a client takes of a channel: the directory that its link leads to is looked up once, as a server does for
/// one request.
fn state(channel: &Path) -> Option<Vec<Digest>> {
    let target = fs::read_link(channel).ok()?;
    let dir = channel.parent()?.join(target);
    ["BaseOS", "AppStream"]
        .iter()
        .flat_map(|name| ["repomd.xml", "repomd.xml.asc"].map(|file| (name, file)))
        .map(|(name, file)| fs::read(dir.join(format!("{name}/x86_64/os/repodata/{file}"))).ok())
        .map(|bytes| bytes.map(|bytes| Digest::of(&bytes)))
        .collect()
}

fn expected(version: u32) -> Vec<Digest> {
    ["BaseOS", "AppStream"]
        .iter()
        .flat_map(|name| ["repomd.xml", "repomd.xml.asc"].map(|file| (name, file)))
        .map(|(name, file)| digest(&tree(version).join(format!("{name}/x86_64/os/repodata/{file}"))))
        .collect()
}

/// All that is in a tree is there, to the last byte.
fn is_whole(site: &Site, version: u32) -> bool {
    let all = walk(&tree(version));
    all.iter().all(|path| {
        let below = path.strip_prefix(tree(version)).unwrap();
        fs::read(site.published("9").join(below)).is_ok_and(|bytes| Digest::of(&bytes) == digest(path))
    })
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// Looks all the time, and counts what it saw that is neither of two states.
struct Reader {
    ended: Arc<AtomicBool>,
    looked: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<Vec<String>>,
}

impl Reader {
    fn start(channel: PathBuf, states: [Vec<Digest>; 2]) -> Self {
        let (ended, looked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (until, count) = (Arc::clone(&ended), Arc::clone(&looked));
        let thread = std::thread::spawn(move || {
            let mut wrong = Vec::new();
            while !until.load(Ordering::Relaxed) {
                let seen = state(&channel);
                count.fetch_add(1, Ordering::Relaxed);
                if !seen.as_ref().is_some_and(|seen| states.contains(seen)) {
                    wrong.push(format!("{seen:?}"));
                }
                std::thread::sleep(std::time::Duration::from_micros(300));
            }
            wrong
        });
        Self { ended, looked, thread }
    }

    fn end(self) {
        self.ended.store(true, Ordering::Relaxed);
        let wrong = self.thread.join().unwrap();
        assert_eq!(wrong, Vec::<String>::new());
        assert!(self.looked.load(Ordering::Relaxed) > 100);
    }
}

/// The calls that a switch makes.
fn steps(site: &Site, verb: &[&str]) -> Vec<(String, usize)> {
    steps_of(site, |site, how| finish(site.traced(how, verb)).expect(0))
}

/// The calls that something makes, each with how often it was made before: strace counts them apart.
fn steps_of(site: &Site, run: impl Fn(&Site, &[&str]) -> Ran) -> Vec<(String, usize)> {
    let log = site.path("strace.log");
    run(site, &["-o", log.to_str().unwrap(), "-e", &format!("trace={CHANGES}")]);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let text = fs::read_to_string(log).unwrap();
    let calls = text.lines().filter_map(|line| line.split('(').next()?.split_whitespace().last());
    let count = |call: &str| {
        let count = counts.entry(call.to_owned()).or_default();
        *count += 1;
        (call.to_owned(), *count)
    };
    calls.map(count).collect()
}

/// At each step in turn: the fault, what is served then, and the same command again.
fn at_each_step(fault: &str, code: &[i32]) {
    let site = Site::new("https://kestrel.example", "in_flight_hours = 0");
    for version in [1, 2] {
        site.snapshot(version, MARCH + u64::from(version));
    }
    let names = [1, 2].map(|version| {
        let all = site.json(&["snapshots"]);
        all[version - 1]["snapshot"]["name"].as_str().unwrap().to_owned()
    });
    site.run(&["publish", "9", "--snapshot", &names[1]]).expect(0);
    site.run(&["publish", "9", "--snapshot", &names[0]]).expect(0);
    let reader = Reader::start(site.published("9"), [expected(1), expected(2)]);
    let steps = steps(&site, &["publish", "9", "--snapshot", &names[1]]);
    assert!(steps.len() > 40, "{steps:?}");
    let mut interrupted = 0;
    for (step, (call, nth)) in steps.iter().enumerate() {
        // The one before was of the other.
        let (version, name) = [(1, &names[0]), (2, &names[1])][step % 2];
        let log = site.path("strace.log");
        let inject = format!("inject={call}:{fault}:when={nth}");
        let how = ["-o", log.to_str().unwrap(), "-e", &format!("trace={call}"), "-e", &inject];
        let ran = finish(site.traced(&how, &["publish", "9", "--snapshot", name]));
        assert!(code.contains(&ran.code) || ran.code == 0, "{call} {nth}: {} {}", ran.code, ran.stderr);
        interrupted += usize::from(ran.code != 0);
        assert!([1, 2].iter().any(|version| is_whole(&site, *version)), "{call} {nth}: half a tree");
        site.run(&["publish", "9", "--snapshot", name]).expect(0);
        assert!(is_whole(&site, version), "{call} {nth}: not published by the second run");
    }
    reader.end();
    assert!(interrupted > steps.len() / 2, "only {interrupted} of {} steps were disturbed", steps.len());
    let left =
        testkit::tool::Tool::new("find").arg(site.published("")).args(["-name", ".*.new"]).run().unwrap();
    assert_eq!(left, "", "leftovers are removed by the next run");
    site.run(&["fsck", "--full"]).expect(0);
}

#[test]
fn killed_at_any_step_the_old_or_the_new_state_is_served() {
    at_each_step("signal=KILL", &[137, -1]);
}

#[test]
fn with_a_disk_full_at_any_step_the_old_or_the_new_state_is_served() {
    // 134: a dynamic loader that can't open a library.
    at_each_step("error=ENOSPC", &[1, 3, 127, 101, 134]);
}

/// Steps of laying out a snapshot: so many, evenly spread, each with a copy of the same site.
const SPREAD: usize = 24;
/// Names the site whose newest tree is laid out.
const CHILD: &str = "HEIRLOOM_TEST_LAY_OUT";

/// What is killed, or has no room.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let dir = PathBuf::from(dir);
    let store = Store::open(&dir.join("state")).unwrap();
    let composed = store.get::<Composed>("compose").unwrap().unwrap();
    let rules = Definition::load(&dir.join("heirloom.toml")).unwrap().publish;
    heirloom_release::Site::new(&store, &rules, "9").unwrap().lay_out(&composed, MARCH + 1).unwrap();
}

/// Lays out the newest tree, in a process of its own, with what strace does to it.
fn lay_out(site: &Site, how: &[&str]) -> Ran {
    let mut command = Command::new("strace");
    // Cargo's, as in `traced`.
    command.env_remove("LD_LIBRARY_PATH");
    command.args(["-f", "-qq"]).args(how).arg("--").arg(std::env::current_exe().unwrap());
    command.args(["--exact", "steps::child", "--nocapture"]).env(CHILD, site.path(""));
    finish(command)
}

fn while_laying_out(fault: &str) {
    let made = Site::new("https://kestrel.example", "in_flight_hours = 0");
    made.snapshot(1, MARCH);
    made.run(&["publish", "9"]).expect(0);
    made.compose(2);
    let copy = || {
        let dir = tempfile::tempdir().unwrap();
        testkit::tool::Tool::new("cp").arg("-a").arg(made.path(".")).arg(dir.path()).run().unwrap();
        Site { dir }
    };
    let steps = steps_of(&copy(), |site, how| lay_out(site, how).expect(0));
    assert!(steps.len() > 3 * SPREAD, "{steps:?}");
    let mut interrupted = 0;
    for (call, nth) in steps.iter().step_by(steps.len() / SPREAD) {
        let site = copy();
        let log = site.path("strace.log");
        let inject = format!("inject={call}:{fault}:when={nth}");
        let how = ["-o", log.to_str().unwrap(), "-e", &format!("trace={call}"), "-e", &inject];
        interrupted += usize::from(lay_out(&site, &how).code != 0);
        assert!(is_whole(&site, 1), "{call} {nth}: the old tree is not served");
        let how = ["-o", log.to_str().unwrap(), "-e", "trace=none"];
        lay_out(&site, &how).expect(0);
        site.run(&["publish", "9"]).expect(0);
        assert!(is_whole(&site, 2), "{call} {nth}: not laid out by the second run");
        site.run(&["fsck", "--full"]).expect(0);
    }
    // A full disk does not disturb what only reads.
    assert!(interrupted > SPREAD / 3, "only {interrupted} of {SPREAD} steps were disturbed");
}

#[test]
fn killed_while_a_snapshot_is_laid_out_the_old_one_is_served() {
    while_laying_out("signal=KILL");
}

#[test]
fn with_a_disk_full_while_a_snapshot_is_laid_out_the_old_one_is_served() {
    while_laying_out("error=ENOSPC");
}

#[test]
fn on_a_disk_that_is_really_full_the_old_state_is_served() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("state")).unwrap();
    let mount = Tmpfs::on(&dir.path().join("state"), "24m");
    let site = Site::at(dir, "https://kestrel.example", "in_flight_hours = 0");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    site.snapshot(2, MARCH + 1);
    let reader = Reader::start(site.published("9"), [expected(1), expected(2)]);
    let filler = site.path("state/filler");
    let fill = |left: u64| {
        let _ = fs::remove_file(&filler);
        let free = rustix_free(&site.path("state"));
        fs::write(&filler, vec![1_u8; usize::try_from(free.saturating_sub(left)).unwrap()]).unwrap();
    };
    let mut refused = 0;
    for left in (0..60).map(|pages| pages * 4096) {
        fill(left);
        let ran = site.run(&["publish", "9", "--snapshot", "2026-03-14"]);
        refused += usize::from(ran.code != 0);
        if ran.code != 0 {
            assert!(ran.stderr.contains("no space left") || ran.stderr.contains("full"), "{}", ran.stderr);
        }
        assert!(is_whole(&site, 1) || is_whole(&site, 2));
        fs::remove_file(&filler).unwrap();
        site.run(&["rollback", "9", "--to", &site.served_first()]).expect(0);
        assert!(is_whole(&site, 1));
    }
    assert!(refused > 5, "{refused}");
    reader.end();
    drop((site, mount));
}

fn rustix_free(dir: &Path) -> u64 {
    let text = testkit::tool::Tool::new("df").args(["-B1", "--output=avail"]).arg(dir).run().unwrap();
    text.lines().last().unwrap().trim().parse().unwrap()
}

impl Site {
    fn served_first(&self) -> String {
        self.json(&["snapshots"])[0]["snapshot"]["name"].as_str().unwrap().to_owned()
    }
}
