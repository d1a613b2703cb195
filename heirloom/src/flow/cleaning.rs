//! Throws away what nothing current needs any more: of this state, and of the cache that is shared.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::Digest;
use heirloom_model::record::{
    Action, Attested, Built, Debranded, Imported, Module, Noticed, Plan, Ran, RepositoryState, Side,
    SideState, Signed, Solving,
};
use heirloom_release::{Need, Outdated};
use heirloom_store::{Cleared, StoreError};
use serde::Serialize;

use super::building::results;
use super::releasing;
use crate::context::{Context, now};
use crate::fail::Fail;

/// What cleaning came to.
#[derive(Serialize)]
pub(crate) struct Cleaned {
    /// Objects of the state that were (or would be) thrown away.
    pub(crate) objects: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Bytes of the objects that are left.
    pub(crate) kept: u64,
    /// Snapshots and views whose time is over.
    pub(crate) outdated: Outdated,
    /// The shared cache, if there is one and nobody else uses it.
    pub(crate) cache: Option<Cleared>,
}

/// Keeps what the newest import, plan, builds and signatures and all kept snapshots need, and of the rest the youngest up to `keep` bytes in
/// all. Only counts if `dry`.
pub(crate) fn clean(context: &Context, keep: u64, dry: bool) -> Result<Cleaned, Fail> {
    let store = &context.store;
    let site = releasing::site(context)?;
    let outdated = site.outdated(now())?;
    let mut needed: BTreeSet<_> = needed(context)?.into_keys().collect();
    needed.extend(site.needed(&outdated)?);
    if !dry {
        site.remove(&outdated)?;
    }
    let mut cleaned = Cleaned { objects: 0, bytes: 0, kept: 0, outdated, cache: None };
    let mut others = Vec::new();
    for (digest, size) in store.objects()? {
        if needed.contains(&digest) {
            cleaned.kept += size;
        } else {
            let modified = store.path(digest).metadata().and_then(|file| file.modified()).ok();
            others.push((modified, digest, size));
        }
    }
    others.sort_unstable_by(|a, b| b.cmp(a));
    for (_, digest, size) in others {
        if cleaned.kept + size <= keep {
            cleaned.kept += size;
            continue;
        }
        if !dry {
            store.remove(digest)?;
        }
        cleaned.objects += 1;
        cleaned.bytes += size;
    }
    if !dry {
        heirloom_import::fetch::forget_partial(store)?;
        store.forget_derived();
        cleaned.cache = clear_cache(context)?;
    }
    Ok(cleaned)
}

/// Brings the shared cache down to its limit, unless another process works with it.
pub(crate) fn clear_cache(context: &Context) -> Result<Option<Cleared>, Fail> {
    match results::clear_cache(context) {
        Err(StoreError::Locked(_)) => Ok(None),
        other => Ok(other?),
    }
}

/// Objects that the newest records name, with who names them. Those without anybody may be missing: they are fetched
/// again when they are needed.
type Needed = BTreeMap<Digest, Option<Need>>;

/// Objects that must be there, and what makes each again.
pub(crate) fn needs(context: &Context) -> Result<BTreeMap<Digest, Need>, Fail> {
    Ok(needed(context)?.into_iter().filter_map(|(digest, need)| Some((digest, need?))).collect())
}

fn needed(context: &Context) -> Result<Needed, Fail> {
    let store = &context.store;
    let mut needed = Needed::new();
    let mut add = |by: String, remedy: &str, digests: &mut dyn Iterator<Item = Digest>| {
        let need = || Need { by: by.clone(), remedy: format!("`{remedy}` brings it back") };
        needed.extend(digests.map(|digest| (digest, Some(need()))));
    };
    for imported in store.all::<Imported>()? {
        let by = format!("imported {}", imported.name);
        add(by, "heirloom import", &mut imported.files.iter().map(|file| file.digest));
    }
    for debranded in store.all::<Debranded>()? {
        let by = format!("debranded {}", debranded.name);
        add(by, "heirloom import", &mut debranded.result.files.iter().map(|file| file.digest));
    }
    for module in store.all::<Module>()? {
        add(format!("module {}", module.identity()), "heirloom import", &mut [module.document].into_iter());
    }
    for noticed in store.all::<Noticed>()? {
        let by = format!("advisory {}", noticed.advisory);
        add(by, "heirloom errata status", &mut [noticed.original].into_iter());
    }
    for state in store.all::<RepositoryState>()? {
        let objects: Vec<_> = [&state.packages].into_iter().chain(state.extras.values()).copied().collect();
        add(format!("repository {}", state.name), "heirloom import", &mut objects.into_iter());
    }
    let decided = super::governing::needed(store)?;
    add("what members decide".to_owned(), "heirloom release receive", &mut decided.into_iter());
    if let Some(solving) = store.get::<Solving>("solving")? {
        add("the plan".to_owned(), "heirloom plan", &mut [solving.solutions].into_iter());
    }
    for side in sides(context)? {
        let by = format!("side build {}", side.name);
        let files = side.sources.iter().flat_map(|source| &source.imported.files);
        add(by, "heirloom side", &mut files.map(|file| file.digest));
    }
    let mut optional = Vec::new();
    for step in steps(context)? {
        let Some(ran) = store.get::<Ran>(&step)? else { continue };
        if let Some(document) = ran.document {
            add(format!("the action of {step}"), "heirloom build", &mut [document].into_iter());
            if store.contains(document) {
                let action: Action = serde_json::from_slice(&store.read(document)?)?;
                optional.extend(action.buildroot().map(|package| package.digest));
                optional.extend(action.sources.iter().map(|(_, digest)| *digest));
            }
        }
        let log = ran.failed.and_then(|failed| failed.log);
        add(format!("the log of {step}"), "heirloom build", &mut log.into_iter());
        let built = ran.action.map(|action| store.get::<Built>(&action.to_string())).transpose()?;
        if let Some(built) = built.flatten() {
            let packages = built.all_packages().map(|package| package.digest);
            let all = packages.chain([built.log, built.document]);
            add(format!("the result of {step}"), "heirloom build", &mut all.collect::<Vec<_>>().into_iter());
        }
    }
    for digest in optional {
        needed.entry(digest).or_insert(None);
    }
    for attested in store.all::<Attested>()? {
        let built = store.get::<Built>(&attested.action.to_string())?;
        if built.is_some_and(|built| needed.contains_key(&built.log)) {
            let by = format!("the provenance of action {}", attested.action.short());
            let need = Need { by, remedy: "`heirloom provenance` brings it back".to_owned() };
            needed.insert(attested.envelope, Some(need));
        }
    }
    for signed in store.all::<Signed>()? {
        if needed.contains_key(&signed.package) {
            let by = format!("signed {}", signed.package.short());
            let need = Need { by, remedy: "`heirloom compose` brings it back".to_owned() };
            needed.insert(signed.signed, Some(need));
        }
    }
    Ok(needed)
}

/// Side builds that count.
fn sides(context: &Context) -> Result<Vec<Side>, Fail> {
    let mut all = context.store.all::<Side>()?;
    all.retain(|side| side.state != SideState::Dropped);
    Ok(all)
}

/// The steps whose results count.
fn steps(context: &Context) -> Result<Vec<String>, Fail> {
    let plan = context.store.get::<Plan>("plan")?;
    let mut steps: Vec<String> =
        plan.iter().flat_map(|plan| &plan.steps).map(|step| step.id.to_string()).collect();
    for side in sides(context)? {
        steps.extend(side.sources.iter().map(|source| side.step(&source.imported.name)));
    }
    Ok(steps)
}
