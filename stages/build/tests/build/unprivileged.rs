//! The same without root: a user of the test's own, with subordinate ids that only its processes see.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use heirloom_build::{Builder, Outcome, Settings};
use heirloom_model::record::{Action, BuildrootPackage, Evaluated, FailKind, Imported, Limits};
use heirloom_store::Store;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

use crate::evaluating::imported;
use crate::hostile::WAYS_OUT;
use crate::roots::{FORBIDDEN, SCRIPTLET};
use crate::support::{LIMITS, base, builder, built, failure, place, run, spec, try_run};
use crate::works::{PROGRAM, SOURCE};

/// Where the user's tests work; set by the test that starts them.
const DIR: &str = "HEIRLOOM_TEST_USER_DIR";

/// The user, and the first of its subordinate ids.
const USER: u32 = 64_123;
const FIRST: u32 = 1_500_000_000;

/// What came of each build, by its name, and its log.
type Answers = BTreeMap<String, (Outcome, String)>;

/// Runs all builds of these tests once, as the user.
fn answer(name: &str) -> &'static (Outcome, String) {
    static ANSWERS: OnceLock<Answers> = OnceLock::new();
    &ANSWERS.get_or_init(|| as_user(&actions()))[name]
}

fn limited(script: &str, limits: Limits) -> Action {
    Action { limits, ..place().action(&spec(script), &[]) }
}

fn extra(action: Action, extra: Vec<BuildrootPackage>) -> Action {
    Action { extra, ..action }
}

/// A package whose scriptlet is root and tries what it must not.
fn scripted() -> BuildrootPackage {
    let out = tempfile::tempdir().unwrap();
    let script = SCRIPTLET.to_owned()
        + "\nchown 1234:65534 /usr/trace\n\
           rm -r /usr/share/scripted && mkdir /usr/share/scripted && touch /usr/share/scripted/new\ntrue";
    let package = RpmBuilder::new("scripted-by-root", "1")
        .file("/usr/share/scripted/old", "text")
        .scriptlet("%post -p /bin/bash", &script)
        .build(out.path())
        .unwrap();
    place().keep(&package.binary)
}

fn actions() -> BTreeMap<String, Action> {
    let seen = "cat /usr/trace; stat -c 'owner %u:%g' /usr/trace /usr/bin/bash; ls /usr/share/scripted; \
        rm -rf /tmp/x; mkdir /tmp/x; ls -l /dev; id; test ! -e /usr/share/scripted/old";
    [
        ("program", place().action(PROGRAM, &[("tiny.c", SOURCE)])),
        ("layers", extra(place().action(PROGRAM, &[("tiny.c", SOURCE)]), place().more_than(base(), 5))),
        ("scriptlet", extra(place().action(&spec(seen), &[]), vec![scripted()])),
        ("ways out", place().action(&spec(WAYS_OUT), &[])),
        ("fork bomb", place().action(&spec("bomb() { bomb | bomb & }; bomb; sleep 100"), &[])),
        (
            "memory",
            limited(
                "head -c 2900M /dev/zero | tail -c 2900M | wc -c",
                Limits { memory: 256 << 20, ..LIMITS },
            ),
        ),
        ("disk", limited("head -c 900M /dev/zero > /var/tmp/big", Limits { disk: 64 << 20, ..LIMITS })),
        ("time", limited("trap '' TERM; setsid sleep 1000 & sleep 1000", Limits { seconds: 2, ..LIMITS })),
        ("left behind", place().action(&spec("setsid sleep 1000 >/dev/null 2>&1 &"), &[])),
        ("network", place().action(&spec("(exec 3<>/dev/tcp/192.0.2.1/80) || exit 7"), &[])),
        ("writing", place().action(&spec("! echo x > /usr/trace && ! echo x > /etc/passwd"), &[])),
    ]
    .map(|(name, action)| (name.to_owned(), action))
    .into()
}

