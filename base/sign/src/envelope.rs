//! An RPM file around its signatures.
//!
//! ```text
//! lead             96 bytes, kept as they are
//! signature header digests and signatures of what follows; padded to 8 bytes
//! header           the package's metadata: what is signed. It has the digest of
//! payload          the compressed files
//! ```
//! Both headers: magic, 4 zero bytes, count of entries, size of data; then the entries (tag, type, offset,
//! count: big-endian 32 bits each) and the data that the offsets point into.

use std::io::{self, Read, Write};

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

const LEAD: usize = 96;
const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const HEADER_MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
const INTRO: usize = 16;
const ENTRY: usize = 16;
/// rpm's own limits.
const MOST_ENTRIES: u32 = 0xffff;
const MOST_DATA: u32 = 256 << 20;

const TYPE_BINARY: u32 = 7;
const TYPE_INT32: u32 = 4;
/// The entry that makes all of a signature header's entries one region.
const TAG_REGION: u32 = 62;
/// The space that rpm reserves for signatures to come.
const TAG_RESERVED: u32 = 1008;
const TAG_DSA: u32 = 267;
const TAG_RSA: u32 = 268;
const TAG_HEADER_SHA256: u32 = 273;
/// Every tag of a signature: DSA, RSA, files' (IMA, verity) and their companions, OpenPGP, legacy ones.
const SIGNATURE_TAGS: [u32; 12] = [267, 268, 274, 275, 276, 277, 278, 1002, 1003, 1005, 1006, 1009];
/// Where a header signature may be: rpm puts RSA in one tag and every other algorithm in the other.
const HEADER_SIGNATURE_TAGS: [u32; 2] = [TAG_RSA, TAG_DSA];
const TAG_PAYLOAD_DIGEST: u32 = 5092;
const TAG_PAYLOAD_DIGEST_ALGORITHM: u32 = 5093;
/// PGPHASHALGO_SHA256.
const SHA256: u32 = 8;

/// The file is no intact RPM package.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file ends early.
    #[error("the file ends inside its {0}: it was cut off; fetch or build it again")]
    Truncated(&'static str),
    /// The file is something else, or damaged.
    #[error("it is no RPM package: {0}")]
    Malformed(&'static str),
    /// Its content does not have the digest that it says.
    #[error("the {part} was changed: its SHA-256 should be {expected} and is {found}")]
    Damaged {
        /// `header` or `payload`.
        part: &'static str,
        /// What the package says.
        expected: String,
        /// What it is.
        found: Digest,
    },
    /// The header has no SHA-256 of the payload.
    #[error("its header has no SHA-256 digest of the payload: it was built by an rpm older than 4.14")]
    NoPayloadDigest,
}

/// Everything of an RPM file before its payload.
pub(crate) struct Envelope {
    lead: [u8; LEAD],
    signatures: Header,
    header: Header,
}

/// One header: its bytes from magic to the end of its data, and where its entries point.
struct Header {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    tag: u32,
    kind: u32,
    offset: usize,
    count: u32,
    /// Where its value ends: where the next one starts, padding included.
    end: usize,
}

impl Envelope {
    /// Reads up to the payload, and checks the header's digest.
    pub(crate) fn read(mut input: impl Read) -> Result<Self, EnvelopeError> {
        let lead: [u8; LEAD] = read_exactly(&mut input, LEAD, "lead")?
            .try_into()
            .map_err(|_| EnvelopeError::Truncated("lead"))?;
        if lead[..4] != LEAD_MAGIC {
            return Err(EnvelopeError::Malformed("it does not start with an RPM lead"));
        }
        let signatures = Header::read(&mut input, "signature header")?;
        read_exactly(&mut input, padding(signatures.bytes.len()), "signature header")?;
        let header = Header::read(&mut input, "header")?;
        let envelope = Self { lead, signatures, header };
        if let Some(expected) = envelope.signatures.text(TAG_HEADER_SHA256) {
            let found = Digest::of(envelope.signed_bytes());
            check("header", expected, found)?;
        }
        Ok(envelope)
    }

    /// The bytes that a header signature covers.
    pub(crate) fn signed_bytes(&self) -> &[u8] {
        &self.header.bytes
    }

    /// The header signatures: OpenPGP packets.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = &[u8]> {
        HEADER_SIGNATURE_TAGS.iter().filter_map(|&tag| self.signatures.value(tag, TYPE_BINARY))
    }

    /// Reads the payload to its end and checks its digest. Each piece goes to `out` before.
    pub(crate) fn copy_payload(
        &self,
        mut input: impl Read,
        mut out: impl Write,
    ) -> Result<(), EnvelopeError> {
        if self.header.number(TAG_PAYLOAD_DIGEST_ALGORITHM) != Some(SHA256) {
            return Err(EnvelopeError::NoPayloadDigest);
        }
        let expected = self.header.text(TAG_PAYLOAD_DIGEST).ok_or(EnvelopeError::NoPayloadDigest)?;
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            hasher.update(&buffer[..count]);
            out.write_all(&buffer[..count])?;
        }
        check("payload", expected, hasher.finish())
    }

    /// Writes lead and headers with this signature in place of all others.
    pub(crate) fn write_signed(&self, signature: &[u8], is_rsa: bool, mut out: impl Write) -> io::Result<()> {
        let signatures = self.signatures.with_signature(signature, is_rsa);
        out.write_all(&self.lead)?;
        out.write_all(&signatures)?;
        out.write_all(&[0; 7][..padding(signatures.len())])?;
        out.write_all(&self.header.bytes)
    }
}

