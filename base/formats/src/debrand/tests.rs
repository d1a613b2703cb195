use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::definition::DefinitionError;

const HEAD: &str = "[[rule]]\npurpose = \"p\"\n";

fn rule(text: &str) -> Result<Rule, DefinitionError> {
    parse(&format!("{HEAD}{text}\n"), Path::new("all.toml")).map(|mut rules| rules.remove(0))
}

/// Line, column, message and hint.
fn refused(text: &str) -> (usize, usize, String, String) {
    match parse(text, Path::new("all.toml")) {
        Err(DefinitionError::Wrong { line, column, message, hint, .. }) => (line, column, message, hint),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn rules_keep_their_order_and_lines() {
    let text = format!(
        "{HEAD}every = true\npackages = [\"a*\"]\nwhen = {{ version = \">= 1:2-3, < 4\", branch = \"c9*\" }}\ndelete_file = {{ name = \"x\" }}\n\n{HEAD}[rule.set_tag]\ntag = \"URL\"\nvalue = \"y\"\n"
    );
    let rules = parse(&text, Path::new("all.toml")).unwrap();
    assert_eq!(rules.iter().map(|rule| rule.line).collect::<Vec<_>>(), [1, 8]);
    assert_eq!(
        (rules[0].every, rules[0].builds_on_earlier, &rules[0].packages[..]),
        (true, false, &["a*".to_owned()][..])
    );
    assert_eq!(rules[0].when.branch.as_deref(), Some("c9*"));
    assert_eq!(
        rules[1].action,
        Action::SetTag(SetTag { tag: "URL".to_owned(), value: "y".to_owned(), subpackage: None })
    );
    assert_eq!(parse("", Path::new("all.toml")).unwrap(), []);
}

#[test]
fn faults_have_their_place_and_a_suggestion() {
    let (line, column, message, hint) =
        refused(&format!("{HEAD}replase = {{ text = \"a\", with = \"b\" }}\n"));
    assert_eq!((line, column, &*hint), (3, 1, "did you mean `replace`?"));
    assert!(message.starts_with("unknown field `replase`"), "{message}");
    let (line, column, message, hint) =
        refused(&format!("{HEAD}replace = {{ text = \"a\", wth = \"b\" }}\n"));
    assert_eq!((line, column, &*hint), (3, 25, "did you mean `with`?"), "{message}");
    let (line, _, message, _) = refused("[[rule]]\ndelete_file = { name = \"x\" }\n");
    assert_eq!((line, &*message), (1, "missing field `purpose`"));
    let (line, _, message, _) = refused(&format!("{HEAD}when = {{ version = \"2\" }}\n"));
    assert_eq!(line, 3);
    assert_eq!(message, "`2` is no range of versions, expected for example `>= 590-1, < 600`");
    let (line, column, message, hint) = refused(HEAD);
    assert_eq!((line, column, &*message), (2, 11, "this rule has no action"));
    assert!(hint.contains("replace"), "{hint}");
}

#[test]
fn values_that_can_not_be_are_told() {
    for (text, message) in [
        (
            "delete_file = { name = \"a\" }\nadd_file = { name = \"b\", text = \"\" }",
            "this rule has several actions",
        ),
        ("replace = { with = \"b\" }", "expected `text` or `regex`"),
        ("replace = { text = \"a\", regex = \"a\", with = \"b\" }", "`text` and `regex` can't both be given"),
        ("replace = { text = \" \", with = \"b\" }", "`text` is empty"),
        ("replace = { regex = \"(a\", with = \"b\" }", "`(a` is no regular expression: unclosed group"),
        (
            "replace = { text = \"a\", with = \"b\", lines = \"[\" }",
            "`[` is no regular expression: unclosed character class",
        ),
        ("replace = { text = \"a\", with = \"b\", count = 0 }", "0 times is never"),
        ("delete_lines = { text = \"a\", file = \"../a\" }", "`../a` is no file of a source package"),
        ("add_lines = { text = \"a\", section = \"prep\" }", "expected one of `at`, `before` and `after`"),
        ("add_lines = { text = \"a\", at = \"end\" }", "`at` needs a `section`"),
        (
            "add_lines = { text = \"a\", at = \"end\", section = \"prep\", file = \"a\" }",
            "only the spec file has sections",
        ),
        ("set_tag = { tag = \"a b\", value = \"b\" }", "`a b` is no tag"),
        ("set_tag = { tag = \"a\", value = \"b\\nc\" }", "`value` has several lines"),
        ("add_source = { name = \"a\", strip = 1 }", "`strip` and `prep` belong to patches"),
        ("add_patch = { name = \"a\", content = \"../a\" }", "`../a` is no file beside the rules"),
        ("remove_patch = {}", "expected either `name` or `number`"),
        (
            "replace_source = { name = \"a\", by = \"b/c\", content = \"d\" }",
            "`b/c` is no file of a source package",
        ),
        ("add_file = { name = \"a\" }", "expected `content` or `text`"),
        ("release = { suffix = \".kes.1\" }", "`.kes.1` can't be the suffix of a release"),
        ("changelog = { author = \"A\", text = \"b\" }", "`A` is no author"),
        ("changelog = { author = \"A <a>\", text = [] }", "the entry has no text"),
        (
            "changelog = { author = \"A <a>\", text = \"b\", date = \"2023-02-29\" }",
            "`2023-02-29` is no date: expected a day of the calendar such as `2027-06-30`",
        ),
        ("set_macro = { name = \"%a\", value = \"b\" }", "`%a` can't be the name of a macro"),
        ("run = { script = \"/bin/sh\", sha256 = \"0\" }", "`/bin/sh` is no file beside the rules"),
        ("packages = []\ndelete_file = { name = \"a\" }", "a rule for no package does nothing"),
    ] {
        let (_, _, found, hint) = refused(&format!("{HEAD}{text}\n"));
        assert_eq!(found, message, "{text}");
        assert!(!hint.is_empty(), "{text}");
    }
    assert!(
        refused("[[rule]]\npurpose = \"a\\nb\"\ndelete_file = { name = \"a\" }\n")
            .2
            .contains("purpose of one line")
    );
    assert!(rule("run = { script = \"a\", sha256 = \"0\" }").is_err());
}

#[test]
fn ranges_compare_as_rpm_does() {
    let has = |range: &str, evr: &str| {
        let evr: heirloom_model::Evr = evr.parse().unwrap();
        VersionRange::try_from(range.to_owned()).unwrap().has(evr.epoch(), evr.version(), Some(evr.release()))
    };
    for (range, evr, expected) in [
        (">= 590-1, < 600", "590-4.el9", true),
        (">= 590-1, < 600", "600-0", false),
        (">= 590-1, < 600", "1:590-4", false),
        ("= 1.0", "1.00-7", true),
        ("= 1.0-7", "1.0-7.el9", false),
        ("> 1.0", "1.0-7", false),
        ("<= 1.0", "1.0-7", true),
        ("< 2", "2~rc1-1", true),
        (">= 1:0", "1:1-1", true),
    ] {
        assert_eq!(has(range, evr), Some(expected), "{range} {evr}");
    }
    let range = VersionRange::try_from(">= 2-1, < 3".to_owned()).unwrap();
    assert_eq!(
        [range.has(0, "2", None), range.has(0, "2.1", None), range.has(0, "3", None)],
        [None, Some(true), Some(false)]
    );
    for wrong in ["", "1", ">=", ">= 1,", "=> 1", ">= a:1", ">= 1-", "~ 2", ">= 1 2"] {
        assert!(VersionRange::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}

#[test]
fn converted_texts_survive_toml() {
    let text = r#"replace { file: "a" with_inline: "it's \"a\"\\b\n\ttab\x01 ${1}\n\n\"\"\"\n" } delete { file: 'C:\\"x"' }"#;
    let converted = srpmproc::convert(text, "a.cfg", "p", None, &|_| None).unwrap();
    let rules = parse(&converted.rules, Path::new("p.toml"));
    // The second name can't be a file, but it must be read as it was written.
    assert!(rules.unwrap_err().to_string().contains("`C:\\\"x\"` is no file"));
    let first = converted.rules.split("\n\n[[rule]]").next().unwrap();
    let Action::ReplaceFile(replace) = &parse(first, Path::new("p.toml")).unwrap()[0].action else {
        panic!("{first}")
    };
    assert_eq!(replace.text.as_deref(), Some("it's \"a\"\\b\n\ttab\u{1} ${1}\n\n\"\"\"\n"));
}

#[test]
fn the_examples_of_the_documentation_are_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/debranding.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut actions = std::collections::BTreeSet::new();
    for block in text.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()) {
        if block.starts_with("[[rule]]") {
            parse(block, Path::new("docs")).unwrap();
        } else if block.starts_with("when") {
            rule(&format!("{block}delete_file = {{ name = \"a\" }}")).unwrap();
        } else {
            for line in block.lines() {
                rule(line).unwrap_or_else(|error| panic!("{line}: {error}"));
                actions.insert(line.split(' ').next().unwrap());
            }
        }
    }
    assert_eq!(actions.len(), 19, "each action has an example: {actions:?}");
}

proptest! {
    #[test]
    fn rules_never_panic(text in "\\PC{0,200}", cut in 0usize..90) {
        let whole = format!("{HEAD}replace = {{ text = \"a\", with = \"b\", count = 2, file = [\"*.c\"] }}\nwhen = {{ version = \"> 1\" }}");
        let _ = parse(&text, Path::new("a.toml"));
        let cut = cut.min(whole.len());
        let _ = parse(&format!("{}{text}{}", &whole[..cut], &whole[cut..]), Path::new("a.toml"));
    }

    #[test]
    fn conversions_never_panic_and_give_rules(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "replace {", "}", "file: \"a\"", "with_inline: 'x\\n'", "spec_change {", "search_and_replace <", ">", "any: true", "find: \"é\"",
            "n: -1", "append { field: \"%prep\" value: \"y\" }", "[", "]", ",", "\"", "\\", "patch { file: \"d\" }", "# c\n", "\n", ":", "type: Patch",
        ]), 0..20),
        diff in "(@@ -1,?[0-9]? \\+1,2 @@|--- a/x|\\+\\+\\+ b/x|[-+ \\\\]é?a|\n){0,12}",
    ) {
        let read = |_: Content<'_>| Some(diff.clone().into_bytes());
        if let Ok(converted) = srpmproc::convert(&parts.join(" "), "a.cfg", "p", Some("r9"), &read) {
            let _ = parse(&converted.rules, Path::new("p.toml"));
            prop_assert!(converted.rules.is_empty() || toml::from_str::<toml::Table>(&converted.rules).is_ok());
        }
        let _ = autopatch::convert(&parts.join("\n"), "a", "p", Some("a9"), &read);
    }
}
