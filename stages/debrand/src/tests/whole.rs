//! Rules over the source packages of the repository.

use std::path::Path;

use heirloom_formats::spec::{Lines, Spec};
use proptest::prelude::*;

use super::*;

/// Name and files of every source package with a spec file.
fn packages() -> Vec<(String, BTreeMap<String, Vec<u8>>)> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../world/sources");
    let mut found = Vec::new();
    for dir in fs::read_dir(sources).unwrap() {
        let dir = dir.unwrap().path();
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let files = fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path());
        let files = files
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()));
        found.push((name, files.collect()));
    }
    found.sort();
    assert!(found.len() > 20);
    found
}

fn apply(name: &str, files: &BTreeMap<String, Vec<u8>>, rules: &Rules) -> Result<Outcome, DebrandError> {
    let sizes = files.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
    let read = |name: &str| Ok(files[name].clone());
    let spec = format!("{name}.spec");
    let source = Source {
        name,
        nevra: None,
        branch: Some("c9"),
        dist: Some(".el9"),
        spec: &spec,
        files: &sizes,
        read: &read,
    };
    debrand(&source, rules, &|_| Err("no script".to_owned()))
}

const RULES: &str = r#"
[[rule]]
purpose = "our name"
replace = { text = "Tarnholt", with = "Kestrel", skip_notices = true, file = ["*.spec", "*.repo", "*.html"] }

[[rule]]
purpose = "our bug tracker"
replace = { regex = '(bugs|www|docs)\.tarnholt\.example', with = '${1}.kestrel.example', file = ["*.spec", "*.patch"] }

[[rule]]
purpose = "our release"
every = true
release = { suffix = ".kes" }

[[rule]]
purpose = "say so"
every = true
changelog = { author = "Kestrel <releng@kestrel.example>", text = "rebuilt for Kestrel" }
"#;

#[test]
fn every_package_of_the_world_is_debranded() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("all.toml"), RULES).unwrap();
    fs::write(
        dir.path().join("hello.toml"),
        "[[rule]]\npurpose = \"not theirs\"\nremove_patch = { name = \"hello-2.10-tarnholt-bugs.patch\" }\nbuilds_on_earlier = true\n",
    )
    .unwrap();
    let rules = Rules::load(dir.path()).unwrap();
    let packages = packages();
    let outcomes: Vec<Outcome> = packages
        .iter()
        .map(|(name, files)| apply(name, files, &rules).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    let names: Vec<&str> = packages.iter().map(|(name, _)| name.as_str()).collect();
    let edits: Vec<_> = outcomes.iter().flat_map(|outcome| outcome.edits.clone()).collect();
    assert_eq!(rules.idle(names, &edits).len(), 0);
    for ((name, files), outcome) in packages.iter().zip(&outcomes) {
        let spec = &outcome.changes.written[&format!("{name}.spec")];
        let before = identity(&files[&format!("{name}.spec")], Some(""));
        let after = identity(spec, Some(""));
        assert_eq!((&before.name, &before.version), (&after.name, &after.version));
        assert_eq!(after.release.clone(), before.release.map(|release| format!("{release}.kes.1")), "{name}");
        let lines = Lines::read(spec);
        let read = Spec::read(&lines);
        let entry = read.changelog().next().unwrap();
        let epoch = after.epoch.filter(|epoch| *epoch > 0).map_or(String::new(), |epoch| format!("{epoch}:"));
        let version = format!("{epoch}{}-{}", after.version.unwrap(), after.release.unwrap());
        assert_eq!(
            String::from_utf8(entry.rest).unwrap(),
            format!("Kestrel <releng@kestrel.example> - {version}")
        );
        let preamble = read.section("preamble", None).unwrap().body();
        let marked =
            preamble.clone().find(|line| String::from_utf8_lossy(lines.text(*line)).contains("Tarnholt"));
        assert_eq!(marked, None, "{name}");
        // Packages are debranded alone: the same comes out again.
        assert_eq!(&apply(name, files, &rules).unwrap(), outcome);
        // A preview shows it, and only changed files.
        let only = |files: &BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
            let changed = |name: &String| {
                outcome.changes.written.contains_key(name) || outcome.changes.removed.contains(name)
            };
            files
                .iter()
                .filter(|(name, _)| changed(name))
                .map(|(name, bytes)| (name.clone(), bytes.clone()))
                .collect()
        };
        let preview = diff(&only(files), &outcome.changes.written);
        assert!(preview.contains(&format!("--- a/{name}.spec\n+++ b/{name}.spec\n@@ ")), "{preview}");
        assert!(preview.contains("+- rebuilt for Kestrel\n"), "{preview}");
    }
    let hello = &outcomes[packages.iter().position(|(name, _)| name == "hello").unwrap()];
    assert!(hello.changes.removed.contains("hello-2.10-tarnholt-bugs.patch"), "{hello:?}");
}

