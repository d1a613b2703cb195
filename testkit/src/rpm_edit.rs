//! Changes the header of a package that is built already: another vendor's build of the same files, without building.
//!
//! The format is rpm's own (`docs/manual/format.md` of rpm): a lead, a signature header, the main header, the payload. The payload and what the
//! header says of it stay as they are. Signatures are dropped; [`Key::sign_rpms`](crate::gpg::Key::sign_rpms) makes new ones.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::{Error, Result, place};

const LEAD: usize = 96;
const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
const IMMUTABLE: u32 = 63;
const SIGNATURES: u32 = 62;
const SIGNATURE_SHA256: u32 = 273;
const STRING: u32 = 6;
const BINARY: u32 = 7;
const STRINGS: u32 = 8;

/// Tags of a header, from rpm's `rpmtag.h`.
pub mod tag {
    /// Version.
    pub const VERSION: u32 = 1001;
    /// Release.
    pub const RELEASE: u32 = 1002;
    /// Vendor.
    pub const VENDOR: u32 = 1011;
    /// Packager.
    pub const PACKAGER: u32 = 1015;
    /// Name of the source package's file.
    pub const SOURCE_RPM: u32 = 1044;
    /// Versions of what is provided, required, conflicting, obsoleted, recommended and supplemented.
    pub const VERSIONS: [u32; 6] = [1113, 1050, 1055, 1115, 5050, 5056];
}

/// The main header of a package.
pub struct Header(BTreeMap<u32, (u32, u32, Vec<u8>)>);

impl Header {
    /// A tag's text; none if it has none.
    pub fn text(&self, tag: u32) -> Option<String> {
        self.texts(tag).into_iter().next()
    }

    /// Sets a tag to one text.
    pub fn set_text(&mut self, tag: u32, text: &str) {
        self.0.insert(tag, (STRING, 1, [text.as_bytes(), b"\0"].concat()));
    }

    /// A tag's texts.
    pub fn texts(&self, tag: u32) -> Vec<String> {
        let Some((STRING | STRINGS, count, data)) = self.0.get(&tag) else { return Vec::new() };
        let parts = data.split(|byte| *byte == 0).take(*count as usize);
        parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
    }

    /// Replaces each text of a tag.
    pub fn map_texts(&mut self, tag: u32, change: impl Fn(&str) -> String) {
        let texts = self.texts(tag);
        if let Some((_, _, data)) = self.0.get_mut(&tag) {
            *data = texts.iter().flat_map(|text| [change(text).as_bytes(), b"\0"].concat()).collect();
        }
    }

    /// The header that begins at `at`, and where it ends.
    fn read(bytes: &[u8], at: usize) -> Option<(Self, usize)> {
        let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        if bytes.get(at..at + 8)? != MAGIC {
            return None;
        }
        let (count, size) = (word(at + 8)? as usize, word(at + 12)? as usize);
        let store = at + 16 + count * 16;
        let data = bytes.get(store..store + size)?;
        let mut tags = BTreeMap::new();
        for entry in (0..count).map(|index| at + 16 + index * 16) {
            let (tag, kind, offset, count) =
                (word(entry)?, word(entry + 4)?, word(entry + 8)? as usize, word(entry + 12)?);
            let length = length(kind, count as usize, data.get(offset..)?)?;
            if tag != IMMUTABLE && tag != SIGNATURES {
                tags.insert(tag, (kind, count, data.get(offset..offset + length)?.to_vec()));
            }
        }
        Some((Self(tags), store + size))
    }

    /// The bytes, with everything in an immutable region.
    fn bytes(&self, region: u32) -> Vec<u8> {
        let count = self.0.len() as u32 + 1;
        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (tag, (kind, count, value)) in &self.0 {
            let align = match kind {
                3 => 2,
                4 => 4,
                5 => 8,
                _ => 1,
            };
            data.resize(data.len().next_multiple_of(align), 0);
            index.extend([*tag, *kind, data.len() as u32, *count].iter().flat_map(|word| word.to_be_bytes()));
            data.extend(value);
        }
        let entry = [region, BINARY, data.len() as u32, 16];
        let trailer = [region, BINARY, (count * 16).wrapping_neg(), 16];
        data.extend(trailer.iter().flat_map(|word| word.to_be_bytes()));
        let mut bytes = MAGIC.to_vec();
        bytes.extend([count, data.len() as u32].iter().chain(&entry).flat_map(|word| word.to_be_bytes()));
        bytes.extend(index);
        bytes.extend(data);
        bytes
    }
}

/// Bytes that a value takes.
fn length(kind: u32, count: usize, data: &[u8]) -> Option<usize> {
    Some(match kind {
        1 | 2 | 7 => count,
        3 => count * 2,
        4 => count * 4,
        5 => count * 8,
        _ => data.iter().enumerate().filter(|(_, byte)| **byte == 0).nth(count.checked_sub(1)?)?.0 + 1,
    })
}

/// Writes `to`, the package `from` with another header.
pub fn edit(from: &Path, to: &Path, change: impl FnOnce(&mut Header)) -> Result<()> {
    let bytes = place::read(from)?;
    let broken = || Error::Output { tool: "rpm", expected: "package", output: from.display().to_string() };
    let (_, end) = Header::read(&bytes, LEAD).ok_or_else(broken)?;
    let (mut header, payload) = Header::read(&bytes, end.next_multiple_of(8)).ok_or_else(broken)?;
    change(&mut header);
    let header = header.bytes(IMMUTABLE);
    let digest: String = Sha256::digest(&header).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut signature = Header(BTreeMap::new());
    signature.set_text(SIGNATURE_SHA256, &digest);
    let mut made = bytes[..LEAD].to_vec();
    made.extend(signature.bytes(SIGNATURES));
    made.resize(made.len().next_multiple_of(8), 0);
    made.extend(header);
    made.extend(&bytes[payload..]);
    place::write(to, made)
}
