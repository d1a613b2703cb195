//! The life of a distribution: what is promised of which packages until when, and who keeps the promise.
//!
//! A [`Lifecycle`] has major versions; each has phases that follow one another without a gap, minors, streams with an end
//! of their own, and repositories. All dates are days in UTC, and an end is the last day on which something holds.
//! [`Lifecycle::check`] says what is wrong with one; the readers let none pass that it refuses.

mod check;
mod event;
mod life;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::{Fault, Part, Place};
pub use event::{Event, EventKind};
pub use life::{Life, Member, Standing};

use crate::advisory::{AdvisoryKind, Severity};
use crate::allowance::Date;

/// The life of a distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// The distribution's id: `ID` of its /etc/os-release.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The Vendor tag of its packages: others are not judged. Empty: all packages are its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// Where people read about it; empty if nowhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The day on which this document was changed last.
    #[schemars(with = "String")]
    pub updated: Date,
    /// Its major versions, the oldest first.
    pub majors: Vec<Major>,
}

/// A major version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Major {
    /// Its number.
    pub version: u32,
    /// Where its sources come from, if they come from somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// Its phases in the order of time; each begins on the day after the one before has ended.
    pub phases: Vec<Phase>,
    /// Its minor versions, the oldest first.
    #[serde(default)]
    pub minors: Vec<Minor>,
    /// Packages with an end of their own, in the order of the document.
    #[serde(default)]
    pub streams: Vec<Stream>,
    /// Its repositories, in the order of the document.
    #[serde(default)]
    pub repositories: Vec<Repository>,
}

/// Those of whom a distribution, or a stream, takes its sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Their name for it: `CentOS Stream 9`.
    pub name: String,
    /// The last day on which sources come from them.
    #[schemars(with = "String")]
    pub ends: Date,
    /// What happens after that; empty if nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub then: String,
}

/// A phase of a major version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Which one.
    pub kind: PhaseKind,
    /// Its first day.
    #[schemars(with = "String")]
    pub begins: Date,
    /// Its last day.
    #[schemars(with = "String")]
    pub ends: Date,
    /// What is promised in it.
    pub promises: Promises,
    /// Who maintains it, where that is no longer upstream; empty if upstream does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub maintainer: String,
}

/// The phases, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PhaseKind {
    /// Fixes and new features.
    Full,
    /// Fixes.
    Maintenance,
    /// Fixes of what is worst.
    Extended,
}

/// What is promised in a phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promises {
    /// The least severity of the vulnerabilities that are fixed; none: no vulnerability is.
    #[serde(default)]
    pub security: Option<Severity>,
    /// Whether other faults are fixed.
    #[serde(default)]
    pub bugfixes: bool,
    /// Whether packages may get new features.
    #[serde(default)]
    pub features: bool,
    /// Whether packages may be rebased: get a new version of upstream.
    #[serde(default)]
    pub rebases: bool,
    /// Whether there may be new packages and new streams.
    #[serde(default)]
    pub packages: bool,
}

/// A minor version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Minor {
    /// Its number: 4 of `9.4`.
    pub version: u32,
    /// The day on which it came, or comes, out.
    #[schemars(with = "String")]
    pub released: Date,
    /// The last day on which it gets fixes; none: it ends when the next minor comes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ends: Option<Date>,
}

/// Packages with an end of their own: an application stream, or a stream of a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// `nodejs:20` is the stream of a module, and has the packages that say so in their header; any other name is an
    /// application stream of ordinary packages.
    pub name: String,
    /// Its first day; none: the major version's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub released: Option<Date>,
    /// The last day on which it gets fixes; none: the major version's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ends: Option<Date>,
    /// Whether it goes on after the last phase of the major version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outlives: bool,
    /// Whether its packages are rebased in every phase.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rolling: bool,
    /// Source packages: all that is built from them belongs to it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sources: BTreeSet<String>,
    /// Binary packages that belong to it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub packages: BTreeSet<String>,
    /// Where its sources come from, if that has an end of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// Who maintains it, where that is no longer upstream; empty if upstream does, or who maintains the phase.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub maintainer: String,
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// The last day on which it gets anything; none: the major version's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ends: Option<Date>,
}

