//! Between updateinfo.xml and the form that advisories of all formats have.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::advisory::{
    Advisory as Record, AdvisoryId, AdvisoryKind, CveId, Fixed, Reference, ReferenceKind, Severity,
    Suggestion, Vulnerability,
};
use heirloom_model::stream::StreamId;
use heirloom_model::{Evr, Nevra};
use jiff::Timestamp;

use super::{Advisory, Collection, Reader, UpdateinfoError};
use crate::advisory::{AdvisoryError, Issuer, Reading, checked, cut, plain, time, without_name};
use crate::document::Document;
use crate::xml::Element;

/// Reads the advisories of a document, each with what is wrong with it alone; what is wrong with the document ends them.
///
/// # Errors
/// It is another kind of document.
pub fn read(
    document: Document<'_>,
    reading: Reading<'_>,
) -> Result<Vec<Result<Record, AdvisoryError>>, AdvisoryError> {
    Ok(records(document, reading)?.collect())
}

/// The same, one at a time: the rest of the document is not in memory.
///
/// # Errors
/// It is another kind of document.
pub fn records<'a>(
    document: Document<'a>,
    reading: Reading<'a>,
) -> Result<impl Iterator<Item = Result<Record, AdvisoryError>>, AdvisoryError> {
    let name = document.name;
    let failed =
        move |error: UpdateinfoError| AdvisoryError::new(name, "", without_name(name, &error.to_string()));
    let one = move |found: Result<Advisory, UpdateinfoError>| {
        found.map_err(failed).and_then(|advisory| record(name, &advisory, reading))
    };
    Ok(Reader::open(document).map_err(failed)?.map(one))
}

fn record(document: &str, advisory: &Advisory, reading: Reading<'_>) -> Result<Record, AdvisoryError> {
    let short: String = cut(&advisory.id);
    let failed = |field: &str, message: String| {
        AdvisoryError::new(document, &format!("advisory {short}, {field}"), message)
    };
    let id: AdvisoryId = advisory.id.parse().map_err(|error| failed("id", format!("{error}")))?;
    // What is not known is none of security, as dnf has it.
    let kind = AdvisoryKind::of(&advisory.kind).unwrap_or(AdvisoryKind::Bugfix);
    let date = |field: &str, text: &str| -> Result<Timestamp, AdvisoryError> {
        let wrong = || failed(field, format!("`{}` is no date", cut(text)));
        time(text).ok_or_else(wrong)
    };
    let issued = match (advisory.issued.as_str(), advisory.updated.as_str()) {
        ("", "") => return Err(failed("issued", "there is no date".to_owned())),
        ("", updated) => date("updated", updated)?,
        (issued, _) => date("issued", issued)?,
    };
    let updated = if advisory.updated.is_empty() { issued } else { date("updated", &advisory.updated)? };
    let text = |name| advisory.element.child_text(name).to_owned();
    let summary = text("summary");
    let description = Some(text("description")).filter(|text| !text.is_empty()).unwrap_or(summary);
    let references = references(&advisory.element);
    let vulnerabilities = vulnerabilities(&references);
    let is_withdrawn = advisory.element.tag.attribute("status") == Some("retracted");
    let record = Record {
        id,
        kind,
        severity: Severity::of(&advisory.severity),
        title: advisory.title.clone(),
        description,
        solution: text("solution"),
        rights: text("rights"),
        issued,
        updated,
        withdrawn: is_withdrawn.then_some(updated),
        suggestions: suggestions(&advisory.element),
        vulnerabilities,
        ratings: Vec::new(),
        references,
        fixed: fixed(advisory, reading.major).map_err(|message| failed("package", message))?,
        related: Vec::new(),
        history: Vec::new(),
    };
    checked(document, record, reading)
}

fn references(element: &Element) -> Vec<Reference> {
    let all = element.all("references").flat_map(|list| list.all("reference"));
    let one = |element: &Element| {
        let text = |name| element.tag.attribute(name).unwrap_or_default().to_owned();
        let kind = match text("type").as_str() {
            "self" => ReferenceKind::Advisory,
            "cve" => ReferenceKind::Cve,
            "bugzilla" => ReferenceKind::Bug,
            _ => ReferenceKind::Other,
        };
        Reference { kind, url: text("href"), id: text("id"), title: text("title") }
    };
    all.map(one).collect()
}

