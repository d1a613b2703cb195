//! Clients that follow a channel through its life.

use std::fs;

use testkit::server::Server;

use crate::client::{Clients, Mirror, root, site, verify};
use crate::machine;

const MARCH: u64 = 1_773_482_400;
const APP: &str = "AppStream/x86_64/os/Packages/app-";

#[test]
fn a_channel_is_followed_from_its_first_release_on_and_back_again() {
    let site = site("");
    let clients = Clients::new(&root(&site));
    let channel = site.published("9");
    for version in [1, 2] {
        site.snapshot(version, MARCH + u64::from(version));
        site.run(&["publish", "9"]).expect(0);
        let package = format!("{APP}{version}-{version}.noarch.rpm");
        let generation = u64::from(version);
        let seen = clients.follow(&channel, &[&package, "mirrorlist/BaseOS-x86_64"]);
        assert_eq!(seen, [1, generation * 1_000_000, generation * 1_000_000, generation]);
    }
    // What was there before is a new generation: clients don't take it for an old state.
    site.run(&["rollback", "9"]).expect(0);
    assert_eq!(clients.follow(&channel, &[&format!("{APP}1-1.noarch.rpm")]), [1, 3_000_000, 3_000_000, 3]);
    // Nothing changed: what was seen is seen again.
    assert_eq!(clients.follow(&channel, &[]), [1, 3_000_000, 3_000_000, 3]);
    site.run(&["tuf", "refresh", "9"]).expect(0);
    assert_eq!(clients.follow(&channel, &[]), [1, 3_000_001, 3_000_000, 3], "the timestamp alone");
    let told = site.json(&["tuf", "refresh"]);
    assert_eq!(
        (&told[0]["channel"], told[0]["timestamp"].as_u64()),
        (&"9".into(), Some(3_000_002)),
        "{told}"
    );
    assert_eq!(clients.follow(&channel, &[]), [1, 3_000_002, 3_000_000, 3]);
    site.run(&["fsck"]).expect(0);
}

#[test]
fn a_snapshot_that_expires_soon_is_renewed_without_a_switch() {
    let site = site("snapshot_days = 2\ntimestamp_hours = 24\n");
    let clients = Clients::new(&root(&site));
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    assert_eq!(clients.follow(&site.published("9"), &[]), [1, 1_000_000, 1_000_000, 1]);
    // With less than a quarter of its life left; here its life is stretched instead.
    let text = fs::read_to_string(site.path("heirloom.toml")).unwrap();
    fs::write(site.path("heirloom.toml"), text.replace("snapshot_days = 2", "snapshot_days = 20")).unwrap();
    let ran = site.run(&["tuf", "refresh", "9"]).expect(0);
    assert!(ran.stdout.contains("snapshot was renewed"), "{}", ran.stdout);
    assert_eq!(clients.follow(&site.published("9"), &[]), [1, 1_000_001, 1_000_001, 1]);
    site.run(&["tuf", "refresh", "9"]).expect(0);
    assert_eq!(clients.follow(&site.published("9"), &[]), [1, 1_000_002, 1_000_001, 1]);
    site.run(&["fsck"]).expect(0);
    assert_eq!(fs::read_link(site.published("9")).unwrap().to_str(), Some("channels/9/1"));
}

#[test]
fn channels_that_had_no_metadata_get_it_and_the_same_again_is_no_switch() {
    let site = site("");
    let text = fs::read_to_string(site.path("heirloom.toml")).unwrap();
    let without = text.replace("[tuf]\nkeys = \"tuf-keys\"\n", "");
    fs::write(site.path("heirloom.toml"), &without).unwrap();
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    assert!(!site.published("9/tuf").exists(), "without [tuf] nothing changes");
    let refused = site.run(&["tuf", "refresh", "9"]).expect(3);
    assert!(refused.stderr.contains("no [tuf]"), "{}", refused.stderr);
    fs::write(site.path("heirloom.toml"), &text).unwrap();
    let found = site.run(&["fsck"]).expect(5);
    assert!(found.stdout.contains("heirloom tuf refresh 9"), "{}", found.stdout);
    site.run(&["publish", "9"]).expect(0);
    assert_eq!(Clients::new(&root(&site)).follow(&site.published("9"), &[])[3], 2);
    let same = site.run(&["publish", "9"]).expect(0);
    assert!(same.stdout.contains("already"), "{}", same.stdout);
    site.run(&["fsck"]).expect(0);
    // Away again.
    fs::write(site.path("heirloom.toml"), &without).unwrap();
    site.run(&["publish", "9"]).expect(0);
    assert!(!site.published("9/tuf").exists());
}

#[test]
fn dnf_installs_from_a_channel_with_metadata() {
    let site = site("");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let dir = tempfile::tempdir().unwrap();
    let os = fs::canonicalize(site.published("9/BaseOS/x86_64/os")).unwrap();
    std::os::unix::fs::symlink(os, dir.path().join("repo")).unwrap();
    machine::dnf(dir.path(), &["install", "base"]);
    assert_eq!(fs::read_to_string(dir.path().join("root/usr/share/base")).unwrap(), "1");
}

#[test]
fn a_url_is_checked_by_its_metadata_by_samples_or_whole() {
    let site = site("");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let mirror = Mirror::of(&site, "9");
    let server = Server::start(&mirror.path("")).unwrap();
    let url = server.url("9");
    let read = |more: &[&str], code| verify(&url, &root(&site), None, "now", more).expect(code).stdout;
    assert!(read(&[], 0).contains(" 0 of "), "no file beyond what repositories say of themselves");
    assert!(read(&["--sample", "2"], 0).contains(" 2 of "));
    fs::write(mirror.path("9").join(format!("{APP}1-1.noarch.rpm")), "other").unwrap();
    read(&[], 0);
    let found = read(&["--all"], 5);
    assert!(found.contains("app-1-1.noarch.rpm: has 5 bytes"), "{found}");
    fs::remove_file(mirror.path("9").join(format!("{APP}1-1.noarch.rpm"))).unwrap();
    assert!(read(&["--all"], 5).contains("is missing"));
    drop(server);
    let gone = verify(&url, &root(&site), None, "now", &[]).expect(1);
    assert!(gone.stderr.contains("another mirror"), "{}", gone.stderr);
}
