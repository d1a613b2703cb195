//! How snapshots and channels are laid out, switched and rolled back.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use testkit::tool::Tool;

use crate::site::{Site, digest, tree};

const DAY: u64 = 86_400;
/// 2026-03-14, 10:00 UTC.
const MARCH: u64 = 1_773_482_400;

#[test]
fn a_snapshot_has_all_of_the_tree_by_hard_links() {
    let site = Site::new("https://kestrel.example", "");
    let used = |what: &str| -> u64 {
        let text = Tool::new("du").args(["-sk", what]).dir(site.path("")).run().unwrap();
        text.split_whitespace().next().unwrap().parse().unwrap()
    };
    site.compose(1);
    let before = used("state/objects");
    let name = site.snapshot(1, MARCH);
    assert!(name.starts_with("2026-03-14-") && name.len() == 23, "{name}");
    site.run(&["publish", "9", "stable"]).expect(0);

    let dir = site.published("vault").join(&name);
    for (file, links) in [("BaseOS/x86_64/os/Packages/common-1-1.noarch.rpm", 4), ("kestrel.repo", 5)] {
        let found = dir.join(file).metadata().unwrap();
        assert_eq!(
            found.nlink(),
            links,
            "{file}: the store, the snapshot and two views, and what the root has"
        );
        assert_eq!(found.permissions().mode() & 0o777, 0o444, "{file}");
        assert_eq!(digest(&dir.join(file)), digest(&tree(1).join(file)));
    }
    // du counts what has several links once.
    assert!(used("state") - used("state/ledger.db") < before + 700, "directories and lists, no packages");
    let all =
        Tool::new("find").arg(site.published("")).args(["-type", "d", "!", "-perm", "755"]).run().unwrap();
    assert_eq!(all, "", "every directory can be read by a web server");
}

#[test]
fn links_are_relative_and_lists_name_the_snapshot() {
    let site = Site::new("https://kestrel.example/el/", "");
    let name = site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let link = |path: &str| fs::read_link(site.published(path)).unwrap().display().to_string();
    assert_eq!(link("9"), "channels/9/1");
    assert_eq!(link("vault/2026-03-14"), name);
    let list =
        |place: &[&str]| format!("https://kestrel.example/el/{}/AppStream/x86_64/os/\n", place.concat());
    let read =
        |path: &str| fs::read_to_string(site.published(path).join("mirrorlist/AppStream-x86_64")).unwrap();
    assert_eq!(read("vault/2026-03-14"), list(&["vault/", &name]));
    assert_eq!(read("9"), list(&["vault/", &name]) + &list(&["9"]));
    assert!(site.published("RPM-GPG-KEY-kestrel").is_file());
    let copy = site.path("mirror");
    Tool::new("cp").arg("-a").arg(site.published("")).arg(&copy).run().unwrap();
    fs::remove_dir_all(site.published("")).unwrap();
    assert!(copy.join("9/BaseOS/x86_64/os/repodata/repomd.xml").is_file(), "a copy stands alone");
}

#[test]
fn the_same_tree_is_one_snapshot_whatever_the_day() {
    let site = Site::new("https://kestrel.example", "");
    let first = site.snapshot(1, MARCH);
    assert_eq!(site.snapshot(1, MARCH + DAY), first);
    let second = site.snapshot(2, MARCH + 60);
    assert_ne!(first, second);
    let newest = fs::read_link(site.published("vault/2026-03-14")).unwrap();
    assert_eq!(newest.display().to_string(), second);
    assert_eq!(site.json(&["snapshots"]).as_array().unwrap().len(), 2);
}

#[test]
fn rolling_back_goes_back_and_never_forward() {
    let site = Site::new("https://kestrel.example", "");
    let names = [1, 2, 3].map(|version| {
        let name = site.snapshot(version, MARCH + u64::from(version));
        site.run(&["publish", "9"]).expect(0);
        name
    });
    assert_eq!(site.served("9"), names[2]);
    for before in [&names[1], &names[0]] {
        site.run(&["rollback", "9"]).expect(0);
        assert_eq!(site.served("9"), *before);
    }
    let end = site.run(&["rollback", "9"]).expect(1);
    assert!(end.stderr.contains("had nothing before"), "{}", end.stderr);
    site.run(&["rollback", "9", "--to", &names[2][..16]]).expect(0);
    assert_eq!(site.served("9"), names[2]);
    let same = site.run(&["publish", "9", "--snapshot", "2026-03-14"]).expect(0);
    assert!(same.stdout.contains("already"), "{}", same.stdout);
    assert_eq!(fs::read_link(site.published("9")).unwrap().to_str(), Some("channels/9/6"));
    let unknown = site.run(&["publish", "9", "--snapshot", "2027"]).expect(1);
    assert!(unknown.stderr.contains(&names[0]), "the snapshots that there are: {}", unknown.stderr);
    site.run(&["publish", "../9"]).expect(1);
}

#[test]
fn a_view_has_what_clients_may_still_ask_for_but_one_repomd() {
    let site = Site::new("https://kestrel.example", "in_flight_hours = 1");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    site.snapshot(2, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let os = site.published("9/BaseOS/x86_64/os");
    for package in ["base-1-1.noarch.rpm", "base-2-2.noarch.rpm", "common-1-1.noarch.rpm"] {
        assert!(os.join("Packages").join(package).is_file(), "{package}");
    }
    let names = |dir| Tool::new("ls").arg(dir).run().unwrap();
    let old = names(tree(1).join("BaseOS/x86_64/os/repodata"));
    let now = names(os.join("repodata"));
    assert!(old.lines().all(|name| now.contains(name)), "{old}\n{now}");
    assert_eq!(
        digest(&os.join("repodata/repomd.xml")),
        digest(&tree(2).join("BaseOS/x86_64/os/repodata/repomd.xml"))
    );
    let snapshot = site.published("vault/2026-03-14/BaseOS/x86_64/os/Packages/base-1-1.noarch.rpm");
    assert!(!snapshot.exists(), "a snapshot has nothing but its own");
}

#[test]
fn a_tree_that_lost_an_object_is_not_served() {
    let site = Site::new("https://kestrel.example", "");
    let first = site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let second = site.snapshot(2, MARCH + 1);
    let package = digest(&tree(2).join("AppStream/x86_64/os/Packages/app-2-2.noarch.rpm"));
    fs::remove_file(site.store().path(package)).unwrap();
    let refused = site.run(&["publish", "9", "--snapshot", &second]).expect(1);
    assert!(refused.stderr.contains("app-2-2.noarch.rpm") && refused.stderr.contains("missing"));
    assert_eq!(site.served("9"), first);
}

#[test]
fn where_links_cannot_be_made_files_are_copied() {
    let site = Site::new("https://kestrel.example", "");
    site.compose(1);
    let mount = Tmpfs::on(&site.published(""), "64m");
    let name = site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let file = site.published("vault").join(name).join("BaseOS/x86_64/os/Packages/common-1-1.noarch.rpm");
    assert_eq!(digest(&file), digest(&tree(1).join("BaseOS/x86_64/os/Packages/common-1-1.noarch.rpm")));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o444);
    drop(mount);
}

/// A small file system, for as long as this lives.
pub(crate) struct Tmpfs(std::path::PathBuf);

impl Tmpfs {
    pub(crate) fn on(dir: &std::path::Path, size: &str) -> Self {
        fs::create_dir_all(dir).unwrap();
        Tool::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "none"])
            .arg(dir)
            .run()
            .unwrap();
        Self(dir.to_owned())
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Tool::new("umount").arg("-l").arg(&self.0).run();
    }
}
