//! Writing an advisory.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::advisory::{Advisory, AdvisoryKind, Fixed, Reference, Severity, Vulnerability};
use jiff::Timestamp;

use super::document::{
    Branch, Csaf, Cvss, Distribution, Engine, Generator, Helper, Link, Meta, Note, Product, Publisher,
    Relationship, Remediation, Revision, Score, Status, Text, Threat, Tlp, Tracking, Tree, Weakness,
};
use super::{KIND, SUGGESTIONS, WITHDRAWN, document};
use crate::advisory::Issuer;
use crate::advisory::purl::Purl;

/// Writes one. The same advisory gives the same bytes.
///
/// # Errors
/// None that an advisory can lead to; serialising is fallible by type.
pub fn write(advisory: &Advisory, issuer: Issuer<'_>) -> Result<String, serde_json::Error> {
    let products = Products::of(&advisory.fixed, issuer);
    let vulnerabilities = match advisory.withdrawn {
        None => {
            advisory.vulnerabilities.iter().map(|one| products.vulnerability(advisory, one, issuer)).collect()
        }
        Some(_) => Vec::new(),
    };
    // A security advisory has to have vulnerabilities with products.
    let is_security = !vulnerabilities.is_empty() && !products.ids.is_empty();
    let csaf = Csaf {
        document: meta(advisory, issuer, if is_security { "csaf_security_advisory" } else { "csaf_base" }),
        vulnerabilities: if products.ids.is_empty() { Vec::new() } else { vulnerabilities },
        product_tree: (!products.ids.is_empty()).then_some(products.tree),
    };
    serde_json::to_string(&csaf).map(|text| text + "\n")
}

pub(super) fn note(category: &str, title: &str, text: &str) -> Note {
    Note { category: category.to_owned(), text: text.to_owned(), title: Some(title.to_owned()) }
}

fn meta(advisory: &Advisory, issuer: Issuer<'_>, category: &str) -> Meta {
    let mut notes = vec![note("summary", "Topic", filled(&advisory.title, advisory.id.as_str()))];
    let mut add = |category: &str, title: &str, text: &str| {
        if !text.is_empty() {
            notes.push(note(category, title, text));
        }
    };
    add("description", "Details", &advisory.description);
    add("legal_disclaimer", "Terms of Use", &advisory.rights);
    if advisory.kind != AdvisoryKind::Security {
        add("other", KIND, advisory.kind.name());
    }
    let suggestions: Vec<_> = advisory.suggestions.iter().map(|one| one.name()).collect();
    add("other", SUGGESTIONS, &suggestions.join(", "));
    add("other", WITHDRAWN, &advisory.withdrawn.map(|time| time.to_string()).unwrap_or_default());
    let mut references = vec![Link {
        category: Some("self".to_owned()),
        summary: format!("{} as CSAF", advisory.id),
        url: format!("{}/{}", issuer.home, path(advisory)),
    }];
    references.extend(advisory.references.iter().map(link));
    Meta {
        aggregate_severity: advisory.severity.map(|severity| Text { text: severity.name().to_owned() }),
        category: category.to_owned(),
        csaf_version: "2.0".to_owned(),
        distribution: Some(Distribution { tlp: Some(Tlp { label: "WHITE".to_owned() }) }),
        lang: Some("en".to_owned()),
        notes,
        publisher: publisher(issuer),
        references,
        title: filled(&advisory.title, advisory.id.as_str()).to_owned(),
        tracking: tracking(advisory),
    }
}

/// A text, or what stands for it where a format does not allow an empty one.
pub(super) fn filled<'a>(text: &'a str, instead: &'a str) -> &'a str {
    if text.trim().is_empty() { instead } else { text }
}

pub(super) fn publisher(issuer: Issuer<'_>) -> Publisher {
    Publisher {
        category: "vendor".to_owned(),
        contact_details: Some(issuer.contact.to_owned()),
        name: issuer.name.to_owned(),
        namespace: issuer.home.to_owned(),
    }
}

/// Where an advisory's document is: `csaf/white/2026/kesa-2026_0001.json`.
#[must_use]
pub fn path(advisory: &Advisory) -> String {
    let first = advisory.history.iter().map(|one| one.date).fold(advisory.issued, Timestamp::min);
    placed(first, &advisory.id.csaf_name())
}

