//! Rules of other tools, converted and applied, against what these tools document.

use heirloom_formats::debrand::{Content, Converted, autopatch, srpmproc};

use super::*;

/// What the other tools' trees have.
fn read(content: Content<'_>) -> Option<Vec<u8>> {
    let text = match content {
        Content::Tree("ROCKY/_supporting/logo.png") => "\u{89}PNG rocky",
        Content::Tree("ROCKY/_supporting/brand.patch" | "files/brand.patch") => "--- a\n+++ b\n",
        Content::Tree("ROCKY/_supporting/fix.diff") => DIFF,
        Content::Tree("files/cert.cer") => "certificate",
        Content::Tree("scripts/fix.sh") => "sed -i s/a/b/ SOURCES/x\n",
        Content::Lookaside("5f7d") => "from the lookaside",
        _ => return None,
    };
    Some(text.as_bytes().to_vec())
}

const DIFF: &str = "\
diff --git a/SPECS/pager.spec b/SPECS/pager.spec
--- a/SPECS/pager.spec
+++ b/SPECS/pager.spec
@@ -23,5 +23,6 @@ Data.
 %prep
 %setup -q
+rm -f vendor.c

 %build
-%make_build
+%make_build BRAND=rocky
diff --git a/pager.desktop b/pager.desktop
--- a/pager.desktop
+++ b/pager.desktop
@@ -1,3 +1,3 @@
 [Desktop Entry]
-Name=Tarnholt Pager
+Name=Pager
 Comment=Tarnholt
diff --git a/new.conf b/new.conf
new file mode 100644
--- /dev/null
+++ b/new.conf
@@ -0,0 +1,2 @@
+a = 1
+b = 2
";

fn case(spec: &str, converted: &Converted) -> Case {
    let case = Case::with(spec).file("pager.toml", &converted.rules);
    converted.files.iter().fold(case, |case, (name, bytes)| case.file(name, bytes))
}

fn lost(converted: &Converted) -> Vec<String> {
    converted.not_carried.iter().map(|lost| format!("{}: {}", lost.line, lost.what)).collect()
}

const CFG: &str = r##"
# Debranding
spec_change {
  changelog { author_name: "Release Engineering" author_email: "releng@rockylinux.org"
              message: "Debrand" message: "Add our logo" }
  append { field: "Release" value: ".rocky.0.1" }
  append { field: "%prep" value: "touch debranded" }
  append: { field: "%files data" value: "%{_datadir}/rocky" }
  new_field { key: "Provides", value: "rocky-pager" }
  search_and_replace { field: "Summary" find: "Tarnholt" replace: "Rocky" n: 1 }
  search_and_replace { starts_with: true find: "%global vendor_name" replace: "%global  vendor_name" n: -1 }
  search_and_replace { ends_with: true find: "Linux." replace: "Linux!" n: -1 }
  search_and_replace { any: true find: "tarnholt.example" replace: "rocky"  'linux.org' n: 1 }
  search_and_replace { any: true find: "never" replace: "x" }
  file { name: "brand.patch" type: Patch add: true add_to_prep: true n_path: 1 }
  file { name: "logo.png" type: Source delete: true }
  disable_auto_align: true
}
patch { file: "ROCKY/_supporting/fix.diff" }
add { file: "ROCKY/_supporting/brand.patch" }
add { lookaside: "5f7d" name: "blob.bin" }
delete { file: "SOURCES/page.c" }
replace { file: "logo.png" with_file: "ROCKY/_supporting/logo.png" }
lookaside { file: "logo.png" }
lookaside { file: "ROCKY/_supporting/brand.patch" tar: true archive_name: "rocky" from_patch_tree: true }
lookaside { file: "a" tar: true archive_name: "own" }
add { file: "ROCKY/_supporting/none" }
"##;

