//! SPDX 3.0.1 as JSON-LD: profiles core, software, simpleLicensing, build and security.

use std::collections::BTreeMap;

use heirloom_model::Digest;
use serde::Serialize;

use super::super::bill::{About, Bill, Ids, Subject, time, web};

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
/// How all elements refer to the one that says when and by whom they were made.
const CREATION: &str = "_:creation";
const BUILD_TYPE: &str = heirloom_model::provenance::BUILD_TYPE;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@graph")]
    graph: Vec<Node<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Node<'a> {
    Creation(CreationInfo),
    Element(Box<Element<'a>>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "@id")]
    id: &'static str,
    spec_version: &'static str,
    created: String,
    created_by: [String; 1],
    created_using: [String; 1],
}

/// An element with what is said of any kind of it; what its kind has not is left out.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Element<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    spdx_id: String,
    creation_info: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_identifier: Vec<ExternalIdentifier<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verified_using: Vec<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplied_by: Option<String>,
    #[serde(rename = "software_packageVersion", skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(rename = "software_packageUrl", skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(rename = "software_homePage", skip_serializing_if = "Option::is_none")]
    home_page: Option<&'a str>,
    #[serde(rename = "software_primaryPurpose", skip_serializing_if = "Option::is_none")]
    purpose: Option<&'static str>,
    #[serde(rename = "software_sbomType", skip_serializing_if = "Vec::is_empty")]
    sbom_type: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    profile_conformance: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    root_element: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(rename = "security_statusNotes", skip_serializing_if = "Option::is_none")]
    status_notes: Option<&'static str>,
    #[serde(rename = "build_buildType", skip_serializing_if = "Option::is_none")]
    build_type: Option<&'static str>,
    #[serde(rename = "build_buildId", skip_serializing_if = "Option::is_none")]
    build_id: Option<Digest>,
    #[serde(rename = "simplelicensing_licenseExpression", skip_serializing_if = "Option::is_none")]
    licence: Option<&'a str>,
    #[serde(rename = "simplelicensing_customIdToUri", skip_serializing_if = "Vec::is_empty")]
    custom_licences: Vec<Entry<'a>>,
    #[serde(rename = "simplelicensing_licenseText", skip_serializing_if = "Option::is_none")]
    licence_text: Option<String>,
}

#[derive(Serialize)]
struct Hash {
    #[serde(rename = "type")]
    kind: &'static str,
    algorithm: &'static str,
    #[serde(rename = "hashValue")]
    value: Digest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalIdentifier<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    external_identifier_type: &'static str,
    identifier: &'a str,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    key: &'a str,
    value: String,
}

pub(super) fn write(bill: &Bill) -> Result<String, serde_json::Error> {
    let ids = Ids::new(bill);
    let mut writer = Writer { bill, ids: &ids, namespace: bill.namespace(), graph: Vec::new(), relations: 0 };
    writer.frame();
    writer.packages();
    writer.sources();
    writer.licences();
    writer.fixes();
    serde_json::to_string(&Document { context: CONTEXT, graph: writer.graph })
}

struct Writer<'a> {
    bill: &'a Bill,
    ids: &'a Ids,
    namespace: String,
    graph: Vec<Node<'a>>,
    relations: usize,
}

impl<'a> Writer<'a> {
    fn id(&self, id: &str) -> String {
        format!("{}#{id}", self.namespace)
    }

    fn all(&self, ids: &[String]) -> Vec<String> {
        ids.iter().map(|id| self.id(id)).collect()
    }

