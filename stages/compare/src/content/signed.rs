//! Signed programs of UEFI (kernels, shim, boot loaders): their Authenticode digest is compared.

use object::LittleEndian;
use object::pe;
use object::read::pe::ImageNtHeaders;

use crate::check::normaliser;
use crate::look::{Look, Place};

pub(super) fn compare(look: &mut Look, place: &Place, both: (&[u8], &[u8])) -> bool {
    let Some((reference, rebuilt)) = look.both(place, hashed(both.0), hashed(both.1)) else { return false };
    let same = reference == rebuilt;
    match same {
        true => look.normalised(normaliser::AUTHENTICODE, place, ""),
        false => super::differs(look, place, both),
    }
    same
}

/// What the Authenticode digest is computed over: all but the checksum, the entry that names the
/// certificates, and the certificates (Windows Authenticode Portable Executable Signature Format, 2008).
fn hashed(bytes: &[u8]) -> Result<Vec<u8>, String> {
    match object::FileKind::parse(bytes).map_err(|error| error.to_string())? {
        object::FileKind::Pe32 => parts::<pe::ImageNtHeaders32>(bytes),
        object::FileKind::Pe64 => parts::<pe::ImageNtHeaders64>(bytes),
        _ => Err("it starts as a Portable Executable file and is none".to_owned()),
    }
}

fn parts<H: ImageNtHeaders>(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text = |error: object::Error| error.to_string();
    let start = pe::ImageDosHeader::parse(bytes).map_err(text)?.nt_headers_offset();
    let mut offset = u64::from(start);
    let (headers, directories) = H::parse(bytes, &mut offset).map_err(text)?;
    for section in headers.sections(bytes, offset).map_err(text)?.iter() {
        let (start, size) = section.pe_file_range();
        if u64::from(start) + u64::from(size) > bytes.len() as u64 {
            return Err(format!(
                "its section `{}` is not inside of the file",
                section.raw_name().escape_ascii()
            ));
        }
    }
    // The checksum is at the same place in both forms of the optional header.
    let checksum = start as usize + 4 + 20 + 64;
    let fixed = if headers.is_type_64() { 112 } else { 96 };
    let entry = start as usize + 4 + 20 + fixed + 8 * pe::IMAGE_DIRECTORY_ENTRY_SECURITY;
    let certificates = directories.get(pe::IMAGE_DIRECTORY_ENTRY_SECURITY);
    let cut = certificates.map_or((0, 0), |table| {
        (table.virtual_address.get(LittleEndian) as usize, table.size.get(LittleEndian) as usize)
    });
    let end = if cut.1 == 0 { bytes.len() } else { cut.0 };
    let rest = if cut.1 == 0 { bytes.len() } else { cut.0.saturating_add(cut.1) };
    let pieces = [0..checksum, checksum + 4..entry, entry + 8..end, rest..bytes.len()];
    let mut hashed = Vec::with_capacity(bytes.len());
    for piece in pieces {
        hashed.extend(bytes.get(piece).ok_or("its certificates are not inside of the file")?);
    }
    // Signing pads the program to eight bytes, and the checksum of nothing else depends on it.
    hashed.resize(hashed.len().next_multiple_of(8), 0);
    Ok(hashed)
}