#[test]
fn srpmproc() {
    let converted = srpmproc::convert(CFG, "rocky.cfg", "pager", Some("r9"), &read).unwrap();
    assert_eq!(
        lost(&converted),
        [
            "14: search_and_replace of `never`: `n` is 0, so that the tool replaces nothing",
            "26: lookaside: own.tar.gz is packed from files of the package; pack it by a script",
            "27: add: there is no ROCKY/_supporting/none",
        ]
    );
    let mut case = case(SPEC, &converted);
    case.branch = Some("c8");
    assert_eq!(case.run().unwrap().edits, []);
    case.branch = Some("c9");
    let outcome = case.run().unwrap();
    let expected = SPEC
        .replace("%global vendor_name", "%global  vendor_name")
        .replace("A pager of Tarnholt", "A pager of Rocky")
        .replace("Tarnholt Linux.", "Tarnholt Linux!")
        .replace("tarnholt.example", "rockylinux.org")
        .replace("4%{?dist}", "4%{?dist}.rocky.0.1")
        .replace("Source1: logo.png\n", "Patch0:  brand.patch\n")
        .replace("version}-%{release}\n\n%desc", "version}-%{release}\nProvides: rocky-pager\n\n%desc")
        .replace("%setup -q\n", "%setup -q\n%patch -P 0 -p1\nrm -f vendor.c\ntouch debranded\n")
        .replace("%make_build", "%make_build BRAND=rocky")
        .replace("%{_datadir}/pager\n", "%{_datadir}/pager\n%{_datadir}/rocky\n")
        .replace(
            "%changelog\n",
            "%changelog\n* Mon Jan 15 2024 Release Engineering <releng@rockylinux.org> - 590-4.rocky.0.1\n- Debrand\n- Add our logo\n\n",
        );
    assert_eq!(case.spec(), expected);
    let written = &outcome.changes.written;
    assert_eq!(written["pager.desktop"], b"[Desktop Entry]\nName=Pager\nComment=Tarnholt\n");
    assert_eq!(written["new.conf"], b"a = 1\nb = 2\n");
    assert_eq!(written["blob.bin"], b"from the lookaside");
    assert_eq!(written["logo.png"], "\u{89}PNG rocky".as_bytes());
    assert_eq!(written["brand.patch"], b"--- a\n+++ b\n");
    assert_eq!(outcome.changes.removed, BTreeSet::from(["page.c".to_owned()]));
    let archive = heirloom_formats::archive::decompress(&written["rocky.tar.gz"], 1 << 20).unwrap();
    let members = heirloom_formats::archive::tar(&archive, 1 << 20).unwrap();
    assert_eq!(&members[0].data[..], b"--- a\n+++ b\n");
    assert_eq!(srpmproc::convert(CFG, "rocky.cfg", "pager", Some("r9"), &read).unwrap(), converted);
}

#[test]
fn srpmproc_says_what_it_does_not_know() {
    for (text, message) in [
        ("replace {\n fil: \"x\" }", "a.cfg:2: replace has no field `fil`"),
        ("delete { }", "a.cfg:1: delete needs `file`"),
        ("\nremove { file: \"x\" }", "a.cfg:2: unknown directive `remove`"),
        ("delete { file: \"x\"", "a.cfg:1: expected a field or `}`, found the end of the file"),
        ("delete { file: \"x\n\" }", "a.cfg:1: the text is not closed"),
        ("delete { file \"x\" }", "a.cfg:1: expected `:` or `{` after `file`, found `\"`"),
        (
            "spec_change { file { name: \"x\" add: true } }",
            "a.cfg:1: file needs the type `Source` or `Patch`",
        ),
        ("delete { file: \"\\q\" }", "a.cfg:1: `\\q` is no escape"),
    ] {
        let error = srpmproc::convert(text, "a.cfg", "pager", None, &read).unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
    }
    let inline =
        r#"replace { file: "SOURCES/pager.desktop" with_inline: "[Desktop Entry]\nName=\x50ager\n" }"#;
    let converted = srpmproc::convert(inline, "a.cfg", "pager", Some("main"), &read).unwrap();
    let outcome = case(SPEC, &converted).run().unwrap();
    assert_eq!(outcome.changes.written["pager.desktop"], b"[Desktop Entry]\nName=Pager\n");
}

const CONFIG: &str = r#"
parameters:
  custom_target_branch: "a9-custom"
  pre_clean: true
  ignore_version_macros: true
  ignore_release_macros: true
