//! `heirloom tuf`: keys and roots of TUF metadata, and what expires of it.

use std::path::Path;

use heirloom_formats::definition::Definition;
use heirloom_formats::tuf::Role;
use heirloom_release::{Refreshed, Renewal};

use crate::cli::{Rotate, TufVerb};
use crate::context::{Context, now, present};
use crate::fail::{Exit, Fail};
use crate::flow::{releasing, tuf};
use crate::ui::Shown;

/// Seconds before its end in which a root's expiry is told: who has its keys may be away.
const SOON: i64 = 30 * 86_400;

pub(crate) fn run(
    verb: &TufVerb,
    definition: &Path,
    open: impl FnOnce() -> Result<Context, Fail>,
) -> Result<Shown, Fail> {
    let definition = Definition::load(definition)?;
    match verb {
        TufVerb::Init => init(&definition),
        TufVerb::Rotate(args) => rotate(&definition, args),
        TufVerb::Refresh { channel } => refresh(&definition, channel.as_ref(), open),
    }
}

fn init(definition: &Definition) -> Result<Shown, Fail> {
    let made = tuf::init(definition)?;
    let text = format!(
        "{}: root 1, until {}\n\
         clients need this file, by another way than the mirrors: `heirloom verify URL --root 1.root.json`\n\
         keep the root keys elsewhere: nothing but `heirloom tuf rotate` needs them\n\
         `heirloom publish` and `heirloom tuf refresh` add metadata to channels from now on",
        made.file.display(),
        made.expires
    );
    Shown::new(&made, text)
}

fn rotate(definition: &Definition, args: &Rotate) -> Result<Shown, Fail> {
    let role = Role::from(args.role);
    if role != Role::Root && args.key.len() > 1 {
        return Err(Fail::new(
            Exit::Usage,
            format!("the role {role} has one key; only root may have several"),
        ));
    }
    let made = tuf::rotate(definition, role, &args.key)?;
    let keys: Vec<_> = made.keys.get(&role).into_iter().flatten().map(|id| id.short()).collect();
    let text = format!(
        "{}: root {}, until {}; {role} is signed by {}\n\
         `heirloom tuf refresh` lets clients see it",
        made.file.display(),
        made.version,
        made.expires,
        keys.join(", ")
    );
    Shown::new(&made, text)
}

/// The store is opened only where a channel has to be switched: a timer must not wait for a rebuild.
fn refresh(
    definition: &Definition,
    channel: Option<&String>,
    open: impl FnOnce() -> Result<Context, Fail>,
) -> Result<Shown, Fail> {
    let tuf = tuf::needed(definition)?;
    let root = definition.resolve(&definition.state).join("published");
    let channels =
        channel.map_or_else(|| heirloom_release::channel_names(&root), |one| Ok(vec![one.clone()]))?;
    let (mut refreshed, mut stale, mut failed) = (Vec::new(), Vec::new(), None);
    for channel in channels {
        match heirloom_release::renew(&root, &channel, &tuf, now()) {
            Ok(Renewal::Done(one)) => refreshed.push(one),
            Ok(Renewal::Stale(_)) => stale.push(channel),
            // One channel's fault does not let the others expire.
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    if !stale.is_empty() {
        let context = open()?;
        let site = releasing::site(&context)?;
        for channel in stale {
            match site.refresh(&channel, now()) {
                Ok(one) => refreshed.push(one),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
    }
    if let Some(error) = failed {
        return Err(error.into());
    }
    refreshed.sort_by(|a, b| a.channel.cmp(&b.channel));
    Shown::new(&refreshed, refreshed.iter().map(told).collect())
}

fn told(refreshed: &Refreshed) -> String {
    let Refreshed { channel, timestamp, expires, root_expires, .. } = refreshed;
    let also = match &refreshed.switched {
        Some(why) => format!("; in a new generation: {why}"),
        None if refreshed.snapshot_renewed => "; its snapshot was renewed, too".to_owned(),
        None => String::new(),
    };
    let left = root_expires.as_second().saturating_sub(present().as_second());
    let root = match left < SOON {
        true => {
            format!("\n  the root expires on {root_expires}: `heirloom tuf rotate root` makes the next one")
        }
        false => String::new(),
    };
    format!("{channel}: timestamp {timestamp}, until {expires}{also}{root}\n")
}
