//! Reading an advisory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use heirloom_model::advisory::{
    Advisory, AdvisoryId, AdvisoryKind, CveId, Cvss, Fixed, Reference, Revision, Severity, Suggestion,
    Vulnerability, Weakness,
};
use heirloom_model::stream::StreamId;
use heirloom_model::{Evr, Nevra};

use super::document::{self, Branch, Csaf, Helper, Note, Product, Tree};
use super::{CATEGORY, DEEPEST, KIND, SUGGESTIONS, WITHDRAWN};
use crate::advisory::error::{checked, cut, few, json};
use crate::advisory::purl::Purl;
use crate::advisory::{
    AdvisoryError, MOST_PACKAGES, MOST_REFERENCES, Reading, reference_kind, tenths, time, titled,
};

/// Reads one.
///
/// # Errors
/// The document is damaged or another one; its id, a date or a product is not what it should be.
pub(in crate::advisory) fn read(
    name: &str,
    content: &[u8],
    reading: Reading<'_>,
) -> Result<Advisory, AdvisoryError> {
    let csaf: Csaf = json(name, content)?;
    let failed = |field: &str, message: &dyn std::fmt::Display| AdvisoryError::new(name, field, message);
    let Csaf { document: meta, product_tree, vulnerabilities } = csaf;
    if meta.category == "csaf_vex" {
        let message = "says which products a vulnerability concerns (csaf_vex), and is no advisory";
        return Err(failed(CATEGORY, &message));
    }
    if meta.csaf_version != "2.0" {
        let message = format!("expected 2.0, found {}", cut(&meta.csaf_version));
        return Err(failed("document.csaf_version", &message));
    }
    few(name, "document.references", meta.references.len(), MOST_REFERENCES)?;
    few(name, "vulnerabilities", vulnerabilities.len(), MOST_REFERENCES)?;
    let tracking = meta.tracking;
    let id: AdvisoryId = tracking.id.parse().map_err(|error| failed("document.tracking.id", &error))?;
    let date = |field: &str, text: &str| {
        let wrong = || failed(&format!("document.tracking.{field}"), &format!("`{}` is no date", cut(text)));
        time(text).ok_or_else(wrong)
    };
    let tree = product_tree.as_ref().map(|tree| Products::of(tree, reading.major)).transpose();
    let tree = tree.map_err(|message| failed("product_tree", &message))?.unwrap_or_default();

    let (mut fixed, mut all, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (number, one) in vulnerabilities.iter().enumerate() {
        if let Some(status) = &one.product_status {
            for (list, ids) in [("fixed", &status.fixed), ("first_fixed", &status.first_fixed)] {
                for id in ids.iter().filter(|id| seen.insert(id.as_str())) {
                    let found = tree.package(id).map_err(|message| {
                        failed(&format!("vulnerabilities[{number}].product_status.{list}"), &message)
                    })?;
                    fixed.extend(found);
                    few(name, "product_status.fixed", fixed.len(), MOST_PACKAGES)?;
                }
            }
        }
        all.extend(
            vulnerability(one)
                .map_err(|message| failed(&format!("vulnerabilities[{number}].cve"), &message))?,
        );
    }
    // What fixes no vulnerability has no product status: its packages are those of the tree.
    if vulnerabilities.is_empty() && note(&meta.notes, "other", Some(WITHDRAWN)).is_none() {
        fixed = tree.all().map_err(|message| failed("product_tree", &message))?;
    }
    let text = |category, title| note(&meta.notes, category, title).unwrap_or_default().to_owned();
    let description =
        ["description", "details", "general", "summary"].iter().map(|category| text(category, None));
    let withdrawn =
        note(&meta.notes, "other", Some(WITHDRAWN)).map(|text| date("notes", text)).transpose()?;
    let kind = AdvisoryKind::of(&text("other", Some(KIND))).unwrap_or_else(|| {
        let fixes_none = meta.category == "csaf_base" && all.is_empty();
        if fixes_none { AdvisoryKind::Bugfix } else { AdvisoryKind::Security }
    });
    let suggestions = text("other", Some(SUGGESTIONS));
    let history = tracking.revision_history.into_iter().map(|revision| {
        let date = date("revision_history", &revision.date)?;
        Ok(Revision { date, number: revision.number, summary: revision.summary })
    });
    let remedies = vulnerabilities.iter().flat_map(|one| &one.remediations);
    let solution = remedies.filter(|one| one.category == "vendor_fix").map(|one| one.details.clone()).next();
    let severity = meta.aggregate_severity.and_then(|severity| Severity::of(severity.text.trim()));
    let advisory = Advisory {
        id,
        kind,
        severity: severity.or_else(|| titled(&meta.title)),
        description: description.into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
        solution: solution.unwrap_or_default(),
        rights: text("legal_disclaimer", None),
        issued: date("initial_release_date", &tracking.initial_release_date)?,
        updated: date("current_release_date", &tracking.current_release_date)?,
        withdrawn,
        suggestions: suggestions.split(", ").filter_map(Suggestion::of).collect(),
        vulnerabilities: all,
        ratings: Vec::new(),
        // A document's link to itself says nothing of the advisory.
        references: meta
            .references
            .into_iter()
            .filter(|link| !link.url.ends_with(".json"))
            .map(reference)
            .collect(),
        fixed,
        related: Vec::new(),
        history: history.collect::<Result<_, AdvisoryError>>()?,
        title: meta.title,
    };
    checked(name, advisory, reading)
}

pub(super) fn note<'a>(notes: &'a [Note], category: &str, title: Option<&str>) -> Option<&'a str> {
    let is_it = |note: &&Note| {
        note.category == category && title.is_none_or(|title| note.title.as_deref() == Some(title))
    };
    notes.iter().find(is_it).map(|note| note.text.as_str())
}

