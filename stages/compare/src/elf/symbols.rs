//! Exported symbols: a rebuild has all that the reference has, and is none the worse for having more.

use std::collections::BTreeMap;

use heirloom_elf::Symbol;
use heirloom_model::{Finding, Severity};

use super::ElfPair;
use crate::check::Check;
use crate::check::Weight::{Allowed, Breaking};

pub(crate) const EXPORTS: Check = Check::tags(
    "exported-symbols",
    "Every exported symbol is there, in its version, as the default where it is, of the same kind, binding and visibility.",
    Breaking,
    &[],
)
.elf(exports);

pub(crate) const OBJECT_SIZE: Check = Check::tags(
    "object-size",
    "Exported data has the same size: programs copy it into themselves.",
    Breaking,
    &[],
)
.elf(object_size);

pub(crate) const STD_INSTANTIATIONS: Check = Check::tags(
    "std-instantiations",
    "Weak instantiations of the standard library's templates and inline functions come and go with the compiler; every user has its own.",
    Allowed,
    &[],
)
.elf(|check, pair| missing(check, pair, is_std_instantiation));

pub(crate) const CRT_SYMBOLS: Check = Check::tags(
    "crt-symbols",
    "Symbols of the C run-time start files and the linker come and go with these; nobody links to them.",
    Allowed,
    &[],
)
.elf(|check, pair| missing(check, pair, is_crt));

pub(crate) const ADA_INTERNALS: Check = Check::tags(
    "ada-internals",
    "Objects that the Ada compiler made for itself are named by a counter; nobody can name them in a program.",
    Allowed,
    &[],
)
.elf(|check, pair| missing(check, pair, is_ada_internal));

pub(crate) const PROGRAM_EXPORTS: Check = Check::tags(
    "program-exports",
    "A program that was not linked with -rdynamic exports only what its own libraries happen to refer to.",
    Allowed,
    &[],
)
.elf(incidental);

/// Symbols of the start files and the linker's own.
const CRT: [&str; 18] = [
    "_init",
    "_fini",
    "_start",
    "__start",
    "_edata",
    "edata",
    "_end",
    "end",
    "_etext",
    "etext",
    "__bss_start",
    "__bss_start__",
    "_bss_end__",
    "__data_start",
    "data_start",
    "__libc_csu_init",
    "__libc_csu_fini",
    "_IO_stdin_used",
];

fn is_crt(symbol: &Symbol<'_>) -> bool {
    CRT.contains(&symbol.name)
}

/// Prefixes of mangled names (Itanium C++ ABI) in namespace std and the compiler's own, with what a
/// typeinfo, a virtual table or a guard puts before them.
const STD: [&str; 6] = ["St", "NSt", "NKSt", "N9__gnu_cxx", "NK9__gnu_cxx", "Ss"];

fn is_std_instantiation(symbol: &Symbol<'_>) -> bool {
    let Some(name) = symbol.name.strip_prefix("_Z") else { return false };
    let special = ["TI", "TS", "TV", "TT", "GV", ""];
    let std = special.iter().filter_map(|prefix| name.strip_prefix(prefix)).any(|rest| {
        STD.iter().any(|std| rest.starts_with(std)) || rest.starts_with("NSs") || rest.starts_with("NSa")
    });
    // The placement forms of operator new and delete are inline functions of the library too.
    symbol.is_weak() && (std || ["nwmPv", "nwjPv", "dlPvS_"].contains(&name))
}

/// GNAT writes names of the program in lower case; its own are a capital letter, a number and `s` or `b`.
fn is_ada_internal(symbol: &Symbol<'_>) -> bool {
    let name = symbol.name.strip_suffix("___UNC").unwrap_or(symbol.name);
    let Some(rest) = name.strip_suffix(['s', 'b']).filter(|name| name.contains("__")) else { return false };
    let letter = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    letter.len() < rest.len() && letter.ends_with(|c: char| c.is_ascii_uppercase())
}

/// Symbols that no program can be said to lose.
pub(crate) fn is_nobodys(symbol: &Symbol<'_>) -> bool {
    is_std_instantiation(symbol) || is_crt(symbol) || is_ada_internal(symbol)
}

/// Whether a program's exports are meant: only -rdynamic exports its entry, `main`, too.
fn is_incidental(pair: &ElfPair<'_>) -> bool {
    pair.program && !pair.reference.exports.iter().any(|symbol| symbol.name == "main")
}

type Key<'a> = (&'a str, Option<&'a str>);

fn by_key<'p, 'a>(symbols: &'p [Symbol<'a>]) -> BTreeMap<Key<'a>, &'p Symbol<'a>> {
    symbols.iter().map(|symbol| ((symbol.name, symbol.version), symbol)).collect()
}

