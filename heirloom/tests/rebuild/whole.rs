//! The whole stand-in upstream, once.

use std::fs;
use std::path::Path;

use testkit::corrupt;
use testkit::tool::Tool;

use crate::site::{Site, replace, turn};

/// Identity and trademark of the vendor: not to be rebuilt.
const LEFT_OUT: [&str; 2] = ["tarnholt-release", "tarnholt-logos"];

#[test]
fn the_whole_way() {
    let _turn = turn();
    let trees = testkit::place::entries(&testkit::world().unwrap().join("dist-git")).unwrap();
    let names: Vec<_> = trees.iter().filter_map(|tree| tree.file_name()?.to_str()).collect();
    let packages: Vec<_> = names.into_iter().filter(|name| !LEFT_OUT.contains(name)).collect();
    let site = Site::new(&packages);

    let first = site.json("rebuild");
    assert_eq!(first["failed"], 0);
    assert_eq!(first["refused"], serde_json::json!([]));
    assert_eq!(first["missing"], serde_json::json!([]));
    assert_eq!(first["different"], 0);
    assert!(first["identical"].as_u64().unwrap() >= 40, "{first}");

    let again = site.json("rebuild");
    assert_eq!(again["built"], 0, "{again}");
    assert_eq!(again["published"]["newly_signed"], 0, "{again}");

    cycle_is_told(&site);
    let root = site.path("root");
    dnf_installs_everything(&site, &root);
    what_was_installed_runs(&root);
    every_signature_holds(&site);
    a_touched_leaf_is_built_alone(&site);
    touched_bytes_are_refused(&site);
}

fn cycle_is_told(site: &Site) {
    let plan = site.json("plan");
    let cycle = &plan["cycles"][0];
    assert!(cycle["members"].to_string().contains("python-pluggy"), "{cycle}");
    assert_eq!(cycle["crutches"][0]["kind"], "conditional", "{cycle}");
    assert_eq!(cycle["passes"], 3, "{cycle}");
}

fn dnf_installs_everything(site: &Site, root: &Path) {
    let list = site.dnf(root, &["repoquery", "--qf", "%{name}", "--disablerepo", "*Bootstrap"]).unwrap();
    let names: Vec<_> = list.split_whitespace().collect();
    assert!(names.len() >= 40 && names.contains(&"kestrel-release"), "{names:?}");
    site.dnf(root, &[&["install"], &names[..]].concat()).unwrap();
    let said = site.dnf(root, &["repoclosure"]).unwrap();
    assert!(!said.contains("unresolved"), "{said}");
}

fn what_was_installed_runs(root: &Path) {
    let inside = |script: &str| Tool::new("chroot").arg(root).args(["sh", "-c", script]).run().unwrap();
    assert_eq!(inside("echo 2^64 | bc").trim(), "18446744073709551616");
    assert!(inside("grep NAME /etc/os-release").contains("Kestrel Enterprise Linux"));
    assert!(inside("hello").contains("Hello"));
    let release = inside("cat /etc/kestrel-release /etc/system-release");
    assert_eq!(release, "Kestrel Enterprise Linux release 9.4\n".repeat(2));
}

fn every_signature_holds(site: &Site) {
    let db = site.path("rpmdb");
    let key = site.published().join("RPM-GPG-KEY-kestrel");
    Tool::new("rpmkeys").define("_dbpath", &db).arg("--import").arg(key).run().unwrap();
    let find = "find -L . -name '*.rpm' | xargs";
    let script = format!("{find} rpm --define '_dbpath {}' -K", db.display());
    let said = Tool::new("sh").args(["-c", &script]).dir(site.published()).run().unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert!(lines.len() > 80 && lines.iter().all(|line| line.ends_with("digests signatures OK")), "{said}");
}

fn a_touched_leaf_is_built_alone(site: &Site) {
    let spec = site.upstream.join("tree/SPECS/tree.spec");
    replace(&spec, "%prep", "# touched\n%prep");
    let summary = site.json("rebuild");
    assert_eq!((&summary["built"], &summary["different"]), (&1.into(), &0.into()), "{summary}");
    let why = site.run(&["why", "tree"]).expect(0);
    assert!(why.stdout.contains("because source tree.spec"), "{}", why.stdout);
}

fn touched_bytes_are_refused(site: &Site) {
    let tree = fs::canonicalize(site.path("state/published/9")).unwrap();
    let package = tree.join("BaseOS/x86_64/os/Packages/k");
    let package = testkit::place::entries(&package).unwrap().remove(0);
    let root = site.path("other-root");
    // The file is a hard link to the store's object: a copy takes its place before it is touched.
    let copy = site.path("copy.rpm");
    fs::copy(&package, &copy).unwrap();
    corrupt::flip_byte(&copy, -40).unwrap();
    fs::remove_file(&package).unwrap();
    fs::copy(&copy, &package).unwrap();
    let error = site.dnf(&root, &["install", "kestrel-release"]).unwrap_err().to_string();
    assert!(error.contains("checksum") || error.contains("Downloading"), "{error}");

    let repomd = tree.join("BaseOS/x86_64/os/repodata/repomd.xml");
    corrupt::flip_byte(&repomd, 60).unwrap();
    fs::remove_dir_all(site.path("dnf-cache")).unwrap();
    let error = site.dnf(&root, &["makecache"]).unwrap_err().to_string();
    assert!(error.contains("BaseOS") && (error.contains("GPG") || error.contains("signature")), "{error}");
}
