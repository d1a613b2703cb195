//! Whether every advisory is accounted for, and every security update has one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use heirloom_model::Nevra;
use heirloom_model::advisory::{Advisory, AdvisoryId, CveId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Account, State};
use crate::ground::Ground;

/// Something that users would miss.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Unreconciled {
    /// Upstream had an advisory, did not withdraw it, and has it no more.
    Vanished {
        /// The advisory, as upstream calls it.
        advisory: AdvisoryId,
    },
    /// Two accounts of one advisory, or none.
    Unaccounted {
        /// The advisory, as upstream calls it.
        advisory: AdvisoryId,
        /// How many accounts there are.
        accounts: usize,
    },
    /// An advisory was published, and its packages can't be installed any more.
    Lost {
        /// The advisory, as upstream calls it.
        advisory: AdvisoryId,
        /// Where it stands now.
        state: String,
    },
    /// An advisory of the distribution's own names what machines can't install.
    Unpublished {
        /// The advisory.
        advisory: AdvisoryId,
        /// The packages.
        packages: Vec<String>,
    },
    /// A published source package says that it fixes vulnerabilities, and no advisory says so of it.
    Untold {
        /// The source package.
        #[schemars(with = "String")]
        source: Nevra,
        /// The vulnerabilities.
        cves: Vec<CveId>,
    },
}

impl fmt::Display for Unreconciled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vanished { advisory } => {
                write!(f, "{advisory} was there upstream and is not any more, and was not withdrawn")
            }
            Self::Unaccounted { advisory, accounts } => {
                write!(f, "{advisory} has {accounts} accounts, and must have one")
            }
            Self::Lost { advisory, state } => {
                write!(
                    f,
                    "{advisory} was published, and is {state} now: its packages are not in the snapshot"
                )
            }
            Self::Unpublished { advisory, packages } => {
                write!(f, "{advisory} names what the snapshot does not have: {}", packages.join(", "))
            }
            Self::Untold { source, cves } => {
                let cves: Vec<_> = cves.iter().map(CveId::as_str).collect();
                write!(f, "{source} fixes {}, and no advisory says so", cves.join(", "))
            }
        }
    }
}

/// What a published source package says in its newest changelog entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The source package, as it is published.
    pub source: Nevra,
    /// The vulnerabilities that it names.
    pub cves: Vec<CveId>,
    /// Names of its published packages.
    pub packages: BTreeSet<String>,
}

/// What accounts are held against.
#[derive(Clone, Copy, Debug)]
pub struct Accounted<'a> {
    /// Upstream's advisories, each once.
    pub upstream: &'a [Advisory],
    /// Their accounts.
    pub accounts: &'a [Account],
    /// The distribution's own advisories.
    pub own: &'a [Advisory],
    /// Upstream's advisories that were there earlier, and whether ours was published.
    pub earlier: &'a BTreeMap<AdvisoryId, bool>,
    /// What published source packages say.
    pub claims: &'a [Claim],
}

/// Everything that is not reconciled, sorted.
#[must_use]
pub fn reconcile(all: Accounted<'_>, ground: &Ground) -> Vec<Unreconciled> {
    let mut faults = BTreeSet::new();
    let mut accounts: BTreeMap<&AdvisoryId, Vec<&Account>> =
        all.upstream.iter().map(|one| (&one.id, Vec::new())).collect();
    for account in all.accounts {
        accounts.entry(&account.upstream).or_default().push(account);
    }
    for (id, accounts) in &accounts {
        if accounts.len() != 1 {
            faults.insert(Unreconciled::Unaccounted { advisory: (*id).clone(), accounts: accounts.len() });
        }
    }
    for (id, was_out) in all.earlier {
        match accounts.get(id).and_then(|accounts| accounts.first()) {
            None => drop(faults.insert(Unreconciled::Vanished { advisory: id.clone() })),
            Some(account) if *was_out && is_lost(&account.state) => {
                let state = account.state.name().to_owned();
                faults.insert(Unreconciled::Lost { advisory: id.clone(), state });
            }
            Some(_) => {}
        }
    }
    for advisory in all.own.iter().filter(|one| one.withdrawn.is_none()) {
        let is_there = |fixed: &&heirloom_model::advisory::Fixed| {
            matches!(ground.find(fixed), crate::ground::Found::Shipped(_))
        };
        let packages: Vec<_> =
            advisory.fixed.iter().filter(|fixed| !is_there(fixed)).map(ToString::to_string).collect();
        if !packages.is_empty() || advisory.fixed.is_empty() {
            faults.insert(Unreconciled::Unpublished { advisory: advisory.id.clone(), packages });
        }
    }
    faults.extend(untold(all));
    faults.into_iter().collect()
}

/// What was withdrawn, or declared not to concern the distribution, is not lost.
fn is_lost(state: &State) -> bool {
    !matches!(state, State::Shipped | State::Partial { .. } | State::NotApplicable { .. })
}

/// Vulnerabilities that published packages say to fix, and that no advisory of ours names for one of them.
fn untold(all: Accounted<'_>) -> Vec<Unreconciled> {
    let mut told: BTreeMap<&CveId, BTreeSet<&str>> = BTreeMap::new();
    let out: BTreeSet<&AdvisoryId> =
        all.accounts.iter().filter(|one| one.state.is_out()).map(|one| &one.upstream).collect();
    for advisory in all.upstream.iter().filter(|one| out.contains(&one.id)).chain(all.own) {
        for vulnerability in &advisory.vulnerabilities {
            let names = advisory.fixed.iter().map(heirloom_model::advisory::Fixed::name);
            told.entry(&vulnerability.id).or_default().extend(names);
        }
    }
    let mut faults = Vec::new();
    for claim in all.claims {
        let is_told = |cve: &&CveId| {
            let names = told.get(cve);
            names.is_some_and(|names| claim.packages.iter().any(|name| names.contains(name.as_str())))
        };
        let cves: Vec<_> = claim.cves.iter().filter(|cve| !is_told(cve)).cloned().collect();
        if !cves.is_empty() {
            faults.push(Unreconciled::Untold { source: claim.source.clone(), cves });
        }
    }
    faults
}