fn exports(check: &Check, pair: &ElfPair<'_>) -> Vec<Finding> {
    if is_incidental(pair) {
        return Vec::new();
    }
    let (reference, rebuilt) = (by_key(&pair.reference.exports), by_key(&pair.rebuilt.exports));
    let mut findings = Vec::new();
    for (key, expected) in &reference {
        let subject = subject(pair, expected);
        match rebuilt.get(key) {
            None if is_nobodys(expected) => {}
            None => findings.push(check.differs(&subject, (show(expected), String::new()))),
            Some(found) if !keeps(expected, found) => {
                findings.push(check.differs(&subject, (show(expected), show(found))));
            }
            Some(_) => {}
        }
    }
    let extra = rebuilt.iter().filter(|(key, found)| !reference.contains_key(*key) && !is_nobodys(found));
    findings.extend(extra.map(|(_, found)| {
        check.finding(Severity::Different, &subject(pair, found), (String::new(), show(found)))
    }));
    findings
}

/// Whether users of the one symbol can use the other. A global symbol serves users of a weak one.
fn keeps(expected: &Symbol<'_>, found: &Symbol<'_>) -> bool {
    // Whether a function is chosen when the library is loaded is its own affair.
    (expected.kind == found.kind || (expected.kind.is_function() && found.kind.is_function()))
        && expected.is_protected == found.is_protected
        && (expected.binding == found.binding || (expected.is_weak() && found.is_global()))
        && (expected.is_default == found.is_default || found.is_default)
}

fn object_size(check: &Check, pair: &ElfPair<'_>) -> Vec<Finding> {
    if is_incidental(pair) {
        return Vec::new();
    }
    let rebuilt = by_key(&pair.rebuilt.exports);
    let data = pair.reference.exports.iter().filter(|symbol| symbol.kind.is_data() && !is_nobodys(symbol));
    let both = data.filter_map(|a| Some((a, *rebuilt.get(&(a.name, a.version))?)));
    let size = |symbol: &Symbol<'_>| format!("{} bytes", symbol.size);
    both.filter(|(a, b)| a.size != b.size && b.kind.is_data())
        .map(|(a, b)| check.differs(&subject(pair, a), (size(a), size(b))))
        .collect()
}

/// Exports of the reference that the rebuild lacks, and that nobody needs by this judgement.
fn missing(check: &Check, pair: &ElfPair<'_>, judged: fn(&Symbol<'_>) -> bool) -> Vec<Finding> {
    if is_incidental(pair) {
        return Vec::new();
    }
    let (reference, rebuilt) = (by_key(&pair.reference.exports), by_key(&pair.rebuilt.exports));
    let only =
        |one: &BTreeMap<Key<'_>, &Symbol<'_>>, other: &BTreeMap<Key<'_>, &Symbol<'_>>| -> Vec<String> {
            let all = one.iter().filter(|(key, symbol)| !other.contains_key(*key) && judged(symbol));
            all.map(|(_, symbol)| subject(pair, symbol)).collect()
        };
    let gone = only(&reference, &rebuilt).into_iter().map(|s| (s, ("exported".to_owned(), String::new())));
    let come = only(&rebuilt, &reference).into_iter().map(|s| (s, (String::new(), "exported".to_owned())));
    gone.chain(come).map(|(subject, values)| check.differs(&subject, values)).collect()
}

fn incidental(check: &Check, pair: &ElfPair<'_>) -> Vec<Finding> {
    if !is_incidental(pair) {
        return Vec::new();
    }
    let (reference, rebuilt) = (by_key(&pair.reference.exports), by_key(&pair.rebuilt.exports));
    let gone = reference.iter().filter(|(key, _)| !rebuilt.contains_key(*key));
    gone.map(|(_, symbol)| check.differs(&subject(pair, symbol), ("exported".to_owned(), String::new())))
        .collect()
}

fn subject(pair: &ElfPair<'_>, symbol: &Symbol<'_>) -> String {
    let version = match symbol.version {
        Some(version) if symbol.is_default => format!("@@{version}"),
        Some(version) => format!("@{version}"),
        None => String::new(),
    };
    format!("{}: {}{version}", pair.path, symbol.name)
}

fn show(symbol: &Symbol<'_>) -> String {
    let default = if symbol.version.is_some() && !symbol.is_default { ", not the default" } else { "" };
    let protected = if symbol.is_protected { "protected " } else { "" };
    format!("{protected}{} {}{default}", symbol.binding, symbol.kind)
}
