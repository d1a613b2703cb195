//! What an issuer says of one vulnerability and its products (VEX, vulnerability exploitability exchange).

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AdvisoryId, CveId, Cvss, Fixed, Reference, Revision, Severity, Weakness};
use crate::nevra::InvalidNevra;
use crate::stream::StreamId;
use crate::{Evr, Nevra};

/// What is said of one vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vex {
    /// The vulnerability.
    pub cve: CveId,
    /// What it is, in a line; empty if it is not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it is, in paragraphs; empty if it is not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How bad it is at worst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Its ratings, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cvss: Vec<Cvss>,
    /// What kind of weakness it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weakness: Option<Weakness>,
    /// What helps until there is a fix; empty if nothing is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workaround: String,
    /// When something was said of it first.
    #[schemars(with = "String")]
    pub issued: Timestamp,
    /// When what is said was changed last.
    #[schemars(with = "String")]
    pub updated: Timestamp,
    /// Why it was rejected, if it was: then it concerns no product, and has no statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// Where there is more, in the issuer's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// What was said when, oldest first; empty if the issuer keeps no account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Revision>,
    /// What is said of which products, sorted, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<Statement>,
}

/// What is said of a product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Of what.
    pub scope: Scope,
    /// What.
    pub status: Status,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// All packages of a distribution, of this major version; of all if it is empty.
    Whole(String),
    /// A package, in all of its versions.
    Package(PackageScope),
    /// One version of a package. Shared, as an advisory's packages are those of each of its vulnerabilities.
    Exact(Arc<Fixed>),
}

/// A package in all of its versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "PackageText", into = "PackageText")]
pub struct PackageScope {
    /// Of which major version of the distribution; empty for all.
    pub major: String,
    /// The stream that it is in; version 0 for all builds of it.
    pub module: Option<StreamId>,
    name: String,
    /// `src` if a source package is meant, with all that is built from it; none if it is not said.
    arch: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PackageText {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    major: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<StreamId>,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arch: Option<String>,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It has the fix.
    Fixed {
        /// The advisory that brought it; none if the document does not name one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        advisory: Option<AdvisoryId>,
    },
    /// The vulnerability does not concern it.
    NotAffected {
        /// The standard's word for the reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        justification: Option<Justification>,
        /// The reason in own words; empty if the standard's says all.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        impact: String,
    },
    /// It is not known yet whether it does.
    UnderInvestigation,
    /// It does, and there is no fix yet.
    Affected {
        /// What is to be known of it; empty if nothing.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// It does, and there will be no fix.
    WillNotFix {
        /// Why.
        why: String,
    },
}

/// Why a vulnerability does not concern a product: the labels of CSAF 2.0, 3.2.3.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// The vulnerable component is not in it.
    ComponentNotPresent,
    /// The component is, its vulnerable code is not.
    VulnerableCodeNotPresent,
    /// The vulnerable code is never run.
    VulnerableCodeNotInExecutePath,
    /// It is run, but no attacker can steer it.
    VulnerableCodeCannotBeControlledByAdversary,
    /// Something built in keeps it from being used.
    InlineMitigationsAlreadyExist,
}

/// Statements that people wrote down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredVex {
    /// What they say of packages, in their order.
    pub statements: Vec<DeclaredStatement>,
    /// Vulnerabilities that were rejected.
    pub rejected: Vec<RejectedCve>,
}

/// A statement that somebody wrote down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredStatement {
    /// The vulnerability.
    pub cve: CveId,
    /// The package.
    pub package: PackageScope,
    /// What is said of it.
    pub status: Status,
    /// Since when.
    pub since: Timestamp,
    /// The line of the file, from 1.
    pub line: usize,
}

/// A vulnerability that was rejected by who numbered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedCve {
    /// Its number.
    pub cve: CveId,
    /// Why.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

impl Vex {
    /// Puts statements and ratings in order, each once, so that what says the same is equal.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.statements.sort();
        self.statements.dedup();
        self.cvss.sort();
        self.cvss.dedup();
        self
    }
}

impl Scope {
    /// The major version; empty for all.
    #[must_use]
    pub fn major(&self) -> &str {
        match self {
            Self::Whole(major) => major,
            Self::Package(package) => &package.major,
            Self::Exact(fixed) => &fixed.major,
        }
    }

    /// The stream that it is in.
    #[must_use]
    pub fn module(&self) -> Option<&StreamId> {
        match self {
            Self::Whole(_) => None,
            Self::Package(package) => package.module.as_ref(),
            Self::Exact(fixed) => fixed.module.as_ref(),
        }
    }
}

