//! SPDX 2.3 in JSON.

use std::collections::HashSet;

use serde::Deserialize;

use super::{Reader, json};

#[derive(Deserialize)]
struct Spdx {
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID", default)]
    id: String,
    #[serde(default)]
    name: String,
    version_info: Option<String>,
    primary_package_purpose: Option<String>,
    #[serde(default)]
    external_refs: Vec<ExternalRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: Option<String>,
    reference_locator: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    #[serde(default)]
    spdx_element_id: String,
    #[serde(default)]
    relationship_type: String,
    #[serde(default)]
    related_spdx_element: String,
}

pub(super) fn read(text: &[u8], reader: &mut Reader) -> Result<(), String> {
    let document = json::<Spdx>(text)?;
    let only_built_with = only_built_with(&document.relationships);
    for package in document.packages {
        reader.part()?;
        let is_purl = |one: &&ExternalRef| one.reference_type.as_deref() == Some("purl");
        let purl =
            package.external_refs.iter().find(is_purl).and_then(|one| one.reference_locator.as_deref());
        // The standard's text writes it with a hyphen, its JSON schema with an underscore.
        if matches!(package.primary_package_purpose.as_deref(), Some("OPERATING-SYSTEM" | "OPERATING_SYSTEM"))
        {
            reader.system(&package.name, package.version_info.as_deref().unwrap_or_default());
        } else if only_built_with.contains(package.id.as_str()) {
            *reader.sbom.others.entry("build".to_owned()).or_default() += 1;
        } else {
            reader.package(&package.name, purl)?;
        }
    }
    Ok(())
}

/// Parts of which nothing is said but that builds needed them.
fn only_built_with(relationships: &[Relationship]) -> HashSet<&str> {
    let is_build = |one: &&Relationship| one.relationship_type == "BUILD_DEPENDENCY_OF";
    let mut needed: HashSet<_> =
        relationships.iter().filter(is_build).map(|one| one.spdx_element_id.as_str()).collect();
    for other in relationships.iter().filter(|one| !is_build(one)) {
        needed.remove(other.spdx_element_id.as_str());
        needed.remove(other.related_spdx_element.as_str());
    }
    needed
}
