//! What object files and unstripped programs carry for linkers and debuggers: static symbols, relocations
//! and debugging data, each compared by meaning.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_dwarf::Debug;
use heirloom_elf::{Elf, ElfError, Symbol};
use heirloom_model::Severity;
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget};

use crate::check::{code, normaliser};
use crate::look::{Look, Place};

/// Compares static symbols as a set: their order means nothing, and annobin's own are none.
pub(super) fn symbols(look: &mut Look, place: &Place, reference: &Elf<'_>, rebuilt: &Elf<'_>) -> Result<bool, ElfError> {
    let (left, right) = (counted(reference.symbols()?), counted(rebuilt.symbols()?));
    let difference = difference(&left, &right);
    let known = look.normalisations.last().is_some_and(|last| {
        last.rule == normaliser::SYMBOL_TABLE.name && last.subject == place.shown
    });
    let same = difference.is_none();
    match difference {
        None if !known => look.normalised(normaliser::SYMBOL_TABLE, place, ""),
        None => {}
        Some(values) => {
            let subject = format!("{}!.symtab", place.shown);
            if look.findings.iter().all(|finding| finding.subject != subject) {
                look.findings.push(code::DATA.differs(&subject, values));
            }
        }
    }
    Ok(same)
}

/// What a debugger needs of the symbols in `.gnu_debugdata`: functions that the file itself does not name. The
/// tools that make it differ in whether they leave the file's own dynamic symbols and data in.
pub(super) fn for_backtraces(mini: &Elf<'_>, whole: &Elf<'_>) -> Result<Counted, ElfError> {
    let named: BTreeSet<_> = whole.exports()?.iter().map(|symbol| (symbol.name, symbol.address)).collect();
    let mut symbols = mini.symbols()?;
    symbols.retain(|symbol| symbol.kind.is_function() && !named.contains(&(symbol.name, symbol.address)));
    Ok(counted(symbols))
}

/// How many symbols only one has, with the first of them; `None` if there is none.
pub(super) fn difference(left: &Counted, right: &Counted) -> Option<(String, String)> {
    if left == right {
        return None;
    }
    let only = |one: &Counted, other: &Counted| {
        let all: Vec<_> = one.iter().filter(|(symbol, count)| other.get(*symbol) != Some(*count)).collect();
        match all.first() {
            Some((first, _)) => format!("{} symbols of its own, first {first}", all.len()),
            None => String::new(),
        }
    };
    Some((only(left, right), only(right, left)))
}

/// Symbols as texts, with how often each is there.
pub(super) type Counted = BTreeMap<String, usize>;

/// Name, kind, binding, size and address of each static symbol. Those that name source files are left out,
/// since a compiler names temporary ones.
fn counted(symbols: Vec<Symbol<'_>>) -> Counted {
    let mut all = BTreeMap::new();
    for symbol in symbols {
        let annobin = symbol.name.starts_with(".annobin") || symbol.name.starts_with("annobin");
        if !annobin && !symbol.name.is_empty() && !symbol.kind.is_file() {
            let text = format!(
                "{} ({:?}, {:?}, {} bytes at {:#x})",
                symbol.name, symbol.kind, symbol.binding, symbol.size, symbol.address
            );
            *all.entry(text).or_default() += 1;
        }
    }
    all
}

/// Compares the relocations of one section by what they name, since numbers of symbols shift.
pub(super) fn relocations(
    look: &mut Look,
    place: &Place,
    section: &str,
    both: (&Elf<'_>, &Elf<'_>),
) -> Result<bool, ElfError> {
    let target = section.strip_prefix(".rela").or_else(|| section.strip_prefix(".rel")).unwrap_or(section);
    let (left, right) = (named(both.0, target), named(both.1, target));
    let same = left.is_some() && left == right;
    if same {
        look.normalised(normaliser::RELOCATIONS, place, section);
    } else {
        let show = |all: &Option<Vec<Relocation>>| all.as_ref().map_or_else(String::new, |all| format!("{} relocations", all.len()));
        look.findings.push(code::DATA.differs(&format!("{}!{section}", place.shown), (show(&left), show(&right))));
    }
    Ok(same)
}

/// Offset, kind, addend and the name of what it refers to.
type Relocation = (u64, String, i64, String);

fn named(elf: &Elf<'_>, section: &str) -> Option<Vec<Relocation>> {
    let file = object::File::parse(elf.bytes()).ok()?;
    let section = file.section_by_name(section)?;
    let name = |target| match target {
        RelocationTarget::Symbol(index) => {
            let symbol = file.symbol_by_index(index).ok()?;
            match symbol.section_index().and_then(|index| file.section_by_index(index).ok()) {
                Some(section) if symbol.kind() == object::SymbolKind::Section => Some(section.name().ok()?.to_owned()),
                _ => Some(symbol.name().ok()?.to_owned()),
            }
        }
        RelocationTarget::Section(index) => Some(file.section_by_index(index).ok()?.name().ok()?.to_owned()),
        _ => Some(String::new()),
    };
    section
        .relocations()
        .map(|(offset, relocation)| {
            Some((offset, format!("{:?}", relocation.flags()), relocation.addend(), name(relocation.target())?))
        })
        .collect()
}

/// Compares debugging data without producer and compilation directory.
pub(super) fn debugging(look: &mut Look, place: &Place, reference: &Elf<'_>, rebuilt: &Elf<'_>) -> bool {
    let parsed = (Debug::parse(reference.bytes(), None), Debug::parse(rebuilt.bytes(), None));
    let sameness = match &parsed {
        (Ok(reference), Ok(rebuilt)) => heirloom_dwarf::same_debug(reference, rebuilt).map_err(|error| error.to_string()),
        (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
    };
    let subject = format!("{}!debugging data", place.shown);
    match sameness {
        Ok(sameness) if sameness.same => {
            let ignored: Vec<_> = sameness.ignored.clone();
            look.normalised(normaliser::DEBUG_INFO, place, ignored.join(", "));
            true
        }
        Ok(sameness) => {
            let found = sameness.first_difference.unwrap_or_default();
            look.findings.push(code::DEBUG_DATA.differs(&subject, (String::new(), found)));
            false
        }
        Err(error) => {
            look.findings.push(code::DEBUG_DATA.finding(Severity::Undecided, &subject, (String::new(), error)));
            false
        }
    }
}
