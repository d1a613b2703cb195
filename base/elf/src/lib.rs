//! Reads ELF files: what they export, import and need, how they were hardened, and their sections as the
//! linker meant them (decompressed, by name).
//!
//! Facts only: it compares nothing and judges nothing, so that every stage can use it. All bytes are
//! untrusted: sizes and offsets are checked, nothing is allocated by what a header claims.
//!
//! Start reading at [`Elf`].

mod hardening;
mod header;
mod read;
mod section;
mod symbol;

use std::collections::{BTreeMap, BTreeSet};

use object::Endianness;
use object::elf::{FileHeader32, FileHeader64};

pub use hardening::{Hardening, Relro};
pub use header::{Header, ObjectKind, Segment};
pub use section::Section;
pub use symbol::{Binding, Kind, Symbol};

/// A file is no ELF file, or a part of it can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ELF {part}: {problem}")]
pub struct ElfError {
    /// Which part of the file.
    pub part: String,
    /// What is wrong with it.
    pub problem: String,
}

impl ElfError {
    /// For `map_err`: says where.
    fn at(part: &str) -> impl FnOnce(object::Error) -> Self {
        let part = part.to_owned();
        move |error| Self { part, problem: error.to_string() }
    }
}

/// An entry of the dynamic table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dynamic<'a> {
    /// DT_*.
    pub tag: i64,
    /// Its value.
    pub value: u64,
    /// The text that the value stands for, where it does for one.
    pub text: Option<&'a str>,
}

/// A note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// Its owner's name; annobin keeps bytes there that are no text.
    pub owner: &'a [u8],
    /// NT_*.
    pub kind: u32,
    /// Its description.
    pub data: &'a [u8],
}

/// An ELF file.
pub struct Elf<'a> {
    bytes: &'a [u8],
    class: Class<'a>,
    header: Header,
    segments: Vec<Segment>,
    dynamic: Vec<Dynamic<'a>>,
}