pub(super) fn reference(link: document::Link) -> Reference {
    crate::advisory::reference(reference_kind(&link.url), link.url, link.summary)
}

/// The vulnerability of an entry, if it has a CVE.
fn vulnerability(entry: &document::Vulnerability) -> Result<Option<Vulnerability>, String> {
    let Some(cve) = &entry.cve else { return Ok(None) };
    let id: CveId = cve.parse().map_err(|error: heirloom_model::advisory::InvalidCveId| error.to_string())?;
    let impact = entry.threats.iter().filter(|threat| threat.category == "impact");
    let mut cvss: Vec<_> = entry
        .scores
        .iter()
        .flat_map(|score| [&score.cvss_v2, &score.cvss_v3])
        .flatten()
        .map(rating)
        .collect();
    cvss.sort();
    cvss.dedup();
    Ok(Some(Vulnerability {
        id,
        title: entry.title.clone().unwrap_or_default(),
        severity: impact.filter_map(|threat| Severity::of(threat.details.trim())).max(),
        cvss,
        weakness: entry.cwe.as_ref().map(|cwe| Weakness { id: cwe.id.clone(), name: cwe.name.clone() }),
    }))
}

pub(super) fn rating(cvss: &document::Cvss) -> Cvss {
    Cvss { vector: cvss.vector_string.clone(), tenths: tenths(cvss.base_score) }
}

/// The products of a tree by their ids.
#[derive(Default)]
pub(super) struct Products<'a> {
    known: BTreeMap<&'a str, &'a Product>,
    /// What a product is made of: a component, and what it is a component of.
    parts: BTreeMap<&'a str, (&'a str, &'a str)>,
    major: &'a str,
}

impl<'a> Products<'a> {
    pub(super) fn of(tree: &'a Tree, major: &'a str) -> Result<Self, String> {
        let mut products = Self { major, ..Self::default() };
        products
            .known
            .extend(tree.full_product_names.iter().map(|product| (product.product_id.as_str(), product)));
        products.branches(&tree.branches, 0)?;
        for relationship in &tree.relationships {
            let id = relationship.full_product_name.product_id.as_str();
            let parts =
                (relationship.product_reference.as_str(), relationship.relates_to_product_reference.as_str());
            products.parts.insert(id, parts);
        }
        match products.known.len() + products.parts.len() {
            count if count > 4 * MOST_PACKAGES => Err(format!("has {count} products")),
            _ => Ok(products),
        }
    }

