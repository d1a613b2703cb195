//! How a file was hardened, as far as it shows.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Elf, ElfError, ObjectKind};

/// Marks of hardening.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardening {
    /// Functions check their stack frames (`__stack_chk_fail`).
    pub stack_protector: bool,
    /// How often code reads the stack's guard, on x86; 0 elsewhere.
    pub guard_reads: usize,
    /// Functions of the C library that are called with checked bounds, such as `__memcpy_chk`.
    pub fortified: BTreeSet<String>,
    /// All functions that are called in other libraries.
    pub called: BTreeSet<String>,
    /// Relocated data is read-only.
    pub relro: Relro,
    /// Symbols are bound at start.
    pub bind_now: bool,
    /// It can be loaded anywhere: a library, or a position-independent program.
    pub pie: bool,
    /// The stack may hold code.
    pub executable_stack: bool,
    /// Protected branches: `IBT` and `SHSTK` on x86, `BTI` and `PAC` on AArch64.
    pub branches: BTreeSet<&'static str>,
    /// What annobin recorded of the compiler's protections.
    pub annobin: BTreeSet<String>,
}

/// How much of the relocated data is read-only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the linker's own words")]
pub enum Relro {
    #[default]
    None,
    Partial,
    Full,
}

impl fmt::Display for Relro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no RELRO",
            Self::Partial => "partial RELRO",
            Self::Full => "full RELRO",
        })
    }
}

const DT_BIND_NOW: i64 = 24;
const DT_FLAGS: i64 = 30;
const DT_FLAGS_1: i64 = 0x6fff_fffb;
const PT_GNU_STACK: u32 = 0x6474_e551;
const PT_GNU_RELRO: u32 = 0x6474_e552;

pub(crate) fn read(elf: &Elf<'_>) -> Result<Hardening, ElfError> {
    let has = |tag: i64, bits: u64| {
        elf.dynamic().iter().any(|entry| entry.tag == tag && (bits == 0 || entry.value & bits != 0))
    };
    let segment = |kind| elf.segments().iter().find(|segment| segment.kind == kind);
    let called: BTreeSet<String> = elf.imports()?.iter().map(|symbol| symbol.name.to_owned()).collect();
    let guards = |name: &str| name.starts_with("__stack_chk_fail") || name == "__stack_smash_handler";
    let own = elf.symbols()?.iter().any(|symbol| guards(symbol.name));
    let bind_now = has(DT_BIND_NOW, 0) || has(DT_FLAGS, 8) || has(DT_FLAGS_1, 1);
    let relro = match (segment(PT_GNU_RELRO), bind_now) {
        (None, _) => Relro::None,
        (Some(_), false) => Relro::Partial,
        (Some(_), true) => Relro::Full,
    };
    Ok(Hardening {
        stack_protector: own || called.iter().any(|name| guards(name)),
        guard_reads: guard_reads(elf)?,
        fortified: called
            .iter()
            .filter(|name| name.starts_with("__") && name.ends_with("_chk"))
            .cloned()
            .collect(),
        called,
        relro,
        bind_now,
        pie: elf.header().kind == ObjectKind::Shared,
        executable_stack: segment(PT_GNU_STACK).is_some_and(|stack| stack.flags & 1 != 0),
        branches: branches(elf),
        annobin: annobin(elf)?,
    })
}

/// Instructions that read the stack's guard: a move, subtraction or exclusive or with `%fs:0x28` (`%gs:0x14` on 32-bit
/// x86) as its only operand in memory.
fn guard_reads(elf: &Elf<'_>) -> Result<usize, ElfError> {
    let reads: fn(&[u8]) -> bool = match elf.header().machine {
        62 => {
            |code| matches!(code, [0x64, 0x48 | 0x4c, 0x8b | 0x2b | 0x33, register, 0x25, 0x28, 0, 0, 0] if register & 0xc7 == 4)
        }
        3 => |code| match code {
            [0x65, 0xa1, 0x14, 0, 0, 0, ..] => true,
            [0x65, 0x8b | 0x2b | 0x33, register, 0x14, 0, 0, 0, ..] => register & 0xc7 == 5,
            _ => false,
        },
        _ => return Ok(0),
    };
    let count = |code: &[u8]| code.windows(9).filter(|code| reads(code)).count();
    Ok(elf.code()?.into_iter().map(count).sum())
}

/// From `.note.gnu.property` (GNU_PROPERTY_X86_FEATURE_1_AND, GNU_PROPERTY_AARCH64_FEATURE_1_AND).
fn branches(elf: &Elf<'_>) -> BTreeSet<&'static str> {
    const X86: u32 = 0xc000_0002;
    const AARCH64: u32 = 0xc000_0000;
    let mut found = BTreeSet::new();
    for (kind, value) in elf.properties() {
        let names = match kind {
            X86 => ["IBT", "SHSTK"],
            AARCH64 => ["BTI", "PAC"],
            _ => continue,
        };
        found
            .extend(names.iter().enumerate().filter(|(bit, _)| value & 1 << bit != 0).map(|(_, name)| *name));
    }
    found
}

/// From `.gnu.build.attributes` (the "Watermark" specification): each note's owner is `GA`, a type and a
/// name with its value. What is kept are protections, by name.
fn annobin(elf: &Elf<'_>) -> Result<BTreeSet<String>, ElfError> {
    const NAMES: [&str; 10] = [
        "stack_clash",
        "cf_protection",
        "FORTIFY",
        "GLIBCXX_ASSERTIONS",
        "branch_protection",
        "sanitize_address",
        "omit_frame_pointer",
        "stack_realign",
        "GOW",
        "InstrumentationOptions",
    ];
    let mut found = BTreeSet::new();
    for note in elf.notes()? {
        let Some(attribute) = note.owner.strip_prefix(b"GA") else { continue };
        let Some((kind, rest)) = attribute.split_first() else { continue };
        match rest.split_first() {
            // Numbered attributes: 2 is the stack protector's level, 7 whether it is position-independent.
            Some((number @ (2 | 7), value)) => {
                let name = if *number == 2 { "stack protector" } else { "position-independent" };
                found.insert(format!("{name} {}", shown(*kind, value)));
            }
            Some((first, _)) if first.is_ascii_graphic() => {
                let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
                let name = String::from_utf8_lossy(&rest[..end]).into_owned();
                if NAMES.contains(&name.as_str()) {
                    let value = rest.get(end + 1..).unwrap_or_default();
                    found.insert(format!("{name} {}", shown(*kind, value)));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// An attribute's value by its type: `*` a number, `$` a text, `+` true, `!` false.
fn shown(kind: u8, value: &[u8]) -> String {
    match kind {
        b'*' => {
            let number = value.iter().take(8).rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            format!("{number:#x}")
        }
        b'$' => {
            String::from_utf8_lossy(value.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
        }
        b'+' => "on".to_owned(),
        _ => "off".to_owned(),
    }
}
