//! What a rule is, and how the simple kinds of rule work.

mod build_flags;
mod build_id_links;
mod changelog;
pub(crate) mod code;
mod conclusion;
pub(crate) mod content;
mod dependencies;
mod file_content;
mod file_dependencies;
mod file_facts;
mod file_list;
mod hard_links;
pub(crate) mod normaliser;
mod other_tags;
mod payload_compressor;
mod registry;
mod release;
mod requirement;
mod scriptlets;
mod triggers;
pub(crate) mod types;

use heirloom_formats::rpm_file::FileEntry;
use heirloom_model::{Finding, Severity};

use crate::elf::ElfPair;
use crate::excerpt;
use crate::pair::Pair;
use crate::tag;

pub(crate) use conclusion::bytes;
pub(crate) use dependencies::mapped;
pub use normaliser::{Normaliser, normalisers};
pub use registry::checks;

/// A rule: what it demands, of which tags, and what it means when it is broken.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    name: &'static str,
    doc: &'static str,
    weight: Weight,
    tags: &'static [u32],
    how: How,
}

/// What a difference means for the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It is there in every pair of honest builds.
    Expected,
    /// It is reported, and allowed.
    Allowed,
    /// The packages are not identical, but no user of the package can be broken by it.
    Compatible,
    /// A user of the package breaks.
    Breaking,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// The tags' values are equal.
    Tags,
    /// This fact of every file that both packages have is equal.
    Files(fn(&FileEntry) -> String),
    /// A function of its own.
    Code(fn(&Check, &Pair<'_>) -> Vec<Finding>),
    /// A fact of every ELF file that both packages have, where their code or data differs.
    Elf(fn(&Check, &ElfPair<'_>) -> Vec<Finding>),
    /// Found while the files' contents are compared.
    Content,
    /// The verdict makes the finding after all checks have run.
    Conclusion,
}

impl Check {
    /// The rule's name, as findings carry it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// One sentence: what it demands.
    #[must_use]
    pub fn doc(&self) -> &'static str {
        self.doc
    }

    /// What a difference means. A rule that is [`Weight::Compatible`] may find breaking ones too, where it
    /// matters which of the two packages has less.
    #[must_use]
    pub fn weight(&self) -> Weight {
        self.weight
    }

    pub(crate) const fn tags(name: &'static str, doc: &'static str, weight: Weight, tags: &'static [u32]) -> Self {
        Self { name, doc, weight, tags, how: How::Tags }
    }

    pub(crate) const fn files(self, fact: fn(&FileEntry) -> String) -> Self {
        Self { how: How::Files(fact), ..self }
    }

    pub(crate) const fn code(self, run: fn(&Check, &Pair<'_>) -> Vec<Finding>) -> Self {
        Self { how: How::Code(run), ..self }
    }

    pub(crate) const fn elf(self, run: fn(&Check, &ElfPair<'_>) -> Vec<Finding>) -> Self {
        Self { how: How::Elf(run), ..self }
    }

    pub(crate) const fn content(self) -> Self {
        Self { how: How::Content, ..self }
    }

    pub(crate) const fn conclusion(self) -> Self {
        Self { how: How::Conclusion, ..self }
    }

    pub(crate) fn run(&self, pair: &Pair<'_>) -> Vec<Finding> {
        match self.how {
            How::Tags => self.compare_tags(pair),
            How::Files(fact) => self.compare_files(pair, fact),
            How::Code(run) => run(self, pair),
            How::Elf(_) | How::Content | How::Conclusion => Vec::new(),
        }
    }

    /// What this rule says of a pair of ELF files, if it is about such.
    pub(crate) fn run_elf(&self, pair: &ElfPair<'_>) -> Vec<Finding> {
        if let How::Elf(run) = self.how { run(self, pair) } else { Vec::new() }
    }

    fn compare_tags(&self, pair: &Pair<'_>) -> Vec<Finding> {
        let differing = self.tags.iter().filter(|tag| !pair.same(&[**tag]));
        differing.map(|tag| self.tag_finding(pair, *tag)).collect()
    }

    fn tag_finding(&self, pair: &Pair<'_>, tag: u32) -> Finding {
        let values = (pair.reference.value(tag), pair.rebuilt.value(tag));
        self.differs(&tag::name(tag), excerpt::values(values.0.as_ref(), values.1.as_ref()))
    }

    fn compare_files(&self, pair: &Pair<'_>, fact: fn(&FileEntry) -> String) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (reference, rebuilt) in &pair.files.both {
            let (expected, found) = (fact(reference), fact(rebuilt));
            if pair.dist.plain(&expected) != pair.dist.plain(&found) {
                findings.push(self.differs(&reference.path, (expected, found)));
            }
        }
        findings
    }

    /// A finding of the rule's own weight.
    pub(crate) fn differs(&self, subject: &str, values: (String, String)) -> Finding {
        let severity = match self.weight {
            Weight::Expected => Severity::Expected,
            Weight::Allowed => Severity::Note,
            Weight::Compatible => Severity::Different,
            Weight::Breaking => Severity::Incompatible,
        };
        self.finding(severity, subject, values)
    }

    pub(crate) fn finding(&self, severity: Severity, subject: &str, (expected, found): (String, String)) -> Finding {
        Finding { rule: self.name.to_owned(), severity, subject: subject.to_owned(), expected, found }
    }
}
