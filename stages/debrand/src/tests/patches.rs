//! Sources and patches, in every way in which `%prep` applies them.

use super::*;

/// The package with two patches, which `%prep` applies like this.
fn with(prep: &str) -> Case {
    patched("Patch1: one.patch\nPatch2: two.patch\n", prep)
}

fn patched(list: &str, prep: &str) -> Case {
    let spec = SPEC.replace("Source1: logo.png\n", &format!("Source1: logo.png\n{list}"));
    let mut case = Case::with(&spec.replace("%setup -q\n", prep)).file("new.patch", "--- a\n+++ b\n");
    for name in ["one.patch", "two.patch"] {
        case.files.insert(name.to_owned(), b"--- a\n".to_vec());
    }
    case
}

const ADD: &str = r#"add_patch = { name = "new.patch", content = "new.patch" }"#;

/// What comes into the spec file for a new patch.
fn added(case: Case) -> Vec<String> {
    let case = case.rule(ADD);
    assert!(case.run().unwrap().changes.written.contains_key("new.patch"));
    let (gone, new) = case.changed();
    assert_eq!(gone, [""; 0]);
    new
}

#[test]
fn a_patch_is_applied_as_the_others_are() {
    for (prep, line) in [
        ("%setup -q\n%patch1 -p1 -b .one\n%patch2 -p1\n", "%patch3 -p1"),
        ("%setup -q\n%patch -P 1 -p1\n%patch -P 2 -p1\n", "%patch -P 3 -p1"),
        ("%setup -q\n%patch -P1 -p1\n%patch -p1 -P2\n", "%patch -P 3 -p1"),
        ("%setup -q\n%patch 1 -p1\n%patch 2 -p1\n", "%patch 3 -p1"),
        ("%setup -q\n%autopatch -m 1 -M 2 -p1\n", "%patch -P 3 -p1"),
        ("%autosetup -N\n%autopatch 1 2 -p1\n", "%patch -P 3 -p1"),
        ("%setup -q\npatch -p1 < %{PATCH1}\n", "%patch -P 3 -p1"),
        ("%setup -q\nApplyPatch one.patch\nApplyOptionalPatch two.patch\n", "ApplyPatch new.patch"),
        ("%setup -q\n", "%patch -P 3 -p1"),
        ("%autosetup -N -n x\n", "%patch -P 3 -p1"),
    ] {
        assert_eq!(added(with(prep)), ["Patch3: new.patch", line], "{prep}");
        let spec = with(prep).rule(ADD).spec();
        assert!(spec.contains(&format!("{}\n{line}\n", prep.trim_end().lines().last().unwrap())), "{spec}");
    }
    for prep in [
        "%autosetup -p1\n",
        "%autosetup -n %{name} -S git\n",
        "%setup -q\n%autopatch -p1\n",
        "%autosetup -N\n%autopatch -m 2 -p1\n",
        "%setup -q\ngit am %{patches}\n",
    ] {
        assert_eq!(added(with(prep)), ["Patch3: new.patch"], "{prep}");
    }
}

#[test]
fn conditions_around_patches_are_left_behind() {
    let case = patched(
        "%if 0%{?rhel}\nPatch1: one.patch\n%else\nPatch2: two.patch\n%endif\n",
        "%setup -q\n%if 0%{?rhel}\n%patch1 -p1\n%else\n%patch2 -p1\n%endif\ntrue\n",
    );
    let spec = case.rule(ADD).spec();
    assert!(spec.contains("Patch2: two.patch\n%endif\nPatch3: new.patch\n"), "{spec}");
    assert!(spec.contains("%patch2 -p1\n%endif\n%patch3 -p1\ntrue\n"), "{spec}");
    let case = patched(
        "%if 0%{?rhel}\nPatch1: one.patch\n%else\nPatch2: two.patch\n%endif\n",
        "%setup -q\n%if 0%{?rhel}\n%if 1\n%patch1 -p1\n%endif\n%else\ntrue\n%endif\n",
    );
    let spec = case.rule(ADD).spec();
    assert!(spec.contains("%else\ntrue\n%endif\n%patch3 -p1\n\n%build"), "{spec}");
}

#[test]
fn numbers_follow_the_custom_of_the_list() {
    let new = |list: &str| added(patched(list, "%autosetup -p1\n"));
    assert_eq!(new("Patch0001: one.patch\nPatch0002: two.patch\n"), ["Patch0003: new.patch"]);
    assert_eq!(new("Patch:   one.patch\nPatch:   two.patch\n"), ["Patch:   new.patch"]);
    assert_eq!(new("Patch9:  one.patch\n"), ["Patch10: new.patch"]);
    assert_eq!(new(""), ["Patch0:  new.patch"]);
    assert_eq!(new("%patchlist\none.patch\ntwo.patch\n\n"), ["new.patch"]);
    let numbered = ADD.replace("name", "number = 1000, name");
    let (_, new) =
        with("%setup -q\n%patch1 -p1\n").rule(&numbered.replace("number", "strip = 0, number")).changed();
    assert_eq!(new, ["Patch1000: new.patch", "%patch1000 -p0"]);
    assert_eq!(
        with("%setup\n").rule(&ADD.replace("name", "number = 2, name")).problem(),
        "Patch2 is taken; leave the number out"
    );
}

