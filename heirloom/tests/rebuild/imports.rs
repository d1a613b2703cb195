//! The same sources come in alike from a dist-git directory, git repositories and a repository of source RPMs.

use std::collections::BTreeMap;
use std::fs;

use testkit::corrupt;
use testkit::tool::Tool;

use crate::site::{Site, turn};

const PACKAGES: [&str; 3] = ["figlet", "tree", "zlib"];

/// Content digest of each package, by name.
fn imported(site: &Site) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let lines = site.json("import");
    lines.as_array().unwrap().iter().map(|line| (text(&line["package"]), text(&line["digest"]))).collect()
}

#[test]
fn three_kinds_of_upstream_give_the_same_sources() {
    let _turn = turn();
    let site = Site::bare(&PACKAGES);
    let trees = imported(&site);
    assert_eq!(trees.len(), PACKAGES.len() + 1);

    let git = Site::bare(&PACKAGES);
    for package in PACKAGES {
        let commit = "git init -q -b c9 . && git add -A && git -c user.name=x -c user.email=x@example.org commit -qm x \
                      && rm -rf SPECS SOURCES";
        Tool::new("sh").args(["-c", commit]).dir(git.upstream.join(package)).run().unwrap();
    }
    git.redefine("kind = \"dist-git\"", "kind = \"git\"\nbranch = \"c9\"");
    assert_eq!(imported(&git), trees);
    git.redefine("branch = \"c9\"", "branch = \"c10\"");
    git.run(&["import"]).expect(1).says(&["no such branch"]);

    let world = testkit::world().unwrap();
    let srpms = site.path("srpms");
    Tool::new("cp").args(["-rs"]).arg(world.join("srpms")).arg(&srpms).run().unwrap();
    let rpms = Site::bare(&[]);
    rpms.redefine("kind = \"dist-git\"", "kind = \"srpm-repository\"");
    rpms.redefine(
        &format!("location = \"{}\"", rpms.upstream.display()),
        &format!(
            "location = \"{}\"\nkeys = [\"{}\"]",
            srpms.display(),
            world.join("keys/vendor.asc").display()
        ),
    );
    let all = imported(&rpms);
    for package in PACKAGES {
        assert_eq!(all[package], trees[package], "{package}");
    }

    // A store that has nothing yet meets a damaged source RPM.
    let fresh = Site::bare(&[]);
    fs::copy(rpms.path("heirloom.toml"), fresh.path("heirloom.toml")).unwrap();
    let find = "find . -name 'tree-*.src.rpm'";
    let tree = srpms.join(Tool::new("sh").args(["-c", find]).dir(&srpms).run().unwrap().trim());
    let original = fs::canonicalize(&tree).unwrap();
    fs::remove_file(&tree).unwrap();
    fs::copy(original, &tree).unwrap();
    corrupt::flip_byte(&tree, -100).unwrap();
    fresh.run(&["import"]).expect(1).says(&["tree-", "digest", "nothing of it was kept"]);
}
