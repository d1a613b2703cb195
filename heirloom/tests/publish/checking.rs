//! `heirloom fsck`: each kind of damage is found, told with what to do, and repaired where it can be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::site::{Site, digest, tree};

const MARCH: u64 = 1_773_482_400;
const PACKAGE: &str = "BaseOS/x86_64/os/Packages/base-1-1.noarch.rpm";

fn sound() -> (Site, String) {
    let site = Site::new("https://kestrel.example", "");
    let name = site.snapshot(1, MARCH);
    site.run(&["publish", "9", "stable"]).expect(0);
    site.snapshot(2, MARCH + 1);
    site.run(&["publish", "9"]).expect(0);
    site.run(&["fsck"]).expect(0);
    (site, name)
}

fn faults(site: &Site, arguments: &[&str], code: i32) -> Vec<Value> {
    let mut all = vec!["--format", "json", "fsck"];
    all.extend(arguments);
    let ran = site.run(&all).expect(code);
    ran.json()["faults"].as_array().unwrap().clone()
}

/// Finds the damage, changes nothing by looking, repairs it, and finds nothing any more.
fn found_and_repaired(site: &Site, kind: &str, place: &str) {
    for _ in 0..2 {
        let found = faults(site, &[], 5);
        let fits = |fault: &Value| fault["kind"] == kind && fault["place"].as_str().unwrap().contains(place);
        assert!(found.iter().any(fits), "{kind} {place}: {found:?}");
    }
    let repaired = faults(site, &["--repair"], 0);
    assert!(repaired.iter().all(|fault| fault["mend"]["done"].is_string()), "{repaired:?}");
    assert_eq!(faults(site, &["--full"], 0), Vec::<Value>::new());
}

fn object(site: &Site, file: &str, version: u32) -> PathBuf {
    site.path("state/objects");
    let name = digest(&tree(version).join(file)).to_string();
    site.path("state/objects").join(&name[..2]).join(&name[2..])
}

fn write(path: &PathBuf, bytes: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
}

#[test]
fn files_that_are_missing_changed_superfluous_or_private_are_repaired() {
    let (site, name) = sound();
    let file = site.published("vault").join(&name).join(PACKAGE);
    fs::remove_file(&file).unwrap();
    found_and_repaired(&site, "file", PACKAGE);

    fs::remove_file(&file).unwrap();
    fs::write(&file, "something else").unwrap();
    found_and_repaired(&site, "file", PACKAGE);

    fs::write(site.published("channels/9/2/BaseOS/extra"), "x").unwrap();
    found_and_repaired(&site, "file", "BaseOS/extra");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    found_and_repaired(&site, "file", PACKAGE);

    let list = site.published("9/mirrorlist/BaseOS-x86_64");
    write(&list, b"https://elsewhere.example/\n");
    found_and_repaired(&site, "file", "mirrorlist/BaseOS-x86_64");
}

#[test]
fn an_object_that_was_removed_comes_back_from_a_snapshot() {
    let (site, _) = sound();
    let object = object(&site, PACKAGE, 1);
    fs::remove_file(&object).unwrap();
    found_and_repaired(&site, "object", "object ");
    assert_eq!(digest(&object), digest(&tree(1).join(PACKAGE)));
}

#[test]
fn a_damaged_object_is_told_with_what_brings_it_back() {
    let (site, name) = sound();
    let object = object(&site, PACKAGE, 1);
    let good = fs::read(&object).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    write(&object, &bad);
    let found = faults(&site, &["--repair"], 5);
    let about = found.iter().find(|fault| fault["kind"] == "object").unwrap();
    let remedy = about["mend"]["cannot"].as_str().unwrap();
    let place = site.published("vault").join(&name).join(PACKAGE);
    assert!(remedy.contains(place.to_str().unwrap()), "{remedy}");
    assert!(about["what"].as_str().unwrap().contains("is damaged"), "{about}");
    // What it says to do.
    fs::remove_file(&place).unwrap();
    fs::write(&place, &good).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o444)).unwrap();
    faults(&site, &["--repair"], 0);
    assert_eq!(faults(&site, &["--full"], 0), Vec::<Value>::new());
    assert_eq!(fs::read(site.published("stable").join(PACKAGE)).unwrap(), good);
}

#[test]
fn bytes_that_rotted_unseen_are_found_by_a_full_check() {
    let (site, _) = sound();
    let object = object(&site, PACKAGE, 1);
    let rot = "import os,sys; p=sys.argv[1]; s=os.stat(p); f=open(p,'r+b'); f.seek(200); f.write(b'!'); f.close(); \
               os.utime(p,ns=(s.st_atime_ns,s.st_mtime_ns))";
    testkit::tool::Tool::new("/usr/bin/python3").args(["-c", rot]).arg(&object).run().unwrap();
    assert!(!faults(&site, &["--full"], 5).is_empty());
}

#[test]
fn channels_that_lead_nowhere_or_elsewhere_are_switched_anew() {
    let (site, name) = sound();
    let served = site.served("9");
    fs::remove_file(site.published("stable")).unwrap();
    found_and_repaired(&site, "channel", "channel stable");
    assert_eq!(site.served("stable"), name);

    // As after a process that was killed between the record and the link.
    fs::remove_file(site.published("9")).unwrap();
    std::os::unix::fs::symlink("channels/9/1", site.published("9")).unwrap();
    found_and_repaired(&site, "channel", "channel 9");
    assert_eq!(site.served("9"), name, "what is served is the truth");

    fs::remove_dir_all(site.published("vault").join(&served)).unwrap();
    found_and_repaired(&site, "snapshot", &served);
}

#[test]
fn what_another_key_has_signed_is_told() {
    let site = Site::new("https://kestrel.example", "");
    let other = testkit::gpg::Key::throwaway("other <o@example.org>").unwrap();
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let store = site.store();
    let composed = site_tree_signed_by(&store, &other);
    let rules = site.rules();
    heirloom_release::Site::new(&store, &rules, "9").unwrap().lay_out(&composed, MARCH + 5).unwrap();
    drop(store);
    for _ in 0..2 {
        let found = faults(&site, &[], 5);
        let kinds: Vec<_> = found.iter().map(|fault| fault["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["signature"], "{found:?}");
        assert!(found[0]["what"].as_str().unwrap().contains("unknown key"), "{found:?}");
    }
}

/// Tree 2, but the repomd.xml of BaseOS is signed by another key.
fn site_tree_signed_by(
    store: &heirloom_store::Store,
    key: &testkit::gpg::Key,
) -> heirloom_model::record::Composed {
    let copy = tempfile::tempdir().unwrap();
    let dir = copy.path().join("tree");
    testkit::tool::Tool::new("cp").arg("-a").arg(tree(2)).arg(&dir).run().unwrap();
    let repomd = dir.join("BaseOS/x86_64/os/repodata/repomd.xml");
    fs::remove_file(repomd.with_extension("xml.asc")).unwrap();
    key.sign_file(&repomd).unwrap();
    crate::site::put(store, &dir)
}
