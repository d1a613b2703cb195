//! Throws away what nothing current needs any more: of this state, and of the cache that is shared.

use std::collections::BTreeSet;

use heirloom_model::Digest;
use heirloom_model::record::{
    Action, Built, Debranded, Imported, Module, Plan, Ran, RepositoryState, Side, SideState, Signed, Solving,
};
use heirloom_store::{Cleared, StoreError};
use serde::Serialize;

use super::building::results;
use crate::context::Context;
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
    /// The shared cache, if there is one and nobody else uses it.
    pub(crate) cache: Option<Cleared>,
}

/// Keeps what the newest import, plan, builds and signatures need, and of the rest the youngest up to `keep` bytes in
/// all. Only counts if `dry`.
pub(crate) fn clean(context: &Context, keep: u64, dry: bool) -> Result<Cleaned, Fail> {
    let store = &context.store;
    let needed = needed(context)?;
    let mut cleaned = Cleaned { objects: 0, bytes: 0, kept: 0, cache: None };
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

/// Objects that the newest records name.
fn needed(context: &Context) -> Result<BTreeSet<Digest>, Fail> {
    let store = &context.store;
    let mut needed = BTreeSet::new();
    for imported in store.all::<Imported>()? {
        needed.extend(imported.files.iter().map(|file| file.digest));
    }
    for debranded in store.all::<Debranded>()? {
        needed.extend(debranded.result.files.iter().map(|file| file.digest));
    }
    needed.extend(store.all::<Module>()?.iter().map(|module| module.document));
    for state in store.all::<RepositoryState>()? {
        needed.extend([&state.packages].into_iter().chain(state.extras.values()));
    }
    needed.extend(store.get::<Solving>("solving")?.map(|solving| solving.solutions));
    let plan = store.get::<Plan>("plan")?;
    let mut steps: Vec<String> =
        plan.iter().flat_map(|plan| &plan.steps).map(|step| step.id.to_string()).collect();
    for side in store.all::<Side>()?.into_iter().filter(|side| side.state != SideState::Dropped) {
        let names = side.sources.iter().map(|source| side.step(&source.imported.name));
        steps.extend(names);
        let files = side.sources.iter().flat_map(|source| &source.imported.files);
        needed.extend(files.map(|file| file.digest));
    }
    for step in steps {
        let Some(ran) = store.get::<Ran>(&step)? else { continue };
        if let Some(document) = ran.document {
            needed.insert(document);
            if store.contains(document) {
                let action: Action = serde_json::from_slice(&store.read(document)?)?;
                needed.extend(action.buildroot().map(|package| package.digest));
                needed.extend(action.sources.iter().map(|(_, digest)| *digest));
            }
        }
        needed.extend(ran.failed.and_then(|failed| failed.log));
        let built = ran.action.map(|action| store.get::<Built>(&action.to_string())).transpose()?;
        if let Some(built) = built.flatten() {
            needed.extend(built.all_packages().map(|package| package.digest));
            needed.extend([built.log, built.document]);
        }
    }
    for signed in store.all::<Signed>()? {
        if needed.contains(&signed.package) {
            needed.insert(signed.signed);
        }
    }
    Ok(needed)
}
