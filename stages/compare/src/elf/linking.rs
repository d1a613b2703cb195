//! What a loader reads: the machine, the interpreter, names of libraries, and versions of their symbols.

use std::collections::BTreeSet;

use heirloom_model::{Finding, Severity};

use super::ElfPair;
use crate::check::Check;
use crate::check::Weight::{Breaking, Compatible};

pub(crate) const MACHINE: Check = Check::tags(
    "elf-machine",
    "Class, byte order, machine, its flags and the kind of every ELF file are the same; a program may be position-independent or not.",
    Breaking,
    &[],
)
.elf(|check, pair| {
    let (expected, mut found) = (pair.reference.elf.header(), pair.rebuilt.elf.header());
    let shown = (expected.to_string(), found.to_string());
    // Where a program starts follows its code; GNU's system is marked where a symbol is unique or indirect, and every
    // loader of that system takes both.
    found.entry = expected.entry;
    if [expected.os_abi, found.os_abi].iter().all(|system| matches!(system, 0 | 3)) {
        found.os_abi = expected.os_abi;
    }
    if pair.program {
        found.kind = expected.kind;
    }
    if expected == found { Vec::new() } else { one(check, pair, "machine", shown) }
});

pub(crate) const INTERPRETER: Check =
    Check::tags("elf-interpreter", "Every program names the same loader.", Breaking, &[]).elf(
        |check, pair| {
            let text = |elf: &heirloom_elf::Elf<'_>| elf.interpreter().unwrap_or_default().to_owned();
            one(check, pair, "interpreter", (text(pair.reference.elf), text(pair.rebuilt.elf)))
        },
    );

pub(crate) const SONAME: Check = Check::tags("soname", "Every library has the same SONAME.", Breaking, &[])
    .elf(|check, pair| {
        let text = |elf: &heirloom_elf::Elf<'_>| elf.soname().unwrap_or_default().to_owned();
        one(check, pair, "SONAME", (text(pair.reference.elf), text(pair.rebuilt.elf)))
    });

pub(crate) const NEEDED: Check =
    Check::tags("needed-libraries", "The same libraries are needed; their order may differ.", Breaking, &[])
        .elf(needed);

pub(crate) const RUN_PATH: Check =
    Check::tags("run-path", "Libraries are searched in the same places (RUNPATH, RPATH).", Breaking, &[])
        .elf(|check, pair| {
            let text = |elf: &heirloom_elf::Elf<'_>| {
                [elf.runpath(), elf.rpath()].into_iter().flatten().collect::<Vec<_>>().join(" ")
            };
            one(check, pair, "RUNPATH", (text(pair.reference.elf), text(pair.rebuilt.elf)))
        });

pub(crate) const SYMBOLIC: Check = Check::tags(
    "symbolic-binding",
    "A library that uses what others define in place of its own symbols still does (-Bsymbolic).",
    Breaking,
    &[],
)
.elf(|check, pair| {
    let text = |elf: &heirloom_elf::Elf<'_>| match elf.is_symbolic() {
        true => "uses its own symbols".to_owned(),
        false => "uses the first definition that the loader finds".to_owned(),
    };
    one(check, pair, "binding", (text(pair.reference.elf), text(pair.rebuilt.elf)))
});

pub(crate) const PROCESSOR: Check = Check::tags(
    "processor-level",
    "No later processor is needed (the levels of x86-64, by .note.gnu.property).",
    Breaking,
    &[],
)
.elf(|check, pair| {
    let (expected, found) = (pair.reference.elf.processor_level(), pair.rebuilt.elf.processor_level());
    let text = |level: u32| match level {
        0 | 1 => "any x86-64".to_owned(),
        level => format!("x86-64-v{level}"),
    };
    if found > expected.max(1) {
        one(check, pair, "processor", (text(expected), text(found)))
    } else {
        Vec::new()
    }
});

pub(crate) const IMPORTS: Check = Check::tags(
    "imported-symbols",
    "No symbol is needed that the reference does not need, where no version says whether it is there.",
    Compatible,
    &[],
)
.elf(imports);

