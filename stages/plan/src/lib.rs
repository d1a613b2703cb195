//! Plan: which source packages are built in which order, and in which buildroots. Pure: values in, values
//! out, nothing is read, run or recorded.
//!
//! [`solve`] finds what every package needs, against the bootstrap repository plus the packages that the
//! distribution is expected to have (its reference's); what is known from earlier plans is not solved again.
//! [`order`] finds cycles in it, gets round each by as few crutches as it can, and puts builds in order, several
//! passes for what is in a cycle. [`plan`] is both. [`buildroot`] pins the exact package set of one step when the
//! results before it exist. Start at [`Input`].

mod affected;
mod arcs;
mod base;
mod buildroot;
mod cone;
mod cycle;
mod diff;
mod error;
mod expected;
mod hosting;
mod input;
mod lab;
mod memo;
mod order;
mod recorded;
mod scc;
mod schedule;
mod steps;
mod texts;
mod work;

pub use affected::affected;
pub use base::{Base, base};
pub use buildroot::{Buildroot, Offer, buildroot};
pub use diff::{Change, What, diff};
pub use error::{PlanError, Unbroken, Unbuildable};
pub use hosting::{Foreign, Hosting, self_hosted};
pub use input::{Input, Options, Source};
pub use memo::Solutions;
pub use recorded::{Available, Followed, Pick, Question, Sigmd5, follow};
pub use schedule::{Schedule, schedule, simulate};
pub use work::Needs;

use std::collections::BTreeMap;

use heirloom_model::record::Plan;

/// A plan, and what was solved for it.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// To be given to the next plan.
    pub solutions: Solutions,
}

/// Computes the plan, with solutions that are known from earlier ones.
///
/// # Errors
/// As [`solve`] and [`order`]; with [`Options::keep_going`], what these name is left out instead.
pub fn plan(input: &Input<'_>, known: &Solutions) -> Result<Planned, PlanError> {
    let mut needs = Needs::new(input, known);
    let mut out = BTreeMap::new();
    loop {
        let attempt = needs.solve(input).and_then(|()| order(input, &mut needs));
        // Each round leaves out at least one more.
        let more: Vec<_> = match attempt {
            Err(PlanError::Unbuildable(all)) if input.options.keep_going => {
                all.into_iter().map(|one| (one.source, one.why)).collect()
            }
            Err(PlanError::Cycle(cycle)) if input.options.keep_going => {
                let why = cycle.to_string();
                cycle.members.into_iter().map(|member| (member, why.clone())).collect()
            }
            done => return Ok(Planned { plan: done?, solutions: needs.solutions() }),
        };
        let index = |name: &str| input.sources.iter().position(|source| source.name == name);
        out.extend(more.into_iter().filter_map(|(name, why)| Some((index(&name)?, why))));
        needs.leave_out(input, &out);
    }
}

/// Solves the requirements of every source package.
///
/// # Errors
/// A build requirement that nothing provides: all of them are listed, with their chains.
pub fn solve<'a>(input: &Input<'a>, known: &Solutions) -> Result<Needs<'a>, PlanError> {
    let mut needs = Needs::new(input, known);
    needs.solve(input)?;
    Ok(needs)
}

/// Puts in order what was solved for the same input.
///
/// # Errors
/// A cycle that neither bootstrap conditionals nor other repositories break.
pub fn order<'a>(input: &Input<'a>, needs: &mut Needs<'a>) -> Result<Plan, PlanError> {
    let plan = needs.work(input, |work, full| {
        let ordered = order::order(work, full)?;
        Ok(steps::plan(work, ordered))
    })?;
    Ok(Plan { left_out: needs.left_out.clone(), unbuildable: needs.unbuildable.clone(), ..plan })
}

#[cfg(test)]
mod tests;
