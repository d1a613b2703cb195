//! Looking changes nothing, also where nothing could be changed, and without root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_migrate::assess::assess;
use heirloom_migrate::facts::Assessment;
use heirloom_migrate::machine::Machine;

use crate::root::{NOW, Root, ids, packages, tree};

/// Looks at `$ASSESSED_ROOT` and writes to `$ASSESSED_OUT`: for those who run this program in other circumstances.
#[test]
#[ignore = "run by other tests"]
fn child() {
    let [root, out] =
        ["ASSESSED_ROOT", "ASSESSED_OUT"].map(|name| PathBuf::from(std::env::var_os(name).unwrap()));
    let it = assess(&Machine::at(&root).unwrap(), NOW, "1.0");
    fs::write(out, serde_json::to_vec(&it).unwrap()).unwrap();
}

/// Runs [`child`] behind another command, which gets this program's command line.
fn looked(command: &mut Command, root: &Path, out: &Path) -> Assessment {
    command.arg(std::env::current_exe().unwrap()).args(["--exact", "harmless::child", "--ignored"]);
    command.env("ASSESSED_ROOT", root).env("ASSESSED_OUT", out);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&fs::read(out).unwrap()).unwrap()
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_machine_that_is_read_only_is_looked_at() {
    for is_old in [false, true] {
        let root = Root::new(&packages());
        if is_old {
            root.to_berkeley_db();
        }
        let before = tree(&root.path());
        let script = "mount --bind \"$ASSESSED_ROOT\" \"$ASSESSED_ROOT\" && \
                      mount -o remount,bind,ro \"$ASSESSED_ROOT\" && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, "sh"]);
        let it = looked(&mut command, &root.path(), &root.dir.path().join("out.json"));
        assert_eq!(before, tree(&root.path()));
        assert_eq!(ids(&it), ["Blocker read-only-root", "Info third-party-packages"], "{:?}", it.checks);
        assert_eq!(it.package_count, 4);
    }
}

/// Where this system has no rpm, the machine's own reads a copy, without a byte being written on the machine. Its `/usr` is this
/// system's here.
#[test]
fn the_machine_s_own_rpm_reads_a_copy() {
    let root = Root::new(&packages());
    root.to_berkeley_db();
    for name in ["bin", "sbin", "lib", "lib64"] {
        std::os::unix::fs::symlink(format!("usr/{name}"), root.path().join(name)).unwrap();
    }
    let before = tree(&root.path());
    let script = "mount --bind \"$ASSESSED_ROOT\" \"$ASSESSED_ROOT\" && \
                  mount --bind /usr \"$ASSESSED_ROOT/usr\" && mount -o remount,bind,ro \"$ASSESSED_ROOT\" && \
                  PATH=/nonexistent && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]);
    let it = looked(&mut command, &root.path(), &root.dir.path().join("out.json"));
    assert_eq!(before, tree(&root.path()));
    assert_eq!((it.package_count, &it.database.faults[..]), (4, &[][..]));
}

#[test]
fn without_root_what_is_missing_is_told() {
    let root = Root::new(&packages());
    root.write("etc/alpha.d/b.conf", "b = 9\n");
    let secret = root.path().join("etc/alpha.d/b.conf");
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for path in [root.dir.path(), &root.path()] {
        open_to_all(path);
    }
    let out = root.dir.path().join("out");
    fs::create_dir(&out).unwrap();
    std::os::unix::fs::chown(&out, Some(65534), Some(65534)).unwrap();
    let before = tree(&root.path());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    let it = looked(&mut command, &root.path(), &out.join("out.json"));
    assert_eq!(before, tree(&root.path()));
    assert_eq!(ids(&it)[0], "Blocker not-root");
    assert_eq!(it.package_count, 4);
    assert!(it.unseen.iter().any(|line| line.contains("/etc/alpha.d/b.conf")), "{:?}", it.unseen);
}

/// What is looked at of this system itself, whatever it is, gives an assessment that can be read again.
#[test]
fn this_system_can_be_looked_at() {
    let it = assess(&Machine::at(Path::new("/")).unwrap(), NOW, "1.0");
    assert!(it.mounts.iter().any(|mount| mount.point == "/" && mount.size > 0));
    let text = serde_json::to_string(&it).unwrap();
    assert_eq!(serde_json::from_str::<Assessment>(&text).unwrap(), it);
}

#[test]
fn links_do_not_lead_out_of_the_machine() {
    let root = Root::new(&packages());
    let outside = root.dir.path().join("outside");
    fs::write(&outside, "ID=rhel\nPRETTY_NAME=\"Outside\"\n").unwrap();
    let path = root.path().join("etc/os-release");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&outside, &path).unwrap();
    let it = root.assess();
    assert_eq!(it.system.name, "");
}
