//! The sections of debugging data, decompressed and relocated.

use std::borrow::Cow;

use gimli::{Dwarf, DwarfSections, EndianSlice, RunTimeEndian, Section as _, SectionId};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget};

use crate::DwarfError;

pub(crate) type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// Bytes that the sections of one file may have when decompressed, however small it is, and how many times
/// its size beyond that: debugging data packs five to one at best.
const SMALLEST: u64 = 64 << 20;
const MOST_TIMES: u64 = 32;

/// The debugging data of one file.
pub struct Debug<'a> {
    sections: DwarfSections<Cow<'a, [u8]>>,
    supplementary: Option<DwarfSections<Cow<'a, [u8]>>>,
    endian: RunTimeEndian,
    /// Sections by name, for those whose bytes are compared as they are.
    pub(crate) raw: Vec<(String, Cow<'a, [u8]>)>,
}

impl<'a> Debug<'a> {
    /// Reads the sections of an ELF file with debugging data, and those of the file that dwz moved common
    /// data to (`.gnu_debugaltlink`), if there is one.
    ///
    /// # Errors
    /// The bytes are no ELF file, or a section is damaged or too large.
    pub fn parse(elf: &'a [u8], supplementary: Option<&'a [u8]>) -> Result<Self, DwarfError> {
        let file = parse(elf)?;
        let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
        let mut left = most(elf);
        let sections = DwarfSections::load(|id| section(&file, id, &mut left))?;
        let supplementary = match supplementary {
            Some(bytes) => {
                let file = parse(bytes)?;
                let mut left = most(bytes);
                Some(DwarfSections::load(|id| section(&file, id, &mut left))?)
            }
            None => None,
        };
        let mut raw = Vec::new();
        for name in [".debug_macro", ".debug_macinfo"] {
            if let Some(found) = file.section_by_name(name) {
                raw.push((name.to_owned(), data(&file, &found, &mut left)?));
            }
        }
        Ok(Self { sections, supplementary, endian, raw })
    }

    /// Whether there is nothing that types could be read from.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dwarf().debug_info.reader().is_empty()
    }

    pub(crate) fn dwarf(&self) -> Dwarf<Slice<'_>> {
        let slice = |bytes| EndianSlice::new(bytes, self.endian);
        let mut dwarf = self.sections.borrow(|bytes| slice(bytes));
        if let Some(supplementary) = &self.supplementary {
            dwarf.set_sup(supplementary.borrow(|bytes| slice(bytes)));
        }
        dwarf
    }

    /// Whether all sections have the same bytes.
    pub(crate) fn same_bytes(&self, other: &Self) -> bool {
        self.supplementary.is_none() && other.supplementary.is_none() && self.all() == other.all()
    }

    /// Bytes of all sections together, those of the supplementary file included.
    pub(crate) fn size(&self) -> u64 {
        let mut size = self.all().iter().map(|bytes| bytes.len() as u64).sum();
        if let Some(supplementary) = &self.supplementary {
            let _ = supplementary.borrow(|bytes| size += bytes.len() as u64);
        }
        size
    }

    fn all(&self) -> Vec<&[u8]> {
        let mut all = Vec::new();
        let _ = self.sections.borrow(|bytes| all.push(&**bytes));
        all.extend(self.raw.iter().map(|(_, bytes)| &**bytes));
        all
    }
}

fn most(file: &[u8]) -> u64 {
    (file.len() as u64).saturating_mul(MOST_TIMES).max(SMALLEST)
}

fn parse(bytes: &[u8]) -> Result<object::File<'_>, DwarfError> {
    object::File::parse(bytes).map_err(|error| DwarfError(format!("the file is no ELF file: {error}")))
}

fn section<'a>(file: &object::File<'a>, id: SectionId, left: &mut u64) -> Result<Cow<'a, [u8]>, DwarfError> {
    match file.section_by_name(id.name()) {
        Some(found) => data(file, &found, left),
        None => Ok(Cow::Borrowed(&[])),
    }
}

fn data<'a>(
    file: &object::File<'a>,
    section: &object::Section<'a, '_>,
    left: &mut u64,
) -> Result<Cow<'a, [u8]>, DwarfError> {
    let name = section.name().unwrap_or_default().to_owned();
    let wrong = |problem: String| DwarfError(format!("{name}: {problem}"));
    let packed = section.compressed_data().map_err(|error| wrong(error.to_string()))?;
    let size = packed.uncompressed_size;
    *left = left.checked_sub(size).ok_or_else(|| wrong(format!("its {size} bytes are too many")))?;
    // Deflate packs a thousand to one at best: a size beyond that is a lie that memory would be taken for.
    if size / 2048 > packed.data.len() as u64 {
        return Err(wrong(format!("it claims {size} bytes, and has {}", packed.data.len())));
    }
    let mut data = packed.decompress().map_err(|error| wrong(error.to_string()))?;
    if file.kind() == object::ObjectKind::Relocatable {
        relocate(file, section, data.to_mut());
    }
    Ok(data)
}

/// Object files refer to strings and to each other through relocations. Only plain ones occur in debugging
/// data; the others concern addresses, which are not known yet.
fn relocate(file: &object::File<'_>, section: &object::Section<'_, '_>, data: &mut [u8]) {
    for (offset, relocation) in section.relocations() {
        let RelocationTarget::Symbol(index) = relocation.target() else { continue };
        let Ok(symbol) = file.symbol_by_index(index) else { continue };
        let size = usize::from(relocation.size() / 8);
        let Some(place) = usize::try_from(offset).ok().and_then(|at| data.get_mut(at..)?.get_mut(..size))
        else {
            continue;
        };
        let value = symbol.address().wrapping_add_signed(relocation.addend());
        match (size, file.is_little_endian()) {
            (4 | 8, true) => place.copy_from_slice(&value.to_le_bytes()[..size]),
            (4 | 8, false) => place.copy_from_slice(&value.to_be_bytes()[8 - size..]),
            _ => {}
        }
    }
}
