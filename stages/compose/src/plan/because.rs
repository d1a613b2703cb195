//! Reasons, for whoever asks why.

use std::fmt;

use heirloom_model::{Dependency, Nevra};
use serde::Serialize;

/// Why a package is in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// The reference repository of this name has it.
    Reference(String),
    /// The repository's rule takes own packages of this pattern.
    Pattern(String),
    /// The rule for packages of a second architecture takes it: `devel`, `runtime` or a pattern.
    Multilib(String),
    /// It belongs to this package, which is there: as its debugging data, or as the source that it was built from.
    Of(Nevra),
    /// It is taken along, since this package needs it at run time.
    NeededBy {
        /// The package.
        package: Nevra,
        /// Its requirement.
        dependency: Dependency,
    },
    /// It is taken along, since no choice of packages does without it.
    Needed,
}

/// Why a package is in no repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// It carries debugging data, and no package that it belongs to is in a repository with such a twin.
    Debug,
    /// No package that was built from it is in a repository with a twin for sources.
    Source,
    /// No repository is like a reference repository that has it.
    NotInReference,
    /// This pattern leaves it out.
    Excluded(String),
    /// It is of the second architecture, and neither the reference nor a rule takes it.
    SecondArchitecture,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(name) => write!(f, "as in the reference {name}"),
            Self::Pattern(pattern) => write!(f, "own package, taken by `{pattern}`"),
            Self::Multilib(rule) => write!(f, "of the second architecture, taken by `{rule}`"),
            Self::Of(package) => write!(f, "belongs to {package}"),
            Self::NeededBy { package, dependency } => {
                write!(f, "taken along: {package} requires `{dependency}`")
            }
            Self::Needed => f.write_str("taken along: no choice of packages does without it"),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Debug => {
                f.write_str("debugging data of packages that are in no repository with such a twin")
            }
            Self::Source => f.write_str("source of packages that are in no repository with such a twin"),
            Self::NotInReference => f.write_str("no repository is like a reference repository that has it"),
            Self::Excluded(pattern) => write!(f, "left out by `{pattern}`"),
            Self::SecondArchitecture => {
                f.write_str("of the second architecture; neither the reference nor a rule takes it")
            }
        }
    }
}
