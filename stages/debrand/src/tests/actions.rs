//! Each action.

use super::*;

fn changed(rule: &str, gone: &[&str], new: &[&str]) {
    let (was, is) = Case::new().rule(rule).changed();
    assert_eq!(
        (was, is),
        (gone.iter().map(ToString::to_string).collect(), new.iter().map(ToString::to_string).collect()),
        "{rule}"
    );
}

#[test]
fn text_is_replaced() {
    changed(
        r#"replace = { text = "Tarnholt", with = "Kestrel", count = 3 }"#,
        &["%global vendor_name Tarnholt", "Summary: A pager of Tarnholt", "A pager for Tarnholt Linux."],
        &["%global vendor_name Kestrel", "Summary: A pager of Kestrel", "A pager for Kestrel Linux."],
    );
    changed(
        r#"replace = { text = "Tarnholt", with = "Kestrel", tag = "summary" }"#,
        &["Summary: A pager of Tarnholt"],
        &["Summary: A pager of Kestrel"],
    );
    changed(
        r#"replace = { regex = '(\w+)\.tarnholt\.example', with = '${1}.kestrel.example', count = 1 }"#,
        &["URL:     https://www.tarnholt.example/"],
        &["URL:     https://www.kestrel.example/"],
    );
    changed(
        r#"replace = { text = "tarnholt", with = "kestrel", changelog = true, each_line = 1, lines = '^[-*]' }"#,
        &[
            "* Mon Jan 15 2024 Ivo Brandt <ibrandt@tarnholt.example> - 590-4",
            "- ask for reports at bugs.tarnholt.example",
        ],
        &[
            "* Mon Jan 15 2024 Ivo Brandt <ibrandt@kestrel.example> - 590-4",
            "- ask for reports at bugs.kestrel.example",
        ],
    );
    changed(
        r#"replace = { text = "Tarnholt", with = "Kestrel", first = 1 }"#,
        &["%global vendor_name Tarnholt"],
        &["%global vendor_name Kestrel"],
    );
    changed(
        "replace = { text = \"\"\"\nSummary: Data of the pager\nBuildArch: noarch\n\"\"\", with = \"\"\"\nSummary: Data\n%if 1\nBuildArch: noarch\n%endif\n\"\"\" }",
        &["Summary: Data of the pager"],
        &["Summary: Data", "%if 1", "%endif"],
    );
}

