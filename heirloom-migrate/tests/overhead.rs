//! What the way back costs: `apply` beside a plain `dnf distro-sync` of the same packages, both from local files, on fresh copies of one machine.
//!
//! `HEIRLOOM_MIGRATE` names another build of the program to measure, `HEIRLOOM_PACKAGES` another number of packages, `TMPDIR` another disk.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "faults/small.rs"]
#[expect(dead_code, reason = "made for the test of faults")]
mod small;
#[path = "faults/tree.rs"]
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use heirloom_formats::repodata::{Compression, Fragment, PackageFacts, RepositoryWriter};
use heirloom_formats::rpm_file::read_digested;
use small::{Copy, PROGRAM, World, must};
use tempfile::TempDir;

/// Packages that are upgraded, of two files each, beside the few that are swapped, removed and installed.
const PACKAGES: usize = 200;
/// Rounds; each runs both, taking turns in which goes first.
const ROUNDS: usize = 5;
/// How often the journal is looked at.
const PAUSE: Duration = Duration::from_millis(2);
/// Runs something in a machine, in namespaces of its own.
const RUN: &str = r#"set -e
root=$1
shift
mount --make-rprivate /
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"#;
const APPLY: [&str; 4] = ["/usr/local/bin/heirloom-migrate", "apply", "--foreground", "/home/plan.json"];
const PLAIN: &str = "rpmkeys --import /home/key.asc && exec dnf -y --noplugins --disablerepo='*' \
    --repofrompath=new,file:///home/mirror --setopt=new.gpgcheck=1 --setopt=new.gpgkey=file:///home/key.asc distro-sync";

#[test]
#[ignore = "a measurement: --nocapture"]
fn apply_beside_plain_dnf() {
    let count = std::env::var("HEIRLOOM_PACKAGES").map_or(PACKAGES, |count| count.parse().unwrap());
    let machine = machine(count);
    let (mut applied, mut plain, mut steps) = (Vec::new(), Vec::new(), Steps::new());
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            applied.push(apply(&machine, &mut steps));
        }
        plain.push(distro_sync(&machine, count));
        if round % 2 == 1 {
            applied.push(apply(&machine, &mut steps));
        }
        let (applied, plain) = (applied[round], plain[round]);
        println!(
            "{count} packages: apply {applied:.2} s, dnf distro-sync {plain:.2} s, {:+.0} %",
            percent(applied, plain)
        );
    }
    for (name, mut seconds) in steps {
        println!("  {name:<18} {:.2} s", median(&mut seconds));
    }
    let (applied, plain) = (median(&mut applied), median(&mut plain));
    println!(
        "medians of {ROUNDS}: apply {applied:.2} s, dnf distro-sync {plain:.2} s, {:+.0} %",
        percent(applied, plain)
    );
}

fn percent(one: f64, other: f64) -> f64 {
    (one / other - 1.0) * 100.0
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// A machine to copy, with the program and the target's repository. Its Python modules are compiled, as those of a machine in use are.
fn machine(count: usize) -> Copy {
    let world = World::new(count);
    let machine = world.copy("machine");
    let root = machine.root();
    fs::create_dir_all(root.join("usr/local/bin")).unwrap();
    let program = std::env::var_os("HEIRLOOM_MIGRATE").map_or_else(|| PathBuf::from(PROGRAM), PathBuf::from);
    fs::copy(&program, root.join("usr/local/bin/heirloom-migrate")).unwrap();
    // Made for an older glibc it asks for libraries that are in libc today; every whole machine has them.
    for library in must(Command::new("ldd").arg(&program)).split_whitespace().filter(|it| it.starts_with('/'))
    {
        let place = root.join(&library[1..]);
        if !place.exists() {
            fs::copy(library, place).unwrap();
        }
    }
    repository(&root.join("home/mirror"));
    fs::write(root.join("home/key.asc"), &world.plan.target.certificates).unwrap();
    let compile = "python3 -m compileall -q /usr/lib/python3* || true";
    must(Command::new("chroot").arg(&root).args(["/bin/sh", "-c", compile]));
    machine
}

/// Another one like it, on a disk; nothing of making it is still to be written.
fn fresh(machine: &Copy) -> TempDir {
    let dir = tempfile::Builder::new().prefix("overhead-").tempdir().unwrap();
    must(Command::new("cp").arg("-a").arg(machine.root()).arg(dir.path().join("root")));
    must(&mut Command::new("sync"));
    dir
}

fn start(root: &Path, words: &[&str]) -> Child {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--ipc", "--fork", "--kill-child", "bash", "-c", RUN, "run"]);
    let said = fs::File::create(root.with_file_name("said")).unwrap();
    let also = said.try_clone().unwrap();
    command.arg(root).args(words).stdin(Stdio::null()).stdout(said).stderr(also).spawn().unwrap()
}

fn end(root: &Path, mut child: Child) {
    let status = child.wait().unwrap();
    assert!(status.success(), "{}", fs::read_to_string(root.with_file_name("said")).unwrap());
}

fn distro_sync(machine: &Copy, count: usize) -> f64 {
    let dir = fresh(machine);
    let root = dir.path().join("root");
    let began = Instant::now();
    end(&root, start(&root, &["/bin/sh", "-c", PLAIN]));
    let took = began.elapsed().as_secs_f64();
    let count_new = "rpm -qa --qf '%{name} %{version}\\n' | grep -c '^bulk-.* 2$'";
    let found = must(Command::new("chroot").arg(&root).args(["/bin/sh", "-c", count_new]));
    assert_eq!(found.trim(), count.to_string());
    took
}

/// Seconds of each step of each round, by its name, in the order of the first round.
type Steps = Vec<(String, Vec<f64>)>;

/// The journal's own times are whole seconds; here it is watched.
fn apply(machine: &Copy, steps: &mut Steps) -> f64 {
    let dir = fresh(machine);
    let root = dir.path().join("root");
    let journal = root.join("var/lib/heirloom-migrate/current/journal");
    let (began, mut times) = (Instant::now(), Vec::new());
    let mut child = start(&root, &APPLY);
    loop {
        let is_over = child.try_wait().unwrap().is_some();
        let text = fs::read_to_string(&journal).unwrap_or_default();
        times.resize(text.lines().count().max(times.len()), began.elapsed().as_secs_f64());
        if is_over {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    let took = began.elapsed().as_secs_f64();
    end(&root, child);
    let mut before = 0.0;
    let mut add = |name: String, seconds: f64| match steps.iter_mut().find(|(known, _)| *known == name) {
        Some((_, all)) => all.push(seconds),
        None => steps.push((name, vec![seconds])),
    };
    for (line, time) in fs::read_to_string(&journal).unwrap().lines().zip(times) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = format!("{} {}", line["step"].as_str().unwrap(), line["event"].as_str().unwrap());
        add(name, time - before);
        before = time;
    }
    add("after".to_owned(), took - before);
    took
}

fn repository(dir: &Path) {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let repodata = dir.join("repodata");
    fs::create_dir(&repodata).unwrap();
    let mut writer = RepositoryWriter::create(&repodata, names.len(), Compression::Gzip).unwrap();
    for name in &names {
        let (header, digest, size) = read_digested(&dir.join(name)).unwrap();
        let facts = PackageFacts { digest, size, file_time: 1, changelog_entries: 1 };
        writer.package(&Fragment::from_header(&header, &facts).unwrap(), &name.to_string_lossy()).unwrap();
    }
    fs::write(repodata.join("repomd.xml"), writer.finish("1", 1).unwrap().to_xml()).unwrap();
}
