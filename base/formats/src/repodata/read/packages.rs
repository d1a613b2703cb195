//! Packages one by one, from primary and filelists side by side.

use std::collections::HashMap;

use heirloom_model::{Digest, Nevra, Package, PackageFile};

use super::primary;
use super::{Elements, RepodataError, package_id};
use crate::document::Document;
use crate::xml::{Tag, Xml, XmlError};

/// Bytes of filelists that are kept where it lists packages in another order than primary: nearly all writers use
/// one order, so that hardly anything is.
const MOST_KEPT: usize = 1 << 30;

/// Reads a repository's packages one by one, with their files. A package that primary lists twice (the same bytes)
/// is one package, at its first location.
///
/// After an error there are no more packages.
pub struct Packages<'a> {
    primary: Elements<'a>,
    filelists: Elements<'a>,
    /// Packages of primary that were given.
    given: HashMap<Digest, Nevra>,
    /// Files of packages that primary has not come to.
    kept: HashMap<Digest, Files>,
    kept_bytes: usize,
    done: bool,
}

/// What filelists says of a package.
struct Files {
    name: String,
    arch: String,
    files: Vec<PackageFile>,
    bytes: usize,
}

impl<'a> Packages<'a> {
    /// Opens both documents.
    ///
    /// # Errors
    /// One of them is of another kind, or can't be read.
    pub fn open(primary: Document<'a>, filelists: Document<'a>) -> Result<Self, RepodataError> {
        Ok(Self {
            primary: Elements::open(primary, "metadata")?,
            filelists: Elements::open(filelists, "filelists")?,
            given: HashMap::new(),
            kept: HashMap::new(),
            kept_bytes: 0,
            done: false,
        })
    }

    fn step(&mut self) -> Result<Option<Package>, RepodataError> {
        while self.primary.next()?.is_some() {
            let mut package = primary::package(&mut self.primary.xml, self.primary.document)?.package;
            match self.given.get(&package.digest) {
                None => {}
                Some(first) if *first == package.nevra => continue,
                Some(first) => {
                    return Err(RepodataError::Same {
                        document: self.primary.document.to_owned(),
                        digest: package.digest,
                        first: first.to_string(),
                        second: package.nevra.to_string(),
                    });
                }
            }
            package.files = self.files_of(&package)?;
            self.given.insert(package.digest, package.nevra.clone());
            return Ok(Some(package));
        }
        self.nothing_left()?;
        Ok(None)
    }

    fn files_of(&mut self, package: &Package) -> Result<Vec<PackageFile>, RepodataError> {
        let found = match self.kept.remove(&package.digest) {
            Some(kept) => kept,
            None => self.read_until(package)?,
        };
        self.kept_bytes = self.kept_bytes.saturating_sub(found.bytes);
        if found.name != package.nevra.name() || found.arch != package.nevra.arch() {
            return Err(RepodataError::Differs {
                document: self.filelists.document.to_owned(),
                digest: package.digest,
                expected: package.nevra.clone(),
                found: format!("{} of {}", found.name, found.arch),
            });
        }
        Ok(found.files)
    }

    /// Reads on in filelists until it comes to a package, and keeps what is between.
    fn read_until(&mut self, package: &Package) -> Result<Files, RepodataError> {
        while let Some((digest, found)) = self.next_files()? {
            self.kept_bytes = self.kept_bytes.saturating_add(found.bytes);
            if digest == package.digest {
                return Ok(found);
            }
            if self.kept_bytes > MOST_KEPT {
                let document = self.filelists.document.to_owned();
                return Err(RepodataError::Order { document, most: MOST_KEPT as u64 });
            }
            self.kept.insert(digest, found);
        }
        let document = self.filelists.document.to_owned();
        Err(RepodataError::Absent { document, package: package.nevra.clone() })
    }

    /// The next package of filelists that was not there before.
    fn next_files(&mut self) -> Result<Option<(Digest, Files)>, RepodataError> {
        while let Some(tag) = self.filelists.next()? {
            let digest = package_id(&self.filelists.xml, &tag)?;
            let found = Files::read(&mut self.filelists.xml, &tag)?;
            // Who lists a package twice in primary does so here.
            if !self.given.contains_key(&digest) && !self.kept.contains_key(&digest) {
                return Ok(Some((digest, found)));
            }
        }
        Ok(None)
    }

    /// Filelists may have no package that primary does not have.
    fn nothing_left(&mut self) -> Result<(), RepodataError> {
        let kept = self.kept.drain().min_by_key(|(digest, _)| *digest);
        let left = match kept {
            Some(kept) => Some(kept),
            None => self.next_files()?,
        };
        let Some((digest, files)) = left else { return Ok(()) };
        Err(RepodataError::Unknown {
            document: self.filelists.document.to_owned(),
            package: files.name,
            digest,
        })
    }
}

impl Iterator for Packages<'_> {
    type Item = Result<Package, RepodataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}

impl Files {
    fn read(xml: &mut Xml<'_>, tag: &Tag) -> Result<Self, XmlError> {
        let word = |name: &'static str| tag.attribute(name).unwrap_or_default().to_owned();
        let mut found = Self { name: word("name"), arch: word("arch"), files: Vec::new(), bytes: 256 };
        while let Some(tag) = xml.child()? {
            if tag.name != "file" {
                xml.skip()?;
                continue;
            }
            let file = primary::file(xml, &tag)?;
            found.bytes += file.path.len() + size_of::<PackageFile>();
            found.files.push(file);
        }
        Ok(found)
    }
}
