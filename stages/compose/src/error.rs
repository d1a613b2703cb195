//! Why there is no compose.

use heirloom_model::{Digest, Nevra};
use heirloom_solve::{SolveError, Unsolvable};

/// A placed package that could not be installed from the compose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uninstallable {
    /// The package.
    pub nevra: Nevra,
    /// The chains of requirements down to what is missing or in conflict.
    pub why: Unsolvable,
}

/// There is no compose.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The metadata is of another package than the accepted one.
    #[error("{accepted} ({digest}) came with the metadata of {metadata}, or of another build of it")]
    OtherMetadata {
        /// What was accepted.
        accepted: Nevra,
        /// Its digest.
        digest: Digest,
        /// What the metadata is of.
        metadata: Nevra,
    },
    /// An inherited package was given as a candidate.
    #[error("{0} is inherited; which packages are inherited is worked out, not given")]
    Inherited(Nevra),
    /// Two packages would have the same file name.
    #[error("{nevra} is there twice, as {} and {}: raise the Release of one", digests[0], digests[1])]
    Duplicate {
        /// The package.
        nevra: Nevra,
        /// The two builds.
        digests: [Digest; 2],
    },
    /// An own package without a place.
    #[error(
        "no repository takes the own package {0}: add its name to `packages` of one of `[repositories.*]`"
    )]
    NotTaken(Nevra),
    /// An own package with two places.
    #[error(
        "the repositories {} and {} both take the own package {nevra}: take it out of one's `packages`",
        repositories[0], repositories[1]
    )]
    TakenTwice {
        /// The package.
        nevra: Nevra,
        /// The repositories.
        repositories: [String; 2],
    },
    /// A pattern that fits no own package.
    #[error("repositories.{repository}.packages: `{pattern}` fits no own package; correct it, or take it out")]
    PatternTakesNothing {
        /// The repository.
        repository: String,
        /// The pattern.
        pattern: String,
    },
    /// Placed packages need bootstrap packages, and no repository inherits.
    #[error(
        "{count} packages of the bootstrap repository are needed at run time, and no repository may inherit \
         them; {chain}: set `inherit = true` for one repository, or build what is missing"
    )]
    NoHeir {
        /// How many.
        count: usize,
        /// One of them, and what needs it.
        chain: String,
    },
    /// Packages that nobody could install.
    #[error("{}", uninstallable(.0))]
    Uninstallable(Vec<Uninstallable>),
    /// The solver could not take its input.
    #[error(transparent)]
    Solve(#[from] SolveError),
}

fn uninstallable(packages: &[Uninstallable]) -> String {
    let mut text = String::from("these packages could not be installed from the compose:");
    for Uninstallable { nevra, why } in packages {
        text.push_str(&format!("\n  {nevra}"));
        for problem in &why.problems {
            text.push_str(&format!("\n    {problem}"));
        }
    }
    text
}
