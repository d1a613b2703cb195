//! Sections of two ELF files, compared by name; those that carry no code and no data of their own are
//! normalised by what they are for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use heirloom_elf::{Elf, ElfError, ObjectKind, Section, Segment};
use heirloom_formats::archive;

use super::object_file;
use crate::check::{Check, Normaliser, code, normaliser};
use crate::look::{Look, Place};

/// Sections that differ of which the function is looked for; only the largest is told of.
const MOST_NAMED: usize = 64;

const ALLOCATED: u64 = 2;
const EXECUTABLE: u64 = 4;

/// Whether all sections are equal after recorded normalisations.
pub(super) fn compare(
    look: &mut Look,
    place: &Place,
    reference: &Elf<'_>,
    rebuilt: &Elf<'_>,
) -> Result<bool, ElfError> {
    let (left, right) = (by_name(reference.sections()?), by_name(rebuilt.sections()?));
    let places = (by_place(&left), by_place(&right));
    let names: BTreeSet<&Name> = left.keys().chain(right.keys()).collect();
    let object = reference.header().kind == ObjectKind::Relocatable;
    let mut same = true;
    let (mut debugging, mut symbols, mut relocations) = (false, false, BTreeSet::new());
    let mut different = Vec::new();
    let go_ids = (go_id(reference), go_id(rebuilt));
    let mut names_differ = left.keys().ne(right.keys());
    for name in names {
        let (a, b) = (left.get(name), right.get(name));
        if let (Some(a), Some(b)) = (a, b)
            && facts(&places.0, a) == facts(&places.1, b)
            && a.data == b.data
        {
            names_differ |= a.offset != b.offset;
            if a.stored != b.stored {
                look.normalised(normaliser::COMPRESSED_SECTIONS, place, &name.0);
            }
            continue;
        }
        match Treatment::of(&name.0, object, [a, b]) {
            Treatment::Drop(rule) => look.normalised(rule, place, &name.0),
            Treatment::GoBuildId => look.normalised(normaliser::GO_BUILD_ID, place, ""),
            Treatment::MiniDebugInfo => same &= mini_debug_info(look, place, (reference, a), (rebuilt, b))?,
            Treatment::SymbolTable => symbols = true,
            Treatment::Debug => debugging = true,
            Treatment::Relocations => drop(relocations.insert(name.0.as_str())),
            Treatment::Compare => {
                let ids = (go_ids.0.as_deref(), go_ids.1.as_deref());
                let named = different.len() < MOST_NAMED;
                let sides = ((reference, a, ids.0), (rebuilt, b, ids.1));
                let facts_differ = a.map(|a| facts(&places.0, a)) != b.map(|b| facts(&places.1, b));
                different.extend(content(look, place, &name.0, sides, (named, facts_differ)));
            }
        }
    }
    different.extend(beside_sections(reference, rebuilt));
    // Once, however many sections of these names there are.
    if symbols {
        same &= object_file::symbols(look, place, reference, rebuilt)?;
    }
    if !relocations.is_empty() {
        same &= object_file::relocations(look, place, &relocations, ((reference, &left), (rebuilt, &right)));
    }
    same &= different.is_empty();
    for (rule, executable) in [(code::CODE, true), (code::DATA, false)] {
        tell(
            look,
            place,
            &rule,
            different.iter().filter(|section| section.executable == executable).collect(),
        );
    }
    if debugging {
        same &= object_file::debugging(look, place, reference, rebuilt);
    }
    if same && names_differ {
        look.normalised(normaliser::SECTION_NAMES, place, "");
    }
    Ok(same)
}

/// A section's name and, since object files may have several of one name, which of them it is.
pub(super) type Name = (String, usize);

/// Names of sections by their places in the table.
type Sections<'s> = BTreeMap<usize, &'s str>;

fn by_name<'a>(sections: Vec<Section<'a>>) -> BTreeMap<Name, Section<'a>> {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut all = BTreeMap::new();
    for section in sections {
        let count = seen.entry(section.name.to_string()).or_default();
        all.insert((section.name.to_string(), *count), section);
        *count += 1;
    }
    all
}

fn by_place<'s>(sections: &'s BTreeMap<Name, Section<'_>>) -> Sections<'s> {
    sections.iter().map(|((name, _), section)| (section.index, name.as_str())).collect()
}

/// What a section's header says, its place in the file aside.
fn facts<'s>(sections: &Sections<'s>, section: &Section<'_>) -> impl PartialEq + use<'s> {
    const SHT_RELA: u32 = 4;
    const SHT_REL: u32 = 9;
    const SHT_GROUP: u32 = 17;
    let Section { sh_type, sh_flags, address, alignment, size, entry_size, link, info, .. } = section;
    // Numbers of sections shift, and those of the symbols that groups are named after.
    let name = |index: usize| sections.get(&index).copied();
    let (target, info) = match *sh_type {
        SHT_RELA | SHT_REL => (name(*info as usize), 0),
        SHT_GROUP => (None, 0),
        _ => (None, *info),
    };
    (*sh_type, sh_flags & !COMPRESSED, *address, *alignment, *size, *entry_size, name(*link), target, info)
}

