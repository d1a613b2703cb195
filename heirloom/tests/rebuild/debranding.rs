//! Another company's name goes out of sources by rules, is looked for in results, and nothing of it is silent.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::tool::Tool;

use crate::imports::imported_from;
use crate::site::{Site, digests, replace, turn};

const PACKAGES: [&str; 3] = ["hello", "logrotate", "sl"];

/// What the project has for its own stand-in upstream.
fn world(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../world").join(file)
}

/// Adds to the definition.
fn define(site: &Site, text: &str) {
    let file = site.path("heirloom.toml");
    let before = fs::read_to_string(&file).unwrap();
    fs::write(file, format!("{before}\n{text}\n")).unwrap();
}

/// Gives the site rules, marks and allowances of the stand-in upstream, as copies that tests may change.
fn debrands(site: &Site) {
    for name in ["debrand", "brand.toml", "allowances.toml"] {
        Tool::new("cp").arg("-r").arg(world(name)).arg(site.path(name)).run().unwrap();
    }
    define(
        site,
        "[debrand]\nrules = \"debrand\"\nbrand = \"brand.toml\"\n\n[compare]\nallowances = \"allowances.toml\"",
    );
}

/// Gives the site one file of rules.
fn rules(site: &Site, file: &str, text: &str) {
    fs::create_dir_all(site.path("rules")).unwrap();
    fs::write(site.path("rules").join(file), text).unwrap();
}

fn sha256(site: &Site, file: &str) -> String {
    let said = Tool::new("sha256sum").arg(site.path("rules").join(file)).run().unwrap();
    said.split(' ').next().unwrap().to_owned()
}

fn json(site: &Site, arguments: &[&str], code: i32) -> Value {
    site.run(&[&["--format", "json"], arguments].concat()).expect(code).json()
}

fn git(dir: &Path, arguments: &[&str]) -> String {
    Tool::new("git").args(["-c", "safe.directory=*"]).args(arguments).dir(dir).run().unwrap()
}

/// What a published package carries, unpacked.
fn unpacked(site: &Site, name: &str) -> PathBuf {
    let to = site.path("unpacked").join(name);
    fs::create_dir_all(&to).unwrap();
    let script = "find -L \"$0\" -name \"$1-[0-9]*.rpm\" ! -name '*.src.rpm' | while read -r rpm; do
        rpm2cpio \"$rpm\" | cpio -idmu --quiet; done";
    Tool::new("sh").args(["-c", script]).arg(site.published()).arg(name).dir(&to).run().unwrap();
    to
}

#[test]
fn the_vendors_marks_go_and_what_is_published_is_the_reference_apart_from_the_allowances() {
    let _turn = turn();
    let site = Site::new(&PACKAGES);
    debrands(&site);
    let summary = site.json("rebuild");
    assert_eq!(
        (&summary["different"], &summary["refused"]),
        (&0.into(), &serde_json::json!([])),
        "{summary}"
    );
    assert!(summary["identical"].as_u64().unwrap() >= 4, "{summary}");

    let scanned = json(&site, &["scan"], 0);
    let subjects = scanned["subjects"].as_array().unwrap();
    let findings = || subjects.iter().flat_map(|subject| subject["findings"].as_array().unwrap());
    assert!(findings().all(|finding| finding["allowed"].is_string()), "{scanned}");
    for package in PACKAGES {
        // Each as a source, and as a package.
        assert!(subjects.iter().filter(|it| it["package"] == package).count() >= 2, "{package}");
    }

    nothing_is_left_by_an_independent_look(&site);
    the_history_shows_all_that_was_changed(&site);
    the_history_is_the_same_elsewhere_and_can_be_read_back(&site);
    without_rules_nothing_is_published(&site);
}