    fn branches(&mut self, branches: &'a [Branch], depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("has more than {DEEPEST} levels of branches"));
        }
        for branch in branches {
            self.known.extend(branch.product.iter().map(|product| (product.product_id.as_str(), product)));
            self.branches(&branch.branches, depth + 1)?;
        }
        Ok(())
    }

    /// The RPM package that a product is; none if it is something else, such as a container or a source package.
    fn package(&self, id: &str) -> Result<Option<Fixed>, String> {
        let (component, platforms) = self.resolve(id)?;
        let mut module = None;
        let mut major = None;
        for platform in platforms {
            module = module.or_else(|| stream(platform));
            major =
                major.or_else(|| cpe_major(platform.product_identification_helper.as_ref()?.cpe.as_deref()?));
        }
        let purl = component.product_identification_helper.as_ref().and_then(|helper| helper.purl.as_deref());
        let purl = purl.and_then(Purl::parse);
        let named = |purl: Purl| -> Option<(String, Evr, Option<String>, Option<StreamId>)> {
            Some((purl.name, purl.evr?, purl.arch, purl.module))
        };
        let by_name = || {
            let nevra: Nevra = component.name.parse().ok()?;
            Some((nevra.name().to_owned(), nevra.evr().clone(), Some(nevra.arch().to_owned()), None))
        };
        let Some((name, evr, arch, of)) = purl.and_then(named).or_else(by_name) else { return Ok(None) };
        if matches!(arch.as_deref(), Some("src" | "nosrc")) {
            return Ok(None);
        }
        let one = Fixed::new(&name, evr, arch.as_deref());
        let one = one.map_err(|error| format!("product `{}`: {error}", cut(id)))?;
        let major = major.unwrap_or_else(|| self.major.to_owned());
        Ok(Some(one.of_major(&major).of_module(of.or(module))))
    }

    /// A product's component, and all that it is a component of, the nearest first.
    pub(super) fn resolve(&self, id: &str) -> Result<(&'a Product, Vec<&'a Product>), String> {
        let known = |id: &str| {
            let found = self.known.get(id).copied();
            found.ok_or_else(|| format!("product `{}` is not in the product tree", cut(id)))
        };
        let (mut component, mut waiting, mut platforms) = (id, VecDeque::new(), Vec::new());
        // No real product is made of more.
        for _ in 0..DEEPEST {
            if let Some((of, platform)) = self.parts.get(component) {
                component = of;
                waiting.push_back(*platform);
                continue;
            }
            match waiting.pop_front() {
                None => return Ok((known(component)?, platforms)),
                Some(platform) => match self.parts.get(platform) {
                    Some((of, above)) => waiting.extend([of, above]),
                    None => platforms.push(known(platform)?),
                },
            }
        }
        Err(format!("product `{}` is a component of itself", cut(id)))
    }

    /// All packages that are components of something.
    fn all(&self) -> Result<Vec<Fixed>, String> {
        let found = self.parts.keys().map(|id| self.package(id)).collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// The stream that a product is: `pkg:rpmmod/vendor/redis@7:9060020250716081125:9`, or a name of that form.
pub(super) fn stream(product: &Product) -> Option<StreamId> {
    let purl =
        product.product_identification_helper.as_ref().and_then(|helper: &Helper| helper.purl.as_deref());
    let label = purl.and_then(|purl| purl.strip_prefix("pkg:rpmmod/")).and_then(|rest| {
        let (_, name) = rest.split('?').next()?.rsplit_once('/')?;
        Some(name.replacen('@', ":", 1))
    });
    let label = label.unwrap_or_else(|| product.name.clone());
    StreamId::parse(&label.replace("%3A", ":")).filter(|stream| stream.version > 0)
}

/// The major version in the name of a platform: `cpe:/o:vendor:linux:9::baseos`.
pub(super) fn cpe_major(cpe: &str) -> Option<String> {
    let rest = cpe.strip_prefix("cpe:2.3:").or_else(|| cpe.strip_prefix("cpe:/"))?;
    let part = rest.split(':').nth(3)?;
    let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}
