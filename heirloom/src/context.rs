//! What every verb works with: the definition and the open store.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use heirloom_formats::definition::{Definition, ForeignRepository, UpstreamKind};
use heirloom_import::sources::{ModuleSources, Upstream};
use heirloom_import::{Importer, Pinned};
use heirloom_sign::SecretKey;
use heirloom_store::Store;
use jiff::Timestamp;

use crate::fail::{Exit, Fail};

/// An opened distribution.
pub(crate) struct Context {
    pub(crate) definition: Definition,
    pub(crate) store: Store,
}

impl Context {
    /// Reads the definition and opens its store.
    pub(crate) fn open(definition: &Path) -> Result<Self, Fail> {
        let definition = Definition::load(definition)?;
        let store = Store::open(&definition.resolve(&definition.state))?;
        Ok(Self { definition, store })
    }

    pub(crate) fn arch(&self) -> &str {
        &self.definition.distribution.architecture
    }

    /// Macros that every build gets, in order.
    pub(crate) fn macros(&self) -> Vec<(String, String)> {
        let distribution = &self.definition.distribution;
        let mut macros = vec![
            ("dist".to_owned(), distribution.dist.clone()),
            ("vendor".to_owned(), distribution.vendor.clone()),
            ("bugurl".to_owned(), distribution.bug_url.clone()),
        ];
        macros.extend(
            self.definition.build.packager.iter().map(|packager| ("packager".to_owned(), packager.clone())),
        );
        macros.extend(self.definition.build.macros.iter().map(|(name, value)| (name.clone(), value.clone())));
        macros
    }

    /// The importer of this definition, at this moment.
    pub(crate) fn importer(&self) -> Importer<'_> {
        let pinned = self.definition.keys.values().map(|key| Pinned {
            file: self.definition.resolve(&key.file),
            fingerprint: key.fingerprint.get_ref().clone(),
            url: key.url.as_ref().map(|url| self.definition.locate(url)),
        });
        Importer {
            accept_older: self.definition.accept_older.clone(),
            pinned: pinned.collect(),
            ..Importer::new(&self.store, now())
        }
    }

    /// Where sources come from. `names` gives the packages where upstream itself can't be asked for them.
    pub(crate) fn upstream(
        &self,
        upstream: &heirloom_formats::definition::Upstream,
        names: impl FnOnce() -> Vec<String>,
    ) -> Result<Upstream, Fail> {
        let locate = |locations: &[String]| -> Vec<String> {
            locations.iter().map(|location| self.definition.locate(location)).collect()
        };
        let locations = locate(&upstream.location);
        let first = || locations.first().cloned().unwrap_or_default();
        let lookaside = locate(&upstream.lookaside);
        let keys = self.paths(&upstream.keys);
        Ok(match upstream.kind {
            UpstreamKind::DistGit => Upstream::DistGit { dir: first().into(), lookaside },
            UpstreamKind::Git => Upstream::Git {
                location: first(),
                names: match &upstream.packages {
                    Some(file) => names_in(&self.definition.resolve(file.get_ref()))?,
                    None if first().contains("{name}") => names(),
                    None => Vec::new(),
                },
                branch: upstream.branch.clone(),
                tags: upstream.tags.clone(),
                lookaside,
                modules: upstream.modules.as_ref().map(|modules| ModuleSources {
                    location: self.definition.locate(&modules.location),
                    branch: modules.branch.clone(),
                    component_branch: modules.component_branch.clone(),
                    streams: modules.streams().collect(),
                }),
            },
            UpstreamKind::SrpmRepository => Upstream::SrpmRepository { locations, keys },
            UpstreamKind::Srpms => Upstream::Srpms { dir: first().into(), keys },
        })
    }

    /// Location and key files of a foreign repository.
    pub(crate) fn foreign(&self, repository: &ForeignRepository) -> (String, Vec<PathBuf>) {
        (self.definition.locate(&repository.location), self.paths(&repository.keys))
    }

    pub(crate) fn paths(&self, keys: &[serde_spanned::Spanned<PathBuf>]) -> Vec<PathBuf> {
        keys.iter().map(|key| self.definition.resolve(key.get_ref())).collect()
    }

    /// The distribution's signing key.
    pub(crate) fn key(&self) -> Result<SecretKey, Fail> {
        let path = self.definition.resolve(&self.definition.signing.key);
        SecretKey::load(&path).map_err(|error| {
            Fail::from(error).hint("`heirloom init` makes a key; `signing.key` in the definition names it")
        })
    }
}

/// Names, one a line; what is after `#` is for people.
fn names_in(file: &Path) -> Result<Vec<String>, Fail> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Fail::new(Exit::Definition, format!("can't read {}: {error}", file.display()))
            .hint("`upstream.packages` names a file with the names of source packages, one a line")
    })?;
    let mut names: Vec<_> = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A time in seconds since 1970, if it is one that calendars have.
pub(crate) fn timestamp(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

/// The present.
pub(crate) fn present() -> Timestamp {
    timestamp(now()).unwrap_or_default()
}

/// Dates of documents after this one are wrong: clocks differ by less than a day.
pub(crate) fn latest() -> Timestamp {
    const DAY: u64 = 24 * 60 * 60;
    timestamp(now() + DAY).unwrap_or(Timestamp::MAX)
}

/// The bytes of a file that has at most so many.
pub(crate) fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, Fail> {
    let failed = |what: String| Fail::new(Exit::Failed, format!("can't read {}: {what}", path.display()));
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| failed(error.to_string()))?;
    match bytes.len() as u64 <= most {
        true => Ok(bytes),
        false => Err(failed(format!("it has more than {most} bytes"))),
    }
}

/// Bytes of memory that the machine can give to new programs.
pub(crate) fn free_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or(u64::MAX, |kib| kib.saturating_mul(1024))
}

pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
