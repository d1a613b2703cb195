//! `heirloom snapshots`: what is kept, for whom and how long.

use heirloom_model::allowance::Date;
use heirloom_release::{Kept, Until};

use crate::context::{Context, now};
use crate::fail::Fail;
use crate::flow::releasing;
use crate::ui::{Shown, table};

pub(crate) fn run(context: &Context) -> Result<Shown, Fail> {
    let kept = releasing::site(context)?.kept(now())?;
    let rows: Vec<_> = kept.iter().map(row).collect();
    let text = match rows.is_empty() {
        true => "there is no snapshot yet; `heirloom compose` makes one".to_owned(),
        false => table(&["snapshot", "day", "channels", "packages", "only here", "kept until"], &rows),
    };
    Shown::new(&kept, text)
}

fn row(kept: &Kept) -> Vec<String> {
    let snapshot = &kept.snapshot;
    let until = match &kept.until {
        Until::Channels(_) => "no channel serves it".to_owned(),
        Until::Ever => "for ever".to_owned(),
        Until::Day(day) => day.to_string(),
        Until::InFlight(time) => format!("clients are through ({})", Date::from_unix(*time)),
        Until::Over => "the next `heirloom clean`".to_owned(),
    };
    vec![
        snapshot.name.clone(),
        snapshot.day.to_string(),
        kept.channels.join(", "),
        snapshot.composed.packages().to_string(),
        format!("{:.1} MiB", kept.only_here as f64 / f64::from(1 << 20)),
        until,
    ]
}
