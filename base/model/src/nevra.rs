//! Package identity: name, epoch, version, release, architecture.
//!
//! `Eq`, `Ord` and `Hash` compare the text, field by field, so that a NEVRA can key a map. The order in
//! which rpm upgrades is another thing and has its own name, in the `formats` crate.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Epoch, version and release. An absent epoch is 0, as rpm treats it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Evr {
    epoch: u32,
    version: String,
    release: String,
}

/// Name, epoch, version, release and architecture of a binary or source package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nevra {
    name: String,
    evr: Evr,
    arch: String,
}

/// The text is no package identity.
#[derive(Debug, thiserror::Error)]
pub enum InvalidNevra {
    /// Not of the form `name-[epoch:]version-release.arch`.
    #[error("`{0}` is not of the form name-[epoch:]version-release.arch")]
    Form(String),
    /// One field is empty or has a character that rpm does not allow there.
    #[error("{field} `{value}` is empty or has a character that rpm does not allow there")]
    Field {
        /// Which field.
        field: &'static str,
        /// Its text.
        value: String,
    },
}

fn checked(field: &'static str, value: &str, allowed: fn(char) -> bool) -> Result<String, InvalidNevra> {
    if value.is_empty() || value.len() > 255 || !value.chars().all(allowed) {
        return Err(InvalidNevra::Field { field, value: value.chars().take(80).collect() });
    }
    Ok(value.to_owned())
}

/// rpm's ALLOWED_CHARS_NAME; a leading dot is refused too, since names become file names.
fn name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._+%{}".contains(c)
}

/// rpm's ALLOWED_CHARS_EVR without the epoch's colon.
fn version_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._+~^%{}".contains(c)
}

impl Evr {
    /// Checks and joins the three parts.
    ///
    /// # Errors
    /// A version or release that is empty or has characters that rpm does not allow.
    pub fn new(epoch: u32, version: &str, release: &str) -> Result<Self, InvalidNevra> {
        Ok(Self {
            epoch,
            version: checked("version", version, version_char)?,
            release: checked("release", release, version_char)?,
        })
    }

    /// The epoch; 0 when the package has none.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The upstream version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The release, dist tag included.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }
}

impl fmt::Display for Evr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch != 0 {
            write!(f, "{}:", self.epoch)?;
        }
        write!(f, "{}-{}", self.version, self.release)
    }
}

impl FromStr for Evr {
    type Err = InvalidNevra;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || InvalidNevra::Form(text.chars().take(120).collect());
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => (epoch.parse().map_err(|_| form())?, rest),
            None => (0, text),
        };
        let (version, release) = rest.rsplit_once('-').ok_or_else(form)?;
        Self::new(epoch, version, release)
    }
}

impl Nevra {
    /// Checks and joins name, EVR and architecture (`src` for a source package).
    ///
    /// # Errors
    /// A name or architecture that is empty or has characters that rpm does not allow.
    pub fn new(name: &str, evr: Evr, arch: &str) -> Result<Self, InvalidNevra> {
        let name = checked("name", name, name_char)?;
        if name.starts_with(['.', '-']) {
            return Err(InvalidNevra::Field { field: "name", value: name });
        }
        Ok(Self {
            name,
            evr,
            arch: checked("architecture", arch, |c| c.is_ascii_alphanumeric() || c == '_')?,
        })
    }

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Epoch, version and release.
    #[must_use]
    pub fn evr(&self) -> &Evr {
        &self.evr
    }

    /// The architecture, `noarch` or `src`.
    #[must_use]
    pub fn arch(&self) -> &str {
        &self.arch
    }

    /// Whether it is named like a package of debugging data only (`-debuginfo`, `-debugsource`), which nobody
    /// links with and which vendors often publish elsewhere.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        let name = &self.name;
        name.ends_with("-debuginfo") || name.ends_with("-debugsource") || name.contains("-debuginfo-common-")
    }

    /// The file name that rpm gives the package: the NEVRA without its epoch, and `.rpm`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.{}.rpm", self.name, self.evr.version, self.evr.release, self.arch)
    }
}

impl fmt::Display for Nevra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}.{}", self.name, self.evr, self.arch)
    }
}

impl FromStr for Nevra {
    type Err = InvalidNevra;

    /// Parses `name-[epoch:]version-release.arch`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || InvalidNevra::Form(text.chars().take(120).collect());
        let (nevr, arch) = text.rsplit_once('.').ok_or_else(form)?;
        let (nev, _) = nevr.rsplit_once('-').ok_or_else(form)?;
        let (name, _) = nev.rsplit_once('-').ok_or_else(form)?;
        Self::new(name, nevr[name.len() + 1..].parse()?, arch)
    }
}

impl TryFrom<String> for Nevra {
    type Error = InvalidNevra;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Nevra> for String {
    fn from(nevra: Nevra) -> Self {
        nevra.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses_the_field_s_forms() {
        let nevra: Nevra = "perl-Test-Pod-4:1.52-8.module+el8.9~1^git.noarch".parse().unwrap();
        assert_eq!((nevra.name(), nevra.arch()), ("perl-Test-Pod", "noarch"));
        assert_eq!((nevra.evr().epoch(), nevra.evr().version()), (4, "1.52"));
        assert_eq!(nevra.evr().release(), "8.module+el8.9~1^git");
        assert_eq!(nevra.file_name(), "perl-Test-Pod-1.52-8.module+el8.9~1^git.noarch.rpm");
    }

    #[test]
    fn refuses_garbage() {
        for text in
            ["garbage", "", "a-1.x86_64", "a-b:1-1.x86_64", "../a-1-1.x86_64", ".a-1-1.x86_64", "a-1-1/.b"]
        {
            assert!(text.parse::<Nevra>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(name in "[a-zA-Z0-9_][a-zA-Z0-9._+-]{0,20}", epoch in 0u32..3,
                       version in "[a-z0-9._+~^]{1,9}", release in "[a-z0-9._+~^]{1,9}") {
            let nevra = Nevra::new(&name, Evr::new(epoch, &version, &release).unwrap(), "x86_64").unwrap();
            prop_assert_eq!(nevra.to_string().parse::<Nevra>().unwrap(), nevra);
        }

        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = text.parse::<Nevra>();
        }
    }
}
