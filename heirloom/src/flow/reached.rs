//! Notes when builds got how far: what the lag of advisories is told from. No output of a build depends on it.

use std::collections::BTreeSet;

use heirloom_model::Digest;
use heirloom_model::record::{Accepted, Built, Reached};

use crate::context::{Context, now};
use crate::fail::Fail;

/// The results of an action are there.
pub(crate) fn built(context: &Context, action: Digest) -> Result<(), Fail> {
    if context.store.get::<Reached>(&action.to_string())?.is_none() {
        context.store.append(&Reached { action, built: now(), compared: None, signed: None })?;
    }
    Ok(())
}

/// The results of these actions were compared.
pub(crate) fn compared(context: &Context, actions: impl IntoIterator<Item = Digest>) -> Result<(), Fail> {
    let actions: BTreeSet<Digest> = actions.into_iter().collect();
    note(context, &actions, |reached| {
        let is_new = reached.compared.is_none();
        reached.compared.get_or_insert_with(now);
        is_new
    })
}

/// Of the builds of these packages, what may be signed was.
pub(crate) fn signed(context: &Context, accepted: &[&Accepted]) -> Result<(), Fail> {
    let digests: BTreeSet<Digest> = accepted.iter().map(|accepted| accepted.digest()).collect();
    let builds = context.store.all::<Built>()?;
    let ours = |built: &&Built| built.all_packages().any(|package| digests.contains(&package.digest));
    let actions = builds.iter().filter(ours).map(|built| built.action).collect();
    note(context, &actions, |reached| {
        let is_new = reached.signed.is_none();
        reached.signed.get_or_insert_with(now);
        is_new
    })
}

fn note(
    context: &Context,
    actions: &BTreeSet<Digest>,
    reach: impl Fn(&mut Reached) -> bool,
) -> Result<(), Fail> {
    let mut all = context.store.all::<Reached>()?;
    all.retain_mut(|reached| actions.contains(&reached.action) && reach(reached));
    Ok(context.store.append_all(&all)?)
}
