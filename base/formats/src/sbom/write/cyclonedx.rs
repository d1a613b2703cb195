//! CycloneDX 1.6. Packages of buildroots are in `formulation`, apart from the components, so that no reader takes them for
//! a part of what is delivered.

use heirloom_model::Digest;
use heirloom_model::advisory::CveId;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::super::bill::{About, Bill, FilePart, Ids, SourcePart, Subject, ToolPart, time, web};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    dependencies: Vec<Dependency<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vulnerabilities: Vec<Vulnerability<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    formulation: Vec<Formula<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: String,
    tools: Tools<'a>,
    component: Component<'a>,
    supplier: Organisation<'a>,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: [Component<'a>; 1],
}

#[derive(Serialize)]
struct Organisation<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    url: Vec<&'a str>,
}

#[derive(Default, Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<Organisation<'a>>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Licensed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(rename = "externalReferences", skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pedigree: Option<Pedigree<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: Digest,
}

#[derive(Serialize)]
struct Licensed<'a> {
    expression: &'a str,
    acknowledgement: &'static str,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Pedigree<'a> {
    patches: Vec<Patch<'a>>,
}

#[derive(Serialize)]
struct Patch<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    diff: Diff,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resolves: Vec<Issue<'a>>,
}

#[derive(Serialize)]
struct Diff {
    url: String,
}

#[derive(Serialize)]
struct Issue<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    depends_on: Vec<&'a str>,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: &'a str,
    analysis: Analysis,
    affects: Vec<Ref<'a>>,
}

#[derive(Serialize)]
struct Analysis {
    state: &'static str,
    detail: &'static str,
}

#[derive(Serialize)]
struct Ref<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
}

#[derive(Serialize)]
struct Formula<'a> {
    #[serde(rename = "bom-ref")]
    reference: &'static str,
    components: Vec<Component<'a>>,
    workflows: Vec<Workflow<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Workflow<'a> {
    #[serde(rename = "bom-ref")]
    reference: String,
    uid: Digest,
    name: String,
    task_types: [&'static str; 1],
    inputs: Vec<Put<'a>>,
    outputs: Vec<Put<'a>>,
}

#[derive(Serialize)]
struct Put<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    resource: Ref<'a>,
}

const SUBJECT: &str = "subject";

pub(super) fn write(bill: &Bill) -> Result<String, serde_json::Error> {
    let ids = Ids::new(bill);
    let home = web(&bill.maker.home).into_iter().collect();
    let document = Document {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: serial(bill.digest()),
        version: 1,
        metadata: Metadata {
            timestamp: time(bill.created),
            tools: Tools { components: [tool(bill)] },
            component: subject(bill),
            supplier: Organisation { name: &bill.maker.organisation, url: home },
        },
        components: components(bill, &ids),
        dependencies: vec![Dependency {
            reference: SUBJECT,
            depends_on: ids.packages.iter().map(String::as_str).collect(),
        }],
        vulnerabilities: vulnerabilities(bill, &ids),
        formulation: formulation(bill, &ids),
    };
    serde_json::to_string(&document)
}

/// A UUID of version 8, whose bits are whoever's makes it: here those of the digest (RFC 9562, 5.8).
fn serial(digest: Digest) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    format!("urn:uuid:{a}-{b}-{c}-{d}-{e}")
}

fn tool(bill: &Bill) -> Component<'_> {
    let version = Some(bill.maker.tool_version.clone());
    Component { kind: "application", name: "heirloom", version, ..Component::default() }
}

fn subject(bill: &Bill) -> Component<'_> {
    let (name, version) = bill.title();
    let kind = match bill.subject {
        Subject::Build { .. } => "application",
        Subject::Release { .. } => "operating-system",
    };
    let version = Some(version.to_owned());
    Component { kind, reference: Some(SUBJECT), name, version, ..Component::default() }
}

fn components<'a>(bill: &'a Bill, ids: &'a Ids) -> Vec<Component<'a>> {
    let mut all = Vec::new();
    if let Subject::Release { .. } = bill.subject {
        let version = Some(bill.maker.version.clone());
        let (kind, name) = ("operating-system", bill.maker.id.as_str());
        all.push(Component { kind, reference: Some("system"), name, version, ..Component::default() });
    }
    for (package, id) in bill.packages.iter().zip(&ids.packages) {
        all.push(Component {
            supplier: bill.supplier(package).map(|name| Organisation { name, url: Vec::new() }),
            hashes: sha256(package.digest),
            purl: Some(bill.purl_of_package(package)),
            ..about(id, &package.about)
        });
    }
    for ((source, id), files) in bill.sources.iter().zip(&ids.sources).zip(&ids.files) {
        all.push(Component {
            supplier: Some(Organisation { name: &bill.maker.organisation, url: Vec::new() }),
            hashes: sha256(source.digest),
            purl: Some(bill.purl_of_source(source)),
            pedigree: pedigree(source),
            components: source.files.iter().zip(files).map(|(file, id)| of_file(file, id)).collect(),
            ..about(id, &source.about)
        });
    }
    all
}

