//! The keys. The doc comment of a field is its text in the published reference.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};

use heirloom_model::KeySource;
use heirloom_model::record::{CutOff, Limits, Promise};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::composing::{ComposeSettings, RepositoryRule};
use super::errata::ErrataSettings;
use super::governance::Governance;
use super::log::LogSettings;
use super::migrate::MigrateSettings;
use super::publishing::{Publish, StabilitySettings};
use super::tuf::TufSettings;
use super::upstream::{DebrandSettings, PinnedKey, Preview, Upstream};

/// The whole definition.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Who the distribution is.
    pub distribution: Distribution,
    /// Where sources come from.
    pub upstream: Upstream,
    /// An upstream that shows what comes next, for `heirloom preview`.
    #[serde(default)]
    pub preview: Option<Preview>,
    /// How another company's marks are taken out of sources, and looked for in results.
    #[serde(default)]
    pub debrand: DebrandSettings,
    /// Foreign public keys by a name of their own: which file has which, and where it can be had.
    #[serde(default)]
    pub keys: BTreeMap<String, PinnedKey>,
    /// Revisions of foreign repositories that are taken although they are older than what was seen there before, or
    /// do not continue it: commits, and SHA-256 digests of repomd.xml. Errors about these name them.
    #[serde(default)]
    pub accept_older: Vec<String>,
    /// The distribution's own source packages, beside the generated `<id>-release`.
    #[serde(default)]
    pub own: Own,
    /// The repository of binaries that fills the first buildroots.
    pub bootstrap: Bootstrap,
    /// Repositories of reference binaries, by name. Each rebuilt package is compared with the package of
    /// the same name and architecture found there.
    #[serde(default)]
    pub reference: BTreeMap<String, ForeignRepository>,
    /// What comparisons are told.
    #[serde(default)]
    pub compare: CompareSettings,
    /// The repositories to compose, by name.
    pub repositories: BTreeMap<String, RepositoryRule>,
    /// How repositories are composed.
    #[serde(default)]
    pub compose: ComposeSettings,
    /// Where and how composed trees are found by clients.
    pub publish: Publish,
    /// Metadata by which clients and mirrors check what they are served. Absent: there is none.
    #[serde(default)]
    pub tuf: Option<TufSettings>,
    /// How a snapshot is held against what users of a channel have.
    #[serde(default)]
    pub stability: StabilitySettings,
    /// Advisories: where upstream's come from, and how the distribution's own are made of them.
    #[serde(default)]
    pub errata: ErrataSettings,
    /// The public log of what was decided and released.
    #[serde(default)]
    pub log: LogSettings,
    /// What machines of other distributions are told when they are carried over to this one.
    #[serde(default)]
    pub migrate: MigrateSettings,
    /// A file that says what is promised until when (docs/lifecycle.md). With it, the gate refuses changes that the
    /// phase of the day does not allow.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub lifecycle: Option<Spanned<PathBuf>>,
    /// The key that signs packages and metadata.
    pub signing: Signing,
    /// Who decides what is signed and served; without it, whoever has the key.
    #[serde(default)]
    pub governance: Option<Governance>,
    /// How builds are run.
    #[serde(default)]
    pub build: BuildSettings,
    /// What one build may use at most.
    #[serde(default)]
    pub limits: LimitSettings,
    /// The directory that keeps objects, ledger, buildroots and composed trees.
    #[serde(default = "state")]
    pub state: PathBuf,
    /// Directory of the definition file.
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) base: PathBuf,
}

/// Who the distribution is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// Full name, as in os-release: `Kestrel Enterprise Linux`.
    pub name: String,
    /// Short name in lower case, for file names and os-release: `kestrel`.
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    /// Version with its minor: `9.4`.
    pub version: String,
    /// The `%dist` macro: `.el9`.
    pub dist: String,
    /// The `%vendor` macro, which ends in each package's Vendor tag.
    pub vendor: String,
    /// What dnf filters modules by: `platform:el9`.
    pub platform_id: String,
    /// Where to read about it.
    pub home_url: String,
    /// Where to report faults; ends in each package's BugURL tag.
    pub bug_url: String,
    /// What is promised about each package: `identical` (1:1) or `abi`. A package that breaks the promise
    /// is not signed.
    #[schemars(with = "String")]
    pub promise: Promise,
    /// Architecture to build for.
    #[serde(default = "architecture")]
    pub architecture: String,
}

