//! repomd.xml: the list of a repository's metadata files, the one file of it that is signed.

use heirloom_model::Digest;

use crate::document::Document;
use crate::xml::{Tag, Writer, Xml, XmlError, is_plain_relative};

/// Metadata files that a list may have.
const MOST_RECORDS: usize = 1000;
/// Bytes that a metadata file may say it has.
const LARGEST: u64 = 1 << 40;
/// The end of the year 9999, in seconds since 1970.
const LATEST: u64 = 253_402_300_799;

/// A repository's list of metadata files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repomd {
    /// A number or word that changes when the content does.
    pub revision: String,
    /// What the repository is for.
    pub tags: Tags,
    /// The metadata files.
    pub records: Vec<Record>,
}

/// What a repository says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// What kind of packages it has, such as `binary-x86_64`.
    pub content: Vec<String>,
    /// What kind of repository it is.
    pub repo: Vec<String>,
    /// The distributions that it is for.
    pub distro: Vec<Distro>,
}

/// A distribution that a repository is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distro {
    /// Its name in the Common Platform Enumeration.
    pub cpeid: Option<String>,
    /// Its name.
    pub name: String,
}

/// One metadata file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it holds: `primary`, `filelists`, `other`, `group`, `updateinfo`, `modules` and others.
    pub kind: String,
    /// Its path below the repository's root.
    pub location: String,
    /// SHA-256 of the file as it is.
    pub checksum: Digest,
    /// Bytes of the file as it is; some writers leave it out.
    pub size: Option<u64>,
    /// SHA-256 of the decompressed content.
    pub open_checksum: Option<Digest>,
    /// Bytes of the decompressed content.
    pub open_size: Option<u64>,
    /// Seconds since 1970.
    pub timestamp: u64,
}

/// repomd.xml is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum RepomdError {
    /// The XML, or a value in it, is wrong.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Only SHA-256 is accepted.
    #[error("{document}, {kind}: its checksum is of the kind `{found}`, only `sha256` is accepted")]
    ChecksumKind {
        /// The document.
        document: String,
        /// The record.
        kind: String,
        /// The algorithm that it names.
        found: String,
    },
    /// A path that leaves the repository.
    #[error("{document}, {kind}: its location `{location}` is not a path below the repository's root")]
    Location {
        /// The document.
        document: String,
        /// The record.
        kind: String,
        /// The path.
        location: String,
    },
    /// Two records of one kind.
    #[error("{document}: `{kind}` is listed twice")]
    Twice {
        /// The document.
        document: String,
        /// The record.
        kind: String,
    },
}

impl Repomd {
    /// Parses repomd.xml.
    ///
    /// # Errors
    /// The document is not repomd.xml, is cut short, or a record has no usable checksum and location.
    pub fn parse(document: Document<'_>) -> Result<Self, RepomdError> {
        let mut xml = Xml::open(document.limit(16 << 20), "repomd")?;
        let mut repomd = Self::default();
        while let Some(tag) = xml.child()? {
            match tag.name.as_str() {
                "revision" => repomd.revision = xml.text()?.trim().to_owned(),
                "tags" => repomd.tags = tags(&mut xml)?,
                "data" => {
                    let record = record(&mut xml, &tag, document.name)?;
                    if repomd.records.len() >= MOST_RECORDS {
                        return Err(xml
                            .invalid("repomd", "more", "a list of at most 1000 metadata files")
                            .into());
                    }
                    if repomd.record(&record.kind).is_some() {
                        return Err(RepomdError::Twice {
                            document: document.name.to_owned(),
                            kind: record.kind,
                        });
                    }
                    repomd.records.push(record);
                }
                _ => xml.skip()?,
            }
        }
        xml.finish()?;
        Ok(repomd)
    }

    /// The record of a kind, if it is there.
    #[must_use]
    pub fn record(&self, kind: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.kind == kind)
    }

    /// Writes repomd.xml; the same value gives the same bytes.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = Writer::default();
        xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").open(
            "repomd",
            &[
                ("xmlns", "http://linux.duke.edu/metadata/repo"),
                ("xmlns:rpm", "http://linux.duke.edu/metadata/rpm"),
            ],
        );
        xml.raw("\n  ").element("revision", &[], &self.revision).raw("\n");
        self.tags.write(&mut xml);
        for record in &self.records {
            record.write(&mut xml);
        }
        xml.close("repomd").raw("\n");
        xml.0
    }
}

