//! Builds that mean harm: each is contained and named, and what comes next is not touched by it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use heirloom_build::{BuildError, Outcome};
use heirloom_model::record::{Action, FailKind, Failed, Limits};

use crate::support::{
    BUILD_GROUP, LIMITS, Place, builder, built, failure, log, place, run, run_with, spec, try_run,
};

/// Runs a build that must fail in this way, then one that must not have suffered.
fn contained(script: &str, limits: Limits, kind: FailKind) -> Failed {
    let mut action = place().action(&spec(script), &[]);
    action.limits = limits;
    let failed = failure(run(&action), kind);
    assert!(failed.log.is_some());
    built(run(&place().action(&spec("test ! -e /tmp/trace -a ! -e /usr/trace"), &[])));
    failed
}

#[test]
fn fork_bomb() {
    let failed = contained("bomb() { bomb | bomb & }; bomb; sleep 100", LIMITS, FailKind::Processes);
    assert!(failed.message.contains("400 (`limits.processes`)"), "{}", failed.message);
}

#[test]
fn memory_hog() {
    let limits = Limits { memory: 256 << 20, ..LIMITS };
    let failed = contained("head -c 900M /dev/zero | tail -c 900M | wc -c", limits, FailKind::Memory);
    assert!(failed.message.contains("256 MiB (`limits.memory_mib`)"), "{}", failed.message);
}

#[test]
fn disk_filler() {
    let limits = Limits { disk: 64 << 20, ..LIMITS };
    for place in ["$PWD", "/tmp", "/dev/shm", "/var/tmp"] {
        let failed = contained(&format!("head -c 900M /dev/zero > {place}/big"), limits, FailKind::Disk);
        assert!(failed.message.contains("64 MiB (`limits.disk_mib`)"), "{}", failed.message);
    }
}

#[test]
fn sleeper() {
    let limits = Limits { seconds: 2, ..LIMITS };
    let failed = contained("trap '' TERM; setsid sleep 1000 & sleep 1000", limits, FailKind::Time);
    assert!(failed.message.contains("2 s (`limits.minutes`)"), "{}", failed.message);
}

#[test]
fn a_process_left_behind_ends_with_its_build() {
    let started = std::time::Instant::now();
    built(run(&place().action(&spec("setsid sleep 1000 >/dev/null 2>&1 & setsid sleep 1000 &"), &[])));
    assert!(started.elapsed().as_secs() < 100);
}

#[test]
fn network() {
    let script = "(exec 3<>/dev/tcp/192.0.2.1/80) || exit 7";
    let failed = contained(script, LIMITS, FailKind::Rpmbuild);
    assert!(failed.message.contains("builds have none"), "{}", failed.message);
    assert!(failed.message.contains("Network is unreachable"), "{}", failed.message);
}

#[test]
fn a_failing_command_is_quoted() {
    let failed = contained("touch /tmp/trace; echo the reason; exit 3", LIMITS, FailKind::Rpmbuild);
    assert!(failed.message.starts_with("test: rpmbuild ended with exit code 1"), "{}", failed.message);
    assert!(failed.message.contains("the reason"), "{}", failed.message);
}

#[test]
fn writing_outside_the_tree_is_refused() {
    for target in ["/usr/trace", "/trace", "/etc/passwd", "/proc/sys/kernel/hostname", "/builddir/../root/x"]
    {
        let failed = contained(&format!("echo x > {target}"), LIMITS, FailKind::Rpmbuild);
        let refused = ["Permission denied", "Read-only file system"];
        assert!(refused.iter().any(|sign| failed.message.contains(sign)), "{}", failed.message);
    }
}

