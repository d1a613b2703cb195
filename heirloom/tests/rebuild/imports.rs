//! The same sources come in alike from a dist-git directory, git repositories and a repository of source RPMs.

use std::collections::BTreeMap;
use std::fs;

use testkit::corrupt;
use testkit::server::Server;
use testkit::tool::Tool;

use crate::site::{Site, turn};

const PACKAGES: [&str; 3] = ["figlet", "tree", "zlib"];

/// Content digest of each package, by name.
fn imported(site: &Site) -> BTreeMap<String, String> {
    imported_from(site, &[])
}

/// The same, with more arguments.
pub(crate) fn imported_from(site: &Site, arguments: &[&str]) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let arguments = [&["--format", "json", "import"], arguments].concat();
    let report = site.run(&arguments).expect(0).json();
    let lines = report["sources"].as_array().unwrap().iter();
    lines.map(|line| (text(&line["package"]), text(&line["digest"]))).collect()
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

#[test]
fn sources_and_keys_come_over_http_and_are_not_fetched_again() {
    let _turn = turn();
    let world = testkit::world().unwrap();
    let here = imported(&Site::bare(&PACKAGES));
    let site = Site::bare(&PACKAGES);
    let served = site.path("served");
    fs::create_dir_all(served.join("git")).unwrap();
    for package in PACKAGES {
        let commit = "git init -q -b c9 . && git add -A && git -c user.name=x -c user.email=x@example.org commit -qm x";
        Tool::new("sh").args(["-c", commit]).dir(site.upstream.join(package)).run().unwrap();
        let bare = served.join("git").join(package);
        Tool::new("git")
            .args(["clone", "-q", "--bare"])
            .arg(site.upstream.join(package))
            .arg(bare)
            .run()
            .unwrap();
    }
    Tool::new("cp").arg("-rs").arg(world.join("lookaside")).arg(served.join("lookaside")).run().unwrap();
    Tool::new("cp").arg("-rs").arg(world.join("keys")).arg(served.join("keys")).run().unwrap();
    let server = Server::start(&served).unwrap();
    fs::write(site.path("names"), "# three\nfiglet\ntree\n zlib # with a word\n").unwrap();
    let location = format!("location = \"{}\"", server.url("git/{name}"));
    site.redefine(&format!("location = \"{}\"", site.upstream.display()), &location);
    site.redefine("kind = \"dist-git\"", "kind = \"git\"\nbranch = \"c9\"\npackages = \"names\"");
    site.redefine(&format!("{}/lookaside", world.display()), &server.url("lookaside"));
    let key = world.join("keys/vendor.asc");
    let shown = Tool::new("gpg").args(["--show-keys", "--with-colons"]).arg(&key).run().unwrap();
    let fingerprint = shown.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':');
    let definition = fs::read_to_string(site.path("heirloom.toml")).unwrap();
    let pinned = format!(
        "{}\n[keys.vendor]\nfile = \"pinned.asc\"\nurl = \"{}\"\nfingerprint = \"{fingerprint}\"\n",
        definition.replace(&key.display().to_string(), "pinned.asc"),
        server.url("keys/vendor.asc")
    );
    fs::write(site.path("heirloom.toml"), &pinned).unwrap();
    assert_eq!(imported(&site), here);
    assert!(site.path("pinned.asc").is_file());
    let asked =
        |part: &str| server.requests(None).iter().filter(|request| request.path.contains(part)).count();
    let (files, keys, fetches) = (asked("lookaside/"), asked("keys/"), asked("/git-upload-pack"));
    assert_eq!((files, keys), (PACKAGES.len(), 1));
    assert_eq!(imported(&site), here);
    assert_eq!((asked("lookaside/"), asked("keys/")), (files, keys));
    // To see that nothing is new, each is asked for its branches, once.
    assert!(asked("/git-upload-pack") - fetches < fetches);

    let wrong = fingerprint.chars().rev().collect::<String>();
    fs::write(site.path("heirloom.toml"), pinned.replace(fingerprint, &wrong)).unwrap();
    site.run(&["import"]).expect(1).says(&["pinned.asc", fingerprint, &wrong]);
}
