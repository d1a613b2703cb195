//! Whether users of a library break, by `abidiff` and `abipkgdiff` of libabigail and by us.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use heirloom_model::Severity;
use testkit::tool::Tool;

use crate::accepted::Disagreements;
use crate::support::Workshop;
use crate::{CONTENTS, Fact, changed, compare, in_parallel};

const TYPES: &str = include_str!("../mutants/types.spec");

/// A case; what of the source is replaced; by what.
type Mutant = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const CHANGED_TYPES: &[Mutant] = &[
    ("nothing", "", ""),
    ("function gone", "int unbox() { return boxed.get(); }\n", ""),
    ("function come", "int unbox()", "int added() { return 1; }\nint unbox()"),
    ("variable gone", "int table[3] = { 1, 2, 3 };\n", ""),
    ("variable grown", "int table[3] = { 1, 2, 3 };", "int table[4] = { 1, 2, 3, 4 };"),
    ("variable come", "int table[3]", "int more[2] = { 1, 2 };\nint table[3]"),
    ("function to variable", "int unbox() { return boxed.get(); }", "int unbox = 1;"),
    ("function to weak", "int unbox()", "__attribute__((weak)) int unbox()"),
    ("member come", "length width;", "length width; int more;"),
    ("member come at the end", "shape *next;", "shape *next; int more;"),
    ("members swapped", "short a; short b;", "short b; short a;"),
    ("member gone", "short a; short b;", "short a;"),
    ("member's type", "inner *link;", "number *link;"),
    ("member's name", "inner *link;", "inner *chain;"),
    ("member's base type", "int common;", "long common;"),
    ("bit-field", "unsigned flag : 3;", "unsigned flag : 4;"),
    ("array shorter", "inner parts[2];", "inner parts[1];"),
    ("typedef wider", "typedef int length;", "typedef long length;"),
    ("typedef of another kind", "typedef int length;", "typedef float length;"),
    ("typedef renamed", "typedef int length;", "typedef int distance; typedef distance length;"),
    ("union wider", "int i; float f;", "int i; double f;"),
    ("enumerators moved", "RED, GREEN, BLUE", "RED, BLUE, GREEN"),
    ("enumerator come", "RED, GREEN, BLUE", "RED, GREEN, BLUE, BLACK"),
    ("enumerator's value", "RED, GREEN, BLUE", "RED, GREEN, BLUE = 7"),
    ("enum wider", "mode : unsigned char", "mode : int"),
    ("callback's parameter", "int (*call)(int, char)", "int (*call)(int, long)"),
    ("callback's count", "int (*call)(int, char)", "int (*call)(int)"),
    ("virtual functions swapped", "virtual int first() { return 1; } virtual int second() { return 2; }", "virtual int second() { return 2; } virtual int first() { return 1; }"),
    ("virtual function come", "virtual int second() { return 2; }", "virtual int second() { return 2; } virtual int last() { return 3; }"),
    ("base class gone", "struct derived : base { int own;", "struct derived { int own;"),
    ("parameter's type", "int area(shape *s, int scale)", "int area(shape *s, long scale)"),
    ("parameter come", "int area(shape *s, int scale)", "int area(shape *s, int scale, int)"),
    ("parameter's name", "int area(shape *s, int scale)", "int area(shape *s, const int factor)\n#define scale factor\n"),
    ("parameters end", "int many(const char *format, ...)", "int many(const char *format)"),
    ("result's type", "int use(int x)", "long use(int x)"),
    ("template's argument", "box<int> boxed;", "box<float> boxed;"),
    ("private type", "int private_part;", "int more; int private_part;"),
    ("unknown type", "struct unknown *u", "struct stranger *u"),
    ("method gone", "int third() { return 3; }", ""),
    ("library's template", "v.push_back(x); return v.size();", "return x;"),
    ("pointer to constant", "inner *link;", "const inner *link;"),
    ("unsigned for signed", "short a; short b;", "unsigned short a; short b;"),
    ("unused type come", "struct hidden", "typedef long wide;\nstruct hidden"),
    ("class for struct", "struct derived : base { int own;", "class derived : public base { public: int own;"),
    ("member made private", "struct inner { short a; short b; };", "struct inner { short a; private: short b; };"),
    ("enumerator gone", "RED, GREEN, BLUE", "RED, GREEN"),
    ("enumerator renamed", "RED, GREEN, BLUE", "RED, GREEN, NAVY"),
    ("virtual function come first", "virtual int first()", "virtual int zeroth() { return 0; } virtual int first()"),
    ("destructor no longer virtual", "virtual ~base() {}", "~base() {}"),
    ("virtual base", "struct derived : base", "struct derived : virtual base"),
    ("second base", "struct derived : base", "struct other { int more; };\nstruct derived : base, other"),
    ("reference for pointer", "derived *both(derived *d) { return d; }", "derived *both(derived &d) { return &d; }"),
    ("pointer to pointer", "derived *both(derived *d) { return d; }", "derived *both(derived **d) { return *d; }"),
    ("result by value", "derived *both(derived *d) { return d; }", "inner both(derived *d) { return inner(); }"),
    ("static member come", "struct inner { short a;", "struct inner { static int shared; short a;"),
    ("alignment", "struct inner {", "struct alignas(16) inner {"),
    ("packed", "struct shape {", "struct __attribute__((packed)) shape {"),
    ("anonymous union", "number value;", "union { int i; long l; }; number value;"),
    ("signed bit-field", "unsigned flag : 3;", "signed flag : 3;"),
    ("flag for character", "colour paint;", "bool paint;"),
    ("variable's type", "int table[3]", "unsigned table[3]"),
    ("variable made constant", "int table[3]", "extern const int table[3];\nconst int table[3]"),
    ("array of another shape", "inner parts[2];", "inner parts[1][2];"),
    ("callback's result", "int (*call)(int, char)", "void (*call)(int, char)"),
    ("parameter made constant", "int use(int x)", "int use(const int x)"),
    ("pointed-to parameter made constant", "int area(shape *s, int scale)", "int area(const shape *s, int scale)"),
    ("typedef inlined", "length width;", "int width;"),
    ("member's array to pointer", "inner parts[2];", "inner *parts;"),
    ("struct to union", "struct inner { short a; short b; };", "union inner { short a; short b; };"),
    ("nothing returned", "int use(int x) { std::vector<int> v; v.push_back(x); return v.size(); }", "void use(int x) { std::vector<int> v; v.push_back(x); }"),
    ("code", "return s->width * scale", "return s->width + scale"),
];

