//! When each advisory got how far.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use heirloom_errata::Timeline;
use heirloom_model::advisory::{Advisory, AdvisoryId};
use heirloom_model::record::{Arrival, Built, Channel, Noticed, Reached};
use heirloom_model::{Digest, Nevra};
use jiff::Timestamp;

use super::{Accounts, naming};
use crate::context::{Context, timestamp};
use crate::fail::Fail;
use crate::flow::releasing;

/// Timelines of all advisories that concern the distribution, in the order of their accounts.
pub(crate) fn timelines(context: &Context, accounts: &Accounts) -> Result<Vec<Timeline>, Fail> {
    let known = Known::load(context)?;
    let naming = naming(context);
    let all = accounts.advisories.upstream.iter().zip(&accounts.accounts);
    let one = |(upstream, account): (&Advisory, &heirloom_errata::Account)| {
        let noticed = known.noticed.get(&upstream.id);
        let ships: BTreeSet<Nevra> = account.ships.iter().filter_map(|fixed| fixed.nevra()).collect();
        let steps = known.steps(&ships);
        Timeline {
            id: naming.ours(&upstream.id),
            upstream: upstream.id.clone(),
            kind: upstream.kind,
            severity: upstream.severity,
            release: release(upstream, context),
            is_kernel: upstream.fixed.iter().any(|fixed| is_kernel(fixed.name())),
            state: account.state.name().to_owned(),
            why: account.state.why(),
            issued: upstream.issued,
            seen: at(noticed.map(|noticed| noticed.seen)),
            imported: at(steps.imported),
            built: at(steps.built),
            compared: at(steps.compared),
            signed: at(steps.signed),
            published: at(steps.published),
            out: at(noticed.and_then(|noticed| noticed.out)),
        }
    };
    Ok(all.filter(|(_, account)| account.state.name() != "not-applicable").map(one).collect())
}

fn at(seconds: Option<u64>) -> Option<Timestamp> {
    timestamp(seconds?)
}

fn is_kernel(name: &str) -> bool {
    name == "kernel" || name == "kernel-core" || name == "kernel-rt"
}

/// The minor release that packages were made for, as the dist tag in their releases says: `9.4` of `3.el9_4.1`.
fn release(advisory: &Advisory, context: &Context) -> String {
    let tag = |release: &str| -> Option<String> {
        let (_, rest) = release.split_once(".el")?;
        let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '_').collect();
        (!digits.is_empty()).then(|| digits.trim_end_matches('_').replace('_', "."))
    };
    let tagged = advisory.fixed.iter().find_map(|fixed| tag(fixed.evr().release()));
    let version = &context.definition.distribution.version;
    tagged.unwrap_or_else(|| version.split('.').next().unwrap_or(version).to_owned())
}

/// When what it takes to have some packages was there: of each step, the last of what is needed.
#[derive(Default)]
struct Steps {
    imported: Option<u64>,
    built: Option<u64>,
    compared: Option<u64>,
    signed: Option<u64>,
    published: Option<u64>,
}

struct Known {
    noticed: BTreeMap<AdvisoryId, Noticed>,
    /// By package, the first build that made it, and when its source was imported.
    made: HashMap<Nevra, (Reached, Option<u64>)>,
    /// By package, when it could be installed first.
    published: HashMap<Nevra, u64>,
}

impl Known {
    fn load(context: &Context) -> Result<Self, Fail> {
        let store = &context.store;
        let reached: HashMap<Digest, Reached> =
            store.all::<Reached>()?.into_iter().map(|one| (one.action, one)).collect();
        // A source was imported when the record says so that came before its build.
        let mut imported: HashMap<String, Vec<u64>> = HashMap::new();
        for entry in store.history::<Arrival>()? {
            if let Some(time) = entry.record.imported {
                imported.entry(entry.record.package).or_default().push(time);
            }
        }
        let mut made: HashMap<Nevra, (Reached, Option<u64>)> = HashMap::new();
        for built in store.all::<Built>()? {
            let Some(reached) = reached.get(&built.action) else { continue };
            let times = imported.get(built.nevra.name()).into_iter().flatten();
            let import = times.copied().filter(|time| *time <= reached.built).max();
            for package in &built.packages {
                let first = made.entry(package.nevra.clone()).or_insert((*reached, import));
                if reached.built < first.0.built {
                    *first = (*reached, import);
                }
            }
        }
        let noticed = store.all::<Noticed>()?.into_iter().map(|one| (one.advisory.clone(), one));
        Ok(Self { noticed: noticed.collect(), made, published: published(context)? })
    }

    fn steps(&self, packages: &BTreeSet<Nevra>) -> Steps {
        let mut steps = Steps::default();
        let later = |step: &mut Option<u64>, time: Option<u64>| *step = (*step).max(time);
        for package in packages {
            if let Some((reached, imported)) = self.made.get(package) {
                later(&mut steps.imported, *imported);
                later(&mut steps.built, Some(reached.built));
                later(&mut steps.compared, reached.compared);
                later(&mut steps.signed, reached.signed);
            }
            later(&mut steps.published, self.published.get(package).copied());
        }
        steps
    }
}

/// When each package could be installed first from the usual channel.
fn published(context: &Context) -> Result<HashMap<Nevra, u64>, Fail> {
    let site = releasing::site(context)?;
    let usual = site.usual();
    let snapshots: HashMap<String, _> =
        site.snapshots()?.into_iter().map(|snapshot| (snapshot.name.clone(), snapshot)).collect();
    let mut first = HashMap::new();
    let mut seen = BTreeSet::new();
    for entry in context.store.history::<Channel>()? {
        let Channel { name, snapshot, since, .. } = entry.record;
        let Some(snapshot) = snapshots.get(&snapshot).filter(|_| usual.contains(&name)) else { continue };
        for repository in &snapshot.composed.repositories {
            if !seen.insert(repository.contents) {
                continue;
            }
            let packages: Vec<heirloom_model::record::ComposedPackage> =
                serde_json::from_slice(&context.store.read(repository.contents)?)?;
            for package in packages {
                first.entry(package.nevra).or_insert(since);
            }
        }
    }
    Ok(first)
}
