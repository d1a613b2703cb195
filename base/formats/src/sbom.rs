//! Lists of parts (SBOM) in JSON: read as lists of installed packages from SPDX 2.3 and CycloneDX 1.4 to 1.6, and written
//! from a [`Bill`] as SPDX 2.3, SPDX 3.0.1 and CycloneDX 1.6.
//!
//! Of what is read, a package is one that has a package URL of type `rpm`: name, version, epoch, architecture, stream (`rpmmod`), source
//! package (`upstream`) and distribution (`distro`) are read from it. All other parts are counted, by their kind; so are
//! packages that only builds had (SPDX: `BUILD_DEPENDENCY_OF`; CycloneDX has them apart from its components).
//!
//! - SPDX 2.3: <https://spdx.github.io/spdx-spec/v2.3/>
//! - CycloneDX: <https://cyclonedx.org/docs/1.6/json/>

mod bill;
mod cyclonedx;
mod licence;
mod spdx;
mod write;

use std::collections::BTreeMap;

use heirloom_model::{InstalledPackage, InstalledSystem};
use serde_json::Value;

use crate::advisory::purl::Purl;
use crate::document::Document;
use crate::rpm_file::source_file;

pub use bill::{About, Bill, FilePart, Maker, PackagePart, SourcePart, Subject, Tool, ToolPart, purl};
pub use licence::Licence;
pub use write::{Form, write};

/// Largest document, decompressed. Real ones of whole machines have some ten MB, more with lists of files.
const LARGEST: u64 = 1 << 30;
/// Parts that a document may have, those inside of others included.
const MOST: usize = 2_000_000;
/// Packages that can't be read before the whole document is none.
const MOST_FAULTS: usize = 1000;

/// What the context of SPDX 3 is called, whatever its version.
const SPDX3: &str = "/spdx-context.jsonld";

/// What a list of parts says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sbom {
    /// Its format and version: `SPDX-2.3`, `CycloneDX 1.6`.
    pub format: String,
    /// The packages, sorted, each once, without public keys.
    pub packages: Vec<InstalledPackage>,
    /// The distribution, as a part that is an operating system says it, or the packages' URLs.
    pub system: InstalledSystem,
    /// Parts that are no rpm packages, by the type of their package URL; `none` for those without one, `build` for packages
    /// that only builds had.
    pub others: BTreeMap<String, usize>,
    /// Parts that say that they are rpm packages, and can't be any.
    pub faults: Vec<String>,
}

/// A list of parts can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{document}: {message}")]
pub struct SbomError {
    /// The document.
    pub document: String,
    /// What was expected, and what was found.
    pub message: String,
}

/// Whether a document may be a list of parts: it says so in the names of its members.
#[must_use]
pub fn is_sbom(text: &[u8]) -> bool {
    let begin = text.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    let has = |what: &[u8]| memchr::memmem::find(text, what).is_some();
    let named = [&b"\"spdxVersion\""[..], b"\"bomFormat\"", SPDX3.as_bytes()];
    begin == Some(&b'{') && named.into_iter().any(has)
}

/// Reads a list of parts.
///
/// # Errors
/// It is of no known format or version, is damaged, or has more parts than any.
pub fn read(document: Document<'_>) -> Result<Sbom, SbomError> {
    let failed = |message: String| SbomError { document: document.name.to_owned(), message };
    let content = document.at_most(LARGEST).decompress().map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        failed(format!("can't be decompressed: {source}"))
    })?;
    if !is_sbom(&content) {
        return Err(failed("is neither SPDX nor CycloneDX in JSON".to_owned()));
    }
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    let head: Head = json(content).map_err(&failed)?;
    let mut reader = Reader::default();
    match (head.spdx.as_deref(), head.form.as_deref()) {
        (Some(version @ ("SPDX-2.2" | "SPDX-2.3")), _) => {
            version.clone_into(&mut reader.sbom.format);
            spdx::read(content, &mut reader)
        }
        (Some(version), _) => Err(format!("is `{}`; SPDX-2.2 and SPDX-2.3 are read", cut(version))),
        (None, Some("CycloneDX")) => {
            let version = head.version.as_ref().and_then(Value::as_str).unwrap_or_default();
            if !["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"].contains(&version) {
                return Err(failed(format!("is CycloneDX `{}`; 1.2 to 1.7 are read", cut(version))));
            }
            reader.sbom.format = format!("CycloneDX {version}");
            cyclonedx::read(content, &mut reader)
        }
        (None, None)
            if head.context.as_ref().and_then(Value::as_str).is_some_and(|it| it.ends_with(SPDX3)) =>
        {
            Err("is SPDX 3; SPDX-2.2 and SPDX-2.3 are read".to_owned())
        }
        (None, form) => Err(format!("has the bomFormat `{}`, not CycloneDX", cut(form.unwrap_or_default()))),
    }
    .map_err(failed)?;
    Ok(reader.done())
}

