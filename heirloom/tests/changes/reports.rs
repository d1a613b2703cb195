//! What people and programs are shown.

use testkit::gpg::Key;
use testkit::repo;

use crate::made::update;
use crate::support::{Place, matches_schema, named, page_ids};

const UPDATES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="s@example.org" status="final" type="security" version="1">
    <id>EXSA-2024:0002</id><title>Important: tool update</title><issued date="2024-03-05"/>
    <severity>Important</severity>
    <references><reference href="https://www.example.org/" id="CVE-2024-0001" type="cve"/></references>
    <pkglist><collection short="x"><name>x</name>
      <package name="tool" version="2" release="1" epoch="0" arch="noarch"/>
    </collection></pkglist>
  </update>
  <update type="bugfix"><id>EXBA-2024:0001</id><title>older</title><pkglist><collection><name>x</name>
      <package name="tool" version="1" release="1" epoch="0" arch="noarch"/></collection></pkglist></update>
  <update type="bugfix"><id>EXBA-2024:0003</id><title>newer</title><pkglist><collection><name>x</name>
      <package name="tool" version="3" release="1" epoch="0" arch="noarch"/></collection></pkglist></update>
</updates>"#;

/// An update with an advisory and a broken default, a removal and an addition.
fn states(place: &Place) {
    update(
        place,
        "tool",
        |old| old.file_as("%config", "/etc/tool.conf", "a = 1\n"),
        |new| new.file_as("%config", "/etc/tool.conf", "a = 2\n"),
    );
    place.package("old", &named("gone", "1"));
    place.package("new", &named("come", "1"));
    for dir in ["old", "new"] {
        testkit::repo(&place.path(dir)).unwrap();
    }
    place.write("updateinfo.xml", UPDATES);
    repo::add_metadata(&place.path("new"), "updateinfo", &place.path("updateinfo.xml")).unwrap();
}

#[test]
fn a_person_reads_the_summary_first_then_what_breaks() {
    let place = Place::new();
    states(&place);
    let text = place.run("changes old new").expect(0).stdout;
    let expected = "\
old -> new
1 security fix, 1 upgraded, 1 added, 1 removed; 2 things to look at

Advisories
  EXSA-2024:0002 Important: Important: tool update (CVE-2024-0001)

To look at
  removed-package: a package is gone: level 2 never breaks within a major release
    fix: put it back, let another package obsolete it, or waive it
    gone: gone (was: 1-1)
  changed-default: a default is another one: level 2 never breaks within a major release
    fix: put the old default back, or waive it
    tool: /etc/tool.conf

Configuration and scripts
  tool: /etc/tool.conf (changed-default)
    @@ -1 +1 @@
    -a = 1
    +a = 2

come.noarch 1-1 (added; level 2)

gone.noarch 1-1 (removed; level 2)

tool.noarch 1-1 -> 2-1 (upgraded; level 2)
  EXSA-2024:0002
 ! changed-default: /etc/tool.conf
";
    assert_eq!(text, expected);
}

#[test]
fn the_document_has_the_published_form_and_the_same_bytes_each_time() {
    let place = Place::new();
    states(&place);
    let json = place.json("changes old new --gate", 5);
    matches_schema("changes.schema.json", &json);
    assert_eq!(json["advisories"][0]["cves"], serde_json::json!(["CVE-2024-0001"]));
    assert_eq!(json["advisories"].as_array().unwrap().len(), 1);
    let again = || place.run("--format json changes old new --gate").expect(5).stdout;
    assert_eq!(again(), again());
}

#[test]
fn the_page_is_self_contained_and_its_links_lead_somewhere() {
    let place = Place::new();
    states(&place);
    place.run("changes old new --html page.html").expect(0);
    let ids = page_ids(&place.read("page.html"));
    assert_eq!(ids.trim(), "advisories blocked come.noarch gone.noarch tool.noarch");
}

#[test]
fn a_refusal_names_what_is_blocked_and_what_would_mend_it() {
    let place = Place::new();
    states(&place);
    place.run("changes old new --gate").expect(5).says(&[
        "error: new may not replace old: 2 changes would break machines",
        "removed-package: gone-1-1.noarch: gone: a package is gone",
        "fix: put the old default back, or waive it",
    ]);
    let waiver = |rule: &str, package: &str| {
        format!(
            "[[waiver]]\nrule = \"{rule}\"\npackage = \"{package}\"\nreason = \"agreed\"\nuntil = \"2999-01-01\"\n"
        )
    };
    place.write("waivers.toml", waiver("removed-package", "gone"));
    let json = place.json("changes old new --gate --waivers waivers.toml", 5);
    assert_eq!(
        (&json["waived"][0]["package"], &json["waived"][0]["reason"]),
        (&"gone-1-1.noarch".into(), &"agreed".into())
    );
    let both = format!(
        "{}{}detail = \"/etc/tool.conf: *\"\n",
        waiver("removed-package", "gone"),
        waiver("changed-default", "tool")
    );
    place.write("waivers.toml", both);
    let text = place.run("changes old new --gate --waivers waivers.toml").expect(0).stdout;
    assert!(text.contains("2 things to look at, 2 waived"), "{text}");
    place.write("waivers.toml", waiver("removed-pakage", "gone"));
    place
        .run("changes old new --gate --waivers waivers.toml")
        .expect(3)
        .says(&["removed-pakage", "did you mean"]);
}

#[test]
fn a_signed_repository_is_read_from_its_url() {
    let place = Place::new();
    states(&place);
    let key = Key::throwaway("Vendor <v@example.org>").unwrap();
    place.write("vendor.asc", key.public().unwrap());
    repo::sign(&place.path("new"), &key).unwrap();
    let url = format!("file://{}", place.path("new").display());
    let json = place.json(&format!("changes old {url} --key vendor.asc"), 0);
    assert_eq!((&json["counts"]["upgraded"], &json["counts"]["blocked"]), (&1.into(), &2.into()));
    assert_eq!(json["counts"]["security_advisories"], 1);
    place.run(&format!("changes old {url}")).expect(1).says(&["no key is named", "--key"]);
}
