//! Reading primary, filelists and other.

mod described;
mod error;
mod fragments;
mod packages;
mod primary;
mod slices;

use std::collections::HashMap;

use heirloom_model::{Digest, Package};

use crate::document::Document;
use crate::rpm_file::ChangelogEntry;
use crate::xml::{Tag, Xml, XmlError};

pub use described::{Described, Descriptions, read_paths};
pub use error::RepodataError;
pub use fragments::{Fragments, Listed, Published, read_listing};
pub use packages::Packages;

/// Packages that a repository may have. The largest have a tenth of it.
const MOST_PACKAGES: u64 = 1_000_000;
/// Bytes that one package may take in one document. The largest have a fifth of it.
const MOST_BYTES: u64 = 64 << 20;
/// Bytes that a package may say it has, and that it may say it takes.
const LARGEST: u64 = 1 << 40;
/// The end of the year 9999, in seconds since 1970.
const LATEST: u64 = 253_402_300_799;

/// Reads all packages of a repository; see [`Packages`].
///
/// # Errors
/// A document is damaged, names paths outside of the repository, or the two do not belong together.
pub fn read_packages(primary: Document<'_>, filelists: Document<'_>) -> Result<Vec<Package>, RepodataError> {
    Packages::open(primary, filelists)?.collect()
}

/// Reads the changelogs of all packages, by the package's digest, newest entry first as rpm keeps them.
///
/// # Errors
/// The document is damaged.
pub fn read_changelogs(other: Document<'_>) -> Result<HashMap<Digest, Vec<ChangelogEntry>>, RepodataError> {
    let mut changelogs = HashMap::new();
    let mut elements = Elements::open(other, "otherdata")?;
    while let Some(tag) = elements.next()? {
        let xml = &mut elements.xml;
        let mut entries = Vec::new();
        while let Some(entry) = xml.child()? {
            if entry.name != "changelog" {
                xml.skip()?;
                continue;
            }
            let author = xml.need(&entry, "author")?.to_owned();
            let time = time(xml, &entry, "date")?;
            entries.push(ChangelogEntry { author, time, text: xml.text()? });
        }
        // createrepo_c writes the oldest first.
        entries.reverse();
        changelogs.insert(package_id(xml, &tag)?, entries);
    }
    Ok(changelogs)
}

/// The package elements of a document, one by one, to its very end.
struct Elements<'a> {
    xml: Xml<'a>,
    document: &'a str,
    found: u64,
}

impl<'a> Elements<'a> {
    fn open(document: Document<'a>, root: &'static str) -> Result<Self, RepodataError> {
        let mut xml = Xml::open(document, root)?;
        if let Some(count) = xml.root_attribute("packages") {
            check_count(document.name, count)?;
        }
        xml.allow(MOST_BYTES);
        Ok(Self { xml, document: document.name, found: 0 })
    }

    /// Enters the next package; [`Xml::child`] must have left the one before.
    fn next(&mut self) -> Result<Option<Tag>, RepodataError> {
        loop {
            self.xml.allow(MOST_BYTES);
            match self.xml.child()? {
                None => {
                    self.xml.finish()?;
                    return Ok(None);
                }
                Some(tag) if tag.name == "package" => {
                    self.found += 1;
                    if self.found > MOST_PACKAGES {
                        return Err(too_many(self.document, "more"));
                    }
                    return Ok(Some(tag));
                }
                Some(_) => self.xml.skip()?,
            }
        }
    }
}

/// Nothing is allocated by what a document says of its length; but what is absurd is a fault.
fn check_count(document: &str, count: &str) -> Result<(), RepodataError> {
    match count.trim().parse::<u64>() {
        Ok(stated) if stated <= MOST_PACKAGES => Ok(()),
        _ => Err(too_many(document, count)),
    }
}

fn too_many(document: &str, stated: &str) -> RepodataError {
    let stated = stated.chars().take(40).collect();
    RepodataError::Count { document: document.to_owned(), stated, most: MOST_PACKAGES }
}

fn package_id(xml: &Xml<'_>, tag: &Tag) -> Result<Digest, XmlError> {
    xml.need_parsed(tag, "pkgid", "a SHA-256 digest")
}

fn time(xml: &Xml<'_>, tag: &Tag, name: &'static str) -> Result<u64, XmlError> {
    bounded(xml, tag, name, LATEST, "a time in seconds since 1970")
}

fn size(xml: &Xml<'_>, tag: &Tag, name: &'static str) -> Result<u64, XmlError> {
    bounded(xml, tag, name, LARGEST, "a size in bytes")
}

fn bounded(
    xml: &Xml<'_>,
    tag: &Tag,
    name: &'static str,
    most: u64,
    expected: &'static str,
) -> Result<u64, XmlError> {
    let found = xml.need_parsed(tag, name, expected)?;
    if found <= most { Ok(found) } else { Err(xml.invalid(&tag.name, &found.to_string(), expected)) }
}
