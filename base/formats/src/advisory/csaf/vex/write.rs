//! Writing a document of VEX.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::advisory::vex::{Justification, PackageScope, Scope, Status as Said, Vex};
use heirloom_model::advisory::{AdvisoryId, Severity, Vulnerability as Described};
use jiff::Timestamp;

use super::{NO_FIX_YET, NOT_AFFECTED, REJECTED, path};
use crate::advisory::Issuer;
use crate::advisory::csaf::document::{
    Branch, Csaf, Distribution, Flag, Link, Meta, Relationship, Remediation, Revision, Status, Text, Threat,
    Tlp, Tracking, Tree, Vulnerability,
};
use crate::advisory::csaf::write::{
    branch, cpe, described, filled, generator, leaf, link, note, package_id, platform_id, platform_name,
    product, publisher, purl,
};
use crate::advisory::purl::Purl;

/// Writes one; none if nothing is said of any product, as there is no such document. The same record gives the same
/// bytes.
///
/// # Errors
/// None that a record can lead to; serialising is fallible by type.
pub fn write(vex: &Vex, issuer: Issuer<'_>) -> Result<Option<String>, serde_json::Error> {
    let whole = Scope::Whole(String::new());
    let rejected = vex.rejected.as_ref().map(|why| Said::NotAffected {
        justification: None,
        impact: format!("{} was rejected: {}", vex.cve, filled(why, "it is no vulnerability.")),
    });
    let mut made = Made::default();
    match &rejected {
        Some(status) => made.add(&whole, status, issuer),
        None => vex.statements.iter().for_each(|one| made.add(&one.scope, &one.status, issuer)),
    }
    if made.seen.is_empty() {
        return Ok(None);
    }
    let csaf = Csaf {
        document: meta(vex, issuer),
        product_tree: Some(made.tree(issuer)),
        vulnerabilities: vec![made.vulnerability(vex, issuer)],
    };
    // Not indented: those of kernels have some hundred products, most of which would be white space.
    serde_json::to_string(&csaf).map(|text| Some(text + "\n"))
}

fn meta(vex: &Vex, issuer: Issuer<'_>) -> Meta {
    let about = filled(&vex.title, vex.cve.as_str());
    let mut notes = vec![note("summary", "Topic", about)];
    if let Some(why) = &vex.rejected {
        notes.push(note("other", REJECTED, filled(why, "It is no vulnerability.")));
    }
    let own = |summary: String, url: String| Link { category: Some("self".to_owned()), summary, url };
    let mut references = vec![own(format!("{} as CSAF", vex.cve), format!("{}/{}", issuer.home, path(vex)))];
    references.extend(vex.references.iter().map(link));
    Meta {
        aggregate_severity: vex.severity.map(|severity| Text { text: severity.name().to_owned() }),
        category: "csaf_vex".to_owned(),
        csaf_version: "2.0".to_owned(),
        distribution: Some(Distribution { tlp: Some(Tlp { label: "WHITE".to_owned() }) }),
        lang: Some("en".to_owned()),
        notes,
        publisher: publisher(issuer),
        references,
        title: about.to_owned(),
        tracking: tracking(vex),
    }
}

/// The account that was kept; else one entry for the first statement, and one for the last.
fn tracking(vex: &Vex) -> Tracking {
    let mut known: Vec<(Timestamp, &str)> =
        vex.history.iter().map(|one| (one.date, filled(&one.summary, "Changed"))).collect();
    known.sort();
    if known.first().is_none_or(|(date, _)| *date > vex.issued) {
        known.insert(0, (vex.issued, "Issued"));
    }
    if known.last().is_some_and(|(date, _)| *date < vex.updated) {
        known.push((vex.updated, if vex.rejected.is_some() { "Rejected" } else { "Changed" }));
    }
    let revision = |(number, (date, summary)): (usize, &(Timestamp, &str))| Revision {
        date: date.to_string(),
        number: (number + 1).to_string(),
        summary: (*summary).to_owned(),
    };
    Tracking {
        current_release_date: known.last().map_or(vex.updated, |(date, _)| *date).to_string(),
        generator: Some(generator()),
        id: vex.cve.to_string(),
        initial_release_date: known.first().map_or(vex.issued, |(date, _)| *date).to_string(),
        revision_history: known.iter().enumerate().map(revision).collect(),
        status: "final".to_owned(),
        version: known.len().to_string(),
    }
}

