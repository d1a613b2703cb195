//! Keys of each role are replaced, and clients that trust the first root still follow.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use testkit::tool::Tool;

use crate::client::{Clients, Mirror, root, site};
use crate::site::Site;

const MARCH: u64 = 1_773_482_400;

fn published(more: &str) -> Site {
    let site = site(more);
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    site
}

#[test]
fn every_role_gets_new_keys_and_clients_follow() {
    let site = published("");
    let clients = Clients::new(&root(&site));
    clients.follow(&site.published("9"), &[]);
    for (version, role) in (2..).zip(["timestamp", "snapshot", "targets", "root"]) {
        let told = site.json(&["tuf", "rotate", role]);
        assert_eq!(told["version"].as_u64(), Some(version), "{told}");
        let refreshed = site.run(&["tuf", "refresh", "9"]).expect(0);
        assert!(refreshed.stdout.contains(&format!("root {version} is new")), "{}", refreshed.stdout);
        let package = "BaseOS/x86_64/os/Packages/base-1-1.noarch.rpm";
        let generation = version;
        let seen = clients.follow(&site.published("9"), &[package]);
        assert_eq!(seen, [version, generation * 1_000_000, generation * 1_000_000, generation], "{role}");
    }
    // Who begins only now, with the first root or with the newest one.
    for version in [1, 5] {
        let root = site.path(&format!("tuf-keys/{version}.root.json"));
        assert_eq!(Clients::new(&root).follow(&site.published("9"), &[])[0], 5);
    }
    site.run(&["fsck"]).expect(0);
}

#[test]
fn a_root_comes_to_need_two_keys_made_by_openssl() {
    let site = published("");
    let clients = Clients::new(&root(&site));
    clients.follow(&site.published("9"), &[]);
    let made = ["a", "b"].map(|name| {
        let file = site.path(&format!("{name}.pem"));
        Tool::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&file).run().unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file.to_str().unwrap().to_owned()
    });
    let rotate = ["tuf", "rotate", "root", "--key", &made[0], "--key", &made[1]];
    let text = fs::read_to_string(site.path("heirloom.toml")).unwrap();
    fs::write(site.path("heirloom.toml"), text + "root_threshold = 2\n").unwrap();
    let few = site.run(&rotate[..5]).expect(3);
    assert!(few.stderr.contains("2 keys must sign for the role root, but it has 1"), "{}", few.stderr);
    let told = site.json(&rotate);
    assert_eq!((told["threshold"].as_u64(), told["version"].as_u64()), (Some(2), Some(2)), "{told}");
    site.run(&["tuf", "refresh"]).expect(0);
    assert_eq!(clients.follow(&site.published("9"), &[])[0], 2);

    // The next root needs both of them: with one taken away, none is made.
    let keys: Vec<_> = fs::read_dir(site.path("tuf-keys"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("root-2-1"))
        .collect();
    let [key] = &keys[..] else { panic!("{keys:?}") };
    let aside = site.path("aside.key");
    fs::rename(key, &aside).unwrap();
    let refused = site.run(&["tuf", "rotate", "timestamp"]).expect(1);
    assert!(refused.stderr.contains("needs 2 signatures by root keys of root 2"), "{}", refused.stderr);
    assert!(!site.path("tuf-keys/3.root.json").exists());
    fs::rename(&aside, key).unwrap();
    // The key that the refused run had made is taken.
    site.run(&["tuf", "rotate", "timestamp"]).expect(0);
    site.run(&["tuf", "refresh"]).expect(0);
    assert_eq!(clients.follow(&site.published("9"), &[])[0], 3);

    // A root with one signature less is refused, by both.
    let mirror = Mirror::of(&site, "9");
    let text = fs::read_to_string(mirror.metadata("2.root.json")).unwrap();
    let mut root2: serde_json::Value = serde_json::from_str(&text).unwrap();
    let signatures = root2["signatures"].as_array_mut().unwrap();
    assert_eq!(signatures.len(), 3, "that of root 1, and two of its own");
    let own = root2["signed"]["roles"]["root"]["keyids"][0].as_str().unwrap().to_owned();
    root2["signatures"].as_array_mut().unwrap().retain(|one| one["keyid"] != own.as_str());
    fs::write(mirror.metadata("2.root.json"), root2.to_string()).unwrap();
    let fresh = Clients::new(&root(&site));
    assert_eq!(fresh.python(&mirror.channel(), "now", &[]).error(), Some("UnsignedMetadataError"));
    let own = fresh.own(&mirror.channel(), "now", &[]).expect(5);
    assert!(own.stdout.contains("2.root.json has 1 of the 2 signatures"), "{}", own.stdout);
}

