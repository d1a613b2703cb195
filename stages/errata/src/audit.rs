//! What a machine needs: which of its packages are older than an advisory's fixes, and what that leaves open.
//!
//! A package is held against those of an advisory that have its name, its architecture if both are known, and the machine's
//! major version. A package of a module is only concerned by fixes for its own stream, any other one only by fixes outside
//! of modules. Its version is compared as rpm does.

mod crosscheck;
mod probe;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use heirloom_model::advisory::{Advisory, AdvisoryKind, CveId, Fixed, Severity};
use heirloom_model::{Evr, InstalledPackage};

pub use crosscheck::{Crosscheck, Difference, Published, Subject};
pub use probe::probes;

/// How rpm orders versions.
pub type Compare = fn(&Evr, &Evr) -> Ordering;

/// What is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The major version of its distribution; empty if it is not known, and fixes for any are held against it.
    pub major: String,
    /// Its packages.
    pub packages: Vec<InstalledPackage>,
}

/// How a machine stands to an advisory or a vulnerability that concerns it. Ordered, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// It has the fix.
    Fixed,
    /// It may need it: the package is of a module, and of the package or of the fix it is not known of which stream.
    Undecided,
    /// It needs the fix.
    Affected,
}

/// A package that an advisory concerns.
#[derive(Clone, Copy, Debug)]
pub struct Concerned<'m, 'a> {
    /// The package.
    pub package: &'m InstalledPackage,
    /// The first version with the fix, or the one that it has.
    pub fixed: &'a Fixed,
    /// How it stands.
    pub need: Need,
    /// Whether the advisory names only the source package that it was built from.
    pub by_source: bool,
    /// Whether it is installed beside a later version of itself that has the fix, as kernels are.
    pub beside_fixed: bool,
}

/// An advisory that concerns a machine.
#[derive(Clone, Debug)]
pub struct Concern<'m, 'a> {
    /// The advisory.
    pub advisory: &'a Advisory,
    /// The worst of its packages.
    pub need: Need,
    /// The machine's packages that it has fixes of, in the machine's order.
    pub packages: Vec<Concerned<'m, 'a>>,
}

/// A vulnerability that concerns a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure<'a> {
    /// The vulnerability.
    pub id: &'a CveId,
    /// The worst of the advisories that fix it.
    pub need: Need,
    /// How bad it is: its own rating, else that of the worst advisory that fixes it.
    pub severity: Option<Severity>,
    /// Those that fix it and concern the machine, sorted by id.
    pub advisories: Vec<&'a Advisory>,
}

/// What was found of a machine.
#[derive(Clone, Debug, Default)]
pub struct Audit<'m, 'a> {
    /// The advisories that concern it, sorted by id. Those that were withdrawn say nothing.
    pub concerns: Vec<Concern<'m, 'a>>,
}

/// Advisories, ready to be held against machines.
pub struct Auditor<'a> {
    advisories: Vec<&'a Advisory>,
    /// By name of the package; those of one advisory stand together.
    by_name: HashMap<&'a str, Vec<Entry<'a>>>,
    compare: Compare,
}

#[derive(Clone, Copy)]
struct Entry<'a> {
    advisory: usize,
    fixed: &'a Fixed,
}

impl<'a> Auditor<'a> {
    /// Sorts advisories by what they are about, each id once.
    #[must_use]
    pub fn new(advisories: impl IntoIterator<Item = &'a Advisory>, compare: Compare) -> Self {
        let mut all: Vec<_> = advisories.into_iter().filter(|one| one.withdrawn.is_none()).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        let mut by_name: HashMap<&str, Vec<Entry<'a>>> = HashMap::new();
        for (advisory, one) in all.iter().enumerate() {
            for fixed in &one.fixed {
                by_name.entry(fixed.name()).or_default().push(Entry { advisory, fixed });
            }
        }
        Self { advisories: all, by_name, compare }
    }