fn nothing_is_left_by_an_independent_look(site: &Site) {
    for package in PACKAGES {
        let tree = unpacked(site, package);
        assert!(tree.join("usr").is_dir(), "{package}");
        let found =
            Tool::new("sh").args(["-c", "grep -rliE 'tarnholt|grey heron' . || true"]).dir(&tree).run();
        assert_eq!(found.unwrap(), "", "{package}");
    }
    let hello = fs::read(site.path("unpacked/hello/usr/bin/hello")).unwrap();
    assert!(String::from_utf8_lossy(&hello).contains("bugs.kestrel.example"));
    let badge = |path: PathBuf| fs::read(path).unwrap();
    let ours = badge(site.path("unpacked/sl/usr/share/sl/badge.png"));
    assert!(ours == badge(world("debrand/kestrel-badge.png")));
    assert!(ours != badge(site.upstream.join("sl/SOURCES/sl-badge.png")));
}

fn the_history_shows_all_that_was_changed(site: &Site) {
    let of = |package: &str| {
        let clone = site.path("clones").join(package);
        let from = site.path("state/dist-git").join(format!("{package}.git"));
        let clones = site.path("clones");
        fs::create_dir_all(&clones).unwrap();
        git(&clones, &["clone", "-q", from.to_str().unwrap(), package]);
        git(&clone, &["fsck", "--strict"]);
        let diff =
            |form: &str| git(&clone, &["diff", "--no-renames", form, "origin/upstream", "origin/main"]);
        (diff("--name-status"), diff("-U0"))
    };
    let (names, text) = of("hello");
    let names: Vec<_> = names.lines().collect();
    assert_eq!(
        names,
        [
            "A\tSOURCES/hello-2.10-kestrel-bugs.patch",
            "D\tSOURCES/hello-2.10-tarnholt-bugs.patch",
            "M\tSPECS/hello.spec"
        ]
    );
    let spec = text.split_once("b/SPECS/hello.spec\n").unwrap().1;
    let changed: Vec<_> = spec
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---"))
        .collect();
    assert_eq!(
        changed,
        [
            "-Patch0: hello-2.10-tarnholt-bugs.patch",
            "+Patch0: hello-2.10-kestrel-bugs.patch",
            "-./hello --help | grep -q bugs.tarnholt.example",
            "+./hello --help | grep -q bugs.kestrel.example"
        ]
    );
    assert_eq!(of("sl").0, "M\tSOURCES/sl-badge.png\n");
    assert_eq!(of("logrotate").0, "M\tSOURCES/logrotate.conf\n");
}

fn the_history_is_the_same_elsewhere_and_can_be_read_back(site: &Site) {
    let heads = |site: &Site| -> BTreeMap<&str, String> {
        let dir = |package: &str| site.path("state/dist-git").join(format!("{package}.git"));
        PACKAGES.iter().map(|package| (*package, git(&dir(package), &["show-ref"]))).collect()
    };
    let other = site.sibling();
    debrands(&other);
    let debranded = imported_from(&other, &[]);
    assert_eq!(heads(&other), heads(site));
    let before = digests(&other.path("state/dist-git"));
    assert_eq!(imported_from(&other, &[]), debranded);
    assert_eq!(digests(&other.path("state/dist-git")), before);

    let histories = site.path("state/dist-git").display().to_string();
    let fresh = Site::bare(&[]);
    assert_eq!(imported_from(&fresh, &["--from-git", &histories]), debranded);
    let pristine = imported_from(&fresh, &["--from-git", &histories, "--branch", "upstream"]);
    let plain = site.sibling();
    assert_eq!(pristine, imported_from(&plain, &[]));
    for package in PACKAGES {
        assert_ne!(pristine[package], debranded[package], "{package}");
    }
}

