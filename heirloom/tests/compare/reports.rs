//! Reports in files, judged by parsers of others; and foreign text in all of them.

use serde_json::Value;

use crate::ran::Ran;
use crate::support::{Place, named, page_ids, python, sample};

const REPORTS: &str = "--html report.html --sarif report.sarif --junit report.xml";

/// Two packages, one of which differs, and one that is missing.
fn sets(place: &Place) -> Ran {
    for (dir, text) in [("reference", "a\n"), ("rebuild", "b\n")] {
        place.package(dir, &sample(text));
        place.package(dir, &named("same", "1").file("/usr/share/same", "x"));
    }
    place.package("reference", &named("gone", "1").file("/usr/share/gone", "x"));
    place.run(&format!("compare --reference reference --rebuild rebuild {REPORTS}")).expect(11)
}

#[test]
fn the_page_is_self_contained_and_can_be_linked_to() {
    let place = Place::new();
    sets(&place);
    let page = place.read("report.html");
    for loads in ["http:", "https:", "url(", "@import"] {
        assert!(!page.contains(loads), "{loads}");
    }
    let ids = page_ids(&page);
    for id in [
        "sample-1.0-1.noarch",
        "sample-1.0-1.noarch:file-content:1",
        "repositories",
        "sets:missing-package:1",
    ] {
        assert!(ids.split_whitespace().any(|one| one == id), "{id} is not in {ids}");
    }
    assert!(page.find("<h1 class=\"level\">incompatible</h1>").unwrap() < page.find("file-content").unwrap());
}

#[test]
fn sarif_has_the_form_that_scanners_read() {
    let place = Place::new();
    sets(&place);
    let sarif: Value = serde_json::from_str(&place.read("report.sarif")).unwrap();
    assert_eq!(
        (&sarif["version"], &sarif["$schema"]),
        (&"2.1.0".into(), &"https://json.schemastore.org/sarif-2.1.0.json".into())
    );
    let run = &sarif["runs"][0];
    assert_eq!(run["properties"]["repositories"]["reference"], "incompatible");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty(), "{rule}");
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0];
        if let Some(uri) = place["physicalLocation"]["artifactLocation"]["uriBaseId"].as_str() {
            assert!(run["originalUriBaseIds"][uri].is_object(), "{uri}");
        }
    }
    let of = |rule: &str| results.iter().find(|result| result["ruleId"] == rule).unwrap();
    assert_eq!(of("file-content")["level"], "warning");
    assert_eq!(of("missing-package")["level"], "error");
}

#[test]
fn junit_counts_what_it_has() {
    const PARSE: &str = "
import sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.read())
assert root.tag == 'testsuites'
for suite in [root, *root.iter('testsuite')]:
    for name, tag in ('tests', 'testcase'), ('failures', 'failure'), ('errors', 'error'), ('skipped', 'skipped'):
        assert int(suite.get(name)) == len(list(suite.iter(tag))), (suite.get('name'), name)
print(*(f\"{case.get('name')}:{','.join(child.tag for child in case)}\" for case in root.iter('testcase')))
";
    let place = Place::new();
    sets(&place);
    let cases = python(PARSE, "", &place.read("report.xml")).unwrap();
    assert_eq!(cases.trim(), "same-1-1.noarch:system-out sample-1.0-1.noarch:failure gone.noarch:failure");
    let abi = "compare --reference reference --rebuild rebuild --promise abi --junit report.xml";
    place.run(abi).expect(11);
    let cases = python(PARSE, "", &place.read("report.xml")).unwrap();
    assert!(cases.contains("sample-1.0-1.noarch:system-out"), "{cases}");
}

#[test]
fn foreign_text_acts_on_no_reader() {
    let place = Place::new();
    let nasty = "\u{1b}[31mred\u{7}\u{202e}</td><script>alert(1)</script>&'\"]]>";
    let of = |text: &str| {
        let url = format!("https://example.org/{text}");
        sample("x").tag("URL", &url).scriptlet("%post", &format!("echo {text}"))
    };
    let pair = [place.package("a", &of("plain")), place.package("b", &of(nasty))].join(" ");
    let quiet = |text: &str| text.chars().all(|c| (!c.is_control() || c == '\n') && c != '\u{202e}');
    for explain in ["", "--explain"] {
        let ran = place.run(&format!("compare {pair} {REPORTS} {explain}")).expect(10);
        ran.says(&["\\u{1b}[31mred\\u{7}\\u{202e}</td><script>"]);
        assert!(quiet(&ran.stdout) && quiet(&ran.stderr), "{}", ran.stdout);
    }
    for report in ["report.html", "report.sarif", "report.xml"] {
        assert!(quiet(&place.read(report)), "{report}");
    }
    assert!(!place.read("report.html").contains("<script"));
    // JSON has its own escapes, and is for programs.
    let json = place.run(&format!("--format json compare {pair}")).expect(10);
    assert!(!json.stdout.contains('\u{1b}'), "{}", json.stdout);
    assert!(json.json()["findings"].to_string().contains("script"));
}

#[test]
fn hostile_file_names_act_on_no_terminal() {
    let place = Place::new();
    place.package("good", &sample("x"));
    std::fs::create_dir(place.path("bad")).unwrap();
    place.write("bad/\u{1b}[31m.rpm", "no package");
    let ran = place.run("compare --reference good --rebuild bad").expect(1);
    ran.says(&["bad/\\u{1b}[31m.rpm: is not an RPM file"]);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
}

#[test]
fn a_report_that_can_t_be_written_is_said_so() {
    let place = Place::new();
    let pair = [place.package("a", &sample("a")), place.package("b", &sample("a"))].join(" ");
    place
        .run(&format!("compare {pair} --html none/report.html"))
        .expect(1)
        .says(&["none/report.html: can't be written"]);
}
