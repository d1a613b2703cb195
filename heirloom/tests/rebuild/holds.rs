//! What must hold when things go wrong around builds: a full disk, a clock that moves, an impatient person, packages
//! that can't be built at all; and side builds, which change nothing until they are merged.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::tool::Tool;

use crate::site::{Site, finish, replace, turn};

const EMPTY: &str = "%description\nx\n%install\ntrue\n%files\n";

fn build(site: &Site, arguments: &[&str]) -> Value {
    site.run(&[&["--format", "json", "build"], arguments].concat()).expect(0).json()
}

fn fresh(result: &Value) -> Vec<String> {
    let cached = result["cached"].as_array().unwrap();
    let built = result["built"].as_object().unwrap().keys();
    built.filter(|step| !cached.iter().any(|it| it == step.as_str())).cloned().collect()
}

fn set_times(dir: &Path, when: &str) {
    let script = format!("find . -exec touch -h -d {when} {{}} +");
    Tool::new("sh").args(["-c", &script]).dir(dir).run().unwrap();
}

#[test]
fn a_moved_clock_builds_nothing_again_and_loses_nothing() {
    let _turn = turn();
    let site = Site::new(&[]);
    for name in ["one", "two"] {
        site.write_spec(name, EMPTY);
    }
    assert!(!fresh(&build(&site, &[])).is_empty());
    for when in ["2040-01-01", "1999-01-01"] {
        for part in ["objects", "roots"] {
            set_times(&site.path("state").join(part), when);
        }
        set_times(&site.upstream, when);
        assert_eq!(fresh(&build(&site, &[])), [""; 0], "the clock says {when}");
        site.run(&["clean"]).expect(0);
        replace(&site.spec("two"), "Summary: x", &format!("Summary: in {when}"));
        assert_eq!(fresh(&build(&site, &[])), ["two"], "the clock says {when}");
        replace(&site.spec("two"), &format!("Summary: in {when}"), "Summary: x");
        assert_eq!(fresh(&build(&site, &[])), [""; 0]);
    }
}

/// A small file system at a place, gone with the value.
struct Small<'p>(&'p Path);

impl<'p> Small<'p> {
    fn mount(at: &'p Path, size: &str) -> Self {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={size}");
        Tool::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).run().unwrap();
        Self(at)
    }

    fn grow(&self, size: &str) {
        let size = format!("remount,size={size}");
        Tool::new("mount").args(["-o", &size]).arg(self.0).run().unwrap();
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Tool::new("umount").arg("-l").arg(self.0).run();
    }
}

#[test]
fn a_full_disk_is_the_machines_fault_and_the_same_command_goes_on() {
    let _turn = turn();
    let site = Site::bare(&["figlet"]);
    let state = site.path("state");
    // Room for what is imported, but not for the base root.
    let disk = Small::mount(&state, "120m");
    let ran = site.run(&["build", "--retry", "1"]);
    assert_ne!(ran.code, 0);
    let said = ran.stderr.to_lowercase();
    assert!(said.contains("no space left"), "{}", ran.stderr);
    disk.grow("4g");
    let result = build(&site, &[]);
    assert_eq!(result["failed"], serde_json::json!({}));
    assert!(result["built"]["figlet"].is_object());
}

#[test]
fn interrupted_it_ends_at_once_keeps_what_is_built_and_goes_on() {
    let _turn = turn();
    let site = Site::new(&[]);
    site.write_spec("quick", EMPTY);
    site.write_spec("slow", &format!("%build\nsleep 76543\n{EMPTY}"));
    let mut command = site.command(&["build"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| processes("sleep 76543") > 0);
    wait_for(|| has_built(&site, "quick"));
    let began = Instant::now();
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(15), "it took {:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("interrupted") && said.contains("continues where it was"), "{said}");
    assert_eq!(processes("sleep 76543"), 0);
    replace(&site.spec("slow"), "sleep 76543", "true");
    let result = build(&site, &[]);
    assert!(!fresh(&result).contains(&"quick".to_owned()) && result["built"]["slow"].is_object());
}

fn signal(child: &Child, name: &str) {
    Tool::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).run().unwrap();
}

fn processes(command: &str) -> usize {
    let found = Tool::new("pgrep").args(["-fx", command]).run();
    found.map_or(0, |list| list.lines().count())
}

