//! How a buildroot differs from the recorded one that it follows.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Dependency, Nevra};

/// Where a package of a buildroot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A build of this distribution.
    Own,
    /// The bootstrap repository.
    Bootstrap,
    /// A repository of the reference.
    Reference,
    /// An earlier release.
    Earlier,
}

/// One difference from the record. Its text is one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Deviation {
    /// The record can't be the whole buildroot.
    Incomplete {
        /// Why not, as the record says itself.
        why: String,
    },
    /// The same package under another name, by a declared rule.
    Mapped {
        /// As recorded.
        recorded: Nevra,
        /// As used.
        used: Nevra,
        /// Where that is from.
        origin: Origin,
    },
    /// Another version of it.
    OtherVersion {
        /// As recorded.
        recorded: Nevra,
        /// As used.
        used: Nevra,
        /// Where that is from.
        origin: Origin,
    },
    /// No version of it is to be had.
    Missing {
        /// As recorded.
        recorded: Nevra,
    },
    /// Another file of the same identity: of a rebuild, always.
    OtherDigest {
        /// The package.
        package: Nevra,
        /// Where the used one is from.
        origin: Origin,
        /// Which digest: `SHA-256` or `SIGMD5`.
        algorithm: String,
        /// As recorded.
        recorded: String,
        /// Of the file that is used.
        found: String,
    },
    /// A package that the record does not have, but something needs.
    Extra {
        /// The package.
        package: Nevra,
        /// Where it is from.
        origin: Origin,
        /// Who needs it.
        because: String,
    },
    /// A recorded package that is left out, since something that is needed can't be there with it.
    Dropped {
        /// The package.
        package: Nevra,
    },
    /// A requirement that nothing provides: the buildroot can't be installed.
    Unresolved {
        /// Whose it is; none for a build requirement.
        package: Option<Nevra>,
        /// The requirement.
        requirement: Dependency,
        /// The solver's explanation.
        why: String,
    },
    /// Two packages that can't be installed together.
    Conflict {
        /// The package that says so.
        package: Nevra,
        /// The other.
        with: Nevra,
    },
}

impl Deviation {
    /// Whether a buildroot with this deviation can't be installed.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Unresolved { .. } | Self::Conflict { .. } => true,
            Self::Incomplete { .. }
            | Self::Mapped { .. }
            | Self::OtherVersion { .. }
            | Self::Missing { .. }
            | Self::OtherDigest { .. }
            | Self::Extra { .. }
            | Self::Dropped { .. } => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "own results",
            Self::Bootstrap => "the bootstrap repository",
            Self::Reference => "the reference",
            Self::Earlier => "an earlier release",
        })
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete { why } => write!(f, "the record is not the whole buildroot: {why}"),
            Self::Mapped { recorded, used, origin } => {
                write!(f, "{recorded} is recorded, and {used} from {origin} is the same by the dist map")
            }
            Self::OtherVersion { recorded, used, origin } => {
                write!(f, "{recorded} is recorded, {used} from {origin} is used")
            }
            Self::Missing { recorded } => {
                write!(f, "{recorded} is recorded, and no version of it is to be had")
            }
            Self::OtherDigest { package, origin, algorithm, recorded, found } => {
                write!(f, "{package} from {origin} has {algorithm} {found}, {recorded} is recorded")
            }
            Self::Extra { package, origin, because } => {
                write!(f, "{package} from {origin} is not recorded, but needed: {because}")
            }
            Self::Dropped { package } => {
                write!(f, "{package} is recorded, but can't be there together with what is needed")
            }
            Self::Unresolved { package: Some(package), requirement, why } => {
                write!(f, "nothing provides `{requirement}`, which {package} requires: {}", one_line(why))
            }
            Self::Unresolved { package: None, requirement, why } => {
                write!(f, "nothing provides `{requirement}`, a build requirement: {}", one_line(why))
            }
            Self::Conflict { package, with } => write!(f, "{package} conflicts with {with}"),
        }
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
