//! What is said of each vulnerability: what advisories fix, and what was declared beside it.

mod upstream;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use heirloom_model::advisory::vex::{
    DeclaredStatement, DeclaredVex, PackageScope, Scope, Statement, Status, Vex,
};
use heirloom_model::advisory::{Advisory, AdvisoryId, CveId, Fixed, ReferenceKind, Revision};
use heirloom_model::stream::StreamId;
use jiff::Timestamp;

pub use upstream::{Here, describe, with_upstream};

/// One record for each vulnerability, and what does not fit together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VexMade {
    /// The records, sorted by id.
    pub vex: Vec<Vex>,
    /// Declared statements that don't count, and why, in the file's order.
    pub findings: Vec<VexFinding>,
}

/// A declared statement does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexFinding {
    /// The vulnerability.
    pub cve: CveId,
    /// The package, as it was declared.
    pub package: PackageScope,
    /// What was declared.
    pub status: &'static str,
    /// The line of the file, from 1.
    pub line: usize,
    /// Why it does not count.
    pub kind: VexFindingKind,
}

/// Why a declared statement does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VexFindingKind {
    /// It is said not to be affected, and an advisory fixes it.
    Contradicts(AdvisoryId),
    /// It was open or not to be fixed, and an advisory has fixed it since.
    Outdated(AdvisoryId),
    /// Another statement is about the same package, in this line of the file; the newer counts.
    Twice(usize),
    /// The vulnerability was rejected.
    Rejected,
}

impl VexFinding {
    /// Whether one of two that contradict each other is wrong; else the statement was true once.
    #[must_use]
    pub fn is_contradiction(&self) -> bool {
        matches!(self.kind, VexFindingKind::Contradicts(_) | VexFindingKind::Twice(_))
    }
}

impl fmt::Display for VexFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cve, package, status, line, kind } = self;
        write!(f, "line {line}: {cve}, {package} is `{status}`, but ")?;
        match kind {
            VexFindingKind::Contradicts(advisory) => write!(f, "{advisory} fixes it there"),
            VexFindingKind::Outdated(advisory) => write!(f, "{advisory} has fixed it"),
            VexFindingKind::Twice(other) => write!(f, "line {other} speaks of the same package, and counts"),
            VexFindingKind::Rejected => f.write_str("the vulnerability was rejected"),
        }
    }
}

/// Makes one record of each vulnerability that an advisory fixes or that something was declared of. An advisory that
/// was withdrawn fixes nothing.
#[must_use]
pub fn vex(advisories: &[Advisory], declared: &DeclaredVex) -> VexMade {
    let mut known: BTreeMap<&CveId, Vex> = BTreeMap::new();
    let mut fixed: BTreeMap<&CveId, Vec<(&AdvisoryId, &Fixed)>> = BTreeMap::new();
    for advisory in advisories.iter().filter(|advisory| advisory.withdrawn.is_none()) {
        // One for all vulnerabilities: those of kernels have hundreds, with hundreds of packages.
        let packages: Vec<Scope> =
            advisory.fixed.iter().map(|fixed| Scope::Exact(Arc::new(fixed.clone()))).collect();
        for one in &advisory.vulnerabilities {
            let vex = known.entry(&one.id).or_insert_with(|| empty(&one.id));
            learn(vex, advisory, &one.id);
            let status = Status::Fixed { advisory: Some(advisory.id.clone()) };
            let statements =
                packages.iter().map(|scope| Statement { scope: scope.clone(), status: status.clone() });
            vex.statements.extend(statements);
            fixed
                .entry(&one.id)
                .or_default()
                .extend(advisory.fixed.iter().map(|fixed| (&advisory.id, fixed)));
        }
    }
    let rejected: BTreeSet<&CveId> = declared.rejected.iter().map(|one| &one.cve).collect();
    let mut findings = Vec::new();
    for (number, one) in declared.statements.iter().enumerate() {
        let kind = if rejected.contains(&one.cve) {
            Some(VexFindingKind::Rejected)
        } else if let Some(line) = beaten(number, &declared.statements) {
            Some(VexFindingKind::Twice(line))
        } else {
            let fixes = fixed.get(&one.cve).into_iter().flatten();
            let by =
                fixes.filter(|(_, fixed)| covers(&one.package, fixed)).map(|(id, _)| (*id).clone()).min();
            by.map(|id| match one.status {
                Status::NotAffected { .. } => VexFindingKind::Contradicts(id),
                _ => VexFindingKind::Outdated(id),
            })
        };
        match kind {
            Some(kind) => findings.push(VexFinding {
                cve: one.cve.clone(),
                package: one.package.clone(),
                status: one.status.name(),
                line: one.line,
                kind,
            }),
            None => {
                let vex = known.entry(&one.cve).or_insert_with(|| empty(&one.cve));
                told(vex, one.since, format!("{} of {}", capital(one.status.name()), one.package));
                let scope = Scope::Package(one.package.clone());
                vex.statements.push(Statement { scope, status: one.status.clone() });
            }
        }
    }
    for one in &declared.rejected {
        let vex = known.entry(&one.cve).or_insert_with(|| empty(&one.cve));
        told(vex, one.since, "Rejected".to_owned());
        vex.rejected = Some(one.why.clone());
        vex.statements.clear();
    }
    let whole = |mut vex: Vex| {
        vex.history.sort();
        vex.history.dedup();
        for (number, revision) in vex.history.iter_mut().enumerate() {
            revision.number = (number + 1).to_string();
        }
        vex.issued = vex.history.first().map_or(vex.issued, |one| one.date);
        vex.updated = vex.history.last().map_or(vex.updated, |one| one.date);
        let mut vex = vex.sorted();
        // Of advisories that fix the same in the same package, the first brought it.
        vex.statements.dedup_by(|later, first| later.scope == first.scope);
        vex
    };
    VexMade {
        // An advisory without packages says nothing of any product.
        vex: known
            .into_values()
            .filter(|vex| vex.rejected.is_some() || !vex.statements.is_empty())
            .map(whole)
            .collect(),
        findings,
    }
}

