//! SPDX 2.3. Everything is a package: files of a source package too, since a file of SPDX needs a SHA-1.

use heirloom_model::Digest;
use heirloom_model::advisory::CveId;
use serde::Serialize;

use super::super::bill::{About, Bill, Ids, Subject, time, web};

const NONE: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo<'a>,
    packages: Vec<Package<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<Extracted<'a>>,
    relationships: Vec<Relationship<'a>>,
}

#[derive(Serialize)]
struct CreationInfo<'a> {
    created: &'a str,
    creators: [String; 2],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(rename = "SPDXID")]
    id: Id<'a>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<String>,
    download_location: &'a str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<&'a str>,
    license_concluded: &'static str,
    license_declared: &'a str,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: Digest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation<'a> {
    annotation_date: &'a str,
    annotation_type: &'static str,
    annotator: String,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extracted<'a> {
    license_id: &'a str,
    name: &'a str,
    extracted_text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship<'a> {
    spdx_element_id: Id<'a>,
    relationship_type: &'static str,
    related_spdx_element: Id<'a>,
}

/// An identifier with its prefix.
#[derive(Clone, Copy)]
struct Id<'a>(&'a str);

impl Serialize for Id<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("SPDXRef-{}", self.0))
    }
}

const DOCUMENT: Id<'static> = Id("DOCUMENT");
const SYSTEM: &str = "system";

pub(super) fn write(bill: &Bill) -> Result<String, serde_json::Error> {
    let (ids, created) = (Ids::new(bill), time(bill.created));
    let writer = Writer { bill, ids: &ids, created: &created };
    let (name, version) = bill.title();
    let document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: format!("{name} {version}"),
        document_namespace: bill.namespace(),
        creation_info: CreationInfo {
            created: &created,
            creators: [
                format!("Organization: {}", bill.maker.organisation),
                format!("Tool: heirloom-{}", bill.maker.tool_version),
            ],
        },
        packages: writer.packages(),
        has_extracted_licensing_infos: bill.custom_licences().into_iter().map(extracted).collect(),
        relationships: writer.relationships(),
    };
    serde_json::to_string(&document)
}

fn extracted<'a>((license_id, name): (&'a str, &'a str)) -> Extracted<'a> {
    let extracted_text = format!("The package's licence tag says `{name}`; its text is in the package.");
    Extracted { license_id, name, extracted_text }
}

struct Writer<'a> {
    bill: &'a Bill,
    ids: &'a Ids,
    created: &'a str,
}

