//! What `heirloom verify` says beside what TUF's own workflow does.

use std::fs;

use serde_json::Value;
use testkit::tool::Tool;

use crate::client::{Clients, Mirror, root, site, verify};
use crate::site::{put, tree};

const MARCH: u64 = 1_773_482_400;

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()
}

#[test]
fn files_that_nobody_vouches_for_and_missing_ones_are_told() {
    let site = site("");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let mirror = Mirror::of(&site, "9");
    let extra = mirror.channel().join("BaseOS/x86_64/os/Packages/evil-1-1.noarch.rpm");
    fs::write(&extra, "x").unwrap();
    let report = |code, more: &[&str]| {
        let more: Vec<_> = ["--format", "json"].iter().chain(more).copied().collect();
        let place = mirror.channel();
        verify(place.to_str().unwrap(), &root(&site), None, "now", &more).expect(code).json()
    };
    for more in [&[][..], &["--sample", "0"]] {
        let found = report(5, more);
        assert_eq!(found["channel"], "9", "{found}");
        assert!(check(&found, "metadata")["holds"].as_bool().unwrap());
        assert!(check(&found, "repositories")["holds"].as_bool().unwrap(), "{found}");
        let [finding] = &check(&found, "files")["findings"].as_array().unwrap()[..] else {
            panic!("{found}")
        };
        assert_eq!(finding["place"], "BaseOS/x86_64/os/Packages/evil-1-1.noarch.rpm");
    }
    fs::remove_file(&extra).unwrap();
    report(0, &[]);
    fs::remove_file(mirror.channel().join("kestrel.repo")).unwrap();
    for more in [&[][..], &["--sample", "0"]] {
        let found = report(5, more);
        let [finding] = &check(&found, "files")["findings"].as_array().unwrap()[..] else {
            panic!("{found}")
        };
        assert_eq!(finding["place"], "kestrel.repo");
    }
    // A link is no file, and a pipe is not waited for.
    Tool::new("ln").args(["-s", "/etc/passwd"]).arg(mirror.channel().join("kestrel.repo")).run().unwrap();
    assert!(report(5, &[]).to_string().contains("is no plain file"));
    fs::remove_file(mirror.channel().join("kestrel.repo")).unwrap();
    Tool::new("mkfifo").arg(mirror.metadata("2.root.json")).run().unwrap();
    let unreadable = verify(mirror.channel().to_str().unwrap(), &root(&site), None, "now", &[]).expect(1);
    assert!(unreadable.stderr.contains("2.root.json: it is no plain file"), "{}", unreadable.stderr);
}

#[test]
fn a_repository_that_names_what_is_not_listed_is_found() {
    let site = site("");
    // The tree lacks a package that its own metadata names: signed all the same.
    let copy = tempfile::tempdir().unwrap();
    let dir = copy.path().join("tree");
    Tool::new("cp").arg("-a").arg(tree(1)).arg(&dir).run().unwrap();
    fs::rename(
        dir.join("BaseOS/x86_64/os/Packages/base-1-1.noarch.rpm"),
        dir.join("BaseOS/x86_64/os/Packages/other-1-1.noarch.rpm"),
    )
    .unwrap();
    let filelists = fs::read_dir(dir.join("AppStream/x86_64/os/repodata"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_str().unwrap().contains("-other.xml"))
        .unwrap();
    let text = fs::read(&filelists).unwrap();
    fs::write(&filelists, [text, b"x".to_vec()].concat()).unwrap();
    let store = site.store();
    let composed = put(&store, &dir);
    store.append(&composed).unwrap();
    let rules = site.rules();
    heirloom_release::Site::new(&store, &rules, "9").unwrap().lay_out(&composed, MARCH).unwrap();
    drop(store);
    site.run(&["publish", "9"]).expect(0);
    let place = site.published("9");
    let ran = verify(place.to_str().unwrap(), &root(&site), None, "now", &["--format", "json"]).expect(5);
    let report = ran.json();
    assert!(check(&report, "metadata")["holds"].as_bool().unwrap());
    assert!(check(&report, "files")["holds"].as_bool().unwrap(), "{report}");
    let findings = check(&report, "repositories")["findings"].as_array().unwrap();
    let told: Vec<_> = findings.iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert!(told.iter().any(|what| what.contains("it is not in the list of files")), "{told:?}");
    assert!(told.iter().any(|what| what.contains("it has the SHA-256")), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_root_or_state_that_is_none_is_an_error_and_a_foreign_root_is_not_believed() {
    let site = site("");
    let other = crate::client::site("");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    let channel = site.published("9");
    let place = channel.to_str().unwrap();
    let foreign = Clients::new(&root(&other));
    assert_eq!(foreign.python(&channel, "now", &[]).error(), Some("UnsignedMetadataError"));
    let own = foreign.own(&channel, "now", &[]).expect(5);
    assert!(own.stdout.contains("nothing else was looked at"), "{}", own.stdout);
    let missing = verify(place, &site.path("none.json"), None, "now", &[]).expect(1);
    assert!(missing.stderr.contains("can't read"), "{}", missing.stderr);
    let text = fs::read_to_string(root(&site)).unwrap();
    for (name, text) in [("empty", String::new()), ("altered", text.replace("1.0.34", "1.0.35"))] {
        fs::write(site.path(name), text).unwrap();
        let none = verify(place, &site.path(name), None, "now", &[]).expect(1);
        assert!(none.stderr.contains("the trusted root can't be used"), "{}", none.stderr);
    }
    let state = site.path("state.json");
    fs::write(&state, "{}x").unwrap();
    let broken = verify(place, &root(&site), Some(&state), "now", &[]).expect(1);
    assert!(broken.stderr.contains("is no state of an earlier run"), "{}", broken.stderr);
    let no_dir = verify("/nonexistent", &root(&site), None, "now", &[]).expect(1);
    assert!(no_dir.stderr.contains("name a channel's directory"), "{}", no_dir.stderr);
    let none = tempfile::tempdir().unwrap();
    let bare = verify(none.path().to_str().unwrap(), &root(&site), None, "now", &[]).expect(5);
    assert!(bare.stdout.contains("there is no timestamp.json"), "{}", bare.stdout);
}
