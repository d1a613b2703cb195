//! Reads one class of ELF file (32 or 64 bits) with that class's own types.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use object::Endianness;
use object::elf;
use object::read::elf::{
    FileHeader, ProgramHeader as _, SectionHeader as _, SectionTable, Sym as _, SymbolTable, VersionTable,
};

use crate::section::{self, Section};
use crate::symbol::Symbol;
use crate::{Dynamic, ElfError, Header, ObjectKind, Segment};

/// Symbols that a table may have; the largest real ones have a few million.
const MOST_SYMBOLS: usize = 1 << 24;
/// Entries that the tables of symbol versions may have; the largest real ones have a few hundred.
const MOST_VERSIONS: usize = 1 << 16;
/// Bytes that all sections of one file may have however small it is, and how many times its size beyond
/// that. They don't overlap in honest files, and debugging data packs five to one at best.
const SMALLEST: u64 = 64 << 20;
const MOST_TIMES: u64 = 32;
/// Bytes of all names of one table, as a multiple of the file's: names may share their endings.
const NAMES_TIMES: usize = 4;

/// A file of one class.
pub(crate) struct Read<'a, H: FileHeader<Endian = Endianness>> {
    bytes: &'a [u8],
    header: &'a H,
    endian: Endianness,
    sections: SectionTable<'a, H>,
}

