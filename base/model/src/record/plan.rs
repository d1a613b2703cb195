//! The plan: a value that can be printed, compared and kept.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Where a build requirement will come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// A package of the bootstrap repository.
    Bootstrap,
    /// The result of the step with this id.
    Step(String),
}

/// One own result that a step's buildroot needs, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Need {
    /// The package that will be installed.
    pub package: String,
    /// Who asks for it: a build requirement, or `requirement of package`.
    pub because: String,
    /// Where it comes from.
    pub provider: Provider,
}

/// One build in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The source package's name, with `:bootstrap` for a first build under that conditional.
    pub id: String,
    /// The source package's name.
    pub source: String,
    /// Digest of the source.
    pub source_digest: Digest,
    /// Build conditionals switched on.
    pub with: Vec<String>,
    /// The earliest wave that it can build in, from 1. Steps of a wave do not need each other.
    pub wave: usize,
    /// Ids of the steps that must be built before, sorted.
    pub after: Vec<String>,
    /// Packages from own results that its buildroot needs, sorted.
    pub needs: Vec<Need>,
    /// In one sentence, why it is in the plan at this place.
    pub reason: String,
}

/// The build order of the whole distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Steps in build order: each comes after all that it needs.
    pub steps: Vec<Step>,
    /// Cycles that were found, each a list of source names, with how each was broken.
    pub cycles: Vec<String>,
    /// Source packages that do not build here, and why.
    pub left_out: Vec<(String, String)>,
}
