//! The documents that stand beside a stream's: defaults, obsoletes, translations, and what packagers write.
//!
//! Source: `modulemd_defaults_v1.yaml`, `modulemd_obsoletes_v1.yaml`, `modulemd_translations_v1.yaml` and
//! `modulemd_packager_v2.yaml` of libmodulemd's `yaml_specs`.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::stream::{needed, part};
use super::yaml;

/// Which stream and profiles of a module are taken when nobody chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// The module.
    pub module: String,
    /// When the document was changed, as a number such as 201812071200; the newer of two counts.
    pub modified: Option<u64>,
    /// The stream, if there is a default one.
    pub stream: Option<String>,
    /// The profiles of each stream.
    pub profiles: BTreeMap<String, Vec<String>>,
    /// What is otherwise for systems of an intent, such as `server`.
    pub intents: BTreeMap<String, Intent>,
    /// The document itself.
    pub text: String,
}

/// Defaults of systems with one purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Intent {
    /// The stream.
    pub stream: Option<String>,
    /// The profiles of each stream.
    #[serde(deserialize_with = "lists")]
    pub profiles: BTreeMap<String, Vec<String>>,
}

/// That a stream has ended, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obsoletes {
    /// The module.
    pub module: String,
    /// Its stream.
    pub stream: String,
    /// Its context; all of them if there is none.
    pub context: Option<String>,
    /// When the document was changed, as it is written: `2020-05-01T00:00Z` or a number.
    pub modified: String,
    /// When the stream ends, as it is written; at once if there is none.
    pub eol_date: Option<String>,
    /// The module and stream that take its place.
    pub obsoleted_by: Option<(String, String)>,
    /// Whether it takes back what earlier documents say.
    pub reset: bool,
    /// Why.
    pub message: String,
    /// The document itself.
    pub text: String,
}

/// Summaries and descriptions of a stream in other languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translations {
    /// The module.
    pub module: String,
    /// Its stream.
    pub stream: String,
    /// The languages, such as `de`.
    pub languages: BTreeSet<String>,
    /// The document itself.
    pub text: String,
}

/// What a packager wrote to have a module built. It has no place in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packager {
    /// The module, unless that is left to the name of its repository.
    pub name: Option<String>,
    /// The stream, unless that is left to the branch.
    pub stream: Option<String>,
    /// Version of the document's format: 2 or 3.
    pub format: u64,
    /// The document itself.
    pub text: String,
}

#[derive(Deserialize)]
struct Body<T> {
    data: T,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DefaultsData {
    module: Option<String>,
    modified: Option<u64>,
    stream: Option<String>,
    #[serde(deserialize_with = "lists")]
    profiles: BTreeMap<String, Vec<String>>,
    intents: Option<BTreeMap<String, Intent>>,
}

#[derive(Deserialize)]
struct ObsoletesData {
    module: Option<String>,
    stream: Option<String>,
    context: Option<String>,
    modified: Option<String>,
    eol_date: Option<String>,
    obsoleted_by: Option<By>,
    reset: Option<bool>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct By {
    module: Option<String>,
    stream: Option<String>,
}

#[derive(Deserialize)]
struct TranslationsData {
    module: Option<String>,
    stream: Option<String>,
    translations: Option<BTreeMap<String, IgnoredAny>>,
}

#[derive(Deserialize)]
struct PackagerData {
    name: Option<String>,
    stream: Option<String>,
}

/// Lists by name. Any of them, and all together, may be there without a value.
fn lists<'de, D: Deserializer<'de>>(source: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    let lists = Option::<BTreeMap<String, Option<Vec<String>>>>::deserialize(source)?;
    Ok(lists.unwrap_or_default().into_iter().map(|(name, list)| (name, list.unwrap_or_default())).collect())
}

/// Refuses all versions but those that are known.
fn versions(kind: &str, found: u64, known: &[u64]) -> Result<(), String> {
    if known.contains(&found) {
        return Ok(());
    }
    let known: Vec<_> = known.iter().map(u64::to_string).collect();
    Err(format!("`{kind}` of version {found} is not known; {} is", known.join(" or ")))
}

impl Defaults {
    pub(super) fn read(text: &str, version: u64) -> Result<Self, String> {
        versions("modulemd-defaults", version, &[1])?;
        let Body { data } = yaml::<Body<DefaultsData>>(text)?;
        let intents = data.intents.unwrap_or_default();
        for stream in data.stream.iter().chain(intents.values().filter_map(|intent| intent.stream.as_ref())) {
            part(stream)?;
        }
        Ok(Self {
            module: needed(data.module, "module")?,
            modified: data.modified,
            stream: data.stream,
            profiles: data.profiles,
            intents,
            text: text.to_owned(),
        })
    }

    /// The document that says nothing but a module's default stream.
    pub(super) fn of(module: &str, stream: &str) -> Result<Self, String> {
        part(module)?;
        part(stream)?;
        let text = format!(
            "---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: \"{module}\"\n  stream: \"{stream}\"\n"
        );
        Self::read(&text, 1)
    }
}

impl Obsoletes {
    pub(super) fn read(text: &str, version: u64) -> Result<Self, String> {
        versions("modulemd-obsoletes", version, &[1])?;
        let Body { data } = yaml::<Body<ObsoletesData>>(text)?;
        let by = |by: By| Ok::<_, String>((needed(by.module, "module")?, needed(by.stream, "stream")?));
        if let Some(context) = &data.context {
            part(context)?;
        }
        Ok(Self {
            module: needed(data.module, "module")?,
            stream: needed(data.stream, "stream")?,
            context: data.context,
            modified: data.modified.ok_or("expected an obsoletes document to have `modified`")?,
            eol_date: data.eol_date,
            obsoleted_by: data.obsoleted_by.map(by).transpose()?,
            reset: data.reset.unwrap_or(false),
            message: data.message.unwrap_or_default(),
            text: text.to_owned(),
        })
    }
}

impl Translations {
    pub(super) fn read(text: &str, version: u64) -> Result<Self, String> {
        versions("modulemd-translations", version, &[1])?;
        let Body { data } = yaml::<Body<TranslationsData>>(text)?;
        Ok(Self {
            module: needed(data.module, "module")?,
            stream: needed(data.stream, "stream")?,
            languages: data.translations.unwrap_or_default().into_keys().collect(),
            text: text.to_owned(),
        })
    }
}

impl Packager {
    pub(super) fn read(text: &str, version: u64) -> Result<Self, String> {
        versions("modulemd-packager", version, &[2, 3])?;
        let Body { data } = yaml::<Body<PackagerData>>(text)?;
        for value in [&data.name, &data.stream].into_iter().flatten() {
            part(value)?;
        }
        Ok(Self { name: data.name, stream: data.stream, format: version, text: text.to_owned() })
    }
}
