//! `kill -9` in the middle of a build: nothing goes on, nothing stays, the next run works.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use heirloom_build::{BuildError, Builder, Settings};
use testkit::tool::Tool;

use crate::support::{Place, base, place, run_with, spec, try_run};

/// How long the victim's build sleeps; also how its process is found.
const MARK: &str = "98765";

/// Where the victim works; set by the test that kills it.
const DIR: &str = "HEIRLOOM_TEST_VICTIM";

#[test]
fn leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::victim", "--ignored"])
        .env(DIR, temporary.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    await_that("the victim's build runs", || sleepers() > 0);
    victim.kill().unwrap();
    victim.wait().unwrap();
    await_that("its processes are gone", || sleepers() == 0);
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    assert!(!mounts.contains(&temporary.path().display().to_string()), "{mounts}");

    let place = Place::at(temporary.path());
    let _builder = place.builder();
    assert_eq!(fs::read_dir(temporary.path().join("work")).unwrap().count(), 0);
    let groups =
        Tool::new("find").args(["/sys/fs/cgroup", "-path"]).arg(format!("*/heirloom/{}-*", victim.id()));
    assert_eq!(groups.run().unwrap(), "");
}

#[test]
fn an_interruption_ends_builds_promptly() {
    let place = place();
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = crate::support::builder().base_root(base()).unwrap();
    let layers = temporary.path().join("roots");
    fs::create_dir(&layers).unwrap();
    let made = place.dir.join(&root.layers()[0]);
    Tool::new("cp").arg("-a").arg(made.parent().unwrap()).arg(&layers).run().unwrap();
    let interrupt = Arc::new(AtomicBool::new(false));
    let settings = Settings {
        state_dir: temporary.path().to_owned(),
        jobs: 2,
        interrupt: interrupt.clone(),
        sandbox_program: Some(env!("CARGO_BIN_EXE_sandbox-for-tests").into()),
    };
    let builder = Builder::new(&place.store, settings).unwrap();
    let action = place.action(&spec("trap '' TERM INT; sleep 1000 & sleep 1000"), &[]);
    let asked = std::sync::Mutex::new(Instant::now());
    let progress = |part: &str| {
        if part == "build" {
            *asked.lock().unwrap() = Instant::now();
            interrupt.store(true, Ordering::Relaxed);
        }
    };
    let error = try_run(&builder, &action, &progress).unwrap_err();
    assert!(asked.into_inner().unwrap().elapsed() < Duration::from_secs(2));
    assert!(matches!(error, BuildError::Interrupted) && !error.is_infrastructure(), "{error}");
    let error = try_run(&builder, &action, &|_| {}).unwrap_err();
    assert!(matches!(error, BuildError::Interrupted), "nothing begins: {error}");
}

#[test]
#[ignore = "run and killed by the test above"]
fn victim() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let place = Place::at(Path::new(&dir));
    let builder = place.builder();
    let base = place.solve(&crate::support::BUILD_GROUP, &[]);
    let action = place.action_on(&base, &spec(&format!("setsid sleep {MARK} & sleep {MARK}")), &[]);
    run_with(&builder, &action);
}

fn sleepers() -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let line = |process: fs::DirEntry| fs::read(process.path().join("cmdline")).unwrap_or_default();
    processes.map(line).filter(|line| line == format!("sleep\0{MARK}\0").as_bytes()).count()
}

fn await_that(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(120), "{what}: waited in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}