fn as_user(actions: &BTreeMap<String, Action>) -> Answers {
    let lacks = heirloom_build::detect().user;
    assert!(lacks.is_empty(), "this machine can't build without root: {lacks:?}");
    // Root's control groups are there, and must not be taken for the user's.
    builder();
    let temporary = tempfile::tempdir_in("/var/tmp").unwrap();
    let dir = temporary.path();
    let source = prepare(dir, actions);
    let ids = format!("{USER}:{FIRST}:65536\n");
    for (file, line) in [
        ("passwd", format!("heirloom-test:x:{USER}:{USER}::/nonexistent:/bin/bash\n")),
        ("subuid", ids.clone()),
        ("subgid", ids),
    ] {
        let text = fs::read_to_string(Path::new("/etc").join(file)).unwrap_or_default();
        fs::write(dir.join(file), text + &line).unwrap();
    }
    Tool::new("chown").arg("-R").arg(format!("{USER}:{USER}")).arg(dir).run().unwrap();
    let answers = ask(
        dir,
        "for file in passwd subuid subgid; do test -e /etc/$file || touch /etc/$file; mount --bind $file /etc/$file; done",
        &format!("setpriv --reuid {USER} --regid {USER} --clear-groups"),
    );
    let evaluated: Evaluated = serde_json::from_slice(&fs::read(dir.join("evaluated")).unwrap()).unwrap();
    let root = builder().base_root(base()).unwrap();
    let ours = builder().evaluate(&root, &[&source], &[], "x86_64").unwrap().remove(0).unwrap();
    assert_eq!(evaluated, ours, "the same answers under the same key");
    let layers = fs::read_dir(dir.join("state").join(format!("roots-{FIRST}"))).unwrap();
    assert!(layers.count() > 1 && !dir.join("state/roots").exists(), "layers of users are kept apart");
    answers
}

/// Fills a directory with all that `inner` needs; returns the source that it evaluates.
fn prepare(dir: &Path, actions: &BTreeMap<String, Action>) -> Imported {
    fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
    let store = Store::open(&dir.join("state")).unwrap();
    for action in actions.values() {
        let sources = action.sources.iter().map(|(_, digest)| *digest);
        for digest in sources.chain(action.buildroot().map(|package| package.digest)) {
            if !store.contains(digest) {
                store.put_file(&place().store.path(digest)).unwrap();
            }
        }
    }
    let source = imported("a", &[("a.spec", &spec("true"))]);
    store.put(spec("true").as_bytes()).unwrap();
    fs::write(dir.join("source"), serde_json::to_vec(&source).unwrap()).unwrap();
    drop(store);
    fs::write(dir.join("actions"), serde_json::to_vec(actions).unwrap()).unwrap();
    fs::copy(std::env::current_exe().unwrap(), dir.join("tests")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_sandbox-for-tests"), dir.join("sandbox")).unwrap();
    source
}

/// Runs `inner` among mounts of its own, which `mounts` changes, started by this program.
fn ask(dir: &Path, mounts: &str, by: &str) -> Answers {
    let script = format!(
        "set -e; cd \"$0\"; {mounts}\nexec {by} ./tests --exact unprivileged::inner --ignored --nocapture"
    );
    let told = Tool::new("unshare").args(["-m", "bash", "-c", &script]).arg(dir).env(DIR, dir).run().unwrap();
    let answers = fs::read(dir.join("answers"));
    serde_json::from_slice(&answers.unwrap_or_else(|error| panic!("{error}\n{told}"))).unwrap()
}

/// As in a container without them: root's limits are watched too.
#[test]
fn limits_hold_without_control_groups() {
    let crowd = "for i in $(seq 600); do sleep 100 & done; wait";
    let hog = Limits { memory: 256 << 20, ..LIMITS };
    let actions = [
        ("program", place().action(PROGRAM, &[("tiny.c", SOURCE)])),
        ("crowd", place().action(&spec(crowd), &[])),
        ("memory", limited("head -c 2900M /dev/zero | tail -c 2900M | wc -c", hog)),
    ];
    let actions: BTreeMap<_, _> = actions.map(|(name, action)| (name.to_owned(), action)).into();
    let temporary = tempfile::tempdir_in("/var/tmp").unwrap();
    prepare(temporary.path(), &actions);
    let answers = ask(temporary.path(), "mount -t tmpfs none /sys/fs/cgroup", "env");
    let program = built(answers["program"].0.clone());
    assert_eq!(program.packages, built(run(&actions["program"])).packages);
    assert!(program.resources.peak_memory > 0);
    failure(answers["crowd"].0.clone(), FailKind::Processes);
    failure(answers["memory"].0.clone(), FailKind::Memory);
}

#[test]
#[ignore = "run by the tests below, as a user"]
fn inner() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let dir = Path::new(&dir);
    let actions: BTreeMap<String, Action> =
        serde_json::from_slice(&fs::read(dir.join("actions")).unwrap()).unwrap();
    let (store, state_dir) = (Store::open(&dir.join("state")).unwrap(), dir.join("state"));
    let settings = Settings {
        state_dir,
        jobs: 2,
        interrupt: Arc::default(),
        sandbox_program: Some(dir.join("sandbox")),
    };
    let builder = Builder::new(&store, settings).unwrap();
    let mut answers = Answers::new();
    let base = actions.values().next().map(|action| action.base.clone());
    for (name, action) in actions {
        let outcome = try_run(&builder, &action, &|_| {}).unwrap();
        let log = match &outcome {
            Outcome::Built(built) => Some(built.log),
            Outcome::Failed(failed) => failed.log,
            Outcome::NeedsMore(_) => None,
        };
        let log = log.map(|log| String::from_utf8_lossy(&store.read(log).unwrap()).into_owned());
        answers.insert(name, (outcome, log.unwrap_or_default()));
    }
    let source: Imported = serde_json::from_slice(&fs::read(dir.join("source")).unwrap()).unwrap();
    let root = builder.base_root(&base.unwrap()).unwrap();
    let evaluated = builder.evaluate(&root, &[&source], &[], "x86_64").unwrap().remove(0).unwrap();
    fs::write(dir.join("evaluated"), serde_json::to_vec(&evaluated).unwrap()).unwrap();
    // What others own is removed as well: here all of it.
    assert_eq!(fs::read_dir(dir.join("state/work")).unwrap().count(), 0);
    fs::write(dir.join("answers"), serde_json::to_vec(&answers).unwrap()).unwrap();
}

