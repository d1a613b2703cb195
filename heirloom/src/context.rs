//! What every verb works with: the definition and the open store.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use heirloom_formats::definition::{Definition, ForeignRepository, UpstreamKind};
use heirloom_import::sources::{ModuleSources, Upstream};
use heirloom_import::{Importer, Pinned};
use heirloom_model::Digest;
use heirloom_model::KeySource;
use heirloom_model::digest::Hasher;
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
        signing_key(&self.definition)
    }

    /// The key that signs statements of what was built and compared: one of the builder's, where there is one.
    pub(crate) fn statement_key(&self) -> Result<SecretKey, Fail> {
        match &self.definition.signing.statements {
            Some(file) => {
                let key = KeySource::File(file.get_ref().clone());
                open_key(&self.definition, "signing.statements", &key, None)
            }
            None => self.key(),
        }
    }
}

/// The signing key of a definition, wherever it is.
pub(crate) fn signing_key(definition: &Definition) -> Result<SecretKey, Fail> {
    let signing = &definition.signing;
    let certificate = signing.certificate.as_ref().map(|file| definition.resolve(file.get_ref()));
    open_key(definition, "signing.key", signing.key.get_ref(), certificate.as_deref())
}

fn open_key(
    definition: &Definition,
    named: &str,
    key: &KeySource,
    certificate: Option<&Path>,
) -> Result<SecretKey, Fail> {
    let source = key.seen_from(&definition.resolve(Path::new("")));
    let certificate = certificate.map(|file| bytes(file, LARGEST_CERTIFICATE)).transpose()?;
    SecretKey::open(&source, certificate.as_deref()).map_err(|error| {
        Fail::from(error).hint(match source {
            KeySource::File(_) => {
                format!("`heirloom init` makes a key; `{named}` in the definition names it")
            }
            _ => format!("`{named}` in the definition names it; docs/keys.md says how each kind is kept"),
        })
    })
}

/// Largest certificate, in bytes.
const LARGEST_CERTIFICATE: u64 = 1 << 20;

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

/// Lets a file have these bytes: all of them, on disk, or what it had before.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Fail> {
    let failed =
        |error: std::io::Error| Fail::new(Exit::Failed, format!("can't write {}: {error}", path.display()));
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(dir).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

/// The SHA-256 of a file.
pub(crate) fn digest(path: &Path) -> Result<Digest, Fail> {
    let mut hasher = Hasher::default();
    let copied = File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut hasher));
    copied.map_err(|error| Fail::new(Exit::Failed, format!("can't read {}: {error}", path.display())))?;
    Ok(hasher.finish())
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
