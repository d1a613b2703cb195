//! Mutants of the types behind a library's exports, with the debugging data that real compilers write.

use std::path::PathBuf;

use heirloom_model::record::Compared;
use heirloom_model::{Evidence, Severity, Verdict};

use crate::support::Workshop;
use crate::{BROKEN, compare, report};

/// Rules and normalisations that this file has mutants for.
pub(crate) const RULES: [&str; 4] = ["types", "types-unknown", "debug-data", "std-instantiations"];
pub(crate) const NORMALISED: [&str; 2] = ["debug-info", "compressed-sections"];

const SPEC: &str = include_str!("types.spec");
const FLAGS: &str = "-g -O0";

fn build(shop: &Workshop, name: &str, spec: &str, flags: &str, place: &str) -> PathBuf {
    shop.build(name, spec, &[("flags", flags), ("where", place)])
}

/// What of the source is replaced; by what; part of the finding that must follow.
type Breaking = (&'static str, &'static str, &'static str);

const BREAKING: &[Breaking] = &[
    ("length width;", "length width; int more;", "struct shape"),
    ("typedef int length;", "typedef long length;", "member width"),
    ("typedef int length;", "typedef float length;", "member width"),
    ("unsigned flag : 3;", "unsigned flag : 4;", "member flag"),
    ("short a; short b;", "short b; short a;", "struct inner, member a"),
    ("short a; short b;", "short a;", "struct inner"),
    ("inner parts[2];", "inner parts[1];", "inner[]"),
    ("int i; float f;", "int i; double f;", "union number"),
    ("RED, GREEN, BLUE", "RED, BLUE, GREEN", "enumerator BLUE"),
    ("mode : unsigned char", "mode : int", "enum mode"),
    ("int (*call)(int, char)", "int (*call)(int, long)", "char"),
    ("int (*call)(int, char)", "int (*call)(int)", "parameters"),
    (
        "virtual int first() { return 1; } virtual int second() { return 2; }",
        "virtual int second() { return 2; } virtual int first() { return 1; }",
        "virtual function",
    ),
    ("struct derived : base { int own;", "struct derived { int own;", "struct derived"),
    ("int common;", "long common;", "member common"),
    ("inner *link;", "number *link;", "inner"),
    ("int area(shape *s, int scale)", "int area(shape *s, long scale)", "int"),
    ("int area(shape *s, int scale)", "int area(shape *s, int scale, int)", "function area"),
    ("int many(const char *format, ...)", "int many(const char *format)", "function many"),
    ("box<int> boxed;", "box<float> boxed;", "boxed"),
    ("int part; int count(int by);", "long part; int count(int by);", "struct left"),
];

/// Changes that harm nobody.
const HARMLESS: &[(&str, &str)] = &[
    ("RED, GREEN, BLUE", "RED, GREEN, BLUE, BLACK"),
    ("int private_part;", "int more; int private_part;"),
    ("int area(shape *s, int scale)", "int area(shape *s, const int factor)\n#define scale factor\n"),
    ("typedef int length;", "typedef int distance; typedef distance length;"),
    ("int third() { return 3; }", ""),
    ("struct unknown *u", "struct stranger *u"),
    ("inner *link;", "inner *chain;"),
    ("v.push_back(x); return v.size();", "return x;"),
];

/// Flags that make other code and other debugging data of the same source.
const COMPILERS: &[&str] = &[
    "-g -O0 -mno-red-zone -fno-stack-protector",
    "-gdwarf-4 -O0",
    "-gdwarf-5 -O0 -fno-omit-frame-pointer -fno-stack-protector",
    "-g -O0 -fdebug-types-section",
    "-g -O0 -gz",
    "-gdwarf-3 -gstrict-dwarf -O0",
    // One function for two classes that have the same code.
    "-g -O2 -fno-inline -fno-ipa-cp -fno-ipa-pure-const -fno-ipa-sra",
    "-g -O0 -fno-gnu-unique",
];

fn findings<'a>(compared: &'a Compared, rule: &str) -> Vec<&'a heirloom_model::Finding> {
    compared
        .findings
        .iter()
        .filter(|finding| finding.rule == rule && finding.severity > Severity::Note)
        .collect()
}

#[test]
fn changed_types() {
    let shop = Workshop::new();
    let base = build(&shop, "base", SPEC, FLAGS, "one");
    let mut wrong = Vec::new();
    for (index, (from, to, expected)) in BREAKING.iter().enumerate() {
        assert!(SPEC.contains(from), "the sample has no `{from}`");
        let mutant = build(&shop, &format!("mutant{index}"), &SPEC.replacen(from, to, 1), FLAGS, "one");
        let compared = compare(&base, &mutant).unwrap();
        let seen = findings(&compared, "types");
        let hit = seen.iter().any(|finding| {
            [&finding.subject, &finding.expected, &finding.found].iter().any(|text| text.contains(expected))
        });
        if compared.verdict != BROKEN || !hit {
            wrong.push(format!("`{from}` to `{to}`: {} with {seen:#?}", compared.verdict));
        }
    }
    report(&wrong);
}