impl<'a> Writer<'a> {
    fn packages(&self) -> Vec<Package<'a>> {
        let bill = self.bill;
        let organisation = bill.maker.organisation.as_str();
        let mut all = Vec::new();
        if let Subject::Release { .. } = bill.subject {
            all.push(Package {
                version_info: Some(bill.maker.version.clone()),
                supplier: supplier(organisation),
                homepage: web(&bill.maker.home),
                primary_package_purpose: "OPERATING_SYSTEM",
                ..plain(SYSTEM, &bill.maker.id)
            });
        }
        for (package, id) in bill.packages.iter().zip(&self.ids.packages) {
            all.push(Package {
                supplier: bill.supplier(package).and_then(supplier),
                checksums: sha256(package.digest),
                external_refs: purl(bill.purl_of_package(package)),
                primary_package_purpose: "INSTALL",
                ..about(id, &package.about)
            });
        }
        for (index, (source, id)) in bill.sources.iter().zip(&self.ids.sources).enumerate() {
            all.push(Package {
                supplier: supplier(organisation),
                checksums: sha256(source.digest),
                external_refs: purl(bill.purl_of_source(source)),
                primary_package_purpose: "SOURCE",
                annotations: self.fixes(&source.fixes, "the changelog of this version names it"),
                ..about(id, &source.about)
            });
            for (file, id) in source.files.iter().zip(&self.ids.files[index]) {
                all.push(Package {
                    download_location: file.url.as_deref().and_then(web).unwrap_or(NONE),
                    checksums: sha256(file.digest),
                    primary_package_purpose: "FILE",
                    annotations: self.fixes(&file.fixes, "the patch's name says so"),
                    ..plain(id, &file.name)
                });
            }
        }
        for (tool, id) in bill.tools.iter().zip(&self.ids.tools) {
            all.push(Package {
                version_info: Some(tool.nevra.evr().to_string()),
                supplier: tool.own.then(|| supplier(organisation)).flatten(),
                checksums: sha256(tool.digest),
                external_refs: purl(bill.purl_of_tool(tool)),
                primary_package_purpose: "INSTALL",
                ..plain(id, tool.nevra.name())
            });
        }
        all
    }

    fn fixes(&self, fixes: &[CveId], ground: &str) -> Vec<Annotation<'a>> {
        let annotation = |cve: &CveId| Annotation {
            annotation_date: self.created,
            annotation_type: "OTHER",
            annotator: format!("Tool: heirloom-{}", self.bill.maker.tool_version),
            comment: format!("fixes {}: {ground}", cve.as_str()),
        };
        fixes.iter().map(annotation).collect()
    }

    fn relationships(&self) -> Vec<Relationship<'a>> {
        let (bill, ids) = (self.bill, self.ids);
        let mut all = Vec::new();
        let mut add = |one, relationship_type, other| {
            all.push(Relationship { spdx_element_id: one, relationship_type, related_spdx_element: other });
        };
        match bill.subject {
            Subject::Release { .. } => {
                add(DOCUMENT, "DESCRIBES", Id(SYSTEM));
                ids.packages.iter().for_each(|id| add(Id(SYSTEM), "CONTAINS", Id(id)));
            }
            Subject::Build { .. } => ids.packages.iter().for_each(|id| add(DOCUMENT, "DESCRIBES", Id(id))),
        }
        for (index, (source, id)) in bill.sources.iter().zip(&ids.sources).enumerate() {
            source.gave.iter().for_each(|gave| add(Id(&ids.packages[*gave]), "GENERATED_FROM", Id(id)));
            for (file, of_file) in source.files.iter().zip(&ids.files[index]) {
                add(Id(id), "CONTAINS", Id(of_file));
                if file.is_patch {
                    add(Id(of_file), "PATCH_FOR", Id(id));
                }
            }
            source.buildroot.iter().for_each(|tool| add(Id(ids.tool(*tool)), "BUILD_DEPENDENCY_OF", Id(id)));
        }
        all
    }
}

fn plain<'a>(id: &'a str, name: &'a str) -> Package<'a> {
    Package {
        id: Id(id),
        name,
        version_info: None,
        supplier: None,
        download_location: NONE,
        files_analyzed: false,
        checksums: Vec::new(),
        homepage: None,
        license_concluded: NONE,
        license_declared: NONE,
        copyright_text: NONE,
        summary: None,
        external_refs: Vec::new(),
        primary_package_purpose: "OTHER",
        annotations: Vec::new(),
    }
}

fn about<'a>(id: &'a str, about: &'a About) -> Package<'a> {
    Package {
        version_info: Some(about.nevra.evr().to_string()),
        homepage: web(&about.url),
        license_declared: about.licence.expression.as_deref().unwrap_or(NONE),
        summary: Some(about.summary.as_str()).filter(|summary| !summary.is_empty()),
        ..plain(id, about.nevra.name())
    }
}

/// The form of a name can't hold parentheses, which enclose an address.
fn supplier(name: &str) -> Option<String> {
    let name = name.replace(['(', ')'], " ");
    (!name.trim().is_empty()).then(|| format!("Organization: {}", name.trim()))
}

fn sha256(checksum_value: Digest) -> Vec<Checksum> {
    vec![Checksum { algorithm: "SHA256", checksum_value }]
}

fn purl(reference_locator: String) -> Vec<ExternalRef> {
    vec![ExternalRef { reference_category: "PACKAGE-MANAGER", reference_type: "purl", reference_locator }]
}
