//! Debugging data that leads in circles, to nowhere, or to the same place a million times. Libraries whose code
//! differs are made by the assembler, with one exported variable and one function each.

use std::fmt::Write as _;
use std::path::Path;

use heirloom_model::{Severity, Verdict};

use crate::samples::run;
use crate::support::{Shop, Tree, compare, compare_apart};

/// Tag, whether it has children, attributes with forms.
type Abbreviation = (u32, u32, &'static [(u32, u32)]);

/// Abbreviations by number.
const ABBREVIATIONS: [Abbreviation; 18] = [
    (0x11, 1, &[]),                                                                     // 1 unit
    (0x34, 0, &[(0x03, 0x08), (0x49, 0x13), (0x02, 0x18)]), // 2 variable: name, type, location
    (0x16, 0, &[(0x49, 0x13)]),                             // 3 typedef
    (0x13, 1, &[(0x03, 0x08), (0x0b, 0x0b)]),               // 4 structure: name, size
    (0x0d, 0, &[(0x03, 0x08), (0x49, 0x13), (0x38, 0x0b)]), // 5 member: name, type, place
    (0x2e, 0, &[(0x47, 0x13), (0x11, 0x01)]),               // 6 function: specification, address
    (0x26, 0, &[(0x49, 0x13)]),                             // 7 const
    (0x2e, 0, &[(0x31, 0x13), (0x11, 0x01)]),               // 8 function: abstract origin, address
    (0x1c, 0, &[(0x49, 0x13), (0x38, 0x0b)]),               // 9 inheritance: type, place
    (0x01, 1, &[(0x49, 0x13)]),                             // 10 array
    (0x0f, 0, &[(0x49, 0x13)]),                             // 11 pointer
    (0x13, 0, &[(0x3c, 0x19), (0x69, 0x13)]),               // 12 declaration: signature
    (0x13, 1, &[(0x01, 0x13), (0x03, 0x08)]),               // 13 structure: sibling, name
    (0x33, 1, &[]),                                         // 14 variant part
    (0x21, 0, &[(0x49, 0x13)]),                             // 15 range
    (0x0d, 0, &[(0x49, 0x13), (0x38, 0x07), (0x0c, 0x07), (0x0d, 0x07), (0x0b, 0x07)]), // 16 bit field
    (0x39, 1, &[]),                                         // 17 namespace
    (0x15, 1, &[(0x49, 0x13)]),                             // 18 function type: what it returns
];

/// A case's name; the entries; whether its types can't be compared.
type Case = (&'static str, &'static str, bool);

/// In entries, `N>label` is entry N with a type that is at the label, and `N` any other.
const CASES: [Case; 27] = [
    ("nothing hostile", "t: 4 'name' =8; 5 'a' >u =0; end; u: 11 >t", false),
    ("a typedef of itself", "t: 3 >t", true),
    ("typedefs of each other", "t: 3 >u; u: 3 >t", true),
    ("qualifiers of each other", "t: 7 >u; u: 3 >v; v: 7 >t", true),
    ("a range of itself", "t: 15 >t", true),
    ("a structure in itself", "t: 4 'name' =8; 5 'a' >t =0; end", false),
    (
        "structures in each other",
        "t: 4 'name' =8; 5 'a' >u =0; end; u: 4 'other' =8; 5 'b' >t =0; end",
        false,
    ),
    ("a class that inherits itself", "t: 4 'name' =8; 9 >t =0; end", false),
    ("an array of itself", "t: 10 >t; end", false),
    ("a pointer to itself", "t: 11 >t", false),
    ("a function that returns itself", "t: 18 >t; end", false),
    ("a declaration that is its own definition", "t: 12 >t", false),
    ("declarations that define each other", "t: 12 >u; u: 12 >t", true),
    ("a typedef of what is nowhere", "t: 3 >nowhere", true),
    ("a typedef of the middle of another", "t: 3 >t+2", true),
    ("a typedef of the unit", "t: 3 >root", false),
    ("a sibling before it", "t: 13 >t 'name'; 5 'a' >t =0; end", false),
    ("a sibling behind the end", "t: 13 >nowhere 'name'; 5 'a' >t =0; end", false),
    ("variant parts in each other", "t: 4 'name' =8; deep14; end", true),
    ("a function that specifies itself", "t: 11 >t; s: 6 >s @", false),
    ("functions that specify each other", "t: 11 >t; s: 6 >r @; r: 6 >s @", false),
    ("a function that is its own origin", "t: 11 >t; s: 8 >s @", false),
    ("a bit field at the end of all bits", "t: 4 'name' =8; 16 >t # # # #; end", false),
    ("structures in structures", "t: 4 'name' =8; deep4; end", false),
    ("namespaces in namespaces", "t: 11 >t; deep17", false),
    ("an unknown abbreviation", "t: 11 >t; 99", true),
    ("children that do not end", "t: 4 'name' =8; 5 'a' >t =0", false),
];

/// The source of a library; `number` is what differs between two of them.
fn source(entries: &str, number: usize) -> String {
    let mut text = String::from(".section .debug_abbrev,\"\",%progbits\n");
    for (index, (tag, children, attributes)) in ABBREVIATIONS.iter().enumerate() {
        write!(text, ".uleb128 {}, {tag}, {children}", index + 1).unwrap();
        attributes.iter().for_each(|(name, form)| write!(text, ", {name}, {form}").unwrap());
        text.push_str(", 0, 0\n");
    }
    text.push_str(".uleb128 0\n.section .debug_info,\"\",%progbits\n.Linfo: .4byte .Lend - .Lstart\n.Lstart: .2byte 4\n");
    text.push_str(".4byte 0\n.byte 8\n.Lroot: .uleb128 1\n.uleb128 2\n.string \"v\"\n.4byte .Lt - .Linfo\n");
    text.push_str(".uleb128 9\n.byte 3\n.8byte v\n");
    for word in entries.split_whitespace() {
        let word = word.trim_end_matches(';');
        let line = match word.split_at(1) {
            ("'", name) => format!(".string \"{}\"", name.trim_end_matches('\'')),
            (">", "nowhere") => ".4byte 0x7ffffff0".to_owned(),
            (">", label) => format!(".4byte .L{label} - .Linfo"),
            ("=", number) => format!(".byte {number}"),
            ("@", _) => ".8byte f".to_owned(),
            ("#", _) => ".8byte 0xfffffffffffffff1".to_owned(),
            _ if word == "end" => ".byte 0".to_owned(),
            _ if word.starts_with("deep") => deep(&word[4..]),
            _ if word.ends_with(':') => format!(".L{word}"),
            _ => format!(".uleb128 {word}"),
        };
        writeln!(text, "{line}").unwrap();
    }
    // What differs in the debugging data too comes last.
    writeln!(text, ".uleb128 4\n.string \"last{number}\"\n.byte 8\n.byte 0\n.byte 0\n.Lend:").unwrap();
    text + &exports(number)
}

fn exports(number: usize) -> String {
    format!(
        ".text\n.globl f\n.type f, %function\nf: .8byte {number}\n.size f, 8\n\
         .data\n.globl v\n.type v, %object\nv: .8byte {number}\n.size v, 8\n"
    )
}

/// A hundred thousand entries in each other.
fn deep(abbreviation: &str) -> String {
    let rest = if abbreviation == "4" { ".string \"n\"\n.byte 1\n" } else { "" };
    format!(".rept 100000\n.uleb128 {abbreviation}\n{rest}.endr\n.rept 100000\n.byte 0\n.endr")
}

fn assembled(dir: &Path, source: &str) -> Vec<u8> {
    std::fs::write(dir.join("a.s"), source).unwrap();
    run(dir, "gcc -shared -nostdlib -Wl,--build-id a.s -o a.so");
    std::fs::read(dir.join("a.so")).unwrap()
}

#[test]
fn circles_end_and_are_no_evidence() {
    let (dir, shop) = (tempfile::tempdir().unwrap(), Shop::new());
    let mut wrong = Vec::new();
    for (name, entries, unknown) in CASES {
        let of = |number| {
            let library = assembled(dir.path(), &source(entries, number));
            shop.package(&Tree::from([("/usr/lib64/a.so".to_owned(), library)]))
        };
        let (reference, rebuilt) = (of(1), of(2));
        let outcome = compare_apart(&reference, &rebuilt);
        let told = outcome
            .findings
            .iter()
            .find(|[rule, severity, ..]| rule == "types-unknown" && severity == "Undecided");
        let reason =
            told.is_some_and(|[_, _, subject, found]| subject == "/usr/lib64/a.so" && !found.is_empty());
        let undecided = outcome.verdict == Verdict::Undecided.to_string();
        if unknown != reason || unknown && !undecided {
            wrong.push(format!("{name}: {outcome:#?}"));
        }
        assert!(outcome.verdict != Verdict::Identical.to_string(), "{name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is before and behind the abbreviations and units of a library that has nothing else.
fn tables(abbreviations: &str, units: &str, number: usize) -> String {
    let sections = [("abbrev", abbreviations), ("info", units)];
    let all: String = sections
        .iter()
        .map(|(name, text)| format!(".section .debug_{name},\"\",%progbits\n{text}\n"))
        .collect();
    all + &exports(number)
}

#[test]
fn tables_that_many_units_share_take_no_memory() {
    const ENTRIES: &str =
        ".set n, 0\n.rept 60000\n.uleb128 16384 + n, 0x11, 0, 0, 0\n.set n, n + 1\n.endr\n.byte 0";
    let unit = |offset: &str, code: &str| {
        format!(
            ".set n, 0\n.rept 30000\n.4byte 10\n.2byte 4\n.4byte {offset}\n.byte 8\n.uleb128 {code}\n.set n, n + 1\n.endr"
        )
    };
    let attributes = ".uleb128 1, 0x11, 0\n.rept 100000\n.uleb128 0x3c, 0x19\n.endr\n.byte 0, 0, 0";
    let small = ".4byte 8\n.2byte 4\n.4byte 0\n.byte 8\n.uleb128 1";
    let cases = [
        ("one table of all units", ENTRIES, unit("0", "16384"), ""),
        ("a table in the other", ENTRIES, unit("7 * n", "16384 + n"), "overlap"),
        ("attributes without end", attributes, small.to_owned(), "attributes"),
        ("a unit behind the end", ENTRIES, small.replacen('8', "0x7ffffff0", 1), " "),
        ("a table behind the end", ENTRIES, unit("0x7ffffff0", "1"), " "),
        ("a unit of an unknown version", ENTRIES, small.replacen(".2byte 4", ".2byte 77", 1), " "),
    ];
    let (dir, shop) = (tempfile::tempdir().unwrap(), Shop::new());
    for (name, abbreviations, units, why) in cases {
        let of = |number| {
            let library = assembled(dir.path(), &tables(abbreviations, &units, number));
            shop.package(&Tree::from([("/usr/lib64/a.so".to_owned(), library)]))
        };
        let outcome = compare_apart(&of(1), &of(2));
        if why.is_empty() {
            assert!(
                outcome.findings.iter().all(|[rule, ..]| rule != "types-unknown"),
                "{name}: {outcome:#?}"
            );
        } else {
            outcome.undecided("types-unknown", "/usr/lib64/a.so", why);
        }
    }
}

#[test]
fn circles_of_other_lengths_are_given_up() {
    let (dir, shop) = (tempfile::tempdir().unwrap(), Shop::new());
    let of = |count: usize| {
        let mut source = String::new();
        for index in 0..count {
            writeln!(source, "struct s{index} {{ struct s{} *next; }};", (index + 1) % count).unwrap();
        }
        writeln!(source, "struct s0 start = {{ (void *){count} }};").unwrap();
        std::fs::write(dir.path().join("a.c"), source).unwrap();
        run(dir.path(), "gcc -g -fPIC -shared -nostdlib -Wl,--build-id a.c -o a.so");
        let library = std::fs::read(dir.path().join("a.so")).unwrap();
        shop.package(&Tree::from([("/usr/lib64/a.so".to_owned(), library)]))
    };
    let outcome = compare_apart(&of(2503), &of(2521));
    outcome.undecided("types-unknown", "/usr/lib64/a.so", "more types can be reached");
}

#[test]
fn structures_with_other_members_altogether_are_compared() {
    const MEMBERS: usize = 60_000;
    let (dir, shop) = (tempfile::tempdir().unwrap(), Shop::new());
    let of = |name: char| {
        let members: String = (0..MEMBERS).map(|index| format!("int {name}{index};\n")).collect();
        let source = format!("struct s {{ {members} }};\nstruct s start = {{ '{name}' }};\n");
        std::fs::write(dir.path().join("a.c"), source).unwrap();
        run(dir.path(), "gcc -g -fPIC -shared -nostdlib -Wl,--build-id a.c -o a.so");
        let library = std::fs::read(dir.path().join("a.so")).unwrap();
        shop.package(&Tree::from([("/usr/lib64/a.so".to_owned(), library)]))
    };
    let outcome = compare_apart(&of('a'), &of('b'));
    assert!(outcome.findings.iter().any(|[rule, ..]| rule == "types"), "{outcome:#?}");
}

/// Many types, each with many entries inside of it, each compared with each.
#[test]
fn large_types_in_circles_are_given_up() {
    let (dir, shop) = (tempfile::tempdir().unwrap(), Shop::new());
    let of = |count: usize| {
        let mut source = String::new();
        for index in 0..count {
            let inner: String = (0..100).map(|inner| format!("int f{inner}(int, int, int);")).collect();
            writeln!(source, "struct s{index} {{ struct s{} *next; {inner} }};", (index + 1) % count)
                .unwrap();
        }
        writeln!(source, "extern \"C\" {{ s0 start = {{ (s1 *){count} }}; }}").unwrap();
        std::fs::write(dir.path().join("a.cc"), source).unwrap();
        run(dir.path(), "g++ -g -fPIC -shared -nostdlib -Wl,--build-id a.cc -o a.so");
        let library = std::fs::read(dir.path().join("a.so")).unwrap();
        shop.package(&Tree::from([("/usr/lib64/a.so".to_owned(), library)]))
    };
    let outcome = compare_apart(&of(601), &of(607));
    outcome.undecided("types-unknown", "/usr/lib64/a.so", "more types can be reached");
}

#[test]
fn debugging_data_with_wrong_bytes_is_read_to_an_end() {
    const EACH: usize = 40;
    let (dir, shop) = (tempfile::tempdir().unwrap(), Shop::new());
    let of = |number: usize| assembled(dir.path(), &source(CASES[0].1, number));
    let (reference, rebuilt) = (of(1), of(2));
    let sections = ["debug_info", "debug_abbrev"];
    for section in sections {
        std::fs::write(dir.path().join("a.so"), &rebuilt).unwrap();
        run(dir.path(), &format!("objcopy --dump-section .{section}=dumped a.so"));
        let dumped = std::fs::read(dir.path().join("dumped")).unwrap();
        let at = rebuilt.windows(dumped.len()).position(|window| window == dumped).unwrap();
        let (mut whole, mut changed) = (Tree::new(), Tree::new());
        for index in 0..EACH {
            let mut library = rebuilt.clone();
            library[at + index * dumped.len() / EACH] ^= [0xff, 1, 0x80, 0x7f][index % 4];
            let path = format!("/usr/lib64/{index}.so");
            whole.insert(path.clone(), reference.clone());
            changed.insert(path, library);
        }
        let compared = compare(&shop.package(&whole), &shop.package(&changed));
        assert!(compared.verdict >= Verdict::AbiCompatible, "{section}: {}", compared.verdict);
        assert!(
            compared.findings.iter().any(|f| f.rule == "types-unknown" && f.severity == Severity::Undecided)
        );
    }
}
