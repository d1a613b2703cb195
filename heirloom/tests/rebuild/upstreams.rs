//! What upstream has and is not here yet, and what the next minor release will bring.

use std::fs;

use serde_json::Value;
use testkit::tool::Tool;

use crate::site::{Site, replace, turn};

fn json(site: &Site, arguments: &[&str]) -> Value {
    site.run(&[&["--format", "json"], arguments].concat()).expect(0).json()
}

fn names<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().map(|it| it[key].as_str().unwrap()).collect()
}

#[test]
fn what_upstream_has_and_is_not_imported_is_listed_with_its_age() {
    let _turn = turn();
    let packages = ["figlet", "tree"];
    let site = Site::bare(&packages);
    let commit = |package: &str, day: &str| {
        let script = "git init -q -b c9 . && git add -A && git -c user.name=x -c user.email=x@example.org commit -qm x";
        let date = format!("{day}T12:00:00Z");
        Tool::new("sh")
            .args(["-c", script])
            .env("GIT_COMMITTER_DATE", &date)
            .env("GIT_AUTHOR_DATE", &date)
            .dir(site.upstream.join(package))
            .run()
            .unwrap();
    };
    for package in packages {
        commit(package, "2024-03-01");
    }
    site.redefine("kind = \"dist-git\"", "kind = \"git\"\nbranch = \"c9\"");
    let waiting = json(&site, &["status", "--upstream"]);
    assert_eq!(names(&waiting["waiting"], "package"), packages, "{waiting}");
    // Looking imports nothing.
    assert!(!site.path("state/dist-git").exists());

    site.run(&["import"]).expect(0);
    assert_eq!(json(&site, &["status", "--upstream"])["waiting"], serde_json::json!([]));
    replace(&site.spec("tree"), "Release: 3", "Release: 4");
    commit("tree", "2024-05-06");
    let waiting = json(&site, &["status", "--upstream"]);
    assert_eq!(names(&waiting["waiting"], "package"), ["tree"], "{waiting}");
    assert_eq!(waiting["waiting"][0]["published"], 1_714_996_800, "{waiting}");
    let seen = waiting["waiting"][0]["seen"].as_u64().unwrap();
    let said = site.run(&["status", "--upstream"]).expect(0).stdout;
    let line = said.lines().find(|line| line.starts_with("tree")).unwrap();
    assert!(line.contains(" days ago"), "{said}");
    // When it was seen first is kept.
    assert_eq!(json(&site, &["status", "--upstream"])["waiting"][0]["seen"], seen);
    site.run(&["import"]).expect(0);
    let said = site.run(&["status", "--upstream"]).expect(0).stdout;
    assert!(said.contains("everything that upstream has is imported"), "{said}");
}

#[test]
fn a_preview_tells_what_comes_and_leaves_the_imports_alone() {
    let _turn = turn();
    let site = Site::new(&["figlet", "tree", "zlib"]);
    let next = site.path("next");
    Tool::new("cp").arg("-a").arg(&site.upstream).arg(&next).run().unwrap();
    let world = testkit::world().unwrap();
    Tool::new("cp").arg("-a").arg(world.join("dist-git/which")).arg(next.join("which")).run().unwrap();
    fs::remove_dir_all(next.join("figlet")).unwrap();
    let spec = next.join("tree/SPECS/tree.spec");
    replace(&spec, "Release: 3", "Release: 4");
    replace(&spec, "%changelog\n", "%changelog\n* Mon May 06 2024 X <x@x.example> - 2.1.0-4\n- faster\n\n");
    replace(&next.join("zlib/SPECS/zlib.spec"), "%changelog\n", "# other content\n%changelog\n");
    let preview = format!(
        "\n[preview.upstream]\nkind = \"dist-git\"\nlocation = \"next\"\nlookaside = [\"{}/lookaside/{{digest}}\"]\n",
        world.display()
    );
    let definition = fs::read_to_string(site.path("heirloom.toml")).unwrap();
    let references = |list: &[(&str, &str, &str)]| {
        let one = |(name, at, key): &(&str, &str, &str)| {
            let (at, key) = (world.join(at), world.join("keys").join(key));
            format!(
                "[preview.reference.{name}]\nlocation = \"{}\"\nkeys = [\"{}\"]\n",
                at.display(),
                key.display()
            )
        };
        let all: String = list.iter().map(one).collect();
        fs::write(site.path("heirloom.toml"), format!("{definition}{preview}{all}")).unwrap();
    };
    references(&[]);
    let before = site.json("plan");

    let changes = &json(&site, &["preview"])["changes"];
    let turns: Vec<_> = changes.as_array().unwrap().iter().map(|it| (&it["source"], &it["turn"])).collect();
    let expected = [("figlet", "gone"), ("tree", "newer"), ("which", "new"), ("zlib", "other")]
        .map(|(source, turn)| (Value::from(source), Value::from(turn)));
    assert_eq!(turns, expected.iter().map(|(source, turn)| (source, turn)).collect::<Vec<_>>());
    let tree = &changes[1];
    assert_eq!((&tree["here"], &tree["next"]), (&"2.1.0-3.el9".into(), &"2.1.0-4.el9".into()), "{tree}");
    assert!(tree["news"].to_string().contains("- faster"), "{tree}");
    assert!(!tree["news"].to_string().contains("update to 2.1.0"), "{tree}");
    let said = site.run(&["preview", "tree"]).expect(0).stdout;
    assert!(said.contains("tree 2.1.0-3.el9 -> 2.1.0-4.el9") && !said.contains("figlet"), "{said}");

    // The same packages as now: no interface changes.
    let os = ["BaseOS", "AppStream", "CRB"].map(|name| (name, format!("reference/{name}/x86_64/os")));
    let same: Vec<_> = os.iter().map(|(name, at)| (*name, at.as_str(), "vendor.asc")).collect();
    references(&same);
    for change in json(&site, &["preview", "--interfaces"])["changes"].as_array().unwrap() {
        assert_eq!(change["packages"], serde_json::json!([]), "{change}");
    }
    // Packages that another distribution made of the same sources.
    references(&[("other", "bootstrap", "bootstrap.asc")]);
    let changes = &json(&site, &["preview", "--interfaces", "zlib"])["changes"];
    let packages = changes[0]["packages"].as_array().unwrap();
    let compared = packages.iter().find(|it| it["breaks"].is_array()).unwrap();
    assert_eq!(compared["arch"], "x86_64", "{compared}");

    // What was looked at is not what is imported.
    assert_eq!(site.json("plan"), before);
}
