//! Reading a document's advisories.

use std::collections::{BTreeSet, HashMap};

use heirloom_model::Evr;
use heirloom_model::advisory::{
    Advisory, AdvisoryId, AdvisoryKind, CveId, Cvss, Fixed, Reference, ReferenceKind, Severity, Vulnerability,
};
use heirloom_model::stream::StreamId;

use super::{LARGEST, MOST};
use crate::advisory::error::{checked, cut, few, without_name};
use crate::advisory::{AdvisoryError, MOST_PACKAGES, Reading, reference_kind, tenths, time, titled};
use crate::document::Document;
use crate::xml::{Element, Tag, Xml, XmlError};

/// Reads the advisories of a document, each with what is wrong with it alone.
///
/// # Errors
/// It is another kind of document, or is damaged or cut short: tests follow definitions, so that none would be known.
pub fn read(
    document: Document<'_>,
    reading: Reading<'_>,
) -> Result<Vec<Result<Advisory, AdvisoryError>>, AdvisoryError> {
    let name = document.name;
    let parts = Parts::read(document)
        .map_err(|error| AdvisoryError::new(name, "", without_name(name, &error.to_string())))?;
    for (what, count) in
        [("tests", parts.tests.len()), ("objects", parts.objects.len()), ("states", parts.states.len())]
    {
        few(name, what, count, MOST)?;
    }
    let patches = parts.definitions.iter().filter(|one| one.tag.attribute("class") == Some("patch"));
    Ok(patches.map(|definition| parts.advisory(name, definition, reading)).collect())
}

#[derive(Default)]
struct Parts {
    definitions: Vec<Element>,
    tests: HashMap<String, Test>,
    objects: HashMap<String, Object>,
    states: HashMap<String, State>,
}

struct Test {
    object: String,
    state: Option<String>,
}

enum Object {
    Package(String),
    File(String),
}

/// What a package is asked for: nothing, if it is something else than an earlier version.
#[derive(Default)]
struct State {
    earlier_than: Option<String>,
    arches: Vec<String>,
}

/// A name without its namespace's prefix.
fn local(tag: &Tag) -> &str {
    tag.name.rsplit(':').next().unwrap_or_default()
}

fn child<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    element.children.iter().find(|child| local(&child.tag) == name)
}

fn text<'a>(element: &'a Element, name: &str) -> &'a str {
    child(element, name).map_or("", |child| child.text.trim())
}

impl Parts {
    fn read(document: Document<'_>) -> Result<Self, XmlError> {
        let mut xml = Xml::open(document.at_most(LARGEST), "oval_definitions")?;
        let mut parts = Self::default();
        while let Some(tag) = xml.child()? {
            let section = local(&tag).to_owned();
            if !["definitions", "tests", "objects", "states"].contains(&section.as_str()) {
                xml.skip()?;
                continue;
            }
            while let Some(tag) = xml.child()? {
                let element = xml.element(tag)?;
                match section.as_str() {
                    "definitions" => parts.definitions.push(element),
                    _ => parts.part(&element),
                }
            }
        }
        xml.finish()?;
        Ok(parts)
    }

    fn part(&mut self, element: &Element) {
        let Some(id) = element.tag.attribute("id").map(str::to_owned) else { return };
        let refers = |name: &str, to: &str| {
            child(element, name).and_then(|child| child.tag.attribute(to)).map(str::to_owned)
        };
        match local(&element.tag) {
            "rpminfo_test" | "textfilecontent54_test" => {
                if let Some(object) = refers("object", "object_ref") {
                    self.tests.insert(id, Test { object, state: refers("state", "state_ref") });
                }
            }
            "rpminfo_object" => {
                self.objects.insert(id, Object::Package(text(element, "name").to_owned()));
            }
            "textfilecontent54_object" => {
                self.objects.insert(id, Object::File(text(element, "filepath").to_owned()));
            }
            "rpminfo_state" => {
                let evr =
                    child(element, "evr").filter(|evr| evr.tag.attribute("operation") == Some("less than"));
                let arches = text(element, "arch").trim_matches(['^', '$', '(', ')']);
                let arches = arches.split('|').filter(|arch| !arch.is_empty() && *arch != ".*");
                let state = State {
                    earlier_than: evr.map(|evr| evr.text.trim().to_owned()),
                    arches: arches.map(str::to_owned).collect(),
                };
                self.states.insert(id, state);
            }
            _ => {}
        }
    }

