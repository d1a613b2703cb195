//! The same facts as readelf reads, of libraries and programs that this machine has, and of files that gcc
//! makes here: another word size, every kind of symbol, every way of hardening.

#![expect(clippy::unwrap_used, reason = "what fails here is meant to fail the test")]

#[path = "readelf/reader.rs"]
mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use heirloom_elf::{Binding, Elf, Kind, ObjectKind, Symbol};
use testkit::tool::Tool;

/// What is known of a file, by the name of the fact.
type Facts = BTreeMap<&'static str, Vec<String>>;

/// Where readelf shows something else than what we read, and the reason; each is a row of docs/agreement.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    /// The symbol that a version's name makes is shown without that version.
    VersionSymbol,
    /// A variable that a program copied from a library is shown with `@`, although nothing marks its version
    /// as another than the default one.
    CopiedVariable,
    /// In a file that does not claim to be a GNU system's, GNU's kinds and bindings of symbols have no name.
    OsSpecific,
}

impl Row {
    const ALL: [(Self, &'static str); 3] = [
        (Self::VersionSymbol, "readelf-version-symbol"),
        (Self::CopiedVariable, "readelf-copied-variable"),
        (Self::OsSpecific, "readelf-os-specific"),
    ];
}

const EXPLAINED: &str = include_str!("../../../docs/agreement.md");

/// Real files; those that a machine lacks are left out, and one has to be there.
const SYSTEM: &[&str] = &[
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/x86_64-linux-gnu/libm.so.6",
    "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
    "/usr/lib/x86_64-linux-gnu/librpm.so.9",
    "/usr/lib/x86_64-linux-gnu/crti.o",
    "/usr/lib/x86_64-linux-gnu/Scrt1.o",
    "/lib64/libc.so.6",
    "/lib64/libm.so.6",
    "/lib64/libstdc++.so.6",
    "/lib64/libcrypto.so.3",
    "/lib/libc.so.6",
    "/usr/lib32/libc.so.6",
    "/usr/bin/git",
    "/usr/bin/bash",
    "/usr/bin/perl",
    "/usr/bin/readelf",
    "/usr/sbin/ldconfig",
];

#[test]
fn files_of_this_machine() {
    let there: Vec<&Path> = SYSTEM.iter().map(Path::new).filter(|path| path.exists()).collect();
    assert!(!there.is_empty(), "none of {SYSTEM:?} exists");
    let mut seen = BTreeSet::new();
    let wrong: Vec<_> = there.into_iter().flat_map(|path| disagreements(path, &mut seen)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const SOURCE: &str = r#"
int common_data;
int data[3] = { 1, 2, 3 };
const char text[] = "text";
__thread int per_thread = 4;
__attribute__((weak)) int weak(void) { return 1; }
__attribute__((visibility("protected"))) int protected_one(void) { return 2; }
__attribute__((visibility("hidden"))) int hidden(void) { return 3; }
static int chosen(void) { return 4; }
static int (*choose(void))(void) { return chosen; }
int indirect(void) __attribute__((ifunc("choose")));
__asm__(".globl unique_one\n.type unique_one, %gnu_unique_object\n.data\nunique_one: .long 1\n.size unique_one, 4\n.text");
int old_one(void) { return 5; }
int new_one(void) { return 6; }
__asm__(".symver old_one,versioned@LIB_1");
__asm__(".symver new_one,versioned@@LIB_2");
extern int elsewhere(void) __attribute__((weak));
int call(void) { return (elsewhere ? elsewhere() : 0) + hidden() + per_thread; }
"#;
const MAP: &str = "LIB_1 { global: *; };\nLIB_2 { global: call; } LIB_1;\n";
const PROGRAM: &str =
    "#include <stdio.h>\nint main(void) { return fprintf(stdout, \"%p\\n\", (void *)stderr); }\n";

/// A name; which source; the compiler's arguments.
type Made = (&'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const MADE: &[Made] = &[
    ("library", "lib.c", &["-shared", "-fPIC", "-fcommon", "-Wl,-soname,liblibrary.so.1", "-Wl,--version-script=lib.map"]),
    ("plain", "lib.c", &["-shared", "-fPIC", "-Wl,--defsym,versioned=new_one", "-Wl,--version-script=lib.map", "-Wl,-z,lazy,-z,norelro,-z,execstack"]),
    ("old-hash", "lib.c", &["-shared", "-fPIC", "-Wl,--version-script=lib.map", "-Wl,--hash-style=sysv", "-Wl,-z,now"]),
    ("run-path", "lib.c", &["-shared", "-fPIC", "-Wl,--version-script=lib.map", "-Wl,-rpath,/opt/a:/opt/b", "-Wl,--no-as-needed", "-lm"]),
    ("old-run-path", "lib.c", &["-shared", "-fPIC", "-Wl,--version-script=lib.map", "-Wl,--disable-new-dtags,-rpath,/opt/a"]),
    ("branches", "lib.c", &["-shared", "-fPIC", "-fcf-protection=full", "-nostdlib", "-Wl,--version-script=lib.map", "-Wl,-z,ibt,-z,shstk"]),
    ("narrow", "lib.c", &["-m32", "-shared", "-fPIC", "-nostdlib", "-Wl,--version-script=lib.map", "-Wl,-soname,libnarrow.so.2"]),
    ("stripped", "lib.c", &["-s", "-shared", "-fPIC", "-Wl,--version-script=lib.map", "-Wl,--build-id=md5"]),
    ("packed", "lib.c", &["-g", "-gz", "-shared", "-fPIC", "-Wl,--version-script=lib.map", "-Wl,--build-id=none"]),
    ("object.o", "lib.c", &["-c", "-fcommon"]),
    ("narrow.o", "lib.c", &["-c", "-m32", "-fcommon"]),
    ("fixed", "main.c", &["-no-pie", "-Wl,-z,now"]),
    ("movable", "main.c", &["-pie", "-fPIE", "-Wl,-z,lazy"]),
    ("static", "main.c", &["-static"]),
    ("static-pie", "main.c", &["-static-pie", "-fPIE"]),
    ("other-loader", "main.c", &["-Wl,--dynamic-linker=/opt/ld.so", "-rdynamic"]),
];

#[test]
fn files_made_here() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in [("lib.c", SOURCE), ("lib.map", MAP), ("main.c", PROGRAM)] {
        std::fs::write(dir.path().join(name), content).unwrap();
    }
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for (name, source, args) in MADE {
        Tool::new("gcc").args(["-o", name]).args([source]).args(*args).dir(dir.path()).run().unwrap();
        wrong.extend(disagreements(&dir.path().join(name), &mut seen));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (row, name) in Row::ALL {
        assert!(seen.contains(&row), "{name} no longer occurs");
        assert!(EXPLAINED.contains(&format!("\n| {name} |")), "docs/agreement.md has no row {name}");
    }
}

/// Where readelf and we read something else, explained rows aside; these are noted.
fn disagreements(path: &Path, seen: &mut BTreeSet<Row>) -> Vec<String> {
    let (theirs, ours) = (reader::readelf(path), ours(path, seen));
    let facts: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
    let mut found = Vec::new();
    for fact in facts.into_iter().filter(|fact| theirs.get(*fact) != ours.get(*fact)) {
        let [theirs, ours] = [&theirs, &ours].map(|facts| facts.get(fact).cloned().unwrap_or_default());
        let only = |one: &[String], other: &[String]| {
            let other: BTreeSet<_> = other.iter().collect();
            one.iter().filter(|value| !other.contains(value)).take(4).cloned().collect::<Vec<_>>()
        };
        let (left, right) = (only(&theirs, &ours), only(&ours, &theirs));
        let counts = (theirs.len(), ours.len());
        found.push(format!(
            "{}: {fact} {counts:?}: only readelf has {left:?}, only we have {right:?}",
            path.display()
        ));
    }
    found
}

fn ours(path: &Path, seen: &mut BTreeSet<Row>) -> Facts {
    let bytes = std::fs::read(path).unwrap();
    let elf = Elf::parse(&bytes).unwrap();
    let header = elf.header();
    let hardening = elf.hardening().unwrap();
    let mut facts = Facts::new();
    let mut put = |fact, values: Vec<String>| drop((!values.is_empty()).then(|| facts.insert(fact, values)));
    let one = |text: Option<&str>| text.map(str::to_owned).into_iter().collect::<Vec<_>>();
    put("class", vec![format!("ELF{}", header.class)]);
    put("little-endian", vec![header.little_endian.to_string()]);
    put("machine", vec![header.machine_name()]);
    put("flags", vec![format!("{:#x}", header.flags)]);
    put(
        "kind",
        vec![
            match header.kind {
                ObjectKind::Relocatable => "REL",
                ObjectKind::Executable => "EXEC",
                ObjectKind::Shared => "DYN",
                other => panic!("{other:?}"),
            }
            .to_owned(),
        ],
    );
    put("interpreter", one(elf.interpreter()));
    put("SONAME", one(elf.soname()));
    put("NEEDED", elf.needed().into_iter().map(str::to_owned).collect());
    put("RUNPATH", one(elf.runpath()));
    put("RPATH", one(elf.rpath()));
    put("build-id", elf.build_id().into_iter().collect());
    put("bind-now", vec![hardening.bind_now.to_string()]);
    put("executable-stack", vec![hardening.executable_stack.to_string()]);
    put("relro", vec![hardening.relro.to_string()]);
    put("stack-protector", vec![hardening.stack_protector.to_string()]);
    put("fortified", hardening.fortified.iter().cloned().collect());
    put("program", vec![elf.is_executable_program().to_string()]);
    put("position-independent", vec![hardening.pie.to_string()]);
    put("branches", hardening.branches.iter().map(ToString::to_string).collect());
    put(
        "segments",
        elf.segments().iter().map(|s| format!("{:#x} {:#x} {}", s.offset, s.file_size, s.flags)).collect(),
    );
    let mut dynamic = |symbols: Vec<Symbol<'_>>| {
        sorted(symbols.iter().map(|symbol| {
            let row = explained(symbol, header.os_abi);
            seen.extend(row);
            format!("{}{}", shown(symbol, row), version(symbol, row))
        }))
    };
    put("exports", dynamic(elf.exports().unwrap()));
    put("imports", dynamic(elf.imports().unwrap()));
    put(
        "symbols",
        sorted(
            elf.symbols()
                .unwrap()
                .iter()
                .filter(|symbol| symbol.kind != Kind::Section)
                .map(|symbol| shown(symbol, None)),
        ),
    );
    put("version-definitions", elf.version_definitions().unwrap().into_iter().collect());
    let needs = elf.version_needs().unwrap();
    put(
        "version-needs",
        needs
            .iter()
            .flat_map(|(library, versions)| {
                versions.iter().map(move |version| format!("{library} {version}"))
            })
            .collect(),
    );
    put(
        "sections",
        elf.sections()
            .unwrap()
            .iter()
            .map(|s| format!("{} {:#x} {:#x}", s.name, s.address, s.offset))
            .collect(),
    );
    facts
}

fn sorted(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut values: Vec<String> = values.collect();
    values.sort();
    values
}

/// The row that says why readelf shows a dynamic symbol in another way.
fn explained(symbol: &Symbol<'_>, os_abi: u8) -> Option<Row> {
    let is_gnu = symbol.kind == Kind::IndirectFunction || symbol.binding == Binding::Unique;
    let is_marked = os_abi == ELFOSABI_GNU;
    match () {
        () if symbol.is_defined && symbol.version == Some(symbol.name) => Some(Row::VersionSymbol),
        () if symbol.is_defined && symbol.library.is_some() => Some(Row::CopiedVariable),
        () if is_gnu && !is_marked => Some(Row::OsSpecific),
        () => None,
    }
}

const ELFOSABI_GNU: u8 = 3;

/// As readelf shows it: value, size, type, binding and name.
fn shown(symbol: &Symbol<'_>, row: Option<Row>) -> String {
    let kind = match symbol.kind {
        Kind::None => "NOTYPE",
        Kind::Object => "OBJECT",
        Kind::Function => "FUNC",
        Kind::File => "FILE",
        Kind::Common => "COMMON",
        Kind::ThreadLocal => "TLS",
        Kind::IndirectFunction if row == Some(Row::OsSpecific) => "<OS specific>: 10",
        Kind::IndirectFunction => "IFUNC",
        other => panic!("{other:?}"),
    };
    let binding = match symbol.binding {
        Binding::Local => "LOCAL",
        Binding::Global => "GLOBAL",
        Binding::Weak => "WEAK",
        Binding::Unique if row == Some(Row::OsSpecific) => "<OS specific>: 10",
        Binding::Unique => "UNIQUE",
        other => panic!("{other:?}"),
    };
    format!("{:x} {} {kind} {binding} {}", symbol.address, symbol.size, symbol.name)
}

fn version(symbol: &Symbol<'_>, row: Option<Row>) -> String {
    match symbol.version {
        None => String::new(),
        Some(_) if row == Some(Row::VersionSymbol) => String::new(),
        Some(version) if symbol.is_defined && symbol.is_default && row != Some(Row::CopiedVariable) => {
            format!("@@{version}")
        }
        Some(version) => format!("@{version}"),
    }
}
