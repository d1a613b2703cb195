//! `heirloom audit`: what a system lacks.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use heirloom_errata::audit::{Audit, Auditor, Concern, Machine, Need};
use heirloom_formats::advisory::Reading;
use heirloom_formats::{Document, evr, lifecycle};
use heirloom_model::advisory::{AdvisoryKind, Severity};
use jiff::Timestamp;
use serde::Serialize;

use super::errata::{Contradiction, Fault};
use super::lifecycle::check::{Machine as Supported, stands};
use crate::cli::{self, FailOn};
use crate::context::latest;
use crate::fail::{Exit, Fail};
use crate::flow::errata::{self, Read};
use crate::flow::installed::{self, Installed};
use crate::flow::{audit, told};
use crate::ui::Shown;

/// Days before its end within which a package is told of.
const SOON: u32 = 90;

/// The whole answer. docs/audit.md describes it.
#[derive(Serialize)]
struct Report {
    system: System,
    advisories: Advisories,
    /// What has to be known beside the lists.
    notes: Vec<String>,
    /// Advisories that the system needs, the worst first.
    needed: Vec<Needed>,
    /// Vulnerabilities that concern its packages, sorted by id.
    vulnerabilities: Vec<Vulnerability>,
    /// How long the packages are supported, if the bundle says so.
    support: Option<Supported>,
    /// Packages that could not be read.
    unread: Vec<String>,
    /// Documents, or advisories of them, that could not be read.
    faults: Vec<Fault>,
    /// Documents that did not count, as others say something newer of the same advisory.
    contradictions: Vec<Contradiction>,
}

/// What was looked at.
#[derive(Serialize)]
struct System {
    target: String,
    kind: &'static str,
    form: String,
    id: String,
    version: String,
    major: String,
    packages: usize,
    /// Parts of a list that are no rpm packages, by their kind.
    others: BTreeMap<String, usize>,
}

/// By what it was judged.
#[derive(Serialize)]
struct Advisories {
    documents: usize,
    count: usize,
    majors: BTreeSet<String>,
    latest: Option<Timestamp>,
    /// Fingerprint of the key that signed the bundle.
    signed_by: Option<String>,
    /// How many concern packages of the system, and how many of them it has, needs, and may need.
    concerned: usize,
    fixed: usize,
    needed: usize,
    undecided: usize,
}

/// An advisory that the system needs, or may need.
#[derive(Serialize)]
struct Needed {
    id: String,
    kind: AdvisoryKind,
    severity: Option<Severity>,
    /// `affected` or `undecided`.
    status: &'static str,
    title: String,
    packages: Vec<Package>,
    vulnerabilities: Vec<String>,
}

/// A package that is older than its fix.
#[derive(Serialize)]
struct Package {
    name: String,
    arch: Option<String>,
    installed: String,
    fixed: String,
    /// `name:stream` of the module that it is of.
    module: Option<String>,
    /// The source package by whose version it was judged.
    source: Option<String>,
    /// Whether a later version of it with the fix is installed, too.
    beside_fixed: bool,
    status: &'static str,
}

/// A vulnerability that concerns packages of the system.
#[derive(Serialize)]
struct Vulnerability {
    id: String,
    /// `affected`, `undecided` or `fixed`.
    status: &'static str,
    severity: Option<Severity>,
    /// The advisories that fix it.
    advisories: Vec<String>,
}