#[test]
fn what_can_not_be_applied_is_an_error() {
    assert_eq!(
        with("%autosetup -p1\n").rule(&ADD.replace("name", "strip = 0, name")).problem(),
        "line 29 applies all patches with -p1, this one needs -p0; make the patch anew"
    );
    assert_eq!(
        with("true\n").rule(ADD).problem(),
        "%prep has neither %setup nor a patch, so there is no place to apply one; use `prep = false` and add a line"
    );
    let (_, new) = with("true\n").rule(&ADD.replace("name", "prep = false, name")).changed();
    assert_eq!(new, ["Patch3: new.patch"]);
    assert_eq!(
        Case::new().rule(r#"add_patch = { name = "none.patch" }"#).problem(),
        "the package has no file none.patch; give its `content`, or add it before"
    );
    assert_eq!(
        with("%setup\n").rule(&ADD.replace("name = \"new", "name = \"one")).problem(),
        "there is a file one.patch already; use `replace_file`, or another name"
    );
}

#[test]
fn a_patch_is_removed_with_what_applies_it() {
    let removed = |case: Case, expected: &[&str], new: &[&str]| {
        let case = case.rule(r#"remove_patch = { name = "one.patch" }"#);
        let outcome = case.run().unwrap();
        assert!(outcome.changes.removed.contains("one.patch"));
        let (gone, came) = case.changed();
        assert_eq!(
            (gone, came),
            (
                expected.iter().map(ToString::to_string).collect(),
                new.iter().map(ToString::to_string).collect()
            )
        );
    };
    let list = "Patch1: one.patch";
    removed(with("%setup -q\n%patch1 -p1 -b .one\n%patch2 -p1\n"), &[list, "%patch1 -p1 -b .one"], &[]);
    removed(with("%setup -q\n%patch -P 1 -p1\n%patch -P 2 -p1\n"), &[list, "%patch -P 1 -p1"], &[]);
    removed(with("%setup -q\n%patch -P 1 -P 2 -p1\n"), &[list, "%patch -P 1 -P 2 -p1"], &["%patch -P 2 -p1"]);
    removed(with("%setup -q\n%patch -p 1 1 2\n"), &[list, "%patch -p 1 1 2"], &["%patch -p 1 2"]);
    removed(with("%setup -q\npatch -p1 < %{PATCH1}\n"), &[list, "patch -p1 < %{PATCH1}"], &[]);
    removed(with("%setup -q\n%autopatch -m 1 -M 2 -p1\n"), &[list], &[]);
    removed(with("%autosetup -p1\n"), &[list], &[]);
    // The number of the next one stays what it was.
    removed(
        patched("Patch: one.patch\nPatch: two.patch\n", "%autosetup\n"),
        &["Patch: one.patch", "Patch: two.patch"],
        &["Patch1: two.patch"],
    );

    let case = with("%setup -q\n%patch1 -p1\n")
        .rule(r#"remove_patch = { number = 1, prep = false, keep_file = true }"#);
    assert_eq!(case.changed(), (vec![list.to_owned()], Vec::new()));
    assert!(case.run().unwrap().changes.removed.is_empty());
    assert_eq!(
        with("%setup\n").rule(r#"remove_patch = { name = "ona.patch" }"#).problem(),
        "changes nothing: no patch is called `ona.patch`; the nearest is `one.patch`"
    );
    assert_eq!(
        with("%setup\n").rule("remove_patch = { number = 7 }").problem(),
        "changes nothing: there is no Patch7"
    );
}

#[test]
fn sources_are_added_removed_and_replaced() {
    let (_, new) = Case::new()
        .file("k.png", b"\x89PNG\0k")
        .rule(r#"add_source = { name = "k.png", content = "k.png", number = 10 }"#)
        .changed();
    assert_eq!(new, ["Source10: k.png"]);
    let case = Case::new().rule(r#"remove_source = { name = "pager-590.tar.gz" }"#);
    assert_eq!(case.changed().0, ["Source0: pager-%{version}.tar.gz"]);
    assert!(case.run().unwrap().changes.removed.contains("pager-590.tar.gz"));
    let case = Case::new()
        .file("k.png", b"\x89PNG\0k")
        .rule(r#"replace_source = { name = "logo.png", by = "kestrel.png", content = "k.png" }"#);
    assert_eq!(
        case.changed(),
        (vec!["Source1: logo.png".to_owned()], vec!["Source1: kestrel.png".to_owned()])
    );
    let changes = case.run().unwrap().changes;
    assert_eq!(changes.written["kestrel.png"], b"\x89PNG\0k");
    assert!(changes.removed.contains("logo.png"));
    let case = Case::new()
        .file("k.png", b"\x89PNG\0k")
        .rule(r#"replace_source = { name = "logo.png", by = "logo.png", content = "k.png" }"#);
    assert_eq!(case.changed(), (Vec::new(), Vec::new()));
    assert_eq!(case.run().unwrap().changes.written["logo.png"], b"\x89PNG\0k");
}
