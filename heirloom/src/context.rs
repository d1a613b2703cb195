//! What every verb works with: the definition and the open store.

use std::path::{Path, PathBuf};

use heirloom_formats::definition::{Definition, ForeignRepository, UpstreamKind};
use heirloom_import::sources::Upstream;
use heirloom_sign::SecretKey;
use heirloom_store::Store;

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

    pub(crate) fn upstream(&self) -> Result<Upstream, Fail> {
        let upstream = &self.definition.upstream;
        let location = upstream.location.first().map(|it| self.definition.locate(it)).unwrap_or_default();
        let lookaside = upstream.lookaside.first().map(|pattern| self.definition.locate(pattern));
        Ok(match upstream.kind {
            UpstreamKind::DistGit => Upstream::DistGit { dir: location.into(), lookaside },
            UpstreamKind::Git => {
                let revision = upstream.branch.clone().ok_or_else(|| {
                    Fail::new(Exit::Definition, "upstream.kind is `git`, but upstream.branch is not set")
                        .hint("name the branch, tag or commit to import")
                })?;
                Upstream::Git { dir: location.into(), revision, lookaside }
            }
            UpstreamKind::SrpmRepository | UpstreamKind::Srpms => {
                Upstream::Srpms { location, keys: self.paths(&upstream.keys) }
            }
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
