//! Makes composed trees snapshots, and lets channels serve them.

use std::path::PathBuf;

use heirloom_model::record::{Composed, Snapshot};
use heirloom_release::{Site, Switched};
use serde::Serialize;

use super::stability::{self, Stability};
use crate::context::{Context, now};
use crate::fail::Fail;
use crate::ui::Progress;

/// What clients are served now.
#[derive(Serialize)]
pub(crate) struct Released {
    /// The snapshot of the composed tree.
    pub(crate) snapshot: Snapshot,
    /// The document root.
    pub(crate) root: PathBuf,
    #[serde(flatten)]
    pub(crate) entered: Entered,
}

/// What channels serve now.
#[derive(Serialize)]
pub(crate) struct Entered {
    /// The channels, and what they served before.
    pub(crate) channels: Vec<Switched>,
    /// What the rules of stability said, for each of them.
    pub(crate) stability: Vec<Stability>,
}

/// The document root of this distribution.
pub(crate) fn site(context: &Context) -> Result<Site<'_>, Fail> {
    let version = &context.definition.distribution.version;
    let major = version.split('.').next().unwrap_or(version);
    let mut site = Site::new(&context.store, &context.definition.publish, major)?;
    if let Some(history) = super::governing::history(context)? {
        site = site.with_history(history.to_text()?);
    }
    Ok(match super::tuf::signing(&context.definition)? {
        Some(tuf) => site.with_tuf(tuf),
        None => site,
    })
}

/// Makes a composed tree a snapshot, and lets the channels of `publish.channels` serve it.
pub(crate) fn release(context: &Context, composed: &Composed) -> Result<Released, Fail> {
    let site = site(context)?;
    let progress = Progress::new("release", 0);
    progress.doing("laying out the snapshot");
    let snapshot = site.lay_out(composed, now())?;
    let entered = publish(context, &site.usual(), &snapshot)?;
    progress.end(&format!("{}, served as {}", snapshot.name, names(&entered.channels)));
    Ok(Released { snapshot, root: site.root().to_owned(), entered })
}

/// Lets channels serve a snapshot. Nothing has changed for clients when a snapshot is refused, for whichever of them.
pub(crate) fn publish(context: &Context, channels: &[String], snapshot: &Snapshot) -> Result<Entered, Fail> {
    let stability = hold(context, channels, snapshot)?;
    Ok(Entered { channels: site(context)?.switch(channels, snapshot, now())?, stability })
}

/// Holds a snapshot against the one that each of these channels has, and fails if it may not enter one of them.
pub(crate) fn hold(
    context: &Context,
    channels: &[String],
    snapshot: &Snapshot,
) -> Result<Vec<Stability>, Fail> {
    let held = channels.iter().map(|channel| stability::hold(context, channel, snapshot));
    let held = held.collect::<Result<Vec<_>, _>>()?;
    held.iter().find_map(Stability::refusal).map_or(Ok(()), Err)?;
    Ok(held)
}

/// Names of channels, as a person lists them.
pub(crate) fn names(switched: &[Switched]) -> String {
    switched.iter().map(|it| it.channel.name.as_str()).collect::<Vec<_>>().join(", ")
}
