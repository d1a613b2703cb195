//! Packages that a machine has, as its database of packages or a list of its parts says.

use std::fmt;

use crate::nevra::InvalidNevra;
use crate::stream::StreamId;
use crate::{Evr, Nevra};

/// An installed package. Ordered by name, then version and architecture as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstalledPackage {
    name: String,
    evr: Evr,
    /// The architecture; none if the list does not say.
    arch: Option<String>,
    /// The source package that it was built from. A file name has no epoch, which is 0 then.
    pub source: Option<Nevra>,
    /// The stream of a module that it belongs to.
    pub module: Option<StreamId>,
    /// Who made it, in its own words; empty if it does not say.
    pub vendor: String,
    /// The id of the key that signed it: 16 lower-case hexadecimal digits. Not verified.
    pub key: Option<String>,
}

/// What is known of the distribution that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstalledSystem {
    /// `ID` of its os-release: `kestrel`; empty if it is not known.
    pub id: String,
    /// `VERSION_ID`: `9.4`; empty if it is not known.
    pub version: String,
}

impl InstalledPackage {
    /// Checks that name, version and architecture can be a package's.
    ///
    /// # Errors
    /// One has characters that rpm does not allow.
    pub fn new(name: &str, evr: Evr, arch: Option<&str>) -> Result<Self, InvalidNevra> {
        let checked = Nevra::new(name, evr, arch.unwrap_or("noarch"))?;
        Ok(Self {
            name: checked.name().to_owned(),
            evr: checked.evr().clone(),
            arch: arch.map(|_| checked.arch().to_owned()),
            source: None,
            module: None,
            vendor: String::new(),
            key: None,
        })
    }

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn evr(&self) -> &Evr {
        &self.evr
    }

    /// Its architecture; none if it is not known.
    #[must_use]
    pub fn arch(&self) -> Option<&str> {
        self.arch.as_deref()
    }

    /// Whether its release says that it belongs to a module, whatever else is known of it: builders of modules add
    /// `.module` and a hash to it.
    #[must_use]
    pub fn looks_modular(&self) -> bool {
        self.evr.release().contains(".module+") || self.evr.release().contains(".module_")
    }
}

impl InstalledSystem {
    /// The major version: 9 of 9.4; empty if it is not known.
    #[must_use]
    pub fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }
}

impl fmt::Display for InstalledPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.evr)?;
        self.arch.as_ref().map_or(Ok(()), |arch| write!(f, ".{arch}"))
    }
}