impl PhaseKind {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Full, Self::Maintenance, Self::Extended];

    /// Its name: `full`, `maintenance`, `extended`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Maintenance => "maintenance",
            Self::Extended => "extended",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => "full support",
            Self::Maintenance => "maintenance support",
            Self::Extended => "extended support",
        }
    }
}

impl Phase {
    /// Whether a day is in it.
    #[must_use]
    pub fn has(&self, day: Date) -> bool {
        (self.begins..=self.ends).contains(&day)
    }

    /// Days that are left of it after this one; negative if it is over.
    #[must_use]
    pub fn days_left(&self, today: Date) -> i64 {
        today.days_to(self.ends)
    }
}

impl Promises {
    /// Whether anything is fixed at all.
    #[must_use]
    pub fn fixes_anything(&self) -> bool {
        self.security.is_some() || self.bugfixes
    }

    /// Whether an advisory of this kind, and with this severity if it has one, is promised.
    #[must_use]
    pub fn has(&self, kind: AdvisoryKind, severity: Option<Severity>) -> bool {
        match kind {
            AdvisoryKind::Security => {
                self.security.is_some_and(|least| severity.is_none_or(|it| it >= least))
            }
            AdvisoryKind::Bugfix => self.bugfixes,
            AdvisoryKind::Enhancement => self.features,
            AdvisoryKind::NewPackage => self.packages,
        }
    }

    /// In words: `security fixes from Important, other fixes, rebases`.
    #[must_use]
    pub fn words(&self) -> String {
        let security = match self.security {
            None => None,
            Some(Severity::Low) => Some("all security fixes".to_owned()),
            Some(least) => Some(format!("security fixes from {}", least.name())),
        };
        let rest = [
            (self.bugfixes, "other fixes"),
            (self.features, "new features"),
            (self.rebases, "rebases"),
            (self.packages, "new packages"),
        ];
        let promised = rest.iter().filter(|(is, _)| *is).map(|(_, words)| (*words).to_owned());
        let all: Vec<_> = security.into_iter().chain(promised).collect();
        match all.is_empty() {
            true => "nothing".to_owned(),
            false => all.join(", "),
        }
    }
}

impl Stream {
    /// Whether it is the stream of a module.
    #[must_use]
    pub fn is_module(&self) -> bool {
        self.name.contains(':')
    }
}

impl Lifecycle {
    /// A major version by its number.
    #[must_use]
    pub fn major(&self, version: u32) -> Option<&Major> {
        self.majors.iter().find(|major| major.version == version)
    }
}

impl Major {
    /// Its first day.
    #[must_use]
    pub fn begins(&self) -> Option<Date> {
        self.phases.first().map(|phase| phase.begins)
    }

    /// The last day of its last phase.
    #[must_use]
    pub fn ends(&self) -> Option<Date> {
        self.phases.last().map(|phase| phase.ends)
    }

    /// The phase that a day is in.
    #[must_use]
    pub fn phase(&self, day: Date) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.has(day))
    }

    /// The newest minor that is out.
    #[must_use]
    pub fn newest_minor(&self, today: Date) -> Option<&Minor> {
        self.minors.iter().rev().find(|minor| minor.released <= today)
    }

    /// The last day on which a minor gets fixes: its own, else the one on which the next comes out, else the last of the
    /// major version. None: there is no such minor.
    #[must_use]
    pub fn minor_ends(&self, version: u32) -> Option<Date> {
        let place = self.minors.iter().position(|minor| minor.version == version)?;
        let next = self.minors.get(place + 1).map(|next| next.released);
        self.minors.get(place)?.ends.or(next).or_else(|| self.ends())
    }

    /// The last day on which a stream gets fixes.
    #[must_use]
    pub fn stream_ends(&self, stream: &Stream) -> Option<Date> {
        stream.ends.or_else(|| self.ends())
    }
}
