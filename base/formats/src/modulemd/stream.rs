//! What a stream's document says, in any of the three versions of its format.
//!
//! Source: `yaml_specs/modulemd_stream_v1.yaml`, `_v2` and `_v3` of libmodulemd.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heirloom_model::Nevra;
pub use heirloom_model::stream::StreamId;
use serde::Deserialize;

use super::{is_part, short, yaml};

/// One stream of a module, in one context, for one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Which one.
    pub id: StreamId,
    /// Version of the document's format: 1, 2 or 3.
    pub format: u64,
    /// Whether the context is a name that a packager chose (`static_context`).
    pub static_context: bool,
    /// What it is, in a line.
    pub summary: String,
    /// The alternatives of other modules' streams that it can be built and run with; none needs nothing.
    pub dependencies: Vec<Dependencies>,
    /// Named sets of packages.
    pub profiles: BTreeMap<String, Profile>,
    /// Names of the packages that others may rely on.
    pub api: Vec<String>,
    /// Names of packages that are built and not shipped.
    pub filter: Vec<String>,
    /// Names of packages that left the module, and are ordinary ones again.
    pub demodularized: Vec<String>,
    /// Its licences.
    pub licences: Licences,
    /// Packages that it is made of, in the document's order. Source packages are among them.
    pub artifacts: Vec<Nevra>,
    /// The document itself.
    pub text: String,
}

/// One alternative of streams that a stream needs, by the name of their module. The platform is a module, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// When it is built.
    pub buildrequires: BTreeMap<String, StreamChoice>,
    /// When it is installed.
    pub requires: BTreeMap<String, StreamChoice>,
}

/// Which streams of a module will do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StreamChoice {
    /// Any (`[]`).
    Any,
    /// One of these (`[f27, f28]`).
    OneOf(BTreeSet<String>),
    /// Any but these (`[-f27, -f28]`).
    AllBut(BTreeSet<String>),
}

/// A named set of a module's packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// What it is for.
    pub description: Option<String>,
    /// Names of its packages.
    #[serde(deserialize_with = "super::list")]
    pub rpms: Vec<String>,
}

/// Licences of a module, as the document writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Licences {
    /// Of the metadata.
    #[serde(deserialize_with = "super::list")]
    pub module: Vec<String>,
    /// Of the packages.
    #[serde(deserialize_with = "super::list")]
    pub content: Vec<String>,
}

impl fmt::Display for StreamChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        match self {
            Self::Any => f.write_str("any stream"),
            Self::OneOf(names) if names.len() == 1 => f.write_str(&list(names)),
            Self::OneOf(names) => write!(f, "one of {}", list(names)),
            Self::AllBut(names) => write!(f, "any stream but {}", list(names)),
        }
    }
}

impl StreamChoice {
    /// Whether a stream will do.
    #[must_use]
    pub fn allows(&self, stream: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(names) => names.contains(stream),
            Self::AllBut(names) => !names.contains(stream),
        }
    }

    fn read(module: &str, streams: Vec<String>) -> Result<Self, String> {
        let (but, of): (Vec<_>, Vec<_>) = streams.into_iter().partition(|stream| stream.starts_with('-'));
        let but: Vec<_> = but.iter().map(|stream| stream[1..].to_owned()).collect();
        for stream in of.iter().chain(&but) {
            part(stream)?;
        }
        match (of.is_empty(), but.is_empty()) {
            (true, true) => Ok(Self::Any),
            (false, true) => Ok(Self::OneOf(of.into_iter().collect())),
            (true, false) => Ok(Self::AllBut(but.into_iter().collect())),
            (false, false) => Err(format!(
                "the streams of `{}` are both listed and excluded; expected the one or the other",
                short(module)
            )),
        }
    }
}

#[derive(Deserialize)]
struct Body<D> {
    data: Data<D>,
}

#[derive(Deserialize)]
struct Data<D> {
    name: Option<String>,
    stream: Option<String>,
    version: Option<u64>,
    context: Option<String>,
    arch: Option<String>,
    static_context: Option<bool>,
    summary: Option<String>,
    dependencies: Option<D>,
    profiles: Option<BTreeMap<String, Option<Profile>>>,
    api: Option<Rpms>,
    filter: Option<Rpms>,
    demodularized: Option<Rpms>,
    license: Option<Licences>,
    artifacts: Option<Rpms>,
}

#[derive(Deserialize)]
struct Rpms {
    rpms: Option<Vec<String>>,
}

/// Version 1: one stream for each module.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Single {
    buildrequires: Option<BTreeMap<String, String>>,
    requires: Option<BTreeMap<String, String>>,
}

