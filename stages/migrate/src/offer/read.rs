//! Reading a target's repositories.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use heirloom_formats::Document;
use heirloom_formats::modulemd::ModuleIndex;
use heirloom_formats::openpgp::Keyring;
use heirloom_formats::repodata::{Described, Descriptions, read_paths as paths_in};
use heirloom_formats::repomd::{Record, Repomd};
use heirloom_model::{Digest, PackageFile, arch};

use super::modules::streams;
use super::{Offer, OfferError, Offered, SeenRepository};
use crate::fetch::{FetchError, Fetcher, with_variables};
use crate::target::{Target, TargetRepository};

/// Bytes of repomd.xml and of its signature.
const MOST_LIST: u64 = 16 << 20;
/// Bytes of a metadata file as it is; the largest real ones have some 60 MB.
const MOST_FILE: u64 = 512 << 20;
/// Bytes of a metadata file when it is decompressed.
const MOST_OPEN: u64 = 4 << 30;
/// Packages of all repositories.
const MOST_PACKAGES: usize = 300_000;

/// Where the files of each enabled repository of a target are, by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Vec<String>>);

impl Places {
    /// As the target file says, for one architecture.
    ///
    /// # Errors
    /// A place has a variable that is not known.
    pub fn stated(target: &Target, architecture: &str) -> Result<Self, OfferError> {
        let major = target.major();
        let of = |repository: &TargetRepository| {
            let places = repository.baseurls.iter().map(|place| with_variables(place, architecture, major));
            let places = places.collect::<Result<_, _>>();
            let failed = |source| OfferError::Fetch { repository: repository.id.clone(), source };
            Ok((repository.id.clone(), places.map_err(failed)?))
        };
        target
            .repositories
            .iter()
            .filter(|repository| repository.enabled)
            .map(of)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Below a directory instead, without any network: in `DIR/ID`, or where the end of a repository's URL leads there, `DIR/BaseOS/x86_64/os`.
    ///
    /// # Errors
    /// A place has a variable that is not known, or a repository is not in the directory.
    pub fn below(target: &Target, architecture: &str, tree: &Path) -> Result<Self, OfferError> {
        let mut places = Self::stated(target, architecture)?;
        for (id, stated) in &mut places.0 {
            let path = |url: &String| url.split_once("://").map_or(url.clone(), |(_, rest)| rest.to_owned());
            let ends = stated.iter().map(path).flat_map(|path| {
                let starts: Vec<_> = path.match_indices('/').map(|(at, _)| at + 1).collect();
                starts
                    .into_iter()
                    .filter_map(move |at| path.get(at..).map(ToOwned::to_owned))
                    .collect::<Vec<_>>()
            });
            let is_plain = |end: &String| !end.split('/').any(|part| part == "..");
            let found = std::iter::once(id.clone())
                .chain(ends.filter(is_plain))
                .map(|end| tree.join(end.trim_matches('/')))
                .find(|dir| dir.join("repodata/repomd.xml").is_file());
            // If there is none, reading it says so.
            let found = found.unwrap_or_else(|| tree.join(id.as_str()));
            *stated = vec![found.to_string_lossy().into_owned()];
        }
        Ok(places)
    }

    /// The places of a repository; none if it is not one of the target's enabled ones.
    #[must_use]
    pub fn of(&self, repository: &str) -> &[String] {
        self.0.get(repository).map_or(&[], Vec::as_slice)
    }
}

/// Reads what a target offers for an architecture. In `cache`, metadata files are kept under their digests.
///
/// # Errors
/// Something can't be had, is not signed by the target, is not what the signed file names, or is damaged.
pub fn read(
    target: &Target,
    architecture: &str,
    places: &Places,
    fetcher: &Fetcher,
    cache: Option<&Path>,
) -> Result<Offer, OfferError> {
    if !target.architectures.iter().any(|has| has == architecture) {
        let has = target.architectures.clone();
        return Err(OfferError::Architecture { architecture: architecture.to_owned(), has });
    }
    let keyring = Keyring::from_armoured(target.certificates.as_bytes())?;
    let mut offer = Offer::default();
    let (mut indexes, mut known) = (Vec::new(), HashSet::new());
    for repository in target.repositories.iter().filter(|repository| repository.enabled) {
        let from = Repository { id: &repository.id, places: places.of(&repository.id), fetcher, cache };
        let (seen, repomd) = from.list(&keyring)?;
        let from = Repository { places: &from.beginning_with(&seen.place), ..from };
        from.packages(&repomd, architecture, &mut offer.packages, &mut known)?;
        if let Some(record) = repomd.record("modules") {
            let bytes = from.file(record)?;
            let document =
                Document::new(&record.location, &bytes).limit(record.open_size.unwrap_or(MOST_OPEN));
            let damaged = |source| OfferError::Modules { repository: from.id.to_owned(), source };
            indexes.push(ModuleIndex::parse(document).map_err(damaged)?);
        }
        offer.repositories.push(seen);
    }
    offer.streams = streams(&indexes, architecture);
    Ok(offer)
}

/// Adds to an offer which of its packages have these paths, from the lists of all files. The repositories must still be what they were.
///
/// # Errors
/// Something can't be had, or a repository has changed since the offer was read.
pub fn read_paths(
    offer: &mut Offer,
    target: &Target,
    places: &Places,
    fetcher: &Fetcher,
    cache: Option<&Path>,
    paths: &BTreeSet<String>,
) -> Result<(), OfferError> {
    if paths.is_empty() {
        return Ok(());
    }
    let keyring = Keyring::from_armoured(target.certificates.as_bytes())?;
    let mut found: BTreeMap<Digest, Vec<String>> = BTreeMap::new();
    for before in &offer.repositories {
        let from = Repository { id: &before.id, places: places.of(&before.id), fetcher, cache };
        let (seen, repomd) = from.list(&keyring)?;
        if seen.repomd != before.repomd {
            return Err(OfferError::Differs {
                repository: before.id.clone(),
                location: "repodata/repomd.xml".to_owned(),
                said: "the repository was updated in between; begin anew".to_owned(),
            });
        }
        let from = Repository { places: &from.beginning_with(&seen.place), ..from };
        let record = from.record(&repomd, "filelists")?;
        let bytes = from.file(record)?;
        let document = Document::new(&record.location, &bytes).limit(record.open_size.unwrap_or(MOST_OPEN));
        let damaged = |source| OfferError::Repodata { repository: from.id.to_owned(), source };
        found.extend(paths_in(document, paths).map_err(damaged)?);
    }
    for offered in &mut offer.packages {
        for path in found.remove(&offered.package.digest).unwrap_or_default() {
            let files = &mut offered.package.files;
            if !files.iter().any(|file| file.path == path) {
                files.push(PackageFile { path, is_dir: false, is_ghost: false });
            }
        }
    }
    Ok(())
}

/// A repository that is being read.
#[derive(Clone, Copy)]
struct Repository<'a> {
    id: &'a str,
    places: &'a [String],
    fetcher: &'a Fetcher,
    cache: Option<&'a Path>,
}

