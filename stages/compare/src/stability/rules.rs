//! The table: one line for each kind of change, what breaks most first.

use heirloom_model::change::ChangeKind::{self, *};

use super::Effect::{self, Blocked, Fine, Note};
use super::Rule;

/// Blocked wherever anything is promised.
const PROMISED: [Effect; 4] = [Blocked, Blocked, Blocked, Note];
/// No promise, but a matter of security: somebody has to look.
const ALWAYS: [Effect; 4] = [Blocked; 4];
const TOLD: [Effect; 4] = [Note; 4];
const FINE: [Effect; 4] = [Fine; 4];

/// All rules, in the order of the kinds.
#[must_use]
pub fn rules() -> &'static [Rule] {
    RULES
}

/// The rule for a kind; they stand in the order of the kinds, as a test says.
pub(super) fn of(kind: ChangeKind) -> &'static Rule {
    &RULES[kind as usize]
}

/// Whether a rule is about kernels and their modules, too.
pub(super) fn concerns_kernels(kind: ChangeKind) -> bool {
    matches!(
        kind,
        RemovedPackage
            | Downgrade
            | KernelSymbol
            | RemovedModule
            | EnabledService
            | NewSetuid
            | NotExamined
            | LaterProcessor
    )
}

const fn rule(
    kind: ChangeKind,
    class: &'static str,
    at: [Effect; 4],
    says: &'static str,
    fix: &'static str,
) -> Rule {
    Rule { kind, class, says, at, fix }
}

const ABI: &str = "binary interface";
const API: &str = "programming interface";
const COMMANDS: &str = "command line";
const CONFIGURATION: &str = "configuration";
const PACKAGES: &str = "packages";
const KERNEL: &str = "kernel";
const SECURITY: &str = "security";
const DOCUMENTATION: &str = "documentation";

#[rustfmt::skip]
static RULES: &[Rule] = &[
    rule(RemovedPackage, PACKAGES, PROMISED, "a package is gone", "put it back, let another package obsolete it, or waive it"),
    rule(Downgrade, PACKAGES, PROMISED, "a package is older, so that machines keep what they have", "build a newer release, or waive it"),
    rule(RemovedLibrary, ABI, PROMISED, "a library is gone", "put it back, or into a compat package that the update requires, or waive it"),
    rule(RemovedSymbol, ABI, PROMISED, "a symbol is gone or another thing", "revert the change, keep the old symbol version, or waive it"),
    rule(ChangedType, ABI, PROMISED, "a type that programs share is laid out otherwise", "revert the change, or waive it"),
    rule(LaterProcessor, ABI, PROMISED, "it needs a later processor", "build it for the release's processor level, or waive it"),
    rule(KernelSymbol, KERNEL, PROMISED, "a symbol of the kernel's stable list is gone or has another checksum", "revert the change, or waive it"),
    rule(RemovedModule, KERNEL, PROMISED, "a kernel module is gone", "put it back, or waive it"),
    rule(RemovedProgram, COMMANDS, PROMISED, "a program is gone", "put it back, or a link of its name, or waive it"),
    rule(RemovedOption, COMMANDS, PROMISED, "an option of a program is gone", "put it back, document it again if it is still there, or waive it"),
    rule(RemovedUnit, COMMANDS, PROMISED, "a unit of systemd is gone", "put it back, or an alias, or waive it"),
    rule(RemovedFile, API, PROMISED, "a file that users name is gone", "put it back, or waive it"),
    rule(ChangedDefault, CONFIGURATION, PROMISED, "a default is another one", "put the old default back, or waive it"),
    rule(EnabledService, CONFIGURATION, PROMISED, "a service is newly enabled", "leave it disabled, or waive it"),
    rule(DisabledService, CONFIGURATION, PROMISED, "a service is no longer enabled", "enable it again, or waive it"),
    rule(NewSetuid, SECURITY, ALWAYS, "a file runs with rights that its caller need not have", "take the rights away, or waive it"),
    rule(RemovedProvides, PACKAGES, PROMISED, "a capability is no longer provided", "provide it again, or waive it"),
    rule(NotExamined, PACKAGES, PROMISED, "something could not be examined", "look at it, and waive it if it is harmless"),
    rule(PrivateSymbol, ABI, TOLD, "a symbol that no other package should use is gone", ""),
    rule(ChangedPermissions, SECURITY, TOLD, "permissions, owner or capabilities are others", ""),
    rule(ChangedLicence, PACKAGES, TOLD, "the licence is another one", ""),
    rule(NewRequirement, PACKAGES, TOLD, "it requires what was not there before", ""),
    rule(ChangedScriptlet, PACKAGES, TOLD, "what runs at installation is another thing", ""),
    rule(ChangedUnit, CONFIGURATION, TOLD, "a unit of systemd is another one", ""),
    rule(ChangedContent, PACKAGES, TOLD, "it has the same version and other content, so that machines keep what they have", ""),
    rule(MovedPackage, PACKAGES, TOLD, "it is in another repository", ""),
    rule(ReplacedPackage, PACKAGES, TOLD, "another package replaces it", ""),
    rule(MovedFile, PACKAGES, TOLD, "it is in another package, which comes along", ""),
    rule(RemovedDocumentation, DOCUMENTATION, TOLD, "a man page, a translation or documentation is gone", ""),
    rule(RemovedData, DOCUMENTATION, TOLD, "a file that users do not name is gone", ""),
    rule(ChangedComment, CONFIGURATION, FINE, "comments in configuration are others", ""),
    rule(NewFile, PACKAGES, FINE, "it is new", ""),
    rule(AddedPackage, PACKAGES, FINE, "a package is new", ""),
];