/// The products of a document, and what is said of each.
#[derive(Default)]
struct Made<'a> {
    /// Ids of products of which something is said.
    seen: BTreeSet<String>,
    majors: BTreeSet<&'a str>,
    /// Packages by architecture, and by id.
    packages: BTreeMap<Option<&'a str>, BTreeMap<String, Branch>>,
    relationships: BTreeMap<String, Relationship>,
    status: Status,
    flags: BTreeMap<Justification, Vec<String>>,
    impacts: BTreeMap<&'a str, Vec<String>>,
    fixes: BTreeMap<&'a AdvisoryId, Vec<String>>,
    no_fixes: BTreeMap<(&'static str, &'a str), Vec<String>>,
}

impl<'a> Made<'a> {
    fn add(&mut self, scope: &'a Scope, status: &'a Said, issuer: Issuer<'_>) {
        let platform = platform_id(issuer, scope.major());
        let package = match scope {
            Scope::Whole(_) => None,
            Scope::Package(package) => {
                let id = format!("{package}:any");
                Some((id.clone(), package.arch(), leaf("product_name", &id, any(package, &id, issuer))))
            }
            Scope::Exact(fixed) => {
                let id = package_id(fixed);
                let product = product(&id, &id, None, Some(purl(fixed, issuer)));
                Some((id.clone(), fixed.arch(), leaf("product_version", &id, product)))
            }
        };
        let id = match &package {
            Some((id, ..)) => format!("{platform}:{id}"),
            None => platform.clone(),
        };
        // A product has one state only (6.1.6).
        if !self.seen.insert(id.clone()) {
            return;
        }
        self.majors.insert(scope.major());
        if let Some((component, arch, branch)) = package {
            let name = format!("{component} as a component of {}", platform_name(issuer, scope.major()));
            let relationship = Relationship {
                category: "default_component_of".to_owned(),
                full_product_name: product(&name, &id, None, None),
                product_reference: component.clone(),
                relates_to_product_reference: platform,
            };
            self.packages.entry(arch).or_default().insert(component, branch);
            self.relationships.insert(id.clone(), relationship);
        }
        self.say(id, status);
    }

    fn say(&mut self, id: String, status: &'a Said) {
        match status {
            Said::Fixed { advisory } => {
                if let Some(advisory) = advisory {
                    self.fixes.entry(advisory).or_default().push(id.clone());
                }
                self.status.fixed.push(id);
            }
            Said::NotAffected { justification, impact } => {
                if let Some(justification) = justification {
                    self.flags.entry(*justification).or_default().push(id.clone());
                }
                if justification.is_none() || !impact.is_empty() {
                    self.impacts.entry(filled(impact, NOT_AFFECTED)).or_default().push(id.clone());
                }
                self.status.known_not_affected.push(id);
            }
            Said::UnderInvestigation => self.status.under_investigation.push(id),
            Said::Affected { note } => {
                self.no_fixes
                    .entry(("none_available", filled(note, NO_FIX_YET)))
                    .or_default()
                    .push(id.clone());
                self.status.known_affected.push(id);
            }
            Said::WillNotFix { why } => {
                let why = filled(why, "There will be no fix.");
                self.no_fixes.entry(("no_fix_planned", why)).or_default().push(id.clone());
                self.status.known_affected.push(id);
            }
        }
    }