/// What tells the formats apart.
#[derive(serde::Deserialize)]
struct Head {
    #[serde(rename = "spdxVersion")]
    spdx: Option<String>,
    #[serde(rename = "bomFormat")]
    form: Option<String>,
    #[serde(rename = "specVersion")]
    version: Option<Value>,
    #[serde(rename = "@context")]
    context: Option<Value>,
}

fn json<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| format!("{}: {}", cut(&error.path().to_string()), error.inner()))
}

fn cut(text: &str) -> String {
    text.chars().take(120).collect()
}

/// Parts on their way.
#[derive(Default)]
struct Reader {
    sbom: Sbom,
    parts: usize,
    /// What the packages' URLs call the distribution, and how many do.
    distros: BTreeMap<String, usize>,
}

impl Reader {
    /// Counts a part.
    fn part(&mut self) -> Result<(), String> {
        self.parts += 1;
        match self.parts <= MOST {
            true => Ok(()),
            false => Err(format!("has more than {MOST} parts")),
        }
    }

    /// A part with this package URL, if it has one.
    fn package(&mut self, name: &str, purl: Option<&str>) -> Result<(), String> {
        let Some(purl) = purl else {
            *self.sbom.others.entry("none".to_owned()).or_default() += 1;
            return Ok(());
        };
        let kind = purl.strip_prefix("pkg:").map(|rest| rest.trim_start_matches('/'));
        let kind = kind.and_then(|rest| rest.split(['/', '?', '@']).next()).unwrap_or("unknown");
        if kind != "rpm" {
            // Kinds of others' choosing are only names here.
            *self.sbom.others.entry(kind.chars().take(40).collect()).or_default() += 1;
            return Ok(());
        }
        match installed(purl) {
            Ok(None) => {}
            Ok(Some((package, distro))) => {
                if let Some(distro) = distro {
                    *self.distros.entry(distro).or_default() += 1;
                }
                self.sbom.packages.push(package);
            }
            Err(message) if self.sbom.faults.len() < MOST_FAULTS => {
                self.sbom.faults.push(format!("`{}` ({}): {message}", cut(name), cut(purl)));
            }
            Err(_) => return Err(format!("has more than {MOST_FAULTS} rpm packages that can't be read")),
        }
        Ok(())
    }

    /// A part that is the operating system.
    fn system(&mut self, id: &str, version: &str) {
        if self.sbom.system.id.is_empty() {
            self.sbom.system = InstalledSystem { id: id.to_ascii_lowercase(), version: version.to_owned() };
        }
    }

    fn done(mut self) -> Sbom {
        self.sbom.packages.sort();
        self.sbom.packages.dedup();
        self.sbom.faults.sort();
        if self.sbom.system.version.is_empty() {
            let most = self.distros.into_iter().max_by_key(|(_, count)| *count);
            let named = most.as_ref().and_then(|(distro, _)| distro.rsplit_once('-'));
            if let Some((id, version)) = named {
                self.sbom.system = InstalledSystem { id: id.to_owned(), version: version.to_owned() };
            }
        }
        self.sbom
    }
}

/// The package of a URL, and the distribution that it names; none for a public key.
fn installed(purl: &str) -> Result<Option<(InstalledPackage, Option<String>)>, String> {
    let broken = || "its package URL can't be read, or names no version with a release".to_owned();
    let Purl { name, evr, arch, module, distro, upstream, .. } = Purl::parse(purl).ok_or_else(broken)?;
    if name == "gpg-pubkey" {
        return Ok(None);
    }
    let arch = arch.filter(|arch| !arch.is_empty());
    // A source package is a part of nothing that is installed.
    if arch.as_deref() == Some("src") {
        return Ok(None);
    }
    let package = InstalledPackage::new(&name, evr.ok_or_else(broken)?, arch.as_deref());
    let mut package = package.map_err(|error| error.to_string())?;
    package.source = upstream.as_deref().and_then(source_file);
    package.module = module;
    Ok(Some((package, distro)))
}

#[cfg(test)]
mod tests;
