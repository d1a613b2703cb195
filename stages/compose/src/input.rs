//! What a compose is planned from.

use heirloom_formats::definition::RepositoryRule;
use heirloom_model::Package;
use heirloom_model::record::Accepted;

/// A package that may be composed, with its metadata.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// On what ground it may be signed.
    pub accepted: &'a Accepted,
    /// What its header says.
    pub package: &'a Package,
}

/// One repository to compose.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the definition says of it.
    pub rule: &'a RepositoryRule,
    /// The packages of the reference repository that it is `like`; none without one.
    pub reference: &'a [Package],
}

/// Everything that a compose plan follows from.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// Target architecture.
    pub arch: &'a str,
    /// The rebuilt and own packages.
    pub accepted: Vec<Candidate<'a>>,
    /// The repositories.
    pub rules: Vec<Rule<'a>>,
    /// The bootstrap repository, to inherit from.
    pub bootstrap: &'a [Package],
}
