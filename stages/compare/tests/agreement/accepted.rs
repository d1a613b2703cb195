//! The disagreements that may occur, each a row of docs/agreement.md.

use std::collections::BTreeSet;

use crate::Fact;

const EXPLAINED: &str = include_str!("../../../../docs/agreement.md");

/// Who says something that the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Tool,
    Ours,
}
use Side::{Ours, Tool};

/// What may occur: the row of docs/agreement.md, which begins with the tool; who sees more; by which rules,
/// every one of which has to occur; in which cases, any if there are none; how the subject begins.
type Accepted = (&'static str, Side, &'static [&'static str], &'static [&'static str], &'static str);

const BREAKS: &[&str] = &["breaks"];

#[rustfmt::skip]
const ACCEPTED: &[Accepted] = &[
    ("rpm-own-version", Tool, &["provides", "requires"], &["epoch", "other version"], ""),
    ("rpm-payload-feature", Tool, &["requires"], &["compressed by zstd"], "rpmlib(PayloadIs"),
    ("rpm-ghost-digest", Tool, &["content"], &["ghost"], "/var/log/sample.log"),
    ("rpm-class-of-links", Tool, &["file-class"], &["link's target"], ""),
    ("rpm-translation", Ours, &["summary"], &["translation"], ""),
    ("rpm-trigger-priority", Ours, &["triggers"], &["trigger's priority"], ""),
    ("rpmdiff-own-version", Tool, &["provides", "requires"], &["epoch", "other version"], ""),
    ("rpmdiff-payload-feature", Tool, &["requires"], &["compressed by zstd"], "rpmlib(PayloadIs"),
    ("rpmdiff-ghost-digest", Tool, &["content"], &["ghost"], "/var/log/sample.log"),
    ("rpmdiff-build-ids", Tool, &["file-list"], &[], "/usr/lib/.build-id/"),
    ("rpmdiff-build-ids", Ours, &["build-id-links"], &[], ""),
    ("rpmdiff-size", Tool, &["file-size"], &[], ""),
    ("rpmdiff-inodes", Tool, &["inode"], &["hard link"], ""),
    ("rpmdiff-inodes", Ours, &["hard-links"], &["hard link"], ""),
    ("rpmdiff-tags", Ours, &["architecture", "bug-url", "build-host", "build-time", "changelog", "distribution", "modularity-label", "optflags", "order", "packager", "payload-compressor", "platform", "relocation", "source-package", "triggers", "vcs", "vendor", "version"], &[], ""),
    ("rpmdiff-file-facts", Ours, &["file-capabilities", "file-language", "link-target"], &[], "/"),
    ("rpmdiff-derived", Ours, &["file-class", "installed-size", "payload-digest"], &[], ""),
    ("rpmdiff-mtimes", Ours, &["mtimes"], &["directory come", "file gone"], ""),
    ("rpmdiff-scriptlets", Ours, &["scriptlets"], &["scriptlet's interpreter", "scriptlet's flags"], ""),
    ("rpmdiff-translation", Ours, &["summary"], &["translation"], ""),
    ("abidiff-std-instantiation", Tool, BREAKS, &["library's template"], ""),
    ("abidiff-crt-symbol", Tool, BREAKS, &["start file's symbol"], ""),
    ("abidiff-ada-internal", Tool, BREAKS, &["Ada's own symbol"], ""),
    ("abidiff-unknown-type", Tool, BREAKS, &["unknown type"], ""),
    ("abidiff-constant", Tool, BREAKS, &["variable made constant"], ""),
    ("abidiff-weak", Ours, BREAKS, &["function to weak"], ""),
    ("abidiff-default-version", Ours, BREAKS, &["no default version"], ""),
    ("abipkgdiff-soname", Ours, BREAKS, &["other SONAME"], ""),
];

/// Everything that one side alone has said.
#[derive(Default)]
pub(crate) struct Disagreements {
    all: BTreeSet<(String, Side, Fact, String)>,
}

impl Disagreements {
    /// Compares what a tool says of a pair with what we say.
    pub(crate) fn add(&mut self, tool: &str, case: &str, theirs: BTreeSet<Fact>, ours: BTreeSet<Fact>) {
        for (side, one, other) in [(Tool, &theirs, &ours), (Ours, &ours, &theirs)] {
            let only =
                one.difference(other).map(|fact| (tool.to_owned(), side, fact.clone(), case.to_owned()));
            self.all.extend(only);
        }
    }

    /// Every disagreement is accepted, every accepted one occurred, and all are explained.
    pub(crate) fn check(&self, tools: &[&str]) {
        let mut faults = Vec::new();
        let tool_of = |row: &str| tools.iter().copied().find(|tool| row.starts_with(&format!("{tool}-")));
        let accepted: Vec<&Accepted> = ACCEPTED.iter().filter(|(row, ..)| tool_of(row).is_some()).collect();
        let mut used = vec![BTreeSet::<&str>::new(); accepted.len()];
        for (tool, side, (rule, subject), case) in &self.all {
            let index = accepted.iter().position(|(row, who, rules, cases, start)| {
                who == side
                    && tool_of(row) == Some(tool)
                    && rules.contains(&rule.as_str())
                    && (cases.is_empty() || cases.contains(&case.as_str()))
                    && subject.starts_with(start)
            });
            match index {
                Some(index) => drop(used[index].insert(rule)),
                None => faults.push(format!("{case}: {tool}: only {side:?} has {rule} {subject}")),
            }
        }
        for ((row, _, rules, ..), seen) in accepted.iter().zip(&used) {
            let gone: Vec<_> = rules.iter().filter(|rule| !seen.contains(*rule)).collect();
            if !gone.is_empty() {
                faults.push(format!("{row}: no longer occurs: {gone:?}"));
            }
            if !EXPLAINED.contains(&format!("\n| {row} |")) {
                faults.push(format!("docs/agreement.md has no row {row}"));
            }
        }
        for row in EXPLAINED.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()) {
            if tool_of(row).is_some() && accepted.iter().all(|(known, ..)| *known != row) {
                faults.push(format!("docs/agreement.md explains {row}, which no test knows"));
            }
        }
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }
}