impl<'a, H: FileHeader<Endian = Endianness>> Read<'a, H> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, ElfError> {
        let header = H::parse(bytes).map_err(ElfError::at("file header"))?;
        let endian = header.endian().map_err(ElfError::at("file header"))?;
        let sections = header.sections(endian, bytes).map_err(ElfError::at("section headers"))?;
        Ok(Self { bytes, header, endian, sections })
    }

    pub(crate) fn header(&self) -> Header {
        let (header, endian) = (self.header, self.endian);
        Header {
            class: if header.is_type_64() { 64 } else { 32 },
            little_endian: header.is_little_endian(),
            machine: header.e_machine(endian).0,
            kind: match header.e_type(endian) {
                elf::ET_REL => ObjectKind::Relocatable,
                elf::ET_EXEC => ObjectKind::Executable,
                elf::ET_DYN => ObjectKind::Shared,
                elf::ET_CORE => ObjectKind::Core,
                elf::FileType(other) => ObjectKind::Other(other),
            },
            os_abi: header.e_ident().os_abi.0,
            flags: header.e_flags(endian).0,
            entry: header.e_entry(endian).into(),
        }
    }

    pub(crate) fn segments(&self) -> Result<Vec<Segment>, ElfError> {
        let headers =
            self.header.program_headers(self.endian, self.bytes).map_err(ElfError::at("program headers"))?;
        let segment = |header: &H::ProgramHeader| Segment {
            kind: header.p_type(self.endian).0,
            flags: header.p_flags(self.endian).0,
            offset: header.p_offset(self.endian).into(),
            file_size: header.p_filesz(self.endian).into(),
            address: header.p_vaddr(self.endian).into(),
            memory_size: header.p_memsz(self.endian).into(),
            alignment: header.p_align(self.endian).into(),
        };
        Ok(headers.iter().map(segment).collect())
    }

    /// Where the headers, the tables and the sections are in the file.
    pub(crate) fn extents(&self) -> Vec<Range<usize>> {
        let range = |start: u64, size: u64| {
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            start..start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX))
        };
        let table = |start: u64, entry: u16, count: usize| {
            range(start, u64::from(entry).saturating_mul(count as u64))
        };
        let (header, endian) = (self.header, self.endian);
        let segments = header.phnum(endian, self.bytes).unwrap_or(0) as usize;
        let mut all = vec![
            range(0, header.e_ehsize(endian).into()),
            table(header.e_phoff(endian).into(), header.e_phentsize(endian), segments),
            table(header.e_shoff(endian).into(), header.e_shentsize(endian), self.sections.len()),
        ];
        let in_file = |section: &&H::SectionHeader| section.sh_type(endian) != elf::SHT_NOBITS;
        let sections = self.sections.iter().filter(in_file);
        all.extend(
            sections.map(|section| range(section.sh_offset(endian).into(), section.sh_size(endian).into())),
        );
        all
    }

    pub(crate) fn dynamic(&self) -> Result<Vec<Dynamic<'a>>, ElfError> {
        let at = || ElfError::at(".dynamic");
        let table = self.sections.dynamic_table(self.endian, self.bytes).map_err(at())?;
        let mut names = self.names(".dynamic");
        let mut entries = Vec::new();
        for entry in table.iter() {
            let text = if entry.is_string() { Some(text(table.string(entry).map_err(at())?)?) } else { None };
            names.take(text.unwrap_or_default())?;
            entries.push(Dynamic { tag: entry.tag.0, value: entry.val, text });
        }
        Ok(entries)
    }

    pub(crate) fn sections(&self) -> Result<Vec<Section<'a>>, ElfError> {
        let mut left = Left::of(self.bytes);
        let all = self.sections.enumerate().filter(|(index, _)| index.0 != 0);
        all.map(|(index, header)| self.section(index.0, header, &mut left)).collect()
    }

    pub(crate) fn has_section(&self, name: &str) -> bool {
        self.sections.section_by_name(self.endian, name.as_bytes()).is_some()
    }

    /// Sections that hold code, as they are in the file.
    pub(crate) fn code(&self) -> Result<Vec<&'a [u8]>, ElfError> {
        const EXECUTABLE: u64 = 4;
        let is_code = |header: &&H::SectionHeader| header.sh_flags(self.endian).0 & EXECUTABLE != 0;
        let code = self.sections.iter().filter(is_code);
        code.map(|header| header.data(self.endian, self.bytes).map_err(ElfError::at("code"))).collect()
    }

    /// The first section of a name.
    pub(crate) fn section_named(&self, name: &str) -> Result<Option<Section<'a>>, ElfError> {
        let found = self.sections.section_by_name(self.endian, name.as_bytes());
        found.map(|(index, header)| self.section(index.0, header, &mut Left::of(self.bytes))).transpose()
    }

    fn section(
        &self,
        index: usize,
        header: &'a H::SectionHeader,
        left: &mut Left,
    ) -> Result<Section<'a>, ElfError> {
        let endian = self.endian;
        let name = text(self.sections.section_name(endian, header).map_err(ElfError::at("section names"))?)?;
        let raw = header.data(endian, self.bytes).map_err(ElfError::at(name))?;
        left.take(name, raw.len() as u64)?;
        let compression = header.compression(endian, self.bytes).map_err(ElfError::at(name))?;
        // A compressed section is aligned for its header; what it holds has an alignment of its own.
        let mut alignment = header.sh_addralign(endian).into();
        let data = match compression {
            Some((packing, offset, size)) => {
                use object::read::elf::CompressionHeader as _;
                let range = offset as usize..(offset as usize).saturating_add(size as usize);
                let packed = self.bytes.get(range).unwrap_or_default();
                alignment = packing.ch_addralign(endian).into();
                section::decompress(
                    name,
                    packing.ch_type(endian).0,
                    packed,
                    packing.ch_size(endian).into(),
                    left,
                )?
            }
            None => section::old_compression(name, raw, left)?,
        };
        let sh_type = header.sh_type(endian);
        Ok(Section {
            index,
            name: section::plain_name(name),
            sh_type: sh_type.0,
            sh_flags: header.sh_flags(endian).0,
            address: header.sh_addr(endian).into(),
            link: header.sh_link(endian) as usize,
            info: header.sh_info(endian),
            entry_size: header.sh_entsize(endian).into(),
            alignment,
            offset: header.sh_offset(endian).into(),
            size: if sh_type == elf::SHT_NOBITS { header.sh_size(endian).into() } else { data.len() as u64 },
            stored: raw,
            data,
        })
    }

    fn names(&self, part: &'static str) -> Names {
        Names { part, left: self.bytes.len().saturating_mul(NAMES_TIMES) }
    }

    fn symbol_table(&self, kind: elf::SectionType) -> Result<SymbolTable<'a, H>, ElfError> {
        let table =
            self.sections.symbols(self.endian, self.bytes, kind).map_err(ElfError::at("symbol table"))?;
        match table.len() > MOST_SYMBOLS {
            true => Err(ElfError {
                part: "symbol table".to_owned(),
                problem: format!("it has {} symbols", table.len()),
            }),
            false => Ok(table),
        }
    }

    /// Symbols of `.symtab`.
    pub(crate) fn symbols(&self) -> Result<Vec<Symbol<'a>>, ElfError> {
        let table = self.symbol_table(elf::SHT_SYMTAB)?;
        let mut names = self.names(".symtab");
        table.iter().skip(1).map(|symbol| self.symbol(&table, symbol, &mut names)).collect()
    }

    /// Symbols of `.dynsym` with their versions.
    pub(crate) fn dynamic_symbols(&self) -> Result<Vec<Symbol<'a>>, ElfError> {
        let table = self.symbol_table(elf::SHT_DYNSYM)?;
        let versions: Option<VersionTable<'a, H>> =
            self.sections.versions(self.endian, self.bytes).map_err(ElfError::at("symbol versions"))?;
        let mut names = self.names(".dynsym");
        let mut symbols = Vec::with_capacity(table.len());
        for (index, raw) in table.enumerate().filter(|(index, _)| index.0 != 0) {
            let mut symbol = self.symbol(&table, raw, &mut names)?;
            if let Some(versions) = &versions {
                let versym = versions.version_index(self.endian, index);
                let version = versions.version(versym.index()).map_err(ElfError::at("symbol versions"))?;
                symbol.version = version.map(|version| text(version.name())).transpose()?;
                symbol.library = version.and_then(|version| version.file()).map(text).transpose()?;
                symbol.is_default = !versym.is_hidden();
                if versym.is_local() && symbol.is_defined {
                    continue;
                }
            }
            symbols.push(symbol);
        }
        Ok(symbols)
    }

    fn symbol(
        &self,
        table: &SymbolTable<'a, H>,
        raw: &H::Sym,
        names: &mut Names,
    ) -> Result<Symbol<'a>, ElfError> {
        let name = text(table.symbol_name(self.endian, raw).map_err(ElfError::at("symbol names"))?)?;
        names.take(name)?;
        Ok(Symbol {
            name,
            version: None,
            is_default: true,
            library: None,
            binding: raw.st_bind().into(),
            kind: raw.st_type().into(),
            size: raw.st_size(self.endian).into(),
            address: raw.st_value(self.endian).into(),
            is_defined: !raw.is_undefined(self.endian),
            is_visible: matches!(raw.st_visibility(), elf::STV_DEFAULT | elf::STV_PROTECTED),
            is_protected: raw.st_visibility() == elf::STV_PROTECTED,
        })
    }

    pub(crate) fn version_definitions(&self) -> Result<BTreeSet<String>, ElfError> {
        let at = || ElfError::at("version definitions");
        let mut names = BTreeSet::new();
        let mut count = 0;
        let Some((mut definitions, link)) = self.sections.gnu_verdef(self.endian, self.bytes).map_err(at())?
        else {
            return Ok(names);
        };
        let strings = self.sections.strings(self.endian, self.bytes, link).map_err(at())?;
        while let Some((definition, mut aux)) = definitions.next().map_err(at())? {
            const BASE: u16 = 1;
            few(&mut count)?;
            if definition.vd_flags.get(self.endian).0 & BASE != 0 {
                continue;
            }
            // The first name is the version's own, the others are its parents'.
            if let Some(aux) = aux.next().map_err(at())? {
                names.insert(text(aux.name(self.endian, strings).map_err(at())?)?.to_owned());
            }
        }
        Ok(names)
    }

    pub(crate) fn version_needs(&self) -> Result<BTreeMap<String, BTreeSet<String>>, ElfError> {
        let at = || ElfError::at("needed versions");
        let mut libraries = BTreeMap::<String, BTreeSet<String>>::new();
        let mut count = 0;
        let Some((mut needs, link)) = self.sections.gnu_verneed(self.endian, self.bytes).map_err(at())?
        else {
            return Ok(libraries);
        };
        let strings = self.sections.strings(self.endian, self.bytes, link).map_err(at())?;
        while let Some((need, mut aux)) = needs.next().map_err(at())? {
            few(&mut count)?;
            let library = text(need.file(self.endian, strings).map_err(at())?)?.to_owned();
            let versions = libraries.entry(library).or_default();
            while let Some(aux) = aux.next().map_err(at())? {
                few(&mut count)?;
                versions.insert(text(aux.name(self.endian, strings).map_err(at())?)?.to_owned());
            }
        }
        Ok(libraries)
    }

    /// Notes of all note sections, annobin's included.
    pub(crate) fn notes(&self) -> Result<Vec<crate::Note<'a>>, ElfError> {
        let mut notes = Vec::new();
        let mut left = Left::of(self.bytes);
        for header in self.sections.iter() {
            let Some(mut iterator) = header.notes(self.endian, self.bytes).map_err(ElfError::at("notes"))?
            else {
                continue;
            };
            left.take("notes", header.sh_size(self.endian).into())?;
            // A damaged note ends its section's, as it does for every reader.
            while let Ok(Some(note)) = iterator.next() {
                notes.push(crate::Note {
                    owner: note.name(),
                    kind: note.n_type(self.endian).0,
                    data: note.desc(),
                });
            }
        }
        Ok(notes)
    }

    /// Properties of `.note.gnu.property`: type and the first four bytes as a number.
    pub(crate) fn properties(&self) -> Vec<(u32, u32)> {
        let mut all = Vec::new();
        let mut left = Left::of(self.bytes);
        for header in self.sections.iter() {
            let Ok(Some(mut notes)) = header.notes(self.endian, self.bytes) else { continue };
            if left.take("notes", header.sh_size(self.endian).into()).is_err() {
                break;
            }
            while let Ok(Some(note)) = notes.next() {
                let Some(mut properties) = note.gnu_properties(self.endian) else { continue };
                while let Ok(Some(property)) = properties.next() {
                    let value = property.data_u32(self.endian).unwrap_or(0);
                    all.push((property.pr_type().0, value));
                }
            }
        }
        all
    }
}

