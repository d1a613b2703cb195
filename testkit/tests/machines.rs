//! Test machines are what they claim to be: dnf and rpm run inside of them, and plain dnf can carry them over. So the judge of all tests
//! that use them is checked before them.
#![expect(clippy::unwrap_used, reason = "a step that fails is the test's failure")]

use testkit::machine::{Kind, Machine, Machines, Side, Tree};

fn machine(kind: Kind) -> Machine {
    Machines::prepared().unwrap().machine(kind).unwrap()
}

/// Names of the packages that were signed by the key whose id ends like this.
fn signed(machine: &Machine, fingerprint: &str) -> Vec<String> {
    let id = fingerprint[fingerprint.len() - 16..].to_lowercase();
    let packages = machine.packages().unwrap();
    packages.iter().filter(|line| line.ends_with(&id)).cloned().collect()
}

#[test]
fn a_machine_is_like_an_installed_one() {
    let machine = machine(Kind::Whole);
    let packages = machine.packages().unwrap();
    let count = packages.iter().filter(|line| !line.starts_with("gpg-pubkey")).count();
    assert!((150..=250).contains(&count), "{count} packages");
    assert!(
        !packages.iter().any(|line| line.ends_with(" -") && !line.starts_with("gpg-pubkey")),
        "{packages:#?}"
    );
    machine.must(&["dnf", "-q", "check"]).unwrap();
    // The keys of metadata are asked for once.
    machine.must(&["dnf", "-q", "-y", "makecache"]).unwrap();
    let upgrade = machine.must(&["dnf", "upgrade", "--assumeno"]).unwrap();
    assert!(upgrade.contains("Nothing to do."), "{upgrade}");
    assert_eq!(machine.must(&["java"]).unwrap(), "openjdk 17.0.10\n");
    assert_eq!(
        machine.must(&["getcap", "/usr/bin/steward-ping"]).unwrap(),
        "/usr/bin/steward-ping cap_net_raw=ep\n"
    );
    assert!(machine.must(&["dnf", "-q", "module", "list", "--enabled"]).unwrap().contains("scribe 5 [e]"));
    let changed = machine.changed().unwrap();
    for expected in
        ["c /etc/steward/steward.conf", "c /etc/logrotate.conf", "c /etc/yum.repos.d/tarnholt.repo"]
    {
        assert!(changed.iter().any(|line| line.ends_with(expected)), "{expected}: {changed:#?}");
    }
}

#[test]
fn plain_dnf_carries_one_over() {
    let machines = Machines::prepared().unwrap();
    let machine = machines.machine(Kind::Small).unwrap();
    let vendor = machines.key("tarnholt").unwrap();
    assert!(signed(&machine, vendor.fingerprint()).len() > 50);
    machine
        .sh("rpmkeys --import /mnt/mirror/keys/kestrel.asc
             dnf -q -y --disablerepo='*' --repofrompath=kb,file:///mnt/mirror/kestrel/BaseOS/x86_64/os \
                 --repofrompath=ka,file:///mnt/mirror/kestrel/AppStream/x86_64/os \
                 swap --allowerasing tarnholt-release kestrel-release
             dnf -q -y --disablerepo='*' --enablerepo='kestrel-*' install kestrel-logos --allowerasing
             dnf -q -y --disablerepo='*' --enablerepo='kestrel-*' distro-sync --allowerasing")
        .unwrap();
    machine.must(&["dnf", "-q", "check"]).unwrap();
    assert!(machine.sh("cat /etc/os-release").unwrap().contains(Side::Kestrel.name()));
    let packages = machine.packages().unwrap().join("\n");
    for name in
        ["netwatchd-0:2.0", "stationery-common-0:1.1", "stationery-0:1.1", "kernel-core-0:5.14.0-427.13.1"]
    {
        assert!(packages.contains(name), "{name}:\n{packages}");
    }
}

#[test]
fn a_tree_tells_what_changed() {
    let machine = machine(Kind::Small);
    let before = Tree::read(machine.root()).unwrap();
    machine.must(&["dnf", "-q", "check"]).unwrap();
    machine.must(&["rpm", "-qa"]).unwrap();
    assert_eq!(before.differences(&Tree::read(machine.root()).unwrap()), [""; 0]);
    machine.sh("touch -d @5 /usr/bin/tree; chmod g+w /etc/fstab; ln /etc/fstab /etc/fstab2; setcap -r /usr/bin/steward-ping").unwrap();
    let after = before.differences(&Tree::read(machine.root()).unwrap());
    let paths: Vec<&str> = after.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(
        paths,
        ["/etc", "/etc/fstab", "/etc/fstab2", "/usr/bin/steward-ping", "/usr/bin/tree"],
        "{after:#?}"
    );
}