    fn advisory(
        &self,
        document: &str,
        element: &Element,
        reading: Reading<'_>,
    ) -> Result<Advisory, AdvisoryError> {
        let definition = element.tag.attribute("id").unwrap_or_default();
        let short: String = definition.chars().take(80).collect();
        let failed = |field: &str, message: &dyn std::fmt::Display| {
            AdvisoryError::new(document, &format!("definition {short}, {field}"), message)
        };
        let metadata = child(element, "metadata").ok_or_else(|| failed("metadata", &"there is none"))?;
        let said =
            child(metadata, "advisory").ok_or_else(|| failed("metadata.advisory", &"there is none"))?;
        let references: Vec<&Element> =
            metadata.children.iter().filter(|one| local(&one.tag) == "reference").collect();
        let attribute = |of: &Element, name: &str| of.tag.attribute(name).unwrap_or_default().to_owned();
        let own = references.iter().find(|one| one.tag.attribute("source") != Some("CVE"));
        let id = own.map_or_else(|| definition.to_owned(), |one| attribute(one, "ref_id"));
        let id: AdvisoryId = id.parse().map_err(|error| failed("reference", &error))?;
        let date = |name: &str| {
            let text = child(said, name).map(|date| attribute(date, "date")).unwrap_or_default();
            let wrong = || failed(name, &format!("`{}` is no date", cut(&text)));
            time(&text).ok_or_else(wrong)
        };
        let issued = date("issued")?;
        let updated = if child(said, "updated").is_some() { date("updated")? } else { issued };
        let platform = child(metadata, "affected").map_or("", |affected| text(affected, "platform"));
        let major: String = platform
            .rsplit(' ')
            .next()
            .unwrap_or_default()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let major = if major.is_empty() { reading.major } else { &major };
        let mut fixed = Vec::new();
        for criteria in element.children.iter().filter(|one| local(&one.tag) == "criteria") {
            self.criteria(criteria, None, major, &mut fixed)
                .map_err(|message| failed("criteria", &message))?;
        }
        let title = text(metadata, "title");
        let cves = said.children.iter().filter(|one| local(&one.tag) == "cve");
        let mut vulnerabilities =
            cves.map(vulnerability).collect::<Result<Vec<_>, _>>().map_err(|error| failed("cve", &error))?;
        for reference in references.iter().filter(|one| one.tag.attribute("source") == Some("CVE")) {
            let id = attribute(reference, "ref_id").parse().map_err(|error| failed("reference", &error))?;
            vulnerabilities.push(crate::advisory::vulnerability(id));
        }
        let bugs = said.children.iter().filter(|one| local(&one.tag) == "bugzilla").map(|bug| Reference {
            kind: ReferenceKind::Bug,
            url: attribute(bug, "href"),
            id: attribute(bug, "id"),
            title: bug.text.trim().to_owned(),
        });
        let links = references.iter().map(|one| {
            let (id, url) = (attribute(one, "ref_id"), attribute(one, "ref_url"));
            let kind = match one.tag.attribute("source") {
                Some("CVE") => ReferenceKind::Cve,
                _ if Some(&id) == own.map(|own| attribute(own, "ref_id")).as_ref() => ReferenceKind::Advisory,
                _ => reference_kind(&url),
            };
            Reference { kind, url, id, title: String::new() }
        });
        let is_withdrawn = element.tag.attribute("deprecated") == Some("true");
        let advisory = Advisory {
            id,
            kind: AdvisoryKind::Security,
            severity: Severity::of(text(said, "severity")).or_else(|| titled(title)),
            title: title.to_owned(),
            description: text(metadata, "description").to_owned(),
            solution: String::new(),
            rights: text(said, "rights").to_owned(),
            issued,
            updated,
            withdrawn: is_withdrawn.then_some(updated),
            suggestions: BTreeSet::new(),
            vulnerabilities,
            ratings: Vec::new(),
            references: links.chain(bugs).collect(),
            fixed,
            related: Vec::new(),
            history: Vec::new(),
        };
        checked(document, advisory, reading)
    }

