//! SPDX 2.3 in JSON.

use serde::Deserialize;

use super::{Reader, json};

#[derive(Deserialize)]
struct Spdx {
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
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

pub(super) fn read(text: &[u8], reader: &mut Reader) -> Result<(), String> {
    for package in json::<Spdx>(text)?.packages {
        reader.part()?;
        let is_purl = |one: &&ExternalRef| one.reference_type.as_deref() == Some("purl");
        let purl =
            package.external_refs.iter().find(is_purl).and_then(|one| one.reference_locator.as_deref());
        if package.primary_package_purpose.as_deref() == Some("OPERATING-SYSTEM") {
            reader.system(&package.name, package.version_info.as_deref().unwrap_or_default());
        } else {
            reader.package(&package.name, purl)?;
        }
    }
    Ok(())
}
