use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::*;
use crate::facts::Mount;

/// All that can be seen of a tree: mode, owner, time, content or target, and which names are one file.
fn look(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut inodes = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(place) = left.pop() {
        let about = fs::symlink_metadata(&place).unwrap();
        let path = place.strip_prefix(root).unwrap().to_owned();
        if path.starts_with("var/lib/heirloom-migrate") {
            continue;
        }
        let content = match () {
            () if about.is_dir() => {
                left.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
                String::new()
            }
            () if about.is_symlink() => format!("{:?}", fs::read_link(&place).unwrap()),
            () => {
                let first = inodes.entry(about.ino()).or_insert_with(|| path.clone());
                format!("{:?} {:?}", fs::read(&place).unwrap(), first.clone().min(path.clone()))
            }
        };
        let attributes = metadata::attributes(&place).unwrap();
        let time =
            if path.starts_with("var/lib") && about.is_dir() { (0, 0) } else { metadata::times_of(&about) };
        let what =
            format!("{:o} {} {} {time:?} {attributes:?} {content}", about.mode(), about.uid(), about.gid());
        all.insert(path, what);
    }
    all
}

fn machine(dir: &Path) -> (Machine, Layout) {
    for name in ["usr/bin", "usr/lib", "etc/conf.d", "boot", "var/lib/rpm", "var/lib/tool", "home/me"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
    symlink("usr/bin", dir.join("bin")).unwrap();
    for (name, text) in [
        ("usr/bin/tool", "old tool"),
        ("usr/bin/gone", "goes"),
        ("usr/lib/cache", "of no package"),
        ("etc/tool.conf", "x=1"),
        ("etc/empty", ""),
        ("etc/conf.d/one", "one"),
        ("boot/vmlinuz", "kernel"),
        ("var/lib/rpm/rpmdb.sqlite", "database"),
        ("var/lib/tool/owned", "owned"),
        ("home/me/letter", "mine"),
    ] {
        fs::write(dir.join(name), text).unwrap();
    }
    fs::hard_link(dir.join("usr/bin/tool"), dir.join("usr/bin/tool2")).unwrap();
    fs::hard_link(dir.join("etc/tool.conf"), dir.join("etc/tool.conf.2")).unwrap();
    fs::set_permissions(dir.join("usr/bin/tool"), Permissions::from_mode(0o4755)).unwrap();
    std::os::unix::fs::chown(dir.join("etc/tool.conf"), Some(7), Some(8)).unwrap();
    symlink("tool", dir.join("usr/bin/link")).unwrap();
    let machine = Machine::at(dir).unwrap();
    let layout = Layout::of(&machine);
    layout.make().unwrap();
    (machine, layout)
}

fn scope(machine: &Machine) -> Scope {
    let owned = |path: &str, flags| OwnedPath { path: path.into(), flags, verify: 1, is_affected: true };
    let installed = [
        owned("/bin/tool", 0),
        owned("/usr/bin/tool2", 0),
        owned("/usr/bin/gone", 0),
        owned("/etc/tool.conf", 1),
        owned("/var/lib/tool/owned", 0),
    ];
    let staged = [
        "/usr/bin/tool",
        "/usr/bin/new",
        "/usr/share/new/file",
        "/var/lib/tool/new",
        "/var/lib/fresh/dir/file",
    ];
    Scope::new(machine, installed, staged.map(PathBuf::from))
}

/// What rpm and scriptlets do.
fn convert(dir: &Path) {
    fs::write(dir.join("usr/bin/tool;0123abcd"), "new tool").unwrap();
    fs::rename(dir.join("usr/bin/tool;0123abcd"), dir.join("usr/bin/tool")).unwrap();
    fs::remove_file(dir.join("usr/bin/gone")).unwrap();
    fs::remove_file(dir.join("usr/bin/link")).unwrap();
    fs::create_dir(dir.join("usr/bin/link")).unwrap();
    fs::write(dir.join("usr/bin/new"), "new").unwrap();
    fs::create_dir_all(dir.join("usr/share/new")).unwrap();
    fs::write(dir.join("usr/share/new/file"), "new").unwrap();
    fs::write(dir.join("usr/lib/cache"), "rewritten in place").unwrap();
    fs::write(dir.join("usr/lib/made-by-scriptlet"), "made").unwrap();
    fs::write(dir.join("etc/tool.conf"), "x=2").unwrap();
    fs::write(dir.join("etc/empty"), "no more").unwrap();
    fs::remove_dir_all(dir.join("etc/conf.d")).unwrap();
    fs::write(dir.join("etc/conf.d"), "a file now").unwrap();
    fs::write(dir.join("boot/vmlinuz"), "other kernel").unwrap();
    fs::write(dir.join("var/lib/rpm/rpmdb.sqlite"), "other database").unwrap();
    fs::write(dir.join("var/lib/rpm/rpmdb.sqlite-wal"), "log").unwrap();
    fs::write(dir.join("var/lib/tool/owned"), "other").unwrap();
    fs::write(dir.join("var/lib/tool/new"), "other").unwrap();
    fs::create_dir_all(dir.join("var/lib/fresh/dir")).unwrap();
    fs::write(dir.join("var/lib/fresh/dir/file"), "other").unwrap();
    fs::write(dir.join("home/me/letter"), "mine, still").unwrap();
}

fn nothing() -> impl FnMut(u64, u64) {
    |_, _| {}
}

#[test]
fn everything_is_as_before_and_what_is_nobodys_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let (machine, layout) = machine(dir.path());
    let before = look(dir.path());
    let made = make(&machine, &layout, &scope(&machine), &mut |_| {}).unwrap();
    assert_eq!((made.linked, look(dir.path())), (3, before.clone()));
    convert(dir.path());
    let report = restore(&machine, &layout, &mut nothing()).unwrap();
    let mut after = look(dir.path());
    after.insert("home/me/letter".into(), before[Path::new("home/me/letter")].clone());
    for (path, what) in &before {
        assert_eq!(after.get(path), Some(what), "{}", path.display());
    }
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(report.lost, Vec::<String>::new());
    let aside: Vec<_> = report.set_aside.iter().map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(aside, ["/var/lib/rpm/rpmdb.sqlite-wal", "/usr/lib/made-by-scriptlet"]);
    // Again: there is nothing left to do.
    let again = restore(&machine, &layout, &mut nothing()).unwrap();
    assert_eq!((again.restored, again.removed), (0, 0));
    remove(&machine, &layout).unwrap();
    assert!(!layout.at("savepoint").exists());
    assert_eq!(fs::metadata(dir.path().join("usr/bin/gone")).unwrap().nlink(), 1);
}

