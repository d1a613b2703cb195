//! repomd.xml: the list of a repository's metadata files, the one file of it that is signed.

use heirloom_model::Digest;

use crate::document::Document;
use crate::xml::{Tag, Writer, Xml, XmlError, is_plain_relative};

/// A repository's list of metadata files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repomd {
    /// A number or word that changes when the content does.
    pub revision: String,
    /// The metadata files.
    pub records: Vec<Record>,
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
                "data" => {
                    let record = record(&mut xml, &tag, document.name)?;
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
        for record in &self.records {
            record.write(&mut xml);
        }
        xml.close("repomd").raw("\n");
        xml.0
    }
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
            "timestamp" => timestamp = xml.parse::<f64>("a time in seconds")? as u64,
            "size" => size = Some(xml.parse("a size in bytes")?),
            "open-size" => open_size = Some(xml.parse("a size in bytes")?),
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
