//! OSV 1.7, the Open Source Vulnerability format: <https://ossf.github.io/osv-schema/>.
//!
//! An entry of `affected` is a package; its ranges say which versions. What OSV has no place for (severity by word,
//! ratings by vulnerability, architectures) is in `database_specific` and `ecosystem_specific`, and is read from there.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::advisory::{
    Advisory, AdvisoryId, AdvisoryKind, CveId, Cvss, Fixed, Reference, ReferenceKind, Severity, Vulnerability,
};
use heirloom_model::{Evr, Nevra};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::{checked, cut, few, json};
use super::purl::Purl;
use super::{
    AdvisoryError, Issuer, MOST_PACKAGES, MOST_REFERENCES, Reading, reference_kind, time, titled,
    vulnerability,
};

const SCHEMA_VERSION: &str = "1.7.4";

#[derive(Deserialize, Serialize)]
struct Osv {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    schema_version: String,
    id: String,
    modified: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    upstream: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    related: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    summary: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    details: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    severity: Vec<Score>,
    #[serde(default, deserialize_with = "list")]
    affected: Vec<Affected>,
    #[serde(default, deserialize_with = "list")]
    references: Vec<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database_specific: Option<Specific>,
}

#[derive(Deserialize, Serialize)]
struct Score {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize, Serialize)]
struct Affected {
    package: Option<Package>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ecosystem_specific: Option<PackageSpecific>,
}

#[derive(Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    ecosystem: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    events: Vec<Event>,
}

