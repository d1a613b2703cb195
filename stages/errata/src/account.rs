//! Where each advisory of upstream stands here: in exactly one state.

use std::collections::BTreeSet;

use heirloom_model::advisory::{Advisory, AdvisoryId, Fixed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ground::{Found, Ground};

/// Where an advisory of upstream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// Machines can install every package of it that is for them.
    Shipped,
    /// Machines can install some of its packages, and not these.
    Partial {
        /// The packages as upstream calls them, each with what keeps it, sorted.
        missing: Vec<Missing>,
    },
    /// Its packages are on their way.
    Building {
        /// How far they are.
        why: String,
    },
    /// Its packages will not come unless something is mended.
    Blocked {
        /// What stands in the way.
        why: String,
    },
    /// It does not concern the distribution.
    NotApplicable {
        /// Why.
        why: String,
    },
    /// Nothing of it has begun.
    Pending {
        /// What it waits for.
        why: String,
    },
}

/// A package that machines can't install.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// The package as upstream calls it.
    pub package: String,
    /// What keeps it.
    pub why: String,
}

/// The account of one advisory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// The advisory, as upstream calls it.
    pub upstream: AdvisoryId,
    /// Its state.
    #[serde(flatten)]
    pub state: State,
    /// The packages that have the fixes here, by the name that they have here, sorted.
    pub ships: Vec<Fixed>,
    /// Packages that are not for the distribution's machines, each with the reason, sorted.
    pub not_ours: Vec<Missing>,
}

impl State {
    /// Its name: `shipped`, `partial`, `building`, `blocked`, `not-applicable`, `pending`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Partial { .. } => "partial",
            Self::Building { .. } => "building",
            Self::Blocked { .. } => "blocked",
            Self::NotApplicable { .. } => "not-applicable",
            Self::Pending { .. } => "pending",
        }
    }

    /// All names, in the order in which they are told.
    pub const NAMES: [&'static str; 6] =
        ["shipped", "partial", "building", "blocked", "not-applicable", "pending"];

    /// The reason, in a line; empty for what is shipped.
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::Shipped => String::new(),
            Self::Partial { missing } => {
                let first = missing.iter().take(2).map(|one| format!("{}: {}", one.package, one.why));
                let first = first.collect::<Vec<_>>().join("; ");
                match missing.len() {
                    0..=2 => first,
                    count => format!("{first}; and {} more", count - 2),
                }
            }
            Self::Building { why }
            | Self::Blocked { why }
            | Self::NotApplicable { why }
            | Self::Pending { why } => why.clone(),
        }
    }

    /// Whether machines can install something of it.
    #[must_use]
    pub fn is_out(&self) -> bool {
        matches!(self, Self::Shipped | Self::Partial { .. })
    }
}

/// The account of an advisory.
#[must_use]
pub fn account(advisory: &Advisory, ground: &Ground) -> Account {
    let mut ships = BTreeSet::new();
    let mut not_ours = BTreeSet::new();
    let [mut blocked, mut pending, mut building] = [(); 3].map(|()| BTreeSet::new());
    let found = advisory.fixed.iter().flat_map(|fixed| {
        let whole = (fixed.clone(), ground.find(fixed));
        std::iter::once(whole).chain(ground.lacking(fixed))
    });
    for (fixed, found) in found {
        let missing = |why: String| Missing { package: fixed.to_string(), why };
        match found {
            Found::Shipped(ours) => ships.extend(ours),
            Found::NotOurs(why) => drop(not_ours.insert(missing(why))),
            Found::Blocked(why) => drop(blocked.insert(missing(why))),
            Found::Pending(why) => drop(pending.insert(missing(why))),
            Found::Building(why) => drop(building.insert(missing(why))),
        }
    }
    let declared = ground.not_applicable.iter().find(|one| one.advisory == advisory.id.as_str());
    let first = |all: &BTreeSet<Missing>| {
        let mut whys: Vec<&str> = all.iter().map(|one| one.why.as_str()).collect();
        whys.sort_unstable();
        whys.dedup();
        match whys[..] {
            [] => String::new(),
            [one] => one.to_owned(),
            [one, ref rest @ ..] => format!("{one}; and {} more reasons", rest.len()),
        }
    };
    let state = if let Some(declared) = declared {
        State::NotApplicable { why: declared.why.clone() }
    } else if let Some(withdrawn) = advisory.withdrawn {
        State::NotApplicable { why: format!("upstream withdrew it at {withdrawn}") }
    } else if !ships.is_empty() {
        let missing: Vec<_> = blocked.iter().chain(&pending).chain(&building).cloned().collect();
        if missing.is_empty() { State::Shipped } else { State::Partial { missing } }
    } else if !blocked.is_empty() {
        State::Blocked { why: first(&blocked) }
    } else if !pending.is_empty() {
        State::Pending { why: first(&pending) }
    } else if !building.is_empty() {
        State::Building { why: first(&building) }
    } else if not_ours.is_empty() {
        State::Pending { why: "it names no package".to_owned() }
    } else {
        State::NotApplicable { why: first(&not_ours) }
    };
    if !state.is_out() {
        ships.clear();
    }
    Account {
        upstream: advisory.id.clone(),
        state,
        ships: ships.into_iter().collect(),
        not_ours: not_ours.into_iter().collect(),
    }
}
