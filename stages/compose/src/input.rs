//! What a compose is planned from.

use std::collections::BTreeMap;

use heirloom_formats::definition::{Multilib, RepositoryRule};
use heirloom_model::Package;
use heirloom_model::record::Accepted;

/// A package that may be composed, with its metadata.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// On what ground it may be signed.
    pub accepted: &'a Accepted,
    /// What its header says.
    pub package: &'a Package,
    /// Name of the source package that it was built from, or is.
    pub source: &'a str,
}

/// One repository to compose.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the definition says of it.
    pub rule: &'a RepositoryRule,
}

/// What there is for machines of one architecture.
#[derive(Clone, Debug)]
pub struct ArchInput<'a> {
    /// Its name: `x86_64`, `aarch64`.
    pub arch: &'a str,
    /// Rebuilt and own packages, debugging data and source packages. Noarch ones serve the other architectures, too.
    pub accepted: Vec<Candidate<'a>>,
    /// Packages of the second architecture (i686 beside x86_64).
    pub second: Vec<Candidate<'a>>,
    /// The packages of reference repositories for this architecture, by the reference's name.
    pub references: BTreeMap<&'a str, &'a [Package]>,
    /// The bootstrap repository, to inherit from.
    pub bootstrap: &'a [Package],
}

/// Everything that a compose plan follows from.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The architectures; of noarch packages that several have, the first one's is taken.
    pub arches: Vec<ArchInput<'a>>,
    /// The repositories.
    pub rules: Vec<Rule<'a>>,
    /// Which packages of the second architecture are taken that the reference does not have.
    pub multilib: Option<&'a Multilib>,
    /// Packages that are left out everywhere, as `NAME` or `NAME.ARCH`.
    pub exclude: &'a [String],
}

impl<'a> Input<'a> {
    /// The packages of the reference that a repository is like, for an architecture.
    pub(crate) fn reference(&self, rule: &Rule<'a>, arch: &ArchInput<'a>) -> &'a [Package] {
        let like = rule.rule.like.as_deref();
        like.and_then(|like| arch.references.get(like).copied()).unwrap_or_default()
    }
}

impl Rule<'_> {
    /// Whether the repository is composed for this architecture.
    pub(crate) fn is_for(&self, arch: &str) -> bool {
        self.rule.architectures.as_ref().is_none_or(|arches| arches.iter().any(|other| other == arch))
    }
}
