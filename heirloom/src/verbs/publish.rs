//! `heirloom publish` and `heirloom rollback`: let channels serve a snapshot.

use std::fmt::Write as _;

use heirloom_release::Switched;

use crate::cli::{Publish, Remote, Rollback};
use crate::context::{Context, now};
use crate::fail::Fail;
use crate::flow::releasing::Entered;
use crate::flow::stability::Stability;
use crate::flow::{accounting, governing, releasing, uploading};
use crate::ui::Shown;

pub(crate) fn run(context: &Context, args: &Publish) -> Result<Shown, Fail> {
    let site = releasing::site(context)?;
    let snapshot = match &args.snapshot {
        Some(name) => site.find(name)?,
        None => site.newest()?,
    };
    governing::decided(context, &args.channels, &snapshot)?;
    if args.to == Some(Remote::S3) {
        releasing::hold(context, &args.channels, &snapshot)?;
        let uploaded = uploading::upload(context, &args.channels, &snapshot)?;
        let text = format!("{} in the bucket: {}", snapshot.name, args.channels.join(", "));
        return Shown::new(&uploaded, text);
    }
    let entered = releasing::publish(context, &args.channels, &snapshot)?;
    accounting::came_out(context)?;
    let text = text(&entered.channels) + &told(&entered);
    Shown::new(&entered, text)
}

/// What the rules of stability let through, and where they were not asked.
fn told(entered: &Entered) -> String {
    let mut text = String::new();
    for Stability { channel, not_asked, report, .. } in &entered.stability {
        let (noted, waived) = (report.findings.len(), report.waived.len());
        let _ = match not_asked {
            Some(why) => writeln!(text, "stability was not asked: {why}"),
            None => writeln!(
                text,
                "nothing would break machines that follow {channel}: {noted} things to know, {waived} waived \
                 (`heirloom changes` shows them)"
            ),
        };
    }
    text
}

/// The same switch, to what was there before. Nothing is asked: it is the way out.
pub(crate) fn rollback(context: &Context, args: &Rollback) -> Result<Shown, Fail> {
    let site = releasing::site(context)?;
    let snapshot = match &args.to {
        Some(name) => site.find(name)?,
        None => site.before(&args.channel)?,
    };
    governing::decided(context, std::slice::from_ref(&args.channel), &snapshot)?;
    let switched = site.switch(std::slice::from_ref(&args.channel), &snapshot, now())?;
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
