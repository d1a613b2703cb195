//! What buildroots are made of: a snapshot, recorded buildroots; and cycles, rebuilt until they settle. Real builds.

use std::fs;

use serde_json::Value;

use crate::site::{Site, replace, turn};

fn build(site: &Site) -> Value {
    site.run(&["--format", "json", "build"]).expect(0).json()
}

/// The identities of the packages in a buildroot.
fn buildroot(result: &Value, step: &str) -> Vec<String> {
    let packages = result["built"][step]["buildroot"].as_array().unwrap();
    packages.iter().map(|package| package["nevra"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_recorded_buildroot_is_followed_and_every_deviation_told() {
    let _turn = turn();
    let site = Site::new(&["figlet"]);
    let first = build(&site);
    let out = site.path("exported");
    site.run(&["export", "figlet", "--out", out.to_str().unwrap()]).expect(0);
    let lock = fs::read_to_string(out.join("figlet/buildroot_lock.json")).unwrap();
    for file in ["build.log", "resources.json", "action.json"] {
        assert!(out.join("figlet").join(file).is_file(), "{file}");
    }

    let records = site.path("records");
    fs::create_dir(&records).unwrap();
    fs::write(records.join("figlet.json"), &lock).unwrap();
    let against =
        format!("[build]\nagainst = \"recorded\"\nrecorded = \"{}\"\n\n[signing]", records.display());
    site.redefine("[signing]", &against);
    let followed = build(&site);
    assert_eq!(followed["deviations"]["figlet"], Value::Null, "{}", followed["deviations"]);
    let sorted = |result: &Value| {
        let mut all = buildroot(result, "figlet");
        all.sort();
        all
    };
    assert_eq!(sorted(&followed), sorted(&first));
    let without = &followed["deviations"]["kestrel-release"][0];
    assert!(without["why"].as_str().unwrap().contains("no record"), "{without}");

    // Another version, and one package less that others need.
    let mut value: Value = serde_json::from_str(&lock).unwrap();
    let packages = value["buildroot"]["rpms"].as_array_mut().unwrap();
    let at = |packages: &[Value], name: &str| packages.iter().position(|it| it["name"] == name).unwrap();
    let index = at(packages, "make");
    packages[index]["version"] = "99.9".into();
    let index = at(packages, "tar");
    packages.remove(index);
    fs::write(records.join("figlet.json"), value.to_string()).unwrap();
    let deviated = build(&site);
    let text = site.run(&["why", "figlet"]).expect(0).stdout;
    for word in ["deviation", "make-99.9", "tar-"] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    assert!(deviated["deviations"]["figlet"].as_array().unwrap().len() >= 2);

    // A package that is nowhere to be had.
    let mut value: Value = serde_json::from_str(&lock).unwrap();
    let packages = value["buildroot"]["rpms"].as_array_mut().unwrap();
    let mut gone = packages[0].clone();
    gone["name"] = "nowhere".into();
    packages.push(gone);
    fs::write(records.join("figlet.json"), value.to_string()).unwrap();
    build(&site);
    let text = site.run(&["why", "figlet"]).expect(0).stdout;
    assert!(text.contains("nowhere"), "{text}");
}

#[test]
fn against_a_snapshot_nothing_waits_and_nothing_new_is_used() {
    let _turn = turn();
    let first = Site::new(&["popt", "logrotate"]);
    let result = first.run(&["--format", "json", "rebuild"]).expect(0).json();
    assert_eq!(result["failed"], 0);
    let ours = |root: Vec<String>| root.into_iter().find(|it| it.starts_with("popt-devel-")).unwrap();
    let latest = ours(buildroot(&build(&first), "logrotate"));

    let other = first.sibling();
    let mut key = fs::read_dir(first.path("keys")).unwrap().map(|entry| entry.unwrap().path());
    let key = key.find(|path| fs::read_to_string(path).unwrap().contains("PUBLIC KEY")).unwrap();
    let mut tables = String::new();
    for name in ["BaseOS", "AppStream", "CRB"] {
        let root = first.published().join(name).join("x86_64/os");
        if root.is_dir() {
            tables += &format!(
                "[build.snapshot.{name}]\nlocation = \"{}\"\nkeys = [\"{}\"]\n\n",
                fs::canonicalize(root).unwrap().display(),
                key.display()
            );
        }
    }
    other.redefine("[signing]", &format!("[build]\nagainst = \"snapshot\"\n\n{tables}[signing]"));
    replace(&other.spec("popt"), "Release: 9", "Release: 10");
    let result = build(&other);
    let steps = result["plan"]["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["wave"] == 1), "{steps:?}");
    assert_eq!(ours(buildroot(&result, "logrotate")), latest);
    let made = result["built"]["popt"]["nevra"].as_str().unwrap();
    assert!(made.contains("-10."), "{made}");
}

/// Three packages in a circle, each of which says what it was built with.
fn circle(site: &Site, says: &str) {
    for (name, needs) in [("left", "right"), ("right", "top"), ("top", "left")] {
        let first = if name == "left" { "%bcond_with bootstrap\n" } else { "" };
        let requires = format!("BuildRequires: {needs}\n");
        let requires = match name {
            "left" => format!("%if %{{without bootstrap}}\n{requires}%endif\n"),
            _ => requires,
        };
        site.write_spec(
            name,
            &format!(
                "{first}{requires}%description\nx\n%install\nmkdir -p %{{buildroot}}%{{_datadir}}/{name}\n\
                 {{ {says} }} > %{{buildroot}}%{{_datadir}}/{name}/said\n%files\n%{{_datadir}}/{name}\n"
            )
            .replace("NEEDS", needs),
        );
    }
}

#[test]
fn a_cycle_is_rebuilt_until_it_settles_or_is_named() {
    let _turn = turn();
    let site = Site::new(&[]);
    circle(&site, "test -e %{_datadir}/NEEDS/said && echo yes || echo no;");
    let result = build(&site);
    let ids: Vec<_> =
        result["plan"]["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
    for id in
        ["left:bootstrap", "left:1", "right:1", "top:1", "left:2", "right:2", "top:2", "left", "right", "top"]
    {
        assert!(ids.contains(&id), "{id} is not in {ids:?}");
    }
    // The first pass is enough: what comes after is the same, and is not built.
    assert_eq!(result["unsettled"], serde_json::json!({}));
    let fresh = result["built"].as_object().unwrap().len() - result["cached"].as_array().unwrap().len();
    // The first `top` has the first `left` in its buildroot, which has said something else.
    assert_eq!(fresh, 6, "left and top twice, right, and the release package: {}", result["cached"]);
    // Nothing of the first build is in the last pass's buildroots.
    assert!(buildroot(&result, "left").iter().any(|it| it.starts_with("right-1-1")));

    // Each says how many were before it: it never comes to an end.
    let other = Site::new(&[]);
    circle(&other, "cat %{_datadir}/NEEDS/said 2>/dev/null || true; echo x;");
    let ran = other.run(&["build"]).expect(0);
    assert!(
        ran.stdout.contains("right does not settle") && ran.stdout.contains("right.noarch"),
        "{}",
        ran.stdout
    );
}
