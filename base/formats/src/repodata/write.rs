//! Joining fragments into a repository's metadata.

use std::io::{self, Write};

use heirloom_model::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{COMMON, FILELISTS, Fragment, OTHER, RPM};
use crate::repomd::{Record, Repomd};

/// How metadata files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Read by every client.
    Gzip,
    /// Smaller and faster; read by clients of Enterprise Linux 8.4 and later.
    #[default]
    Zstd,
}

/// What else a repository's metadata needs to be the same bytes every time.
#[derive(Clone, Debug)]
pub struct Options {
    /// How files are compressed.
    pub compression: Compression,
    /// A number or word that changes when the content does.
    pub revision: String,
    /// Seconds since 1970; not the clock, but a time that belongs to the content.
    pub timestamp: u64,
}

/// A metadata file beside the three that every repository has.
#[derive(Clone, Debug)]
pub struct ExtraRecord<'a> {
    /// What it holds: `group`, `updateinfo`, `modules`.
    pub kind: &'a str,
    /// Name without directory, checksum and compression, such as `comps.xml`.
    pub file_name: &'a str,
    /// The content, not compressed.
    pub content: &'a [u8],
}

/// A metadata file to be put in place.
#[derive(Clone, Debug)]
pub struct RepodataFile {
    /// Path below the repository's root.
    pub location: String,
    /// Its bytes, compressed.
    pub bytes: Vec<u8>,
}

/// A repository's whole metadata.
#[derive(Clone, Debug)]
pub struct Written {
    /// The list of the files.
    pub repomd: Repomd,
    /// `repodata/repomd.xml`, which is to be signed and put in place last.
    pub repomd_xml: String,
    /// The files, named by their checksums.
    pub files: Vec<RepodataFile>,
}

/// The metadata can't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Two packages want one place.
    #[error("{first} and {second} would both be at `{location}`")]
    Location {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// The place.
        location: String,
    },
    /// The compressor failed.
    #[error("{kind} can't be compressed")]
    Compress {
        /// The file's kind.
        kind: String,
        /// Why.
        source: io::Error,
    },
}

/// Writes the metadata of a repository of these packages, in any order. The same input gives the same
/// bytes.
///
/// # Errors
/// Two packages have the same location, or the compressor fails.
pub fn write_repository(
    fragments: &[Fragment],
    extra: &[ExtraRecord<'_>],
    options: &Options,
) -> Result<Written, WriteError> {
    let sorted = sorted(fragments)?;
    let count = sorted.len().to_string();
    let primary =
        || join("metadata", &[("xmlns", COMMON), ("xmlns:rpm", RPM)], &count, &sorted, |f| &f.primary);
    let filelists = || join("filelists", &[("xmlns", FILELISTS)], &count, &sorted, |f| &f.filelists);
    let other = || join("otherdata", &[("xmlns", OTHER)], &count, &sorted, |f| &f.other);
    // The three are independent, and compressing is most of the work.
    let [primary, filelists, other] = std::thread::scope(|scope| {
        let filelists = scope.spawn(|| file("filelists", "filelists.xml", filelists().as_bytes(), options));
        let other = scope.spawn(|| file("other", "other.xml", other().as_bytes(), options));
        let primary = file("primary", "primary.xml", primary().as_bytes(), options);
        [Ok(primary), filelists.join(), other.join()]
    });
    let mut written = Written {
        repomd: Repomd { revision: options.revision.clone(), records: Vec::new() },
        repomd_xml: String::new(),
        files: Vec::new(),
    };
    for joined in [primary, filelists, other] {
        written.add(joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
    }
    for ExtraRecord { kind, file_name, content } in extra {
        written.add(file(kind, file_name, content, options)?);
    }
    written.repomd_xml = written.repomd.to_xml();
    Ok(written)
}

impl Written {
    fn add(&mut self, (record, file): (Record, RepodataFile)) {
        self.repomd.records.push(record);
        self.files.push(file);
    }
}

fn sorted(fragments: &[Fragment]) -> Result<Vec<&Fragment>, WriteError> {
    let mut sorted: Vec<_> = fragments.iter().collect();
    sorted.sort_by(|a, b| a.location.cmp(&b.location));
    match sorted.windows(2).find(|pair| pair[0].location == pair[1].location) {
        None => Ok(sorted),
        Some(pair) => Err(WriteError::Location {
            first: pair[0].nevra.to_string(),
            second: pair[1].nevra.to_string(),
            location: pair[0].location.clone(),
        }),
    }
}

fn join(
    root: &str,
    namespaces: &[(&str, &str)],
    count: &str,
    fragments: &[&Fragment],
    part: fn(&Fragment) -> &String,
) -> String {
    let mut xml = crate::xml::Writer::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.open(root, &[namespaces, &[("packages", count)]].concat()).raw("\n");
    fragments.iter().for_each(|fragment| {
        xml.raw(part(fragment));
    });
    xml.close(root).raw("\n");
    xml.0
}

fn file(
    kind: &str,
    name: &str,
    content: &[u8],
    options: &Options,
) -> Result<(Record, RepodataFile), WriteError> {
    let failed = |source| WriteError::Compress { kind: kind.to_owned(), source };
    let bytes = compress(content, options.compression).map_err(failed)?;
    let checksum = Digest::of(&bytes);
    let ending = match options.compression {
        Compression::Gzip => "gz",
        Compression::Zstd => "zst",
    };
    let location = format!("repodata/{checksum}-{name}.{ending}");
    let record = Record {
        kind: kind.to_owned(),
        location: location.clone(),
        checksum,
        size: Some(bytes.len() as u64),
        open_checksum: Some(Digest::of(content)),
        open_size: Some(content.len() as u64),
        timestamp: options.timestamp,
    };
    Ok((record, RepodataFile { location, bytes }))
}

/// Neither stream carries a time or a file name.
fn compress(content: &[u8], compression: Compression) -> io::Result<Vec<u8>> {
    match compression {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(content)?;
            encoder.finish()
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 10)?;
            encoder.include_checksum(true)?;
            encoder.set_pledged_src_size(Some(content.len() as u64))?;
            encoder.write_all(content)?;
            encoder.finish()
        }
    }
}