    /// The distribution by its major versions, and packages by their architecture.
    fn tree(&mut self, issuer: Issuer<'_>) -> Tree {
        let platforms = self.majors.iter().map(|major| {
            let (name, id) = (platform_name(issuer, major), platform_id(issuer, major));
            let cpe = cpe(issuer, major).unwrap_or_else(|| format!("cpe:/o:{0}:{0}", issuer.id));
            leaf("product_name", &name, product(&name, &id, Some(cpe), None))
        });
        let mut vendor = vec![branch("product_family", issuer.name, platforms.collect())];
        for (arch, packages) in std::mem::take(&mut self.packages) {
            let packages = packages.into_values();
            match arch {
                Some(arch) => vendor.push(branch("architecture", arch, packages.collect())),
                None => vendor.extend(packages),
            }
        }
        Tree {
            branches: vec![branch("vendor", issuer.name, vendor)],
            full_product_names: Vec::new(),
            relationships: std::mem::take(&mut self.relationships).into_values().collect(),
        }
    }

    fn vulnerability(self, vex: &Vex, issuer: Issuer<'_>) -> Vulnerability {
        let all: Vec<String> = self.seen.into_iter().collect();
        let about = Described {
            id: vex.cve.clone(),
            title: vex.title.clone(),
            severity: None,
            cvss: vex.cvss.clone(),
            weakness: vex.weakness.clone(),
        };
        let text = filled(&vex.description, filled(&vex.title, vex.cve.as_str()));
        let mut status = self.status;
        let lists = [
            &mut status.fixed,
            &mut status.known_affected,
            &mut status.known_not_affected,
            &mut status.under_investigation,
        ];
        lists.into_iter().for_each(|list| list.sort());
        let concerned: Vec<String> =
            all.iter().filter(|id| status.known_not_affected.binary_search(id).is_err()).cloned().collect();
        let threat = |details: &str, product_ids: Vec<String>| Threat {
            category: "impact".to_owned(),
            details: details.to_owned(),
            product_ids,
        };
        // Of what is not affected, the impact is why it is not.
        let severity = vex.severity.filter(|_| !concerned.is_empty()).map(Severity::name);
        let severity = severity.map(|name| threat(name, concerned.clone()));
        let impacts = self.impacts.into_iter().map(|(impact, ids)| threat(impact, ids));
        let flag =
            |(label, product_ids): (Justification, _)| Flag { label: label.label().to_owned(), product_ids };
        let remedy = |category: &str, details: &str, url: Option<String>, product_ids: Vec<String>| {
            Remediation { category: category.to_owned(), details: details.to_owned(), product_ids, url }
        };
        let mut remediations = Vec::new();
        for (advisory, ids) in self.fixes {
            let details = format!("Install the packages of {advisory}.");
            remediations.push(remedy("vendor_fix", &details, Some(issuer.advisory_page(advisory)), ids));
        }
        for ((category, details), ids) in self.no_fixes {
            remediations.push(remedy(category, details, None, ids));
        }
        if !vex.workaround.is_empty() && !concerned.is_empty() {
            remediations.push(remedy("workaround", &vex.workaround, None, concerned));
        }
        let base = described(&about, text, &all);
        Vulnerability {
            flags: self.flags.into_iter().map(flag).collect(),
            product_status: Some(status),
            remediations,
            scores: if vex.rejected.is_some() { Vec::new() } else { base.scores },
            threats: severity.into_iter().chain(impacts).collect(),
            ..base
        }
    }
}

/// A package without a version. One product for all major versions: which it is a component of says of which it is.
fn any(package: &PackageScope, id: &str, issuer: Issuer<'_>) -> super::super::document::Product {
    let purl = Purl {
        namespace: issuer.id.to_owned(),
        name: package.name().to_owned(),
        arch: package.arch().map(str::to_owned),
        module: package.module.clone(),
        ..Purl::default()
    };
    product(id, id, None, Some(purl.to_string()))
}
