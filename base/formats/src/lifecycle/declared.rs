//! `lifecycle.toml`, as people write it.
//!
//! ```toml
//! id = "kestrel"                        # ID of /etc/os-release
//! name = "Kestrel Enterprise Linux"
//! vendor = "Kestrel Foundation"         # Vendor tag of its packages; without it, all packages are judged
//! url = "https://kestrel.example/life"  # for people
//! updated = 2026-01-15                  # when this file was changed last
//!
//! [[major]]
//! version = 9
//! upstream = { name = "CentOS Stream 9", ends = 2027-05-31, then = "sources come from our own backports" }
//!
//! [[major.phase]]                       # full, maintenance, extended: in this order, without gaps
//! kind = "full"
//! begins = 2022-05-17
//! ends = 2027-05-31                     # the last day
//! promises = { security = "Low", bugfixes = true, features = true, rebases = true, packages = true }
//!
//! [[major.phase]]
//! kind = "maintenance"
//! begins = 2027-06-01
//! ends = 2032-05-31
//! promises = { security = "Important" }
//! maintainer = "Kestrel Foundation"     # needed, as upstream has ended
//!
//! [[major.minor]]
//! version = 4
//! released = 2024-05-09
//! ends = 2024-11-12                     # without it: the release of the next
//!
//! [[major.stream]]
//! name = "nodejs:20"                    # a module's stream
//! ends = 2026-04-30
//!
//! [[major.stream]]
//! name = "postgresql16"                 # an application stream: its packages are listed
//! ends = 2028-11-09
//! sources = ["postgresql16"]
//!
//! [[major.repository]]
//! name = "CRB"
//! ends = 2032-05-31
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{
    Fault, Lifecycle, Major, Minor, Part, Phase, PhaseKind, Place, Promises, Repository, Stream, Upstream,
};
use serde::{Deserialize, Deserializer};
use serde_spanned::Spanned;
use toml::Value;