/// What sections may still hold together.
pub(crate) struct Left(u64);

impl Left {
    fn of(file: &[u8]) -> Self {
        Self((file.len() as u64).saturating_mul(MOST_TIMES).max(SMALLEST))
    }

    pub(crate) fn take(&mut self, part: &str, size: u64) -> Result<(), ElfError> {
        self.0 = self.0.checked_sub(size).ok_or_else(|| ElfError {
            part: part.to_owned(),
            problem: format!("its {size} bytes are too many for a file of this size"),
        })?;
        Ok(())
    }
}

/// What the names of a table may still have: all of its entries can name one long text.
struct Names {
    part: &'static str,
    left: usize,
}

impl Names {
    fn take(&mut self, name: &str) -> Result<(), ElfError> {
        self.left = self.left.checked_sub(name.len()).ok_or_else(|| ElfError {
            part: self.part.to_owned(),
            problem: "its names are together longer than the file by far".to_owned(),
        })?;
        Ok(())
    }
}

/// Counts entries of a table of versions, whose chains can share their tails.
fn few(count: &mut usize) -> Result<(), ElfError> {
    *count += 1;
    match *count > MOST_VERSIONS {
        true => {
            Err(ElfError { part: "symbol versions".to_owned(), problem: "there are too many".to_owned() })
        }
        false => Ok(()),
    }
}

/// A name; one that is not UTF-8 is refused, so that no two of them are taken for the same.
fn text(bytes: &[u8]) -> Result<&str, ElfError> {
    str::from_utf8(bytes).map_err(|_| ElfError {
        part: "names".to_owned(),
        problem: format!("`{}` is not UTF-8", bytes.escape_ascii()),
    })
}