enum Class<'a> {
    Narrow(read::Read<'a, FileHeader32<Endianness>>),
    Wide(read::Read<'a, FileHeader64<Endianness>>),
}

macro_rules! either {
    ($class:expr, $file:ident => $do:expr) => {
        match $class {
            Class::Narrow($file) => $do,
            Class::Wide($file) => $do,
        }
    };
}

/// Whether these bytes start as an ELF file does.
#[must_use]
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// A kernel module and the signature that was appended to it (`struct module_signature` of the kernel).
#[must_use]
pub fn module_signature(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_suffix(b"~Module signature appended~\n")?;
    let (rest, trailer) = rest.split_at_checked(rest.len().checked_sub(12)?)?;
    let length = u32::from_be_bytes(*trailer.last_chunk()?) as usize;
    rest.split_at_checked(rest.len().checked_sub(length)?)
}

impl<'a> Elf<'a> {
    /// Reads the headers and the dynamic table.
    ///
    /// # Errors
    /// The bytes are no ELF file, or what is read here is damaged.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ElfError> {
        let class = match bytes.get(4) {
            Some(1) => Class::Narrow(read::Read::new(bytes)?),
            _ => Class::Wide(read::Read::new(bytes)?),
        };
        let (header, segments, dynamic) =
            either!(&class, file => (file.header(), file.segments()?, file.dynamic()?));
        Ok(Self { bytes, class, header, segments, dynamic })
    }

    /// The whole file.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The file header's facts.
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// Program headers.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The dynamic table.
    #[must_use]
    pub fn dynamic(&self) -> &[Dynamic<'a>] {
        &self.dynamic
    }

    /// The loader that a program names (PT_INTERP).
    #[must_use]
    pub fn interpreter(&self) -> Option<&'a str> {
        const PT_INTERP: u32 = 3;
        let segment = self.segments.iter().find(|segment| segment.kind == PT_INTERP)?;
        let start = usize::try_from(segment.offset).ok()?;
        let bytes = self.bytes.get(start..)?.get(..usize::try_from(segment.file_size).ok()?)?;
        str::from_utf8(bytes).ok().map(|text| text.trim_end_matches('\0'))
    }

    fn texts(&self, tag: i64) -> impl Iterator<Item = &'a str> {
        self.dynamic.iter().filter(move |entry| entry.tag == tag).filter_map(|entry| entry.text)
    }

    /// DT_SONAME.
    #[must_use]
    pub fn soname(&self) -> Option<&'a str> {
        self.texts(14).next()
    }

    /// DT_NEEDED, in order.
    #[must_use]
    pub fn needed(&self) -> Vec<&'a str> {
        self.texts(1).collect()
    }

    /// DT_RUNPATH.
    #[must_use]
    pub fn runpath(&self) -> Option<&'a str> {
        self.texts(29).next()
    }

    /// DT_RPATH.
    #[must_use]
    pub fn rpath(&self) -> Option<&'a str> {
        self.texts(15).next()
    }

    /// Whether it is a program rather than a library: it is linked to run at one address, says that it is a
    /// position-independent program (DF_1_PIE), or names a loader and no SONAME.
    #[must_use]
    pub fn is_executable_program(&self) -> bool {
        const DT_FLAGS_1: i64 = 0x6fff_fffb;
        const DF_1_PIE: u64 = 0x0800_0000;
        let pie = self.dynamic.iter().any(|entry| entry.tag == DT_FLAGS_1 && entry.value & DF_1_PIE != 0);
        self.header.kind == ObjectKind::Executable
            || pie
            || (self.interpreter().is_some() && self.soname().is_none())
    }

    /// Whether it uses its own symbols, whatever others define (DT_SYMBOLIC, DF_SYMBOLIC).
    #[must_use]
    pub fn is_symbolic(&self) -> bool {
        const DT_SYMBOLIC: i64 = 16;
        const DT_FLAGS: i64 = 30;
        const DF_SYMBOLIC: u64 = 2;
        self.dynamic.iter().any(|entry| {
            entry.tag == DT_SYMBOLIC || (entry.tag == DT_FLAGS && entry.value & DF_SYMBOLIC != 0)
        })
    }

    /// What the processor has to be able to do (GNU_PROPERTY_X86_ISA_1_NEEDED): 1 for the baseline of x86-64, 2 to 4
    /// for its levels; 0 where the file does not say.
    #[must_use]
    pub fn processor_level(&self) -> u32 {
        const X86_ISA_1_NEEDED: u32 = 0xc000_8002;
        let needed = self.properties().into_iter().filter(|(kind, _)| *kind == X86_ISA_1_NEEDED);
        needed.map(|(_, bits)| u32::BITS - bits.leading_zeros()).max().unwrap_or(0)
    }

    /// Dynamic symbols that are defined here and seen outside.
    ///
    /// # Errors
    /// The tables are damaged.
    pub fn exports(&self) -> Result<Vec<Symbol<'a>>, ElfError> {
        let mut symbols = either!(&self.class, file => file.dynamic_symbols()?);
        symbols.retain(|symbol| symbol.is_defined && symbol.binding != Binding::Local && symbol.is_visible);
        Ok(symbols)
    }

    /// Dynamic symbols that others have to define.
    ///
    /// # Errors
    /// The tables are damaged.
    pub fn imports(&self) -> Result<Vec<Symbol<'a>>, ElfError> {
        let mut symbols = either!(&self.class, file => file.dynamic_symbols()?);
        symbols.retain(|symbol| !symbol.is_defined);
        Ok(symbols)
    }

    /// Static symbols (`.symtab`); none in a stripped file.
    ///
    /// # Errors
    /// The table is damaged.
    pub fn symbols(&self) -> Result<Vec<Symbol<'a>>, ElfError> {
        either!(&self.class, file => file.symbols())
    }

    /// Symbol versions that it defines, the base version (its own name) left out.
    ///
    /// # Errors
    /// The table is damaged.
    pub fn version_definitions(&self) -> Result<BTreeSet<String>, ElfError> {
        either!(&self.class, file => file.version_definitions())
    }

    /// Symbol versions that it needs, by library.
    ///
    /// # Errors
    /// The table is damaged.
    pub fn version_needs(&self) -> Result<BTreeMap<String, BTreeSet<String>>, ElfError> {
        either!(&self.class, file => file.version_needs())
    }

    /// All sections, decompressed, in the table's order.
    ///
    /// # Errors
    /// The table is damaged, a section is not inside of the file or can't be decompressed, or they are too
    /// large together.
    pub fn sections(&self) -> Result<Vec<Section<'a>>, ElfError> {
        either!(&self.class, file => file.sections())
    }

    /// Whether there is a section of this name.
    #[must_use]
    pub fn has_section(&self, name: &str) -> bool {
        either!(&self.class, file => file.has_section(name))
    }

    pub(crate) fn code(&self) -> Result<Vec<&'a [u8]>, ElfError> {
        either!(&self.class, file => file.code())
    }

    /// The first section of this name, decompressed.
    ///
    /// # Errors
    /// It is not inside of the file, or can't be decompressed.
    pub fn section(&self, name: &str) -> Result<Option<Section<'a>>, ElfError> {
        either!(&self.class, file => file.section_named(name))
    }

    /// Runs of bytes that belong to no section, no header and no table: what was appended to the file, and
    /// what a linker or an editor left between sections. Zeroes around them are padding, and left out.
    #[must_use]
    pub fn outside_of_sections(&self) -> Vec<&'a [u8]> {
        let mut covered = either!(&self.class, file => file.extents());
        covered.sort_unstable_by_key(|range| range.start);
        covered.push(self.bytes.len()..self.bytes.len());
        let (mut gaps, mut end) = (Vec::new(), 0);
        for range in covered {
            let gap = self.bytes.get(end..range.start).unwrap_or_default();
            let start = gap.iter().position(|byte| *byte != 0);
            let last = gap.iter().rposition(|byte| *byte != 0);
            gaps.extend(start.zip(last).map(|(start, last)| &gap[start..=last]));
            end = end.max(range.end);
        }
        gaps
    }

    /// All notes.
    ///
    /// # Errors
    /// A section of notes is not inside of the file.
    pub fn notes(&self) -> Result<Vec<Note<'a>>, ElfError> {
        either!(&self.class, file => file.notes())
    }

    pub(crate) fn properties(&self) -> Vec<(u32, u32)> {
        either!(&self.class, file => file.properties())
    }

    /// The build-id in hexadecimal.
    #[must_use]
    pub fn build_id(&self) -> Option<String> {
        const NT_GNU_BUILD_ID: u32 = 3;
        let notes = self.notes().ok()?;
        let note = notes.iter().find(|note| note.owner == b"GNU" && note.kind == NT_GNU_BUILD_ID)?;
        Some(hex(note.data))
    }

    /// The Go tool chain's build identity.
    #[must_use]
    pub fn go_build_id(&self) -> Option<String> {
        let notes = self.notes().ok()?;
        // The tool chain pads the owner's name, which the format does not ask for.
        let note = notes.iter().find(|note| matches!(note.owner, b"Go" | b"Go\0") && note.kind == 4)?;
        str::from_utf8(note.data).ok().map(str::to_owned)
    }

    /// File name and build-id (in hexadecimal) of the file that dwz moved common debugging data to.
    #[must_use]
    pub fn debugaltlink(&self) -> Option<(String, String)> {
        let section = self.section(".gnu_debugaltlink").ok()??;
        let end = section.data.iter().position(|byte| *byte == 0)?;
        let name = str::from_utf8(&section.data[..end]).ok()?;
        Some((name.to_owned(), hex(&section.data[end + 1..])))
    }

    /// How it was hardened.
    ///
    /// # Errors
    /// The symbol tables or notes are damaged.
    pub fn hardening(&self) -> Result<Hardening, ElfError> {
        hardening::read(self)
    }

    /// The exported or static function that covers an address.
    #[must_use]
    pub fn function_at(&self, address: u64) -> Option<&'a str> {
        let covers = |symbol: &Symbol<'_>| {
            symbol.kind == Kind::Function
                && (symbol.address..symbol.address.saturating_add(symbol.size)).contains(&address)
        };
        let statics = self.symbols().unwrap_or_default().into_iter();
        statics.chain(self.exports().unwrap_or_default()).find(covers).map(|symbol| symbol.name)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