    /// Holds them against a machine.
    #[must_use]
    pub fn audit<'m>(&self, machine: &'m Machine) -> Audit<'m, 'a> {
        let mut found: BTreeMap<usize, Vec<Concerned<'m, 'a>>> = BTreeMap::new();
        for package in &machine.packages {
            let of = |name: &str| self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
            let named = of(package.name());
            for entries in named.chunk_by(|a, b| a.advisory == b.advisory) {
                self.add(&mut found, machine, package, package.evr(), entries, false);
            }
            // What an advisory names without an architecture may be a source package. Where it names this very package,
            // too, that counts.
            let Some(source) = package.source.as_ref().filter(|source| source.name() != package.name())
            else {
                continue;
            };
            for entries in of(source.name()).chunk_by(|a, b| a.advisory == b.advisory) {
                let is_named = entries.first().is_some_and(|first| {
                    named.binary_search_by(|entry| entry.advisory.cmp(&first.advisory)).is_ok()
                });
                let sources: Vec<_> = entries
                    .iter()
                    .filter(|entry| entry.fixed.arch().is_none() && entry.fixed.source.is_none())
                    .copied()
                    .collect();
                if let Some(first) = sources.first().filter(|_| !is_named) {
                    let evr = source_evr(package, source.evr(), first.fixed);
                    self.add(&mut found, machine, package, &evr, &sources, true);
                }
            }
        }
        let concern = |(advisory, mut packages): (usize, Vec<Concerned<'m, 'a>>)| {
            let need = packages.iter().map(|one| one.need).max()?;
            beside(&mut packages);
            Some(Concern { advisory: self.advisories.get(advisory)?, need, packages })
        };
        Audit { concerns: found.into_iter().filter_map(concern).collect() }
    }

    /// Whether any advisory is about a package of this name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    fn add<'m>(
        &self,
        found: &mut BTreeMap<usize, Vec<Concerned<'m, 'a>>>,
        machine: &Machine,
        package: &'m InstalledPackage,
        evr: &Evr,
        entries: &[Entry<'a>],
        by_source: bool,
    ) {
        let Some((need, Entry { advisory, fixed })) = self.need(machine, package, evr, entries) else {
            return;
        };
        let concerned = Concerned { package, fixed, need, by_source, beside_fixed: false };
        found.entry(advisory).or_default().push(concerned);
    }

    /// How a package of this version stands to what one advisory says of its name; none if it does not concern it.
    fn need(
        &self,
        machine: &Machine,
        package: &InstalledPackage,
        evr: &Evr,
        entries: &[Entry<'a>],
    ) -> Option<(Need, Entry<'a>)> {
        let is_same = |a: &str, b: &str| a.is_empty() || b.is_empty() || a == b;
        let concerning = || {
            entries.iter().filter_map(|entry| {
                let arches = entry.fixed.arch().zip(package.arch());
                let is_for_it = is_same(&entry.fixed.major, &machine.major)
                    && arches.is_none_or(|(theirs, own)| theirs == own);
                let of_stream = of_stream(package, entry.fixed);
                (is_for_it && of_stream != Some(false)).then_some((*entry, of_stream == Some(true)))
            })
        };
        // Builds of a module for several contexts differ in their releases alone: each of them has the fix.
        let is_it = |(entry, _): &(Entry<'a>, bool)| (self.compare)(evr, entry.fixed.evr()).is_eq();
        if let Some((entry, _)) = concerning().find(is_it) {
            return Some((Need::Fixed, entry));
        }
        let is_older = |(entry, _): &(Entry<'a>, bool)| {
            let is_concerned = entry.fixed.first().is_none_or(|first| (self.compare)(evr, first).is_ge());
            is_concerned && (self.compare)(evr, entry.fixed.evr()).is_lt()
        };
        let by_version = |a: &Entry<'a>, b: &Entry<'a>| (self.compare)(a.fixed.evr(), b.fixed.evr());
        let nearest = |is_known: bool| {
            let missing =
                concerning().filter(|one| one.1 == is_known).filter(is_older).map(|(entry, _)| entry);
            missing.min_by(by_version)
        };
        if let Some(entry) = nearest(true) {
            return Some((Need::Affected, entry));
        }
        if let Some(entry) = nearest(false) {
            return Some((Need::Undecided, entry));
        }
        let has = |entry: &Entry<'a>| (self.compare)(evr, entry.fixed.evr()).is_gt();
        let known = concerning().filter(|(_, is_known)| *is_known).map(|(entry, _)| entry).filter(has);
        known.max_by(by_version).map(|entry| (Need::Fixed, entry))
    }
}

/// Whether a fix is for the stream that a package is of; none if that can't be told.
fn of_stream(package: &InstalledPackage, fixed: &Fixed) -> Option<bool> {
    let is_modular = || {
        let release = fixed.evr().release();
        release.contains(".module+") || release.contains(".module_")
    };
    match (&package.module, &fixed.module) {
        (Some(own), Some(theirs)) => Some(own.enabled() == theirs.enabled()),
        (Some(_), None) => (!is_modular()).then_some(false),
        (None, Some(_)) => (!package.looks_modular()).then_some(false),
        (None, None) => match (package.looks_modular(), is_modular()) {
            (true, true) => None,
            (own, theirs) => Some(own == theirs),
        },
    }
}

/// The version of a package's source. File names have no epoch: it is the package's own where the version is the same,
/// and else taken to be the fix's, since sources hardly ever get another one.
fn source_evr(package: &InstalledPackage, source: &Evr, fixed: &Fixed) -> Evr {
    let own = package.evr();
    let is_same = (own.version(), own.release()) == (source.version(), source.release());
    let epoch = match source.epoch() {
        0 if is_same => own.epoch(),
        0 => fixed.evr().epoch(),
        epoch => epoch,
    };
    Evr::new(epoch, source.version(), source.release()).unwrap_or_else(|_| source.clone())
}

/// Marks what is installed beside a later version with the fix.
fn beside(packages: &mut [Concerned<'_, '_>]) {
    let fixed: Vec<_> =
        packages.iter().filter(|one| one.need == Need::Fixed).map(|one| one.package).collect();
    for one in packages.iter_mut().filter(|one| one.need == Need::Affected) {
        let is_its = |other: &&InstalledPackage| {
            (other.name(), other.arch()) == (one.package.name(), one.package.arch())
        };
        one.beside_fixed = fixed.iter().any(is_its);
    }
}

impl<'a> Audit<'_, 'a> {
    /// The vulnerabilities that concern the machine, sorted by id, each once, whatever advisories fix them.
    #[must_use]
    pub fn exposures(&self) -> Vec<Exposure<'a>> {
        self.exposures_by(|_| true)
    }

    /// Those that security advisories fix.
    fn exposures_of_security(&self) -> Vec<Exposure<'a>> {
        self.exposures_by(|advisory| advisory.kind == AdvisoryKind::Security)
    }

    fn exposures_by(&self, counts: impl Fn(&Advisory) -> bool) -> Vec<Exposure<'a>> {
        let mut by_id: BTreeMap<&'a CveId, (Option<Severity>, Exposure<'a>)> = BTreeMap::new();
        for Concern { advisory, need, .. } in self.concerns.iter().filter(|one| counts(one.advisory)) {
            for vulnerability in &advisory.vulnerabilities {
                let id = &vulnerability.id;
                let new = Exposure { id, need: *need, severity: None, advisories: Vec::new() };
                let (own, exposure) = by_id.entry(id).or_insert((None, new));
                exposure.need = exposure.need.max(*need);
                *own = (*own).max(vulnerability.severity);
                exposure.severity = exposure.severity.max(advisory.severity);
                exposure.advisories.push(advisory);
            }
        }
        let rated = |(own, exposure): (Option<Severity>, Exposure<'a>)| {
            let severity = own.or(exposure.severity);
            Exposure { severity, ..exposure }
        };
        by_id.into_values().map(rated).collect()
    }
}
