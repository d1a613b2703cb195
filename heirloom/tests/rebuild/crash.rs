//! `kill -9` at many points, then the same command.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use testkit::tool::Tool;

use crate::site::{Site, digests, turn};

/// Milliseconds after which the process is killed, in turn; the later ones reach into compose.
const POINTS: [u64; 14] = [20, 90, 200, 350, 600, 900, 1300, 1800, 2500, 3500, 5000, 700, 150, 60];

#[test]
fn a_killed_rebuild_goes_on_where_it_was() {
    let _turn = turn();
    // None of them is inherited before it is built: the own, older one would then be a downgrade.
    let packages = ["tree", "figlet", "ed"];
    let undisturbed = Site::new(&packages);
    undisturbed.run(&["rebuild"]).expect(0);

    let site = Site::new(&packages[..1]);
    site.run(&["rebuild"]).expect(0);
    let before = digests(&site.published());
    for package in &packages[1..] {
        let from = testkit::world().unwrap().join("dist-git").join(package);
        Tool::new("cp").arg("-a").arg(from).arg(&site.upstream).run().unwrap();
    }
    for point in POINTS {
        let mut child =
            site.command(&["rebuild"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(point));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = digests(&site.published());
        assert!(now == before || now == digests(&undisturbed.published()), "half a tree after {point} ms");
    }
    site.run(&["rebuild"]).expect(0);
    assert_eq!(digests(&site.published()), digests(&undisturbed.published()));
    site.dnf(&site.path("root"), &["makecache"]).unwrap();
    no_action_is_built_twice(&site);
}

fn no_action_is_built_twice(site: &Site) {
    let ledger = rusqlite::Connection::open(site.path("state/ledger.db")).unwrap();
    let mut select = ledger.prepare("SELECT key FROM ledger WHERE kind = 'built'").unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for key in select.query_map((), |row| row.get(0)).unwrap() {
        *counts.entry(key.unwrap()).or_default() += 1;
    }
    assert_eq!(counts.len(), 4, "{counts:?}");
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}
