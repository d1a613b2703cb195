//! What fsck, the web server and killed processes make of it.

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use heirloom_release::Check;

use crate::client::{Clients, root, site};
use crate::site::{KEY, Site, finish};

const MARCH: u64 = 1_773_482_400;

fn published() -> Site {
    let site = site("");
    site.snapshot(1, MARCH);
    site.run(&["publish", "9"]).expect(0);
    site.snapshot(2, MARCH + 1);
    site.run(&["publish", "9"]).expect(0);
    site.run(&["fsck"]).expect(0);
    site
}

fn view(site: &Site, generation: u32, name: &str) -> std::path::PathBuf {
    site.published("channels/9").join(generation.to_string()).join("tuf").join(name)
}

#[test]
fn damage_is_found_and_made_anew() {
    let clients = |site: &Site| Clients::new(&root(site)).follow(&site.published("9"), &[]);
    for (name, damage) in [
        ("timestamp.json", "altered"),
        ("timestamp.json", "removed"),
        ("2000000.snapshot.json", "removed"),
        ("2.targets.json", "altered"),
        ("1.root.json", "removed"),
        ("root.json", "altered"),
    ] {
        let site = published();
        let path = view(&site, 2, name);
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        if damage == "altered" {
            fs::write(&path, text.replace("\"spec_version\":\"1.0", "\"spec_version\":\"1.1")).unwrap();
        }
        let found = site.run(&["fsck", "--repair"]).expect(5);
        assert!(found.stdout.contains("channels/9/2/tuf: "), "{name} {damage}:\n{}", found.stdout);
        assert!(found.stdout.contains("heirloom tuf refresh 9"), "{name} {damage}:\n{}", found.stdout);
        let made = site.run(&["tuf", "refresh", "9"]).expect(0);
        assert!(made.stdout.contains("in a new generation"), "{name} {damage}:\n{}", made.stdout);
        assert_eq!(clients(&site)[3], 3, "{name} {damage}");
    }
}

#[test]
fn what_does_not_belong_there_is_found_and_removed() {
    let site = published();
    fs::write(view(&site, 2, "note.txt"), "x").unwrap();
    let found = site.run(&["fsck"]).expect(5);
    assert!(found.stdout.contains("channels/9/2/tuf/note.txt"), "{}", found.stdout);
    site.run(&["fsck", "--repair"]).expect(0);
    assert!(!view(&site, 2, "note.txt").exists());
    Clients::new(&root(&site)).follow(&site.published("9"), &[]);
}

#[test]
fn a_timestamp_that_nobody_renewed_is_found() {
    let site = published();
    let (store, rules) = (site.store(), site.rules());
    let served = heirloom_release::Site::new(&store, &rules, "9").unwrap();
    let key = KEY.public().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (hours, faults) in [(47, vec![]), (49, vec!["channels/9/2/tuf"])] {
        let how = Check {
            full: false,
            repair: false,
            jobs: 1,
            now: now + hours * 3600,
            key: &key,
            needs: BTreeMap::new(),
        };
        let found = served.check(&how).unwrap().faults;
        let places: Vec<_> = found.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, faults, "{found:?}");
        assert!(
            found.iter().all(|fault| fault.what.contains("the timestamp of channel 9 expired")),
            "{found:?}"
        );
    }
}

/// Calls that bring something in sight.
const STEPS: &str = "rename,renameat,renameat2,unlink,openat,fsync,syncfs,mkdir,link,linkat";

#[test]
fn a_process_killed_anywhere_leaves_what_clients_believe() {
    let site = published();
    let clients = Clients::new(&root(&site));
    for verb in [&["tuf", "refresh", "9"][..], &["rollback", "9", "--to", "2026-03-14"], &["publish", "9"]] {
        let log = site.path("strace.log");
        let traced = ["-o", log.to_str().unwrap(), "-e", &format!("trace={STEPS}")];
        let mut copy = Vec::new();
        finish(site.traced(&traced, verb)).expect(0);
        let text = fs::read_to_string(&log).unwrap();
        for call in STEPS.split(',') {
            let count = text.lines().filter(|line| line.contains(&format!(" {call}("))).count();
            copy.extend((1..=count).map(|number| (call, number)));
        }
        // Every seventh, so that all kinds come up and the test ends.
        for (call, number) in copy.into_iter().step_by(7) {
            let how = ["-o", "/dev/null", "-e", &format!("inject={call}:signal=KILL:when={number}")];
            drop(finish(site.traced(&how, verb)));
            let own = clients.own(&site.published("9"), "now", &[]);
            assert_eq!(own.code, 0, "{verb:?} killed at {call} {number}:\n{}{}", own.stdout, own.stderr);
        }
        site.run(verb).expect(0);
        clients.follow(&site.published("9"), &[]);
    }
    site.run(&["fsck", "--repair"]).expect(0);
}