#[test]
fn gives_the_same_packages_and_keys() {
    for name in ["program", "layers"] {
        let theirs = built(answer(name).0.clone());
        let ours = built(run(&actions()[name]));
        assert_eq!((&theirs.packages, &theirs.source), (&ours.packages, &ours.source), "{name}");
        assert_eq!(theirs.action, ours.action);
    }
}

#[test]
fn scriptlets_are_root_of_their_root_alone() {
    let (outcome, log) = answer("scriptlet");
    built(outcome.clone());
    for line in ["0", "owner 1234:65534", "owner 0:0", "new"] {
        assert!(log.lines().any(|found| found == line), "{line}:\n{log}");
    }
    for done in FORBIDDEN {
        assert!(!log.lines().any(|line| line == done), "{done}:\n{log}");
    }
}

#[test]
fn limits_hold_and_are_named() {
    for (name, kind, words) in [
        ("fork bomb", FailKind::Processes, "`limits.processes`"),
        ("memory", FailKind::Memory, "`limits.memory_mib`"),
        ("disk", FailKind::Disk, "`limits.disk_mib`"),
        ("time", FailKind::Time, "`limits.minutes`"),
        ("network", FailKind::Rpmbuild, "Network is unreachable"),
    ] {
        let failed = failure(answer(name).0.clone(), kind);
        assert!(failed.message.contains(words), "{name}: {}", failed.message);
    }
}

#[test]
fn ways_out_are_shut_and_nothing_stays() {
    let (outcome, log) = answer("ways out");
    built(outcome.clone());
    assert!(log.lines().any(|line| line == "all shut"), "{log}");
    for name in ["left behind", "writing"] {
        built(answer(name).0.clone());
    }
}
