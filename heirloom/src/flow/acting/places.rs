//! Where the objects of an action may be: by their names, behind URLs, or somewhere in directories that are searched.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use heirloom_formats::rpm_file::{self, Header, each_source};
use heirloom_import::fetch::{Fetcher, Patience, is_url, join};
use heirloom_model::Digest;
use heirloom_store::{State, Store};

use super::failed;
use crate::context::{digest, processors};
use crate::fail::Fail;
use crate::flow::work;
use crate::ui::{Progress, say};

/// An object, as it is looked for.
pub(crate) struct Wanted<'a> {
    /// What it is called in messages.
    pub(crate) name: &'a str,
    pub(crate) digest: Digest,
    /// Digest of the header, if it is a package: it may be had in a signed form.
    pub(crate) header: Option<Digest>,
    /// Where it was fetched.
    pub(crate) url: Option<&'a str>,
}

/// Directories and URLs.
pub(crate) struct Places {
    dirs: Vec<PathBuf>,
    urls: Vec<String>,
    fetcher: Fetcher,
    index: OnceLock<Index>,
}

/// What the directories have, by digest.
#[derive(Default)]
struct Index {
    files: HashMap<Digest, PathBuf>,
    headers: HashMap<Digest, PathBuf>,
    /// Source packages, by the names of the files in them.
    sources: HashMap<String, Vec<PathBuf>>,
}

impl Places {
    pub(crate) fn new(places: &[String]) -> Self {
        let (urls, dirs): (Vec<_>, Vec<_>) = places.iter().cloned().partition(|place| is_url(place));
        // Whoever has no object says so at once; it is asked for in other places.
        let connect = Duration::from_secs(10);
        let fetcher = Fetcher::new(Patience { attempts: 2, connect, ..Patience::default() });
        Self { dirs: dirs.into_iter().map(PathBuf::from).collect(), urls, fetcher, index: OnceLock::new() }
    }

    /// Puts an object into the store, checked against its name; the digest that it has there, which is another one if only
    /// a signed form of a package can be had. None if it is nowhere.
    pub(crate) fn bring(&self, store: &Store, wanted: &Wanted<'_>) -> Result<Option<Digest>, Fail> {
        let digest = wanted.digest;
        if store.check(digest)? == State::Whole {
            return Ok(Some(digest));
        }
        for place in self.dirs.iter().flat_map(|dir| forms(digest).map(|form| dir.join(form))) {
            if place.is_file() {
                let (found, _) = store.put_file(&place)?;
                if found == digest {
                    return Ok(Some(digest));
                }
                say(&format!("{} is damaged: its digest is {found}, not {digest}", place.display()));
            }
        }
        let index = self.index()?;
        if let Some(path) = index.files.get(&digest)
            && store.put_file(path)?.0 == digest
        {
            return Ok(Some(digest));
        }
        if let Some(path) = wanted.header.and_then(|header| index.headers.get(&header))
            && rpm_file::verify_digests(path).is_ok_and(|header| Some(header.digest()) == wanted.header)
        {
            return Ok(Some(store.put_file(path)?.0));
        }
        if wanted.header.is_none() {
            let packages = index.sources.get(wanted.name).map_or(&[][..], Vec::as_slice);
            packages.iter().try_for_each(|package| unpack(store, package, wanted))?;
            if store.contains(digest) {
                return Ok(Some(digest));
            }
        }
        Ok(self.fetch(store, wanted).then_some(digest))
    }

    fn fetch(&self, store: &Store, wanted: &Wanted<'_>) -> bool {
        let known = self.urls.iter().flat_map(|url| forms(wanted.digest).map(|form| join(url, &form)));
        let stated = wanted.url.filter(|url| is_url(url)).map(str::to_owned);
        let mut all = known.chain(stated);
        all.any(|url| self.fetcher.into_store(store, &url, wanted.digest, None, "the provenance").is_ok())
    }

    /// Everything in the directories, read once.
    fn index(&self) -> Result<&Index, Fail> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let mut paths = Vec::new();
        self.dirs.iter().try_for_each(|dir| walk(dir, &mut paths))?;
        paths.sort();
        let progress = Progress::new("search", paths.len());
        let read = work::each(&paths, processors(), |path| {
            progress.tick("reading");
            let digest = digest(path)?;
            let is_package = path.extension().is_some_and(|extension| extension == "rpm");
            let header = is_package.then(|| Header::open(path).ok()).flatten();
            let inside = |header: &Header| match header.is_source {
                true => header.files.iter().map(|file| file.path.clone()).collect(),
                false => Vec::new(),
            };
            Ok::<_, Fail>((digest, header.map(|header| (header.digest(), inside(&header)))))
        })?;
        let mut index = Index::default();
        for (path, (digest, header)) in paths.iter().zip(read) {
            index.files.entry(digest).or_insert_with(|| path.clone());
            if let Some((header, inside)) = header {
                index.headers.entry(header).or_insert_with(|| path.clone());
                for name in inside {
                    index.sources.entry(name).or_default().push(path.clone());
                }
            }
        }
        progress.end(&format!("{} files", paths.len()));
        Ok(self.index.get_or_init(|| index))
    }
}

/// How stores and directories of objects call a file.
fn forms(digest: Digest) -> [String; 3] {
    let name = digest.to_string();
    let (head, tail) = name.split_at(2);
    [format!("objects/{head}/{tail}"), format!("{head}/{tail}"), name]
}

/// Where an object is: in a directory of a store, or named by its digest alone.
pub(crate) fn by_name(digest: Digest, dirs: &[PathBuf]) -> Option<PathBuf> {
    let mut places = dirs.iter().flat_map(|dir| forms(digest).map(|form| dir.join(form)));
    places.find(|place| place.is_file())
}

/// Puts the wanted file of a source package into the store.
fn unpack(store: &Store, package: &Path, wanted: &Wanted<'_>) -> Result<(), Fail> {
    if store.contains(wanted.digest) {
        return Ok(());
    }
    let taken = each_source(package, |name, data| match name == wanted.name {
        true => store.put_reader(data).map(drop),
        false => Ok(()),
    });
    match taken {
        Ok(taken) => Ok(taken?),
        // A damaged package has nothing.
        Err(_) => Ok(()),
    }
}

/// All regular files; links are not followed, so that nothing is read twice. What a state directory has, it has by name.
fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Fail> {
    if dir.join("ledger.db").is_file() {
        return Ok(());
    }
    let wrong = |error| failed("read", dir, error);
    for entry in fs::read_dir(dir).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let kind = entry.file_type().map_err(wrong)?;
        if kind.is_dir() {
            walk(&entry.path(), found)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}