pub(crate) fn run(args: &cli::Audit) -> Result<Shown, Fail> {
    let installed = installed::packages(&args.target)?;
    let major = installed.major(args.major.as_deref())?;
    let reading = Reading { latest: latest(), major: &major };
    let mut read = match &args.advisories[..] {
        [] => Read::default(),
        sources => errata::read(sources, reading)?,
    };
    let (mut signed_by, mut life) = (None, None);
    if let Some(path) = &args.bundle {
        let (bundle, signer) = audit::bundle(path, args.key.as_deref(), reading)?;
        signed_by = signer;
        read.documents += 1;
        read.bundles.push(bundle.header);
        audit::join(&mut read, &path.display().to_string(), bundle.advisories);
        if let Some(value) = bundle.lifecycle {
            let name = format!("lifecycle of {}", path.display());
            life = Some(lifecycle::read_json(Document::new(&name, value.to_string().as_bytes()))?);
        }
    }
    let Installed { kind, form, packages, system, others, faults: unread } = installed;
    let support = life.map(|life| {
        let target = args.target.display().to_string();
        stands(&target, &system, &packages, &life, (told::today(), SOON))
    });
    // A document about another distribution says nothing of this one.
    let (support, other_life) = match support {
        Some(Ok(support)) => (Some(support), None),
        Some(Err(why)) => (None, Some(why.message)),
        None => (None, None),
    };
    let machine = Machine { major, packages };
    let auditor = Auditor::new(&read.advisories, evr::compare);
    let audit = auditor.audit(&machine);
    let count = |need| audit.concerns.iter().filter(|one| one.need == need).count();
    let majors: BTreeSet<String> =
        read.advisories.iter().flat_map(|one| one.majors()).map(str::to_owned).collect();
    let advisories = Advisories {
        documents: read.documents,
        count: read.advisories.len(),
        latest: read.advisories.iter().map(|one| one.updated).max(),
        signed_by,
        concerned: audit.concerns.len(),
        fixed: count(Need::Fixed),
        needed: count(Need::Affected),
        undecided: count(Need::Undecided),
        majors,
    };
    let is_covered = advisories.majors.contains(&machine.major) || advisories.majors.contains("");
    let system = System {
        target: args.target.display().to_string(),
        kind,
        form,
        id: system.id,
        version: system.version,
        packages: machine.packages.len(),
        major: machine.major.clone(),
        others,
    };
    let mut notes = Vec::new();
    if !is_covered {
        notes.push(not_covered(&system, &advisories));
    }
    notes.extend(read.bundles.iter().filter_map(|bundle| other_distribution(&system, &bundle.distribution)));
    if args.bundle.is_some() && advisories.signed_by.is_none() {
        notes.push("nobody's signature of the bundle was verified; --key does".to_owned());
    }
    notes.extend(beside(&system, &advisories, &audit));
    notes.extend(other_life.map(|why| format!("how long packages are supported is not told: {why}")));
    let is_supported = support.as_ref().is_none_or(Supported::is_supported);
    let exit = exit(args, &audit, is_supported, is_covered && unread.is_empty() && read.faults.is_empty());
    let report = Report {
        notes,
        needed: needed(&audit),
        vulnerabilities: vulnerabilities(&audit),
        support,
        system,
        advisories,
        unread,
        faults: read.faults.into_iter().map(Fault::from).collect(),
        contradictions: read.contradictions.into_iter().map(Contradiction::from).collect(),
    };
    Ok(Shown::new(&report, text::text(&report))?.exit(exit))
}

/// What is needed and bad enough, before what could not be read.
fn exit(args: &cli::Audit, audit: &Audit<'_, '_>, is_supported: bool, is_whole: bool) -> Exit {
    let counts = |one: &&Concern<'_, '_>| {
        let is_bad = one.advisory.severity.is_none_or(|own| args.severity.is_none_or(|least| own >= least));
        let is_security =
            one.advisory.kind == AdvisoryKind::Security || !one.advisory.vulnerabilities.is_empty();
        one.need == Need::Affected && is_security && is_bad
    };
    let is_vulnerable = || audit.concerns.iter().any(|one| counts(&one));
    match (args.fail_on, is_whole) {
        (FailOn::Vulnerable, _) if is_vulnerable() => Exit::Promise,
        (FailOn::Unsupported, _) if !is_supported || is_vulnerable() => Exit::Promise,
        (_, true) => Exit::Fine,
        (_, false) => Exit::Failed,
    }
}