#[test]
fn a_signature_by_a_removed_key_counts_no_more() {
    let site = published("");
    let old = Mirror::of(&site, "9");
    site.run(&["tuf", "rotate", "timestamp"]).expect(0);
    site.run(&["tuf", "refresh"]).expect(0);
    // The new root, and the timestamp that the old key has signed.
    let mirror = Mirror::of(&site, "9");
    mirror.take(&old, "timestamp.json", "timestamp.json");
    let clients = Clients::new(&root(&site));
    assert_eq!(clients.python(&mirror.channel(), "now", &[]).error(), Some("UnsignedMetadataError"));
    let own = clients.own(&mirror.channel(), "now", &[]).expect(5);
    assert!(own.stdout.contains("timestamp.json has 0 of the 1 signatures"), "{}", own.stdout);
    assert!(own.stdout.contains("root 2 names for the role timestamp"), "{}", own.stdout);
}

#[test]
fn versions_that_a_stolen_key_has_raised_are_forgotten_with_the_key() {
    let site = published("");
    let clients = Clients::new(&root(&site));
    // A thief of both keys makes all clients wait for version 900.
    for _ in 0..3 {
        site.snapshot(2, MARCH + 1);
        site.run(&["publish", "9"]).expect(0);
        site.run(&["publish", "9", "--snapshot", "2026-03-14"]).expect(0);
        site.run(&["rollback", "9"]).expect(0);
    }
    let seen = clients.follow(&site.published("9"), &[]);
    // The store is lost, and begins with the first generation again.
    fs::remove_dir_all(site.path("state")).unwrap();
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let refused = clients.own(&site.published("9"), "now", &[]).expect(5);
    assert!(refused.stdout.contains("was seen before"), "{}", refused.stdout);
    assert_eq!(clients.python(&site.published("9"), "now", &[]).error(), Some("BadVersionNumberError"));
    for role in ["timestamp", "snapshot"] {
        site.run(&["tuf", "rotate", role]).expect(0);
    }
    site.run(&["tuf", "refresh"]).expect(0);
    let [root, timestamp, ..] = clients.follow(&site.published("9"), &[]);
    assert_eq!(root, 3);
    assert!(timestamp < seen[1], "{timestamp} {seen:?}");
}

#[test]
fn keys_that_others_can_read_are_refused_and_no_key_is_overwritten() {
    let site = published("");
    let again = site.run(&["tuf", "init"]).expect(1);
    assert!(again.stderr.contains("has a root already"), "{}", again.stderr);
    let key = site.path("tuf-keys/timestamp.key");
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = site.run(&["tuf", "refresh", "9"]).expect(1);
    assert!(refused.stderr.contains("chmod 600"), "{}", refused.stderr);
    fs::remove_file(&key).unwrap();
    let missing = site.run(&["tuf", "refresh", "9"]).expect(1);
    assert!(missing.stderr.contains("no `timestamp*.key`"), "{}", missing.stderr);
    // Another key than the root names.
    Tool::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key).run().unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let other = site.run(&["tuf", "refresh", "9"]).expect(1);
    assert!(other.stderr.contains("is a key that root 1 names"), "{}", other.stderr);
    site.run(&["snapshots"]).expect(0);
    fs::write(&key, "no key").unwrap();
    let broken = site.run(&["tuf", "refresh", "9"]).expect(1);
    assert!(broken.stderr.contains("is no Ed25519 private key in PKCS#8"), "{}", broken.stderr);
}
