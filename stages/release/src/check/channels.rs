//! Channels against the ledger.

use std::collections::BTreeSet;

use heirloom_model::record::{Channel, Snapshot};

use super::{Check, Checked, Fault, FaultKind, Mend};
use crate::{ReleaseError, Site};

/// Each channel's link leads to a view of a snapshot that is there, and is what the ledger says.
pub(super) fn check(
    site: &Site<'_>,
    how: &Check<'_>,
    snapshots: &[Snapshot],
    checked: &mut Checked,
) -> Result<(), ReleaseError> {
    let recorded = site.store.all::<Channel>()?;
    let mut names: BTreeSet<String> = recorded.iter().map(|record| record.name.clone()).collect();
    names.extend(site.channels()?.into_keys());
    for name in names {
        let Some(what) = wrong(site, &name, snapshots)? else { continue };
        let newest = recorded.iter().find(|record| record.name == name);
        let mend = mend(site, how, &name, newest, snapshots)?;
        checked.faults.push(Fault { kind: FaultKind::Channel, place: format!("channel {name}"), what, mend });
    }
    Ok(())
}

fn wrong(site: &Site<'_>, name: &str, snapshots: &[Snapshot]) -> Result<Option<String>, ReleaseError> {
    let Some(current) = site.current(name)? else {
        return Ok(Some("is recorded, but has no link in the document root".to_owned()));
    };
    let generation = current.generation;
    if !site.view(name, generation).is_dir() {
        return Ok(Some(format!("leads to generation {generation}, which is not there")));
    }
    let Some(record) = current.record else {
        return Ok(Some(format!("leads to generation {generation}, which no record describes")));
    };
    if !snapshots.iter().any(|snapshot| snapshot.name == record.snapshot) {
        return Ok(Some(format!("serves {}, which is not in the vault", record.snapshot)));
    }
    Ok((!current.agrees).then(|| {
        format!(
            "serves generation {generation}, {}, but the ledger has a newer one: a switch was interrupted",
            record.snapshot
        )
    }))
}

/// What is served is the truth; where nothing is, the ledger's newest record is.
fn mend(
    site: &Site<'_>,
    how: &Check<'_>,
    name: &str,
    newest: Option<&Channel>,
    snapshots: &[Snapshot],
) -> Result<Mend, ReleaseError> {
    let current = site.current(name)?;
    let served = current.as_ref().filter(|current| site.view(name, current.generation).is_dir());
    let record = served.and_then(|current| current.record.as_ref()).or(newest);
    let snapshot = record.and_then(|record| snapshots.iter().find(|it| it.name == record.snapshot));
    let Some(snapshot) = snapshot else {
        return Ok(Mend::Cannot(format!("`heirloom publish {name} --snapshot SNAPSHOT` switches it anew")));
    };
    let what = format!("switches it to {} anew", snapshot.name);
    if !how.repair {
        return Ok(Mend::Can(what));
    }
    match site.switch(&[name.to_owned()], snapshot, how.now) {
        Ok(_) => Ok(Mend::Done(what)),
        Err(error @ ReleaseError::Lost { .. }) => Ok(Mend::Cannot(error.to_string())),
        Err(error) => Err(error),
    }
}
