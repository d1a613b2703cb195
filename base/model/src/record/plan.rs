//! The plan: a value that can be printed, compared and kept.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Where a build requirement will come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// A package of the bootstrap repository.
    Bootstrap,
    /// A package of an earlier release's repository.
    Earlier,
    /// The result of the step with this id.
    Step(Arc<str>),
}

/// One package that a buildroot needs, and why. There are millions in the plan of a whole distribution, and the same
/// texts again and again: they are shared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Need {
    /// The package that will be installed.
    pub package: Arc<str>,
    /// Who asks for it: a build requirement, or `requirement of package`.
    pub because: Arc<str>,
    /// Where it comes from.
    pub provider: Provider,
}

/// One build in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The source package's name for the build whose results count; `NAME:bootstrap` for a first build under
    /// that conditional, `NAME:1`, `NAME:2` ... for the earlier passes of a cycle.
    pub id: String,
    /// The source package's name.
    pub source: String,
    /// Digest of the source.
    pub source_digest: Digest,
    /// Build conditionals switched on.
    pub with: Vec<String>,
    /// Which pass of its cycle it is, from 1; 0 for what is in no cycle.
    pub pass: usize,
    /// Whether the base of its buildroot is of own results, too.
    pub own_base: bool,
    /// The earliest wave that it can build in, from 1. Steps of a wave do not need each other.
    pub wave: usize,
    /// Ids of the steps that must be built before, sorted.
    pub after: Vec<Arc<str>>,
    /// Packages from own results that its buildroot needs, sorted.
    pub needs: Vec<Need>,
    /// Packages from elsewhere that its buildroot needs on top of the base, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<Need>,
    /// In one sentence, why it is in the plan at this place.
    pub reason: String,
}

/// What a first pass gets round a cycle by, the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrutchKind {
    /// A build under the spec file's own `bootstrap` conditional.
    Conditional,
    /// Binaries of the bootstrap repository.
    Bootstrap,
    /// Binaries of an earlier release.
    Earlier,
}

/// One thing by which the first pass gets round a cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crutch {
    /// The step that uses it.
    pub step: String,
    /// What it is.
    pub kind: CrutchKind,
    /// Packages that the step takes from elsewhere instead of waiting for own results, sorted; none for a
    /// conditional.
    pub packages: Vec<String>,
}

/// Source packages that need each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// Their names, sorted.
    pub members: Vec<String>,
    /// What the first pass stands on, in build order.
    pub crutches: Vec<Crutch>,
    /// How often each member is built: the last pass must give what the one before gave.
    pub passes: usize,
}

/// The build order of the whole distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Steps in build order: each comes after all that it needs.
    pub steps: Vec<Step>,
    /// Cycles, by first member.
    pub cycles: Vec<Cycle>,
    /// Source packages that do not build here, and why.
    pub left_out: Vec<(String, String)>,
    /// Source packages whose needs can't be met, and the solver's explanation; only a plan that was told to
    /// go on without them has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unbuildable: Vec<(String, String)>,
    /// What the base of the buildroots comes to at last, sorted: all from bootstrap, or own results where there
    /// are any.
    #[serde(default)]
    pub base: Vec<Need>,
}

/// Where the solutions are kept that the newest plan was made with: the next one need not find them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solving {
    /// The object that holds them.
    pub solutions: Digest,
}