/// Where a document is that came out at this time: in the directory of its year (CSAF 2.0, 7.1.11), below that of what
/// everybody may read.
pub(super) fn placed(first: Timestamp, name: &str) -> String {
    let year = first.to_zoned(jiff::tz::TimeZone::UTC).year();
    format!("csaf/white/{year:04}/{name}.json")
}

/// The history that was kept; else one entry for its issue, and one for its last change.
fn tracking(advisory: &Advisory) -> Tracking {
    let revision = |date: Timestamp, number: usize, summary: &str| Revision {
        date: date.to_string(),
        number: number.to_string(),
        summary: summary.to_owned(),
    };
    let mut known: Vec<(Timestamp, &str)> =
        advisory.history.iter().map(|one| (one.date, filled(&one.summary, "Changed"))).collect();
    known.sort();
    if known.first().is_none_or(|(date, _)| *date > advisory.issued) {
        known.insert(0, (advisory.issued, "Issued"));
    }
    if known.last().is_some_and(|(date, _)| *date < advisory.updated) {
        known.push((advisory.updated, if advisory.withdrawn.is_some() { "Withdrawn" } else { "Changed" }));
    }
    // Versions are whole numbers, one more each time, whatever the issuer they came from counted with.
    let history: Vec<Revision> = known
        .iter()
        .enumerate()
        .map(|(number, (date, summary))| revision(*date, number + 1, summary))
        .collect();
    Tracking {
        current_release_date: known.last().map_or(advisory.updated, |(date, _)| *date).to_string(),
        generator: Some(generator()),
        id: advisory.id.to_string(),
        initial_release_date: known.first().map_or(advisory.issued, |(date, _)| *date).to_string(),
        version: history.len().to_string(),
        revision_history: history,
        status: "final".to_owned(),
    }
}

pub(super) fn generator() -> Generator {
    Generator {
        engine: Engine { name: "Heirloom".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) },
    }
}

pub(super) fn link(reference: &Reference) -> Link {
    let summary = match (reference.title.as_str(), reference.id.as_str()) {
        ("", "") => &reference.url,
        ("", id) => id,
        (title, _) => title,
    };
    Link { category: Some("external".to_owned()), summary: summary.to_owned(), url: reference.url.clone() }
}

/// The product tree of some packages, and the id of each as a part of its distribution.
struct Products {
    tree: Tree,
    ids: Vec<String>,
}

impl Products {
    /// A tree of the distribution by its major versions, and of packages by their architecture.
    fn of(packages: &[Fixed], issuer: Issuer<'_>) -> Self {
        let majors: BTreeSet<&str> = packages.iter().map(|fixed| fixed.major.as_str()).collect();
        let mut arches: BTreeMap<Option<&str>, BTreeMap<String, Branch>> = BTreeMap::new();
        let (mut relationships, mut ids) = (BTreeMap::new(), Vec::new());
        for fixed in packages {
            let id = package_id(fixed);
            let platform = platform_id(issuer, &fixed.major);
            let branch = leaf("product_version", &id, product(&id, &id, None, Some(purl(fixed, issuer))));
            arches.entry(fixed.arch()).or_default().insert(id.clone(), branch);
            let whole = format!("{platform}:{id}");
            let name = format!("{id} as a component of {}", platform_name(issuer, &fixed.major));
            let relationship = Relationship {
                category: "default_component_of".to_owned(),
                full_product_name: product(&name, &whole, None, None),
                product_reference: id,
                relates_to_product_reference: platform,
            };
            relationships.insert(whole.clone(), relationship);
            ids.push(whole);
        }
        ids.sort();
        ids.dedup();
        let platforms = majors.into_iter().map(|major| {
            let (name, id) = (platform_name(issuer, major), platform_id(issuer, major));
            leaf("product_name", &name, product(&name, &id, cpe(issuer, major), None))
        });
        let mut vendor = vec![branch("product_family", issuer.name, platforms.collect())];
        for (arch, packages) in arches {
            let packages = packages.into_values();
            match arch {
                Some(arch) => vendor.push(branch("architecture", arch, packages.collect())),
                None => vendor.extend(packages),
            }
        }
        let tree = Tree {
            branches: vec![branch("vendor", issuer.name, vendor)],
            full_product_names: Vec::new(),
            relationships: relationships.into_values().collect(),
        };
        Self { tree, ids }
    }