impl Repository<'_> {
    fn fetch(&self, source: FetchError) -> OfferError {
        OfferError::Fetch { repository: self.id.to_owned(), source }
    }

    /// repomd.xml of the first place where it and its signature go together; else what was wrong at the first.
    fn list(&self, keyring: &Keyring) -> Result<(SeenRepository, Repomd), OfferError> {
        let mut first = None;
        for place in self.places {
            match self.list_at(place, keyring) {
                Ok(found) => return Ok(found),
                Err(error) => first = first.or(Some(error)),
            }
        }
        let none = FetchError::Nowhere { location: LIST.to_owned(), faults: Vec::new() };
        Err(first.unwrap_or_else(|| self.fetch(none)))
    }

    fn list_at(&self, place: &str, keyring: &Keyring) -> Result<(SeenRepository, Repomd), OfferError> {
        let at = [place.to_owned()];
        let read =
            |location: &str| self.fetcher.read(&at, location, MOST_LIST).map_err(|source| self.fetch(source));
        let list = read(LIST)?.bytes;
        let signature = read(&format!("{LIST}.asc"))?.bytes;
        keyring.verify_detached(&list, &signature).map_err(|source| OfferError::Signature {
            repository: self.id.to_owned(),
            place: place.to_owned(),
            source,
        })?;
        let name = format!("{place}/{LIST}");
        let damaged = |source| OfferError::Repomd { repository: self.id.to_owned(), source };
        let repomd = Repomd::parse(Document::new(&name, &list)).map_err(damaged)?;
        let seen = SeenRepository {
            id: self.id.to_owned(),
            place: place.to_owned(),
            revision: repomd.revision.clone(),
            repomd: Digest::of(&list),
        };
        Ok((seen, repomd))
    }

    /// All places, this one first.
    fn beginning_with(&self, place: &str) -> Vec<String> {
        let others = self.places.iter().filter(|other| *other != place);
        std::iter::once(place.to_owned()).chain(others.cloned()).collect()
    }

    fn record<'r>(&self, repomd: &'r Repomd, kind: &'static str) -> Result<&'r Record, OfferError> {
        let missing = || OfferError::Missing { repository: self.id.to_owned(), kind };
        repomd.record(kind).ok_or_else(missing)
    }

    /// A metadata file, whose digest is right.
    fn file(&self, record: &Record) -> Result<Vec<u8>, OfferError> {
        let differs = |said: String| OfferError::Differs {
            repository: self.id.to_owned(),
            location: record.location.clone(),
            said,
        };
        if let Some(size) = record.size.filter(|size| *size > MOST_FILE) {
            return Err(differs(format!("it should have {size} bytes, and {MOST_FILE} are allowed")));
        }
        let bytes = match (self.cache, record.size) {
            (Some(cache), Some(size)) => {
                let kept = cache.join(record.checksum.to_string());
                let expected = (size, record.checksum);
                self.fetcher
                    .save(self.places, &record.location, &kept, expected, &mut |_| ())
                    .map_err(|source| self.fetch(source))?;
                std::fs::read(&kept).map_err(|source| self.fetch(FetchError::Write { path: kept, source }))?
            }
            _ => {
                let most = record.size.unwrap_or(MOST_FILE);
                let read = self.fetcher.read(self.places, &record.location, most);
                read.map_err(|source| self.fetch(source))?.bytes
            }
        };
        match Digest::of(&bytes) {
            found if found == record.checksum => Ok(bytes),
            found => Err(differs(format!("its SHA-256 is {found} and should be {}", record.checksum))),
        }
    }

    /// Adds its packages for an architecture. One that an earlier repository has too is that one's.
    fn packages(
        &self,
        repomd: &Repomd,
        architecture: &str,
        into: &mut Vec<Offered>,
        known: &mut HashSet<Digest>,
    ) -> Result<(), OfferError> {
        let record = self.record(repomd, "primary")?;
        let bytes = self.file(record)?;
        let document = Document::new(&record.location, &bytes).limit(record.open_size.unwrap_or(MOST_OPEN));
        let damaged = |source| OfferError::Repodata { repository: self.id.to_owned(), source };
        for found in Descriptions::open(document).map_err(damaged)? {
            let found = found.map_err(damaged)?;
            if !arch::belongs(found.package.nevra.arch(), architecture) || !known.insert(found.package.digest)
            {
                continue;
            }
            if into.len() == MOST_PACKAGES {
                return Err(OfferError::TooMany { most: MOST_PACKAGES });
            }
            into.push(offered(self.id, found));
        }
        Ok(())
    }
}

const LIST: &str = "repodata/repomd.xml";

/// Weak dependencies are left out: nothing is added for their sake.
fn offered(repository: &str, found: Described) -> Offered {
    let Described { mut package, installed_size, header } = found;
    package.recommends = Vec::new();
    package.suggests = Vec::new();
    package.supplements = Vec::new();
    package.enhances = Vec::new();
    package.provides.shrink_to_fit();
    package.requires.shrink_to_fit();
    Offered { repository: repository.to_owned(), package, installed_size, header: header.unwrap_or_default() }
}