impl Tags {
    fn write(&self, xml: &mut Writer) {
        if *self == Self::default() {
            return;
        }
        xml.raw("  ").open("tags", &[]).raw("\n");
        for (name, texts) in [("content", &self.content), ("repo", &self.repo)] {
            for text in texts {
                xml.raw("    ").element(name, &[], text).raw("\n");
            }
        }
        for distro in &self.distro {
            let cpeid: Vec<_> = distro.cpeid.iter().map(|cpeid| ("cpeid", cpeid.as_str())).collect();
            xml.raw("    ").element("distro", &cpeid, &distro.name).raw("\n");
        }
        xml.raw("  ").close("tags").raw("\n");
    }
}

fn tags(xml: &mut Xml<'_>) -> Result<Tags, XmlError> {
    let mut tags = Tags::default();
    while let Some(tag) = xml.child()? {
        match tag.name.as_str() {
            "content" => tags.content.push(xml.text()?),
            "repo" => tags.repo.push(xml.text()?),
            "distro" => {
                let cpeid = tag.attribute("cpeid").map(ToOwned::to_owned);
                tags.distro.push(Distro { cpeid, name: xml.text()? });
            }
            _ => xml.skip()?,
        }
    }
    Ok(tags)
}

impl Record {
    fn write(&self, xml: &mut Writer) {
        let sha256 = [("type", "sha256")];
        xml.raw("  ").open("data", &[("type", &self.kind)]);
        xml.raw("\n    ").element("checksum", &sha256, &self.checksum.to_string());
        if let Some(digest) = &self.open_checksum {
            xml.raw("\n    ").element("open-checksum", &sha256, &digest.to_string());
        }
        xml.raw("\n    ").empty("location", &[("href", &self.location)]);
        xml.raw("\n    ").element("timestamp", &[], &self.timestamp.to_string());
        for (name, size) in [("size", self.size), ("open-size", self.open_size)] {
            if let Some(size) = size {
                xml.raw("\n    ").element(name, &[], &size.to_string());
            }
        }
        xml.raw("\n  ").close("data").raw("\n");
    }
}

fn record(xml: &mut Xml<'_>, data: &Tag, document: &str) -> Result<Record, RepomdError> {
    let kind = xml.need(data, "type")?.to_owned();
    let (mut location, mut checksum, mut timestamp) = (None, None, 0);
    let (mut size, mut open_checksum, mut open_size) = (None, None, None);
    while let Some(tag) = xml.child()? {
        match tag.name.as_str() {
            "checksum" => checksum = Some(digest(xml, &tag, document, &kind)?),
            "open-checksum" => open_checksum = Some(digest(xml, &tag, document, &kind)?),
            "location" => {
                location = Some(xml.need(&tag, "href")?.to_owned());
                xml.skip()?;
            }
            "timestamp" => timestamp = time(xml)?,
            "size" => size = Some(bytes(xml, "size")?),
            "open-size" => open_size = Some(bytes(xml, "open-size")?),
            // database_version, and what zchunk adds: header-checksum and header-size.
            _ => xml.skip()?,
        }
    }
    let location = location.ok_or_else(|| xml.missing("data", "location"))?;
    let checksum = checksum.ok_or_else(|| xml.missing("data", "checksum"))?;
    if !is_plain_relative(&location) {
        return Err(RepomdError::Location { document: document.to_owned(), kind, location });
    }
    Ok(Record { kind, location, checksum, size, open_checksum, open_size, timestamp })
}

/// Seconds since 1970; some writers have a fraction.
fn time(xml: &mut Xml<'_>) -> Result<u64, XmlError> {
    let expected = "a time in seconds since 1970";
    let found: f64 = xml.parse(expected)?;
    match (0.0..=LATEST as f64).contains(&found) {
        true => Ok(found as u64),
        false => Err(xml.invalid("timestamp", &found.to_string(), expected)),
    }
}

fn bytes(xml: &mut Xml<'_>, element: &str) -> Result<u64, XmlError> {
    let found = xml.parse("a size in bytes")?;
    match found <= LARGEST {
        true => Ok(found),
        false => Err(xml.invalid(element, &found.to_string(), "a size that a metadata file may have")),
    }
}

fn digest(xml: &mut Xml<'_>, tag: &Tag, document: &str, kind: &str) -> Result<Digest, RepomdError> {
    let found = xml.need(tag, "type")?;
    if found != "sha256" {
        return Err(RepomdError::ChecksumKind {
            document: document.to_owned(),
            kind: kind.to_owned(),
            found: found.to_owned(),
        });
    }
    Ok(xml.parse("a SHA-256 digest")?)
}

#[cfg(test)]
mod tests;
