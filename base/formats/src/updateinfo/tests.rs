use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Digest;

use super::*;

const UPDATES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="security@example.org" status="final" type="security" version="1">
    <id>EXSA-2024:0001</id>
    <title>Important: bash update</title>
    <issued date="2024-03-05 00:00:00"/>
    <updated date="2024-03-06 00:00:00"/>
    <severity>Important</severity>
    <description>a &lt; b</description>
    <references><reference href="https://www.example.org/" id="CVE-2024-0001" type="cve"/></references>
    <pkglist><collection short="x"><name>x</name>
      <package name="bash" version="5.1" release="9.el9" epoch="0" arch="x86_64" src="bash.src.rpm">
        <filename>bash-5.1-9.el9.x86_64.rpm</filename><reboot_suggested>True</reboot_suggested>
        <sum type="sha256">00</sum><sum type="md5">11</sum></package>
      <package name="bash-doc" version="5.1" release="9.el9" epoch="1" arch="noarch"/>
      <package name="bash" version="5.1" release="9.el9" arch="aarch64"/>
      <package name="bash" version="5.1" release="9.el9" arch="src"/>
    </collection><collection short="m"><name>m</name>
      <module name="perl" stream="5.30" version="8040020200923213406" context="466ea64f" arch="x86_64"/>
      <package name="perl" version="5.30.1" release="452.module+el8" epoch="4" arch="x86_64">
        <filename>perl-5.30.1-452.module+el8.x86_64.rpm</filename><sum type="sha256">00</sum>
        <relogin_suggested>1</relogin_suggested></package>
    </collection></pkglist>
  </update>
  <update type="bugfix"><id>EXBA-2024:0002</id></update>
</updates>"#;

fn read(text: &str) -> Result<Vec<Advisory>, UpdateinfoError> {
    parse(Document::new("updateinfo.xml", text.as_bytes()))
}

#[test]
fn reads_and_writes_back() {
    let advisories = read(UPDATES).unwrap();
    let first = &advisories[0];
    assert_eq!((first.id.as_str(), first.kind.as_str()), ("EXSA-2024:0001", "security"));
    assert_eq!((first.severity.as_str(), first.issued.as_str()), ("Important", "2024-03-05 00:00:00"));
    assert_eq!(first.updated, "2024-03-06 00:00:00");
    let packages: Vec<_> = first.packages[..2].iter().map(ToString::to_string).collect();
    assert_eq!(packages, ["bash-5.1-9.el9.x86_64", "bash-doc-1:5.1-9.el9.noarch"]);
    let [plain, modular] = &first.collections[..] else { panic!("{first:?}") };
    assert_eq!((plain.short.as_str(), plain.packages.len(), &plain.module), ("x", 4, &None));
    let module = modular.module.as_ref().unwrap();
    assert_eq!(module.to_string(), "perl:5.30:8040020200923213406:466ea64f:x86_64");

    let text = to_xml(&advisories[..1]);
    for kept in ["a &lt; b", "CVE-2024-0001", "<sum type=\"sha256\">00</sum>", "status=\"final\""] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    assert_eq!(to_xml(read(&text).unwrap()), text);
    assert!(!text.contains("EXBA"));
}

/// Our packages; the digest of each is of its own name.
fn ours(names: &[&str]) -> BTreeMap<Nevra, Digest> {
    names.iter().map(|name| (name.parse().unwrap(), Digest::of(name.as_bytes()))).collect()
}

fn chosen(
    text: &str,
    packages: &BTreeMap<Nevra, Digest>,
    renamed: &[(&str, &str)],
    elsewhere: &[&str],
) -> Selected {
    let renamed = renamed.iter().map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())).collect();
    let elsewhere: BTreeSet<Nevra> = elsewhere.iter().map(|name| name.parse().unwrap()).collect();
    let have = Have { arch: "x86_64", packages, renamed: &renamed, elsewhere: &elsewhere };
    select(read(text).unwrap(), &have)
}

