//! Debrand: applies the distribution's rules to one imported source package, so that another company's name is out of
//! it, and says edit by edit what was done.
//!
//! It is pure: it gets the bytes of files and gives bytes of files. It must not run a script of a rule itself (the
//! caller does, in the sandbox), fetch anything, or guess: a rule that changes nothing is an error.
//!
//! Start at [`debrand`]. [`Rules`] are read once for all packages and may be used by several threads.

mod action;
mod diff;
mod error;
mod rules;
mod script;
mod search;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use heirloom_formats::spec::{Lines, Spec};
use heirloom_model::Nevra;
use heirloom_model::record::Edit;

pub use diff::diff;
pub use error::{DebrandError, Failure, Problem, RulesError};
pub use rules::{LoadedRule, Rules};

use action::Work;

/// A source package to be debranded.
pub struct Source<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its identity, if that is known for certain.
    pub nevra: Option<&'a Nevra>,
    /// The branch that it comes from.
    pub branch: Option<&'a str>,
    /// The `%dist` macro, to read the release in the spec file with.
    pub dist: Option<&'a str>,
    /// Name of the spec file among `files`.
    pub spec: &'a str,
    /// Size in bytes of each file, by name.
    pub files: &'a BTreeMap<String, u64>,
    /// Reads a file. It is called for the spec file and for those that a rule names, and may be called again.
    pub read: &'a (dyn Fn(&str) -> io::Result<Vec<u8>> + 'a),
}

/// What became of the files of a source package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are new or have other content.
    pub written: BTreeMap<String, Vec<u8>>,
    /// Files that are gone.
    pub removed: BTreeSet<String>,
}

/// A rule's script that is to be run in the sandbox.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    /// The package.
    pub package: &'a str,
    /// The script's path below the directory of rules.
    pub name: &'a str,
    /// Its bytes, whose digest is that of the rule.
    pub content: &'a [u8],
    /// Its arguments.
    pub arguments: &'a [String],
    /// How the files differ from the source by now. The script sees the source with these changes.
    pub changes: &'a Changes,
}

/// Runs a script over the source with the changes so far, and gives what it changed in addition. The error is for
/// people.
pub type RunScript<'a> = dyn Fn(&Script<'_>) -> Result<Changes, String> + 'a;

/// A rule that did nothing and need not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The rule, as `FILE:LINE`.
    pub rule: String,
    /// Its purpose line.
    pub purpose: String,
    /// Why it did nothing.
    pub why: String,
}

/// A source package after its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What changed in its files.
    pub changes: Changes,
    /// What each rule did, in order.
    pub edits: Vec<Edit>,
    /// Rules that did nothing: their precondition does not hold, or they are for many packages and find nothing here.
    pub skipped: Vec<Skipped>,
}

/// Applies all rules that concern a source package, in order. `run` runs scripts.
///
/// # Errors
/// One failure for each rule that can't do what it says; the others are tried nonetheless, so that all are seen at
/// once.
pub fn debrand(source: &Source<'_>, rules: &Rules, run: &RunScript<'_>) -> Result<Outcome, DebrandError> {
    let mut work = Work::new(source, rules, run);
    let mut outcome = Outcome::default();
    let mut failures = Vec::new();
    for (index, rule) in rules.concerning(source.name) {
        let label = || rule.label.clone();
        let purpose = || rule.rule.purpose.clone();
        let mut skip = |why| outcome.skipped.push(Skipped { rule: label(), purpose: purpose(), why });
        let failed = match work.applies(rule) {
            Err(problem) => Err(problem),
            Ok(Some(why)) => {
                skip(why);
                continue;
            }
            Ok(None) => work.apply(index, rule),
        };
        match failed {
            Ok(edits) => outcome.edits.extend(edits.into_iter().map(|(file, done)| Edit {
                rule: label(),
                purpose: purpose(),
                file,
                done,
            })),
            Err(problem) if problem.is_nothing() && rule.may_do_nothing(source.name) => {
                skip(problem.to_string())
            }
            Err(problem) => failures.push(Failure { rule: label(), purpose: purpose(), problem }),
        }
    }
    if !failures.is_empty() {
        return Err(DebrandError { package: source.name.to_owned(), failures });
    }
    outcome.changes = work.into_changes();
    Ok(outcome)
}

/// The identity of a source package as its spec file states it, for callers that know no better.
#[must_use]
pub fn identity(spec: &[u8], dist: Option<&str>) -> heirloom_formats::spec::Identity {
    Spec::read(&Lines::read(spec)).identity(dist)
}

#[cfg(test)]
mod tests;