fn without_rules_nothing_is_published(site: &Site) {
    let before = fs::canonicalize(site.published()).unwrap();
    let content = digests(&before);
    site.redefine("rules = \"debrand\"\n", "");
    let ran = site.run(&["rebuild"]).expect(5);
    // The picture has another name and size than the one that the marks name: it is found by its look.
    ran.says(&[
        "hello-2.10-7",
        "/usr/bin/hello",
        "bugs.tarnholt.example",
        "sl-5.02-6",
        "badge.png",
        "grey-heron",
    ]);
    ran.says(&["/etc/logrotate.conf", "heirloom scan"]);
    assert_eq!(fs::canonicalize(site.published()).unwrap(), before);
    assert_eq!(digests(&before), content);
    let scanned = json(site, &["scan", "sl"], 5);
    assert!(scanned.to_string().contains("badge.png"), "{scanned}");

    let marks = fs::read_to_string(site.path("brand.toml")).unwrap();
    let allow = |mark: &str, package: &str| {
        format!(
            "\n[[allowance]]\nmark = \"{mark}\"\npackages = [\"{package}*\"]\nreason = \"a test of {package}\"\n"
        )
    };
    let two = [
        ("tarnholt-hosts", "hello"),
        ("tarnholt", "hello"),
        ("tarnholt-hosts", "logrotate"),
        ("tarnholt", "logrotate"),
    ];
    let two: String = two.iter().map(|(mark, package)| allow(mark, package)).collect();
    fs::write(site.path("brand.toml"), format!("{marks}{two}")).unwrap();
    let ran = site.run(&["rebuild"]).expect(5);
    // The package, and its source.
    ran.says(&["2 packages carry", "sl-5.02-6.el9.x86_64", "sl-5.02-6.el9.src"]);
    assert!(!ran.stderr.contains("tarnholt-hosts in"), "{}", ran.stderr);
    fs::write(site.path("brand.toml"), format!("{marks}{two}{}", allow("grey-heron", "sl"))).unwrap();
    let summary = site.json("rebuild");
    assert_eq!((&summary["built"], &summary["different"]), (&0.into(), &0.into()), "{summary}");
    let tree = unpacked(site, "hello");
    let hello = fs::read(tree.join("usr/bin/hello")).unwrap();
    assert!(String::from_utf8_lossy(&hello).contains("bugs.tarnholt.example"));
}

#[test]
fn a_rule_whose_text_moved_is_an_error_that_names_the_nearest() {
    let _turn = turn();
    let site = Site::new(&PACKAGES);
    debrands(&site);
    let checked = json(&site, &["debrand", "--check"], 0);
    assert_eq!(checked["faults"], serde_json::json!({ "failed": {}, "idle": [] }));
    let diff = site.run(&["debrand", "--diff", "logrotate"]).expect(0).stdout;
    assert!(diff.contains("-# Defaults of Tarnholt Enterprise Linux for"), "{diff}");
    assert!(diff.contains("+# Defaults of Kestrel Enterprise Linux for"), "{diff}");

    let conf = site.upstream.join("logrotate/SOURCES/logrotate.conf");
    replace(&conf, "Tarnholt Enterprise Linux", "Tarnholt Enterprise Linux(R)");
    replace(&conf, "Linux(R) for", "Linux (R), for");
    replace(&conf, "Tarnholt Enterprise Linux", "Tarnholt  Enterprise Linux");
    replace(&site.spec("hello"), "grep -q bugs.tarnholt.example", "grep bugs.tarnholt.example");
    let ran = site.run(&["debrand", "--check"]).expect(3);
    let text = &ran.stdout;
    for word in [
        "logrotate.toml:1",
        "logrotate.conf, line 1: `# Defaults of Tarnholt  Enterprise Linux",
        "hello.toml:5",
        "the nearest is hello.spec, line",
        "`./hello --help | grep bugs.tarnholt.example`",
    ] {
        assert!(text.contains(word), "`{word}` is not in {text}");
    }
    let report = json(&site, &["debrand", "--check"], 3);
    let failed = report["faults"]["failed"].as_object().unwrap();
    assert_eq!(failed.keys().collect::<Vec<_>>(), ["hello", "logrotate"]);
    // The other packages' rules are run all the same.
    assert_eq!(report["packages"]["sl"]["edits"].as_array().unwrap().len(), 1);

    site.run(&["plan"]).expect(3).says(&["logrotate.toml:1", "hello.toml:5", "heirloom debrand --check"]);
    // Nothing of it is in the histories.
    assert!(!site.path("state/dist-git/logrotate.git").exists());
}

