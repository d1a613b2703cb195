//! Reading for components; and, in `index`, whole indexes.

mod index;

use super::*;

const BUILT: &str = r#"---
document: modulemd
version: 2
data:
  name: nodejs
  stream: 1.10
  version: 8080020230101010101
  context: abcdef12
  arch: x86_64
  summary: Javascript runtime
  description: >-
    Text with --- in it,
    and more.
  license:
    module: [MIT]
  dependencies:
  - buildrequires:
      platform: [el8]
  profiles:
    common:
      rpms: [nodejs]
  components:
    rpms:
      nodejs:
        rationale: The runtime.
        repository: git+https://src.example/rpms/nodejs
        cache: https://src.example/lookaside
        ref: stream-18
        buildorder: 10
        arches: [aarch64, x86_64]
      npm-tools:
        rationale: >
          Needed
          by it.
    modules:
      platform: {rationale: x, ref: y}
  artifacts:
    rpms:
    - nodejs-1:18.1.0-1.el8.src
    - nodejs-1:18.1.0-1.el8.x86_64
...
---
document: modulemd-defaults
version: 1
data:
  module: nodejs
  stream: "18"
...
---
document: modulemd-obsoletes
version: 1
data: {modified: 2020-01-01T00:00Z, module: nodejs, stream: "10", message: x}
---
document: modulemd-stream
version: 3
data:
  name: perl
  stream: "5.30"
  summary: Perl
  description: x
  configurations:
  - context: CTX1
    platform: el8
  components:
    rpms:
      perl: {name: perl, rationale: itself, ref: abc}
---
document: modulemd-packager
version: 3
data:
  summary: A packager's
  description: x
  components:
    rpms:
      a: {rationale: x, buildorder: -1, arches: []}
"#;

fn parse(text: &str) -> Result<Modulemd, ModulemdError> {
    Modulemd::parse(Document::new("modules.yaml", text.as_bytes()))
}

#[test]
fn all_kinds_that_name_sources_are_read_and_others_counted() {
    let modulemd = parse(BUILT).unwrap();
    assert_eq!((modulemd.modules.len(), modulemd.skipped), (3, 2));
    let [nodejs, perl, packager] = &modulemd.modules[..] else { panic!("{modulemd:?}") };
    assert_eq!(nodejs.name.as_deref(), Some("nodejs"));
    // Not a number: that would be 1.1.
    assert_eq!(nodejs.stream.as_deref(), Some("1.10"));
    assert_eq!(nodejs.version, Some(8_080_020_230_101_010_101));
    assert_eq!((nodejs.context.as_deref(), nodejs.arch.as_deref()), (Some("abcdef12"), Some("x86_64")));
    assert_eq!(nodejs.summary, "Javascript runtime");
    let names: Vec<_> = nodejs.components.iter().map(|part| (part.name.as_str(), part.build_order)).collect();
    assert_eq!(names, [("npm-tools", 0), ("nodejs", 10)]);
    assert_eq!(nodejs.components[0].rationale, "Needed by it.");
    assert_eq!(nodejs.components[1].reference.as_deref(), Some("stream-18"));
    assert_eq!(nodejs.components[1].arches, ["aarch64", "x86_64"]);
    assert_eq!(nodejs.artifacts[0], "nodejs-1:18.1.0-1.el8.src");
    assert!(nodejs.text.starts_with("---\ndocument: modulemd\n") && !nodejs.text.contains("defaults"));
    assert_eq!(parse(&nodejs.text).unwrap().modules[0], *nodejs);
    assert_eq!((perl.stream.as_deref(), perl.version), (Some("5.30"), None));
    assert_eq!((packager.name.as_deref(), packager.components[0].build_order), (None, -1));
}

#[test]
fn numbers_that_are_names_stay_as_they_are_written() {
    for stream in ["18", "1.10", "0x10", "1e3", "010", "12_3"] {
        let text = BUILT.replace("stream: 1.10", &format!("stream: {stream}"));
        assert_eq!(parse(&text).unwrap().modules[0].stream.as_deref(), Some(stream));
    }
}

#[test]
fn names_file_document_and_line() {
    for (from, to, says) in [
        ("version: 3\ndata:\n  name: perl", "version: 9\ndata:\n  name: perl", "document 4 (line 53)"),
        ("stream: 1.10", "stream: ../x", "can't be a part of a module's name"),
        ("name: nodejs\n", "name: a/b\n", "can't be a part of a module's name"),
        ("npm-tools:", "../npm:", "can't be the name of a component"),
        ("data:\n  module: nodejs", "data: [\n  module: nodejs", "document 2 (line 42)"),
        ("8080020230101010101", "many", "document 1 (line 1)"),
    ] {
        assert!(BUILT.contains(from), "{from}");
        let error = parse(&BUILT.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with("modules.yaml, document") && error.contains(says), "{error}");
    }
}

#[test]
fn bombs_do_not_go_off() {
    let mut bomb = "document: modulemd\nversion: 2\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
    }
    assert!(parse(&format!("{bomb}data: {{name: *a29}}\n")).is_err());
    assert!(parse(&format!("document: modulemd\nversion: 2\ndata: {}", "[".repeat(100_000))).is_err());
    assert!(parse(&"document: x\nversion: 1\n---\n".repeat(MOST_DOCUMENTS + 1)).is_err());
    assert!(parse(&format!("document: x\nversion: 1\nx: {}", "y".repeat(LARGEST))).is_err());
}

proptest::proptest! {
    #[test]
    fn never_panics(cut in 0usize..1800, length in 0usize..200, junk in "[ -~\n&*:{}\\[\\]-]{0,20}") {
        let cut = cut.min(BUILT.len());
        let end = (cut + length).min(BUILT.len());
        let _ = parse(&format!("{}{junk}{}", &BUILT[..cut], &BUILT[end..]));
    }
}