    /// The packages of some criteria. A module that stands among them is asked for of all that is inside.
    fn criteria(
        &self,
        element: &Element,
        module: Option<&StreamId>,
        major: &str,
        fixed: &mut Vec<Fixed>,
    ) -> Result<(), String> {
        let criterions: Vec<&Element> =
            element.children.iter().filter(|one| local(&one.tag) == "criterion").collect();
        let own = criterions.iter().find_map(|criterion| self.module(criterion));
        let module = own.as_ref().or(module);
        for criterion in criterions {
            self.package(criterion, module, major, fixed)?;
            if fixed.len() > MOST_PACKAGES {
                return Err(format!("have more than {MOST_PACKAGES} packages"));
            }
        }
        let mut inside = element.children.iter().filter(|one| local(&one.tag) == "criteria");
        inside.try_for_each(|inner| self.criteria(inner, module, major, fixed))
    }

    fn test<'a>(&'a self, criterion: &Element) -> Option<(&'a Test, &'a Object)> {
        let test = self.tests.get(criterion.tag.attribute("test_ref")?)?;
        Some((test, self.objects.get(&test.object)?))
    }

    /// The stream that a criterion asks for: vendors say it in its comment, `Module redis:7 is enabled`.
    fn module(&self, criterion: &Element) -> Option<StreamId> {
        let (_, Object::File(path)) = self.test(criterion)? else { return None };
        let comment = criterion.tag.attribute("comment")?;
        let stream = StreamId::parse(comment.strip_prefix("Module ")?.strip_suffix(" is enabled")?)?;
        (*path == format!("/etc/dnf/modules.d/{}.module", stream.name)).then_some(stream)
    }

    fn package(
        &self,
        criterion: &Element,
        module: Option<&StreamId>,
        major: &str,
        fixed: &mut Vec<Fixed>,
    ) -> Result<(), String> {
        let reference = criterion.tag.attribute("test_ref").unwrap_or_default();
        let Some((test, object)) = self.test(criterion) else {
            // Of a test of another kind nothing is known; one of packages that leads nowhere is a fault.
            return match self.tests.contains_key(reference) {
                true => Err(format!("test `{reference}` has no object")),
                false => Ok(()),
            };
        };
        let (Object::Package(name), Some(state)) = (object, &test.state) else { return Ok(()) };
        let state = self.states.get(state).ok_or_else(|| format!("test `{reference}` has no state"))?;
        let Some(evr) = &state.earlier_than else { return Ok(()) };
        let evr: Evr = evr.parse().map_err(|error| format!("test `{reference}`: {error}"))?;
        let mut add = |arch: Option<&str>| {
            let one = Fixed::new(name, evr.clone(), arch)
                .map_err(|error| format!("test `{reference}`: {error}"))?;
            fixed.push(one.of_major(major).of_module(module.cloned()));
            Ok::<_, String>(())
        };
        if state.arches.is_empty() {
            add(None)?;
        }
        state.arches.iter().try_for_each(|arch| add(Some(arch)))
    }
}

/// `<cve cvss3="8.8/CVSS:3.1/AV:N/..." cwe="CWE-416" impact="important">CVE-2025-0001</cve>`
fn vulnerability(element: &Element) -> Result<Vulnerability, heirloom_model::advisory::InvalidCveId> {
    let id: CveId = element.text.trim().parse()?;
    let rating = |name: &str| {
        let (score, vector) = element.tag.attribute(name)?.split_once('/')?;
        let tenths = tenths(score.parse().ok()?)?;
        Some(Cvss { vector: vector.to_owned(), tenths: Some(tenths) })
    };
    let mut cvss: Vec<_> = ["cvss2", "cvss3", "cvss4"].into_iter().filter_map(rating).collect();
    cvss.sort();
    Ok(Vulnerability {
        cvss,
        severity: element.tag.attribute("impact").and_then(Severity::of),
        ..crate::advisory::vulnerability(id)
    })
}