/// Versions 2 and 3: lists of streams. Version 3 has one alternative only, and the platform beside them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Lists {
    platform: Option<String>,
    buildrequires: Option<BTreeMap<String, Option<Vec<String>>>>,
    requires: Option<BTreeMap<String, Option<Vec<String>>>>,
}

type Needs = BTreeMap<String, StreamChoice>;

impl Single {
    fn read(self) -> Result<Dependencies, String> {
        let listed = |map: Option<BTreeMap<String, String>>| {
            map.map(|map| map.into_iter().map(|(module, stream)| (module, Some(vec![stream]))).collect())
        };
        Lists { platform: None, buildrequires: listed(self.buildrequires), requires: listed(self.requires) }
            .read()
    }
}

impl Lists {
    fn read(self) -> Result<Dependencies, String> {
        let platform = self.platform.map(|stream| ("platform".to_owned(), Some(vec![stream])));
        let needs = |map: Option<BTreeMap<String, Option<Vec<String>>>>| -> Result<Needs, String> {
            let all = map.unwrap_or_default().into_iter().chain(platform.clone());
            all.map(|(module, streams)| {
                part(&module)?;
                let choice = StreamChoice::read(&module, streams.unwrap_or_default())?;
                Ok((module, choice))
            })
            .collect()
        };
        Ok(Dependencies { buildrequires: needs(self.buildrequires)?, requires: needs(self.requires)? })
    }
}

impl Stream {
    /// Reads the document of a stream in this version of the format.
    pub(super) fn read(text: &str, format: u64) -> Result<Self, String> {
        match format {
            1 => {
                let Body { data } = yaml::<Body<Single>>(text)?;
                data.stream(text, format, |single| Ok(vec![single.read()?]))
            }
            2 => {
                let Body { data } = yaml::<Body<Vec<Lists>>>(text)?;
                data.stream(text, format, |lists| lists.into_iter().map(Lists::read).collect())
            }
            3 => {
                let Body { data } = yaml::<Body<Lists>>(text)?;
                data.stream(text, format, |lists| Ok(vec![lists.read()?]))
            }
            other => Err(format!("a stream of format version {other} is not known; 1, 2 and 3 are")),
        }
    }
}

impl<D> Data<D> {
    fn stream(
        self,
        text: &str,
        format: u64,
        dependencies: impl Fn(D) -> Result<Vec<Dependencies>, String>,
    ) -> Result<Stream, String> {
        let rpms = |list: Option<Rpms>| list.and_then(|list| list.rpms).unwrap_or_default();
        let optional = |value: Option<String>| match value {
            None => Ok(String::new()),
            Some(value) => part(&value).map(|()| value),
        };
        let id = StreamId {
            name: needed(self.name, "name")?,
            stream: needed(self.stream, "stream")?,
            version: self.version.unwrap_or(0),
            context: optional(self.context)?,
            arch: optional(self.arch)?,
        };
        let profiles = self.profiles.unwrap_or_default();
        Ok(Stream {
            id,
            format,
            static_context: self.static_context.unwrap_or(false),
            summary: self.summary.unwrap_or_default().trim().to_owned(),
            dependencies: self.dependencies.map_or(Ok(Vec::new()), dependencies)?,
            profiles: profiles
                .into_iter()
                .map(|(name, profile)| (name, profile.unwrap_or_default()))
                .collect(),
            api: rpms(self.api),
            filter: rpms(self.filter),
            demodularized: rpms(self.demodularized),
            licences: self.license.unwrap_or_default(),
            artifacts: rpms(self.artifacts).iter().map(|text| artifact(text)).collect::<Result<_, _>>()?,
            text: text.to_owned(),
        })
    }
}

/// An artifact: `NAME-EPOCH:VERSION-RELEASE.ARCH`, where libmodulemd asks for the epoch.
pub(super) fn artifact(text: &str) -> Result<Nevra, String> {
    text.parse().map_err(|error| format!("artifact `{}`: {error}", short(text)))
}

/// A value that must be there and be a part of a module's name.
pub(super) fn needed(value: Option<String>, what: &str) -> Result<String, String> {
    let value = value.ok_or_else(|| format!("expected the document to have `{what}` in `data`"))?;
    part(&value).map(|()| value)
}

/// Refuses what can't be a part of a module's name.
pub(super) fn part(value: &str) -> Result<(), String> {
    if value.is_empty() || value.len() > 255 || value.starts_with(['.', '-']) || !value.chars().all(is_part) {
        return Err(format!("`{}` can't be a part of a module's name", short(value)));
    }
    Ok(())
}
