//! Compares the contents of files: opens what is packed, takes away what means nothing, and records both.

mod archive;
mod checksum;
mod packed;
mod pdf;
mod picture;
mod python;
mod signed;
mod symvers;
mod text;

pub(crate) use checksum::{targets, verified};

use crate::elf;
use crate::look::{Look, Place};

/// Whether two contents are the same after recorded normalisations; records what differs if not.
pub(crate) fn compare(look: &mut Look, place: &Place, reference: &[u8], rebuilt: &[u8]) -> bool {
    if reference == rebuilt {
        return true;
    }
    let kind = Kind::of(place, reference);
    if kind != Kind::of(place, rebuilt) {
        look.differs(place, (Kind::of(place, reference).name().to_owned(), Kind::of(place, rebuilt).name().to_owned()));
        return false;
    }
    let both = (reference, rebuilt);
    match kind {
        Kind::Elf => elf::compare(look, place, both),
        Kind::Packed(packing) => packed::compare(look, place, both, packing),
        Kind::Archive(form) => archive::compare(look, place, both, form),
        Kind::Python => python::compare(look, place, both),
        Kind::Png => picture::compare(look, place, both),
        Kind::Pdf => pdf::compare(look, place, both),
        Kind::Program => signed::compare(look, place, both),
        Kind::Symvers => symvers::compare(look, place, both),
        Kind::Text => text::compare(look, place, both),
        Kind::Other => {
            differs(look, place, both);
            false
        }
    }
}

/// Records where two contents begin to differ.
fn differs(look: &mut Look, place: &Place, (reference, rebuilt): (&[u8], &[u8])) {
    let at = reference.iter().zip(rebuilt).take_while(|(a, b)| a == b).count();
    let show = |bytes: &[u8]| {
        let rest = &bytes[at.min(bytes.len())..];
        let hex: String = rest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{} bytes; at byte {at}: {}", bytes.len(), if hex.is_empty() { "the end" } else { &hex })
    };
    look.differs(place, (show(reference), show(rebuilt)));
}

/// What a file is, by its first bytes, and where these say nothing, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Elf,
    Packed(packed::Packing),
    Archive(archive::Form),
    Python,
    Png,
    Pdf,
    /// A Portable Executable file: kernels and boot loaders.
    Program,
    /// A kernel's list of symbols.
    Symvers,
    Text,
    Other,
}

impl Kind {
    fn of(place: &Place, bytes: &[u8]) -> Self {
        if let Some(packing) = packed::Packing::of(bytes) {
            return Self::Packed(packing);
        }
        if let Some(form) = archive::Form::of(bytes) {
            return Self::Archive(form);
        }
        let name = place.name.rsplit('/').next().unwrap_or(&place.name);
        match bytes {
            [0x7f, b'E', b'L', b'F', ..] => Self::Elf,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Png,
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf,
            [b'M', b'Z', ..] => Self::Program,
            _ if name.ends_with(".pyc") || name.ends_with(".pyo") => Self::Python,
            _ if name.starts_with("symvers") || name == "Module.symvers" => Self::Symvers,
            _ if is_text(bytes) => Self::Text,
            _ => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Elf => "ELF",
            Self::Packed(packing) => packing.name(),
            Self::Archive(form) => form.name(),
            Self::Python => "Python bytecode",
            Self::Png => "PNG",
            Self::Pdf => "PDF",
            Self::Program => "Portable Executable",
            Self::Symvers => "list of symbols",
            Self::Text => "text",
            Self::Other => "data",
        }
    }
}

/// Compiled Emacs Lisp has a few zeroes in its first line, and is text otherwise.
fn is_text(bytes: &[u8]) -> bool {
    bytes.starts_with(b";ELC") || !bytes.iter().take(8192).any(|byte| *byte == 0)
}
