//! Keys of the definition about foreign sources: where they are, who signs them, what is changed in them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

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
    /// Days that the newest content of upstream may be old. An upstream, or a mirror, that stands still for longer is
    /// an error. Absent: any age. A directory of dist-git trees has no times.
    #[serde(default)]
    pub max_age_days: Option<u64>,
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
    /// The key's fingerprint; blanks and case do not count. A file with another key is refused. Of a file with several
    /// keys each has a table of its own.
    #[schemars(with = "String")]
    pub fingerprint: Spanned<String>,
    /// Where the file can be had, if it is not there. What comes must have the fingerprint.
    #[serde(default)]
    pub url: Option<String>,
}

impl ModuleSources {
    /// Names and streams.
    pub fn streams(&self) -> impl Iterator<Item = (String, String)> {
        self.streams
            .iter()
            .filter_map(|stream| stream.split_once(':'))
            .map(|(name, stream)| (name.into(), stream.into()))
    }
}

/// What a lookaside's pattern may have.
const PLACES: [&str; 5] = ["digest", "algorithm", "name", "file", "branch"];

impl Upstream {
    /// What can't be, and what to do: keys that do not belong together, patterns that can't be filled in. `base` is
    /// the definition's directory, `table` how its upstream is called there.
    pub(super) fn fault(&self, base: &Path, table: &str) -> Option<(Range<usize>, String, &'static str)> {
        let fault = |message: String, hint| Some((0..0, format!("`{table}`: {message}"), hint));
        let git = self.kind == UpstreamKind::Git;
        let signed = matches!(self.kind, UpstreamKind::SrpmRepository | UpstreamKind::Srpms);
        if self.location.is_empty() || self.location.len() > 1 && self.kind != UpstreamKind::SrpmRepository {
            return fault(
                format!("`location` has {} places", self.location.len()),
                "give one; only an `srpm-repository` may have several",
            );
        }
        if git == (self.branch.is_none() && self.tags.is_none()) {
            return match git {
                true => fault(
                    "`kind` is `git`, but neither `branch` nor `tags` is set".to_owned(),
                    "name the branch, tag or commit to import, or what import tags begin with",
                ),
                false => fault("`branch` and `tags` are for `kind = \"git\"`".to_owned(), "remove them"),
            };
        }
        for (key, text) in [("branch", &self.branch), ("tags", &self.tags)] {
            if let Some(text) = text.as_ref().filter(|text| !is_ref(text)) {
                return fault(format!("`{key}` is `{text}`, which git allows in no name"), "correct it");
            }
        }
        if signed == self.keys.is_empty() {
            return match signed {
                true => fault(
                    "`keys` is not set".to_owned(),
                    "name the files of the keys that sign the source RPMs",
                ),
                false => fault("`keys` is set, but nothing is signed there".to_owned(), "remove it"),
            };
        }
        for pattern in &self.lookaside {
            let mut places = pattern.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest));
            if let Some(place) = places.find(|place| !PLACES.contains(place)) {
                return fault(
                    format!("`lookaside` has `{{{place}}}`, which nothing is filled in for"),
                    "use {digest}, {algorithm}, {name}, {file} and {branch}",
                );
            }
        }
        let named = git && self.location.iter().any(|location| location.contains("{name}"));
        if let Some(file) = &self.packages {
            if !named {
                let message = format!("`{table}`: `packages` is set, but `location` has no `{{name}}`");
                return Some((
                    file.span(),
                    message,
                    "put {name} where the package's name belongs, or remove `packages`",
                ));
            }
            if !base.join(file.get_ref()).is_file() {
                let message = format!("there is no file `{}`", file.get_ref().display());
                return Some((file.span(), message, "give the path of a file with names of source packages"));
            }
        }
        if git && !named && self.location.iter().any(|location| location.contains("://")) {
            return fault(
                "`location` is a URL without `{name}`".to_owned(),
                "put {name} where the package's name belongs; repositories elsewhere can't be listed",
            );
        }
        if self.max_age_days.is_some() && self.kind == UpstreamKind::DistGit {
            return fault("`max_age_days` is set, but dist-git trees have no times".to_owned(), "remove it");
        }
        let modules = self.modules.as_ref()?;
        if !git {
            return fault("`modules` is for `kind = \"git\"`".to_owned(), "remove it");
        }
        if !modules.location.contains("{name}") {
            return fault(
                "`modules.location` has no `{name}`".to_owned(),
                "put it where the module's name belongs",
            );
        }
        let part = |text: &str| !text.is_empty() && is_ref(text) && !text.contains('/');
        let bad = |stream: &&String| {
            !stream.split_once(':').is_some_and(|(name, stream)| part(name) && part(stream))
        };
        let stream = modules.streams.iter().find(bad)?;
        fault(format!("`modules.streams` has `{stream}`"), "write NAME:STREAM, as in nodejs:18")
    }
}

/// Whether git would take this as a part of a branch's or tag's name; stricter than git.
fn is_ref(text: &str) -> bool {
    !text.starts_with(['-', '/', '.'])
        && !text.is_empty()
        && !text.contains("..")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._+-/%@".contains(c))
}

impl DebrandSettings {
    /// A file or directory that is not there.
    pub(super) fn fault(&self, base: &Path) -> Option<(Range<usize>, String, &'static str)> {
        let rules = self.rules.as_ref().filter(|dir| !base.join(dir.get_ref()).is_dir());
        let rules = rules.map(|dir| (dir, "directory", "give the path of a directory of debrand rules"));
        let brand = self.brand.as_ref().filter(|file| !base.join(file.get_ref()).is_file());
        let brand = brand.map(|file| (file, "file", "give the path of a file of marks (docs/brand.md)"));
        let (path, what, hint) = rules.or(brand)?;
        Some((path.span(), format!("there is no {what} `{}`", path.get_ref().display()), hint))
    }
}

impl PinnedKey {
    /// What is wrong with the fingerprint.
    pub(super) fn fault(&self) -> Option<(Range<usize>, String, &'static str)> {
        let digits: String = self.fingerprint.get_ref().chars().filter(|c| !c.is_whitespace()).collect();
        let good = matches!(digits.len(), 40 | 64) && digits.chars().all(|c| c.is_ascii_hexdigit());
        (!good).then(|| {
            let message = format!("`{}` is no fingerprint", self.fingerprint.get_ref());
            (
                self.fingerprint.span(),
                message,
                "give all 40 (or 64) hexadecimal digits: `gpg --show-keys FILE`",
            )
        })
    }
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