pub(crate) const VERSION_DEFINITIONS: Check = Check::tags(
    "version-definitions",
    "Every symbol version that the reference defines is defined.",
    Breaking,
    &[],
)
.elf(|check, pair| {
    let (expected, found) = (&pair.reference.version_definitions, &pair.rebuilt.version_definitions);
    let subject = |version: &String| format!("{}: {version}", pair.path);
    let missing = expected.difference(found);
    let missing = missing.map(|version| check.differs(&subject(version), (version.clone(), String::new())));
    let extra = found.difference(expected);
    let extra = extra.map(|version| {
        check.finding(Severity::Different, &subject(version), (String::new(), version.clone()))
    });
    missing.chain(extra).collect()
});

pub(crate) const VERSION_FLOOR: Check = Check::tags(
    "symbol-version-floor",
    "No later symbol version of a library is needed than the reference package needs.",
    Breaking,
    &[],
)
.elf(floor);

fn one(check: &Check, pair: &ElfPair<'_>, what: &str, (expected, found): (String, String)) -> Vec<Finding> {
    if expected == found {
        return Vec::new();
    }
    vec![check.differs(&format!("{}: {what}", pair.path), (expected, found))]
}

/// A symbol that is needed anew may not be there where the reference is installed. Nobody misses a weak one, and of one
/// with a version that version is looked at.
fn imports(check: &Check, pair: &ElfPair<'_>) -> Vec<Finding> {
    let known: BTreeSet<&str> =
        pair.reference.imports.iter().chain(&pair.reference.exports).map(|symbol| symbol.name).collect();
    let new = pair
        .rebuilt
        .imports
        .iter()
        .filter(|symbol| symbol.version.is_none() && symbol.is_global() && !known.contains(symbol.name));
    new.map(|symbol| {
        let found = "needed; whether the reference's libraries define it is not known".to_owned();
        check.finding(Severity::Undecided, &format!("{}: {}", pair.path, symbol.name), (String::new(), found))
    })
    .collect()
}

fn needed(check: &Check, pair: &ElfPair<'_>) -> Vec<Finding> {
    let (left, right) = (pair.reference.elf.needed(), pair.rebuilt.elf.needed());
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let mut findings = one(check, pair, "NEEDED", (left.join(" "), right.join(" ")));
    if set(&left) == set(&right) {
        findings.iter_mut().for_each(|finding| finding.severity = Severity::Different);
    }
    findings
}

fn floor(check: &Check, pair: &ElfPair<'_>) -> Vec<Finding> {
    let (reference, rebuilt) = (&pair.reference.version_needs, &pair.rebuilt.version_needs);
    let mut findings = Vec::new();
    let none = BTreeSet::new();
    let linked = pair.reference.elf.needed();
    // A library that is needed anew has a rule of its own; of one that is not, no version may have been needed.
    let both = rebuilt.iter().filter_map(|(library, versions)| {
        let known = reference.get(library).or(linked.contains(&library.as_str()).then_some(&none))?;
        Some((library, versions, known))
    });
    for (library, versions, known) in both {
        for version in versions.difference(known) {
            let (series, number) = split(version);
            let floor =
                known.iter().filter(|known| split(known).0 == series).max_by_key(|known| split(known).1);
            let later = floor.is_none_or(|floor| split(floor).1 < number)
                && !pair.required.contains(&format!("{library}({version})"));
            // An older version of the same library is there wherever the later one is, and what another file of
            // the reference needs is there too.
            let severity = if later { Severity::Incompatible } else { Severity::Different };
            let expected = floor.map(|floor| format!("at most {floor}")).unwrap_or_default();
            let subject = format!("{}: {library}", pair.path);
            findings.push(check.finding(severity, &subject, (expected, version.clone())));
        }
    }
    for (library, versions) in reference {
        let Some(found) = rebuilt.get(library) else { continue };
        for version in versions.difference(found) {
            let subject = format!("{}: {library}", pair.path);
            findings.push(check.finding(Severity::Different, &subject, (version.clone(), String::new())));
        }
    }
    findings
}

/// A version's series and its number: `GLIBC_` and 2.34, `GLIBC_ABI_DT_RELR` and nothing.
fn split(version: &str) -> (&str, Vec<u64>) {
    let digits = version.chars().rev().take_while(|c| c.is_ascii_digit() || *c == '.').count();
    let (series, number) = version.split_at(version.len() - digits);
    (series, number.split('.').filter_map(|number| number.parse().ok()).collect())
}