/// Advisories that say nothing of the system: nothing found is nothing known.
fn not_covered(system: &System, advisories: &Advisories) -> String {
    let for_them = advisories.majors.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match advisories.majors.is_empty() {
        true => "the advisories name no packages: they say nothing of this system".to_owned(),
        false => format!(
            "the advisories are for major version {for_them}, the system is of {}: they say nothing of it",
            system.major
        ),
    }
}

fn other_distribution(system: &System, distribution: &str) -> Option<String> {
    let is_known = !distribution.is_empty() && !system.id.is_empty();
    (is_known && distribution != system.id).then(|| {
        format!(
            "the bundle is for `{distribution}`, the system is `{}`: versions of another distribution may mean something else",
            system.id
        )
    })
}

/// What the lists don't say by themselves.
fn beside(system: &System, advisories: &Advisories, audit: &Audit<'_, '_>) -> Vec<String> {
    let mut notes = Vec::new();
    if advisories.concerned == 0 && advisories.count > 0 {
        notes.push("none of the advisories concerns a package of the system".to_owned());
    }
    if system.packages == 0 {
        notes.push("there are no packages".to_owned());
    }
    if advisories.undecided > 0 {
        notes.push(format!(
            "{} advisories are undecided: of a package or of its fix it is not known to which stream of a module it belongs",
            advisories.undecided
        ));
    }
    let all = || audit.concerns.iter().flat_map(|one| &one.packages);
    let old: BTreeSet<_> = all().filter(|one| one.beside_fixed).map(|one| one.package.to_string()).collect();
    if !old.is_empty() {
        let names = old.into_iter().collect::<Vec<_>>().join(", ");
        notes.push(format!(
            "a later version is installed beside {names}: what runs may still be the earlier one; start the later one, \
             and remove the earlier one (`dnf remove --oldinstallonly`)"
        ));
    }
    if !system.others.is_empty() {
        let kinds: Vec<_> = system.others.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        notes.push(format!("parts that are no rpm packages were not looked at: {}", kinds.join(", ")));
    }
    notes
}

fn needed(audit: &Audit<'_, '_>) -> Vec<Needed> {
    let mut all: Vec<_> = audit.concerns.iter().filter(|one| one.need != Need::Fixed).collect();
    all.sort_by(|a, b| {
        let key = |one: &Concern<'_, '_>| (one.need, one.advisory.severity);
        key(b).cmp(&key(a)).then_with(|| a.advisory.id.cmp(&b.advisory.id))
    });
    let one = |concern: &Concern<'_, '_>| Needed {
        id: concern.advisory.id.to_string(),
        kind: concern.advisory.kind,
        severity: concern.advisory.severity,
        status: concern.need.name(),
        title: concern.advisory.title.clone(),
        packages: concern
            .packages
            .iter()
            .filter(|one| one.need != Need::Fixed)
            .map(|one| Package {
                name: one.package.name().to_owned(),
                arch: one.package.arch().map(str::to_owned),
                installed: one.package.evr().to_string(),
                fixed: one.fixed.evr().to_string(),
                module: one
                    .package
                    .module
                    .as_ref()
                    .map(|module| format!("{}:{}", module.name, module.stream)),
                source: one.package.source.as_ref().filter(|_| one.by_source).map(ToString::to_string),
                beside_fixed: one.beside_fixed,
                status: one.need.name(),
            })
            .collect(),
        vulnerabilities: concern.advisory.vulnerabilities.iter().map(|one| one.id.to_string()).collect(),
    };
    all.into_iter().map(one).collect()
}

fn vulnerabilities(audit: &Audit<'_, '_>) -> Vec<Vulnerability> {
    let all = audit.exposures().into_iter();
    all.map(|one| Vulnerability {
        id: one.id.to_string(),
        status: one.need.name(),
        severity: one.severity,
        advisories: one.advisories.iter().map(|advisory| advisory.id.to_string()).collect(),
    })
    .collect()
}