#[test]
fn other_files_are_found_by_pattern() {
    let case = Case::new()
        .rule(r#"replace = { text = "Tarnholt", with = "Kestrel", file = ["*.desktop", "logo.*"] }"#);
    let outcome = case.run().unwrap();
    assert_eq!(outcome.changes.written.len(), 1);
    assert_eq!(
        outcome.changes.written["pager.desktop"],
        b"[Desktop Entry]\nName=Kestrel Pager\nComment=Kestrel\n"
    );
    let [edit] = &outcome.edits[..] else { panic!("{:?}", outcome.edits) };
    assert_eq!(
        (&*edit.rule, &*edit.purpose, &*edit.file, &*edit.done),
        ("pager.toml:1", "test", "pager.desktop", "replaced 2 times")
    );
}

#[test]
fn lines_are_deleted() {
    changed(r#"delete_lines = { text = "%license COPYING", section = "files" }"#, &["%license COPYING"], &[]);
    changed(
        r#"delete_lines = { regex = '^BuildArch', section = "preamble", subpackage = "data" }"#,
        &["BuildArch: noarch"],
        &[],
    );
    changed(
        "delete_lines = { text = \"\"\"\nBuildArch: noarch\n\n%description data\nData.\n\"\"\", count = 1 }",
        &["BuildArch: noarch", "", "%description data", "Data."],
        &[],
    );
    let case = Case::new().rule(r#"delete_lines = { regex = "^Comment", file = "pager.desktop" }"#);
    assert_eq!(
        case.run().unwrap().changes.written["pager.desktop"],
        b"[Desktop Entry]\nName=Tarnholt Pager\n"
    );
}

#[test]
fn lines_are_added() {
    let added = |rule: &str, before: &str, after: &str| {
        let spec = Case::new().rule(rule).spec();
        assert!(spec.contains(&format!("{before}NEW\n{after}")), "{rule}\n{spec}");
    };
    added(r#"add_lines = { text = "NEW", section = "%prep", at = "start" }"#, "%prep\n", "%setup -q\n");
    added(r#"add_lines = { text = "NEW\n", section = "prep", at = "end" }"#, "%setup -q\n", "\n%build");
    added(
        r#"add_lines = { text = "NEW", section = "files", subpackage = "data", at = "end" }"#,
        "%{_datadir}/pager\n",
        "\n%changelog",
    );
    added(
        r#"add_lines = { text = "NEW", section = "preamble", subpackage = "data", at = "start" }"#,
        "%package data\n",
        "Summary",
    );
    added(r#"add_lines = { text = "NEW", section = "preamble", at = "start" }"#, "", "%global");
    added(r#"add_lines = { text = "NEW", before = "make_build" }"#, "%build\n", "%make_build");
    added(r#"add_lines = { text = "NEW", after = "%description" }"#, "%description\n", "A pager");
    let case = Case::new().rule(r#"add_lines = { text = "X=1\nY=2", file = "pager.desktop", at = "end" }"#);
    assert!(case.run().unwrap().changes.written["pager.desktop"].ends_with(b"Comment=Tarnholt\nX=1\nY=2\n"));
}

#[test]
fn tags_are_set_appended_to_and_added() {
    changed(
        r#"set_tag = { tag = "url", value = "https://kestrel.example/" }"#,
        &["URL:     https://www.tarnholt.example/"],
        &["URL:     https://kestrel.example/"],
    );
    changed(
        r#"set_tag = { tag = "Summary", value = "D", subpackage = "data" }"#,
        &["Summary: Data of the pager"],
        &["Summary: D"],
    );
    changed(
        r#"append_to_tag = { tag = "Release", text = ".rocky.0.1" }"#,
        &["Release: 4%{?dist}"],
        &["Release: 4%{?dist}.rocky.0.1"],
    );
    changed(
        r#"add_tag = { tag = "Requires", value = "kestrel-release" }"#,
        &[],
        &["Requires: kestrel-release"],
    );
    let spec =
        Case::new().rule(r#"add_tag = { tag = "Obsoletes", value = "x", subpackage = "data" }"#).spec();
    assert!(spec.contains("BuildArch: noarch\nObsoletes: x\n\n"), "{spec}");
}

#[test]
fn macros_are_set() {
    changed(
        r#"set_macro = { name = "vendor_name", value = "Kestrel" }"#,
        &["%global vendor_name Tarnholt"],
        &["%global vendor_name Kestrel"],
    );
    changed(r#"set_macro = { name = "dist", value = ".kel9", add = true }"#, &[], &["%global dist .kel9"]);
}

#[test]
fn the_release_is_numbered() {
    let release = |rules: &[&str], release: &str, new: &str| {
        let case = Case::with(&SPEC.replace("4%{?dist}", release));
        let case = rules.iter().fold(case, |case, rule| case.rule(rule));
        assert_eq!(case.changed(), (vec![format!("Release: {release}")], vec![format!("Release: {new}")]));
    };
    let kes = r#"release = { suffix = ".kes" }"#;
    release(&[kes], "5%{?dist}", "5%{?dist}.kes.1");
    release(&[kes], "5%{?dist}.kes.1", "5%{?dist}.kes.2");
    release(&[kes], "5.kes.9%{?dist}", "5.kes.10%{?dist}");
    release(&[r#"release = { suffix = ".kes", number = 7 }"#], "5%{?dist}.kes.1", "5%{?dist}.kes.7");
    release(&[kes], "%autorelease", "%{autorelease}.kes.1");
    release(&[kes], "%autorelease -b 3", "%{autorelease -b 3}.kes.1");
    release(&[kes], "%{autorelease}", "%{autorelease}.kes.1");
    release(&[kes, &format!("builds_on_earlier = true\n{kes}")], "5", "5.kes.2");
}

#[test]
fn changelog_entries_take_their_day_from_the_source() {
    let entry =
        r#"changelog = { author = "K. Rebuild <k@kestrel.example>", text = ["debranded", "100% of it"] }"#;
    let spec = Case::new().rule(r#"release = { suffix = ".kes" }"#).rule(entry).spec();
    let new = "%changelog\n* Mon Jan 15 2024 K. Rebuild <k@kestrel.example> - 590-4.kes.1\n- debranded\n- 100%% of it\n\n* Mon Jan 15 2024 Ivo";
    assert!(spec.contains(new), "{spec}");
    let dated = entry.replace("text", "date = \"2024-05-02\", version = \"1:2-3\", text");
    assert!(
        Case::new()
            .rule(&dated)
            .spec()
            .contains("\n* Thu May 02 2024 K. Rebuild <k@kestrel.example> - 1:2-3\n")
    );
    let early = entry.replace("text", "date = \"2023-05-02\", text");
    assert_eq!(
        Case::new().rule(&early).problem(),
        "Tue May 02 2023 is before the newest entry of the changelog (Mon Jan 15 2024), which rpm refuses"
    );
    let none = SPEC.split("* Mon").next().unwrap();
    assert_eq!(
        Case::with(none).rule(entry).problem(),
        "the changelog has no entry with a date; give the rule a `date`"
    );
    let unknown = SPEC.replace("590", "%{upstream_version}");
    assert_eq!(
        Case::with(&unknown).rule(entry).problem(),
        "version and release in pager.spec depend on what only rpm knows; give `version`"
    );
}

#[test]
fn files_are_added_replaced_and_deleted() {
    let case = Case::new()
        .file("files/new.png", b"\x89PNG\0new")
        .rule(r#"add_file = { name = "README.kestrel", text = "Rebuilt.\n" }"#)
        .rule(r#"replace_file = { name = "logo.png", content = "files/new.png" }"#)
        .rule(r#"delete_file = { name = "pager.desktop" }"#);
    let outcome = case.run().unwrap();
    assert_eq!(outcome.changes.written["README.kestrel"], b"Rebuilt.\n");
    assert_eq!(outcome.changes.written["logo.png"], b"\x89PNG\0new");
    assert_eq!(outcome.changes.written.len(), 2);
    assert_eq!(outcome.changes.removed, BTreeSet::from(["pager.desktop".to_owned()]));
}

#[test]
fn scripts_run_through_the_caller_over_what_was_changed_so_far() {
    let script = b"#!/bin/sh\nsed -i s/Tarnholt/Kestrel/ pager.desktop\n";
    let digest = heirloom_model::Digest::of(script);
    let rule = format!("run = {{ script = \"fix.sh\", sha256 = \"{digest}\", arguments = [\"-x\"] }}");
    let case = Case::new()
        .file("fix.sh", script)
        .rule(r#"replace = { text = "Comment=Tarnholt", with = "Comment=", file = "pager.desktop" }"#)
        .rule(&rule);
    let sed = |script: &Script<'_>| {
        assert_eq!(
            (script.package, script.name, script.arguments),
            ("pager", "fix.sh", &["-x".to_owned()][..])
        );
        let text = String::from_utf8(script.changes.written["pager.desktop"].clone()).unwrap();
        assert_eq!(text, "[Desktop Entry]\nName=Tarnholt Pager\nComment=\n");
        let written = [("pager.desktop".to_owned(), text.replace("Tarnholt", "Kestrel").into_bytes())].into();
        Ok(Changes { written, removed: ["logo.png".to_owned()].into() })
    };
    let outcome = case.run_with(&sed).unwrap();
    assert_eq!(outcome.changes.written["pager.desktop"], b"[Desktop Entry]\nName=Kestrel Pager\nComment=\n");
    assert!(outcome.changes.removed.contains("logo.png"));
    let done: Vec<_> = outcome.edits.iter().map(|edit| format!("{}: {}", edit.file, edit.done)).collect();
    assert_eq!(
        done,
        [
            "pager.desktop: replaced once",
            "pager.desktop: changed by the script",
            "logo.png: deleted by the script"
        ]
    );
    let problem = |run: &RunScript<'_>| case.run_with(run).unwrap_err().failures[0].problem.to_string();
    assert_eq!(
        problem(&|_| Err("it took too long".to_owned())),
        "the script fix.sh failed: it took too long"
    );
    assert_eq!(
        problem(&|_| Ok(Changes::default())),
        "changes nothing: the script fix.sh left all files as they were"
    );
    let escape = |_: &Script<'_>| {
        Ok(Changes { written: [("../x".to_owned(), Vec::new())].into(), removed: BTreeSet::new() })
    };
    assert_eq!(problem(&escape), "the script fix.sh made `../x`, which is no file of a source package");
    let strip = |_: &Script<'_>| {
        let written = [("page.c".to_owned(), b"puts(\"Kestrel\");\n".to_vec())].into();
        Ok(Changes { written, removed: BTreeSet::new() })
    };
    assert!(problem(&strip).contains("page.c, line 1 is a notice"), "{}", problem(&strip));
}