fn vulnerabilities(references: &[Reference]) -> Vec<Vulnerability> {
    let of = |reference: &&Reference| reference.kind == ReferenceKind::Cve;
    let ids = references.iter().filter(of).filter_map(|reference| reference.id.parse::<CveId>().ok());
    ids.map(crate::advisory::vulnerability).collect()
}

fn suggestions(element: &Element) -> BTreeSet<Suggestion> {
    let collections = element.all("pkglist").flat_map(|list| list.all("collection"));
    let packages =
        collections.flat_map(|collection| collection.all("package")).flat_map(|package| &package.children);
    let all = packages.chain(&element.children);
    let suggestion = |child: &Element| {
        let is_true = ["1", "true", "yes"].iter().any(|yes| child.text.trim().eq_ignore_ascii_case(yes));
        let name = child.tag.name.strip_suffix("_suggested").filter(|_| is_true)?;
        Suggestion::of(name)
    };
    all.filter_map(suggestion).collect()
}

/// The packages with their sources: a file name has no epoch, which is taken from the advisory's own source package, or
/// from a binary package of the same version and release.
fn fixed(advisory: &Advisory, major: &str) -> Result<Vec<Fixed>, String> {
    let sources: BTreeSet<&Nevra> =
        advisory.packages.iter().filter(|package| package.arch() == "src").collect();
    let source_of = |element: &Element, package: &Nevra| -> Option<Nevra> {
        let name = element.tag.attribute("src")?.strip_suffix(".rpm")?;
        let plain: Nevra = name.parse().ok()?;
        let same = |a: &Evr, b: &Evr| (a.version(), a.release()) == (b.version(), b.release());
        let known = sources.iter().find(|one| one.name() == plain.name() && same(one.evr(), plain.evr()));
        let by_binary = || {
            let evr = package.evr();
            same(evr, plain.evr()).then(|| Nevra::new(plain.name(), evr.clone(), "src").ok()).flatten()
        };
        known.map(|source| (*source).clone()).or_else(by_binary)
    };
    let elements = advisory.element.all("pkglist").flat_map(|list| list.all("collection"));
    let mut fixed = Vec::new();
    for (collection, element) in advisory.collections.iter().zip(elements) {
        for (package, element) in collection.packages.iter().zip(element.all("package")) {
            if package.arch() == "src" || package.arch() == "nosrc" {
                continue;
            }
            let one = Fixed::new(package.name(), package.evr().clone(), Some(package.arch()));
            let one =
                one.map_err(|error| error.to_string())?.of_major(major).of_module(collection.module.clone());
            fixed.push(one.of_source(source_of(element, package)));
        }
    }
    Ok(fixed)
}

/// The advisory as updateinfo.xml has it, with its packages of one major version. Packages whose architecture is not
/// known are named for each of these. One that was withdrawn has no packages, so that no client acts on it.
#[must_use]
pub fn made(record: &Record, major: &str, arches: &[&str], issuer: Issuer<'_>) -> Advisory {
    let (issued, updated) = (plain(record.issued), plain(record.updated));
    let severity = record.severity.map_or("", Severity::name);
    let mut children = Vec::new();
    let mut add = |name: &str, attributes: &[(&str, &str)], text: &str| {
        if !text.is_empty() || !attributes.is_empty() {
            children.push(Element::made(name, attributes, text, Vec::new()));
        }
    };
    add("id", &[], record.id.as_str());
    add("title", &[], &record.title);
    add("issued", &[("date", &issued)], "");
    add("updated", &[("date", &updated)], "");
    add("rights", &[], &record.rights);
    add("release", &[], &format!("{} {major}", issuer.name));
    add("severity", &[], severity);
    add("summary", &[], &record.title);
    add("description", &[], &record.description);
    add("solution", &[], &record.solution);
    children.push(Element::made("references", &[], "", links(record, issuer)));
    let collections =
        if record.withdrawn.is_some() { Vec::new() } else { collections(record, major, arches, issuer.id) };
    let lists =
        collections.iter().map(|(collection, tags)| collection_element(collection, tags, record, issuer));
    children.push(Element::made("pkglist", &[], "", lists.collect()));
    let status = if record.withdrawn.is_some() { "retracted" } else { "final" };
    let attributes =
        [("from", issuer.contact), ("status", status), ("type", record.kind.name()), ("version", "1")];
    let collections: Vec<Collection> = collections.into_iter().map(|(collection, _)| collection).collect();
    Advisory {
        id: record.id.to_string(),
        kind: record.kind.name().to_owned(),
        severity: severity.to_owned(),
        title: record.title.clone(),
        issued,
        updated,
        packages: collections.iter().flat_map(|collection| collection.packages.clone()).collect(),
        collections,
        element: Element::made("update", &attributes, "", children),
    }
}

