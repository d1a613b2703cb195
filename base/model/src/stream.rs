//! Which stream of a module: what ties a modular package to its document, its advisory and its end of life.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What tells one stream's document from another: name, stream, version, context and architecture.
///
/// Ordered field by field; the version as a number, all else as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamId {
    /// The module's name.
    pub name: String,
    /// The stream, such as `1.10`: text, not a number.
    pub stream: String,
    /// The build's version, such as 8080020230101010101; 0 if it has none.
    #[serde(default)]
    pub version: u64,
    /// The context: a short hash of what it was built against, or a name if it is static. Empty if it has none.
    #[serde(default)]
    pub context: String,
    /// The architecture, empty if it has none.
    #[serde(default)]
    pub arch: String,
}

impl fmt::Display for StreamId {
    /// `name:stream:version:context:arch`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, stream, version, context, arch } = self;
        write!(f, "{name}:{stream}:{version}:{context}:{arch}")
    }
}

impl StreamId {
    /// Reads `name:stream[:version[:context[:arch]]]`, as packages carry it and addresses of packages name it; none if it
    /// is of another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':').map(str::to_owned);
        let (name, stream) = (parts.next()?, parts.next()?);
        let version = parts.next().filter(|version| !version.is_empty());
        let version = version.map_or(Some(0), |version| version.parse().ok())?;
        let [context, arch] = [parts.next(), parts.next()].map(Option::unwrap_or_default);
        let is_fine = !name.is_empty() && !stream.is_empty() && parts.next().is_none();
        is_fine.then_some(Self { name, stream, version, context, arch })
    }

    /// Name and stream: what machines enable, whatever build of it they have.
    #[must_use]
    pub fn enabled(&self) -> (&str, &str) {
        (&self.name, &self.stream)
    }

    /// What packages of it carry in their header (RPMTAG_MODULARITYLABEL): `name:stream:version:context`.
    #[must_use]
    pub fn label(&self) -> String {
        let Self { name, stream, version, context, arch: _ } = self;
        format!("{name}:{stream}:{version}:{context}")
    }
}