fn has_built(site: &Site, step: &str) -> bool {
    let ledger = rusqlite::Connection::open(site.path("state/ledger.db")).unwrap();
    let count =
        ledger.query_row("SELECT count(*) FROM ledger WHERE kind = 'ran' AND key = ?1", [step], |row| {
            row.get::<_, i64>(0)
        });
    count.is_ok_and(|count| count > 0)
}

#[track_caller]
fn wait_for(ready: impl Fn() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < Duration::from_secs(120), "it did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_can_be_built_is_built_when_one_goes_on() {
    let _turn = turn();
    let site = Site::new(&[]);
    site.write_spec("fine", EMPTY);
    site.write_spec("lacking", &format!("BuildRequires: nowhere-devel\n{EMPTY}"));
    site.write_spec("greedy", &format!("%build\ntest $(ulimit -u) && exit 0\n{EMPTY}"));
    let ran = site.run(&["build"]).expect(4);
    ran.says(&["lacking can't be built", "nowhere-devel", "--keep-going"]);
    let ran = site.run(&["--format", "json", "build", "--keep-going", "--jobs", "1"]);
    assert_eq!(ran.code, 4);
    let result = ran.json();
    assert!(result["built"]["fine"].is_object() && result["built"]["greedy"].is_object());
    assert_eq!(result["plan"]["unbuildable"][0][0], "lacking");
    let why = finish(site.command(&["why", "lacking"]));
    assert!(why.stderr.contains("nowhere-devel"), "{}", why.stderr);
}

#[test]
fn a_side_build_is_apart_until_it_is_merged_as_a_whole() {
    let _turn = turn();
    let site = Site::new(&[]);
    let says = |word: &str| {
        format!(
            "%description\nx\n%install\nmkdir -p %{{buildroot}}%{{_datadir}}\necho {word} > %{{buildroot}}%{{_datadir}}/lower\n\
             %files\n%{{_datadir}}/lower\n"
        )
    };
    site.write_spec("lower", &says("old"));
    site.write_spec("upper", &format!("BuildRequires: lower\n%build\ncat %{{_datadir}}/lower\n{EMPTY}"));
    build(&site, &[]);

    // The group: another `lower`, and a package that needs it and does not build.
    let group = Site::new(&[]);
    group.write_spec("lower", &says("new"));
    group.write_spec(
        "extra",
        &format!("BuildRequires: lower\n%build\ngrep newer %{{_datadir}}/lower\n{EMPTY}"),
    );
    let dir = group.upstream.display().to_string();
    let ran = site.run(&["side", "build", "next", &dir]).expect(4);
    assert!(ran.stdout.contains("extra failed"), "{}", ran.stdout);
    site.run(&["side", "merge", "next"]).expect(4).says(&["extra", "as a whole"]);
    // The distribution is what it was.
    assert_eq!(fresh(&build(&site, &[])), [""; 0]);
    assert!(!site.run(&["status"]).expect(0).stdout.contains("extra"));

    replace(&group.spec("extra"), "grep newer", "grep new");
    let result = site.run(&["--format", "json", "side", "build", "next", &dir]).expect(0).json();
    assert_eq!(fresh(&result), ["extra"], "lower is built already");
    site.run(&["side", "merge", "next"]).expect(0);
    assert_eq!(fresh(&build(&site, &[])), ["upper"], "the group's results are taken over");
    assert!(site.run(&["side", "list"]).expect(0).stdout.contains("next (merged): extra, lower"));

    // Upstream moves on: its source counts again.
    replace(&site.spec("lower"), "echo old", "echo newest");
    let ran = site.run(&["--format", "json", "build"]).expect(0);
    ran.says(&["upstream has another lower"]);
    assert_eq!(fresh(&ran.json()), ["extra", "lower", "upper"]);

    // A dropped one leaves nothing.
    group.write_spec("lower", &says("newborn"));
    site.run(&["side", "build", "other", &dir]).expect(0);
    site.run(&["side", "drop", "other"]).expect(0);
    site.run(&["side", "merge", "other"]).expect(1).says(&["was dropped"]);
    assert_eq!(fresh(&build(&site, &[])), [""; 0]);
}