/// Tries every way out that is known, and says `all shut` at its end.
pub(crate) const WAYS_OUT: &str = "\
    ! mount -t tmpfs none /mnt || exit 1\n\
    ! unshare -m true || echo unshare works\n\
    ! mknod /tmp/disk b 254 0 || exit 2\n\
    ! chroot / true || exit 3\n\
    ! su -c true || exit 4\n\
    test $(ls -d /proc/[0-9]* | wc -l) -lt 40 || exit 5\n\
    ! kill -9 1 || exit 6\n\
    ! ls /proc/1/root/ || exit 7\n\
    ! cat /etc/shadow || exit 8\n\
    test ! -e /sys/fs/cgroup || exit 9\n\
    test $(ls /sys | wc -l) = 0 || exit 10\n\
    test $(cut -d: -f1 /proc/net/dev | grep -c eth) = 0 || exit 11\n\
    grep -q 'CapBnd:.*0000000000000000' /proc/self/status || exit 12\n\
    grep -q 'NoNewPrivs:.*1' /proc/self/status || exit 13\n\
    test \"$(id -G)\" = 1000 || exit 14\n\
    ! grep -E ' (/work|/dev/vda|/etc/hosts) ' /proc/self/mountinfo || exit 15\n\
    ! (exec 3<>/dev/tty) || exit 16\n\
    ! tr '\\0' ' ' </proc/1/cmdline | grep /work || exit 17\n\
    echo all shut";

#[test]
fn ways_out_are_shut() {
    let built = built(run(&place().action(&spec(WAYS_OUT), &[])));
    assert!(log(built.log).lines().any(|line| line == "all shut"));
}

/// A shell may leave directories open; here one does, in the way of the sandbox's program.
#[test]
fn descriptors_of_the_caller_are_closed() {
    let temporary = tempfile::tempdir().unwrap();
    let program = temporary.path().join("leaky");
    let real = env!("CARGO_BIN_EXE_sandbox-for-tests");
    fs::write(&program, format!("#!/bin/bash\nexec 9</ {real} \"$@\"\n")).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let place = Place::at(&temporary.path().join("state"));
    let builder = place.builder_with(program);
    let wanted = place.solve(&BUILD_GROUP, &[]);
    let script = "test ! -e /proc/self/fd/9 && test $(ls /proc/self/fd | wc -l) -le 5";
    let outcome = run_with(&builder, &place.action_on(&wanted, &spec(script), &[]));
    assert!(matches!(outcome, Outcome::Built(_)), "{outcome:#?}");
}

#[test]
fn names_that_escape_are_refused() {
    for name in ["../evil", "/etc/evil", "..", "a/../../b"] {
        let mut action = place().action(&spec("true"), &[("x", b"x")]);
        for source in &mut action.sources {
            if source.0 == "x" {
                source.0 = name.to_owned();
            }
        }
        let error = try_run(builder(), &action, &|_| {}).unwrap_err();
        assert!(matches!(error, BuildError::UnsafeName { .. }), "{error}");
    }
}

#[test]
fn planted_results_are_not_taken() {
    let plant = "mkdir -p %{_rpmdir}/noarch; ln -s /etc/passwd %{_rpmdir}/noarch/link.rpm\n";
    let built = built(run(&place().action(&spec(plant), &[])));
    assert_eq!(built.packages.len(), 1);
    let plant = "mkdir -p %{_rpmdir}/noarch; echo no package > %{_rpmdir}/noarch/fake.rpm\n";
    let failed = contained(plant, LIMITS, FailKind::Rpmbuild);
    assert!(failed.message.contains("damaged package"), "{}", failed.message);
}

#[test]
fn a_spec_that_does_not_parse_is_named() {
    let action = place().action("Name: test\nVersion 1\n", &[]);
    let failed = failure(run(&action), FailKind::Spec);
    assert!(failed.message.contains("line 2"), "{}", failed.message);
}

#[test]
fn a_buildroot_without_rpmbuild_is_named() {
    let mut action = place().action(&spec("true"), &[]);
    action.base = place().solve(&["bash"], &[]);
    let failed = failure(run(&action), FailKind::Unresolvable);
    assert!(failed.message.contains("has no rpmbuild"), "{}", failed.message);
}

#[test]
fn many_at_once() {
    let action = |number: usize| -> Action {
        place().action(
            &spec(&format!("echo {number} > /tmp/number; sleep 0.2; test $(cat /tmp/number) = {number}")),
            &[],
        )
    };
    std::thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || assert!(matches!(run(&action(number)), Outcome::Built(_))));
        }
    });
}
