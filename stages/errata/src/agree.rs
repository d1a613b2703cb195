//! Whether what is published in several formats says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heirloom_model::Evr;
use heirloom_model::advisory::{Advisory, AdvisoryId, CveId, Severity};
use heirloom_model::stream::StreamId;

/// A published document says something else of an advisory than the record that it was written from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disagreement {
    /// The advisory.
    pub id: AdvisoryId,
    /// The format.
    pub format: &'static str,
    /// What only the record says.
    pub lost: Vec<String>,
    /// What only the document says.
    pub added: Vec<String>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}:", self.id, self.format)?;
        let mut list = |what: &str, facts: &[String]| {
            let shown = facts.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            match facts.len() {
                0 => Ok(()),
                count @ 1..=5 => write!(f, " {what} {shown} ({count})"),
                count => write!(f, " {what} {shown} and {} more", count - 5),
            }
        };
        list("lost", &self.lost)?;
        list("added", &self.added)
    }
}

/// What decides whether a machine is vulnerable, and to what.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact<'a> {
    Severity(Option<Severity>),
    Vulnerability(&'a CveId),
    Package { major: &'a str, module: Option<(&'a str, &'a str)>, name: &'a str, evr: &'a Evr },
    Withdrawn,
}

impl fmt::Display for Fact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Severity(severity) => write!(f, "severity {}", severity.map_or("none", Severity::name)),
            Self::Vulnerability(id) => write!(f, "{id}"),
            Self::Package { major, module, name, evr } => {
                write!(f, "{name}-{evr} of {major}")?;
                module.map_or(Ok(()), |(name, stream)| write!(f, " in {name}:{stream}"))
            }
            Self::Withdrawn => f.write_str("that it was withdrawn"),
        }
    }
}

/// The facts of an advisory, of one major version if it is given. One that was withdrawn says nothing of any machine.
fn facts<'a>(advisory: &'a Advisory, major: Option<&str>) -> BTreeSet<Fact<'a>> {
    if advisory.withdrawn.is_some() {
        return BTreeSet::from([Fact::Withdrawn]);
    }
    let vulnerabilities = advisory.vulnerabilities.iter().map(|one| Fact::Vulnerability(&one.id));
    let fixed = advisory.fixed.iter().filter(|fixed| major.is_none_or(|major| fixed.major == major));
    let packages = fixed.map(|fixed| Fact::Package {
        major: &fixed.major,
        module: fixed.module.as_ref().map(StreamId::enabled),
        name: fixed.name(),
        evr: fixed.evr(),
    });
    vulnerabilities.chain(packages).chain([Fact::Severity(advisory.severity)]).collect()
}

/// Holds what was read back of a format, in one or several documents, against the records. A document that is for one
/// major version has what records say of that alone.
#[must_use]
pub fn disagreements<'a>(
    records: impl IntoIterator<Item = &'a Advisory>,
    major: Option<&str>,
    format: &'static str,
    published: impl IntoIterator<Item = &'a Advisory>,
) -> Vec<Disagreement> {
    let mut told: BTreeMap<&AdvisoryId, BTreeSet<Fact<'_>>> = BTreeMap::new();
    for advisory in published {
        told.entry(&advisory.id).or_default().extend(facts(advisory, None));
    }
    let list = |facts: Vec<&Fact<'_>>| facts.into_iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut found = Vec::new();
    for record in records {
        let (own, theirs) = (facts(record, major), told.remove(&record.id).unwrap_or_default());
        if own != theirs {
            let lost = list(own.difference(&theirs).collect());
            let added = list(theirs.difference(&own).collect());
            found.push(Disagreement { id: record.id.clone(), format, lost, added });
        }
    }
    let unknown = told.into_iter().map(|(id, facts)| Disagreement {
        id: id.clone(),
        format,
        lost: Vec::new(),
        added: list(facts.iter().collect()),
    });
    found.extend(unknown);
    found.sort();
    found
}
