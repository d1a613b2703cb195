//! Plan: which source packages are built in which order, and in which buildroots. Pure: values in, values
//! out, nothing is read, run or recorded.
//!
//! [`plan`] solves every package's build requirements against the bootstrap repository plus the packages
//! that the distribution is expected to have (its reference's), finds cycles, breaks them, and orders the
//! steps. [`buildroot`] pins the exact package set of one step when the results before it exist. Start at
//! [`Input`].

mod base;
mod buildroot;
mod cycle;
mod error;
mod graph;
mod input;
mod order;
mod recorded;

pub use base::{Base, base};
pub use buildroot::{Buildroot, buildroot};
pub use error::{PlanError, Unbuildable};
pub use input::{Input, Source};
pub use recorded::{Available, Followed, Pick, Question, Sigmd5, follow};

use heirloom_model::record::Plan;

/// Computes the plan.
///
/// # Errors
/// A build requirement that nothing provides (all of them are listed, with their chains), or a cycle that
/// neither a bootstrap conditional nor the bootstrap repository breaks.
pub fn plan(input: &Input<'_>) -> Result<Plan, PlanError> {
    let (mut draft, left_out) = graph::draft(input)?;
    let cycles = cycle::break_all(input, &mut draft)?;
    Ok(Plan { steps: order::steps(input, &draft), cycles, left_out })
}

#[cfg(test)]
mod tests;