/// Symbols and their versions.
#[rustfmt::skip]
const CHANGED_SYMBOLS: &[Mutant] = &[
    ("versioned function gone", " extra;", ""),
    ("versioned function come", " extra;", " extra; spare;"),
    ("no default version", "modern@@LIB_2", "modern@LIB_2"),
    ("version renamed", "LIB_1", "LIB_9"),
    ("other SONAME", "-soname,libcontents.so.1", "-soname,libcontents.so.2"),
    ("start file's symbol", " edata;", ""),
    ("Ada's own symbol", " secret__B1s;", ""),
];

#[test]
fn abidiff_and_we_agree_on_who_breaks() {
    let shop = Workshop::new();
    let found = Mutex::new(Disagreements::default());
    let ask = |case: &str, reference: &Built, rebuilt: &Built| {
        let compared = compare(&reference.package, &rebuilt.package);
        let ours = breaks(compared.findings.iter().any(|finding| finding.severity == Severity::Incompatible));
        let theirs = judged(&["abidiff"], &reference.library, &rebuilt.library);
        let of_packages = judged(&["abipkgdiff", "--private-dso"], &reference.package, &rebuilt.package);
        let mut found = found.lock().unwrap();
        // It asks the same engine about the libraries that it finds: where it does not say what that says, it
        // is of interest for itself.
        found.add("abipkgdiff", case, of_packages, theirs.clone());
        found.add("abidiff", case, theirs, ours);
    };
    let types = |name: &str, spec: &str| {
        let package = shop.build(name, spec, &[("flags", "-g -O0"), ("where", "one")]);
        Built::new(package, "libtypes.so.1")
    };
    let base = types("types", TYPES);
    in_parallel(CHANGED_TYPES, |index, (case, from, to)| {
        ask(case, &base, &types(&format!("types{index}"), &changed(TYPES, &[(from, to)])));
    });
    let symbols = |name: &str, spec: &str| {
        Built::new(shop.build(name, spec, &[("flags", "-g -O0")]), "libcontents.so.1")
    };
    let base = symbols("symbols", CONTENTS);
    in_parallel(CHANGED_SYMBOLS, |index, (case, from, to)| {
        ask(case, &base, &symbols(&format!("symbols{index}"), &changed(CONTENTS, &[(from, to)])));
    });
    let found = found.into_inner().unwrap();
    found.check(&["abidiff", "abipkgdiff"]);
}

/// A package, and the library in it.
struct Built {
    package: PathBuf,
    library: PathBuf,
}

impl Built {
    fn new(package: PathBuf, library: &str) -> Self {
        let dir = package.with_file_name("unpacked");
        std::fs::create_dir(&dir).unwrap();
        let unpack = ["-c", "rpm2cpio \"$1\" | cpio -id --quiet", "sh"];
        Tool::new("sh").args(unpack).arg(&package).dir(&dir).run().unwrap();
        let library = dir.join("usr/lib64").join(library);
        assert!(library.exists(), "{}", library.display());
        Self { package, library }
    }
}

fn breaks(yes: bool) -> BTreeSet<Fact> {
    yes.then(|| ("breaks".to_owned(), String::new())).into_iter().collect()
}

/// What its exit code says: 1 and 2 are its own failures, 4 a change of the interface, 8 one that breaks for
/// certain. What is only added is not counted, as it breaks nobody. Without `--private-dso` abipkgdiff passes
/// over libraries whose SONAME the package does not provide, as the samples' do not.
fn judged(tool: &[&str], reference: &Path, rebuilt: &Path) -> BTreeSet<Fact> {
    let [program, args @ ..] = tool else { panic!("no tool") };
    let output =
        Command::new(program).args(args).arg("--no-added-syms").arg(reference).arg(rebuilt).output().unwrap();
    let code = output.status.code().unwrap();
    assert_eq!(code & 3, 0, "{tool:?}: {}", String::from_utf8_lossy(&output.stderr));
    breaks(code != 0)
}
