//! `lifecycle.json`, as it is published: the record with the version of its form around it.

use heirloom_model::lifecycle::Lifecycle;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Document;

/// The version of the form that is written, and the only one that is read.
pub const SCHEMA_VERSION: u32 = 1;
/// Largest document that is read, in bytes.
const LARGEST: u64 = 16 << 20;
/// Characters of a message that repeats the document's own text.
const LONGEST: usize = 600;

/// The published document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The version of this form: 1.
    pub schema_version: u32,
    /// The life of the distribution.
    pub lifecycle: Lifecycle,
}

/// Only what tells which form it is.
#[derive(Deserialize)]
struct Versioned {
    schema_version: u32,
}

/// A published document is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{document}{}{field}: {message}", if field.is_empty() { "" } else { ", " })]
pub struct LifecycleError {
    /// The document: a path or an address.
    pub document: String,
    /// The field, such as `lifecycle.majors[0].phases[1].ends`; empty if it is the whole.
    pub field: String,
    /// What was expected, and what was found.
    pub message: String,
}

impl LifecycleError {
    fn new(document: &str, field: &str, message: impl std::fmt::Display) -> Self {
        Self {
            document: document.to_owned(),
            field: field.chars().take(LONGEST).collect(),
            message: message.to_string().chars().take(LONGEST).collect(),
        }
    }
}

/// Writes the document.
///
/// # Errors
/// None that a record could cause.
pub fn to_json(lifecycle: &Lifecycle) -> Result<String, serde_json::Error> {
    let published = Published { schema_version: SCHEMA_VERSION, lifecycle: lifecycle.clone() };
    Ok(format!("{}\n", serde_json::to_string_pretty(&published)?))
}

/// Reads a published document.
///
/// # Errors
/// It is too large, no JSON, of another version, or says what can't be ([`Lifecycle::check`]); the error names the field.
pub fn read_json(document: Document<'_>) -> Result<Lifecycle, LifecycleError> {
    let name = document.name;
    let damaged = |error: crate::DocumentError| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        LifecycleError::new(name, "", format!("{error}{cause}"))
    };
    let text = document.at_most(LARGEST).text().map_err(damaged)?;
    let Versioned { schema_version } =
        serde_json::from_str(&text).map_err(|error| LifecycleError::new(name, "", error))?;
    if schema_version != SCHEMA_VERSION {
        let message = format!("{schema_version} is not known: this program reads {SCHEMA_VERSION}");
        return Err(LifecycleError::new(name, "schema_version", message));
    }
    let mut reader = serde_json::Deserializer::from_str(&text);
    let published: Published = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        LifecycleError::new(name, if field == "." { "" } else { &field }, error.inner())
    })?;
    reader.end().map_err(|error| LifecycleError::new(name, "", error))?;
    let lifecycle = published.lifecycle;
    lifecycle.check().map_err(|fault| {
        LifecycleError::new(
            name,
            &format!("lifecycle.{}", fault.at),
            format!("{}; {}", fault.message, fault.hint),
        )
    })?;
    Ok(lifecycle)
}
