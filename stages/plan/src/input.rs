//! What planning needs to know.

use heirloom_model::record::Evaluated;
use heirloom_model::{Dependency, Package};

use crate::Base;

/// One source package.
pub struct Source<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the target's rpm makes of its spec file.
    pub evaluated: &'a Evaluated,
    /// All requirements, if `%generate_buildrequires` has told them before.
    pub learned: Option<&'a [Dependency]>,
    /// The same under the `bootstrap` conditional.
    pub learned_bootstrap: Option<&'a [Dependency]>,
}

impl Source<'_> {
    /// Build requirements, dynamic ones included as far as they are known.
    #[must_use]
    pub fn requires(&self) -> &[Dependency] {
        self.learned.unwrap_or(&self.evaluated.build_requires)
    }

    /// The same under the `bootstrap` conditional, if the spec file declares it.
    #[must_use]
    pub fn bootstrap_requires(&self) -> Option<&[Dependency]> {
        let declared = self.evaluated.bootstrap_requires.as_deref()?;
        Some(self.learned_bootstrap.unwrap_or(declared))
    }
}

/// How a plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How often the members of a cycle are built; at least 1, which leaves the results of the first pass.
    pub passes: usize,
    /// Whether the base of buildroots is of own results at last, instead of bootstrap's for ever.
    pub own_base: bool,
    /// Whether source packages whose needs can't be met are left out, instead of there being no plan.
    pub keep_going: bool,
    /// Whether buildroots are made of the bootstrap repository as it is, and of no results: nothing waits then.
    pub fixed: bool,
    /// Threads that solve.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { passes: 3, own_base: false, keep_going: false, fixed: false, threads: 1 }
    }
}

/// Everything that a plan follows from.
pub struct Input<'a> {
    /// Target architecture.
    pub arch: &'a str,
    /// The source packages, sorted by name.
    pub sources: Vec<Source<'a>>,
    /// The bootstrap repository.
    pub bootstrap: &'a [Package],
    /// The repository of an earlier release, for what bootstrap does not have; may be empty.
    pub earlier: &'a [Package],
    /// What every buildroot has.
    pub base: &'a Base,
    /// Binary packages that the rebuild is expected to have: those of the reference.
    pub reference: &'a [Package],
    /// How the plan is made.
    pub options: Options,
}
