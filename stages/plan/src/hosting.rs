//! Whether a distribution builds itself.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use heirloom_model::record::{Need, Plan, Provider, Step};
use serde::Serialize;

/// What the last pass's buildroots have that is not own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hosting {
    /// How many buildroots were looked at: those of the builds whose results count.
    pub buildroots: usize,
    /// Packages from elsewhere, those in most buildroots first; none: the distribution builds itself.
    pub foreign: Vec<Foreign>,
}

/// A package from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Foreign {
    /// Its name.
    pub package: String,
    /// Where it is from.
    pub provider: Provider,
    /// How many buildroots have it.
    pub buildroots: usize,
    /// One of these, and why the package is in it.
    pub because: String,
}

impl Hosting {
    /// Whether no foreign package is left.
    #[must_use]
    pub fn is_self_hosted(&self) -> bool {
        self.foreign.is_empty()
    }
}

/// Looks at every buildroot of the last pass, base included.
#[must_use]
pub fn self_hosted(plan: &Plan) -> Hosting {
    let mut found: BTreeMap<(&str, &Provider), Foreign> = BTreeMap::new();
    let mut buildroots = 0;
    for step in plan.steps.iter().filter(|step| step.id == step.source) {
        buildroots += 1;
        for need in step.foreign.iter().chain(base(plan, step)) {
            // A base that this step does not have of own results is bootstrap's.
            let provider =
                if need.provider == Provider::Earlier { &need.provider } else { &Provider::Bootstrap };
            let foreign = found.entry((&need.package, provider)).or_insert_with(|| Foreign {
                package: need.package.to_string(),
                provider: provider.clone(),
                buildroots: 0,
                because: format!("{}: {}", step.id, need.because),
            });
            foreign.buildroots += 1;
        }
    }
    let mut foreign: Vec<_> = found.into_values().collect();
    foreign.sort_by(|a, b| (Reverse(a.buildroots), &a.package).cmp(&(Reverse(b.buildroots), &b.package)));
    Hosting { buildroots, foreign }
}

/// Foreign packages of a step's base: all, unless it is of own results.
fn base<'p>(plan: &'p Plan, step: &Step) -> impl Iterator<Item = &'p Need> {
    let own_base = step.own_base;
    plan.base.iter().filter(move |need| !own_base || !matches!(need.provider, Provider::Step(_)))
}