/// References, and a link for each vulnerability that has none: clients look for vulnerabilities there.
fn links(record: &Record, issuer: Issuer<'_>) -> Vec<Element> {
    let element = |kind: &str, url: &str, id: &str, title: &str| {
        Element::made(
            "reference",
            &[("href", url), ("id", id), ("title", title), ("type", kind)],
            "",
            Vec::new(),
        )
    };
    let mut links = Vec::new();
    let mut told = BTreeSet::new();
    for reference in &record.references {
        let Reference { kind, url, id, title } = reference;
        let kind = match kind {
            ReferenceKind::Advisory => "self",
            ReferenceKind::Cve => "cve",
            ReferenceKind::Bug => "bugzilla",
            ReferenceKind::Other => "other",
        };
        if kind == "cve" {
            told.insert(id.as_str());
        }
        links.push(element(kind, url, id, if title.is_empty() { id } else { title }));
    }
    for vulnerability in record.vulnerabilities.iter().filter(|one| !told.contains(one.id.as_str())) {
        let id = vulnerability.id.as_str();
        let title = if vulnerability.title.is_empty() { id } else { &vulnerability.title };
        links.push(element("cve", &issuer.cve_page(&vulnerability.id), id, title));
    }
    links
}

type Packages = Vec<(Nevra, Option<Nevra>)>;

/// The packages by their module, those of none first.
fn collections(record: &Record, major: &str, arches: &[&str], id: &str) -> Vec<(Collection, Packages)> {
    let mut by_module: BTreeMap<&Option<StreamId>, BTreeMap<Nevra, Option<Nevra>>> = BTreeMap::new();
    for fixed in record.fixed.iter().filter(|fixed| fixed.major == major) {
        let packages = by_module.entry(&fixed.module).or_default();
        let known: Vec<&str> = fixed.arch().map_or_else(|| arches.to_vec(), |arch| vec![arch]);
        for arch in known {
            if let Ok(nevra) = Nevra::new(fixed.name(), fixed.evr().clone(), arch) {
                packages.insert(nevra, fixed.source.clone());
            }
        }
    }
    let one = |(module, packages): (&Option<StreamId>, BTreeMap<Nevra, Option<Nevra>>)| {
        let short = module.as_ref().map_or_else(|| id.to_owned(), StreamId::label);
        let names = packages.keys().cloned().collect();
        (Collection { short, module: module.clone(), packages: names }, packages.into_iter().collect())
    };
    by_module.into_iter().map(one).collect()
}

fn collection_element(
    collection: &Collection,
    packages: &[(Nevra, Option<Nevra>)],
    record: &Record,
    issuer: Issuer<'_>,
) -> Element {
    let mut children = vec![Element::made("name", &[], issuer.name, Vec::new())];
    if let Some(StreamId { name, stream, version, context, arch }) = &collection.module {
        let version = version.to_string();
        let attributes = [
            ("name", name.as_str()),
            ("stream", stream.as_str()),
            ("version", version.as_str()),
            ("context", context.as_str()),
            ("arch", arch.as_str()),
        ];
        children.push(Element::made("module", &attributes, "", Vec::new()));
    }
    for (package, source) in packages {
        let file = |of: &Nevra| {
            format!("{}-{}-{}.{}.rpm", of.name(), of.evr().version(), of.evr().release(), of.arch())
        };
        let epoch = package.evr().epoch().to_string();
        let source = source.as_ref().map(file);
        let mut attributes = vec![
            ("name", package.name()),
            ("version", package.evr().version()),
            ("release", package.evr().release()),
            ("epoch", epoch.as_str()),
            ("arch", package.arch()),
        ];
        attributes.extend(source.as_deref().map(|source| ("src", source)));
        let mut inside = vec![Element::made("filename", &[], &file(package), Vec::new())];
        for suggestion in &record.suggestions {
            let name = format!("{}_suggested", suggestion.name());
            inside.push(Element::made(&name, &[], "True", Vec::new()));
        }
        children.push(Element::made("package", &attributes, "", inside));
    }
    Element::made("collection", &[("short", &collection.short)], "", children)
}