actions:
  - replace:
      - target: "spec"
        find: "Tarnholt"
        replace: "AlmaLinux"
        count: 2
      - target: "*.desktop"
        find: "Tarnholt"
        replace: "Alma"
      - target: "spec"
        rfind: "^BuildRequires:(\\s+)gcc$"
        replace: "BuildRequires:\\1clang"
        count: 1
      - target: "spec"
        find: |
          %description data
          Data.
        replace: |
          %description data
          Data, and more.
        count: 1
      - target: "spec"
        rfind: "(?<=x)y"
        replace: "z"
  - delete_line:
      - target: "spec"
        lines:
          - "Source1: logo.png"
          - |
            %license COPYING
            %{_bindir}/pager
  - modify_release:
      - suffix: ".alma.1"
  - changelog_entry:
      - name: "A. Lma"
        email: "a@almalinux.example"
        line:
          - "Debrand for AlmaLinux, in a sentence that goes on and on until it is longer than a line may be"
      - name: "A. Lma"
        email: "a@almalinux.example"
        line: ["Second"]
  - add_files:
      - type: patch
        name: brand.patch
        number: 1000
      - type: source
        name: cert.cer
        modify_spec: false
      - type: source
        name: none.cer
  - delete_files:
      - file_name: "logo.png"
  - run_script:
      - script: "fix.sh"
      - script: "fix.sh"
        cwd: autopatch
  - add_line:
      - target: "spec"
        section: "files"
        subpackage: "data"
        location: "bottom"
        content: "%{_datadir}/alma"
      - target: spec
        section: global
        location: top
        content: |
          %global alma 1
"#;

#[test]
fn autopatch() {
    let converted = autopatch::convert(CONFIG, "config.yaml", "pager", Some("a9"), &read).unwrap();
    assert_eq!(
        lost(&converted),
        [
            "3: custom_target_branch: results do not go to a branch `a9-custom`",
            "3: ignore_release_macros: the changelog names the release without %{?dist}",
            "3: insert_almalinux_line: the comments `# AlmaLinux Patch` and the like are not written",
            "28: replace of `(?<=x)y`: look-around, including look-ahead and look-behind, is not supported",
            "55: add_files: there is no files/none.cer",
            "60: run_script fix.sh: it names SPECS or SOURCES; ours has all files in one directory",
            "61: run_script fix.sh: it runs among the rules, where a script of ours sees the package only",
        ]
    );
    let mut case = case(SPEC, &converted);
    case.branch = Some("c9");
    let outcome = case
        .run_with(&|script| {
            assert_eq!((script.name, script.content), ("pager/fix.sh", &b"sed -i s/a/b/ SOURCES/x\n"[..]));
            Ok(Changes { written: [("made".to_owned(), Vec::new())].into(), removed: BTreeSet::new() })
        })
        .unwrap();
    let spec = String::from_utf8(outcome.changes.written["pager.spec"].clone()).unwrap();
    let expected = "%global alma 1\n".to_owned()
        + &SPEC
            .replace("%global vendor_name Tarnholt", "%global vendor_name AlmaLinux")
            .replace("A pager of Tarnholt", "A pager of AlmaLinux")
            .replace("BuildRequires: gcc", "BuildRequires: clang")
            .replace("Data.", "Data, and more.")
            .replace("Source1: logo.png\n", "Patch1000: brand.patch\n")
            .replace("%license COPYING\n%{_bindir}/pager\n", "")
            .replace("4%{?dist}", "4%{?dist}.alma.1")
            .replace("%setup -q\n", "%setup -q\n%patch -P 1000 -p1\n")
            .replace("%{_datadir}/pager\n", "%{_datadir}/pager\n%{_datadir}/alma\n")
            .replace(
                "%changelog\n",
                "%changelog\n\
                 * Mon Jan 15 2024 A. Lma <a@almalinux.example> - 590-4.alma.1\n\
                 - Debrand for AlmaLinux, in a sentence that goes on and on until it is longer\n  than a line may be\n\n\
                 * Mon Jan 15 2024 A. Lma <a@almalinux.example> - 590-4.alma.1\n- Second\n\n",
            );
    assert_eq!(spec, expected);
    assert_eq!(outcome.changes.written["pager.desktop"], b"[Desktop Entry]\nName=Alma Pager\nComment=Alma\n");
    assert_eq!(outcome.changes.written["cert.cer"], b"certificate");
    assert!(outcome.changes.removed.contains("logo.png"));
}

#[test]
fn autopatch_says_what_it_does_not_know() {
    for (text, part) in [
        ("actions:\n  - replace:\n    - target: spec\n      fnd: x\n", "config.yaml:4: unknown field `fnd`"),
        ("actions:\n  - remove:\n    - target: spec\n", "config.yaml:2: unknown field `remove`"),
        ("parameters:\n  pre_clean: true\n", "missing field `actions`"),
        (
            "actions:\n  - delete_files:\n    - file_name: x\n    delete_line: []\n",
            "config.yaml:2: expected one kind of action",
        ),
    ] {
        let error = autopatch::convert(text, "config.yaml", "pager", None, &read).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
