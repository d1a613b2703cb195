//! Whether all formats lead to the same verdict on a machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heirloom_model::advisory::{Advisory, AdvisoryId, AdvisoryKind, CveId};

use super::{Audit, Auditor, Compare, Machine, Need};

/// What a format says, as it was read back from the documents.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// The format.
    pub format: &'static str,
    /// Its advisories, each id once.
    pub advisories: &'a [Advisory],
    /// Whether it has security advisories alone, as OVAL.
    pub is_security_alone: bool,
}

/// What formats differ in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Whether the machine needs an advisory.
    Advisory(AdvisoryId),
    /// Whether it has a vulnerability.
    Vulnerability(CveId),
}

/// Formats lead to different verdicts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// On what.
    pub subject: Subject,
    /// What each format leads to; none if it does not concern the machine.
    pub verdicts: BTreeMap<&'static str, Option<Need>>,
}

/// The formats, ready to be held against machines.
pub struct Crosscheck<'a> {
    formats: Vec<(Published<'a>, Auditor<'a>)>,
    /// Advisories that a format calls security advisories.
    security: BTreeSet<&'a AdvisoryId>,
    /// Advisories of which the formats name other vulnerabilities, or are of another kind.
    odd: BTreeSet<&'a AdvisoryId>,
}

/// What an advisory says of no machine in particular.
type About<'a> = (AdvisoryKind, BTreeSet<&'a CveId>);

impl<'a> Crosscheck<'a> {
    /// Sorts what the formats say.
    #[must_use]
    pub fn new(formats: impl IntoIterator<Item = Published<'a>>, compare: Compare) -> Self {
        let one = |format: Published<'a>| (format, Auditor::new(format.advisories, compare));
        let formats: Vec<_> = formats.into_iter().map(one).collect();
        let all = formats.iter().flat_map(|(format, _)| format.advisories);
        let security = all.filter(|one| one.kind == AdvisoryKind::Security).map(|one| &one.id).collect();
        let mut about: BTreeMap<&AdvisoryId, About<'a>> = BTreeMap::new();
        let mut odd = BTreeSet::new();
        for advisory in formats.iter().flat_map(|(format, _)| format.advisories) {
            let own = (advisory.kind, advisory.vulnerabilities.iter().map(|one| &one.id).collect());
            if *about.entry(&advisory.id).or_insert_with(|| own.clone()) != own {
                odd.insert(&advisory.id);
            }
        }
        Self { formats, security, odd }
    }

    /// Where the formats lead to different verdicts on a machine, sorted.
    #[must_use]
    pub fn differences(&self, machine: &Machine) -> Vec<Difference> {
        let audits: Vec<_> =
            self.formats.iter().map(|(format, auditor)| (format, auditor.audit(machine))).collect();
        if self.is_one(&audits) {
            return Vec::new();
        }
        let mut by_subject: BTreeMap<Subject, BTreeMap<&'static str, Need>> = BTreeMap::new();
        for (format, audit) in &audits {
            let advisories = audit.concerns.iter();
            let advisories = advisories.map(|one| (Subject::Advisory(one.advisory.id.clone()), one.need));
            let exposures = audit.exposures_of_security().into_iter();
            let exposures = exposures.map(|one| (Subject::Vulnerability(one.id.clone()), one.need));
            for (subject, need) in advisories.chain(exposures) {
                by_subject.entry(subject).or_default().insert(format.format, need);
            }
        }
        let differs = |(subject, needs): (Subject, BTreeMap<&'static str, Need>)| {
            // What is not about security can't be in all formats.
            let is_security = match &subject {
                Subject::Advisory(id) => self.security.contains(id),
                Subject::Vulnerability(_) => true,
            };
            let asked = self.formats.iter().filter(|(format, _)| is_security || !format.is_security_alone);
            let verdicts: BTreeMap<_, _> =
                asked.map(|(format, _)| (format.format, needs.get(format.format).copied())).collect();
            let is_one = verdicts.values().collect::<BTreeSet<_>>().len() <= 1;
            (!is_one).then_some(Difference { subject, verdicts })
        };
        by_subject.into_iter().filter_map(differs).collect()
    }

    /// Whether all say the same of every advisory, and these are about the same vulnerabilities in all: then all say the
    /// same of every vulnerability, too.
    fn is_one(&self, audits: &[(&Published<'a>, Audit<'_, 'a>)]) -> bool {
        let verdicts = |audit: &Audit<'_, 'a>, is_security_alone: bool| -> Vec<(&'a AdvisoryId, Need)> {
            let all = audit.concerns.iter().map(|one| (&one.advisory.id, one.need));
            all.filter(|(id, _)| !is_security_alone || self.security.contains(id)).collect()
        };
        let Some((_, first)) = audits.iter().find(|(format, _)| !format.is_security_alone) else {
            return false;
        };
        let [whole, security] = [false, true].map(|alone| verdicts(first, alone));
        whole.iter().all(|(id, _)| !self.odd.contains(id))
            && audits.iter().all(|(format, audit)| {
                let expected = if format.is_security_alone { &security } else { &whole };
                verdicts(audit, format.is_security_alone) == *expected
            })
    }
}

impl Need {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Undecided => "undecided",
            Self::Affected => "affected",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advisory(id) => write!(f, "{id}"),
            Self::Vulnerability(id) => write!(f, "{id}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.subject)?;
        for (number, (format, need)) in self.verdicts.iter().enumerate() {
            let between = if number == 0 { "" } else { "," };
            write!(f, "{between} {format} says {}", need.map_or("not concerned", Need::name))?;
        }
        Ok(())
    }
}