/// The distribution's own source packages.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// A directory of dist-git trees, one for each package, all sources beside the spec file.
    #[serde(default)]
    pub sources: Option<PathBuf>,
}

/// A foreign rpm-md repository with signed metadata.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForeignRepository {
    /// Path or URL of the directory that holds `repodata/`.
    pub location: String,
    /// Files with the public keys that may sign its metadata.
    #[schemars(with = "Vec<PathBuf>")]
    pub keys: Vec<Spanned<PathBuf>>,
}

/// The repository of binaries that fills the first buildroots.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// Path or URL of the directory that holds `repodata/`.
    pub location: String,
    /// Files with the public keys that may sign its metadata.
    #[schemars(with = "Vec<PathBuf>")]
    pub keys: Vec<Spanned<PathBuf>>,
    /// The comps group that every buildroot has.
    #[serde(default = "group")]
    pub group: String,
    /// A repository of an earlier release, for what the bootstrap repository does not have: the first builds of
    /// a cycle may need it. Each package that is taken from it is named in the plan.
    #[serde(default)]
    pub earlier: Option<ForeignRepository>,
}

/// What comparisons are told.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareSettings {
    /// Release tags that mean the same, each as `REFERENCE=REBUILD`: `.el9=.el9_4`, `.centos=`,
    /// `.module+*=.module+*`.
    #[serde(default)]
    pub dist_map: Vec<String>,
    /// A file of allowances: findings that are accepted, each with a reason and an end.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub allowances: Option<Spanned<PathBuf>>,
}

/// The key that signs packages and metadata.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// The secret key: an armoured file without passphrase that only its owner can read; `gpg-agent:FINGERPRINT`; a
    /// `pkcs11:` URI with `module-path`, and with `pin-source` for the file of its PIN; or `signer:SOCKET`. `heirloom
    /// init` makes a file. [keys.md](keys.md) says which is for whom.
    #[schemars(with = "String")]
    pub key: Spanned<KeySource>,
    /// The file of its certificate (public key). Needed where the key is not in a file.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub certificate: Option<Spanned<PathBuf>>,
    /// A file with the secret key that signs statements of how packages were built. It is the builder's, not the
    /// distribution's: a signer signs no statements. Without it, `key` signs them, too.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub statements: Option<Spanned<PathBuf>>,
}

impl Signing {
    pub(super) fn fault(&self, base: &Path) -> Option<(Range<usize>, String, &'static str)> {
        let hint = "give the path of an armoured OpenPGP public key";
        match &self.certificate {
            Some(file) if !base.join(file.get_ref()).is_file() => {
                Some((file.span(), format!("there is no file `{}`", file.get_ref().display()), hint))
            }
            None if self.key.get_ref().needs_certificate() => {
                let message = "`signing.certificate` is missing: this key does not come with its certificate";
                Some((self.key.span(), message.to_owned(), hint))
            }
            _ => None,
        }
    }
}

/// What buildroots are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// The bootstrap repository and the distribution's own results so far.
    #[default]
    Latest,
    /// The bootstrap repository and the packages of a snapshot, whatever has been built since.
    Snapshot,
    /// The packages that the reference's own builds had, as they were recorded.
    Recorded,
}

/// What the base of buildroots is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseOf {
    /// The bootstrap repository alone.
    #[default]
    Bootstrap,
    /// Own results where there are any, once they are built.
    Own,
}

