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

/// Source packages that need each other, where nothing gives a beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbroken {
    /// Their names, sorted.
    pub members: Vec<String>,
    /// For each of them, the own packages that it needs and that no other repository has.
    pub missing: Vec<(String, Vec<String>)>,
}

/// As many as are told of a long list.
const TOLD: usize = 5;

impl fmt::Display for Unbroken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "these source packages need each other and nothing breaks the cycle: {}; give one of them a \
             `bootstrap` build conditional, or the bootstrap repository what it needs",
            self.members.join(" -> ")
        )?;
        let mut missing: Vec<_> = self.missing.iter().collect();
        missing.sort_by_key(|(source, packages)| (packages.len(), source));
        for (source, packages) in missing.into_iter().take(TOLD) {
            write!(f, "\n    {source}: {}", packages.join(", "))?;
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
    /// The base group can't be installed from own results.
    #[error(
        "own results and the bootstrap repository can't provide the base of the buildroots together:\n{0}"
    )]
    OwnBase(String),
    /// Some build requirements are provided by nothing.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<String>().trim_end())]
    Unbuildable(Vec<Unbuildable>),
    /// A cycle that nothing breaks.
    #[error("{0}")]
    Cycle(Unbroken),
    /// The solver could not take its input.
    #[error("solver: {0}")]
    Solve(String),
}