use crate::declared;
use crate::definition::DefinitionError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: Spanned<String>,
    name: Spanned<String>,
    vendor: Option<Spanned<String>>,
    url: Option<Spanned<String>>,
    updated: Spanned<Day>,
    #[serde(default)]
    major: Vec<Spanned<MajorEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MajorEntry {
    version: Spanned<u32>,
    upstream: Option<Spanned<UpstreamEntry>>,
    #[serde(default)]
    phase: Vec<Spanned<PhaseEntry>>,
    #[serde(default)]
    minor: Vec<Spanned<MinorEntry>>,
    #[serde(default)]
    stream: Vec<Spanned<StreamEntry>>,
    #[serde(default)]
    repository: Vec<Spanned<RepositoryEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpstreamEntry {
    name: String,
    ends: Day,
    #[serde(default)]
    then: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseEntry {
    kind: Spanned<PhaseKind>,
    begins: Spanned<Day>,
    ends: Spanned<Day>,
    promises: Promises,
    maintainer: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MinorEntry {
    version: Spanned<u32>,
    released: Spanned<Day>,
    ends: Option<Spanned<Day>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamEntry {
    name: Spanned<String>,
    released: Option<Spanned<Day>>,
    ends: Option<Spanned<Day>>,
    outlives: Option<Spanned<bool>>,
    #[serde(default)]
    rolling: bool,
    sources: Option<Spanned<BTreeSet<String>>>,
    packages: Option<Spanned<BTreeSet<String>>>,
    upstream: Option<Spanned<UpstreamEntry>>,
    maintainer: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryEntry {
    name: Spanned<String>,
    ends: Option<Spanned<Day>>,
}

/// A date, which may stand in quotes or, as TOML has it, without.
struct Day(Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// Reads a `lifecycle.toml`.
///
/// # Errors
/// The file can't be read, or is larger than any that a person writes; else as [`parse`].
pub fn load(path: &Path) -> Result<Lifecycle, DefinitionError> {
    parse(&declared::read(path)?, path)
}

/// Parses the text of a `lifecycle.toml`; `path` is for messages.
///
/// # Errors
/// The text is no TOML, has an unknown key, lacks a key, or says what can't be ([`Lifecycle::check`]); the error has the
/// place.
pub fn parse(text: &str, path: &Path) -> Result<Lifecycle, DefinitionError> {
    let file: File = toml::from_str(text).map_err(|error| DefinitionError::from_toml(&error, text, path))?;
    let mut spans = Spans::default();
    let lifecycle = spans.lifecycle(file);
    match lifecycle.check() {
        Ok(()) => Ok(lifecycle),
        Err(Fault { at, message, hint }) => {
            Err(DefinitionError::at(text, path, spans.offset(at), message, hint))
        }
    }
}

/// Where what is said stands in the text.
#[derive(Default)]
struct Spans(BTreeMap<Place, usize>);

impl Spans {
    /// The place of a field, else of what it should be in.
    fn offset(&self, at: Place) -> usize {
        let outer = [at, Place { field: "", ..at }, Place { field: "", part: None, ..at }];
        outer.iter().find_map(|place| self.0.get(place)).copied().unwrap_or(0)
    }

    fn take<T>(&mut self, at: Place, field: &'static str, value: Spanned<T>) -> T {
        self.0.insert(Place { field, ..at }, value.span().start);
        value.into_inner()
    }

    fn maybe<T>(&mut self, at: Place, field: &'static str, value: Option<Spanned<T>>) -> Option<T> {
        value.map(|value| self.take(at, field, value))
    }

    fn day(&mut self, at: Place, field: &'static str, value: Option<Spanned<Day>>) -> Option<Date> {
        self.maybe(at, field, value).map(|day| day.0)
    }

    fn upstream(&mut self, at: Place, value: Option<Spanned<UpstreamEntry>>) -> Option<Upstream> {
        let UpstreamEntry { name, ends, then } = self.maybe(at, "upstream", value)?;
        Some(Upstream { name, ends: ends.0, then })
    }

    fn lifecycle(&mut self, file: File) -> Lifecycle {
        let top = Place::default();
        Lifecycle {
            id: self.take(top, "id", file.id),
            name: self.take(top, "name", file.name),
            vendor: self.maybe(top, "vendor", file.vendor).unwrap_or_default(),
            url: self.maybe(top, "url", file.url).unwrap_or_default(),
            updated: self.take(top, "updated", file.updated).0,
            majors: (0..).zip(file.major).map(|(number, major)| self.major(number, major)).collect(),
        }
    }

    fn major(&mut self, number: usize, entry: Spanned<MajorEntry>) -> Major {
        let at = Place { major: Some(number), ..Place::default() };
        let entry = self.take(at, "", entry);
        let version = self.take(at, "version", entry.version);
        let upstream = self.upstream(at, entry.upstream);
        let at = |part| move |number| Place { part: Some((part, number)), ..at };
        let (phase, minor, stream) = (at(Part::Phase), at(Part::Minor), at(Part::Stream));
        let repository = at(Part::Repository);
        Major {
            version,
            upstream,
            phases: (0..).zip(entry.phase).map(|(number, it)| self.phase(phase(number), it)).collect(),
            minors: (0..).zip(entry.minor).map(|(number, it)| self.minor(minor(number), it)).collect(),
            streams: (0..).zip(entry.stream).map(|(number, it)| self.stream(stream(number), it)).collect(),
            repositories: (0..)
                .zip(entry.repository)
                .map(|(number, it)| self.repository(repository(number), it))
                .collect(),
        }
    }

    fn phase(&mut self, at: Place, entry: Spanned<PhaseEntry>) -> Phase {
        let entry = self.take(at, "", entry);
        Phase {
            kind: self.take(at, "kind", entry.kind),
            begins: self.take(at, "begins", entry.begins).0,
            ends: self.take(at, "ends", entry.ends).0,
            promises: entry.promises,
            maintainer: self.maybe(at, "maintainer", entry.maintainer).unwrap_or_default(),
        }
    }

    fn minor(&mut self, at: Place, entry: Spanned<MinorEntry>) -> Minor {
        let entry = self.take(at, "", entry);
        Minor {
            version: self.take(at, "version", entry.version),
            released: self.take(at, "released", entry.released).0,
            ends: self.day(at, "ends", entry.ends),
        }
    }

    fn stream(&mut self, at: Place, entry: Spanned<StreamEntry>) -> Stream {
        let entry = self.take(at, "", entry);
        Stream {
            name: self.take(at, "name", entry.name),
            released: self.day(at, "released", entry.released),
            ends: self.day(at, "ends", entry.ends),
            outlives: self.maybe(at, "outlives", entry.outlives).unwrap_or_default(),
            rolling: entry.rolling,
            sources: self.maybe(at, "sources", entry.sources).unwrap_or_default(),
            packages: self.maybe(at, "packages", entry.packages).unwrap_or_default(),
            upstream: self.upstream(at, entry.upstream),
            maintainer: self.maybe(at, "maintainer", entry.maintainer).unwrap_or_default(),
        }
    }

    fn repository(&mut self, at: Place, entry: Spanned<RepositoryEntry>) -> Repository {
        let entry = self.take(at, "", entry);
        Repository { name: self.take(at, "name", entry.name), ends: self.day(at, "ends", entry.ends) }
    }
}
