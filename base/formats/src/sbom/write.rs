//! Writing lists of parts. One line of JSON each, ended by a line feed; the same list gives the same bytes.

mod cyclonedx;
mod spdx;
mod spdx3;

use super::Bill;

/// A format that lists are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// SPDX 2.3: <https://spdx.github.io/spdx-spec/v2.3/>
    Spdx,
    /// SPDX 3.0.1 as JSON-LD: <https://spdx.github.io/spdx-spec/v3.0.1/>
    Spdx3,
    /// CycloneDX 1.6: <https://cyclonedx.org/docs/1.6/json/>
    CycloneDx,
}

impl Form {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Spdx, Self::Spdx3, Self::CycloneDx];

    /// How files of this format end, by custom.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Spdx => "spdx.json",
            Self::Spdx3 => "spdx3.json",
            Self::CycloneDx => "cdx.json",
        }
    }
}

/// The list in a format.
///
/// # Errors
/// When JSON can't be written, which the types rule out; passed on rather than hidden.
pub fn write(bill: &Bill, form: Form) -> Result<String, serde_json::Error> {
    let text = match form {
        Form::Spdx => spdx::write(bill),
        Form::Spdx3 => spdx3::write(bill),
        Form::CycloneDx => cyclonedx::write(bill),
    };
    text.map(|text| text + "\n")
}
