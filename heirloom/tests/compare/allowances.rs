//! Files of allowances: used, unused, expired, and wrong.

use serde_json::json;

use crate::support::{Place, matches_schema, named, sample};

fn allowance(rule: &str, more: &str, expires: &str) -> String {
    format!("[[allowance]]\nrule = \"{rule}\"\n{more}\nreason = \"debranding\"\nexpires = \"{expires}\"\n\n")
}

#[test]
fn an_allowance_lowers_what_it_covers_and_is_named() {
    let place = Place::new();
    let pair = [place.package("a", &sample("a\n")), place.package("b", &sample("b\n"))].join(" ");
    place.json(&format!("compare {pair}"), 10);
    place.write("good.toml", allowance("file-content", "path = \"/usr/share/*\"", "2999-12-31"));
    let json = place.json(&format!("compare {pair} --allowances good.toml"), 0);
    assert_eq!(json["verdict"], "identical");
    let used =
        json!([{ "rule": "file-content", "subject": "/usr/share/sample/text", "reason": "debranding" }]);
    assert_eq!((&json["allowances"], &json["idle_allowances"]), (&used, &json!([])));
    let text = place.run(&format!("compare {pair} --allowances good.toml --explain")).expect(0);
    text.says(&["/usr/share/sample/text is allowed: debranding"]);
}

#[test]
fn unused_and_expired_ones_are_reported_and_change_nothing() {
    let place = Place::new();
    let pair = [place.package("a", &sample("a\n")), place.package("b", &sample("b\n"))].join(" ");
    let expired = allowance("file-content", "", "2020-01-01");
    let unused = allowance("file-mode", "package = \"other-*\"", "2999-12-31");
    place.write("idle.toml", expired + &unused);
    let json = place.json(&format!("compare {pair} --allowances idle.toml"), 10);
    matches_schema("comparison.schema.json", &json);
    let idle: Vec<_> =
        json["idle_allowances"].as_array().unwrap().iter().map(|one| &one["expired"]).collect();
    assert_eq!(idle, [true, false]);
    let text = place.run(&format!("compare {pair} --allowances idle.toml --junit junit.xml")).expect(10);
    text.says(&["expired: renew it or take it out", "unused: no finding needed it"]);
    assert_eq!(place.read("junit.xml").matches("<skipped ").count(), 2);
}

#[test]
fn a_missing_package_can_be_allowed() {
    let place = Place::new();
    for (dir, name) in [("reference", "sample"), ("reference", "vendor-logos"), ("rebuild", "sample")] {
        place.package(dir, &named(name, "1").file(&format!("/usr/share/{name}"), "x"));
    }
    let sets = "compare --reference reference --rebuild rebuild";
    place.run(sets).expect(11);
    let logos = "package = \"vendor-logos\"";
    place.write("good.toml", allowance("missing-package", logos, "2999-12-31"));
    let json = place.json(&format!("{sets} --allowances good.toml"), 0);
    assert_eq!(json["allowances"][0]["subject"], "vendor-logos.noarch");
    assert_eq!(json["idle_allowances"], json!([]));
    assert_eq!(json["findings"][0]["severity"], "note");
    assert_eq!(json["sources"]["vendor-logos"], "identical");
    let reports = "--sarif report.sarif --html report.html";
    let text = place.run(&format!("{sets} --allowances good.toml {reports}")).expect(0);
    text.says(&["vendor-logos.noarch is allowed: debranding"]);
    assert!(place.read("report.html").contains("allowed: debranding"));
    let sarif: serde_json::Value = serde_json::from_str(&place.read("report.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.last().unwrap()["suppressions"][0]["justification"], "debranding");
}

#[test]
fn a_wrong_file_has_its_place() {
    let place = Place::new();
    let pair = [place.package("a", &sample("a")), place.package("b", &sample("b"))].join(" ");
    place.write("rule.toml", allowance("file-contents", "", "2999-12-31"));
    let ran = place.run(&format!("compare {pair} --allowances rule.toml")).expect(3);
    ran.says(&["rule.toml:2:8", "did you mean `file-content`?"]);
    place.write("end.toml", allowance("file-content", "", "never"));
    place
        .run(&format!("compare {pair} --allowances end.toml"))
        .expect(3)
        .says(&["end.toml:5:11", "is no date"]);
    let ran = place.run(&format!("compare {pair} --allowances none.toml")).expect(1);
    ran.says(&["can't read the allowances none.toml"]);
    assert!(!ran.stderr.contains("definition"), "{}", ran.stderr);
}