#[test]
fn what_harms_nobody_raises_no_alarm() {
    let shop = Workshop::new();
    let base = build(&shop, "base", SPEC, FLAGS, "one");
    let changed = HARMLESS.iter().map(|(from, to)| {
        assert!(SPEC.contains(from), "the sample has no `{from}`");
        (SPEC.replacen(from, to, 1), FLAGS)
    });
    let compiled = COMPILERS.iter().map(|flags| (SPEC.to_owned(), *flags));
    let mut wrong = Vec::new();
    for (index, (spec, flags)) in changed.chain(compiled).enumerate() {
        let mutant = build(&shop, &format!("mutant{index}"), &spec, flags, "one");
        let compared = compare(&base, &mutant).unwrap();
        let seen: Vec<_> = compared.findings.iter().filter(|f| f.severity > Severity::Different).collect();
        let by_types =
            compared.verdict != Verdict::AbiCompatible || compared.evidence == Some(Evidence::Types);
        if !seen.is_empty() || !by_types || compared.verdict > Verdict::AbiCompatible {
            wrong.push(format!(
                "{index} {flags}: {} {:?} with {seen:#?}",
                compared.verdict, compared.evidence
            ));
        }
    }
    report(&wrong);
}

#[test]
fn debugging_data_is_the_same_wherever_it_was_compiled() {
    let shop = Workshop::new();
    let base = build(&shop, "base", SPEC, FLAGS, "one");
    let moved = compare(&base, &build(&shop, "moved", SPEC, FLAGS, "another/place")).unwrap();
    assert_eq!(
        (moved.verdict, findings(&moved, "debug-data").len()),
        (Verdict::Identical, 0),
        "{:#?}",
        moved.findings
    );
    let recorded = moved.normalisations.iter().find(|used| used.rule == "debug-info").unwrap();
    assert_eq!(recorded.detail, "compilation directory");
    // A name that only debugging data has.
    let spec = SPEC.replacen(
        "int area(shape *s, int scale)",
        "int area(shape *s, int scale_)\n#define scale scale_\n",
        1,
    );
    let renamed = compare(&base, &build(&shop, "renamed", &spec, FLAGS, "one")).unwrap();
    assert_eq!(renamed.verdict, Verdict::AbiCompatible);
    assert!(!findings(&renamed, "debug-data").is_empty(), "{:#?}", renamed.findings);
    assert_eq!(renamed.evidence, Some(Evidence::Types));
}

#[test]
fn instantiations_of_the_library_come_and_go_and_own_ones_do_not() {
    let shop = Workshop::new();
    let base = build(&shop, "base", SPEC, "-g0 -O0", "one");
    let changed = |name: &str, from: &str, to: &str| {
        let mutant = build(&shop, name, &SPEC.replacen(from, to, 1), "-g0 -O0", "one");
        compare(&base, &mutant).unwrap()
    };
    let library = changed("library", "v.push_back(x); return v.size();", "return x;");
    assert!(library.findings.iter().any(|f| f.rule == "std-instantiations" && f.severity == Severity::Note));
    assert_eq!((library.verdict, library.evidence), (Verdict::AbiCompatible, Some(Evidence::Symbols)));
    let own = changed("own", "return boxed.get();", "return boxed.item;");
    assert!(
        findings(&own, "exported-symbols").iter().any(|finding| finding.subject.contains("_ZN3boxIiE3getEv"))
    );
    assert_eq!(own.verdict, BROKEN);
}

#[test]
fn damaged_debugging_data_is_no_evidence() {
    let shop = Workshop::new();
    let base = build(&shop, "base", SPEC, FLAGS, "one");
    let cut = SPEC.replacen("cp libtypes.so.1", "objcopy --dump-section .debug_abbrev=a libtypes.so.1; head -c 20 a > b; objcopy --update-section .debug_abbrev=b libtypes.so.1; cp libtypes.so.1", 1);
    let compared =
        compare(&base, &build(&shop, "cut", &cut.replacen("format != 0", "format == 0", 1), FLAGS, "one"))
            .unwrap();
    let unknown = compared.findings.iter().find(|finding| finding.rule == "types-unknown").unwrap();
    assert_eq!((unknown.severity, compared.verdict), (Severity::Undecided, Verdict::Undecided));
}

#[test]
fn compression_of_debugging_data_means_nothing() {
    let shop = Workshop::new();
    let base = build(&shop, "base", SPEC, FLAGS, "one");
    let packed = SPEC.replacen("%install", "objcopy --compress-debug-sections libtypes.so.1\n%install", 1);
    let compared = compare(&base, &build(&shop, "packed", &packed, FLAGS, "one")).unwrap();
    assert_eq!(compared.verdict, Verdict::Identical, "{:#?}", compared.findings);
    assert!(compared.normalisations.iter().any(|used| used.rule == "compressed-sections"));
}