fn told(findings: &[AdvisoryFinding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

const PERL: &str = "perl-4:5.30.1-452.module+el8.x86_64";

#[test]
fn an_advisory_keeps_what_is_there_and_says_what_is_not() {
    let packages = ours(&["bash-5.1-9.el9.x86_64", PERL]);
    let selected = chosen(UPDATES, &packages, &[], &[]);
    assert_eq!(
        told(&selected.findings),
        [
            "EXBA-2024:0002: has no package for this repository",
            "EXSA-2024:0001: some of its packages are missing: bash-doc-1:5.1-9.el9.noarch",
        ]
    );
    let text = to_xml(&selected.advisories);
    for kept in [
        "<filename>bash-5.1",
        "src=\"bash.src.rpm\"",
        "<module name=\"perl\"",
        "<reboot_suggested>True",
        "<relogin_suggested>1",
    ] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    // The digests are of other bytes.
    assert!(!text.contains("<sum") && !text.contains("bash-doc") && !text.contains("aarch64"));
    assert_eq!(read(&text).unwrap(), selected.advisories, "what is told of it is what is written");
    assert_eq!(told(&chosen(UPDATES, &packages, &[], &["bash-doc-1:5.1-9.el9.noarch"]).findings).len(), 1);
}

#[test]
fn a_digest_stays_with_the_same_bytes_only() {
    let packages = ours(&["bash-5.1-9.el9.x86_64", PERL]);
    let same = packages[&PERL.parse().unwrap()].to_string();
    let text = UPDATES.replace(
        "<sum type=\"sha256\">00</sum>\n        <relogin",
        &format!("<sum type=\"sha256\">{same}</sum><relogin"),
    );
    let text = to_xml(&chosen(&text, &packages, &[], &[]).advisories);
    assert!(text.contains(&same) && text.matches("<sum").count() == 1, "{text}");
}

#[test]
fn a_package_is_named_as_it_is_here() {
    let packages = ours(&["bash-2:5.1-9.el9.ours.x86_64"]);
    let selected =
        chosen(UPDATES, &packages, &[("bash-5.1-9.el9.x86_64", "bash-2:5.1-9.el9.ours.x86_64")], &[]);
    let text = to_xml(&selected.advisories);
    let package =
        "<package name=\"bash\" version=\"5.1\" release=\"9.el9.ours\" epoch=\"2\" arch=\"x86_64\">";
    assert!(text.contains(package) && text.contains("<reboot_suggested>"), "{text}");
    for gone in ["<filename>", "<sum", "src=", "<module", "short=\"m\""] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert_eq!(selected.advisories[0].collections.len(), 1);
    assert_eq!(read(&text).unwrap(), selected.advisories);
}

/// Clients ask whether a machine is older than the fix: the version that had it first stays named.
#[test]
fn a_fix_that_only_a_newer_package_has_stays() {
    let packages =
        ours(&["bash-5.1-10.el9.x86_64", "bash-doc-5.1-1.el9.noarch", "bash-extra-9-1.el9.x86_64"]);
    let selected = chosen(UPDATES, &packages, &[], &[]);
    let kept = &selected.advisories[0];
    assert_eq!(kept.packages, ["bash-5.1-9.el9.x86_64".parse().unwrap()]);
    assert!(!to_xml([kept]).contains("sha256"), "nobody has seen that file");
    let told = told(&selected.findings).join("; ");
    assert!(told.contains("bash-doc-1:5.1-9.el9.noarch") && !told.contains("bash-5.1"), "{told}");
}

#[test]
fn an_advisory_that_lost_all_is_told_with_what_it_lost() {
    let selected = chosen(UPDATES, &ours(&[]), &[], &[PERL]);
    assert!(selected.advisories.is_empty());
    let lost =
        "EXSA-2024:0001: none of its packages is there: bash-5.1-9.el9.x86_64 bash-doc-1:5.1-9.el9.noarch";
    assert_eq!(told(&selected.findings)[1], lost);
}

#[test]
fn documents_are_joined_and_the_newer_of_two_counts() {
    let first = read(UPDATES).unwrap();
    // Indentation is no difference.
    let again = read(&UPDATES.replace("\n    <title>", "\n\n  <title>")).unwrap();
    let merged = merge(first.iter().rev().chain(&again).cloned());
    assert_eq!((told(&merged.findings), merged.advisories.len()), (Vec::new(), 2));
    assert!(merged.advisories.is_sorted_by(|a, b| a.id < b.id));

    for (from, to, newer) in [
        ("<updated date=\"2024-03-06 00:00:00\"/>", "<updated date=\"2024-03-06T00:00:01Z\"/>", true),
        ("<updated date=\"2024-03-06 00:00:00\"/>", "<updated date=\"2024-03-05\"/>", false),
        ("<updated date=\"2024-03-06 00:00:00\"/>", "", false),
        ("<updated date=\"2024-03-06 00:00:00\"/>", "<updated date=\"never\"/>", false),
        ("Important: bash", "Moderate: bash", false),
    ] {
        assert!(UPDATES.contains(from), "{from}");
        let other = read(&UPDATES.replace(from, to)).unwrap();
        let merged = merge(first.iter().chain(&other).cloned());
        assert_eq!(merged.findings.len(), 1, "{from}");
        assert_eq!(merged.advisories[1], if newer { other[0].clone() } else { first[0].clone() }, "{to}");
    }
}

#[test]
fn errors_name_the_place() {
    for (from, to, says) in [
        ("<id>EXSA-2024:0001</id>", "", "id is missing"),
        ("epoch=\"1\"", "epoch=\"None\"", "`None` is not an epoch"),
        ("epoch=\"1\"", "epoch=\"4294967296\"", "is not an epoch"),
        ("name=\"bash\"", "name=\"../x\"", "advisory EXSA-2024:0001: package `../x`"),
        (
            "release=\"9.el9\" epoch=\"0\"",
            "release=\"9/..\" epoch=\"0\"",
            "package `bash` has no proper identity",
        ),
        ("arch=\"noarch\"", "arch=\"\"", "package `bash-doc` has no proper identity"),
        ("version=\"8040020200923213406\"", "version=\"-1\"", "`-1` is not a module's version"),
        ("<description>a", "<description>&bomb;", "can't be read as XML"),
        ("type=\"bugfix\"", "type=\"bugfix\" type=\"x\"", "can't be read as XML"),
        ("updates>", "update>", "another kind of document"),
        ("</updates>", "", "cut short"),
    ] {
        let error = read(&UPDATES.replace(from, to)).unwrap_err().to_string();
        assert!(error.starts_with("updateinfo.xml") && error.contains(says), "{error}");
    }
    let deep = format!("<updates><update>{}", "<a>".repeat(100_000));
    assert!(read(&deep).unwrap_err().to_string().contains("nested deeper"));
    let many = format!("<updates><update><id>x</id>{}", "<a/>".repeat(2_000_001));
    assert!(read(&many).unwrap_err().to_string().contains("one element has more than"));
}

#[test]
fn a_reader_gives_what_comes_before_a_fault_and_ends_there() {
    let text = UPDATES.replace("<id>EXBA-2024:0002</id>", "");
    let mut reader = Reader::open(Document::new("x", text.as_bytes())).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().id, "EXSA-2024:0001");
    assert!(reader.next().unwrap().is_err() && reader.next().is_none());
}

proptest::proptest! {
    #[test]
    fn never_panics_when_cut_or_changed(end in 0usize..2000, place in 0usize..2000, byte: u8) {
        let mut bytes = UPDATES.as_bytes().to_vec();
        let place = place % bytes.len();
        bytes[place] = byte;
        bytes.truncate(end);
        if let Ok(advisories) = parse(Document::new("x", &bytes)) {
            let _ = to_xml(&advisories);
        }
    }

    #[test]
    fn what_is_told_is_what_is_written(there in proptest::collection::vec(proptest::bool::ANY, 5)) {
        let all = ["bash-5.1-9.el9.x86_64", "bash-doc-1:5.1-9.el9.noarch", "bash-5.1-9.el9.aarch64", "bash-5.1-9.el9.src", PERL];
        let names: Vec<_> = all.iter().zip(&there).filter(|(_, there)| **there).map(|(name, _)| *name).collect();
        let selected = chosen(UPDATES, &ours(&names), &[], &[]);
        let text = to_xml(&selected.advisories);
        proptest::prop_assert_eq!(&read(&text).unwrap(), &selected.advisories);
        proptest::prop_assert_eq!(selected.advisories.iter().map(|it| it.packages.len()).sum::<usize>(), names.len());
    }
}