impl PackageScope {
    /// Checks that the name can be a package's.
    ///
    /// # Errors
    /// It, or the architecture, has characters that rpm does not allow.
    pub fn new(name: &str, arch: Option<&str>) -> Result<Self, InvalidNevra> {
        let any = Evr::new(0, "0", "0")?;
        let checked = Nevra::new(name, any, arch.unwrap_or("noarch"))?;
        let arch = arch.map(|_| checked.arch().to_owned());
        Ok(Self { major: String::new(), module: None, name: checked.name().to_owned(), arch })
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

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The architecture, or `src`; none if it is not said.
    #[must_use]
    pub fn arch(&self) -> Option<&str> {
        self.arch.as_deref()
    }
}

impl From<PackageScope> for PackageText {
    fn from(package: PackageScope) -> Self {
        let PackageScope { major, module, name, arch } = package;
        Self { major, module, name, arch }
    }
}

impl TryFrom<PackageText> for PackageScope {
    type Error = InvalidNevra;

    fn try_from(text: PackageText) -> Result<Self, Self::Error> {
        let package = Self::new(&text.name, text.arch.as_deref())?;
        Ok(package.of_major(&text.major).of_module(text.module))
    }
}

impl fmt::Display for PackageScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(module) = &self.module {
            write!(f, "{}:{}/", module.name, module.stream)?;
        }
        f.write_str(&self.name)?;
        self.arch.as_ref().map_or(Ok(()), |arch| write!(f, ".{arch}"))
    }
}

impl fmt::Display for Scope {
    /// Without the major version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(_) => f.write_str("all packages"),
            Self::Package(package) => package.fmt(f),
            Self::Exact(fixed) => match &fixed.module {
                Some(module) => write!(f, "{}:{}/{fixed}", module.name, module.stream),
                None => fixed.fmt(f),
            },
        }
    }
}

impl Status {
    /// All names, in the order of the states.
    pub const NAMES: [&str; 5] = ["fixed", "not affected", "under investigation", "affected", "will not fix"];

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let [fixed, not_affected, under_investigation, affected, will_not_fix] = Self::NAMES;
        match self {
            Self::Fixed { .. } => fixed,
            Self::NotAffected { .. } => not_affected,
            Self::UnderInvestigation => under_investigation,
            Self::Affected { .. } => affected,
            Self::WillNotFix { .. } => will_not_fix,
        }
    }
}

impl Justification {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ComponentNotPresent,
        Self::VulnerableCodeNotPresent,
        Self::VulnerableCodeNotInExecutePath,
        Self::VulnerableCodeCannotBeControlledByAdversary,
        Self::InlineMitigationsAlreadyExist,
    ];

    /// CSAF's label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "component_not_present",
            Self::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Self::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Self::VulnerableCodeCannotBeControlledByAdversary => {
                "vulnerable_code_cannot_be_controlled_by_adversary"
            }
            Self::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
        }
    }

    /// In a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::ComponentNotPresent => "The vulnerable component is not in it.",
            Self::VulnerableCodeNotPresent => "The vulnerable code is not in it.",
            Self::VulnerableCodeNotInExecutePath => "The vulnerable code is never run.",
            Self::VulnerableCodeCannotBeControlledByAdversary => "No attacker can steer the vulnerable code.",
            Self::InlineMitigationsAlreadyExist => {
                "Something built in keeps the vulnerability from being used."
            }
        }
    }

    /// The justification of a label.
    #[must_use]
    pub fn of(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.label() == label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_data_and_names_are_checked() {
        let module = StreamId {
            name: "redis".to_owned(),
            stream: "7".to_owned(),
            version: 0,
            context: String::new(),
            arch: String::new(),
        };
        let package = PackageScope::new("redis", Some("src")).unwrap().of_major("9").of_module(Some(module));
        let fixed = Fixed::new("bash", "5.1-1.el9".parse().unwrap(), Some("x86_64")).unwrap().of_major("9");
        let statements = vec![
            Statement { scope: Scope::Whole(String::new()), status: Status::UnderInvestigation },
            Statement {
                scope: Scope::Package(package),
                status: Status::NotAffected {
                    justification: Some(Justification::ComponentNotPresent),
                    impact: String::new(),
                },
            },
            Statement {
                scope: Scope::Exact(Arc::new(fixed)),
                status: Status::Fixed { advisory: Some("EXSA-2026:1".parse().unwrap()) },
            },
        ];
        let names: Vec<_> =
            statements.iter().map(|one| format!("{} {}", one.scope, one.status.name())).collect();
        assert_eq!(
            names,
            [
                "all packages under investigation",
                "redis:7/redis.src not affected",
                "bash-5.1-1.el9.x86_64 fixed"
            ]
        );
        let json = serde_json::to_string(&statements).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Statement>>(&json).unwrap(), statements);
        assert!(json.contains(r#""justification":"component_not_present""#), "{json}");
        assert!(PackageScope::new("../redis", None).is_err());
        assert!(serde_json::from_str::<PackageScope>(r#"{"name": "a/b"}"#).is_err());
        for one in Justification::ALL {
            assert_eq!(Justification::of(one.label()), Some(one));
        }
    }
}