fn of_file<'a>(file: &'a FilePart, id: &'a str) -> Component<'a> {
    let url = file.url.as_deref().and_then(web);
    let references = url.map(|url| Reference { kind: "distribution", url });
    Component {
        kind: "file",
        reference: Some(id),
        name: &file.name,
        hashes: sha256(file.digest),
        references: references.into_iter().collect(),
        ..Component::default()
    }
}

/// What kind of patch it is, nobody said: all that is sure is that it is applied here.
fn pedigree(source: &SourcePart) -> Option<Pedigree<'_>> {
    let patch =
        |file: &'_ FilePart| Diff { url: utf8_percent_encode(&file.name, NON_ALPHANUMERIC).to_string() };
    let patches = source.files.iter().filter(|file| file.is_patch).map(|file| Patch {
        kind: "unofficial",
        diff: patch(file),
        resolves: file.fixes.iter().map(|cve| Issue { kind: "security", id: cve.as_str() }).collect(),
    });
    let patches: Vec<_> = patches.collect();
    (!patches.is_empty()).then_some(Pedigree { patches })
}

fn about<'a>(id: &'a str, about: &'a About) -> Component<'a> {
    let licence = about.licence.expression.as_deref();
    let url = web(&about.url);
    Component {
        kind: "library",
        reference: Some(id),
        name: about.nevra.name(),
        version: Some(about.nevra.evr().to_string()),
        description: Some(about.summary.as_str()).filter(|summary| !summary.is_empty()),
        licenses: licence
            .map(|expression| Licensed { expression, acknowledgement: "declared" })
            .into_iter()
            .collect(),
        references: url.map(|url| Reference { kind: "website", url }).into_iter().collect(),
        ..Component::default()
    }
}

fn of_tool<'a>(bill: &'a Bill, tool: &'a ToolPart, id: &'a str) -> Component<'a> {
    Component {
        kind: "library",
        reference: Some(id),
        name: tool.nevra.name(),
        version: Some(tool.nevra.evr().to_string()),
        hashes: sha256(tool.digest),
        purl: Some(bill.purl_of_tool(tool)),
        ..Component::default()
    }
}

/// What this version fixes, of each source package and what it gave.
fn vulnerabilities<'a>(bill: &'a Bill, ids: &'a Ids) -> Vec<Vulnerability<'a>> {
    let mut all = Vec::new();
    for (source, id) in bill.sources.iter().zip(&ids.sources) {
        for (cve, detail) in fixed(source) {
            let gave = source.gave.iter().map(|index| ids.packages[*index].as_str());
            let affects = gave.chain([id.as_str()]).map(|reference| Ref { reference }).collect();
            all.push(Vulnerability {
                id: cve.as_str(),
                analysis: Analysis { state: "resolved", detail },
                affects,
            });
        }
    }
    all
}

/// Each vulnerability once, and on what ground it is said to be fixed.
fn fixed(source: &SourcePart) -> Vec<(&CveId, &'static str)> {
    let mut all: Vec<_> =
        source.fixes.iter().map(|cve| (cve, "The changelog of this version names it.")).collect();
    for cve in source.files.iter().flat_map(|file| &file.fixes) {
        if !all.iter().any(|(known, _)| *known == cve) {
            all.push((cve, "The name of a patch says so."));
        }
    }
    all.sort();
    all
}

fn formulation<'a>(bill: &'a Bill, ids: &'a Ids) -> Vec<Formula<'a>> {
    if bill.sources.is_empty() {
        return Vec::new();
    }
    let tools = bill.tools.iter().zip(&ids.tools).map(|(tool, id)| of_tool(bill, tool, id));
    let workflows = bill.sources.iter().zip(&ids.sources).map(|(source, id)| {
        let input = |reference| Put { kind: None, resource: Ref { reference } };
        let output = |index: &usize| Put {
            kind: Some("artifact"),
            resource: Ref { reference: &ids.packages[*index] },
        };
        let buildroot = source.buildroot.iter().map(|tool| input(ids.tool(*tool)));
        Workflow {
            reference: format!("build-{}", &source.action.to_string()[..16]),
            uid: source.action,
            name: format!("build of {}", source.about.nevra),
            task_types: ["build"],
            inputs: std::iter::once(input(id)).chain(buildroot).collect(),
            outputs: source.gave.iter().map(output).collect(),
        }
    });
    vec![Formula { reference: "builds", components: tools.collect(), workflows: workflows.collect() }]
}

fn sha256(content: Digest) -> Vec<Hash> {
    vec![Hash { alg: "SHA-256", content }]
}
