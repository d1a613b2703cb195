//! Symbols as a linker sees them.

use std::fmt;

use object::elf;

/// One symbol of a dynamic or static table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// The name, mangled as it is.
    pub name: &'a str,
    /// Its version, if it has one.
    pub version: Option<&'a str>,
    /// Whether programs that name no version get this one (`@@`).
    pub is_default: bool,
    /// For an import: the library that its version belongs to.
    pub library: Option<&'a str>,
    /// How it binds.
    pub binding: Binding,
    /// What it names.
    pub kind: Kind,
    /// Bytes of what it names.
    pub size: u64,
    /// Address, or offset in the section for an object file.
    pub address: u64,
    /// Whether it is defined here.
    pub is_defined: bool,
    /// Whether other files see it: default or protected visibility.
    pub is_visible: bool,
    /// Whether its own file uses this very one, whatever others define (protected visibility).
    pub is_protected: bool,
}

/// How a symbol binds (STB_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the gABI's own words")]
pub enum Binding {
    Local,
    Global,
    Weak,
    Unique,
    Other(u8),
}

/// What a symbol names (STT_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the gABI's own words")]
pub enum Kind {
    None,
    Object,
    Function,
    Section,
    File,
    Common,
    ThreadLocal,
    IndirectFunction,
    Other(u8),
}

impl Symbol<'_> {
    /// Whether it binds weakly.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.binding == Binding::Weak
    }

    /// Whether it binds globally; a unique symbol does.
    #[must_use]
    pub fn is_global(&self) -> bool {
        matches!(self.binding, Binding::Global | Binding::Unique)
    }
}

impl Kind {
    /// Whether it names data, which has a size that programs rely on.
    #[must_use]
    pub fn is_data(self) -> bool {
        matches!(self, Self::Object | Self::Common | Self::ThreadLocal)
    }

    /// Whether it names code that is called.
    #[must_use]
    pub fn is_function(self) -> bool {
        matches!(self, Self::Function | Self::IndirectFunction)
    }

    /// Whether it names a source file.
    #[must_use]
    pub fn is_file(self) -> bool {
        self == Self::File
    }
}

impl From<elf::SymbolBind> for Binding {
    fn from(bind: elf::SymbolBind) -> Self {
        match bind {
            elf::STB_LOCAL => Self::Local,
            elf::STB_GLOBAL => Self::Global,
            elf::STB_WEAK => Self::Weak,
            elf::STB_GNU_UNIQUE => Self::Unique,
            other => Self::Other(other.0),
        }
    }
}

impl From<elf::SymbolType> for Kind {
    fn from(kind: elf::SymbolType) -> Self {
        match kind {
            elf::STT_NOTYPE => Self::None,
            elf::STT_OBJECT => Self::Object,
            elf::STT_FUNC => Self::Function,
            elf::STT_SECTION => Self::Section,
            elf::STT_FILE => Self::File,
            elf::STT_COMMON => Self::Common,
            elf::STT_TLS => Self::ThreadLocal,
            elf::STT_GNU_IFUNC => Self::IndirectFunction,
            other => Self::Other(other.0),
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Global => f.write_str("global"),
            Self::Weak => f.write_str("weak"),
            Self::Unique => f.write_str("unique"),
            Self::Other(number) => write!(f, "binding {number}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("symbol"),
            Self::Object => f.write_str("object"),
            Self::Function => f.write_str("function"),
            Self::Section => f.write_str("section"),
            Self::File => f.write_str("file"),
            Self::Common => f.write_str("common object"),
            Self::ThreadLocal => f.write_str("thread-local object"),
            Self::IndirectFunction => f.write_str("indirect function"),
            Self::Other(number) => write!(f, "symbol of type {number}"),
        }
    }
}