#[test]
fn what_somebody_did_after_the_conversion_is_kept_beside() {
    let dir = tempfile::tempdir().unwrap();
    let (machine, layout) = machine(dir.path());
    make(&machine, &layout, &scope(&machine), &mut |_| {}).unwrap();
    convert(dir.path());
    note_after(&machine, &layout).unwrap();
    fs::write(dir.path().join("etc/tool.conf"), "x=3, by hand").unwrap();
    fs::write(dir.path().join("etc/by-hand"), "mine").unwrap();
    let report = restore(&machine, &layout, &mut nothing()).unwrap();
    let mut aside: Vec<_> = report.set_aside.iter().map(|(path, _)| path.display().to_string()).collect();
    aside.sort();
    // One file with two names is one change.
    assert_eq!(aside, ["/etc/by-hand", "/etc/tool.conf"]);
    let kept = |name: &str| fs::read_to_string(layout.at("set-aside").join(name)).unwrap();
    assert_eq!((kept("etc/by-hand"), kept("etc/tool.conf")), ("mine".to_owned(), "x=3, by hand".to_owned()));
    assert_eq!(fs::read_to_string(dir.path().join("etc/tool.conf")).unwrap(), "x=1");
    assert!(!dir.path().join("usr/lib/made-by-scriptlet").exists());
    assert!(!layout.at("set-aside/usr/lib/made-by-scriptlet").exists());
}

#[test]
fn a_file_that_was_changed_in_place_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (machine, layout) = machine(dir.path());
    make(&machine, &layout, &scope(&machine), &mut |_| {}).unwrap();
    fs::write(dir.path().join("usr/bin/gone"), "written over").unwrap();
    let report = restore(&machine, &layout, &mut nothing()).unwrap();
    assert_eq!(report.lost.len(), 1);
    assert!(report.lost[0].starts_with("/usr/bin/gone: its content was changed in place"));
}

#[test]
fn a_manifest_that_was_cut_short_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (machine, layout) = machine(dir.path());
    make(&machine, &layout, &scope(&machine), &mut |_| {}).unwrap();
    let path = layout.at("savepoint/manifest");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 60]).unwrap();
    assert!(matches!(restore(&machine, &layout, &mut nothing()), Err(SavepointError::Manifest { .. })));
}

