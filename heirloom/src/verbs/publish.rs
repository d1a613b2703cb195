//! `heirloom publish` and `heirloom rollback`: let channels serve a snapshot.

use std::fmt::Write as _;

use heirloom_release::Switched;

use crate::cli::{Publish, Remote, Rollback};
use crate::context::Context;
use crate::fail::Fail;
use crate::flow::{releasing, uploading};
use crate::ui::Shown;

pub(crate) fn run(context: &Context, args: &Publish) -> Result<Shown, Fail> {
    let site = releasing::site(context)?;
    let snapshot = match &args.snapshot {
        Some(name) => site.find(name)?,
        None => site.newest()?,
    };
    if args.to == Some(Remote::S3) {
        let uploaded = uploading::upload(context, &args.channels, &snapshot)?;
        let text = format!("{} in the bucket: {}", snapshot.name, args.channels.join(", "));
        return Shown::new(&uploaded, text);
    }
    let switched = releasing::publish(context, &args.channels, &snapshot)?;
    Shown::new(&switched, text(&switched))
}

/// The same switch, to what was there before.
pub(crate) fn rollback(context: &Context, args: &Rollback) -> Result<Shown, Fail> {
    let site = releasing::site(context)?;
    let snapshot = match &args.to {
        Some(name) => site.find(name)?,
        None => site.before(&args.channel)?,
    };
    let switched = releasing::publish(context, std::slice::from_ref(&args.channel), &snapshot)?;
    Shown::new(&switched, text(&switched))
}

fn text(switched: &[Switched]) -> String {
    let mut text = String::new();
    for Switched { channel, before, is_new } in switched {
        let _ = match (is_new, before) {
            (false, _) => writeln!(text, "{} serves {} already", channel.name, channel.snapshot),
            (true, None) => writeln!(text, "{} serves {}", channel.name, channel.snapshot),
            (true, Some(before)) => {
                writeln!(text, "{} serves {}, before it {before}", channel.name, channel.snapshot)
            }
        };
    }
    text
}
