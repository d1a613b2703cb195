//! What must not happen silently: nothing done, conflicts, lost notices, undecided preconditions.

use super::*;

fn problem(rule: &str, expected: &str) {
    assert_eq!(Case::new().rule(rule).problem(), expected, "{rule}");
}

#[test]
fn a_rule_that_changes_nothing_is_an_error_with_the_nearest_match() {
    problem(
        r#"replace = { text = "A pager of Tarnhold Linux", with = "x" }"#,
        "changes nothing: `A pager of Tarnhold Linux` is not there in pager.spec; \
         the nearest is pager.spec, line 16: `A pager for Tarnholt Linux.`",
    );
    problem(
        r#"replace = { regex = 'Requires:\s+pager-data', with = "x" }"#,
        "changes nothing: `Requires:\\s+pager-data` is not there in pager.spec",
    );
    problem(
        "delete_lines = { text = \"\"\"\n%setup -qn\n%patch\n\"\"\" }",
        "changes nothing: `%setup -qn` and what follows is not there in pager.spec; \
         the nearest is pager.spec, line 26: `%setup -q`",
    );
    problem(
        r#"set_tag = { tag = "Sumary", value = "x" }"#,
        "changes nothing: the main package has no tag `Sumary`; did you mean `Summary`?",
    );
    problem(
        r#"set_tag = { tag = "License", value = "MIT" }"#,
        "changes nothing: the tag License is `MIT` already",
    );
    problem(
        r#"set_tag = { tag = "Summary", value = "x", subpackage = "devel" }"#,
        "changes nothing: there is no subpackage `devel`; there are data",
    );
    problem(
        r#"add_tag = { tag = "License", value = "MIT" }"#,
        "changes nothing: line 7 has `License: MIT` already",
    );
    problem(
        r#"set_macro = { name = "vendor", value = "x" }"#,
        "changes nothing: the spec file does not define the macro `vendor`; `add = true` does it in the first line",
    );
    problem(
        r#"delete_file = { name = "loga.png" }"#,
        "changes nothing: the package has no file loga.png; did you mean logo.png?",
    );
    problem(
        r#"replace_file = { name = "pager.desktop", text = "[Desktop Entry]\nName=Tarnholt Pager\nComment=Tarnholt\n" }"#,
        "changes nothing: pager.desktop has that content already",
    );
    problem(
        r#"replace = { text = "Tarnholt", with = "x", file = "*.xml" }"#,
        "changes nothing: the package has no such file",
    );
    problem(
        r#"add_lines = { text = "x", section = "check", at = "end" }"#,
        "changes nothing: there is no section `check`; there are preamble, description, package data, \
         description data, prep, build, files, files data, changelog",
    );
    problem(
        r#"add_lines = { text = "x", before = "%configure" }"#,
        "changes nothing: no line has `%configure`",
    );
}

