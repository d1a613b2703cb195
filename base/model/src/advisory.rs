//! Advisories (errata): what an update fixes, as its issuer says it, in whatever format it was said.
//!
//! One [`Advisory`] is what all formats are read into and written from. What a format can't say is empty, never guessed.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nevra::InvalidNevra;
use crate::stream::StreamId;
use crate::{Evr, Nevra};

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

/// An advisory's name: letters, digits, `.`, `_`, `-`, `+`, `~` and `:`, which begins with a letter or a digit. It can
/// stand in a path and in an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct AdvisoryId(String);

/// The text is no advisory's name.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no id: expected letters, digits, `.`, `_`, `-`, `+`, `~` and `:`, up to {LONGEST_ID} of them, such as EXSA-2026:0001"
)]
pub struct InvalidAdvisoryId(String);

/// Characters that an id may have. Real ones have about fifteen.
const LONGEST_ID: usize = 100;

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

/// `CVE-`, four digits of a year, and four digits or more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct CveId(String);

/// The text names no CVE.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no CVE: expected CVE-, a year and four digits or more, such as CVE-2026-0001")]
pub struct InvalidCveId(String);

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

/// The first package of a name that has the fixes. Ordered by place, name, version as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "FixedText", into = "FixedText")]
pub struct Fixed {
    /// Of which major version of the distribution: `9`. Empty where the document does not say.
    pub major: String,
    /// The stream that must be enabled for it to concern a system.
    pub module: Option<StreamId>,
    /// The source package that it was built from; none if the document does not say.
    pub source: Option<Nevra>,
    name: String,
    evr: Evr,
    /// The architecture; none if the document does not say, which means all.
    arch: Option<String>,
    /// The first version that has the vulnerabilities; none if all have.
    since: Option<Evr>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FixedText {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    major: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<StreamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    source: Option<Nevra>,
    name: String,
    evr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
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

impl AdvisoryId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands in names of files: CSAF's rule is lower case, and `_` for all but letters, digits, `+` and `-`
    /// (CSAF 2.0, 5.1).
    #[must_use]
    pub fn csaf_name(&self) -> String {
        let mut name = String::with_capacity(self.0.len());
        for character in self.0.to_ascii_lowercase().chars() {
            match character {
                'a'..='z' | '0'..='9' | '+' | '-' => name.push(character),
                _ if name.ends_with('_') => {}
                _ => name.push('_'),
            }
        }
        name
    }
}

impl FromStr for AdvisoryId {
    type Err = InvalidAdvisoryId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || "._-+~:".contains(c);
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || text.len() > LONGEST_ID || !text.chars().all(is_fine) {
            return Err(InvalidAdvisoryId(text.chars().take(LONGEST_ID).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl CveId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ids that a text names, in its order, each once.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for (at, _) in text.match_indices("CVE-") {
            let ends = text[at + 4..].find(|c: char| !c.is_ascii_digit() && c != '-');
            let name = ends.map_or(&text[at..], |length| &text[at..at + 4 + length]);
            if let Ok(id) = name.trim_end_matches('-').parse()
                && !found.contains(&id)
            {
                found.push(id);
            }
        }
        found
    }
}

impl FromStr for CveId {
    type Err = InvalidCveId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let parts = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
        match parts {
            Some((year, number))
                if year.len() == 4 && digits(year) && (4..=19).contains(&number.len()) && digits(number) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidCveId(text.chars().take(40).collect())),
        }
    }
}

macro_rules! texts {
    ($($of:ty, $invalid:ty;)+) => {$(
        impl fmt::Display for $of {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$of> for String {
            fn from(of: $of) -> Self {
                of.0
            }
        }

        impl TryFrom<String> for $of {
            type Error = $invalid;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    )+};
}

texts! {
    AdvisoryId, InvalidAdvisoryId;
    CveId, InvalidCveId;
}

impl AdvisoryKind {
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

impl Fixed {
    /// Checks that name, version and architecture can be a package's.
    ///
    /// # Errors
    /// One has characters that rpm does not allow.
    pub fn new(name: &str, evr: Evr, arch: Option<&str>) -> Result<Self, InvalidNevra> {
        let checked = Nevra::new(name, evr, arch.unwrap_or("noarch"))?;
        let (name, evr, arch) =
            (checked.name().to_owned(), checked.evr().clone(), arch.map(|_| checked.arch().to_owned()));
        Ok(Self { major: String::new(), module: None, source: None, name, evr, arch, since: None })
    }

    /// The same, of this major version.
    #[must_use]
    pub fn of_major(self, major: &str) -> Self {
        Self { major: major.to_owned(), ..self }
    }

    /// The same, of this stream.
    #[must_use]
    pub fn of_module(self, module: Option<StreamId>) -> Self {
        Self { module, ..self }
    }

    /// The same, built from this source package.
    #[must_use]
    pub fn of_source(self, source: Option<Nevra>) -> Self {
        Self { source, ..self }
    }

    /// The same, with versions before this one not concerned.
    #[must_use]
    pub fn since(self, since: Option<Evr>) -> Self {
        Self { since, ..self }
    }

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first version that has the fixes.
    #[must_use]
    pub fn evr(&self) -> &Evr {
        &self.evr
    }

    /// The architecture; none if it is not known, which means all.
    #[must_use]
    pub fn arch(&self) -> Option<&str> {
        self.arch.as_deref()
    }

    /// The first version that is concerned; none if all older ones are.
    #[must_use]
    pub fn first(&self) -> Option<&Evr> {
        self.since.as_ref()
    }

    /// The package, if its architecture is known.
    #[must_use]
    pub fn nevra(&self) -> Option<Nevra> {
        Nevra::new(&self.name, self.evr.clone(), self.arch.as_deref()?).ok()
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.evr)?;
        match &self.arch {
            Some(arch) => write!(f, ".{arch}"),
            None => Ok(()),
        }
    }
}

impl From<Fixed> for FixedText {
    fn from(fixed: Fixed) -> Self {
        let Fixed { major, module, source, name, evr, arch, since } = fixed;
        let (evr, since) = (evr.to_string(), since.map(|since| since.to_string()));
        Self { major, module, source, name, evr, arch, since }
    }
}

impl TryFrom<FixedText> for Fixed {
    type Error = InvalidNevra;

    fn try_from(text: FixedText) -> Result<Self, Self::Error> {
        let since = text.since.as_deref().map(str::parse).transpose()?;
        let fixed = Self::new(&text.name, text.evr.parse()?, text.arch.as_deref())?;
        Ok(fixed.of_major(&text.major).of_module(text.module).of_source(text.source).since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_can_stand_in_paths() {
        for fine in ["RHSA-2025:1066", "FEDORA-EPEL-2024-0a1b2c", "openSUSE-SLE-15.4-2022-1", "a"] {
            assert_eq!(fine.parse::<AdvisoryId>().unwrap().as_str(), fine);
        }
        let long = "a".repeat(101);
        for wrong in ["", ".", "..", "-a", "../a", "a/b", "a b", "a\n", "ä", &long] {
            assert!(wrong.parse::<AdvisoryId>().is_err(), "{wrong}");
        }
        assert_eq!("RHSA-2025:1066".parse::<AdvisoryId>().unwrap().csaf_name(), "rhsa-2025_1066");
        assert_eq!("A.:b".parse::<AdvisoryId>().unwrap().csaf_name(), "a_b");
    }

    #[test]
    fn vulnerabilities_are_found_in_texts() {
        let text = "one (CVE-2025-1017), CVE-2024-123456: and CVE-2025-1017; no CVE-20-1, CVE-2024-12 or CVE-2024-1234-";
        let found: Vec<_> = CveId::all_in(text).into_iter().map(String::from).collect();
        assert_eq!(found, ["CVE-2025-1017", "CVE-2024-123456", "CVE-2024-1234"]);
        assert!("cve-2024-1234".parse::<CveId>().is_err());
    }

    #[test]
    fn packages_are_packages() {
        let evr = || "1:9.0.87-3.el9_6.1".parse::<Evr>().unwrap();
        let fixed = Fixed::new("tomcat", evr(), None).unwrap().of_major("9");
        assert_eq!((fixed.to_string().as_str(), fixed.nevra()), ("tomcat-1:9.0.87-3.el9_6.1", None));
        let json = serde_json::to_string(&fixed).unwrap();
        assert_eq!(json, r#"{"major":"9","name":"tomcat","evr":"1:9.0.87-3.el9_6.1"}"#);
        assert_eq!(serde_json::from_str::<Fixed>(&json).unwrap(), fixed);
        assert!(Fixed::new("../tomcat", evr(), None).is_err());
        assert!(Fixed::new("tomcat", evr(), Some("x/y")).is_err());
    }

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
