//! The gate: before a set of repositories may become a snapshot, every rule is asked.
//!
//! It judges what it is given, whoever composed it, and changes nothing. Each rule is a file here and a line of
//! [`rules`]; what it sees is a finding, and a failure to look is an error. A rule that lacks what it needs says so in
//! the report: nothing found is another thing than not asked.
//!
//! Start at [`GateInput`] and [`ask`].

mod answer;
mod arch;
mod brand;
mod build_closure;
mod certificate;
mod changed;
mod closure;
mod downgrade;
mod duplicate;
mod empty;
mod facts;
mod file_conflict;
mod input;
mod installable;
mod known;
mod lifecycle;
mod machine;
mod modular;
mod multilib;
mod obsoletes;
mod signature;
#[cfg(test)]
mod support;
mod updateinfo;
mod upgrade_path;

use heirloom_model::gate::{GateReport, RuleReport};

use crate::ComposeError;
use answer::Answer;
pub use input::{
    Advisories, Files, GateInput, GateReference, GateRepository, GateSnapshot, Grounds, KnownPackage, Marked,
    SnapshotRepository,
};
use machine::Machines;

/// A rule of the gate.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it says of repositories that it finds nothing in.
    pub says: &'static str,
    /// What would mend what it finds, unless the finding knows better.
    pub fix: &'static str,
    ask: fn(&Machines<'_>) -> Result<Answer, ComposeError>,
}

macro_rules! rules {
    ($($name:literal $ask:path: $says:literal, $fix:literal;)*) => {
        &[$(Rule { name: $name, says: $says, fix: $fix, ask: $ask }),*]
    };
}

const RULES: &[Rule] = rules! {
    "closure" closure::ask: "every requirement is provided by the repository or those that it needs",
        "compose what provides it, name its repository in `needs`, or rebuild the package";
    "installable" installable::ask: "every package can be installed from its repository and those that it needs",
        "follow the chain: compose what is missing, or resolve the conflict";
    "build-closure" build_closure::ask: "every build requirement is provided by some repository",
        "compose what provides it, or leave the source package out";
    "duplicate" duplicate::ask: "no two different packages have one name, version and architecture",
        "raise the Release of one of them";
    "downgrade" downgrade::ask: "nothing is older than in the present snapshot",
        "compose the newer one, or raise Epoch";
    "changed" changed::ask: "nothing has other content than in a kept snapshot under the same name",
        "raise its Release: machines that have it will not get the new one";
    "upgrade-path" upgrade_path::ask: "whatever is in a kept snapshot or the reference is here in that version or a newer one",
        "compose it, obsolete it by another package, or declare the removal by a waiver";
    "file-conflict" file_conflict::ask: "no two packages that can be installed together own different files of one path",
        "let one of them own the file, or let them conflict";
    "multilib" multilib::ask: "packages of a second architecture have the version of the first one's",
        "compose both in one version";
    "obsoletes" obsoletes::ask: "no package is obsoleted by one that is composed beside it",
        "leave the obsoleted package out, or take the Obsoletes out of the other";
    "arch" arch::ask: "every package is of an architecture that belongs in its repository",
        "move it to a repository of its architecture";
    "empty" empty::ask: "no repository lost more than half of its packages against the present snapshot",
        "look why the compose has so few packages";
    "signature" signature::ask: "every package is signed by a key of the distribution",
        "sign it with that key, or give the key that signed it";
    "modular" modular::ask: "modular packages and module documents agree",
        "compose the module's documents with its packages";
    "updateinfo" updateinfo::ask: "advisories and packages agree, and no advisory is lost",
        "publish the advisory, or compose the package that it names";
    "brand" brand::ask: "no package carries another company's marks",
        "debrand it, or allow the mark in the brand file with a reason";
    "certificate" certificate::ask: "every package is accepted on a ground that keeps the promise",
        "see why its comparison failed: `heirloom compare`";
    "lifecycle" lifecycle::ask: "what changed is what the phase of the lifecycle allows",
        "leave the change out, or change the promise in the lifecycle document before";
};

/// All rules, in the order in which they are asked.
#[must_use]
pub fn rules() -> &'static [Rule] {
    RULES
}

/// Asks every rule.
///
/// # Errors
/// A package file can't be read, a dependency is not well formed, or libsolv can't be used.
pub fn ask(input: &GateInput<'_>) -> Result<GateReport, ComposeError> {
    let machines = Machines::new(input)?;
    let (mut findings, mut reports) = (Vec::new(), Vec::new());
    for rule in RULES {
        let answer = (rule.ask)(&machines)?;
        reports.push(RuleReport {
            rule: rule.name.to_owned(),
            of: answer.of.to_owned(),
            looked_at: answer.looked_at,
            errors: 0,
            warnings: 0,
            waived: 0,
            not_asked: answer.not_asked.clone(),
        });
        findings.extend(answer.findings(rule));
    }
    Ok(GateReport::new(findings, reports, input.waivers, input.today))
}