#[test]
fn what_is_unclear_is_an_error() {
    problem(
        r#"replace = { text = "Tarnholt", with = "Kestrel", count = 2 }"#,
        "expected 2 times, found 3 times: pager.spec, line 1; pager.spec, line 3; pager.spec, line 16",
    );
    problem(
        r#"add_lines = { text = "x", before = "%{_" }"#,
        "several lines have `%{_` (lines 33 and 36); give more of it, or the section",
    );
    let twice = SPEC.replace("BuildRequires: gcc", "BuildRequires: gcc\nBuildRequires: make");
    assert_eq!(
        Case::with(&twice).rule(r#"set_tag = { tag = "BuildRequires", value = "x" }"#).problem(),
        "the main package has several tags `BuildRequires` (lines 12 and 13); replace the text of the one that is meant"
    );
    problem(
        r#"add_file = { name = "logo.png", text = "x" }"#,
        "there is a file logo.png already; use `replace_file`, or another name",
    );
}

#[test]
fn all_failures_of_a_package_are_told_at_once() {
    let case = Case::new()
        .rule(r#"replace = { text = "nowhere at all", with = "x" }"#)
        .rule(r#"set_tag = { tag = "URL", value = "x" }"#)
        .rule(r#"delete_file = { name = "none.zip" }"#);
    let error = case.run().unwrap_err();
    assert_eq!(
        error.failures.iter().map(|failure| &*failure.rule).collect::<Vec<_>>(),
        ["pager.toml:1", "pager.toml:7"]
    );
    let text = error.to_string();
    assert!(
        text.starts_with("pager: 2 rules can't be applied\n  pager.toml:1 (test): changes nothing: "),
        "{text}"
    );
}

#[test]
fn a_later_rule_does_not_undo_an_earlier_one_unless_it_says_so() {
    let case =
        |second: &str| Case::new().rule(r#"replace = { text = "Tarnholt", with = "Kestrel" }"#).rule(second);
    let conflict = "changes pager.spec, line 3, which pager.toml:1 wrote; leave one of them out, or say `builds_on_earlier = true`";
    assert_eq!(case(r#"set_tag = { tag = "Summary", value = "x" }"#).problem(), conflict);
    assert_eq!(case(r#"delete_lines = { regex = "^Summary: A" }"#).problem(), conflict);
    let spec = case("builds_on_earlier = true\nset_tag = { tag = \"Summary\", value = \"x\" }").spec();
    assert!(spec.contains("\nSummary: x\n"), "{spec}");
    // Lines beside those of another rule are free.
    case(r##"add_lines = { text = "# new", after = "Summary: A pager" }"##).run().unwrap();

    let files = |second: &str| Case::new().rule(r#"add_file = { name = "new", text = "a\n" }"#).rule(second);
    let conflict = "changes new, line 1, which pager.toml:1 wrote; leave one of them out, or say `builds_on_earlier = true`";
    for second in [
        r#"delete_file = { name = "new" }"#,
        r#"replace_file = { name = "new", text = "b\n" }"#,
        r#"replace = { text = "a", with = "b", file = "new" }"#,
    ] {
        assert_eq!(files(second).problem(), conflict);
    }
    let case = Case::new()
        .rule(r#"delete_file = { name = "pager.desktop" }"#)
        .rule(r#"replace = { text = "Tarnholt", with = "x", file = "pager.desktop" }"#);
    assert_eq!(case.problem(), "needs the file pager.desktop, which pager.toml:1 deleted");
}

#[test]
fn notices_and_licences_stay() {
    let notice = "page.c, line 1 is a notice of copyright or licence, which must stay as it is: \
                  `/* Copyright (C) 2001 Tarnholt */`; narrow the rule, or use `skip_notices = true` to leave notices out";
    problem(r#"replace = { text = "Tarnholt", with = "Kestrel", file = "*.c" }"#, notice);
    problem(r#"delete_lines = { regex = "Copyright", file = "page.c" }"#, notice);
    let case = Case::new()
        .rule(r#"replace = { text = "Tarnholt", with = "Kestrel", file = "*.c", skip_notices = true }"#);
    assert_eq!(
        case.run().unwrap().changes.written["page.c"],
        b"/* Copyright (C) 2001 Tarnholt */\nputs(\"Kestrel\");\n"
    );
    // Moving a notice is no loss.
    let moved =
        r#"replace_file = { name = "page.c", text = "int x;\n  /* Copyright (C) 2001 Tarnholt */\n" }"#;
    Case::new().rule(moved).run().unwrap();
    problem(
        r#"replace_file = { name = "page.c", text = "int x;\n" }"#,
        "page.c, line 1 is a notice of copyright or licence, which must stay as it is: `/* Copyright (C) 2001 Tarnholt */`; \
         keep it in the new file, or delete the file and add another under another name",
    );
    let licence = "COPYING is a licence or an attribution, which must stay as it is";
    problem(r#"delete_file = { name = "COPYING" }"#, licence);
    problem(r#"replace_file = { name = "COPYING", text = "mine" }"#, licence);
    problem(r#"replace = { text = "All of it", with = "None", file = "COPYING" }"#, licence);
    problem("builds_on_earlier = true\nevery = true\ndelete_file = { name = \"COPYING\" }", licence);
    // Not even by way of another file of the same name.
    let case = Case::new()
        .rule(r#"delete_file = { name = "page.c" }"#)
        .rule(r#"add_file = { name = "page.c", text = "int x;\n" }"#);
    assert!(case.problem().starts_with("page.c, line 1 is a notice"), "{}", case.problem());
}

#[test]
fn preconditions_are_decided_or_an_error() {
    let rule = |when: &str| {
        Case::new().rule(&format!("when = {{ {when} }}\nset_tag = {{ tag = \"URL\", value = \"x\" }}"))
    };
    let skipped = |mut case: Case, nevra: Option<&str>, branch| {
        case.nevra = nevra.map(|nevra| nevra.parse().unwrap());
        case.branch = branch;
        let outcome = case.run().unwrap();
        outcome.skipped.first().map(|skipped| skipped.why.clone())
    };
    let range = r#"version = ">= 590-1, < 600""#;
    assert_eq!(skipped(rule(range), Some("pager-590-4.el9.src"), None), None);
    assert_eq!(
        skipped(rule(range), Some("pager-600-1.el9.src"), None).unwrap(),
        "the version 600-1.el9 is not in its range"
    );
    assert!(skipped(rule(range), Some("pager-1:590-4.el9.src"), None).is_some());
    assert_eq!(skipped(rule(r#"version = "= 590""#), None, None), None);
    assert!(skipped(rule(r#"version = "> 590""#), None, None).is_some());
    assert_eq!(skipped(rule(r#"branch = "c9*""#), None, Some("c9-beta")), None);
    assert_eq!(skipped(rule(r#"branch = "c9*""#), None, Some("c8")).unwrap(), "the branch c8 is not `c9*`");

    let mut case = rule(range);
    assert_eq!(
        case.problem(),
        "its version has to be known to decide `when`, but the release in pager.spec depends on what only rpm knows"
    );
    case.dist = Some(".el9");
    assert_eq!(case.run().unwrap().edits.len(), 1);
    assert_eq!(
        rule(r#"branch = "c9""#).problem(),
        "its branch has to be known to decide `when`; the source does not come from one"
    );
    // A rule that is skipped needs nothing to be known of what it says.
    let all = rule(r#"branch = "c8", version = ">= 1-1""#);
    assert!(skipped(all, None, Some("c9")).is_some());
}

#[test]
fn rules_for_many_packages_may_find_nothing_in_one_but_not_in_all() {
    let find = "replace = { text = \"absent\", with = \"x\" }";
    let rule = |text: &str| format!("[[rule]]\npurpose = \"test\"\n{text}\n");
    let case = Case::new().file("all.toml", rule(find));
    let outcome = case.run().unwrap();
    assert_eq!(outcome.skipped[0].rule, "all.toml:1");
    assert!(outcome.skipped[0].why.starts_with("changes nothing: `absent` is not there"), "{outcome:?}");
    let rules = case.rules();
    let idle: Vec<_> =
        rules.idle(["pager", "hello"], &outcome.edits).iter().map(|rule| &*rule.label).collect();
    assert_eq!(idle, ["all.toml:1"]);

    let case = Case::new().file("all.toml", rule(&format!("every = true\n{find}")));
    assert!(case.problem().starts_with("changes nothing"));
    // A package that is named is meant.
    let case = Case::new().file("group.toml", rule(&format!("packages = [\"hello\", \"pager\"]\n{find}")));
    assert!(case.problem().starts_with("changes nothing"));
    let case = Case::new().file("group.toml", rule(&format!("packages = [\"h*\"]\n{find}")));
    assert_eq!(case.run().unwrap(), Outcome::default());
    // A wrong count is no absence.
    let case =
        Case::new().file("all.toml", rule(r#"replace = { text = "Tarnholt", with = "x", count = 9 }"#));
    assert!(case.problem().starts_with("expected 9 times"));
    // Rules of a package that is not there are idle as well.
    let case = Case::new().file("other.toml", rule(find));
    assert_eq!(case.rules().idle(["pager"], []).len(), 1);
}

#[test]
fn order_is_all_then_others_by_name_then_the_package() {
    let add = |text: &str| {
        format!(
            "[[rule]]\npurpose = \"test\"\npackages = [\"p*\"]\nadd_tag = {{ tag = \"Provides\", value = \"{text}\" }}\n"
        )
    };
    let case = Case::new()
        .file("zz.toml", add("three"))
        .file("pager.toml", add("four"))
        .file("bb.toml", add("two"))
        .file("all.toml", add("one"));
    let (_, new) = case.changed();
    assert_eq!(new, ["Provides: one", "Provides: two", "Provides: three", "Provides: four"]);
}

#[test]
fn digests_tell_when_the_rules_of_a_package_changed() {
    let case = Case::new().file("x", "1").rule(r#"add_file = { name = "x", content = "x" }"#);
    let (first, other) = (case.rules().digest("pager"), case.rules().digest("hello"));
    assert_eq!(case.rules().digest("pager"), first);
    let case = case.file("x", "2");
    assert_ne!(case.rules().digest("pager"), first);
    assert_eq!(case.rules().digest("hello"), other);
    let case =
        case.file("all.toml", "[[rule]]\npurpose = \"test\"\nset_tag = { tag = \"URL\", value = \"x\" }\n");
    assert_ne!(case.rules().digest("hello"), other);
}

#[test]
fn files_beside_the_rules_stay_inside_and_scripts_are_pinned() {
    let message = |case: Case| Rules::load(case.dir.path()).unwrap_err().to_string();
    let add = r#"add_file = { name = "x", content = "files/x" }"#;
    assert!(message(Case::new().rule(add)).starts_with("pager.toml:1: files/x: "));
    let case = Case::new().file("files/y", "").rule(add);
    std::os::unix::fs::symlink("/etc/passwd", case.dir.path().join("files/x")).unwrap();
    assert_eq!(message(case), "pager.toml:1: files/x: it lies outside of the directory of rules");
    let run = format!("run = {{ script = \"s\", sha256 = \"{}\" }}", "0".repeat(64));
    let text = message(Case::new().file("s", "true").rule(&run));
    assert!(
        text.contains("the script s has the SHA-256 b5bea41b") && text.contains("state the new digest"),
        "{text}"
    );
    assert!(message(Case::new().file("all.toml", "#".repeat(2 << 20))).contains("more than 1048576 bytes"));
}

#[test]
fn a_binary_file_is_replaced_whatever_its_bytes_look_like() {
    let mut case = Case::new().rule(r#"replace_file = { name = "logo.png", text = "new" }"#);
    case.files.insert("logo.png".to_owned(), b"\x89PNG\n(c) 2001 A\n\0".to_vec());
    assert_eq!(case.run().unwrap().changes.written["logo.png"], b"new");
}

#[test]
fn large_files_are_not_read_as_text() {
    let case = Case::new().rule(r#"replace = { text = "a", with = "b", file = "big.bin" }"#);
    let sizes = BTreeMap::from([("pager.spec".to_owned(), 1), ("big.bin".to_owned(), 1 << 40)]);
    let read = |name: &str| -> io::Result<Vec<u8>> { panic!("{name} is not to be read") };
    let source = Source {
        name: "pager",
        nevra: None,
        branch: None,
        dist: None,
        spec: "pager.spec",
        files: &sizes,
        read: &read,
    };
    let error = debrand(&source, &case.rules(), &|_| Err(String::new())).unwrap_err();
    assert!(
        error.to_string().contains("big.bin has 1099511627776 bytes, more than 67108864 are not"),
        "{error}"
    );
}
