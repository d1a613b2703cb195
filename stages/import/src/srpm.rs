//! Source RPMs: from rpm-md repositories whose metadata and packages are signed, or from a directory of signed ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use heirloom_formats::evr;
use heirloom_formats::openpgp::Keyring;
use heirloom_formats::rpm_file::Header;
use heirloom_model::record::{Imported, Module, SourceFile};
use heirloom_model::{Digest, Nevra};
use serde::{Deserialize, Serialize};

use crate::distgit::{layout, plain};
use crate::sources::{Found, Known, Learned, Outcome, parallel};
use crate::tree::{MOST_FILES, settled, stamp, too_many};
use crate::{ImportError, Importer, fetch, modules, repository};

/// A source RPM that is to be had.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Offer {
    nevra: Nevra,
    digest: Digest,
    size: u64,
    published: u64,
    /// Path or URL of the file.
    at: String,
    /// `name:stream` of the module that it belongs to.
    module: Option<String>,
}

impl Offer {
    pub(crate) fn found(&self) -> Found {
        let (revision, nevra) = (self.digest.to_string(), Some(self.nevra.clone()));
        Found { revision, nevra, published: Some(self.published) }
    }
}

/// What a repository offers.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Offers {
    pub(crate) sources: Vec<Offer>,
    pub(crate) modules: Vec<Module>,
}

/// What is in these repositories. One whose repomd.xml is known is not read again.
pub(crate) fn repositories(
    importer: &Importer<'_>,
    locations: &[String],
    keys: &Keyring,
    max_age_days: Option<u64>,
) -> Result<Offers, ImportError> {
    let mut all = Offers::default();
    for location in locations {
        let verified = repository::verify(&importer.fetcher, location, keys)?;
        verified.watch(importer)?;
        crate::sources::not_stale(importer, location, verified.newest, max_age_days)?;
        let subject = format!("offers {location}");
        let revision = verified.repomd_digest.to_string();
        let note = importer.store.noted(&subject);
        let known = note.as_deref().and_then(|note| note.strip_prefix(&revision));
        let known = known.and_then(|json| serde_json::from_str::<Offers>(json).ok());
        let known = known
            .filter(|offers| offers.modules.iter().all(|module| importer.store.contains(module.document)));
        let offers = match known {
            Some(offers) => offers,
            None => {
                let offers = read(importer, &verified)?;
                let json = serde_json::to_string(&offers).map_err(ImportError::format(location))?;
                importer.store.note(&subject, &format!("{revision}{json}"));
                offers
            }
        };
        all.sources.extend(offers.sources);
        all.modules.extend(offers.modules);
    }
    Ok(all)
}

fn read(importer: &Importer<'_>, repository: &repository::Verified) -> Result<Offers, ImportError> {
    let modules = match repository.metadata(&importer.fetcher, "modules")? {
        Some(metadata) => modules::read(importer, metadata.document())?,
        None => Vec::new(),
    };
    let owner: BTreeMap<&str, &Module> = modules
        .iter()
        .flat_map(|module| module.artifacts.iter().map(move |artifact| (artifact.as_str(), module)))
        .collect();
    let mut sources = Vec::new();
    for package in repository.packages(&importer.fetcher)? {
        if package.nevra.arch() != "src" {
            continue;
        }
        let evr = package.nevra.evr();
        let name = package.nevra.name();
        // Artifacts are written with their epoch always.
        let artifact = format!("{name}-{}:{}-{}.src", evr.epoch(), evr.version(), evr.release());
        sources.push(Offer {
            module: owner.get(artifact.as_str()).map(|module| format!("{}:{}", module.name, module.stream)),
            at: fetch::join(&repository.location, &package.location),
            nevra: package.nevra,
            digest: package.digest,
            size: package.size,
            published: package.build_time,
        });
    }
    Ok(Offers { sources, modules })
}

/// What is in a directory of source RPMs and below it. A file that is as it was is not read again.
pub(crate) fn directory(importer: &Importer<'_>, dir: &Path) -> Result<Offers, ImportError> {
    let mut files = Vec::new();
    find(dir, 8, &mut files)?;
    files.sort();
    let read = parallel(&files, crate::sources::processors(), |path| offer(importer, path));
    Ok(Offers { sources: read.into_iter().collect::<Result<_, _>>()?, modules: Vec::new() })
}

