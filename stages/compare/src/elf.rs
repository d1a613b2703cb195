//! ELF files whose bytes differ: what of that means nothing, and what its users see of the rest.

pub(crate) mod hardening;
pub(crate) mod linking;
mod object_file;
mod sections;
pub(crate) mod static_library;
pub(crate) mod symbols;

use std::collections::{BTreeMap, BTreeSet};

use heirloom_elf::{Elf, ElfError, Hardening, Symbol};

use crate::check::{self, normaliser};
use crate::content;
use crate::look::{Look, Place};
use crate::types::Library;

/// Bytes that the file's name may have when it is told with every exported symbol.
const MOST_TEXT: usize = 64 << 20;

/// One ELF file of both packages.
pub(crate) struct ElfPair<'a> {
    /// Its path, as findings name it.
    pub(crate) path: &'a str,
    pub(crate) reference: Facts<'a>,
    pub(crate) rebuilt: Facts<'a>,
    /// Symbol versions that the whole reference package requires, such as `libc.so.6(GLIBC_2.34)`.
    pub(crate) required: &'a BTreeSet<String>,
    /// Both are programs, which export nothing unless they are asked to.
    pub(crate) program: bool,
}

/// What the rules look at.
pub(crate) struct Facts<'a> {
    pub(crate) elf: &'a Elf<'a>,
    pub(crate) exports: Vec<Symbol<'a>>,
    pub(crate) imports: Vec<Symbol<'a>>,
    pub(crate) version_definitions: BTreeSet<String>,
    pub(crate) version_needs: BTreeMap<String, BTreeSet<String>>,
    pub(crate) hardening: Hardening,
}

impl<'a> Facts<'a> {
    fn of(elf: &'a Elf<'a>) -> Result<Self, ElfError> {
        let mut exports = elf.exports()?;
        // A program's copy of a library's variable is the library's.
        exports.retain(|symbol| symbol.library.is_none());
        Ok(Self {
            elf,
            exports,
            imports: elf.imports()?,
            version_definitions: elf.version_definitions()?,
            version_needs: elf.version_needs()?,
            hardening: elf.hardening()?,
        })
    }
}

/// Compares two ELF files: sections first, and where these differ the facts that users depend on.
pub(crate) fn compare(look: &mut Look, place: &Place, both: (&[u8], &[u8])) -> bool {
    let reference_bytes = unsigned(both.0);
    let rebuilt_bytes = unsigned(both.1);
    if (reference_bytes.len(), rebuilt_bytes.len()) != (both.0.len(), both.1.len()) {
        look.normalised(normaliser::SIGNATURE, place, "");
    }
    if reference_bytes == rebuilt_bytes {
        return true;
    }
    let (reference, rebuilt) = (Elf::parse(reference_bytes), Elf::parse(rebuilt_bytes));
    let Some((reference, rebuilt)) = look.both(place, reference, rebuilt) else { return false };
    let seen = (look.findings.len(), look.normalisations.len());
    match examine(look, place, &reference, &rebuilt) {
        Ok(true) if seen == (look.findings.len(), look.normalisations.len()) => {
            // Something differs, and nothing that was looked at.
            content::differs(look, place, both);
            false
        }
        Ok(same) => same,
        Err(error) => {
            look.unreadable(place, "not examined", error);
            false
        }
    }
}

fn examine<'a>(
    look: &mut Look,
    place: &Place,
    reference: &'a Elf<'a>,
    rebuilt: &'a Elf<'a>,
) -> Result<bool, ElfError> {
    let same = sections::compare(look, place, reference, rebuilt)?;
    let program = reference.is_executable_program() && rebuilt.is_executable_program();
    let required = std::mem::take(&mut look.required);
    let (reference, rebuilt) = (Facts::of(reference)?, Facts::of(rebuilt)?);
    let count = reference.exports.len() + rebuilt.exports.len();
    if count.saturating_mul(place.shown.len()) > MOST_TEXT {
        look.required = required;
        let problem = format!("{count} exported symbols, each with the file's long name, can't be told");
        return Err(ElfError { part: ".dynsym".to_owned(), problem });
    }
    let pair = ElfPair { path: &place.shown, reference, rebuilt, required: &required, program };
    for check in check::checks() {
        look.findings.extend(check.run_elf(&pair));
    }
    if !same {
        look.libraries.extend(Library::of(&pair));
    }
    look.required = required;
    Ok(same)
}

/// A kernel module without the signature at its end.
fn unsigned(bytes: &[u8]) -> &[u8] {
    heirloom_elf::module_signature(bytes).map_or(bytes, |(module, _)| module)
}
