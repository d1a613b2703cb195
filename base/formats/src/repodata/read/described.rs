//! Primary alone: what can be known of packages without the list of all files.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use heirloom_model::{Digest, Nevra, Package};

use super::primary;
use super::{Elements, RepodataError, package_id};
use crate::document::Document;

/// A package as primary describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The package, with those of its files that primary lists: see [`is_primary_file`](crate::rpm_file::is_primary_file).
    pub package: Package,
    /// Bytes that it takes when it is installed, as its header says; 0 if that is not stated.
    pub installed_size: u64,
    /// Where its header is in the file, in bytes from the beginning: start, and the end, which is not part of it. None if that is not stated.
    pub header: Option<(u64, u64)>,
}

/// Reads a repository's primary metadata package by package. A package that it lists twice (the same bytes) is one, at its first location.
///
/// After an error there are no more packages.
pub struct Descriptions<'a> {
    primary: Elements<'a>,
    given: HashMap<Digest, Nevra>,
    done: bool,
}

impl<'a> Descriptions<'a> {
    /// Opens the document.
    ///
    /// # Errors
    /// It is of another kind, or can't be read.
    pub fn open(primary: Document<'a>) -> Result<Self, RepodataError> {
        Ok(Self { primary: Elements::open(primary, "metadata")?, given: HashMap::new(), done: false })
    }

    fn step(&mut self) -> Result<Option<Described>, RepodataError> {
        while self.primary.next()?.is_some() {
            let found = primary::package(&mut self.primary.xml, self.primary.document)?;
            let Package { digest, nevra, .. } = &found.package;
            match self.given.get(digest) {
                None => {}
                Some(first) if first == nevra => continue,
                Some(first) => {
                    return Err(RepodataError::Same {
                        document: self.primary.document.to_owned(),
                        digest: *digest,
                        first: first.to_string(),
                        second: nevra.to_string(),
                    });
                }
            }
            self.given.insert(*digest, nevra.clone());
            return Ok(Some(found));
        }
        Ok(None)
    }
}

impl Iterator for Descriptions<'_> {
    type Item = Result<Described, RepodataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}

/// Which packages, by their digests, have which of these paths. Of a document with hundreds of megabytes, no more is kept.
///
/// # Errors
/// The document is damaged.
pub fn read_paths(
    filelists: Document<'_>,
    wanted: &BTreeSet<String>,
) -> Result<BTreeMap<Digest, Vec<String>>, RepodataError> {
    let mut found: BTreeMap<Digest, Vec<String>> = BTreeMap::new();
    let mut elements = Elements::open(filelists, "filelists")?;
    while let Some(tag) = elements.next()? {
        let digest = package_id(&elements.xml, &tag)?;
        while let Some(tag) = elements.xml.child()? {
            if tag.name != "file" {
                elements.xml.skip()?;
                continue;
            }
            let path = elements.xml.text()?;
            if wanted.contains(&path) {
                found.entry(digest).or_default().push(path);
            }
        }
    }
    Ok(found)
}
