//! The same facts as readelf reads, of libraries and programs that this machine has, and of files that gcc
//! makes here: another word size, every kind of symbol, every way of hardening.

#![expect(clippy::unwrap_used, reason = "what fails here is meant to fail the test")]

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
    let (theirs, ours) = (readelf(path), ours(path, seen));
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

fn readelf(path: &Path) -> Facts {
    let text =
        Tool::new("readelf").args(["-W", "-h", "-l", "-d", "-n", "-V", "-s", "-S"]).arg(path).run().unwrap();
    let mut reader = Reader::default();
    text.lines().for_each(|line| reader.line(line));
    reader.finish()
}

/// What has been read of readelf's output so far.
#[derive(Default)]
struct Reader {
    facts: Facts,
    /// The heading below which we are.
    part: String,
    /// The library whose versions follow.
    library: String,
    relro: bool,
    bind_now: bool,
    executable_stack: bool,
}

impl Reader {
    fn put(&mut self, fact: &'static str, value: impl Into<String>) {
        self.facts.entry(fact).or_default().push(value.into());
    }

    fn line(&mut self, line: &str) {
        const HEADINGS: [&str; 8] = [
            "ELF Header:",
            "Section Headers:",
            "Program Headers:",
            "Dynamic section",
            "Symbol table",
            "Version definition",
            "Version needs",
            "Displaying notes",
        ];
        if !line.starts_with(' ') {
            self.part = HEADINGS
                .iter()
                .find(|heading| line.starts_with(**heading))
                .map_or("", |heading| heading)
                .to_owned();
            if line.starts_with("Symbol table '.dynsym'") {
                self.part = "dynsym".to_owned();
            }
            return;
        }
        match self.part.as_str() {
            "ELF Header:" => self.header(line),
            "Section Headers:" => self.section(line),
            "Program Headers:" => self.segment(line),
            "Dynamic section" => self.dynamic(line),
            "Symbol table" => self.symbol(line, false),
            "dynsym" => self.symbol(line, true),
            "Version definition" | "Version needs" => self.version(line),
            "Displaying notes" => self.note(line),
            _ => {}
        }
    }

    fn header(&mut self, line: &str) {
        let Some((name, value)) = line.trim().split_once(':') else { return };
        let value = value.trim();
        match name {
            "Class" => self.put("class", value),
            "Data" => self.put("little-endian", value.contains("little").to_string()),
            "Type" => self.put("kind", value.split(' ').next().unwrap()),
            "Flags" => self.put("flags", value.split(',').next().unwrap()),
            "Machine" => {
                let names = [
                    ("Advanced Micro Devices X86-64", "x86-64"),
                    ("Intel 80386", "x86"),
                    ("AArch64", "AArch64"),
                ];
                self.put(
                    "machine",
                    names.iter().find(|(name, _)| *name == value).map_or(value, |(_, ours)| *ours),
                );
            }
            _ => {}
        }
    }

