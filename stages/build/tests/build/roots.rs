//! Buildroots: what rpm thinks of them, what scriptlets may do, what is kept.

use std::fs;

use heirloom_build::{BuildError, Builder};
use heirloom_model::record::FailKind;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

use crate::support::{Place, base, builder, built, failure, log, place, run, spec};

#[test]
fn rpm_finds_nothing_wrong() {
    let root = builder().base_root(base()).unwrap();
    let upper = place().dir.join("roots").join(root.digest().to_string()).join("upper");
    let rpm = |arguments: &[&str]| {
        Tool::new("rpm").arg("--root").arg(&upper).define("_dbpath", "/var/lib/rpm").args(arguments).run()
    };
    let mut found: Vec<_> =
        rpm(&["-qa", "--qf", "%{NVRA}.rpm\n"]).unwrap().lines().map(str::to_owned).collect();
    let mut expected: Vec<_> = base().iter().map(|package| package.nevra.file_name()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(rpm(&["-Va"]).unwrap(), "");
    assert!(upper.join("etc/ld.so.cache").exists(), "scriptlets ran");
    assert!(!upper.join("tmp/packages").exists() && !upper.join("builddir/build").exists());
}

/// rpm's own verdict on base and extras together: the only differences are in files that packages declare
/// to be others' to change.
#[test]
fn rpm_finds_nothing_wrong_with_layers() {
    let out = tempfile::tempdir().unwrap();
    let package = RpmBuilder::new("on-top", "1")
        .file_as("%config(noreplace)", "/etc/on-top.conf", "text\n")
        .file_as("%ghost", "/usr/share/on-top.list", "")
        .scriptlet("%post", "echo changed >> /etc/on-top.conf")
        .scriptlet("%transfiletriggerin -- /usr/include", "cat > /usr/share/on-top.list")
        .build(out.path());
    let mut extra = place().more_than(base(), 20);
    extra.extend(package.map(|package| place().keep(&package.binary)));
    let root = builder().extended_root(&builder().base_root(base()).unwrap(), &extra).unwrap();
    let layers: Vec<_> =
        root.layers().iter().map(|layer| place().dir.join(layer).display().to_string()).collect();
    assert_eq!(layers.len(), 2);
    let inside =
        "mount -t overlay -o lowerdir=\"$0\" overlay /mnt && rpm --root /mnt --define '_dbpath /var/lib/rpm'";
    let rpm = |options: &str| {
        let script = format!("{inside} {options}");
        Tool::new("unshare").args(["-m", "bash", "-c", &script]).arg(layers.join(":")).run().unwrap()
    };
    assert_eq!(rpm("-qa").lines().count(), base().len() + extra.len());
    let wrong = rpm("-Va || true");
    let undeclared: Vec<_> =
        wrong.lines().filter(|line| !matches!(line.split_whitespace().nth(1), Some("c" | "g"))).collect();
    assert!(undeclared.is_empty(), "{undeclared:#?}");
    assert!(wrong.contains("c /etc/on-top.conf") && !wrong.contains("missing"), "{wrong}");
}

/// What a scriptlet, which is root, must not be able to do.
pub(crate) const SCRIPTLET: &str = "exec > /usr/trace 2>&1\n\
    mount -t tmpfs none /mnt && echo mounted\n\
    mknod /tmp/disk b 254 0 && echo made a device\n\
    echo x > /proc/sys/kernel/core_pattern && echo changed the kernel\n\
    echo x > /usr/lib/os-trace && echo own root\n\
    test -e /sys/kernel && echo sees sys\n\
    (exec 3<>/dev/tcp/192.0.2.1/80) && echo reached the network\n\
    kill -9 1 && echo killed\n\
    ls /proc/1/root/ && echo sees the way out\n\
    ls /proc/1/fd/* && echo sees open files\n\
    nsenter -t 1 -m true && echo entered\n\
    id -u\n\
    true";

/// What it says if it could.
pub(crate) const FORBIDDEN: [&str; 8] = [
    "mounted",
    "made a device",
    "changed the kernel",
    "sees sys",
    "reached the network",
    "sees the way out",
    "sees open files",
    "entered",
];

#[test]
fn scriptlets_run_and_are_held() {
    let out = tempfile::tempdir().unwrap();
    let package = RpmBuilder::new("scripted", "1")
        .scriptlet("%post -p /bin/bash", SCRIPTLET)
        .build(out.path())
        .unwrap();
    let mut action = place().action(&spec("cat /usr/trace; rpm -q scripted"), &[]);
    action.extra = vec![place().keep(&package.binary)];
    let log = log(built(run(&action)).log);
    assert!(log.contains("own root\n") && log.contains("\n0\n"), "{log}");
    for done in FORBIDDEN {
        assert!(!log.lines().any(|line| line == done), "{done}:\n{log}");
    }
}

#[test]
fn packages_that_conflict_fail_their_build_alone() {
    let out = tempfile::tempdir().unwrap();
    let package = RpmBuilder::new("clash", "1").tag("Conflicts", "bash").build(out.path()).unwrap();
    let mut action = place().action(&spec("true"), &[]);
    action.extra = vec![place().keep(&package.binary)];
    let failed = failure(run(&action), FailKind::Unresolvable);
    assert!(failed.message.contains("clash"), "{}", failed.message);
    assert!(
        fs::read_dir(place().dir.join("roots"))
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().starts_with("new-clash") })
    );
}

#[test]
fn a_damaged_package_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let package =
        RpmBuilder::new("damaged", "1").file("/usr/share/damaged", "some text").build(out.path()).unwrap();
    let mut bytes = fs::read(&package.binary).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 0x55;
    fs::write(&package.binary, bytes).unwrap();
    let mut action = place().action(&spec("true"), &[]);
    action.extra = vec![place().keep(&package.binary)];
    let failed = failure(run(&action), FailKind::Unresolvable);
    assert!(failed.message.contains("digest"), "{}", failed.message);
}

#[test]
fn a_missing_package_is_named() {
    let mut packages = base().to_vec();
    packages[3].digest = heirloom_model::Digest::of(b"never stored");
    let error = builder().base_root(&packages).unwrap_err();
    assert!(matches!(error, BuildError::MissingPackage { .. }), "{error}");
    assert!(error.to_string().contains(&packages[3].nevra.to_string()), "{error}");
}

#[test]
fn what_is_not_whole_is_thrown_away() {
    let temporary = tempfile::tempdir().unwrap();
    let roots = temporary.path().join("roots");
    let work = temporary.path().join("work/1-1/out");
    for dir in ["new-1-1/upper", "abc/upper", "def/upper"] {
        fs::create_dir_all(roots.join(dir)).unwrap();
    }
    fs::create_dir_all(&work).unwrap();
    fs::write(roots.join("abc/ready"), "an earlier boot\n").unwrap();
    fs::copy("/proc/sys/kernel/random/boot_id", roots.join("def/ready")).unwrap();
    let place = Place::at(temporary.path());
    let _builder: Builder<'_> = place.builder();
    let left: Vec<_> = fs::read_dir(&roots).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["def"]);
    assert!(!work.exists());
}
