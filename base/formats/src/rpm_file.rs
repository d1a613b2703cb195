//! What an RPM file says of itself: its header, read without its payload.
//!
//! ```text
//! lead       96 bytes, of no use but for its magic
//! signature  a tag store: sizes, digests and signatures over the rest; padded to 8 bytes
//! header     a tag store: everything that describes the package
//! payload    a compressed cpio archive
//! ```
//!
//! A tag store is 16 bytes of magic and counts, 16 bytes for each tag (number, type, offset, count) and the
//! data that these point into. It is parsed here, not by a library, because bytes come from strangers: every
//! count and offset is checked before it is used, no data is read twice, and text that is not UTF-8 is
//! kept (read as Latin-1, as createrepo_c does) instead of being lost.

mod content;
mod dependency;
mod envelope;
mod error;
mod file;
mod info;
mod installed;
mod installed_record;
mod package;
mod payload;
mod script;
mod signature;
mod source;
mod store;
mod tag;
mod verify;

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::path::Path;

use heirloom_model::{Evr, Nevra};

pub use dependency::{DependencyKind, Relation};
pub use envelope::Envelope;
pub use error::{RpmError, RpmProblem};
pub use file::FileEntry;
pub use info::{ChangelogEntry, Info};
pub(crate) use installed::{InstalledHeader, source as source_file};
pub use installed_record::{FileState, InstalledRecord, PublicKey, file_digest};
pub(crate) use installed_record::{Installed, read_installed};
pub use package::is_primary_file;
pub use payload::{each_file, each_file_of, read_whole};
pub use script::{Script, ScriptKind, Trigger, TriggerKind};
pub use source::each_source;
pub use store::{RawTag, Value};
pub use verify::{check_complete, read_digested, verify_digests};

use store::{Limits, Store};

const LEAD: usize = 96;

/// Everything that an RPM's header says.
#[derive(Clone, Debug)]
pub struct Header {
    /// Identity; the architecture of a source package is `src`.
    pub nevra: Nevra,
    /// Whether this is a source package.
    pub is_source: bool,
    /// The tags that hold one value.
    pub info: Info,
    /// Scriptlets, in the order of [`ScriptKind`].
    pub scripts: Vec<Script>,
    /// Package triggers, file triggers, then transaction file triggers.
    pub triggers: Vec<Trigger>,
    /// Files, in the header's order, which is sorted by path.
    pub files: Vec<FileEntry>,
    /// Changelog, newest entry first.
    pub changelog: Vec<ChangelogEntry>,
    /// Where the header is in the file; the payload starts at its end.
    pub range: Range<u64>,
    relations: [Vec<Relation>; DependencyKind::ALL.len()],
    signature: Store,
    main: Store,
}

/// All of a file before its payload.
struct Stores {
    lead: [u8; LEAD],
    signature: Store,
    main: Store,
    /// Where the header begins.
    start: u64,
}

impl Header {
    /// Reads the header of an RPM file.
    ///
    /// # Errors
    /// The file can't be read, is no RPM, or its header is damaged.
    pub fn open(path: &Path) -> Result<Self, RpmError> {
        let name = path.display().to_string();
        let file =
            File::open(path).map_err(|error| RpmError { file: name.clone(), problem: error.into() })?;
        Self::read(&name, BufReader::new(file))
    }

    /// Reads the header from the start of an RPM; `name` is what errors call it. The reader is left at the
    /// start of the payload.
    ///
    /// # Errors
    /// The bytes can't be read, are no RPM, or its header is damaged.
    pub fn read(name: &str, reader: impl Read) -> Result<Self, RpmError> {
        Self::parse(reader).map_err(|problem| RpmError { file: name.to_owned(), problem })
    }

    fn parse(mut reader: impl Read) -> Result<Self, RpmProblem> {
        let Stores { signature, main, start, .. } = read_stores(&mut reader)?;
        let range = start..start + main.bytes().len() as u64;
        let is_source = main.has(tag::SOURCE_PACKAGE) || !main.has(tag::SOURCE_RPM);
        let text = |number, name| main.text(number)?.ok_or(RpmProblem::MissingTag(name));
        let evr = Evr::new(
            main.number(tag::EPOCH)?.unwrap_or(0),
            &text(tag::VERSION, "VERSION")?,
            &text(tag::RELEASE, "RELEASE")?,
        )?;
        let arch = if is_source { "src".to_owned() } else { text(tag::ARCH, "ARCH")? };
        Ok(Self {
            nevra: Nevra::new(&text(tag::NAME, "NAME")?, evr, &arch)?,
            is_source,
            info: Info::parse(&main, &signature)?,
            scripts: script::scripts(&main)?,
            triggers: script::triggers(&main)?,
            files: file::files(&main)?,
            changelog: info::changelog(&main)?,
            range,
            relations: dependency::relations(&main)?,
            signature,
            main,
        })
    }

    /// Dependencies of one kind, as the header has them: `rpmlib()` features and duplicates included.
    #[must_use]
    pub fn relations(&self, kind: DependencyKind) -> &[Relation] {
        &self.relations[kind as usize]
    }

    /// Numbers of all tags in the header, in its order, for whoever compares everything.
    pub fn tags(&self) -> impl Iterator<Item = u32> {
        self.main.tags()
    }

    /// The value of a tag, whatever its type.
    #[must_use]
    pub fn value(&self, tag: u32) -> Option<Value> {
        self.main.value(tag)
    }

    /// The bytes of a tag's value, for comparing without interpretation.
    #[must_use]
    pub fn raw(&self, tag: u32) -> Option<&[u8]> {
        self.main.raw(tag)
    }

    /// Whether it carries a signature over the header by any algorithm. It is not verified here.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        tag::SIGNATURES.iter().any(|number| self.signature.has(*number))
    }

    /// Algorithm of the files' digests as in OpenPGP: 1 is MD5, 8 is SHA-256.
    #[must_use]
    pub fn file_digest_algorithm(&self) -> u32 {
        self.info.file_digest_algorithm
    }
}

fn read_stores(reader: &mut impl Read) -> Result<Stores, RpmProblem> {
    let mut lead = [0; LEAD];
    reader.read_exact(&mut lead).map_err(|_| RpmProblem::NotAnRpm)?;
    if !lead.starts_with(&[0xed, 0xab, 0xee, 0xdb]) {
        return Err(RpmProblem::NotAnRpm);
    }
    let signature = Store::read(reader, "signature", Limits::SIGNATURE)?;
    let size = signature.bytes().len();
    let padded = size.next_multiple_of(8);
    std::io::copy(&mut reader.by_ref().take((padded - size) as u64), &mut std::io::sink())?;
    let main = Store::read(reader, "header", Limits::HEADER)?;
    Ok(Stores { lead, signature, main, start: (LEAD + padded) as u64 })
}

#[cfg(test)]
mod tests;
