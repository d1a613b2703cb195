//! Reading a document of VEX.

use std::collections::BTreeMap;
use std::sync::Arc;

use heirloom_model::Nevra;
use heirloom_model::advisory::vex::{Justification, PackageScope, Scope, Statement, Status, Vex};
use heirloom_model::advisory::{AdvisoryId, CveId, Fixed, Reference, Revision, Severity, Weakness};
use heirloom_model::stream::StreamId;

use super::{NO_FIX_YET, NOT_AFFECTED, REJECTED};
use crate::advisory::csaf::document::{self, Csaf, Product, Remediation, Vulnerability};
use crate::advisory::csaf::read::{Products, cpe_major, note, rating, reference, stream};
use crate::advisory::error::{cut, few, json, tidy};
use crate::advisory::purl::Purl;
use crate::advisory::{AdvisoryError, LARGEST, MOST_PACKAGES, MOST_REFERENCES, Reading, time};
use crate::document::Document;

/// How descriptions begin of what was rejected by who numbers vulnerabilities.
const REJECTIONS: [&str; 2] = ["** REJECT **", "Rejected reason:"];

/// Reads one. Of its products, those count whose platform's CPE begins with one of these, as
/// `cpe:/o:redhat:enterprise_linux`; without any, all count. What is no RPM package, such as a container, is left out.
///
/// # Errors
/// The document is damaged, too large or another one, or is not about one CVE; a date, a label or a product is not what
/// it should be.
pub fn read(document: Document<'_>, reading: Reading<'_>, platforms: &[&str]) -> Result<Vex, AdvisoryError> {
    let name = document.name;
    let document = document.at_most(LARGEST as u64);
    let content = document.decompress().map_err(|error| AdvisoryError::damaged(name, &error))?;
    let Csaf { document: meta, product_tree, vulnerabilities } = json(name, &content)?;
    let failed = |field: &str, message: &dyn std::fmt::Display| AdvisoryError::new(name, field, message);
    if meta.csaf_version != "2.0" || meta.category != "csaf_vex" {
        let found = format!("{} in CSAF {}", cut(&meta.category), cut(&meta.csaf_version));
        return Err(failed("document.category", &format!("expected csaf_vex in CSAF 2.0, found {found}")));
    }
    let [one] = &vulnerabilities[..] else {
        let message = format!("expected one, found {}", vulnerabilities.len());
        return Err(failed("vulnerabilities", &message));
    };
    let cve: CveId = one
        .cve
        .as_deref()
        .unwrap_or_default()
        .parse()
        .map_err(|error| failed("vulnerabilities[0].cve", &error))?;
    let date = |field: &str, text: &str| {
        let field = format!("document.tracking.{field}");
        let date = time(text).ok_or_else(|| failed(&field, &format!("`{}` is no date", cut(text))))?;
        if date > reading.latest {
            return Err(failed(&field, &format!("{date} of {cve} is in the future")));
        }
        Ok(date)
    };
    let tree = product_tree.as_ref().map(|tree| Products::of(tree, "")).transpose();
    let tree = tree.map_err(|message| failed("product_tree", &message))?.unwrap_or_default();
    few(
        name,
        "vulnerabilities[0].references",
        one.references.len() + meta.references.len(),
        MOST_REFERENCES,
    )?;

    let said = note(&one.notes, "description", None).unwrap_or_default().to_owned();
    let title = one.title.clone().unwrap_or_default();
    let declared = note(&meta.notes, "other", Some(REJECTED));
    let rejected = declared.map(str::to_owned).or_else(|| {
        let why = REJECTIONS.iter().find_map(|begin| said.trim_start().strip_prefix(begin))?;
        Some(why.trim().to_owned())
    });
    let statements = match rejected {
        Some(_) => Vec::new(),
        None => Said::of(one)
            .and_then(|said| said.statements(&tree, platforms))
            .map_err(|(field, message)| failed(&format!("vulnerabilities[0].{field}"), &message))?,
    };
    let impacts = one.threats.iter().filter(|threat| threat.category == "impact");
    let severity = impacts.filter_map(|threat| Severity::of(threat.details.trim())).max();
    let mut cvss: Vec<_> =
        one.scores.iter().flat_map(|score| [&score.cvss_v2, &score.cvss_v3]).flatten().map(rating).collect();
    cvss.sort();
    cvss.dedup();
    let workaround = one.remediations.iter().find(|remedy| remedy.category == "workaround");
    let history = meta.tracking.revision_history.iter().map(|revision| {
        let date = date("revision_history", &revision.date)?;
        Ok(Revision { date, number: revision.number.clone(), summary: revision.summary.clone() })
    });
    let vex = Vex {
        severity: severity.or_else(|| Severity::of(meta.aggregate_severity.as_ref()?.text.trim())),
        description: if said == title || said == cve.as_str() { String::new() } else { said },
        title,
        cvss,
        weakness: one.cwe.as_ref().map(|cwe| Weakness { id: cwe.id.clone(), name: cwe.name.clone() }),
        workaround: workaround.map(|remedy| remedy.details.clone()).unwrap_or_default(),
        issued: date("initial_release_date", &meta.tracking.initial_release_date)?,
        updated: date("current_release_date", &meta.tracking.current_release_date)?,
        rejected,
        history: history.collect::<Result<_, AdvisoryError>>()?,
        references: references(meta.references, &one.references),
        statements,
        cve,
    };
    Ok(tidied(vex).sorted())
}

