//! What a look at the files' contents has seen so far.

use std::collections::BTreeSet;

use heirloom_model::{Finding, Normalisation, Severity};

use crate::check::{Check, Normaliser, content};
use crate::types::Library;

/// Bytes that may be decompressed while one pair of packages is compared, all layers of both together.
const BUDGET: u64 = 8 << 30;
/// Bytes that packages may unpack to however small they are, and how many times their size beyond that. What
/// is meant to exhaust memory packs a thousand times and more; what people install, about ten.
const SMALLEST: u64 = 128 << 20;
const MOST_TIMES: u64 = 100;
/// Bytes of text that findings and normalisations may have.
const MOST_TEXT: usize = 64 << 20;
/// Bytes of a place's name; a path of the longest kind in another.
const LONGEST_PLACE: usize = 8192;
/// Containers in containers.
const DEEPEST: usize = 8;

/// Collects findings and normalisations, and bounds the work.
pub(crate) struct Look {
    pub(crate) findings: Vec<Finding>,
    pub(crate) normalisations: Vec<Normalisation>,
    /// Libraries whose code differs; their types are compared when all files have been seen.
    pub(crate) libraries: Vec<Library>,
    /// Symbol versions that the reference requires, without the mark of their word size.
    pub(crate) required: BTreeSet<String>,
    budget: u64,
    /// Findings and normalisations whose text has been counted, and what it came to.
    counted: (usize, usize, usize),
    is_full: bool,
}

/// Where in a package something is.
#[derive(Clone)]
pub(crate) struct Place {
    /// The path, with `!member` for each container that was opened.
    pub(crate) shown: String,
    /// The innermost file's name or path, without suffixes of compression that were taken off.
    pub(crate) name: String,
    /// The rule that a difference in content breaks.
    pub(crate) rule: Check,
    depth: usize,
}

impl Place {
    /// A file of the package.
    pub(crate) fn file(path: &str, is_config: bool) -> Self {
        let rule = content::rule_for(path, is_config);
        Self { shown: path.to_owned(), name: path.to_owned(), rule, depth: 0 }
    }

    /// A member of the container at this place.
    pub(crate) fn member(&self, name: &str) -> Self {
        let shown = format!("{}!{name}", self.shown);
        Self { shown, name: name.to_owned(), rule: self.rule, depth: self.depth + 1 }
    }

    /// What is left at this place when a layer of compression is taken off.
    pub(crate) fn inside(&self, suffixes: &[&str]) -> Self {
        let name = suffixes.iter().find_map(|suffix| self.name.strip_suffix(suffix)).unwrap_or(&self.name);
        Self { name: name.to_owned(), depth: self.depth + 1, ..self.clone() }
    }
}

impl Look {
    pub(crate) fn new(required: BTreeSet<String>) -> Self {
        Self {
            findings: Vec::new(),
            normalisations: Vec::new(),
            libraries: Vec::new(),
            required,
            budget: BUDGET,
            counted: (0, 0, 0),
            is_full: false,
        }
    }

    /// Bounds what is decompressed by the size of both packages.
    pub(crate) fn bounded(self, packages: u64) -> Self {
        Self { budget: largest(packages).min(BUDGET), ..self }
    }

    /// Records one application of a rule.
    pub(crate) fn normalised(&mut self, rule: Normaliser, place: &Place, detail: impl Into<String>) {
        self.normalisations.push(Normalisation {
            rule: rule.name.to_owned(),
            subject: place.shown.clone(),
            detail: detail.into(),
        });
    }

    /// Records that the content differs, with what both have.
    pub(crate) fn differs(&mut self, place: &Place, values: (String, String)) {
        self.findings.push(place.rule.differs(&place.shown, values));
    }

    /// Records that something can't be examined.
    pub(crate) fn unreadable(&mut self, place: &Place, what: &str, why: impl std::fmt::Display) {
        let values = (String::new(), format!("{what}: {why}"));
        self.findings.push(content::UNREADABLE.finding(Severity::Undecided, &place.shown, values));
    }

    /// Takes what a container holds from the budget; `None` (recorded) where there is no more, or where
    /// containers are nested too deep.
    pub(crate) fn open(&mut self, place: &Place) -> Option<u64> {
        if place.depth >= DEEPEST {
            self.unreadable(place, "not opened", format!("it is nested {DEEPEST} containers deep"));
            return None;
        }
        if self.budget == 0 {
            self.unreadable(place, "not opened", "the package's containers hold too much");
            return None;
        }
        Some(self.budget)
    }

    /// Whether no more can be told, or this place can't be named; recorded, once in the first case.
    pub(crate) fn is_full(&mut self, place: &Place) -> bool {
        if place.shown.len() > LONGEST_PLACE {
            let short: String = place.shown.chars().take(100).collect();
            let place = Place { shown: format!("{short}…"), ..place.clone() };
            self.unreadable(&place, "not examined", format!("its name has more than {LONGEST_PLACE} bytes"));
            return true;
        }
        let (findings, normalisations, text) = &mut self.counted;
        for finding in self.findings.get(*findings..).unwrap_or_default() {
            *text +=
                size_of::<Finding>() + finding.subject.len() + finding.expected.len() + finding.found.len();
        }
        for normalisation in self.normalisations.get(*normalisations..).unwrap_or_default() {
            *text += size_of::<Normalisation>() + normalisation.subject.len() + normalisation.detail.len();
        }
        (*findings, *normalisations) = (self.findings.len(), self.normalisations.len());
        if *text > MOST_TEXT && !self.is_full {
            self.is_full = true;
            self.unreadable(place, "not examined", "more differs in the package than can be told");
        }
        self.is_full
    }

    /// What both sides were read as, if both could be; else records why not.
    pub(crate) fn both<T, E: std::fmt::Display>(
        &mut self,
        place: &Place,
        reference: Result<T, E>,
        rebuilt: Result<T, E>,
    ) -> Option<(T, T)> {
        match (reference, rebuilt) {
            (Ok(reference), Ok(rebuilt)) => Some((reference, rebuilt)),
            (reference, rebuilt) => {
                for (side, read) in [("reference", reference), ("rebuild", rebuilt)] {
                    if let Err(error) = read {
                        self.unreadable(place, side, error);
                    }
                }
                None
            }
        }
    }

    /// Takes these bytes from the budget.
    pub(crate) fn spend(&mut self, bytes: usize) {
        self.budget = self.budget.saturating_sub(bytes as u64);
    }
}

/// Bytes that packages of this size may unpack to.
pub(crate) fn largest(packages: u64) -> u64 {
    packages.saturating_mul(MOST_TIMES).saturating_add(SMALLEST)
}