/// Whether a section of one of the files holds code.
fn is_code(both: [Option<&Section<'_>>; 2]) -> bool {
    both.into_iter().flatten().any(|section| section.sh_flags & EXECUTABLE != 0)
}

/// SHF_COMPRESSED: data is compared as it is when decompressed.
const COMPRESSED: u64 = 1 << 11;

/// What becomes of a section that differs.
enum Treatment {
    /// It means nothing.
    Drop(Normaliser),
    GoBuildId,
    MiniDebugInfo,
    SymbolTable,
    Debug,
    Relocations,
    Compare,
}

impl Treatment {
    fn of(name: &str, object: bool, both: [Option<&Section<'_>>; 2]) -> Self {
        // Whatever a section that holds code is called, it is compared.
        if is_code(both) {
            return Self::Compare;
        }
        match name {
            ".note.gnu.build-id" => Self::Drop(normaliser::BUILD_ID),
            ".gnu_debuglink" | ".gnu_debugaltlink" => Self::Drop(normaliser::DEBUG_LINK),
            ".note.package" => Self::Drop(normaliser::PACKAGE_NOTE),
            ".comment" => Self::Drop(normaliser::COMPILER_COMMENT),
            ".shstrtab" => Self::Drop(normaliser::SECTION_NAMES),
            ".note.go.buildid" => Self::GoBuildId,
            ".gnu_debugdata" => Self::MiniDebugInfo,
            ".symtab" | ".strtab" | ".symtab_shndx" => Self::SymbolTable,
            _ if name.starts_with(".gnu.build.attributes") || name.starts_with(".annobin") => {
                Self::Drop(normaliser::ANNOBIN)
            }
            _ if name.starts_with(".rela.gnu.build.attributes")
                || name.starts_with(".rel.gnu.build.attributes") =>
            {
                Self::Drop(normaliser::ANNOBIN)
            }
            _ if name.starts_with(".debug_") || name.starts_with(".zdebug_") || name == ".gdb_index" => {
                Self::Debug
            }
            _ if name.starts_with(".rela.debug_") || name.starts_with(".rel.debug_") => Self::Debug,
            _ if object && (name.starts_with(".rela.") || name.starts_with(".rel.")) => Self::Relocations,
            _ => Self::Compare,
        }
    }
}

/// A section that only one has, or whose content differs, with what both have.
struct Different {
    name: String,
    executable: bool,
    size: u64,
    values: (String, String),
}

/// What the headers say of how the file is loaded, and what belongs to no section.
fn beside_sections(reference: &Elf<'_>, rebuilt: &Elf<'_>) -> Vec<Different> {
    let different =
        |name: &str, size, values| Different { name: name.to_owned(), executable: false, size, values };
    let mut all = Vec::new();
    let header = |elf: &Elf<'_>| (elf.header().entry, elf.header().os_abi);
    if header(reference) != header(rebuilt) {
        let show = |elf| format!("starts at {:#x}, system {}", header(elf).0, header(elf).1);
        all.push(different("file header", 0, (show(reference), show(rebuilt))));
    }
    // Where a segment is in the file follows from the sections.
    let segments = |elf: &Elf<'_>| -> Vec<Segment> {
        elf.segments().iter().map(|segment| Segment { offset: 0, ..*segment }).collect()
    };
    let (left, right) = (segments(reference), segments(rebuilt));
    if left != right {
        let at = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
        let show = |all: &[Segment]| match all.get(at) {
            Some(first) => format!("{} segments, number {at} a {first}", all.len()),
            None => format!("{} segments", all.len()),
        };
        all.push(different("program headers", 0, (show(&left), show(&right))));
    }
    let (left, right) = (reference.outside_of_sections(), rebuilt.outside_of_sections());
    if left != right {
        let size = |runs: &[&[u8]]| runs.iter().map(|run| run.len() as u64).sum::<u64>();
        let show = |runs: &[&[u8]]| match runs.first() {
            Some(first) => {
                format!("{} bytes outside of all sections, starting with `{}`", size(runs), start(first))
            }
            None => String::new(),
        };
        all.push(different(
            "outside of sections",
            size(&left).max(size(&right)),
            (show(&left), show(&right)),
        ));
    }
    all
}

/// The bytes around the first that differs, if they are a text: dates and paths of a build end up in data.
fn around(data: &[u8], at: usize) -> String {
    const BEFORE: usize = 12;
    const AFTER: usize = 28;
    let start = data[..at].iter().rev().take(BEFORE).take_while(|byte| **byte != 0).count();
    let text = &data[at - start..data.len().min(at + AFTER)];
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let plain = text.len() > start && text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if plain { format!(": `{}`", String::from_utf8_lossy(text)) } else { String::new() }
}

/// The first bytes, for people.
fn start(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(16)].escape_ascii().to_string()
}

