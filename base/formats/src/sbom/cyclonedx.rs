//! CycloneDX in JSON.

use serde::Deserialize;

use super::{Reader, json};

#[derive(Deserialize)]
struct CycloneDx {
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    name: String,
    version: Option<String>,
    purl: Option<String>,
    /// Parts inside of this one. The JSON reader bounds how deep they go.
    #[serde(default)]
    components: Vec<Component>,
}

pub(super) fn read(text: &[u8], reader: &mut Reader) -> Result<(), String> {
    let mut left = json::<CycloneDx>(text)?.components;
    while let Some(component) = left.pop() {
        reader.part()?;
        match component.kind.as_str() {
            // Files are parts of packages that are told beside them.
            "file" => {}
            "operating-system" => {
                reader.system(&component.name, component.version.as_deref().unwrap_or_default());
            }
            _ => reader.package(&component.name, component.purl.as_deref())?,
        }
        left.extend(component.components);
    }
    Ok(())
}