    /// `  [ 1] .interp PROGBITS 0000000000000318 000318 00001c 00 A 0 0 1`
    fn section(&mut self, line: &str) {
        let Some((number, rest)) = line.trim().strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            return;
        };
        if number.trim().parse::<usize>().is_ok_and(|number| number > 0) {
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let [name, _, address, offset, ..] = fields[..] else { panic!("{line}") };
            self.put("sections", format!("{name} {:#x} {:#x}", hex(address), hex(offset)));
        }
    }

    /// `  LOAD 0x000000 0x0000000000000000 0x0000000000000000 0x01dd08 0x01dd08 R E 0x1000`
    fn segment(&mut self, line: &str) {
        if let Some((_, interpreter)) = line.split_once("program interpreter: ") {
            return self.put("interpreter", interpreter.trim_end_matches(']'));
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [kind, offset, _, _, size, _, flags @ .., _] = &fields[..] else { return };
        if !offset.starts_with("0x") {
            return;
        }
        let flags = flags.concat();
        let bit = |letter: char, bit: u32| if flags.contains(letter) { bit } else { 0 };
        self.relro |= *kind == "GNU_RELRO";
        self.executable_stack |= *kind == "GNU_STACK" && flags.contains('E');
        self.put(
            "segments",
            format!("{:#x} {:#x} {}", hex(offset), hex(size), bit('R', 4) | bit('W', 2) | bit('E', 1)),
        );
    }

    /// ` 0x0000000000000001 (NEEDED) Shared library: [libc.so.6]`
    fn dynamic(&mut self, line: &str) {
        let Some((tag, value)) = line.split_once('(').and_then(|(_, rest)| rest.split_once(')')) else {
            return;
        };
        let text = value.split_once('[').map_or("", |(_, rest)| rest.trim_end_matches(']'));
        match tag {
            "NEEDED" => self.put("NEEDED", text),
            "SONAME" => self.put("SONAME", text),
            "RUNPATH" => self.put("RUNPATH", text),
            "RPATH" => self.put("RPATH", text),
            "BIND_NOW" => self.bind_now = true,
            "FLAGS" | "FLAGS_1" => {
                self.bind_now |= value.split_whitespace().any(|flag| matches!(flag, "BIND_NOW" | "NOW"))
            }
            _ => {}
        }
    }

    /// `     9: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND free@GLIBC_2.2.5 (2)`
    fn symbol(&mut self, line: &str, dynamic: bool) {
        // What has no name is three words; only for the time being it is one.
        let line = line.replace("<OS specific>: ", "<OS~specific>:~");
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [number, value, size, kind, binding, rest @ ..] = &fields[..] else { return };
        if number.trim_end_matches(':').parse().is_ok_and(|number: usize| number == 0)
            || *number == "Num:"
            || *kind == "SECTION"
        {
            return;
        }
        let Some((visibility, rest)) = rest.split_first() else { return };
        // Between visibility and section some machines show flags in brackets.
        let rest = if rest.first().is_some_and(|field| field.starts_with('[')) { &rest[1..] } else { rest };
        let Some((section, name)) = rest.split_first() else { return };
        let size = size.strip_prefix("0x").map_or_else(|| size.parse().unwrap(), hex);
        let name = name.first().copied().unwrap_or_default();
        let shown = format!("{:x} {size} {kind} {binding} {name}", hex(value)).replace('~', " ");
        let is_seen = *binding != "LOCAL" && matches!(*visibility, "DEFAULT" | "PROTECTED");
        match (dynamic, *section == "UND") {
            (false, _) => self.put("symbols", shown),
            (true, true) => self.put("imports", shown),
            (true, false) if is_seen => self.put("exports", shown),
            (true, false) => {}
        }
    }

    /// `  0x001c: Rev: 1  Flags: none  Index: 2  Cnt: 1  Name: LIB_1`, `  000000: Version: 1  File: libc.so.6  Cnt: 1`,
    /// `  0x0010:   Name: GLIBC_2.2.5  Flags: none  Version: 3`
    fn version(&mut self, line: &str) {
        let after = |mark: &str| line.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
        if let Some(library) = after("File: ") {
            self.library = library.to_owned();
        } else if self.part == "Version needs" {
            if let Some(version) = after("Name: ") {
                let needed = format!("{} {version}", self.library);
                self.put("version-needs", needed);
            }
        } else if let (Some(version), Some(flags)) = (after("Name: "), after("Flags: ")) {
            if flags != "BASE" {
                self.put("version-definitions", version);
            }
        }
    }

    fn note(&mut self, line: &str) {
        if let Some((_, id)) = line.split_once("Build ID: ") {
            self.put("build-id", id.trim());
        }
        if let Some((_, features)) = line.split_once("x86 feature: ") {
            let features = features.split("x86").next().unwrap();
            features
                .split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .for_each(|one| self.put("branches", one));
        }
    }

    fn finish(mut self) -> Facts {
        let relro = match (self.relro, self.bind_now) {
            (false, _) => "no RELRO",
            (true, false) => "partial RELRO",
            (true, true) => "full RELRO",
        };
        self.put("relro", relro);
        self.put("bind-now", self.bind_now.to_string());
        self.put("executable-stack", self.executable_stack.to_string());
        for fact in ["exports", "imports", "symbols", "version-definitions", "version-needs", "branches"] {
            if let Some(values) = self.facts.get_mut(fact) {
                values.sort();
            }
        }
        for fact in ["version-definitions", "version-needs"] {
            if let Some(values) = self.facts.get_mut(fact) {
                values.dedup();
            }
        }
        self.facts
    }
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}
