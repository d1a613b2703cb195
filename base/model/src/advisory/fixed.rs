//! Packages that have fixes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nevra::InvalidNevra;
use crate::stream::StreamId;
use crate::{Evr, Nevra};

/// The first package of a name that has the fixes. Ordered by place, name, version as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "FixedText", into = "FixedText")]
pub struct Fixed {
    /// Of which major version of the distribution: `9`. Empty where the document does not say.
    pub major: String,
    /// The stream that must be enabled for it to concern a system.
    pub module: Option<StreamId>,
    /// The source package that it was built from; none if the document does not say.
    pub source: Option<Nevra>,
    name: String,
    evr: Evr,
    /// The architecture; none if the document does not say, which means all.
    arch: Option<String>,
    /// The first version that has the vulnerabilities; none if all have.
    since: Option<Evr>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FixedText {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    major: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<StreamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    source: Option<Nevra>,
    name: String,
    evr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl Fixed {
    /// Checks that name, version and architecture can be a package's.
    ///
    /// # Errors
    /// One has characters that rpm does not allow.
    pub fn new(name: &str, evr: Evr, arch: Option<&str>) -> Result<Self, InvalidNevra> {
        let checked = Nevra::new(name, evr, arch.unwrap_or("noarch"))?;
        let (name, evr, arch) =
            (checked.name().to_owned(), checked.evr().clone(), arch.map(|_| checked.arch().to_owned()));
        Ok(Self { major: String::new(), module: None, source: None, name, evr, arch, since: None })
    }

    /// The same, of this major version.
    #[must_use]
    pub fn of_major(self, major: &str) -> Self {
        Self { major: major.to_owned(), ..self }
    }

    /// The same, of this stream.
    #[must_use]
    pub fn of_module(self, module: Option<StreamId>) -> Self {
        Self { module, ..self }
    }

    /// The same, built from this source package.
    #[must_use]
    pub fn of_source(self, source: Option<Nevra>) -> Self {
        Self { source, ..self }
    }

    /// The same, with versions before this one not concerned.
    #[must_use]
    pub fn since(self, since: Option<Evr>) -> Self {
        Self { since, ..self }
    }

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first version that has the fixes.
    #[must_use]
    pub fn evr(&self) -> &Evr {
        &self.evr
    }

    /// The architecture; none if it is not known, which means all.
    #[must_use]
    pub fn arch(&self) -> Option<&str> {
        self.arch.as_deref()
    }

    /// The first version that is concerned; none if all older ones are.
    #[must_use]
    pub fn first(&self) -> Option<&Evr> {
        self.since.as_ref()
    }

    /// The package, if its architecture is known.
    #[must_use]
    pub fn nevra(&self) -> Option<Nevra> {
        Nevra::new(&self.name, self.evr.clone(), self.arch.as_deref()?).ok()
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.evr)?;
        match &self.arch {
            Some(arch) => write!(f, ".{arch}"),
            None => Ok(()),
        }
    }
}

impl From<Fixed> for FixedText {
    fn from(fixed: Fixed) -> Self {
        let Fixed { major, module, source, name, evr, arch, since } = fixed;
        let (evr, since) = (evr.to_string(), since.map(|since| since.to_string()));
        Self { major, module, source, name, evr, arch, since }
    }
}

impl TryFrom<FixedText> for Fixed {
    type Error = InvalidNevra;

    fn try_from(text: FixedText) -> Result<Self, Self::Error> {
        let since = text.since.as_deref().map(str::parse).transpose()?;
        let fixed = Self::new(&text.name, text.evr.parse()?, text.arch.as_deref())?;
        Ok(fixed.of_major(&text.major).of_module(text.module).of_source(text.source).since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_packages() {
        let evr = || "1:9.0.87-3.el9_6.1".parse::<Evr>().unwrap();
        let fixed = Fixed::new("tomcat", evr(), None).unwrap().of_major("9");
        assert_eq!((fixed.to_string().as_str(), fixed.nevra()), ("tomcat-1:9.0.87-3.el9_6.1", None));
        let json = serde_json::to_string(&fixed).unwrap();
        assert_eq!(json, r#"{"major":"9","name":"tomcat","evr":"1:9.0.87-3.el9_6.1"}"#);
        assert_eq!(serde_json::from_str::<Fixed>(&json).unwrap(), fixed);
        assert!(Fixed::new("../tomcat", evr(), None).is_err());
        assert!(Fixed::new("tomcat", evr(), Some("x/y")).is_err());
    }
}
