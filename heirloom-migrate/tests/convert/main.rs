//! Whole machines carried over by the real program, with real rpm and dnf, and back again.
#![expect(clippy::unwrap_used, reason = "a step that fails is the test's failure")]

#[path = "../common/carried.rs"]
mod carried;

use carried::{PLAN, carry, key_id, logs, machine, migrate, packages, plan};
use testkit::machine::{Kind, Machine, Side, Tree};

/// Packages of the vendor that stay, by the plan's own words: nothing takes their place.
const STAYING: [&str; 4] = ["bygone-", "figlet-", "figlet-fonts-", "kernel-core-0:5.14.0-427.el9."];

/// What still has the vendor's signature.
fn left(machine: &Machine, vendor: &str) -> Vec<String> {
    let id = key_id(vendor);
    packages(machine).into_iter().filter(|line| line.ends_with(&id)).collect()
}

fn is_whole(machine: &Machine, to: Side) {
    machine.must(&["dnf", "-q", "check"]).unwrap();
    // The keys of metadata are asked for once.
    machine.must(&["dnf", "-q", "-y", "makecache"]).unwrap();
    let upgrade = machine.must(&["dnf", "upgrade", "--assumeno"]).unwrap();
    assert!(upgrade.contains("Nothing to do."), "{upgrade}");
    assert!(machine.sh("cat /etc/os-release").unwrap().contains(to.name()));
    let id = key_id(to.id());
    assert!(packages(machine).iter().filter(|line| line.ends_with(&id)).count() > 100);
}

#[test]
fn nothing_of_the_vendor_is_left_but_what_is_declared() {
    let machine = machine(Kind::Whole);
    let (own, before) = (packages(&machine), machine.changed().unwrap());
    carry(&machine, Side::Kestrel);
    is_whole(&machine, Side::Kestrel);
    for line in left(&machine, "tarnholt") {
        assert!(STAYING.iter().any(|name| line.starts_with(name)), "{line} is left");
    }
    let after = packages(&machine).join("\n");
    for name in [
        "kestrel-release-",
        "kestrel-logos-",
        "netwatchd-",
        "stationery-common-",
        "harbour-agent-",
        "scribe-0:5.1",
    ] {
        assert!(after.contains(name), "{name}:\n{after}");
    }
    for name in ["tarnholt-", "netwatch-0", "heron-guide"] {
        assert!(own.iter().any(|line| line.starts_with(name)), "{name} was there");
        assert!(!after.lines().any(|line| line.starts_with(name)), "{name}:\n{after}");
    }
    // The administrator's configuration is still theirs, and nothing else came to differ.
    assert!(machine.sh("cat /etc/steward/steward.conf").unwrap().ends_with("workers = 16\n"));
    assert_eq!(machine.sh("cat /etc/quarry.conf").unwrap(), "stone = granite\n");
    let changed = machine.changed().unwrap();
    let new: Vec<&String> = changed.iter().filter(|line| !before.contains(line)).collect();
    assert_eq!(new, [""; 0], "before: {before:#?}");
}

#[test]
fn a_rollback_gives_the_machine_back_byte_for_byte() {
    let mut machine = machine(Kind::Whole);
    let planned = plan(&machine, Side::Kestrel);
    assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
    let (tree, own) = (Tree::read(machine.root()).unwrap(), machine.packages().unwrap());
    let applied = migrate(&machine, &["apply", "--foreground", PLAN]);
    assert_eq!(applied.code, 0, "{}{}\n{}", applied.out, applied.err, logs(&machine));
    assert!(!left(&machine, "kestrel").is_empty());
    // After a reboot, too.
    machine.switch_off();
    machine.switch_on().unwrap();
    let back = migrate(&machine, &["rollback"]);
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(tree.differences(&Tree::read(machine.root()).unwrap()), [""; 0]);
    assert_eq!(machine.packages().unwrap(), own);
    is_whole(&machine, Side::Tarnholt);
}

#[test]
fn a_machine_goes_there_and_back_again() {
    let machine = machine(Kind::Whole);
    let names = |machine: &Machine| -> Vec<String> {
        packages(machine).iter().map(|line| line.rsplitn(2, ' ').last().unwrap().to_owned()).collect()
    };
    let before = names(&machine);
    carry(&machine, Side::Kestrel);
    let finished = migrate(&machine, &["finish", "--force"]);
    assert_eq!(finished.code, 0, "{}{}", finished.out, finished.err);
    carry(&machine, Side::Tarnholt);
    is_whole(&machine, Side::Tarnholt);
    // Its kernel stays as the way back until that is given up, too.
    let left: Vec<String> = left(&machine, "kestrel");
    assert!(left.iter().all(|line| line.starts_with("kernel-core-")), "{left:?}");
    let after = names(&machine);
    let lost: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
    // Removed on the way there as a guide to another distribution.
    assert!(lost.iter().all(|name| name.starts_with("heron-guide")), "{lost:?}");
}
