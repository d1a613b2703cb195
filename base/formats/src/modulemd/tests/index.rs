//! Whole indexes: reading, selecting, judging, writing.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Nevra;

use super::super::gate::{self, Surroundings};
use super::super::{ModuleFinding, ModuleIndex, ModulemdError, StreamChoice, Wanted};
use crate::document::Document;

const INDEX: &str = r#"%YAML 1.2
---
document: modulemd
version: 2
data:
  name: perl
  stream: 5.30   # a number that is a name
  version: 8040020200923213406
  context: 466ea64f
  arch: x86_64
  summary: Practical Extraction
  description: >-
    Text.
  license: {module: [MIT], content: [GPL+]}
  dependencies:
  - buildrequires: {platform: [el8.4.0]}
    requires:
      platform: [el8]
  - requires: {platform: [-el8, -el9], other: []}
  profiles:
    common:
      description: Usual
      rpms: [perl]
    none:
  api:
    rpms:
    - perl
  filter: {rpms: [perl-hidden]}
  demodularized:
    rpms: [perl-gone]
  artifacts:
    rpms:
    - perl-4:5.30.1-452.module+el8.src
    # Two that belong together
    - perl-4:5.30.1-452.module+el8.x86_64
    - "perl-libs-4:5.30.1-452.module+el8.x86_64"
    - perl-libs-4:5.30.1-452.module+el8.i686
    - perl-debugsource-4:5.30.1-452.module+el8.x86_64
    - perl-doc-4:5.30.1-452.module+el8.noarch
  xmd: {kept: true}
...
---
document: modulemd
version: 1
data:
  name: old
  stream: a
  version: 1
  context: c0
  arch: x86_64
  summary: Old
  description: Old
  license: {module: [MIT]}
  dependencies:
    requires: {platform: el8, perl: 5.30}
  artifacts: {rpms: [old-0:1-1.x86_64, old-libs-0:1-1.x86_64]}
---
document: modulemd-stream
version: 3
data:
  name: new
  stream: "1"
  version: 2
  context: CTX1
  arch: x86_64
  summary: New
  description: New
  license: {module: [MIT]}
  dependencies: {platform: el8, requires: {gone: [x]}}
  artifacts:
    rpms:
    - new-0:1-1.x86_64
---
document: modulemd-defaults
version: 1
data:
  module: perl
  modified: 201812071200
  # who chose this?
  stream: "5.26"
  profiles:
    5.26: [common]
    5.30: [common]
  intents:
    server: {stream: 5.30, profiles: {5.30: []}}
---
document: modulemd-defaults
version: 1
data: {module: vanished, stream: x}
---
document: modulemd-obsoletes
version: 1
data: {modified: 2020-05-01T00:00Z, module: perl, stream: 5.24, eol_date: 2021-05-01T00:00Z, message: old, obsoleted_by: {module: perl, stream: 5.32}}
---
document: modulemd-translations
version: 1
data: {module: perl, stream: 5.30, modified: 202005010000, translations: {de: {summary: Perl, description: Perl}}}
---
document: modulemd-packager
version: 3
data: {name: perl, summary: x, description: x, configurations: [{context: C, platform: el8}]}
"#;

fn parse(text: &str) -> Result<ModuleIndex, ModulemdError> {
    ModuleIndex::parse(Document::new("modules.yaml", text.as_bytes()))
}

/// Packages with labels.
fn packages(list: &[(&str, &str)]) -> BTreeMap<Nevra, String> {
    list.iter().map(|(nevra, label)| (nevra.parse().unwrap(), (*label).to_owned())).collect()
}

const PERL: &str = "perl:5.30:8040020200923213406:466ea64f";

fn all() -> BTreeMap<Nevra, String> {
    packages(&[
        ("perl-4:5.30.1-452.module+el8.x86_64", PERL),
        ("perl-libs-4:5.30.1-452.module+el8.x86_64", PERL),
        ("perl-libs-4:5.30.1-452.module+el8.i686", PERL),
        ("perl-doc-4:5.30.1-452.module+el8.noarch", PERL),
        ("old-1-1.x86_64", "old:a:1:c0"),
        ("old-libs-1-1.x86_64", "old:a:1:c0"),
        ("new-1-1.x86_64", "new:1:2:CTX1"),
    ])
}

