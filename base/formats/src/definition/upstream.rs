//! Keys of the definition about foreign sources: where they are, who signs them, what is changed in them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_spanned::Spanned;

use super::keys::ForeignRepository;

/// The form in which upstream publishes sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpstreamKind {
    /// A directory with one dist-git tree for each package: `SPECS/`, `SOURCES/`, `.<name>.metadata`.
    DistGit,
    /// One git repository for each package, each with a dist-git tree.
    Git,
    /// An rpm-md repository of source RPMs with signed metadata.
    SrpmRepository,
    /// A directory of signed source RPMs without metadata.
    Srpms,
}

/// Where sources come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// `dist-git`, `git`, `srpm-repository` or `srpms`.
    pub kind: UpstreamKind,
    /// Path or URL. For `git`: a directory of repositories, or a path or URL with `{name}` where the package's name
    /// belongs. For `srpm-repository`: also a list of them, whose packages are taken together.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(with = "String")]
    pub location: Vec<String>,
    /// For `git`: the branch, tag or commit to import.
    #[serde(default)]
    pub branch: Option<String>,
    /// For `git`, instead of a branch: what import tags begin with (`imports/c9/`). The one with the newest
    /// version is imported.
    #[serde(default)]
    pub tags: Option<String>,
    /// For `dist-git` and `git`: path or URL of large sources, with `{digest}`, `{algorithm}` (`sha512`), `{name}`
    /// (the package), `{file}` and `{branch}` to be filled in. Of a list, the first that has the file is used.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "String")]
    pub lookaside: Vec<String>,
    /// For `git` with `{name}`: a file with the names of the packages, one a line. Absent: all that the reference
    /// repositories were built from.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub packages: Option<Spanned<PathBuf>>,
    /// For `git`: modules to import with their components. A repository of source RPMs lists its modules itself.
    #[serde(default)]
    pub modules: Option<ModuleSources>,
    /// For `srpm-repository` and `srpms`: files with the public keys that may sign metadata and packages.
    #[serde(default)]
    #[schemars(with = "Vec<PathBuf>")]
    pub keys: Vec<Spanned<PathBuf>>,
    /// Source packages that are left out.
    #[serde(default)]
    pub exclude: Vec<Exclude>,
}

/// Modules in dist-git.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModuleSources {
    /// Path or URL of the repositories with modulemd documents, with `{name}`.
    pub location: String,
    /// Their branch, with `{stream}`: `el9-modulemd-{stream}`.
    pub branch: String,
    /// The branch of components in their own repositories, with `{stream}`: `el9-stream-{stream}`.
    pub component_branch: String,
    /// The modules, as `NAME:STREAM`.
    pub streams: Vec<String>,
}

/// A source package that is left out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exclude {
    /// Its name.
    pub package: String,
    /// Why, for whoever asks later.
    pub reason: String,
}

/// An upstream that shows what comes next.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// Where its sources come from.
    pub upstream: Upstream,
    /// Repositories of its binaries, by name; their packages' interfaces are compared with the reference's.
    #[serde(default)]
    pub reference: BTreeMap<String, ForeignRepository>,
}

/// How another company's marks are taken out of sources, and looked for in results.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DebrandSettings {
    /// Directory of rules ([debranding.md](debranding.md)).
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub rules: Option<Spanned<PathBuf>>,
    /// The file of marks that must not be in sources and packages. With it, nothing that carries one is composed.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub brand: Option<Spanned<PathBuf>>,
}

/// A foreign public key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinnedKey {
    /// Its file, as `keys` of the repositories name it.
    pub file: PathBuf,
    /// The key's fingerprint. A file with another key is refused.
    pub fingerprint: String,
    /// Where the file can be had, if it is not there. What comes must have the fingerprint.
    #[serde(default)]
    pub url: Option<String>,
}

/// A string, or a list of strings.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a string, or a list of strings")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    })
}