    fn element(&self, kind: &'static str, id: &str) -> Element<'a> {
        Element { kind, spdx_id: self.id(id), creation_info: CREATION, ..Element::default() }
    }

    fn add(&mut self, element: Element<'a>) {
        self.graph.push(Node::Element(Box::new(element)));
    }

    fn relate(
        &mut self,
        relationship_type: &'static str,
        from: String,
        to: Vec<String>,
        scope: Option<&'static str>,
    ) {
        if to.is_empty() {
            return;
        }
        self.relations += 1;
        let kind = if scope.is_some() { "LifecycleScopedRelationship" } else { "Relationship" };
        let id = format!("relationship-{}", self.relations);
        let relationship_type = Some(relationship_type);
        self.add(Element { from: Some(from), to, relationship_type, scope, ..self.element(kind, &id) });
    }

    /// Who made it, and what it is about.
    fn frame(&mut self) {
        let bill = self.bill;
        self.graph.push(Node::Creation(CreationInfo {
            kind: "CreationInfo",
            id: CREATION,
            spec_version: "3.0.1",
            created: time(bill.created),
            created_by: [self.id("organisation")],
            created_using: [self.id("tool")],
        }));
        let name = Some(bill.maker.organisation.as_str());
        self.add(Element { name, ..self.element("Organization", "organisation") });
        let tool = Some("heirloom");
        self.add(Element { name: tool, ..self.element("Tool", "tool") });
        let (name, _) = bill.title();
        self.add(Element {
            name: Some(name),
            profile_conformance: vec!["core", "software", "simpleLicensing", "build", "security"],
            root_element: vec![self.id("sbom")],
            ..self.element("SpdxDocument", "document")
        });
        let packages = self.all(&self.ids.packages);
        let root_element = match bill.subject {
            Subject::Release { .. } => vec![self.id("system")],
            Subject::Build { .. } => packages.clone(),
        };
        let sbom = self.element("software_Sbom", "sbom");
        self.add(Element { name: Some(name), sbom_type: vec!["build"], root_element, ..sbom });
        if let Subject::Release { .. } = bill.subject {
            self.add(Element {
                name: Some(&bill.maker.id),
                supplied_by: Some(self.id("organisation")),
                version: Some(bill.maker.version.clone()),
                home_page: web(&bill.maker.home),
                purpose: Some("operatingSystem"),
                ..self.element("software_Package", "system")
            });
            self.relate("contains", self.id("system"), packages, None);
        }
    }

    fn about(&self, id: &str, about: &'a About) -> Element<'a> {
        Element {
            name: Some(about.nevra.name()),
            summary: Some(about.summary.as_str()).filter(|summary| !summary.is_empty()),
            version: Some(about.nevra.evr().to_string()),
            home_page: web(&about.url),
            ..self.element("software_Package", id)
        }
    }

    fn packages(&mut self) {
        let (bill, ids) = (self.bill, self.ids);
        let mut vendors = BTreeMap::new();
        for (package, id) in bill.packages.iter().zip(&ids.packages) {
            let supplied_by = match &package.foreign_vendor {
                None => Some(self.id("organisation")),
                Some(_) => bill.supplier(package).map(|name| {
                    let count = vendors.len();
                    self.id(&format!("vendor-{}", vendors.entry(name).or_insert(count)))
                }),
            };
            self.add(Element {
                supplied_by,
                verified_using: sha256(package.digest),
                purl: Some(bill.purl_of_package(package)),
                purpose: Some("install"),
                ..self.about(id, &package.about)
            });
        }
        for (name, number) in vendors {
            let vendor = self.element("Organization", &format!("vendor-{number}"));
            self.add(Element { name: Some(name), ..vendor });
        }
        for (tool, id) in bill.tools.iter().zip(&ids.tools) {
            self.add(Element {
                name: Some(tool.nevra.name()),
                version: Some(tool.nevra.evr().to_string()),
                supplied_by: tool.own.then(|| self.id("organisation")),
                verified_using: sha256(tool.digest),
                purl: Some(bill.purl_of_tool(tool)),
                purpose: Some("install"),
                ..self.element("software_Package", id)
            });
        }
    }

    fn sources(&mut self) {
        let (bill, ids) = (self.bill, self.ids);
        for (index, (source, id)) in bill.sources.iter().zip(&ids.sources).enumerate() {
            self.add(Element {
                supplied_by: Some(self.id("organisation")),
                verified_using: sha256(source.digest),
                purl: Some(bill.purl_of_source(source)),
                purpose: Some("source"),
                ..self.about(id, &source.about)
            });
            let mut patches = Vec::new();
            for (file, of_file) in source.files.iter().zip(&ids.files[index]) {
                if file.is_patch {
                    patches.push(self.id(of_file));
                }
                self.add(Element {
                    name: Some(&file.name),
                    verified_using: sha256(file.digest),
                    purpose: Some(if file.is_patch { "patch" } else { "source" }),
                    ..self.element("software_File", of_file)
                });
            }
            self.relate("contains", self.id(id), self.all(&ids.files[index]), None);
            self.relate("patchedBy", self.id(id), patches, None);
            let build = format!("build-{}", &source.action.to_string()[..16]);
            self.add(Element {
                build_type: Some(BUILD_TYPE),
                build_id: Some(source.action),
                ..self.element("build_Build", &build)
            });
            let gave = source.gave.iter().map(|index| self.id(&ids.packages[*index])).collect();
            let buildroot = source.buildroot.iter().map(|tool| self.id(ids.tool(*tool))).collect();
            self.relate("hasInput", self.id(&build), vec![self.id(id)], Some("build"));
            self.relate("dependsOn", self.id(&build), buildroot, Some("build"));
            self.relate("hasOutput", self.id(&build), gave, Some("build"));
        }
    }

    /// Each expression once, and who declares it.
    fn licences(&mut self) {
        let (bill, ids) = (self.bill, self.ids);
        let packages = bill.packages.iter().map(|it| &it.about).zip(&ids.packages);
        let sources = bill.sources.iter().map(|it| &it.about).zip(&ids.sources);
        let mut all = BTreeMap::<&str, (&About, Vec<String>)>::new();
        for (about, id) in packages.chain(sources) {
            if let Some(expression) = &about.licence.expression {
                all.entry(expression).or_insert((about, Vec::new())).1.push(self.id(id));
            }
        }
        for (number, (expression, (about, declaring))) in all.into_iter().enumerate() {
            let custom_licences = about.licence.custom().map(|(key, _)| Entry {
                kind: "DictionaryEntry",
                key,
                value: self.id(key),
            });
            let id = format!("licence-{}", number + 1);
            self.add(Element {
                licence: Some(expression),
                custom_licences: custom_licences.collect(),
                ..self.element("simplelicensing_LicenseExpression", &id)
            });
            for package in declaring {
                self.relate("hasDeclaredLicense", package, vec![self.id(&id)], None);
            }
        }
        for (id, name) in bill.custom_licences() {
            let text = format!("The package's licence tag says `{name}`; its text is in the package.");
            self.add(Element {
                name: Some(name),
                licence_text: Some(text),
                ..self.element("simplelicensing_SimpleLicensingText", id)
            });
        }
    }

    /// What this version fixes.
    fn fixes(&mut self) {
        let (bill, ids) = (self.bill, self.ids);
        let mut fixed = BTreeMap::<_, Vec<(Vec<String>, &'static str)>>::new();
        for ((source, id), files) in bill.sources.iter().zip(&ids.sources).zip(&ids.files) {
            let gave = source.gave.iter().map(|index| self.id(&ids.packages[*index]));
            let whole: Vec<_> = std::iter::once(self.id(id)).chain(gave).collect();
            for cve in &source.fixes {
                let note = "The changelog of this version names it.";
                fixed.entry(cve.as_str()).or_default().push((whole.clone(), note));
            }
            for (file, of_file) in source.files.iter().zip(files) {
                for cve in &file.fixes {
                    let note = "The name of the patch says so.";
                    let to = std::iter::once(self.id(of_file)).chain(whole.iter().cloned());
                    fixed.entry(cve.as_str()).or_default().push((to.collect(), note));
                }
            }
        }
        for (cve, all) in fixed {
            let identifier = ExternalIdentifier {
                kind: "ExternalIdentifier",
                external_identifier_type: "cve",
                identifier: cve,
            };
            let vulnerability = self.element("security_Vulnerability", cve);
            self.add(Element { name: Some(cve), external_identifier: vec![identifier], ..vulnerability });
            for (to, note) in all {
                self.relations += 1;
                let id = format!("relationship-{}", self.relations);
                self.add(Element {
                    from: Some(self.id(cve)),
                    to,
                    relationship_type: Some("fixedIn"),
                    supplied_by: Some(self.id("organisation")),
                    status_notes: Some(note),
                    ..self.element("security_VexFixedVulnAssessmentRelationship", &id)
                });
            }
        }
    }
}

fn sha256(value: Digest) -> Vec<Hash> {
    vec![Hash { kind: "Hash", algorithm: "sha256", value }]
}
