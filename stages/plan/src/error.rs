//! Why there is no plan.

use std::fmt;

/// A source package whose build requirements can't be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbuildable {
    /// Its name.
    pub source: String,
    /// The solver's explanation: chains from the build requirement down to what is missing.
    pub why: String,
}

impl fmt::Display for Unbuildable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} can't be built:", self.source)?;
        for line in self.why.lines() {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

/// There is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The base group can't be installed.
    #[error("the bootstrap repository can't provide the base of the buildroots:\n{0}")]
    Base(String),
    /// Some build requirements are provided by nothing.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<String>().trim_end())]
    Unbuildable(Vec<Unbuildable>),
    /// A cycle that nothing breaks.
    #[error(
        "these source packages need each other and nothing breaks the cycle: {}; give one of them a \
         `bootstrap` build conditional, or the bootstrap repository what it needs",
        .0.join(" -> ")
    )]
    Cycle(Vec<String>),
    /// The solver could not take its input.
    #[error("solver: {0}")]
    Solve(String),
}
