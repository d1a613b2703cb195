//! Joining fragments into a repository's metadata.

mod document;

use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{COMMON, FILELISTS, Fragment, OTHER, RPM};
use crate::repomd::{Record, Repomd};
use crate::xml::{Writer, is_plain_relative};
use document::Document;

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

impl Compression {
    /// What names of files end with.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }
}

/// A metadata file beside the three that every repository has.
#[derive(Clone, Debug)]
pub struct ExtraRecord<'a> {
    /// What it holds: `group`, `updateinfo`, `modules`, `productid` or another word.
    pub kind: &'a str,
    /// Name without directory, checksum and compression, such as `comps.xml`.
    pub file_name: &'a str,
    /// The content, not compressed.
    pub content: &'a [u8],
}

/// The metadata can't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Two packages want one place.
    #[error("{first} and {second} would both be at `{location}`")]
    Twice {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// The place.
        location: String,
    },
    /// The packages do not come in the order of their locations.
    #[error(
        "{package} at `{location}` comes after `{before}`: packages are written in the order of their locations"
    )]
    Order {
        /// The package.
        package: String,
        /// Its place.
        location: String,
        /// The place before it.
        before: String,
    },
    /// Not a place below the repository's root.
    #[error("{package} can't be at `{location}`, which is not a plain path below the repository's root")]
    Location {
        /// The package.
        package: String,
        /// The place.
        location: String,
    },
    /// The documents begin with the number of packages.
    #[error("{expected} packages were announced, and {found} came")]
    Count {
        /// As announced.
        expected: usize,
        /// As written.
        found: usize,
    },
    /// repomd.xml names each kind once, by a plain word.
    #[error("a record of the kind `{kind}`, named `{file_name}`, is there already or has no plain name")]
    Kind {
        /// The kind.
        kind: String,
        /// The file's name.
        file_name: String,
    },
    /// A file can't be written, or the compressor failed.
    #[error("the {kind} metadata can't be written in {}", dir.display())]
    Write {
        /// The file's kind.
        kind: String,
        /// Where it was to be.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a repository's metadata, package by package, into a directory: the files get their names, which begin
/// with their checksums, when they are complete. The same input gives the same bytes. Memory does not grow with the
/// number of packages.
pub struct RepositoryWriter {
    dir: PathBuf,
    compression: Compression,
    packages: usize,
    found: usize,
    /// The package before, and its location.
    last: Option<(String, String)>,
    primary: Document,
    filelists: Document,
    other: Document,
    extra: Vec<Record>,
}

impl RepositoryWriter {
    /// Begins the metadata of so many packages. The files come into `dir`, which is there; records will say that
    /// they are in `repodata/`.
    ///
    /// # Errors
    /// The directory can't be written.
    pub fn create(dir: &Path, packages: usize, compression: Compression) -> Result<Self, WriteError> {
        let begin = |kind: &'static str, root: &str, namespaces: &[(&str, &str)]| {
            let count = packages.to_string();
            let mut xml = Writer::default();
            xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
            xml.open(root, &[namespaces, &[("packages", count.as_str())]].concat()).raw("\n");
            let document = Document::create(dir, compression)
                .and_then(|mut document| document.push(xml.0.as_bytes()).map(|()| document));
            document.map_err(failed(dir, kind))
        };
        Ok(Self {
            primary: begin("primary", "metadata", &[("xmlns", COMMON), ("xmlns:rpm", RPM)])?,
            filelists: begin("filelists", "filelists", &[("xmlns", FILELISTS)])?,
            other: begin("other", "otherdata", &[("xmlns", OTHER)])?,
            dir: dir.to_owned(),
            compression,
            packages,
            found: 0,
            last: None,
            extra: Vec::new(),
        })
    }

    /// Adds a package that is at this path below the repository's root. Packages come in the order of their
    /// locations, compared byte by byte.
    ///
    /// # Errors
    /// It comes out of order, its location is no plain path or is taken, or a file can't be written.
    pub fn package(&mut self, fragment: &Fragment, location: &str) -> Result<(), WriteError> {
        self.check(fragment, location)?;
        let (before, after) = fragment.around_location();
        let mut href = Writer::default();
        href.attribute(location);
        for part in [before, &href.0, after] {
            self.primary.push(part.as_bytes()).map_err(failed(&self.dir, "primary"))?;
        }
        self.filelists.push(fragment.filelists.as_bytes()).map_err(failed(&self.dir, "filelists"))?;
        self.other.push(fragment.other.as_bytes()).map_err(failed(&self.dir, "other"))?;
        self.found += 1;
        self.last = Some((fragment.nevra.to_string(), location.to_owned()));
        Ok(())
    }

    fn check(&self, fragment: &Fragment, location: &str) -> Result<(), WriteError> {
        let (package, location) = (fragment.nevra.to_string(), location.to_owned());
        if !is_plain_relative(&location) {
            return Err(WriteError::Location { package, location });
        }
        match &self.last {
            Some((first, before)) if *before == location => {
                Err(WriteError::Twice { first: first.clone(), second: package, location })
            }
            Some((_, before)) if *before > location => {
                Err(WriteError::Order { package, location, before: before.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Adds a metadata file, after those that every repository has.
    ///
    /// # Errors
    /// Its kind is there already, or has no plain name, or it can't be written.
    pub fn extra(&mut self, extra: &ExtraRecord<'_>) -> Result<(), WriteError> {
        let ExtraRecord { kind, file_name, content } = extra;
        let is_taken = ["primary", "filelists", "other"].contains(kind)
            || self.extra.iter().any(|record| record.kind == *kind);
        let is_word = |word: &str| is_plain_relative(word) && !word.contains('/');
        if is_taken || !is_word(kind) || !is_word(file_name) {
            return Err(WriteError::Kind { kind: (*kind).to_owned(), file_name: (*file_name).to_owned() });
        }
        let mut whole = Document::create(&self.dir, self.compression).map_err(failed(&self.dir, kind))?;
        whole.push(content).map_err(failed(&self.dir, kind))?;
        let record = complete(&self.dir, self.compression, whole, kind, file_name)?;
        self.extra.push(record);
        Ok(())
    }

    /// Completes the files, and lists them. `revision` is a number or word that changes when the content does, and
    /// `timestamp` seconds since 1970: for the same bytes every time not the clock, but a time that belongs to the
    /// content.
    ///
    /// # Errors
    /// Another number of packages came than was announced, or a file can't be written.
    pub fn finish(self, revision: &str, timestamp: u64) -> Result<Repomd, WriteError> {
        let Self { dir, compression, packages, found, last: _, primary, filelists, other, extra } = self;
        if found != packages {
            return Err(WriteError::Count { expected: packages, found });
        }
        let mut three = [
            ("primary", "metadata", primary),
            ("filelists", "filelists", filelists),
            ("other", "otherdata", other),
        ];
        for (kind, root, document) in &mut three {
            let end = format!("</{root}>");
            document.push(end.as_bytes()).and_then(|()| document.close()).map_err(failed(&dir, kind))?;
        }
        let mut records = Vec::new();
        for (kind, _, document) in three {
            records.push(complete(&dir, compression, document, kind, &format!("{kind}.xml"))?);
        }
        records.extend(extra);
        records.iter_mut().for_each(|record| record.timestamp = timestamp);
        Ok(Repomd { revision: revision.to_owned(), records, ..Repomd::default() })
    }
}

/// Gives a document its name.
fn complete(
    dir: &Path,
    compression: Compression,
    document: Document,
    kind: &str,
    name: &str,
) -> Result<Record, WriteError> {
    let name = format!("{name}.{}", compression.ending());
    let (file_name, written) = document.finish(dir, &name).map_err(failed(dir, kind))?;
    Ok(Record {
        kind: kind.to_owned(),
        location: format!("repodata/{file_name}"),
        checksum: written.checksum,
        size: Some(written.size),
        open_checksum: Some(written.open_checksum),
        open_size: Some(written.open_size),
        timestamp: 0,
    })
}

fn failed(dir: &Path, kind: &str) -> impl FnOnce(io::Error) -> WriteError {
    move |source| WriteError::Write { kind: kind.to_owned(), dir: dir.to_owned(), source }
}
