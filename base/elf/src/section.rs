//! Sections, decompressed.

use std::borrow::Cow;
use std::io::Read;

use crate::ElfError;

/// A section.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    /// Its place in the table.
    pub index: usize,
    /// Its name; that of a `.zdebug_` section is `.debug_`.
    pub name: Cow<'a, str>,
    /// SHT_*.
    pub sh_type: u32,
    /// SHF_*.
    pub sh_flags: u64,
    /// Address in memory, 0 if it is not loaded.
    pub address: u64,
    /// Alignment in bytes, when decompressed.
    pub alignment: u64,
    /// Where it is in the file.
    pub offset: u64,
    /// Bytes in memory, or when decompressed.
    pub size: u64,
    /// Its bytes as they are in the file.
    pub stored: &'a [u8],
    /// Its bytes, decompressed; empty where it has none in the file.
    pub data: Cow<'a, [u8]>,
}

/// Decompresses a section of type SHF_COMPRESSED; takes its size from what is `left` for the file.
pub(crate) fn decompress<'a>(
    name: &str,
    kind: u32,
    packed: &'a [u8],
    size: u64,
    left: &mut u64,
) -> Result<Cow<'a, [u8]>, ElfError> {
    let format = match kind {
        1 => object::CompressionFormat::Zlib,
        2 => object::CompressionFormat::Zstandard,
        other => {
            return Err(ElfError { part: name.to_owned(), problem: format!("its compression {other} is unknown") });
        }
    };
    unpack(name, format, packed, size, left).map(Cow::Owned)
}

/// The form before SHF_COMPRESSED: a `.zdebug_` section starts with `ZLIB` and the size.
pub(crate) fn old_compression<'a>(name: &str, raw: &'a [u8], left: &mut u64) -> Result<Cow<'a, [u8]>, ElfError> {
    let packed = raw.strip_prefix(b"ZLIB").and_then(|rest| rest.split_first_chunk::<8>());
    match packed {
        Some((size, packed)) if name.starts_with(".zdebug_") => {
            let size = u64::from_be_bytes(*size);
            unpack(name, object::CompressionFormat::Zlib, packed, size, left).map(Cow::Owned)
        }
        _ => Ok(Cow::Borrowed(raw)),
    }
}

/// A section's name without the mark of the old compression.
pub(crate) fn plain_name(name: &str) -> Cow<'_, str> {
    match name.strip_prefix(".zdebug_") {
        Some(rest) => Cow::Owned(format!(".debug_{rest}")),
        None => Cow::Borrowed(name),
    }
}

fn unpack(
    name: &str,
    format: object::CompressionFormat,
    packed: &[u8],
    size: u64,
    left: &mut u64,
) -> Result<Vec<u8>, ElfError> {
    let wrong = |problem: String| ElfError { part: name.to_owned(), problem };
    *left = left.checked_sub(size).ok_or_else(|| wrong(format!("its {size} bytes are too many")))?;
    // The stated size only bounds what is read: memory grows with what is there.
    let mut bytes = Vec::new();
    let read = match format {
        object::CompressionFormat::Zlib => {
            flate2::read::ZlibDecoder::new(packed).take(size).read_to_end(&mut bytes)
        }
        _ => zstd::stream::read::Decoder::new(packed).and_then(|zstd| zstd.take(size).read_to_end(&mut bytes)),
    };
    read.map_err(|error| wrong(format!("it can't be decompressed: {error}")))?;
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(wrong(format!("it has {} bytes when decompressed, and states {size}", bytes.len()))),
    }
}