fn find(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), ImportError> {
    for entry in fs::read_dir(dir).map_err(ImportError::read(dir))? {
        let path = entry.map_err(ImportError::read(dir))?.path();
        if path.is_dir() && depth > 0 {
            find(&path, depth - 1, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rpm") {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(too_many(dir));
        }
    }
    Ok(())
}

fn offer(importer: &Importer<'_>, path: &Path) -> Result<Offer, ImportError> {
    let at = path.to_string_lossy().into_owned();
    let meta = fs::metadata(path).map_err(ImportError::read(path))?;
    let (subject, signature) = (format!("offer {at}"), stamp(&meta));
    let note = importer.store.noted(&subject);
    let known = note.as_deref().and_then(|note| note.strip_prefix(&signature));
    if let Some(offer) = known.and_then(|json| serde_json::from_str::<Offer>(json).ok()) {
        return Ok(offer);
    }
    let header = Header::open(path).map_err(ImportError::format(&at))?;
    if !header.is_source {
        return Err(layout(&at, "it is no source RPM; a directory of source RPMs has no others".to_owned()));
    }
    let label = &header.info.modularity_label;
    let module = label.splitn(3, ':').take(2).collect::<Vec<_>>().join(":");
    let offer = Offer {
        nevra: header.nevra.clone(),
        digest: fetch::digest_of(path)?,
        size: meta.len(),
        published: header.info.build_time,
        at,
        module: Some(module).filter(|module| !module.is_empty()),
    };
    let changed = u64::try_from(std::os::unix::fs::MetadataExt::ctime(&meta)).unwrap_or(u64::MAX);
    if settled(changed, importer.now) {
        let json = serde_json::to_string(&offer).map_err(ImportError::format(&offer.at))?;
        importer.store.note(&subject, &format!("{signature}{json}"));
    }
    Ok(offer)
}

/// The newest of each name, under its name; those of modules apart, under `name@module:stream`.
pub(crate) fn newest(offers: Vec<Offer>) -> BTreeMap<String, Offer> {
    let mut newest: BTreeMap<String, Offer> = BTreeMap::new();
    for offer in offers {
        let name = offer.nevra.name();
        let key = offer.module.as_ref().map_or_else(|| name.to_owned(), |module| format!("{name}@{module}"));
        match newest.get(&key) {
            Some(known) if evr::compare(known.nevra.evr(), offer.nevra.evr()).is_ge() => {}
            _ => {
                newest.insert(key, offer);
            }
        }
    }
    newest
}

/// Fetches one source RPM, checks digest and signature, and unpacks it into the store.
pub(crate) fn import(importer: &Importer<'_>, known: Known<'_>, offer: &Offer, keys: &Keyring) -> Outcome {
    let (mut found, mut note) = (offer.found(), None);
    let (subject, signature) = (format!("srpm {}", known.key), format!("{}@{}", offer.digest, offer.at));
    let signature = Digest::of(signature.as_bytes()).to_string();
    let came = match known.unchanged(importer, &subject, &signature) {
        Some(imported) => Ok(imported),
        None => unpack(importer, known, offer, keys),
    };
    if let Ok(imported) = &came {
        found.published = imported.published;
        note = Some((subject, format!("{signature} {}", imported.digest())));
    }
    Outcome { came, learned: Learned { found: Some(found), watched: None, note } }
}

fn unpack(
    importer: &Importer<'_>,
    known: Known<'_>,
    offer: &Offer,
    keys: &Keyring,
) -> Result<Imported, ImportError> {
    let at = &offer.at;
    let by = "the repository's metadata";
    let file = importer.fetcher.archive(importer.store, at, offer.digest, offer.size, by)?;
    let path = file.path();
    keys.verify_rpm(path).map_err(|source| ImportError::Signature { location: at.clone(), source })?;
    let header = Header::open(path).map_err(ImportError::format(at))?;
    if header.nevra != offer.nevra {
        let message = format!("the metadata calls it {}, but it is {}", offer.nevra, header.nevra);
        return Err(layout(at, message));
    }
    let name = offer.nevra.name();
    let specs: Vec<_> = header.files.iter().filter(|file| file.path.ends_with(".spec")).collect();
    let [spec] = &specs[..] else {
        return Err(layout(at, format!("expected one spec file, found {}", specs.len())));
    };
    let spec = plain(&spec.path, name)?;
    let mut total = 0_u64;
    for file in &header.files {
        plain(&file.path, name)?;
        total = total.saturating_add(file.size);
    }
    if total > fetch::OBJECT_LIMIT {
        return Err(ImportError::TooLarge { location: at.clone(), limit: fetch::OBJECT_LIMIT });
    }
    let mut files = Vec::new();
    heirloom_formats::rpm_file::each_source(path, |file, content| {
        let file = plain(file, name)?;
        let (digest, size) = importer.store.put_reader(content)?;
        let origin = format!("{at}:{file}");
        files.push(SourceFile { name: file, digest, size, origin });
        Ok::<(), ImportError>(())
    })
    .map_err(ImportError::format(at))??;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Imported {
        name: known.key.to_owned(),
        spec,
        files,
        origin: at.clone(),
        own: false,
        nevra: Some(header.nevra.clone()),
        published: Some(header.info.build_time),
    })
}
