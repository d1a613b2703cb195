//! A test machine, and the real program on it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use testkit::machine::{Kind, MIRROR, Machine, Machines, Ran, Side};

/// Where the program is on the machine: outside of what packages own.
pub(crate) const PROGRAM: &str = "/usr/local/sbin/heirloom-migrate";
/// Where plans are kept.
pub(crate) const PLAN: &str = "/srv/plan.json";

/// A booted machine that has the program.
pub(crate) fn machine(kind: Kind) -> Machine {
    let machine = Machines::prepared().unwrap().machine(kind).unwrap();
    install(&machine);
    machine
}

/// Puts the program on a machine.
pub(crate) fn install(machine: &Machine) {
    let place = machine.place(PROGRAM);
    fs::copy(env!("CARGO_BIN_EXE_heirloom-migrate"), &place).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a verb of the program in the machine.
pub(crate) fn migrate(machine: &Machine, arguments: &[&str]) -> Ran {
    let mut program = vec![PROGRAM];
    program.extend(arguments);
    machine.run(&program).unwrap()
}

/// Makes the plan to this side.
pub(crate) fn plan(machine: &Machine, to: Side) -> Ran {
    let (target, key) = (format!("{MIRROR}/{}.toml", to.id()), format!("{MIRROR}/keys/{}.asc", to.id()));
    migrate(machine, &["plan", "--target", &target, "--key", &key, "--output", PLAN])
}

/// Makes the plan and carries it out; both have to succeed.
pub(crate) fn carry(machine: &Machine, to: Side) {
    let planned = plan(machine, to);
    assert_eq!(planned.code, 0, "plan:\n{}{}", planned.out, planned.err);
    let applied = migrate(machine, &["apply", "--foreground", PLAN]);
    assert_eq!(applied.code, 0, "apply:\n{}{}\n{}", applied.out, applied.err, logs(machine));
}

/// What dnf said of it, for messages.
pub(crate) fn logs(machine: &Machine) -> String {
    let tail =
        machine.run(&["sh", "-c", "tail -n 60 /var/lib/heirloom-migrate/current/log/* 2>/dev/null"]).unwrap();
    tail.out
}

/// Name, version and signer's key id of each package, without keys.
pub(crate) fn packages(machine: &Machine) -> Vec<String> {
    machine.packages().unwrap().into_iter().filter(|line| !line.starts_with("gpg-pubkey-")).collect()
}

/// The last 16 digits of the fingerprint of `tarnholt`, `kestrel` or `harbour`.
pub(crate) fn key_id(name: &str) -> String {
    let key = Machines::prepared().unwrap().key(name).unwrap();
    let fingerprint = key.fingerprint().to_lowercase();
    fingerprint[fingerprint.len() - 16..].to_owned()
}