fn empty(cve: &CveId) -> Vex {
    Vex {
        cve: cve.clone(),
        title: String::new(),
        description: String::new(),
        severity: None,
        cvss: Vec::new(),
        weakness: None,
        workaround: String::new(),
        issued: Timestamp::UNIX_EPOCH,
        updated: Timestamp::UNIX_EPOCH,
        rejected: None,
        references: Vec::new(),
        history: Vec::new(),
        statements: Vec::new(),
    }
}

/// What an advisory says of a vulnerability.
fn learn(vex: &mut Vex, advisory: &Advisory, cve: &CveId) {
    told(vex, advisory.issued, format!("{} fixes it", advisory.id));
    if advisory.updated > advisory.issued {
        told(vex, advisory.updated, format!("{} was changed", advisory.id));
    }
    for one in advisory.vulnerabilities.iter().filter(|one| one.id == *cve) {
        if vex.title.is_empty() {
            vex.title.clone_from(&one.title);
        }
        vex.severity = vex.severity.max(one.severity);
        vex.cvss.extend(one.cvss.iter().cloned());
        vex.weakness = vex.weakness.take().or_else(|| one.weakness.clone());
    }
    for link in &advisory.references {
        let is_of_it = link.kind == ReferenceKind::Cve && link.id == cve.as_str();
        if is_of_it && !vex.references.iter().any(|known| known.url == link.url) {
            vex.references.push(link.clone());
        }
    }
}

fn told(vex: &mut Vex, date: Timestamp, summary: String) {
    vex.history.push(Revision { date, number: String::new(), summary });
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// Whether a declared package is, or is the source of, one that an advisory has.
fn covers(package: &PackageScope, fixed: &Fixed) -> bool {
    let is_name = fixed.name() == package.name()
        || fixed.source.as_ref().is_some_and(|source| source.name() == package.name());
    let is_major = package.major.is_empty() || fixed.major.is_empty() || package.major == fixed.major;
    is_name
        && is_major
        && package.module.as_ref().map(StreamId::enabled) == fixed.module.as_ref().map(StreamId::enabled)
}

/// The line of another statement of the same package that counts instead: the newer, and of two of one day the first.
fn beaten(number: usize, all: &[DeclaredStatement]) -> Option<usize> {
    let own = all.get(number)?;
    let is_same = |one: &DeclaredStatement| {
        let is_major = one.package.major.is_empty()
            || own.package.major.is_empty()
            || one.package.major == own.package.major;
        one.cve == own.cve
            && one.package.name() == own.package.name()
            && one.package.module == own.package.module
            && is_major
    };
    let beats = |(place, one): &(usize, &DeclaredStatement)| {
        *place != number
            && is_same(one)
            && (one.since > own.since || (one.since == own.since && *place < number))
    };
    all.iter().enumerate().find(beats).map(|(_, one)| one.line)
}

/// What a document that was read back says otherwise than the record that it was written from.
#[must_use]
pub fn vex_differences(record: &Vex, document: &Vex) -> Vec<String> {
    let (own, theirs) = (facts(record), facts(document));
    let lost = own.difference(&theirs).map(|fact| format!("{}: lost {fact}", record.cve));
    lost.chain(theirs.difference(&own).map(|fact| format!("{}: added {fact}", record.cve))).collect()
}

fn facts(vex: &Vex) -> BTreeSet<String> {
    let statement = |one: &Statement| {
        let status = match &one.status {
            Status::Fixed { advisory: Some(advisory) } => format!("fixed by {advisory}"),
            Status::NotAffected { justification: Some(justification), .. } => {
                format!("not affected, {}", justification.label())
            }
            other => other.name().to_owned(),
        };
        format!("{} of {} is {status}", one.scope, one.scope.major())
    };
    let rejected = vex.rejected.iter().map(|_| "that it was rejected".to_owned());
    let severity = vex.severity.map(|severity| format!("severity {}", severity.name()));
    vex.statements.iter().map(statement).chain(rejected).chain(severity).collect()
}
