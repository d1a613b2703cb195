//! `repodata` of a directory, where new metadata takes the place of the earlier.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use heirloom_formats::repomd::Repomd;
use heirloom_model::Digest;

use crate::fail::{Exit, Fail};

/// The directory, held by this process alone.
pub(super) struct Place {
    dir: PathBuf,
    handle: File,
}

impl Place {
    /// Makes and locks it, and removes what a killed process was writing.
    pub(super) fn open(root: &Path) -> Result<Self, Fail> {
        let dir = root.join("repodata");
        fs::create_dir_all(&dir).map_err(|error| failed("make", &dir, &error))?;
        let handle = File::open(&dir).map_err(|error| failed("open", &dir, &error))?;
        match handle.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another process writes the metadata in {}", dir.display());
                return Err(
                    Fail::new(Exit::Failed, message).hint("wait for it, then run the same command again")
                );
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &dir, &error)),
        }
        let place = Self { dir, handle };
        for name in place.names()?.keys().filter(|name| name.starts_with(".new-")) {
            place.remove(name)?;
        }
        Ok(place)
    }

    /// The directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Puts repomd.xml in place, when all that it lists is on disk; then removes what no client needs any more, but
    /// keeps so many earlier files of each kind, the newest.
    pub(super) fn publish(&self, repomd: &Repomd, retain: usize) -> Result<(), Fail> {
        let listed: BTreeSet<&str> =
            repomd.records.iter().filter_map(|record| record.location.strip_prefix("repodata/")).collect();
        for name in &listed {
            let path = self.dir.join(name);
            let synced = File::open(&path).and_then(|file| file.sync_data());
            synced.map_err(|error| failed("write", &path, &error))?;
        }
        let changed = self.put(&repomd.to_xml())?;
        if changed {
            // It was made for the earlier one, and clients would refuse the new.
            self.remove("repomd.xml.asc")?;
        }
        self.forget(&listed, retain)
    }

    /// Whether repomd.xml is another one now.
    fn put(&self, xml: &str) -> Result<bool, Fail> {
        let path = self.dir.join("repomd.xml");
        if fs::read(&path).is_ok_and(|present| present == xml.as_bytes()) {
            return Ok(false);
        }
        let new = self.dir.join(".new-repomd.xml");
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(xml.as_bytes())?;
            file.sync_data()?;
            fs::rename(&new, &path)?;
            self.handle.sync_all()
        });
        written.map_err(|error| failed("write", &path, &error))?;
        Ok(true)
    }

    fn forget(&self, listed: &BTreeSet<&str>, retain: usize) -> Result<(), Fail> {
        let mut earlier: BTreeMap<&str, Vec<(SystemTime, &str)>> = BTreeMap::new();
        let names = self.names()?;
        for (name, time) in names.iter().filter(|(name, _)| !listed.contains(name.as_str())) {
            if let Some(kind) = kind(name) {
                earlier.entry(kind).or_default().push((*time, name.as_str()));
            }
        }
        for mut files in earlier.into_values() {
            files.sort_unstable_by(|a, b| b.cmp(a));
            files.iter().skip(retain).try_for_each(|(_, name)| self.remove(name))?;
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Fail> {
        let path = self.dir.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path, &error)),
            _ => Ok(()),
        }
    }

    /// Names of the files that are there, and when they were written.
    fn names(&self) -> Result<BTreeMap<String, SystemTime>, Fail> {
        let failed = |error| failed("read", &self.dir, &error);
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file = entry.metadata().map_err(failed)?;
            if let (true, Some(name)) = (file.is_file(), entry.file_name().to_str()) {
                names.insert(name.to_owned(), file.modified().map_err(failed)?);
            }
        }
        Ok(names)
    }
}

/// `primary` of `<checksum>-primary.xml.zst`, whatever it is compressed by; nothing for files that are not metadata.
fn kind(name: &str) -> Option<&str> {
    let (checksum, rest) = name.split_once('-')?;
    checksum.parse::<Digest>().ok()?;
    rest.split('.').next()
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Fail {
    Fail::new(Exit::Failed, format!("can't {what} {}: {error}", path.display()))
}