impl Header {
    fn read(mut input: impl Read, part: &'static str) -> Result<Self, EnvelopeError> {
        let mut bytes = read_exactly(&mut input, INTRO, part)?;
        let (count, size) = (number_at(&bytes, 8), number_at(&bytes, 12));
        if bytes[..8] != HEADER_MAGIC {
            return Err(EnvelopeError::Malformed("a header does not start with its magic number"));
        }
        if count > MOST_ENTRIES || size > MOST_DATA {
            return Err(EnvelopeError::Malformed("a header is larger than rpm allows"));
        }
        let data = ENTRY * count as usize;
        bytes.extend(read_exactly(&mut input, data + size as usize, part)?);
        let entries = entries(&bytes[INTRO..INTRO + data], size as usize)?;
        Ok(Self { bytes, entries })
    }

    fn data(&self) -> &[u8] {
        &self.bytes[INTRO + ENTRY * self.entries.len()..]
    }

    fn entry(&self, tag: u32) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// An entry's value of `count` bytes.
    fn value(&self, tag: u32, kind: u32) -> Option<&[u8]> {
        let entry = self.entry(tag).filter(|entry| entry.kind == kind)?;
        self.data().get(entry.offset..)?.get(..entry.count as usize)
    }

    /// A string, or the first one of an array.
    fn text(&self, tag: u32) -> Option<&str> {
        let rest = self.data().get(self.entry(tag)?.offset..)?;
        let end = rest.iter().position(|&byte| byte == 0)?;
        std::str::from_utf8(&rest[..end]).ok()
    }

    fn number(&self, tag: u32) -> Option<u32> {
        let entry = self.entry(tag).filter(|entry| entry.kind == TYPE_INT32)?;
        Some(number_at(self.data().get(entry.offset..entry.offset + 4)?, 0))
    }

    /// An entry's value alone. What pads it to the next one is for the place that it has now: in another
    /// place rpm takes it for damage.
    fn without_padding(&self, entry: &Entry) -> &[u8] {
        let value = &self.data()[entry.offset..entry.end];
        let width = match entry.kind {
            3 => 2,
            TYPE_INT32 => 4,
            5 => 8,
            // Text ends with its NUL bytes, one for each string.
            6 | 8 | 9 => {
                let ends = value.iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(at, _)| at + 1);
                let end = ends.take(entry.count as usize).last();
                return &value[..end.unwrap_or(value.len())];
            }
            _ => 1,
        };
        &value[..value.len().min(entry.count as usize * width)]
    }

    /// The same header with one signature, as bytes.
    fn with_signature(&self, signature: &[u8], is_rsa: bool) -> Vec<u8> {
        let tag = if is_rsa { TAG_RSA } else { TAG_DSA };
        let count = u32::try_from(signature.len()).unwrap_or(u32::MAX);
        let kept = self.entries.iter().filter(|entry| {
            ![TAG_REGION, TAG_RESERVED].contains(&entry.tag) && !SIGNATURE_TAGS.contains(&entry.tag)
        });
        let mut values: Vec<_> = kept
            .map(|entry| (entry.tag, entry.kind, entry.count, self.without_padding(entry)))
            .chain([(tag, TYPE_BINARY, count, signature)])
            .collect();
        values.sort_by_key(|value| value.0);

        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (tag, kind, count, value) in values {
            data.resize(data.len().next_multiple_of(alignment(kind)), 0);
            push_entry(&mut index, [tag, kind, offset(data.len()), count]);
            data.extend_from_slice(value);
        }
        // The region's trailer points back over all entries, its own included.
        let mut first = Vec::new();
        push_entry(&mut first, [TAG_REGION, TYPE_BINARY, offset(data.len()), offset(ENTRY)]);
        let span = offset(index.len() + ENTRY);
        push_entry(&mut data, [TAG_REGION, TYPE_BINARY, span.wrapping_neg(), offset(ENTRY)]);

        let mut bytes = HEADER_MAGIC.to_vec();
        bytes.extend((span / offset(ENTRY)).to_be_bytes());
        bytes.extend(offset(data.len()).to_be_bytes());
        bytes.extend(first);
        bytes.extend(index);
        bytes.extend(data);
        bytes
    }
}

/// Parses the entries and finds where each value ends.
fn entries(index: &[u8], size: usize) -> Result<Vec<Entry>, EnvelopeError> {
    let mut entries: Vec<_> = index
        .chunks_exact(ENTRY)
        .map(|entry| Entry {
            tag: number_at(entry, 0),
            kind: number_at(entry, 4),
            offset: number_at(entry, 8) as usize,
            count: number_at(entry, 12),
            end: size,
        })
        .collect();
    if entries.iter().any(|entry| entry.offset > size) {
        return Err(EnvelopeError::Malformed("an entry of a header points outside of it"));
    }
    let mut starts: Vec<_> = entries.iter().map(|entry| entry.offset).collect();
    starts.sort_unstable();
    for entry in &mut entries {
        let next = starts.partition_point(|&start| start <= entry.offset);
        entry.end = starts.get(next).copied().unwrap_or(size);
    }
    Ok(entries)
}

fn check(part: &'static str, expected: &str, found: Digest) -> Result<(), EnvelopeError> {
    if found.to_string() == expected {
        return Ok(());
    }
    Err(EnvelopeError::Damaged { part, expected: expected.chars().take(64).collect(), found })
}

/// Reads this many bytes; memory grows with what is really there.
fn read_exactly(input: impl Read, count: usize, part: &'static str) -> Result<Vec<u8>, EnvelopeError> {
    let mut bytes = Vec::new();
    input.take(count as u64).read_to_end(&mut bytes)?;
    if bytes.len() < count {
        return Err(EnvelopeError::Truncated(part));
    }
    Ok(bytes)
}

/// Four bytes of a slice that is known to have them.
fn number_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
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

/// What the signature header lacks to a multiple of 8.
fn padding(len: usize) -> usize {
    len.next_multiple_of(8) - len
}