/// How builds are run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildSettings {
    /// What buildroots are made of: `latest` (own results so far, the default), `snapshot` (the packages of a
    /// snapshot instead of own results) or `recorded` (what the reference's own builds had).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub against: Option<Spanned<Against>>,
    /// For `against = "snapshot"`: the snapshot's repositories by name, each with the keys `location` and `keys` as
    /// those of a reference.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ForeignRepository>")]
    pub snapshot: Option<Spanned<BTreeMap<String, ForeignRepository>>>,
    /// For `against = "recorded"`: a directory of recorded buildroots, in the forms of
    /// [buildroots.md](buildroots.md). A file belongs to the source package whose name, or name, version and
    /// release, is its own name up to the next `.` or to its end; the longer name wins.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub recorded: Option<Spanned<PathBuf>>,
    /// Processes that all builds together start at a time, which are shared out among them. 0: a quarter more than the
    /// machine has processors, since a build's processes wait for each other.
    #[serde(default)]
    pub jobs: usize,
    /// MiB of memory that all builds together are expected to use. 0: nine tenths of what is free.
    #[serde(default)]
    pub memory_mib: u64,
    /// What single source packages need, by name, where it is more or less than usual: LLVM, kernels, browsers.
    #[serde(default)]
    pub needs: BTreeMap<String, Needs>,
    /// Directory in which results are kept for other definitions and releases too: what one has built, another
    /// takes. Damage is found out; but whoever may write there is believed as to which result belongs to which inputs.
    /// Absent: this definition's own state alone.
    #[serde(default)]
    pub cache: Option<PathBuf>,
    /// GiB that this cache may have; the longest unused results go first.
    #[serde(default = "cache_gib")]
    pub cache_gib: u64,
    /// When a change ends. `content`: where a package comes out as it was. `interface`: where what builds can see
    /// of a package is as it was, although its code is not.
    #[serde(default)]
    pub cutoff: CutOff,
    /// What the base of buildroots is of: `bootstrap`, its packages for every build; or `own`, results of the
    /// distribution itself once they are built, so that none of bootstrap is left at last. What the base is made
    /// from is then a cycle, and is built in several passes.
    #[serde(default)]
    pub base: BaseOf,
    /// How often source packages that need each other are built. The last pass must give what the one before
    /// gave; 1: they are built once.
    #[serde(default = "passes")]
    #[schemars(with = "usize")]
    pub passes: NonZeroUsize,
    /// The `%packager` macro.
    #[serde(default)]
    pub packager: Option<String>,
    /// More macros for every build.
    #[serde(default)]
    pub macros: BTreeMap<String, String>,
}

impl Default for BuildSettings {
    fn default() -> Self {
        Self {
            against: None,
            snapshot: None,
            recorded: None,
            jobs: 0,
            memory_mib: 0,
            needs: BTreeMap::new(),
            cache: None,
            cache_gib: cache_gib(),
            cutoff: CutOff::default(),
            base: BaseOf::default(),
            passes: passes(),
            packager: None,
            macros: BTreeMap::new(),
        }
    }
}

/// What the builds of one source package need. What is absent is as for all.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Needs {
    /// Processes at a time that must be free for it.
    pub jobs: Option<usize>,
    /// MiB of memory: must be free for it, and may be used by it.
    pub memory_mib: Option<u64>,
    /// MiB that it may write.
    pub disk_mib: Option<u64>,
    /// Minutes of wall-clock time.
    pub minutes: Option<u64>,
    /// Processes and threads at one time.
    pub processes: Option<u64>,
}

impl Needs {
    /// The limits of all, with these instead where they are stated.
    #[must_use]
    pub fn limits(&self, all: LimitSettings) -> Limits {
        LimitSettings {
            minutes: self.minutes.unwrap_or(all.minutes),
            memory_mib: self.memory_mib.unwrap_or(all.memory_mib),
            disk_mib: self.disk_mib.unwrap_or(all.disk_mib),
            processes: self.processes.unwrap_or(all.processes),
        }
        .into()
    }
}

/// What one build may use at most.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Minutes of wall-clock time.
    pub minutes: u64,
    /// MiB of memory for all its processes together.
    pub memory_mib: u64,
    /// MiB that it may write.
    pub disk_mib: u64,
    /// Processes and threads at one time.
    pub processes: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { minutes: 120, memory_mib: 8 * 1024, disk_mib: 10 * 1024, processes: 4096 }
    }
}

impl From<LimitSettings> for Limits {
    fn from(settings: LimitSettings) -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            seconds: settings.minutes.saturating_mul(60),
            memory: settings.memory_mib.saturating_mul(MIB),
            disk: settings.disk_mib.saturating_mul(MIB),
            processes: settings.processes,
        }
    }
}

fn cache_gib() -> u64 {
    50
}

fn state() -> PathBuf {
    PathBuf::from("state")
}

fn architecture() -> String {
    "x86_64".to_owned()
}

fn passes() -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(2)
}

fn group() -> String {
    "buildsys-build".to_owned()
}