fn wanted<'a>(packages: &'a BTreeMap<Nevra, String>, defaults: &'a BTreeMap<String, String>) -> Wanted<'a> {
    Wanted { arch: "x86_64", packages, default_streams: defaults, cut: false }
}

fn told(findings: &[ModuleFinding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn all_kinds_and_versions_are_read() {
    let index = parse(INDEX).unwrap();
    let [perl, old, new] = &index.streams[..] else { panic!("{index:?}") };
    assert_eq!(perl.id.to_string(), "perl:5.30:8040020200923213406:466ea64f:x86_64");
    assert_eq!((perl.format, perl.static_context, perl.artifacts.len()), (2, false, 6));
    assert_eq!(
        (&*perl.profiles["common"].rpms, perl.profiles["none"].rpms.len()),
        (&["perl".to_owned()][..], 0)
    );
    assert_eq!(
        [&perl.api, &perl.filter, &perl.demodularized].map(|list| &*list[0]),
        ["perl", "perl-hidden", "perl-gone"]
    );
    assert_eq!((&*perl.licences.module[0], &*perl.licences.content[0]), ("MIT", "GPL+"));
    let [first, second] = &perl.dependencies[..] else { panic!() };
    assert!(first.requires["platform"].allows("el8") && !first.requires["platform"].allows("el9"));
    assert!(!second.requires["platform"].allows("el8") && second.requires["platform"].allows("el10"));
    assert_eq!(second.requires["other"], StreamChoice::Any);
    assert_eq!(old.dependencies[0].requires["perl"].to_string(), "5.30");
    assert_eq!(new.dependencies[0].requires["platform"].to_string(), "el8");
    assert!(new.dependencies[0].buildrequires.contains_key("platform"));
    let defaults = &index.defaults[0];
    assert_eq!((defaults.stream.as_deref(), defaults.modified), (Some("5.26"), Some(201_812_071_200)));
    assert_eq!(defaults.intents["server"].stream.as_deref(), Some("5.30"));
    let obsoletes = &index.obsoletes[0];
    assert_eq!(obsoletes.obsoleted_by, Some(("perl".to_owned(), "5.32".to_owned())));
    assert_eq!(obsoletes.eol_date.as_deref(), Some("2021-05-01T00:00Z"));
    assert!(index.translations[0].languages.contains("de"));
    assert_eq!(index.packagers[0].format, 3);
}

#[test]
fn what_is_whole_passes_through_byte_by_byte_in_one_order() {
    let index = parse(INDEX).unwrap();
    let none = BTreeMap::new();
    let selected = index.select(&wanted(&all(), &none)).unwrap();
    let yaml = selected.index.to_yaml();
    let of = |kind: &str| yaml.find(kind).unwrap_or_else(|| panic!("{kind}: {yaml}"));
    let order = [
        "name: new",
        "name: old",
        "  module: perl\n",
        "module: perl, stream: 5.24",
        "translations:",
        "  name: perl",
    ];
    assert!(order.map(of).is_sorted(), "{yaml}");
    assert!(
        yaml.contains("  stream: 5.30   # a number that is a name\n") && yaml.contains("# who chose this?")
    );
    let mut backwards = index.clone();
    backwards.streams.reverse();
    backwards.defaults.reverse();
    assert_eq!(backwards.select(&wanted(&all(), &none)).unwrap(), selected);
    assert_eq!(parse(&yaml).unwrap().to_yaml(), yaml, "stable");
    assert_eq!(
        told(&selected.findings),
        [
            "vanished: no stream of it is there; its defaults and obsoletes are dropped",
            "perl: its default stream 5.26 is not there",
            "perl:5.24 is obsoleted by perl:5.32, which is not there",
            "perl: a packager's document; dropped",
        ]
    );
}

#[test]
fn a_stream_with_missing_packages_goes_or_is_cut_and_nothing_else_of_it_changes() {
    let index = parse(INDEX).unwrap();
    let (mut some, none) = (all(), BTreeMap::new());
    some.retain(|package, _| !["perl-libs", "old-libs", "new"].contains(&package.name()));
    let dropped = index.select(&wanted(&some, &none)).unwrap();
    assert!(dropped.index.is_empty(), "{:?}", dropped.index);
    let told = told(&dropped.findings);
    assert!(
        told[0].contains("old:a:1:c0:x86_64: 1 of its packages are missing: old-libs-1-1.x86_64"),
        "{told:?}"
    );
    assert!(told[1].contains("2 of its packages") && told[2].contains("none of its packages"), "{told:?}");

    let cut = index.select(&Wanted { cut: true, ..wanted(&some, &none) }).unwrap();
    let perl = cut.index.streams.iter().find(|stream| stream.id.name == "perl").unwrap();
    let whole = &index.streams[0].text;
    let expected = whole
        .replace("    - \"perl-libs-4:5.30.1-452.module+el8.x86_64\"\n", "")
        .replace("    - perl-libs-4:5.30.1-452.module+el8.i686\n", "");
    assert_eq!(perl.text, expected);
    let old = cut.index.streams.iter().find(|stream| stream.id.name == "old").unwrap();
    assert!(old.text.contains("artifacts: {rpms: [old-0:1-1.x86_64]}"), "{}", old.text);
    assert!(!cut.index.streams.iter().any(|stream| stream.id.name == "new"));
}

#[test]
fn the_definition_sets_default_streams() {
    let index = parse(INDEX).unwrap();
    for (module, stream, text) in [
        ("perl", "5.30", "  # who chose this?\n  stream: \"5.30\"\n  profiles:\n"),
        ("old", "a", "data:\n  module: \"old\"\n  stream: \"a\"\n"),
    ] {
        let defaults = BTreeMap::from([(module.to_owned(), stream.to_owned())]);
        let selected = index.select(&wanted(&all(), &defaults)).unwrap();
        assert!(selected.index.to_yaml().contains(text), "{}", selected.index.to_yaml());
        assert_eq!(parse(&selected.index.to_yaml()).unwrap().defaults, selected.index.defaults);
    }
    let defaults = BTreeMap::from([("nothing".to_owned(), "a".to_owned())]);
    let selected = index.select(&wanted(&all(), &defaults)).unwrap();
    assert!(told(&selected.findings).iter().any(|it| it.contains("nothing: its default stream is set to a")));
}

#[test]
fn a_default_stream_is_added_where_there_is_none() {
    for (document, expected) in [
        (
            "data:\n    module: old\n    profiles: {}\n",
            "data:\n    module: old\n    stream: \"a\"\n    profiles: {}\n",
        ),
        ("data:\n    module: old # x", "data:\n    module: old # x\n    stream: \"a\""),
        ("data: {module: old}\n", "data: {module: old, stream: \"a\"}\n"),
        ("data: {module: old, stream: b}\n", "data: {module: old, stream: \"a\"}\n"),
    ] {
        let text = format!("{INDEX}---\ndocument: modulemd-defaults\nversion: 1\n{document}");
        let defaults = BTreeMap::from([("old".to_owned(), "a".to_owned())]);
        let selected = parse(&text).unwrap().select(&wanted(&all(), &defaults)).unwrap();
        assert!(selected.index.to_yaml().contains(expected), "{}", selected.index.to_yaml());
    }
}

#[test]
fn values_that_can_not_be_replaced_are_errors_and_never_wrong_documents() {
    let defaults = BTreeMap::from([("old".to_owned(), "a".to_owned())]);
    let none = BTreeMap::new();
    let mut some = all();
    some.retain(|package, _| package.name() != "old-libs");
    let list = "artifacts: {rpms: [old-0:1-1.x86_64, old-libs-0:1-1.x86_64]}";
    for (with, says) in [
        (
            "filter: {rpms: &l [old-0:1-1.x86_64, old-libs-0:1-1.x86_64]}\n  artifacts: {rpms: *l}",
            "can't be cut",
        ),
        ("filter: {rpms: [&l old-libs-0:1-1.x86_64]}\n  artifacts: {rpms: [old-0:1-1.x86_64, *l]}", "alias"),
        ("artifacts: {rpms: [old-0:1-1.x86_64, old-libs-0:1-1.x86_64], rpm-map: {}}", "rpm-map"),
    ] {
        assert!(INDEX.contains(list));
        let result =
            parse(&INDEX.replace(list, with)).unwrap().select(&Wanted { cut: true, ..wanted(&some, &none) });
        let error = result.unwrap_err().to_string();
        assert!(error.contains("stream old:a:1:c0:x86_64") && error.contains(says), "{error}");
    }
    let text = format!(
        "{INDEX}---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: !!str &a old\n  stream: *a\n"
    );
    let error = parse(&text).unwrap().select(&wanted(&all(), &defaults)).unwrap_err().to_string();
    assert!(error.contains("defaults of module old"), "{error}");
    let set = BTreeMap::from([("perl".to_owned(), "\"]".to_owned())]);
    assert!(parse(INDEX).unwrap().select(&wanted(&all(), &set)).is_err());
}

#[test]
fn the_gate_asks_all_its_questions() {
    let mut text = INDEX.replace(
        "rpms: [old-0:1-1.x86_64, ",
        "rpms: [old-0:1-1.x86_64, new-0:1-1.x86_64, missing-0:1-1.x86_64, ",
    );
    text += "---\ndocument: modulemd-defaults\nversion: 1\ndata: {module: perl, stream: 5.30}\n";
    let again = &parse(INDEX).unwrap().streams[2]
        .text
        .replace("context: CTX1", "context: CTX1\n  static_context: true");
    text += again;
    let mut packages = all();
    packages.insert("stray-1-1.x86_64".parse().unwrap(), "stray:1:1:x".to_owned());
    *packages.get_mut(&"old-1-1.x86_64".parse().unwrap()).unwrap() = String::new();
    let base = BTreeSet::from(["old-1-1.x86_64".parse().unwrap(), "bash-1-1.x86_64".parse().unwrap()]);
    let around =
        Surroundings { arch: "x86_64", packages: &packages, base: &base, others: &[], platforms: &["el8"] };
    let findings = told(&gate::judge(&parse(&text).unwrap(), &around));
    assert_eq!(
        findings,
        [
            "old:a:1:c0:x86_64: 1 of its packages are missing: missing-1-1.x86_64",
            "new:1:2:CTX1:x86_64: two different documents with one static context; each needs its own",
            "perl: its default stream 5.26 is not there",
            "vanished: its default stream x is not there",
            "perl: more than one stream is default: 5.26, 5.30",
            "perl:5.24 is obsoleted by perl:5.32, which is not there",
            "new:1:2:CTX1:x86_64: needs x of module gone, which is not there",
            "stray-1-1.x86_64: says that it is of module stray:1:1:x, and no stream there has it",
            "old-1-1.x86_64: is of old:a:1:c0:x86_64, and has no modularity label",
            "old-1-1.x86_64: is of old:a:1:c0:x86_64, and of the ordinary packages, too",
        ]
    );
}

#[test]
fn dependencies_are_met_by_other_repositories_and_by_any_alternative() {
    let index = parse(INDEX).unwrap();
    let unmet =
        |others: &[&ModuleIndex], platforms: &[&str]| told(&gate::unmet(&index, others, platforms)).len();
    assert_eq!(unmet(&[], &["el8"]), 1);
    let gone =
        parse(&INDEX.replace("name: new", "name: gone").replace("stream: \"1\"", "stream: x")).unwrap();
    assert_eq!(unmet(&[&gone], &["el8"]), 0);
    // For perl, the platform of the one alternative and the module of the other; the platform of the two others.
    assert_eq!(unmet(&[&gone], &["el7"]), 4);
}

#[test]
fn hostile_documents_are_refused_by_name() {
    for (from, to, says) in [
        ("name: old", "name: ../old", "can't be a part of a module's name"),
        ("name: old", "name: ..", "can't be a part of a module's name"),
        ("  stream: a\n", "  stream: a/b\n", "can't be a part of a module's name"),
        ("  context: c0\n", "  context: \"a\\nb\"\n", "can't be a part of a module's name"),
        ("  stream: a\n", "  stream: a\n  stream: b\n", "duplicate"),
        ("  version: 1\n  context", "  version: -1\n  context", "modules.yaml, document 2"),
        ("  name: old\n", "", "to have `name`"),
        ("version: 1\ndata:\n  name: old", "version: 7\ndata:\n  name: old", "format version 7 is not known"),
        (
            "modulemd-defaults\nversion: 1",
            "modulemd-defaults\nversion: 2",
            "`modulemd-defaults` of version 2",
        ),
        ("modulemd-translations", "modulemd-thing", "kind `modulemd-thing` is not known"),
        ("old-0:1-1.x86_64", "../../old", "artifact `../../old`"),
        ("requires: {platform: el8, perl: 5.30}", "requires: {platform: [el8]}", "document 2"),
        ("requires: {platform: [-el8, -el9]", "requires: {platform: [-el8, el9]", "both listed and excluded"),
        ("{platform: el8, requires", "{platform: el8, requires: {../x: [a]}, buildrequires", "`../x` can't"),
        ("modified: 2020-05-01T00:00Z, ", "", "to have `modified`"),
        ("stream: 5.32}", "stream: /}", "`/` can't"),
        ("profiles:\n    common", "profiles: [x]\n  pro:\n    common", "document 1"),
    ] {
        assert!(INDEX.contains(from), "{from}");
        let error = parse(&INDEX.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(says) && error.starts_with("modules.yaml, document"), "{says}: {error}");
    }
}

#[test]
fn bombs_do_not_go_off_in_an_index() {
    let mut bomb =
        "document: modulemd-defaults\nversion: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
    }
    assert!(parse(&format!("{bomb}data: {{module: a, x: *a29}}\n")).is_err());
    assert!(parse(&format!("document: modulemd\nversion: 2\ndata: {}", "[".repeat(100_000))).is_err());
    assert!(
        parse(&"document: modulemd-defaults\nversion: 1\ndata: {module: a}\n---\n".repeat(20_001)).is_err()
    );
}

proptest::proptest! {
    #[test]
    fn an_index_never_panics(cut in 0usize..3600, length in 0usize..200, junk in "[ -~\n&*:{}\\[\\]-]{0,20}") {
        let cut = cut.min(INDEX.len());
        let end = (cut + length).min(INDEX.len());
        if let Ok(index) = parse(&format!("{}{junk}{}", &INDEX[..cut], &INDEX[end..])) {
            let mut some = all();
            some.retain(|package, _| package.arch() != "i686");
            let defaults = BTreeMap::from([("perl".to_owned(), "a".to_owned())]);
            if let Ok(selected) = index.select(&Wanted { cut: true, ..wanted(&some, &defaults) }) {
                proptest::prop_assert_eq!(parse(&selected.index.to_yaml()).unwrap().to_yaml(), selected.index.to_yaml());
            }
        }
    }
}

#[test]
fn forms_that_real_documents_have_are_read() {
    for (from, to) in [
        ("version: 8040020200923213406", "version: '8040020200923213406'"),
        ("      rpms: [perl]\n", "      rpms:\n"),
        ("      rpms: [perl]\n", "      rpms: []\n"),
        ("license: {module: [MIT], content: [GPL+]}", "license:\n    module:\n    content: []"),
        ("  filter: {rpms: [perl-hidden]}", "  filter:\n    rpms:"),
        ("  filter: {rpms: [perl-hidden]}", "  filter: {}"),
        ("    5.26: [common]", "    5.26:"),
        ("modified: 201812071200", "modified: '201812071200'"),
        ("server: {stream: 5.30, profiles: {5.30: []}}", "server: {stream: 5.30, profiles: {}}"),
        ("      platform: [el8]\n", "      platform:\n"),
        ("modified: 2020-05-01T00:00Z", "modified: 202005010000"),
        ("stream: 5.24,", "stream: on,"),
    ] {
        let text = INDEX.replacen(from, to, 1);
        assert!(INDEX.contains(from), "{from}");
        if let Err(error) = parse(&text) {
            panic!("{to}: {error}");
        }
    }
}
