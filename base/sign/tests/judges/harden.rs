//! What a hardened process can't do any more.

use std::process::Command;

/// A test runs itself again: it can't be undone.
#[test]
fn a_hardened_process_is_closed() {
    if std::env::var_os("HARDEN").is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "harden::a_hardened_process_is_closed", "--nocapture"])
            .env("HARDEN", "1")
            .output()
            .unwrap();
        let said = crate::support::text(&output);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let root = rustix::process::getuid().is_root();
    heirloom_sign::harden(root.then_some((65534, 65533))).unwrap();
    assert_eq!(rustix::process::dumpable_behavior().unwrap(), rustix::process::DumpableBehavior::NotDumpable);
    let core = rustix::process::getrlimit(rustix::process::Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    assert!(rustix::thread::no_new_privs().unwrap());
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(dir.path().join("file")).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    if root {
        let ids = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        assert_eq!(ids, (65534, 65533));
        assert_eq!(rustix::process::getgroups().unwrap(), []);
        assert!(heirloom_sign::harden(Some((0, 0))).is_err(), "there is no way back");
    }
}
