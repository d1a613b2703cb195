//! Advisories (errata): what an update fixes, as its issuer says it, in whatever format it was said.
//!
//! One [`Advisory`] is what all formats are read into and written from. What a format can't say is empty, never guessed.

mod fixed;
mod id;
pub mod vex;

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use fixed::Fixed;
pub use id::{AdvisoryId, CveId, InvalidAdvisoryId, InvalidCveId};

/// One advisory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Advisory {
    /// Its name: `RHSA-2025:1066`.
    pub id: AdvisoryId,
    /// What it is for.
    pub kind: AdvisoryKind,
    /// How bad the worst that it fixes is; none for what fixes no vulnerability, and where the issuer rates nothing.
    pub severity: Option<Severity>,
    /// In one line.
    pub title: String,
    /// What was wrong, in paragraphs.
    pub description: String,
    /// How to apply it; empty if it says nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub solution: String,
    /// Whose text it is; empty if it says nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rights: String,
    /// When it came out.
    #[schemars(with = "String")]
    pub issued: Timestamp,
    /// When it was changed last; when it came out, if never.
    #[schemars(with = "String")]
    pub updated: Timestamp,
    /// Since when it no longer holds.
    #[schemars(with = "Option<String>")]
    pub withdrawn: Option<Timestamp>,
    /// What has to be started again for it to have an effect.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub suggestions: BTreeSet<Suggestion>,
    /// The vulnerabilities that it fixes, sorted by id, each once.
    #[serde(default)]
    pub vulnerabilities: Vec<Vulnerability>,
    /// Ratings of it as a whole, where the document does not say of which vulnerability, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratings: Vec<Cvss>,
    /// Where there is more, in the issuer's order.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// The first packages that have the fixes, sorted, each once.
    #[serde(default)]
    pub fixed: Vec<Fixed>,
    /// Other names of it and earlier ones that it replaces: `ALSA-2025:1066` for `RHSA-2025:1066`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// What was changed when, oldest first; empty if the issuer keeps no account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Revision>,
}

/// What an advisory is for, as updateinfo.xml names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdvisoryKind {
    /// It fixes vulnerabilities.
    Security,
    /// It fixes other faults.
    Bugfix,
    /// It brings something new to a package.
    Enhancement,
    /// It brings a new package.
    NewPackage,
}

/// How bad a vulnerability is: the four steps of Enterprise Linux. Ordered, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// Hard to use, with little effect.
    Low,
    /// Harder to use, or in unusual configurations.
    Moderate,
    /// Breaks confidentiality, integrity or availability easily.
    Important,
    /// Can be used from afar, by itself, as a worm does.
    Critical,
}

/// What has to be started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Suggestion {
    /// The machine.
    Reboot,
    /// Sessions of users.
    Relogin,
    /// What updates packages.
    Restart,
}

/// A vulnerability that an advisory fixes, and what its issuer says of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vulnerability {
    /// `CVE-2025-0001`.
    pub id: CveId,
    /// What it is, in a line; empty if the issuer does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// How bad it is for this product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Its ratings, by who gave them: sources may disagree, and all are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cvss: Vec<Cvss>,
    /// What kind of weakness it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weakness: Option<Weakness>,
}

/// A kind of weakness, from the list of common ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weakness {
    /// `CWE-416`
    pub id: String,
    /// The list's own words for it.
    pub name: String,
}

/// A rating by the Common Vulnerability Scoring System.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cvss {
    /// As it was given: `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H`; version 2 has no prefix.
    pub vector: String,
    /// Tenths of the base score that was given with it, 0 to 100; none if only the vector was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenths: Option<u8>,
}

/// Where there is more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What it leads to.
    pub kind: ReferenceKind,
    /// The address.
    pub url: String,
    /// Its name at that place, such as a bug's number; empty if it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// In a line; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceKind {
    /// The advisory itself, at its issuer's or at that of whom it was taken from.
    Advisory,
    /// A vulnerability.
    Cve,
    /// A report of a fault.
    Bug,
    /// Anything else.
    Other,
}

/// A change of an advisory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// When.
    #[schemars(with = "String")]
    pub date: Timestamp,
    /// Its number, as the issuer counts.
    pub number: String,
    /// What was changed.
    pub summary: String,
}

impl Advisory {
    /// Puts vulnerabilities and packages in order, each once, so that what says the same is equal.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.vulnerabilities.iter_mut().for_each(|one| one.cvss.sort());
        self.vulnerabilities.sort();
        self.vulnerabilities.dedup_by(|later, first| {
            let is_same = later.id == first.id;
            if is_same {
                // All that was said of it stays.
                first.cvss.append(&mut later.cvss);
                first.cvss.sort();
                first.cvss.dedup();
                first.severity = first.severity.max(later.severity);
                if first.title.is_empty() {
                    std::mem::swap(&mut first.title, &mut later.title);
                }
                first.weakness = first.weakness.take().or_else(|| later.weakness.take());
            }
            is_same
        });
        self.fixed.sort();
        self.fixed.dedup();
        self
    }

    /// The major versions that it has packages of, sorted.
    #[must_use]
    pub fn majors(&self) -> BTreeSet<&str> {
        self.fixed.iter().map(|fixed| fixed.major.as_str()).collect()
    }
}

impl AdvisoryKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Security, Self::Bugfix, Self::Enhancement, Self::NewPackage];

    /// The kind of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Its name in updateinfo.xml.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Bugfix => "bugfix",
            Self::Enhancement => "enhancement",
            Self::NewPackage => "newpackage",
        }
    }
}

impl Suggestion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Reboot, Self::Relogin, Self::Restart];

    /// Its name: `reboot`, `relogin`, `restart`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::Relogin => "relogin",
            Self::Restart => "restart",
        }
    }

    /// The suggestion of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl Severity {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Moderate, Self::Important, Self::Critical];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Moderate => "Moderate",
            Self::Important => "Important",
            Self::Critical => "Critical",
        }
    }

    /// The severity of a name, in upper or lower case.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name))
    }
}

impl Cvss {
    /// Which version's vector it is, as OSV names them: `CVSS_V2`, `CVSS_V3`, `CVSS_V4`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        match self.vector.strip_prefix("CVSS:") {
            Some(rest) if rest.starts_with('4') => "CVSS_V4",
            Some(_) => "CVSS_V3",
            None => "CVSS_V2",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_of_a_vulnerability_is_kept_once() {
        let one = |title: &str, vector: &str, severity| Vulnerability {
            id: "CVE-2025-0001".parse().unwrap(),
            title: title.to_owned(),
            severity,
            cvss: vec![Cvss { vector: vector.to_owned(), tenths: None }],
            weakness: None,
        };
        let time = Timestamp::UNIX_EPOCH;
        let advisory = Advisory {
            id: "A-1".parse().unwrap(),
            kind: AdvisoryKind::Security,
            severity: None,
            title: String::new(),
            description: String::new(),
            solution: String::new(),
            rights: String::new(),
            issued: time,
            updated: time,
            withdrawn: None,
            suggestions: BTreeSet::new(),
            vulnerabilities: vec![
                one("", "CVSS:3.1/b", Some(Severity::Low)),
                one("title", "CVSS:3.1/a", Some(Severity::Important)),
            ],
            ratings: Vec::new(),
            references: Vec::new(),
            fixed: Vec::new(),
            related: Vec::new(),
            history: Vec::new(),
        };
        let [kept] = &advisory.sorted().vulnerabilities[..] else { panic!("not one") };
        assert_eq!(
            (kept.title.as_str(), kept.severity, kept.cvss.len()),
            ("title", Some(Severity::Important), 2)
        );
    }
}
