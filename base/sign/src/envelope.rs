//! A package's signature header with another signature in it.
//!
//! A header is its magic, 4 zero bytes, count of entries, size of data; then the entries (tag, type, offset, count:
//! big-endian 32 bits each) and the data that the offsets point into.

use std::io::{self, Write};

use heirloom_formats::rpm_file::{Envelope, RawTag};

const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
/// Bytes of an entry.
const ENTRY: usize = 16;
/// The type of bytes.
const BINARY: u32 = 7;
/// The entry that makes all of a signature header's entries one region.
const TAG_REGION: u32 = 62;
/// The space that rpm reserves for signatures to come.
const TAG_RESERVED: u32 = 1008;
const TAG_DSA: u32 = 267;
const TAG_RSA: u32 = 268;
/// Every tag of a signature: DSA, RSA, files' (IMA, verity) and their companions, OpenPGP, legacy ones.
const SIGNATURE_TAGS: [u32; 12] = [267, 268, 274, 275, 276, 277, 278, 1002, 1003, 1005, 1006, 1009];

/// Writes all that a package has before its payload, with this signature in place of all others.
pub(crate) fn write_signed(
    envelope: &Envelope,
    signature: &[u8],
    is_rsa: bool,
    mut out: impl Write,
) -> io::Result<()> {
    let signatures = with_signature(envelope.signature_tags(), signature, is_rsa);
    out.write_all(envelope.lead())?;
    out.write_all(&signatures)?;
    out.write_all(&[0; 7][..signatures.len().next_multiple_of(8) - signatures.len()])?;
    out.write_all(envelope.signed_bytes())
}

/// A signature header of these tags, with one signature.
fn with_signature<'a>(tags: impl Iterator<Item = RawTag<'a>>, signature: &'a [u8], is_rsa: bool) -> Vec<u8> {
    let tag = if is_rsa { TAG_RSA } else { TAG_DSA };
    let count = u32::try_from(signature.len()).unwrap_or(u32::MAX);
    let kept =
        tags.filter(|it| ![TAG_REGION, TAG_RESERVED].contains(&it.tag) && !SIGNATURE_TAGS.contains(&it.tag));
    let mut values: Vec<_> = kept.chain([RawTag { tag, kind: BINARY, count, value: signature }]).collect();
    values.sort_by_key(|value| value.tag);

    let (mut index, mut data) = (Vec::new(), Vec::new());
    for RawTag { tag, kind, count, value } in values {
        data.resize(data.len().next_multiple_of(alignment(kind)), 0);
        push_entry(&mut index, [tag, kind, offset(data.len()), count]);
        data.extend_from_slice(value);
    }
    // The region's trailer points back over all entries, its own included.
    let mut first = Vec::new();
    push_entry(&mut first, [TAG_REGION, BINARY, offset(data.len()), offset(ENTRY)]);
    let span = offset(index.len() + ENTRY);
    push_entry(&mut data, [TAG_REGION, BINARY, span.wrapping_neg(), offset(ENTRY)]);

    let mut bytes = MAGIC.to_vec();
    bytes.extend((span / offset(ENTRY)).to_be_bytes());
    bytes.extend(offset(data.len()).to_be_bytes());
    bytes.extend(first);
    bytes.extend(index);
    bytes.extend(data);
    bytes
}

fn push_entry(to: &mut Vec<u8>, fields: [u32; 4]) {
    to.extend(fields.iter().flat_map(|field| field.to_be_bytes()));
}

/// Headers are below 256 MiB, so this fits.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// How a type's values are aligned in a header's data.
fn alignment(kind: u32) -> usize {
    match kind {
        3 => 2,
        4 => 4,
        5 => 8,
        _ => 1,
    }
}