#[test]
fn rules_may_be_used_by_several_threads() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("all.toml"), RULES).unwrap();
    let rules = Rules::load(dir.path()).unwrap();
    let packages = packages();
    let alone: Vec<_> = packages.iter().map(|(name, files)| apply(name, files, &rules).unwrap()).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    packages
                        .iter()
                        .map(|(name, files)| apply(name, files, &rules).unwrap())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}

#[test]
fn a_preview_has_one_line_for_what_is_no_text() {
    let files = |list: &[(&str, &[u8])]| {
        list.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()
    };
    let before = files(&[
        ("a.png", b"\0a"),
        ("b.txt", b"one\ntwo\n"),
        ("c", b"same"),
        ("d", b"gone\n"),
        ("e", b"\xe9t\xe9\n"),
    ]);
    let after =
        files(&[("a.png", b"\0b"), ("b.txt", b"one\n2\n"), ("c", b"same"), ("e", b"ete\n"), ("f", b"new\n")]);
    assert_eq!(
        diff(&before, &after),
        "Binary files a/a.png and b/a.png differ\n\
         --- a/b.txt\n+++ b/b.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n\
         --- a/d\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n\
         --- a/e\n+++ b/e\n@@ -1 +1 @@\n-\u{fffd}t\u{fffd}\n+ete\n\
         --- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+new\n"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the rules and the spec file are, they fail with a message or leave all other files alone.
    #[test]
    fn any_rules_fit_or_fail(
        rules in proptest::collection::vec(proptest::sample::select(vec![
            r#"replace = { text = "Tarnholt", with = "" }"#,
            r#"replace = { regex = ".*", with = "x" }"#,
            r#"delete_lines = { regex = "e" }"#,
            r#"add_lines = { text = "%prep", section = "prep", at = "end" }"#,
            r#"add_lines = { text = "%files x", at = "start", section = "preamble" }"#,
            r#"set_tag = { tag = "Summary", value = "%{" }"#,
            r#"add_tag = { tag = "Patch7", value = "logo.png" }"#,
            r#"remove_source = { number = 1 }"#,
            r#"add_patch = { name = "logo.png" }"#,
            r#"release = { suffix = ".kes" }"#,
            r#"set_macro = { name = "dist", value = ".x", add = true }"#,
            r#"changelog = { author = "A <a>", text = "b" }"#,
            r#"delete_file = { name = "logo.png" }"#,
        ]), 0..8),
        cut in 0usize..SPEC.len(),
        builds in any::<bool>(),
    ) {
        let case = Case::with(&SPEC[cut..]);
        let lead = if builds { "builds_on_earlier = true\n" } else { "" };
        let case = rules.iter().fold(case, |case, rule| case.rule(&format!("{lead}{rule}")));
        if let Ok(outcome) = case.run() {
            prop_assert_eq!(outcome.edits.is_empty(), rules.is_empty());
            for name in outcome.changes.written.keys().chain(&outcome.changes.removed) {
                prop_assert!(outcome.edits.iter().any(|edit| edit.file == *name), "{}", name);
            }
        }
    }
}
