//! What the file header and the program headers say.

use std::fmt;

/// What the file header says, offsets aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 32 or 64.
    pub class: u8,
    /// Byte order.
    pub little_endian: bool,
    /// EM_*.
    pub machine: u16,
    /// What kind of file.
    pub kind: ObjectKind,
    /// ELFOSABI_*.
    pub os_abi: u8,
    /// The machine's own flags.
    pub flags: u32,
    /// Where the program starts.
    pub entry: u64,
}

/// ET_*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the gABI's own words")]
pub enum ObjectKind {
    Relocatable,
    Executable,
    Shared,
    Core,
    Other(u16),
}

/// A program header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// PT_*.
    pub kind: u32,
    /// PF_*.
    pub flags: u32,
    /// Where it is in the file.
    pub offset: u64,
    /// Bytes in the file.
    pub file_size: u64,
    /// Where it is loaded.
    pub address: u64,
    /// Bytes in memory.
    pub memory_size: u64,
    /// Alignment in bytes.
    pub alignment: u64,
}

impl Header {
    /// The machine's name, or its number.
    #[must_use]
    pub fn machine_name(&self) -> String {
        match self.machine {
            3 => "x86".to_owned(),
            20 => "PowerPC".to_owned(),
            21 => "PowerPC 64".to_owned(),
            22 => "S/390".to_owned(),
            40 => "ARM".to_owned(),
            62 => "x86-64".to_owned(),
            183 => "AArch64".to_owned(),
            243 => "RISC-V".to_owned(),
            247 => "BPF".to_owned(),
            other => format!("machine {other}"),
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, flags, address, file_size, memory_size, alignment, .. } = self;
        let access: String = [(4, 'r'), (2, 'w'), (1, 'x')]
            .iter()
            .map(|(bit, c)| if flags & bit != 0 { *c } else { '-' })
            .collect();
        write!(
            f,
            "segment of type {kind:#x}, {access}, at {address:#x}, {file_size:#x} bytes of {memory_size:#x}, aligned to {alignment:#x}"
        )
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.little_endian { "little" } else { "big" };
        let kind = match self.kind {
            ObjectKind::Relocatable => "object file".to_owned(),
            ObjectKind::Executable => "program".to_owned(),
            ObjectKind::Shared => "library or position-independent program".to_owned(),
            ObjectKind::Core => "core dump".to_owned(),
            ObjectKind::Other(number) => format!("file of type {number}"),
        };
        let Self { class, os_abi, flags, .. } = self;
        write!(
            f,
            "{class}-bit {order}-endian {} {kind}, system {os_abi}, flags {flags:#x}",
            self.machine_name()
        )
    }
}
