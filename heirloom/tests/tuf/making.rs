//! What is made is what was said beforehand, and the same each time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use heirloom_formats::tuf::{PublicKey, Role, Targets, Unsigned};
use heirloom_release::{Lives, ReleaseError, Tuf};
use heirloom_sign::RawKey;
use testkit::tool::Tool;

use crate::client::{root, site};
use crate::site::Site;

const MARCH: u64 = 1_773_482_400;
const LIVES: Lives = Lives { timestamp: 3600, snapshot: 7200, targets: 86_400 };

fn key(site: &Site, role: Role) -> RawKey {
    RawKey::load(&site.path("tuf-keys").join(format!("{role}.key"))).unwrap()
}

/// All files of the metadata that a channel serves.
fn metadata(site: &Site) -> BTreeMap<String, Vec<u8>> {
    let dir = site.published("9/tuf");
    let entries = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn what_is_to_be_signed_is_known_before_and_made_the_same_again() {
    let keys = site("");
    // A root that was just made is not believed by clocks of the past.
    let begin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let roots = || vec![fs::read(root(&keys)).unwrap()];
    let made = [(); 2].map(|()| {
        let site = Site::new("http://127.0.0.1", "");
        site.snapshot(1, MARCH);
        site.snapshot(2, MARCH + 60);
        let (store, rules) = (site.store(), site.rules());
        let seen: Mutex<Vec<(Role, Vec<u8>)>> = Mutex::default();
        let sign = |role: Role, bytes: &[u8]| {
            seen.lock().unwrap().push((role, bytes.to_vec()));
            let key = key(&keys, role);
            Ok(vec![(PublicKey::from_bytes(key.public()).unwrap().id(), key.sign(bytes))])
        };
        let tuf = Tuf { roots: roots(), lives: LIVES, sign: Box::new(sign) };
        let served = heirloom_release::Site::new(&store, &rules, "9").unwrap().with_tuf(tuf);
        for (snapshot, time) in served.snapshots().unwrap().iter().zip([begin, begin + 100]) {
            let unsigned: Unsigned = served.unsigned_targets("9", snapshot, time).unwrap();
            assert!(seen.lock().unwrap().is_empty(), "nothing is signed yet");
            served.switch(&["9".to_owned()], snapshot, time).unwrap();
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            let roles: Vec<_> = seen.iter().map(|(role, _)| *role).collect();
            assert_eq!(roles, [Role::Targets, Role::Snapshot, Role::Timestamp]);
            assert_eq!(seen[0].1, unsigned.bytes);
            assert_eq!(unsigned.digest(), heirloom_model::Digest::of(&seen[0].1));
        }
        drop(served);
        metadata(&site)
    });
    assert_eq!(
        made[0].keys().collect::<Vec<_>>(),
        ["1.root.json", "2.targets.json", "2000000.snapshot.json", "root.json", "timestamp.json"]
    );
    assert!(made[0] == made[1], "the same again");
    let targets: serde_json::Value = serde_json::from_slice(&made[0]["2.targets.json"]).unwrap();
    let is_superseded = |path: &str| {
        let target = &targets["signed"]["targets"][path];
        assert!(target.is_object(), "{path}: {targets}");
        target["custom"]["x-heirloom-superseded"].as_bool().unwrap_or_default()
    };
    let package = |number: u32| format!("BaseOS/x86_64/os/Packages/base-{number}-{number}.noarch.rpm");
    assert!(is_superseded(&package(1)) && !is_superseded(&package(2)));
    assert!(!is_superseded("mirrorlist/AppStream-x86_64") && !is_superseded("RPM-GPG-KEY-kestrel"));
}

#[test]
fn what_clients_would_refuse_is_not_served() {
    let keys = site("");
    let site = Site::new("http://127.0.0.1", "");
    let name = site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let (store, rules) = (site.store(), site.rules());
    let attempt = |sign: heirloom_release::Sign<'_>| {
        let tuf = Tuf { roots: vec![fs::read(root(&keys)).unwrap()], lives: LIVES, sign };
        let served = heirloom_release::Site::new(&store, &rules, "9").unwrap().with_tuf(tuf);
        let snapshot = served.find(&name).unwrap();
        served.switch(&["9".to_owned()], &snapshot, MARCH + 100).unwrap_err()
    };
    // Signed by the timestamp's key, whatever the role is.
    let error = attempt(Box::new(|_, bytes| {
        let key = key(&keys, Role::Timestamp);
        Ok(vec![(PublicKey::from_bytes(key.public()).unwrap().id(), key.sign(bytes))])
    }));
    assert!(matches!(error, ReleaseError::Tuf(_)), "{error}");
    let error = attempt(Box::new(|role, _| Err(format!("the quorum for {role} is not met").into())));
    assert!(error.to_string().contains("not signed: the quorum for targets is not met"), "{error}");
    assert!(matches!(error, ReleaseError::Unsigned { role: Role::Targets, .. }));
    drop(store);
    assert_eq!(fs::read_link(site.published("9")).unwrap(), Path::new("channels/9/1"));
    site.run(&["fsck"]).expect(0);
}

#[test]
fn a_path_that_clients_read_in_different_ways_is_not_published() {
    let mut targets = Targets::default();
    let target = heirloom_formats::tuf::Target::new(1, heirloom_model::Digest::of(b"x"), false);
    let error = targets.add("BaseOS/caf\u{e9}.rpm", target).unwrap_err();
    assert!(error.to_string().contains("not printable ASCII"), "{error}");
}

#[test]
fn a_timer_renews_while_another_process_has_the_store() {
    let site = site("");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let store = site.store();
    let mut command = site.command(&["tuf", "refresh"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("timestamp 1000001"));
    drop(store);
    // Two at once: each has a version of its own, and clients believe what is there.
    let children = [(); 4].map(|()| site.command(&["tuf", "refresh"]).spawn().unwrap());
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let last = site.json(&["tuf", "refresh"]);
    assert_eq!(last[0]["timestamp"].as_u64(), Some(1_000_006), "{last}");
}

#[test]
fn a_root_is_renewed_with_the_keys_that_it_has() {
    let site = site("root_days = 20\n");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let soon = site.run(&["tuf", "refresh"]).expect(0);
    assert!(soon.stdout.contains("the root expires on"), "{}", soon.stdout);
    let text = fs::read_to_string(site.path("heirloom.toml")).unwrap();
    fs::write(site.path("heirloom.toml"), text.replace("root_days = 20", "root_days = 200")).unwrap();
    let key = site.path("tuf-keys/root.key");
    let made = site.json(&["tuf", "rotate", "root", "--key", key.to_str().unwrap()]);
    let ids = |version: u32| {
        let text = fs::read_to_string(site.path(&format!("tuf-keys/{version}.root.json"))).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value["signed"]["roles"]["root"]["keyids"].clone()
    };
    assert_eq!(made["version"], 2);
    assert_eq!(ids(1), ids(2));
    let names = Tool::new("ls").arg(site.path("tuf-keys")).run().unwrap();
    assert_eq!(names.matches(".key").count(), 4, "no key was added: {names}");
    let renewed = site.run(&["tuf", "refresh"]).expect(0);
    assert!(!renewed.stdout.contains("the root expires on"), "{}", renewed.stdout);
}
