//! What keeps a machine from being changed, or has it put back.

use std::os::unix::fs::symlink;

use testkit::machine::{Kind, MIRROR, Machine, Machines, Side, Tree, target};
use testkit::server::Server;
use testkit::tool::Tool;

use crate::carried::{PLAN, carry, machine, migrate, packages, plan};

/// The plan has this blocker; and with it, nothing is changed.
fn blocked(machine: &Machine, id: &str) {
    let planned = plan(machine, Side::Kestrel);
    assert_eq!(planned.code, 5, "{}{}", planned.out, planned.err);
    let blockers = planned.out.split("mended first\n---").nth(1).unwrap_or_default();
    assert!(blockers.contains(&format!("[{id}]")), "{id}:\n{}", planned.out);
    let own = packages(machine);
    let applied = migrate(machine, &["apply", "--foreground", PLAN]);
    assert_eq!(applied.code, 5, "{}{}", applied.out, applied.err);
    assert_eq!(packages(machine), own);
}

#[test]
fn boot_fills_up_half_way() {
    let machine = machine(Kind::Small);
    // A file system of its own, with room for one more kernel when the plan is made, and none later.
    machine
        .sh("cp -a /boot /srv/boot && mount -t tmpfs -o size=16m tmpfs /boot && cp -a /srv/boot/. /boot/ && rm -r /srv/boot")
        .unwrap();
    let planned = plan(&machine, Side::Kestrel);
    assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
    machine.sh("head -c 16m /dev/zero >/boot/core || :").unwrap();
    let own = packages(&machine);
    let before = machine.sh("find /boot -type f | xargs sha256sum").unwrap();
    let applied = migrate(&machine, &["apply", "--foreground", PLAN]);
    assert_ne!(applied.code, 0, "{}{}", applied.out, applied.err);
    assert!(format!("{}{}", applied.out, applied.err).contains("/boot"), "{}{}", applied.out, applied.err);
    assert_eq!(packages(&machine), own);
    assert_eq!(machine.sh("find /boot -type f | xargs sha256sum").unwrap(), before);
}

#[test]
fn immutable_files() {
    let machine = machine(Kind::Small);
    let planned = plan(&machine, Side::Kestrel);
    assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
    // The machine has no tool for it; who has root needs none of the machine's.
    let file = machine.place("/usr/share/stationery/paper");
    Tool::new("chattr").arg("+i").arg(&file).run().unwrap();
    let (tree, own) = (Tree::read(machine.root()).unwrap(), packages(&machine));
    let applied = migrate(&machine, &["apply", "--foreground", PLAN]);
    // Else the copy can't be removed.
    Tool::new("chattr").arg("-i").arg(&file).run().unwrap();
    assert_eq!(applied.code, 1, "{}{}", applied.out, applied.err);
    assert!(applied.err.contains("was put back"), "{}{}", applied.out, applied.err);
    assert_eq!(packages(&machine), own);
    assert_eq!(tree.differences(&Tree::read(machine.root()).unwrap()), [""; 0]);
}

#[test]
fn protected_packages_on_a_machine() {
    let machine = machine(Kind::Small);
    machine.sh("echo heron-guide >/etc/dnf/protected.d/local.conf").unwrap();
    blocked(&machine, "protected-packages");
}

#[test]
fn an_unfinished_transaction_of_yum() {
    let machine = machine(Kind::Small);
    machine.sh("mkdir -p /var/lib/yum; echo x >/var/lib/yum/transaction-all.2026-01-02.03:04.05").unwrap();
    blocked(&machine, "unfinished-transaction");
}

#[test]
fn distro_sync_is_stuck_after_the_release_package_was_swapped() {
    let machine = machine(Kind::Small);
    machine
        .sh("rpmkeys --import /mnt/mirror/keys/kestrel.asc
             dnf -q -y --disablerepo='*' --repofrompath=k,file:///mnt/mirror/kestrel/BaseOS/x86_64/os --setopt=k.gpgcheck=1 \
                 swap tarnholt-release kestrel-release --allowerasing")
        .unwrap();
    let looked = migrate(&machine, &["assess"]);
    assert!(looked.out.contains("half-converted"), "{}{}", looked.out, looked.err);
}

/// A mirror that machines reach by http, and a target file that names it.
fn served(machine: &Machine, url: &str) {
    let machines = Machines::prepared().unwrap();
    let certificate = std::fs::read_to_string(machines.certificate("kestrel")).unwrap();
    let file = machine.place("/srv/served.toml");
    std::fs::write(&file, target(Side::Kestrel, url, &certificate)).unwrap();
    machines.key("kestrel").unwrap().sign_file(&file).unwrap();
}

fn plan_served(machine: &Machine) {
    let key = format!("{MIRROR}/keys/kestrel.asc");
    let planned =
        migrate(machine, &["plan", "--target", "/srv/served.toml", "--key", &key, "--output", PLAN]);
    assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
}

#[test]
fn the_network_is_lost() {
    let machine = machine(Kind::Small);
    let server = Server::start(&Machines::prepared().unwrap().mirror()).unwrap();
    served(&machine, server.url("").trim_end_matches('/'));
    plan_served(&machine);
    drop(server);
    let (tree, own) = (Tree::read(machine.root()).unwrap(), packages(&machine));
    let applied = migrate(&machine, &["apply", "--foreground", PLAN]);
    assert_eq!(applied.code, 1, "{}{}", applied.out, applied.err);
    assert_eq!(packages(&machine), own);
    assert_eq!(tree.differences(&Tree::read(machine.root()).unwrap()), [""; 0]);
}

#[test]
fn behind_a_proxy() {
    let machine = machine(Kind::Small);
    let web = tempfile::tempdir().unwrap();
    // What a proxy is asked for has the whole URL in its path.
    std::fs::create_dir(web.path().join("http:")).unwrap();
    symlink(Machines::prepared().unwrap().mirror(), web.path().join("http:/mirror.invalid")).unwrap();
    let proxy = Server::start(web.path()).unwrap();
    machine.sh(&format!("echo proxy={} >>/etc/dnf/dnf.conf", proxy.url(""))).unwrap();
    served(&machine, "http://mirror.invalid");
    plan_served(&machine);
    let asked = proxy.requests(None);
    assert!(asked.iter().any(|request| request.path.contains("mirror.invalid")), "{asked:?}");
}

#[test]
fn a_rerun_changes_nothing() {
    let machine = machine(Kind::Small);
    carry(&machine, Side::Kestrel);
    let (tree, own) = (Tree::read(machine.root()).unwrap(), packages(&machine));
    for verb in [&["apply", "--foreground", PLAN][..], &["resume", "--foreground"]] {
        let again = migrate(&machine, verb);
        assert!([0, 1, 5].contains(&again.code), "{}{}", again.out, again.err);
        assert_eq!(tree.differences(&Tree::read(machine.root()).unwrap()), [""; 0], "{verb:?}");
    }
    assert_eq!(packages(&machine), own);
}