/// All links but the document's to itself, each once.
fn references(of_document: Vec<document::Link>, own: &[document::Link]) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let own = own.iter().map(|link| document::Link {
        category: link.category.clone(),
        summary: link.summary.clone(),
        url: link.url.clone(),
    });
    for link in of_document.into_iter().filter(|link| !link.url.ends_with(".json")).chain(own) {
        if seen.insert(link.url.clone()) {
            found.push(reference(link));
        }
    }
    found
}

/// What a document says beside the lists of states, by product.
struct Said<'a> {
    lists: [(&'static str, &'a [String]); 5],
    flags: BTreeMap<&'a str, Justification>,
    impacts: BTreeMap<&'a str, &'a str>,
    remedies: BTreeMap<&'a str, Vec<&'a Remediation>>,
}

impl<'a> Said<'a> {
    fn of(one: &'a Vulnerability) -> Result<Self, (String, String)> {
        let status = one.product_status.as_ref();
        let list = |name, of: fn(&document::Status) -> &Vec<String>| {
            (name, status.map_or(&[][..], |status| of(status)))
        };
        let lists = [
            list("fixed", |status| &status.fixed),
            list("first_fixed", |status| &status.first_fixed),
            list("known_affected", |status| &status.known_affected),
            list("known_not_affected", |status| &status.known_not_affected),
            list("under_investigation", |status| &status.under_investigation),
        ];
        let count = lists.iter().map(|(_, ids)| ids.len()).sum();
        few("", "", count, MOST_PACKAGES).map_err(|error| ("product_status".to_owned(), error.message))?;
        let mut said =
            Self { lists, flags: BTreeMap::new(), impacts: BTreeMap::new(), remedies: BTreeMap::new() };
        for (number, flag) in one.flags.iter().enumerate() {
            let label = Justification::of(&flag.label).ok_or_else(|| {
                (format!("flags[{number}].label"), format!("`{}` is none of CSAF's", cut(&flag.label)))
            })?;
            said.flags.extend(flag.product_ids.iter().map(|id| (id.as_str(), label)));
        }
        let impacts = one.threats.iter().filter(|threat| threat.category == "impact");
        for threat in impacts.filter(|threat| Severity::of(threat.details.trim()).is_none()) {
            said.impacts.extend(threat.product_ids.iter().map(|id| (id.as_str(), threat.details.as_str())));
        }
        for remedy in &one.remediations {
            for id in &remedy.product_ids {
                said.remedies.entry(id).or_default().push(remedy);
            }
        }
        Ok(said)
    }

    fn statements(
        &self,
        tree: &Products<'a>,
        platforms: &[&str],
    ) -> Result<Vec<Statement>, (String, String)> {
        let mut found = Vec::new();
        for (list, ids) in self.lists {
            for id in ids {
                let scope = scope(tree, id, platforms)
                    .map_err(|message| (format!("product_status.{list}"), message))?;
                found.extend(scope.map(|scope| Statement { scope, status: self.status(list, id) }));
            }
        }
        Ok(found)
    }

    fn status(&self, list: &str, id: &str) -> Status {
        let remedy = |category: &str| {
            let mut all = self.remedies.get(id).into_iter().flatten();
            all.find(|remedy| remedy.category == category)
        };
        let text = |text: &str, nothing: &str| if text == nothing { String::new() } else { text.to_owned() };
        match list {
            "fixed" | "first_fixed" => Status::Fixed {
                advisory: remedy("vendor_fix").and_then(|remedy| advisory(remedy.url.as_deref()?)),
            },
            "known_not_affected" => Status::NotAffected {
                justification: self.flags.get(id).copied(),
                impact: self.impacts.get(id).map(|impact| text(impact, NOT_AFFECTED)).unwrap_or_default(),
            },
            "under_investigation" => Status::UnderInvestigation,
            _ => match (remedy("no_fix_planned"), remedy("none_available")) {
                (Some(remedy), _) => Status::WillNotFix { why: remedy.details.clone() },
                (None, Some(remedy)) => Status::Affected { note: text(&remedy.details, NO_FIX_YET) },
                (None, None) => Status::Affected { note: String::new() },
            },
        }
    }
}