#[derive(Default, Deserialize, Serialize)]
struct Event {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    introduced: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fixed: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Link {
    #[serde(rename = "type")]
    kind: String,
    url: String,
}

/// What the database says beside the schema. Others' databases say other things: what is not understood is not there.
#[derive(Default, Deserialize, Serialize)]
struct Specific {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    severity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    kind: Option<AdvisoryKind>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    vulnerabilities: Option<Vec<Vulnerability>>,
}

/// The binary packages of an entry that is named after its source package.
#[derive(Default, Deserialize, Serialize)]
struct PackageSpecific {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    binaries: Option<BTreeMap<String, Binary>>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct Binary {
    version: String,
    arches: Vec<String>,
}

/// A list; the schema allows `null` for an empty one.
fn list<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A value, or none if it has another form.
fn lenient<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: serde::de::DeserializeOwned,
    D: serde::Deserializer<'de>,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// Reads one.
///
/// # Errors
/// The document is damaged or another one; its id, a date, a package or a version is not what it should be.
pub(super) fn read(name: &str, content: &[u8], reading: Reading<'_>) -> Result<Advisory, AdvisoryError> {
    let osv: Osv = json(name, content)?;
    let failed = |field: &str, message: &dyn std::fmt::Display| AdvisoryError::new(name, field, message);
    few(name, "affected", osv.affected.len(), MOST_PACKAGES)?;
    few(name, "references", osv.references.len(), MOST_REFERENCES)?;
    let id: AdvisoryId = osv.id.parse().map_err(|error| failed("id", &error))?;
    let date =
        |field, text: &str| time(text).ok_or_else(|| failed(field, &format!("`{}` is no date", cut(text))));
    let updated = date("modified", &osv.modified)?;
    let issued = osv.published.as_deref().map_or(Ok(updated), |text| date("published", text))?;
    let withdrawn = osv.withdrawn.as_deref().map(|text| date("withdrawn", text)).transpose()?;

    let mut fixed = Vec::new();
    for (number, affected) in osv.affected.iter().enumerate() {
        packages(affected, &mut fixed)
            .map_err(|(field, message)| failed(&format!("affected[{number}]{field}"), &message))?;
        few(name, "affected", fixed.len(), MOST_PACKAGES)?;
    }
    let specific = osv.database_specific.unwrap_or_default();
    let mut vulnerabilities = specific.vulnerabilities.unwrap_or_default();
    let mut related = Vec::new();
    for text in osv.upstream.into_iter().chain(osv.related).chain(osv.aliases) {
        match text.parse::<CveId>() {
            Ok(id) => vulnerabilities.push(vulnerability(id)),
            Err(_) if !related.contains(&text) => related.push(text),
            Err(_) => {}
        }
    }
    let mut ratings: Vec<_> =
        osv.severity.into_iter().map(|score| Cvss { vector: score.score, tenths: None }).collect();
    ratings.sort();
    ratings.dedup();
    let severity = specific.severity.as_deref().and_then(Severity::of).or_else(|| titled(&osv.summary));
    let advisory = Advisory {
        id,
        kind: specific.kind.unwrap_or(AdvisoryKind::Security),
        severity,
        title: osv.summary,
        description: osv.details,
        solution: String::new(),
        rights: String::new(),
        issued,
        updated,
        withdrawn,
        suggestions: BTreeSet::new(),
        vulnerabilities,
        ratings,
        references: osv.references.into_iter().map(reference).collect(),
        fixed,
        related,
        history: Vec::new(),
    };
    checked(name, advisory, reading)
}

/// The packages of an entry; else which field of it is wrong, and how.
fn packages(affected: &Affected, fixed: &mut Vec<Fixed>) -> Result<(), (String, String)> {
    // An entry without a package is about something else, such as commits.
    let Some(package) = &affected.package else { return Ok(()) };
    let purl = package.purl.as_deref().and_then(Purl::parse).unwrap_or_default();
    let major = major(&package.ecosystem);
    let binaries = affected.ecosystem_specific.as_ref().and_then(|specific| specific.binaries.clone());
    for (number, range) in affected.ranges.iter().enumerate().filter(|(_, range)| range.kind == "ECOSYSTEM") {
        let mut since = None;
        for (event_number, event) in range.events.iter().enumerate() {
            let at = |name: &str| format!(".ranges[{number}].events[{event_number}].{name}");
            let evr = |name: &str, text: &str| -> Result<Evr, (String, String)> {
                text.parse()
                    .map_err(|error: heirloom_model::nevra::InvalidNevra| (at(name), error.to_string()))
            };
            if let Some(text) = event.introduced.as_deref() {
                since = if text == "0" { None } else { Some(evr("introduced", text)?) };
            }
            let Some(text) = event.fixed.as_deref() else { continue };
            let first = evr("fixed", text)?;
            let mut add = |name: &str, evr: Evr, arch: Option<&str>, source: Option<Nevra>| {
                let one = Fixed::new(name, evr, arch);
                let one = one.map_err(|error| (".package.name".to_owned(), error.to_string()))?;
                let one = one.of_major(&major).of_module(purl.module.clone()).of_source(source);
                fixed.push(one.since(since.clone()));
                Ok::<_, (String, String)>(())
            };
            let Some(binaries) = &binaries else {
                add(&package.name, first, purl.arch.as_deref(), None)?;
                continue;
            };
            let source = Nevra::new(&package.name, first, "src");
            let source = source.map_err(|error| (".package.name".to_owned(), error.to_string()))?;
            for (name, binary) in binaries {
                let version = binary.version.parse::<Evr>();
                let version = version.map_err(|error| {
                    (format!(".ecosystem_specific.binaries.{name}.version"), error.to_string())
                })?;
                for arch in &binary.arches {
                    add(name, version.clone(), Some(arch), Some(source.clone()))?;
                }
                if binary.arches.is_empty() {
                    add(name, version, None, Some(source.clone()))?;
                }
            }
        }
    }
    Ok(())
}

/// The major version that an ecosystem names: 9 of `AlmaLinux:9` and of `Red Hat:enterprise_linux:9::appstream`.
fn major(ecosystem: &str) -> String {
    let (_, rest) = ecosystem.split_once(':').unwrap_or_default();
    let part = rest.split(':').find(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect();
    part.map(digits).unwrap_or_default()
}

fn reference(link: Link) -> Reference {
    let kind = match link.kind.as_str() {
        "ADVISORY" => ReferenceKind::Advisory,
        "REPORT" if CveId::all_in(&link.url).is_empty() => ReferenceKind::Bug,
        _ => reference_kind(&link.url),
    };
    super::reference(kind, link.url, String::new())
}

/// Writes one. The same advisory gives the same bytes.
///
/// # Errors
/// None that an advisory can lead to; serialising is fallible by type.
pub fn write(advisory: &Advisory, issuer: Issuer<'_>) -> Result<String, serde_json::Error> {
    let rfc = |time: Timestamp| time.to_string();
    let osv = Osv {
        schema_version: SCHEMA_VERSION.to_owned(),
        id: advisory.id.to_string(),
        modified: rfc(advisory.updated),
        published: Some(rfc(advisory.issued)),
        withdrawn: advisory.withdrawn.map(rfc),
        aliases: Vec::new(),
        upstream: advisory.vulnerabilities.iter().map(|one| one.id.to_string()).collect(),
        related: advisory.related.clone(),
        summary: advisory.title.clone(),
        details: advisory.description.clone(),
        severity: scores(advisory),
        affected: affected(advisory, issuer),
        references: advisory.references.iter().map(link).collect(),
        database_specific: Some(Specific {
            severity: advisory.severity.map(|severity| severity.name().to_owned()),
            kind: Some(advisory.kind),
            vulnerabilities: (!advisory.vulnerabilities.is_empty()).then(|| advisory.vulnerabilities.clone()),
        }),
    };
    serde_json::to_string(&osv).map(|text| text + "\n")
}

fn link(reference: &Reference) -> Link {
    let kind = match reference.kind {
        ReferenceKind::Advisory => "ADVISORY",
        ReferenceKind::Cve | ReferenceKind::Bug => "REPORT",
        ReferenceKind::Other => "WEB",
    };
    Link { kind: kind.to_owned(), url: reference.url.clone() }
}

/// The worst rating of each version of CVSS that there is, as OSV has one of each for the whole.
fn scores(advisory: &Advisory) -> Vec<Score> {
    let all = advisory.ratings.iter().chain(advisory.vulnerabilities.iter().flat_map(|one| &one.cvss));
    let mut worst: BTreeMap<&str, &Cvss> = BTreeMap::new();
    for cvss in all {
        let kept = worst.entry(cvss.version()).or_insert(cvss);
        if cvss.tenths > kept.tenths {
            *kept = cvss;
        }
    }
    let score =
        |(version, cvss): (&str, &Cvss)| Score { kind: version.to_owned(), score: cvss.vector.clone() };
    worst.into_iter().map(score).collect()
}

/// An entry for each source package, where it is known from which ones all come; else for each binary package.
fn affected(advisory: &Advisory, issuer: Issuer<'_>) -> Vec<Affected> {
    let by_source = advisory.fixed.iter().all(|fixed| fixed.source.is_some());
    let mut entries: BTreeMap<(Package, Option<String>, String), BTreeMap<String, Binary>> = BTreeMap::new();
    for fixed in &advisory.fixed {
        // A source package is of no architecture; those of its binary packages stand beside it.
        let (name, evr, arch) = match &fixed.source {
            Some(source) if by_source => (source.name(), source.evr(), None),
            _ => (fixed.name(), fixed.evr(), fixed.arch()),
        };
        let purl = Purl {
            namespace: issuer.id.to_owned(),
            name: name.to_owned(),
            arch: arch.map(str::to_owned),
            distro: (!fixed.major.is_empty()).then(|| format!("{}-{}", issuer.id, fixed.major)),
            module: fixed.module.clone(),
            ..Purl::default()
        };
        let of = match fixed.major.as_str() {
            "" => issuer.ecosystem.to_owned(),
            major => format!("{}:{major}", issuer.ecosystem),
        };
        let package = Package { ecosystem: of, name: name.to_owned(), purl: Some(purl.to_string()) };
        let since = fixed.first().map(ToString::to_string);
        let binaries = entries.entry((package, since, evr.to_string())).or_default();
        if by_source {
            let binary = binaries.entry(fixed.name().to_owned()).or_default();
            binary.version = fixed.evr().to_string();
            binary.arches.extend(fixed.arch().map(str::to_owned));
        }
    }
    let entry = |((package, since, fixed), binaries): ((Package, Option<String>, String), BTreeMap<_, _>)| {
        let introduced = Event { introduced: Some(since.unwrap_or_else(|| "0".to_owned())), fixed: None };
        let events = vec![introduced, Event { introduced: None, fixed: Some(fixed) }];
        Affected {
            package: Some(package),
            ranges: vec![Range { kind: "ECOSYSTEM".to_owned(), events }],
            ecosystem_specific: (!binaries.is_empty())
                .then_some(PackageSpecific { binaries: Some(binaries) }),
        }
    };
    entries.into_iter().map(entry).collect()
}
