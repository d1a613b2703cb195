//! What the present metadata of a directory says, to be taken over.

use std::collections::HashMap;
use std::fs;
use std::iter::Peekable;
use std::path::{Path, PathBuf};

use heirloom_formats::Document;
use heirloom_formats::repodata::{self, ExtraRecord, Fragment, Fragments, Listed, Published, RepodataError};
use heirloom_formats::repomd::{Record, Repomd};
use heirloom_model::Digest;

use super::walk::Found;
use crate::cli::Createrepo;
use crate::fail::{Exit, Fail, chain};

const THREE: [&str; 3] = ["primary", "filelists", "other"];

/// The present metadata: what it lists is there, and has the checksums that it states.
pub(super) struct Earlier {
    pub(super) repomd: Repomd,
    listed: Vec<Listed>,
    /// Bytes of primary, filelists and other, and how many they have when decompressed.
    three: Vec<(String, Vec<u8>, u64)>,
}

impl Earlier {
    /// Reads it, if there is any.
    ///
    /// # Errors
    /// Why it can't be used; then everything is read anew.
    pub(super) fn read(root: &Path) -> Result<Option<Self>, String> {
        let Some(repomd) = present(root)? else { return Ok(None) };
        let mut three = Vec::new();
        for kind in THREE {
            let record = repomd.record(kind).ok_or_else(|| format!("repomd.xml lists no `{kind}`"))?;
            three.push((record.location.clone(), whole(root, record)?, record.open_size.unwrap_or(u64::MAX)));
        }
        for record in repomd.records.iter().filter(|record| !THREE.contains(&record.kind.as_str())) {
            whole(root, record)?;
        }
        let mut earlier = Self { repomd, listed: Vec::new(), three };
        earlier.listed = repodata::read_listing(earlier.document(0)).map_err(|error| chain(&error))?;
        Ok(Some(earlier))
    }

    fn document(&self, index: usize) -> Document<'_> {
        match self.three.get(index) {
            Some((name, bytes, open)) => Document::new(name, bytes).limit((*open).min(2 << 30)),
            None => Document::new("", &[]),
        }
    }

    /// Whether it is what would be written.
    pub(super) fn says_all(&self, found: &[Found], extra: &[ExtraRecord<'_>], args: &Createrepo) -> bool {
        let ending = format!(".{}", repodata::Compression::from(args.compression).ending());
        let same_form = self.three.iter().all(|(location, ..)| location.ends_with(&ending));
        let same_extra = extra.iter().all(|extra| {
            let record = self.repomd.record(extra.kind);
            record.is_some_and(|record| {
                record.open_checksum == Some(Digest::of(extra.content)) && record.location.ends_with(&ending)
            })
        });
        same_form
            && same_extra
            && self.listed.len() == found.len()
            && self.listed.iter().zip(found).all(|(listed, found)| is_same(listed, found))
    }

    /// Its packages, for being asked for in the order of their locations.
    pub(super) fn fragments(&self) -> Result<Known<'_>, Fail> {
        let fragments = Fragments::open(self.document(0), self.document(1), self.document(2));
        let mut known = Known { rest: fragments.map_err(unreadable)?.peekable(), kept: HashMap::new() };
        // Others order packages by their file names.
        if !self.listed.is_sorted() {
            known.keep_all()?;
        }
        Ok(known)
    }

    /// Adds those of its records to the list that the list does not have.
    pub(super) fn keep_others(&self, repomd: &mut Repomd) {
        repomd.tags.clone_from(&self.repomd.tags);
        for record in &self.repomd.records {
            if repomd.record(&record.kind).is_none() && !is_derived(&record.kind) {
                repomd.records.push(record.clone());
            }
        }
    }
}

/// Other forms of the three, which would be out of date.
fn is_derived(kind: &str) -> bool {
    let other_form = |rest: &str| matches!(rest, "_db" | "_zck" | "-ext" | "-ext_zck");
    THREE.iter().any(|three| kind.strip_prefix(three).is_some_and(other_form)) || kind == "prestodelta"
}

fn is_same(listed: &Listed, found: &Found) -> bool {
    listed.location == found.location && listed.size == found.size && listed.file_time == found.time
}

fn unreadable(error: RepodataError) -> Fail {
    Fail::new(Exit::Failed, format!("the earlier metadata can't be taken over: {}", chain(&error)))
        .hint("run it again without --update, which reads every package")
}

/// The newest time that the present repomd.xml states, if there is one that can be read.
pub(super) fn newest(root: &Path) -> Option<u64> {
    let repomd = present(root).ok()??;
    repomd.records.iter().map(|record| record.timestamp).max()
}

fn present(root: &Path) -> Result<Option<Repomd>, String> {
    let path = root.join("repodata/repomd.xml");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("can't read {}: {error}", path.display())),
    };
    let name = path.display().to_string();
    Repomd::parse(Document::new(&name, &bytes)).map(Some).map_err(|error| chain(&error))
}

/// A metadata file's bytes, which have the stated checksum.
fn whole(root: &Path, record: &Record) -> Result<Vec<u8>, String> {
    let path: PathBuf = root.join(&record.location);
    let bytes = fs::read(&path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
    match Digest::of(&bytes) == record.checksum {
        true => Ok(bytes),
        false => Err(format!("{} has another checksum than repomd.xml says", path.display())),
    }
}

/// The packages that the earlier metadata has and that were not asked for yet.
pub(super) struct Known<'a> {
    rest: Peekable<Fragments<'a>>,
    /// All of them, in their compact form, if they are in no order.
    kept: HashMap<String, (Listed, Vec<u8>)>,
}

impl Known<'_> {
    fn keep_all(&mut self) -> Result<(), Fail> {
        for published in self.rest.by_ref() {
            let Published { location, size, file_time, fragment } = published.map_err(unreadable)?;
            let failed = |error| Fail::new(Exit::Failed, format!("can't compress what is kept: {error}"));
            let bytes = fragment.to_bytes().map_err(failed)?;
            let listed = Listed { location: location.clone(), size, file_time };
            self.kept.insert(location, (listed, bytes));
        }
        Ok(())
    }

    /// What is said of this file, if it is still the same.
    pub(super) fn take(&mut self, found: &Found) -> Result<Option<Fragment>, Fail> {
        if let Some((listed, bytes)) = self.kept.remove(&found.location) {
            return Ok(Fragment::from_bytes(&bytes).ok().filter(|_| is_same(&listed, found)));
        }
        let not_after = |next: &Result<Published, RepodataError>| match next {
            Ok(next) => next.location <= found.location,
            Err(_) => true,
        };
        while let Some(next) = self.rest.next_if(not_after) {
            let Published { location, size, file_time, fragment } = next.map_err(unreadable)?;
            if location == found.location {
                let same = is_same(&Listed { location, size, file_time }, found);
                return Ok(same.then_some(fragment));
            }
        }
        Ok(None)
    }
}