#[test]
fn edited_spec_files_and_scripts_come_out_as_rpm_says() {
    let _turn = turn();
    let site = Site::new(&["tree"]);
    let script =
        "#!/bin/sh -e\ntest ! -w /\nsed -i \"s/^Summary: .*/Summary: $1 of $PACKAGE/\" SPECS/$PACKAGE.spec\n";
    rules(&site, "mark.sh", script);
    rules(
        &site,
        "kestrel.patch",
        "--- a/README\n+++ b/README\n@@ -1,3 +1,4 @@\n+Rebuilt for Kestrel.\n   Please read the INSTALL file for installation instructions, particularly if\n you are installing on a non-Linux machine.\n \n",
    );
    let pinned = sha256(&site, "mark.sh");
    let text = format!(
        r#"
[[rule]]
purpose = "our release"
release = {{ suffix = ".kes" }}
[[rule]]
purpose = "old ones alone"
when = {{ version = "< 2" }}
set_tag = {{ tag = "URL", value = "https://old.example/" }}
[[rule]]
purpose = "our page"
set_tag = {{ tag = "URL", value = "https://kestrel.example/tree" }}
[[rule]]
purpose = "what others ask for"
add_tag = {{ tag = "Provides", value = "kestrel-tree = %{{version}}-%{{release}}" }}
[[rule]]
purpose = "a word in the manual"
add_patch = {{ name = "kestrel.patch", content = "kestrel.patch" }}
[[rule]]
purpose = "what only a script can do"
run = {{ script = "mark.sh", sha256 = "{pinned}", arguments = ["Kestrel's view"] }}
[[rule]]
purpose = "who did it"
changelog = {{ author = "Kestrel <releng@kestrel.example>", text = ["Debrand"] }}
"#
    );
    rules(&site, "tree.toml", &text);
    define(&site, "[debrand]\nrules = \"rules\"");
    let said = site.run(&["debrand", "--diff", "tree"]).expect(0).stdout;
    for word in ["not applied: tree.toml:5 (old ones alone)", "2.1.0", "+Summary: Kestrel's view of tree"] {
        assert!(said.contains(word), "`{word}` is not in {said}");
    }
    let result = json(&site, &["build"], 0);
    assert_eq!(result["built"]["tree"]["nevra"], "tree-2.1.0-3.el9.kes.1.src", "{}", result["built"]["tree"]);
    let out = site.path("exported");
    site.run(&["export", "tree", "--out", out.to_str().unwrap()]).expect(0);
    let find = "find . -name 'tree-2*.x86_64.rpm'";
    let rpm = out.join(Tool::new("sh").args(["-c", find]).dir(&out).run().unwrap().trim());
    let format =
        "%{summary}|%{url}|[%{provides} ][%{provideversion} ]|[%{changelogname}/]|[%{changelogtext}/]";
    let said = Tool::new("rpm").args(["-qp", "--nosignature", "--qf", format]).arg(&rpm).run().unwrap();
    let fields: Vec<_> = said.split('|').collect();
    assert_eq!(fields[..2], ["Kestrel's view of tree", "https://kestrel.example/tree"]);
    assert!(fields[2].contains("kestrel-tree ") && fields[2].contains("2.1.0-3.el9.kes.1"), "{said}");
    assert!(fields[3].starts_with("Kestrel <releng@kestrel.example> - 2.1.0-3.kes.1/"), "{said}");
    assert!(fields[4].starts_with("- Debrand/"), "{said}");
    let readme = "rpm2cpio \"$0\" | cpio -i --quiet --to-stdout '*/README'";
    let readme = Tool::new("sh").args(["-c", readme]).arg(&rpm).run().unwrap();
    assert!(readme.starts_with("Rebuilt for Kestrel.\n"), "{readme}");

    // A script that nobody looked at again, and one that fails.
    rules(&site, "mark.sh", "#!/bin/sh\necho no such badge >&2\nexit 3\n");
    let ran = site.run(&["debrand", "--check"]).expect(3);
    assert!(ran.stderr.contains("mark.sh") && ran.stderr.contains("SHA-256"), "{}{}", ran.stdout, ran.stderr);
    replace(&site.path("rules/tree.toml"), &pinned, &sha256(&site, "mark.sh"));
    let said = site.run(&["debrand", "--check"]).expect(3).stdout;
    for word in ["tree.toml:18", "mark.sh", "exit code 3", "no such badge"] {
        assert!(said.contains(word), "`{word}` is not in {said}");
    }
}