    fn vulnerability(
        &self,
        advisory: &Advisory,
        one: &Vulnerability,
        issuer: Issuer<'_>,
    ) -> document::Vulnerability {
        let about = filled(&one.title, one.id.as_str());
        let details = filled(&advisory.solution, "Install the packages of this advisory.");
        document::Vulnerability {
            product_status: Some(Status { fixed: self.ids.clone(), ..Status::default() }),
            remediations: vec![Remediation {
                category: "vendor_fix".to_owned(),
                details: details.to_owned(),
                product_ids: self.ids.clone(),
                url: Some(issuer.advisory_page(&advisory.id)),
            }],
            ..described(one, about, &self.ids)
        }
    }
}

/// What is said of a vulnerability wherever it stands.
pub(super) fn described(one: &Vulnerability, about: &str, ids: &[String]) -> document::Vulnerability {
    let threat = |severity: Severity| Threat {
        category: "impact".to_owned(),
        details: severity.name().to_owned(),
        product_ids: Vec::new(),
    };
    document::Vulnerability {
        cve: Some(one.id.to_string()),
        cwe: one
            .weakness
            .as_ref()
            .map(|weakness| Weakness { id: weakness.id.clone(), name: weakness.name.clone() }),
        notes: vec![note("description", "Vulnerability description", about)],
        scores: score(one, ids).into_iter().collect(),
        threats: one.severity.map(threat).into_iter().collect(),
        title: (!one.title.is_empty()).then(|| one.title.clone()),
        ..document::Vulnerability::default()
    }
}

/// The worst rating by version 3, as there may be one only of a version for a product. Its score is what the vector
/// says, as CSAF asks (2.0, 6.1.9).
fn score(one: &Vulnerability, ids: &[String]) -> Option<Score> {
    let scored = one.cvss.iter().filter_map(|cvss| {
        let vector = cvss.vector.parse::<cvss::v3::Vector>().ok()?;
        Some((vector.base_score(), &cvss.vector))
    });
    let (score, vector) = scored.max_by(|(a, _), (b, _)| a.value().total_cmp(&b.value()))?;
    let cvss = Cvss {
        base_score: score.value(),
        base_severity: Some(score.severity().as_str().to_ascii_uppercase()),
        vector_string: vector.clone(),
        version: if vector.starts_with("CVSS:3.0") { "3.0" } else { "3.1" }.to_owned(),
    };
    Some(Score { cvss_v2: None, cvss_v3: Some(cvss), products: ids.to_vec() })
}

pub(super) fn branch(category: &str, name: &str, branches: Vec<Branch>) -> Branch {
    Branch { category: category.to_owned(), name: name.to_owned(), branches, product: None }
}

pub(super) fn leaf(category: &str, name: &str, product: Product) -> Branch {
    Branch {
        category: category.to_owned(),
        name: name.to_owned(),
        branches: Vec::new(),
        product: Some(product),
    }
}

pub(super) fn product(name: &str, id: &str, cpe: Option<String>, purl: Option<String>) -> Product {
    let has_any = cpe.is_some() || purl.is_some();
    Product {
        name: name.to_owned(),
        product_id: id.to_owned(),
        product_identification_helper: has_any.then_some(Helper { cpe, purl }),
    }
}

/// A package as the product tree calls it. The stream is in it: one package can be in two contexts.
pub(super) fn package_id(fixed: &Fixed) -> String {
    match &fixed.module {
        Some(module) => format!("{}:{fixed}", module.label()),
        None => fixed.to_string(),
    }
}

pub(super) fn platform_id(issuer: Issuer<'_>, major: &str) -> String {
    if major.is_empty() { issuer.id.to_owned() } else { format!("{}-{major}", issuer.id) }
}

pub(super) fn platform_name(issuer: Issuer<'_>, major: &str) -> String {
    if major.is_empty() { issuer.name.to_owned() } else { format!("{} {major}", issuer.name) }
}

pub(super) fn cpe(issuer: Issuer<'_>, major: &str) -> Option<String> {
    (!major.is_empty()).then(|| format!("cpe:/o:{0}:{0}:{major}", issuer.id))
}

pub(super) fn purl(fixed: &Fixed, issuer: Issuer<'_>) -> String {
    let purl = Purl {
        namespace: issuer.id.to_owned(),
        name: fixed.name().to_owned(),
        evr: Some(fixed.evr().clone()),
        arch: fixed.arch().map(str::to_owned),
        module: fixed.module.clone(),
        distro: (!fixed.major.is_empty()).then(|| format!("{}-{}", issuer.id, fixed.major)),
        ..Purl::default()
    };
    purl.to_string()
}
