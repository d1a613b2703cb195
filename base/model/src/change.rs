//! What an update changes for those who have the older package: facts, each of a kind that a rule judges.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Evidence;

macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident = $name:literal,)+) => {
        /// The kinds of change.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum ChangeKind {
            $($(#[$doc])+ $kind,)+
        }

        impl ChangeKind {
            /// All of them, what breaks most first.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The published name, such as `removed-program`; a rule has the name of the kind that it judges.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// A package is gone, and nothing replaces it.
    RemovedPackage = "removed-package",
    /// A package is older than before.
    Downgrade = "downgrade",
    /// A library is gone, by its SONAME.
    RemovedLibrary = "removed-library",
    /// A symbol that programs link with is gone or is another thing.
    RemovedSymbol = "removed-symbol",
    /// A type that programs share with a library is laid out otherwise.
    ChangedType = "changed-type",
    /// The processor has to be a later one.
    LaterProcessor = "later-processor",
    /// A symbol of the kernel's stable list is gone or has another checksum.
    KernelSymbol = "kernel-symbol",
    /// A kernel module is gone.
    RemovedModule = "removed-module",
    /// A program in a directory of programs is gone.
    RemovedProgram = "removed-program",
    /// A long option of a program is gone from its documentation or its completion.
    RemovedOption = "removed-option",
    /// A unit of systemd is gone.
    RemovedUnit = "removed-unit",
    /// A file that users name is gone: configuration, a header, what compilers and linkers are told.
    RemovedFile = "removed-file",
    /// A default of the configuration is another one.
    ChangedDefault = "changed-default",
    /// A service is enabled that was not.
    EnabledService = "enabled-service",
    /// A service is no longer enabled.
    DisabledService = "disabled-service",
    /// A file runs with rights that its caller need not have.
    NewSetuid = "new-setuid",
    /// A capability is no longer provided, so that others' packages that require it can't stay.
    RemovedProvides = "removed-provides",
    /// Something that differs could not be examined.
    NotExamined = "not-examined",
    /// A symbol outside of the loader's directories, or one marked as private, is gone.
    PrivateSymbol = "private-symbol",
    /// Permissions, owner or group of a file are others.
    ChangedPermissions = "changed-permissions",
    /// The licence is another one.
    ChangedLicence = "changed-licence",
    /// A requirement that nothing satisfied before.
    NewRequirement = "new-requirement",
    /// What runs when the package is installed or removed is another thing.
    ChangedScriptlet = "changed-scriptlet",
    /// A unit of systemd is another one.
    ChangedUnit = "changed-unit",
    /// A package has the same version and other content: who has it does not get the new one.
    ChangedContent = "changed-content",
    /// A package is in another repository.
    MovedPackage = "moved-package",
    /// A package is gone, and another one replaces it.
    ReplacedPackage = "replaced-package",
    /// Something is in another package, which comes along.
    MovedFile = "moved-file",
    /// A man page or a translation is gone.
    RemovedDocumentation = "removed-documentation",
    /// Any other file is gone.
    RemovedData = "removed-data",
    /// Comments in configuration are others.
    ChangedComment = "changed-comment",
    /// A program, a library, a unit or a man page is new.
    NewFile = "new-file",
    /// A package is new.
    AddedPackage = "added-package",
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One thing that an update changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Of which kind it is.
    pub kind: ChangeKind,
    /// What it is about: a path, a symbol, an option, a capability.
    pub subject: String,
    /// What there was; empty if nothing was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// What there is; empty if nothing is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// Both texts as a unified diff, cut where it is long; empty where there are none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diff: String,
}

impl Change {
    /// A change without a diff.
    #[must_use]
    pub fn new(kind: ChangeKind, subject: impl Into<String>) -> Self {
        let (before, after, diff) = Default::default();
        Self { kind, subject: subject.into(), before, after, diff }
    }

    /// With what there was and what there is.
    #[must_use]
    pub fn values(self, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { before: before.into(), after: after.into(), ..self }
    }
}

/// A changelog entry that only the newer package has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangelogNews {
    /// The day, as in `2026-03-14`.
    pub day: String,
    /// Name, address and, by custom, version.
    pub author: String,
    /// The lines, cut where they are many.
    pub text: String,
}

/// What an update of one package changes. It follows from the two packages (and their debugging data) alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageChanges {
    /// The changes, in the order of their kinds.
    pub changes: Vec<Change>,
    /// Changes that are not told, since there are too many.
    pub untold: usize,
    /// New changelog entries, the newest first.
    pub changelog: Vec<ChangelogNews>,
    /// New changelog entries that are not told.
    pub more_entries: usize,
    /// By what the interfaces of libraries were compared, if there are any that differ.
    pub evidence: Option<Evidence>,
    /// Module and stream that the packages were built for, as `name:stream`; empty for a package of no module.
    pub streams: [String; 2],
    /// Names that the newer package requires: what comes along with it.
    pub requires: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_by_their_names() {
        for kind in ChangeKind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
        }
    }
}