#[test]
#[ignore = "a measurement"]
fn a_savepoint_of_200_000_paths() {
    let dir = tempfile::tempdir().unwrap();
    let (machine, layout) = machine(dir.path());
    let mut owned = Vec::new();
    for number in 0..200_000 {
        let path = format!("/usr/lib/d{}/e{}/f{number}", number / 2000, number / 50 % 40);
        let place = machine.place(&path);
        if number % 50 == 0 {
            fs::create_dir_all(place.parent().unwrap()).unwrap();
        }
        fs::write(place, "x").unwrap();
        owned.push(OwnedPath { path: path.into(), flags: 0, verify: 1, is_affected: true });
    }
    let time = |what: &str, done: &mut dyn FnMut()| {
        let began = std::time::Instant::now();
        done();
        println!("{what}: {:.1} s", began.elapsed().as_secs_f64());
    };
    time("make", &mut || {
        _ = make(&machine, &layout, &Scope::new(&machine, owned.clone(), []), &mut |_| {}).unwrap()
    });
    time("restore, nothing to do", &mut || _ = restore(&machine, &layout, &mut nothing()).unwrap());
    for found in fs::read_dir(dir.path().join("usr/lib/d1")).unwrap() {
        fs::remove_dir_all(found.unwrap().path()).unwrap();
    }
    for number in 20_000..200_000 {
        let place = machine.place(&format!("/usr/lib/d{}/e{}/f{number}", number / 2000, number / 50 % 40));
        fs::write(place.with_extension("new"), "y").unwrap();
        fs::rename(place.with_extension("new"), place).unwrap();
    }
    time("restore, 182,000 files", &mut || _ = restore(&machine, &layout, &mut nothing()).unwrap());
    time("remove", &mut || remove(&machine, &layout).unwrap());
}

#[test]
fn snapshots_are_made_where_the_root_can_have_them() {
    let root = Mount { point: "/".into(), size: 50 << 30, ..Mount::default() };
    let lvm = |free| Mount { volume: "vg/root".into(), volume_free: free, ..root.clone() };
    assert_eq!(Snapshot::of(std::slice::from_ref(&root)), None);
    assert_eq!(Snapshot::of(&[lvm(9 << 30)]), None, "a fifth of it has to be free");
    let snapshot = Snapshot::of(&[lvm(10 << 30)]).unwrap();
    let line = "lvcreate --yes --snapshot --name heirloom-migrate-snapshot --size 10737418240b vg/root";
    assert_eq!(snapshot.making().join(" "), line);
    assert_eq!(snapshot.removing().join(" "), "lvremove --yes vg/heirloom-migrate-snapshot");
    let btrfs = Snapshot::of(&[Mount { kind: "btrfs".into(), ..root }]).unwrap();
    assert_eq!(btrfs.making().join(" "), "btrfs subvolume snapshot -r / /.heirloom-migrate-snapshot");
}

/// By the real tool, on a file system of its own. Kernels of Enterprise Linux have no btrfs: nothing is tried there.
#[test]
fn a_snapshot_of_btrfs_has_what_was() {
    if !fs::read_to_string("/proc/filesystems").unwrap().contains("btrfs") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("image");
    File::create(&image).unwrap().set_len(256 << 20).unwrap();
    let script = r#"mkfs.btrfs -q "$0" && mkdir "$1" && mount -o loop "$0" "$1" && exec sleep 600"#;
    let point = dir.path().join("point");
    // The mount is of this process alone, and goes with it.
    let mut holder = std::process::Command::new("unshare")
        .args(["--mount", "--kill-child", "--fork", "sh", "-c", script])
        .args([&image, &point])
        .spawn()
        .unwrap();
    let inside = |words: &[&str]| {
        let target = format!("/proc/{}/task/{0}/children", holder.id());
        let child = fs::read_to_string(target).unwrap().trim().to_owned();
        let run =
            std::process::Command::new("nsenter").args(["--mount", "--target", &child]).args(words).output();
        run.unwrap()
    };
    let text = point.display().to_string();
    let is_mounted = || inside(&["mountpoint", "-q", &text]).status.success();
    for _ in 0..200 {
        if is_mounted() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let into = format!("{text}/.before");
    let snapshot = Snapshot::Btrfs { point: text.clone(), into: into.clone() };
    let run = |words: Vec<String>| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = inside(&words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let shell = |script: String| run(vec!["sh".to_owned(), "-c".to_owned(), script]);
    shell(format!("echo before > {text}/file"));
    run(snapshot.making());
    shell(format!("echo after > {text}/file"));
    assert_eq!(shell(format!("cat {into}/file")), "before\n");
    run(snapshot.removing());
    assert_eq!(shell(format!("ls -A {text}")), "file\n");
    holder.kill().unwrap();
    holder.wait().unwrap();
}