/// One finding for a file: its largest section that differs, and the names of the others, most of which
/// only follow.
fn tell(look: &mut Look, place: &Place, rule: &Check, different: Vec<&Different>) {
    let Some(largest) = different.iter().max_by_key(|section| section.size) else { return };
    let others: Vec<&str> = different
        .iter()
        .filter(|other| other.name != largest.name)
        .map(|other| other.name.as_str())
        .collect();
    let (expected, mut found) = largest.values.clone();
    if !others.is_empty() {
        found.push_str(&format!("; and in {}", others.join(" ")));
    }
    look.findings.push(rule.differs(&format!("{}!{}", place.shown, largest.name), (expected, found)));
}

/// A file with one of its sections, and its build identity if it is Go's.
type Side<'a> = (&'a Elf<'a>, Option<&'a Section<'a>>, Option<&'a str>);

fn content(
    look: &mut Look,
    place: &Place,
    name: &str,
    (reference, rebuilt): (Side<'_>, Side<'_>),
    (named, facts_differ): (bool, bool),
) -> Option<Different> {
    let executable = is_code([reference.1, rebuilt.1]);
    let different = |section: &Section<'_>, values| {
        Some(Different { name: name.to_owned(), executable, size: section.size, values })
    };
    let (a, b) = match (reference.1, rebuilt.1) {
        (Some(a), Some(b)) => (a, b),
        (Some(a), None) => return different(a, (format!("{} bytes", a.size), String::new())),
        (None, Some(b)) => return different(b, (String::new(), format!("{} bytes", b.size))),
        (None, None) => return None,
    };
    let (left, right) = (without_go_id(reference.2, a), without_go_id(rebuilt.2, b));
    if left == right && !facts_differ {
        look.normalised(normaliser::GO_BUILD_ID, place, name);
        return None;
    }
    let at = left.iter().zip(right.iter()).take_while(|(a, b)| a == b).count();
    let end = left.iter().rev().zip(right.iter().rev()).take_while(|(a, b)| a == b).count();
    let show = |elf: &Elf<'_>, section: &Section<'_>, data: &[u8]| {
        let mut text = format!("{} bytes at {:#x}", section.size, section.address);
        let range = at..data.len().saturating_sub(end).max(at);
        if at < data.len() || left.len() != right.len() {
            text.push_str(&format!(", differing in bytes {:#x} to {:#x}", range.start, range.end));
        }
        if !executable {
            text.push_str(&around(data, at));
        }
        let is_code = named && section.sh_flags & EXECUTABLE != 0;
        match is_code.then(|| elf.function_at(section.address.saturating_add(at as u64))).flatten() {
            Some(function) => format!("{text}, first in {function}"),
            None => text,
        }
    };
    different(a, (show(reference.0, a, &left), show(rebuilt.0, b, &right)))
}

/// Go's build identity, four digests of 20 characters, if it is long enough to be looked for.
fn go_id(elf: &Elf<'_>) -> Option<String> {
    elf.go_build_id().filter(|id| (17..=256).contains(&id.len()))
}

/// The Go tool chain writes its build identity into the code too.
fn without_go_id<'a>(id: Option<&str>, section: &'a Section<'_>) -> Cow<'a, [u8]> {
    let Some(id) = id.filter(|_| section.sh_flags & ALLOCATED != 0) else {
        return Cow::Borrowed(&section.data);
    };
    let mut data = section.data.to_vec();
    let places: Vec<usize> =
        data.windows(id.len()).enumerate().filter(|(_, w)| *w == id.as_bytes()).map(|(at, _)| at).collect();
    for at in places {
        data[at..at + id.len()].fill(b'-');
    }
    Cow::Owned(data)
}

/// Symbols for backtraces: an ELF file compressed with xz inside of a section.
fn mini_debug_info(
    look: &mut Look,
    place: &Place,
    reference: (&Elf<'_>, Option<&Section<'_>>),
    rebuilt: (&Elf<'_>, Option<&Section<'_>>),
) -> Result<bool, ElfError> {
    let (Some(a), Some(b)) = (reference.1, rebuilt.1) else {
        // It is made when a file has static symbols at all, by tools that come and go.
        look.normalised(normaliser::MINI_DEBUG_INFO, place, "only one has it");
        return Ok(true);
    };
    let Some(limit) = look.open(place) else { return Ok(false) };
    let (a, b) = (archive::decompress(&a.data, limit), archive::decompress(&b.data, limit));
    let Some((a, b)) = look.both(&place.member(".gnu_debugdata"), a, b) else { return Ok(false) };
    look.spend(a.len() + b.len());
    let (left, right) = (Elf::parse(&a)?, Elf::parse(&b)?);
    let (left, right) =
        (object_file::for_backtraces(&left, reference.0)?, object_file::for_backtraces(&right, rebuilt.0)?);
    match object_file::difference(&left, &right) {
        None => look.normalised(normaliser::MINI_DEBUG_INFO, place, ""),
        Some(values) => {
            look.findings.push(code::DATA.differs(&format!("{}!.gnu_debugdata", place.shown), values))
        }
    }
    Ok(left == right)
}
