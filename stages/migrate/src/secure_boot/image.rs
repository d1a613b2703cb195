//! A PE file: its digest, its signatures, and the certificates inside of a shim.

use std::ops::Range;

use object::LittleEndian as LE;
use object::pe::{IMAGE_DIRECTORY_ENTRY_SECURITY, ImageDosHeader, ImageNtHeaders32, ImageNtHeaders64};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};
use sha2::{Digest as _, Sha256};

use super::keys::{Certificate, certificates_of_list};
use super::signature::Signature;

/// Signatures that are read; a shim has one or two.
const MOST_SIGNATURES: usize = 16;
/// A certificate that is a PKCS #7 message (WIN_CERT_TYPE_PKCS_SIGNED_DATA).
const PKCS: u16 = 2;
/// Where shim's certificate lies (`cert.S` of shim).
const VENDOR: &[u8; 8] = b".vendor_";

/// It is no PE file that could be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// No PE file.
    #[error("it is no PE file ({0}): no program that UEFI starts")]
    NotPe(&'static str),
    /// Something in it leads out of it.
    #[error("its {0} leads out of the file: it was cut off or changed")]
    OutOfBounds(&'static str),
}

/// A PE file as Secure Boot sees it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The Authenticode digest (SHA-256) of its content.
    pub digest: [u8; 32],
    /// Its signatures, each with whether it is good; what can't be read is a bad one.
    pub signatures: Vec<Result<Signature, String>>,
    /// Certificates in its section `.vendor_cert`: what a shim trusts.
    pub vendor: Vec<Certificate>,
}

impl Signed {
    /// Reads a file. Unsigned ones are read, too.
    ///
    /// # Errors
    /// It is no PE file, or not whole.
    pub fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        let kind =
            object::FileKind::parse(bytes).map_err(|_| ImageError::NotPe("an unknown kind of file"))?;
        match kind {
            object::FileKind::Pe64 => read::<ImageNtHeaders64>(bytes),
            object::FileKind::Pe32 => read::<ImageNtHeaders32>(bytes),
            _ => Err(ImageError::NotPe("another kind of file")),
        }
    }

    /// Good signatures.
    pub fn valid(&self) -> impl Iterator<Item = &Signature> {
        self.signatures.iter().filter_map(|one| one.as_ref().ok())
    }

    /// Why it has no good signature; none if it has one.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        if self.valid().next().is_some() {
            return None;
        }
        let first = self.signatures.iter().find_map(|one| one.as_ref().err());
        Some(
            first.map_or_else(
                || "it is not signed".to_owned(),
                |why| format!("its signature is not good: {why}"),
            ),
        )
    }
}

fn read<Pe: ImageNtHeaders>(bytes: &[u8]) -> Result<Signed, ImageError> {
    let not = |what| move |_| ImageError::NotPe(what);
    let dos = ImageDosHeader::parse(bytes).map_err(not("no DOS header"))?;
    let mut offset = u64::from(dos.nt_headers_offset());
    let start = usize::try_from(offset).map_err(|_| ImageError::NotPe("its header is nowhere"))?;
    let (headers, directories) = Pe::parse(bytes, &mut offset).map_err(not("no NT header"))?;
    let sections = headers.sections(bytes, offset).map_err(not("no table of sections"))?;
    // Signature and COFF header, then the optional header, and behind that the data directories of eight bytes each.
    let optional = start + 24;
    let checksum = optional + 64;
    let directory = optional + size_of::<Pe::ImageOptionalHeader>() + 8 * IMAGE_DIRECTORY_ENTRY_SECURITY;
    let table = match directories.get(IMAGE_DIRECTORY_ENTRY_SECURITY) {
        Some(entry) => range(entry.virtual_address.get(LE), entry.size.get(LE)),
        None => 0..0,
    };
    let table_bytes = bytes.get(table.clone()).ok_or(ImageError::OutOfBounds("certificate table"))?;
    let mut contents: Vec<Range<usize>> = Vec::new();
    let mut vendor = Vec::new();
    for section in sections.iter() {
        let content = range(section.pointer_to_raw_data.get(LE), section.size_of_raw_data.get(LE));
        if section.name.starts_with(VENDOR) {
            vendor = bytes.get(content.clone()).map(vendor_certificates).unwrap_or_default();
        }
        if !content.is_empty() {
            contents.push(content);
        }
    }
    contents.sort_by_key(|content| content.start);
    let end_of_headers = usize::try_from(headers.optional_header().size_of_headers()).unwrap_or(usize::MAX);
    let mut parts = vec![0..checksum, checksum + 4..directory, directory + 8..end_of_headers];
    let hashed: usize =
        contents.iter().map(ExactSizeIterator::len).fold(end_of_headers, usize::saturating_add);
    parts.append(&mut contents);
    // What lies behind all sections counts, except for the table itself, which is last.
    parts.push(hashed..bytes.len().saturating_sub(table.len()).max(hashed.min(bytes.len())));
    let digest = digest(bytes, &parts)?;
    let signatures = messages(table_bytes).map(|message| Signature::read(message, &digest)).collect();
    Ok(Signed { digest, signatures, vendor })
}

fn range(start: u32, size: u32) -> Range<usize> {
    let (start, size) = (start as usize, size as usize);
    start..start.saturating_add(size)
}

fn digest(bytes: &[u8], parts: &[Range<usize>]) -> Result<[u8; 32], ImageError> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(bytes.get(part.clone()).ok_or(ImageError::OutOfBounds("content"))?);
    }
    Ok(hash.finalize().into())
}

/// Messages in the certificate table: length, revision, type, the message, filled up to eight bytes.
fn messages(table: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = table;
    let next = move || {
        let length = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let kind = u16::from_le_bytes(rest.get(6..8)?.try_into().ok()?);
        let message = rest.get(8..length)?;
        rest = rest.get(length.next_multiple_of(8)..).unwrap_or_default();
        Some((kind, message))
    };
    std::iter::from_fn(next)
        .filter(|(kind, _)| *kind == PKCS)
        .map(|(_, message)| message)
        .take(MOST_SIGNATURES)
}

/// shim's table: sizes of what is trusted and what is revoked, where each begins, then both. What is trusted is a certificate, or a list of UEFI's form.
fn vendor_certificates(section: &[u8]) -> Vec<Certificate> {
    let word =
        |at: usize| section.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let (Some(size), Some(offset)) = (word(0), word(8)) else { return Vec::new() };
    let Some(content) = section.get(range(offset, size)) else { return Vec::new() };
    match Certificate::read(content) {
        Some(certificate) => vec![certificate],
        None => certificates_of_list(content).iter().filter_map(|der| Certificate::read(der)).collect(),
    }
}
