//! What is kept and what goes.

use std::fs;

use crate::site::{Site, digest, tree};

const DAY: u64 = 86_400;

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn cleaning_removes_what_the_rules_and_no_channel_keep() {
    let site = Site::new("https://kestrel.example", "in_flight_hours = 0\n[publish.vault]\nkeep_days = 30");
    let served = site.snapshot(1, now() - 90 * DAY);
    site.run(&["publish", "stable"]).expect(0);
    let old = site.snapshot(2, now() - 60 * DAY);
    site.run(&["publish", "9"]).expect(0);
    let new = site.snapshot(3, now());
    site.run(&["publish", "9"]).expect(0);
    let lost = digest(&tree(2).join("BaseOS/x86_64/os/Packages/base-2-2.noarch.rpm"));
    let path = site.store().path(lost);

    let dry = site.json(&["clean", "--dry-run"]);
    assert_eq!(dry["outdated"]["snapshots"], serde_json::json!([old]));
    assert_eq!(dry["outdated"]["views"], serde_json::json!([["9", 1]]));
    assert!(site.published("vault").join(&old).exists() && path.exists());

    site.run(&["clean"]).expect(0);
    for (name, there) in [(&served, true), (&old, false), (&new, true)] {
        assert_eq!(site.published("vault").join(name).exists(), there, "{name}");
    }
    assert!(!path.exists() && !site.published("channels/9/1").exists());
    for version in [1, 3] {
        let package = format!("AppStream/x86_64/os/Packages/app-{version}-{version}.noarch.rpm");
        assert!(site.store().contains(digest(&tree(version).join(package))), "{version}");
    }
    let again = site.json(&["clean"]);
    assert_eq!((&again["objects"], &again["outdated"]["snapshots"]), (&0.into(), &serde_json::json!([])));
    site.run(&["publish", "9", "--snapshot", "stable"]).expect(0);
}

#[test]
fn what_clients_may_go_by_is_kept_and_the_month_has_one_for_ever() {
    let site = Site::new("https://kestrel.example", "[publish.vault]\nkeep_days = 30\nkeep_monthly = true");
    let march = 1_773_482_400;
    let names = [(1, march), (2, march + DAY), (3, march + 40 * DAY)].map(|(version, time)| {
        let name = site.snapshot(version, time);
        site.run(&["publish", "9"]).expect(0);
        name
    });
    let until = |name: &str| {
        let all = site.json(&["snapshots"]);
        let found = all.as_array().unwrap().iter().find(|it| it["snapshot"]["name"] == name).unwrap();
        found["until"].clone()
    };
    assert!(until(&names[0])["in-flight"].is_u64(), "{}", until(&names[0]));
    assert_eq!(until(&names[1]), "ever");
    assert_eq!(until(&names[2])["channels"], serde_json::json!(["9"]));
    assert_eq!(site.json(&["clean"])["outdated"]["snapshots"], serde_json::json!([]));
    let old = fs::read_to_string(site.published("channels/9/1/mirrorlist/BaseOS-x86_64")).unwrap();
    assert!(old.contains(&names[0]), "{old}");
}