/// The advisory that an address leads to: `https://access.redhat.com/errata/RHSA-2025:1066`.
fn advisory(url: &str) -> Option<AdvisoryId> {
    let name = url.split(['?', '#']).next()?.rsplit('/').next()?;
    let name = name.strip_suffix(".html").unwrap_or(name).replace("%3A", ":");
    // Other pages have names too: those of advisories are letters, a dash and a number.
    let (letters, rest) = name.split_once('-')?;
    let is_one =
        letters.chars().all(|c| c.is_ascii_alphabetic()) && rest.contains(|c: char| c.is_ascii_digit());
    is_one.then(|| name.parse().ok()).flatten()
}

/// What a product is; none if it is no RPM package, or of another platform.
fn scope(tree: &Products<'_>, id: &str, wanted: &[&str]) -> Result<Option<Scope>, String> {
    let (component, platforms) = tree.resolve(id)?;
    let helper = |product: &'_ Product| {
        product.product_identification_helper.as_ref().map(|helper| (helper.cpe.clone(), helper.purl.clone()))
    };
    let cpe = |product: &Product| helper(product).and_then(|(cpe, _)| cpe);
    let purl = helper(component).and_then(|(_, purl)| purl);
    let is_whole = platforms.is_empty() && purl.is_none();
    let cpes: Vec<String> = match is_whole {
        true => cpe(component).into_iter().collect(),
        false => platforms.iter().filter_map(|platform| cpe(platform)).collect(),
    };
    // A name that is shorter stands for all that it begins: `cpe:/a:redhat`.
    let is_wanted =
        |cpe: &String| wanted.iter().any(|one| cpe.starts_with(one) || one.starts_with(cpe.as_str()));
    if !wanted.is_empty() && !cpes.iter().any(is_wanted) {
        return Ok(None);
    }
    let major = cpes.iter().find_map(|cpe| cpe_major(cpe)).unwrap_or_default();
    if is_whole && !cpes.is_empty() {
        return Ok(Some(Scope::Whole(major)));
    }
    let module = platforms.iter().find_map(|platform| stream(platform));
    let wrong = |error: heirloom_model::nevra::InvalidNevra| format!("product `{}`: {error}", cut(id));
    match purl.as_deref() {
        Some(purl) if !purl.starts_with("pkg:rpm/") => return Ok(None),
        Some(purl) => {
            if let Some(Purl { name, evr, arch, module: own, .. }) = Purl::parse(purl) {
                let module = own.or(module);
                return Ok(Some(match evr {
                    Some(evr) => {
                        let fixed = Fixed::new(&name, evr, arch.as_deref()).map_err(wrong)?;
                        Scope::Exact(Arc::new(fixed.of_major(&major).of_module(module)))
                    }
                    None => {
                        let package = PackageScope::new(&name, arch.as_deref()).map_err(wrong)?;
                        Scope::Package(package.of_major(&major).of_module(module))
                    }
                }));
            }
        }
        None => {}
    }
    Ok(named(&component.name, &major, module))
}

/// What a product is by its name: a NEVRA, a name, or a name in a stream, `container-tools:rhel8/podman`.
fn named(name: &str, major: &str, module: Option<StreamId>) -> Option<Scope> {
    if let Ok(nevra) = name.parse::<Nevra>()
        && name.contains(':')
    {
        let fixed = Fixed::new(nevra.name(), nevra.evr().clone(), Some(nevra.arch())).ok()?;
        return Some(Scope::Exact(Arc::new(fixed.of_major(major).of_module(module))));
    }
    let (stream, name) = match name.split_once('/') {
        Some((label, name)) => {
            let (module, stream) = label.split_once(':')?;
            let text = str::to_owned;
            let stream = StreamId {
                name: text(module),
                stream: text(stream),
                version: 0,
                context: String::new(),
                arch: String::new(),
            };
            (Some(stream), name)
        }
        None => (module, name),
    };
    let package = PackageScope::new(name, None).ok()?;
    Some(Scope::Package(package.of_major(major).of_module(stream)))
}

/// Without control characters.
fn tidied(mut vex: Vex) -> Vex {
    let Vex {
        title, description, workaround, rejected, references, cvss, weakness, statements, history, ..
    } = &mut vex;
    let links = references.iter_mut().flat_map(|link| [&mut link.url, &mut link.id, &mut link.title]);
    let texts = [title, description, workaround].into_iter().chain(rejected).chain(links);
    let texts = texts.chain(cvss.iter_mut().map(|cvss| &mut cvss.vector));
    let texts = texts.chain(history.iter_mut().map(|one| &mut one.summary));
    for text in texts.chain(weakness.iter_mut().flat_map(|weakness| [&mut weakness.id, &mut weakness.name])) {
        tidy(text);
    }
    for statement in statements {
        match &mut statement.status {
            Status::NotAffected { impact: text, .. }
            | Status::Affected { note: text }
            | Status::WillNotFix { why: text } => tidy(text),
            Status::Fixed { .. } | Status::UnderInvestigation => {}
        }
    }
    vex
}
