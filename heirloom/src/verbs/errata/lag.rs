//! `heirloom errata lag`: how long advisories take from upstream to machines.

use std::fmt::Write as _;
use std::fs;

use heirloom_errata::{Group, Lag, Timeline, lag};
use serde::Serialize;

use crate::cli::LagErrata;
use crate::context::{Context, present};
use crate::fail::{Exit, Fail};
use crate::flow::accounting;
use crate::report;
use crate::ui::{Shown, table};

/// Late advisories that people are shown.
const SHOWN: usize = 20;

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    lag: Lag,
    timelines: Vec<Timeline>,
}

pub(crate) fn run(context: &Context, args: &LagErrata) -> Result<Shown, Fail> {
    let accounts = accounting::now(context)?;
    let timelines = accounting::timelines(context, &accounts)?;
    let lag = lag(&timelines, &accounting::targets(context), present());
    if let Some(path) = &args.svg {
        let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()));
        fs::write(path, report::lag::svg(&lag)).map_err(failed)?;
    }
    let text = text(&lag, &timelines);
    Shown::new(&Told { lag, timelines }, text)
}

fn text(lag: &Lag, timelines: &[Timeline]) -> String {
    let row = |name: &str, group: &Group| {
        let month = format!("{:.1} %", group.over_a_month * 100.0);
        let days = [group.median, group.p90, group.p99, group.longest].map(|days| format!("{days:.1}"));
        [vec![name.to_owned(), group.count.to_string()], days.to_vec(), vec![month]].concat()
    };
    let mut rows = Vec::new();
    rows.extend(lag.all.as_ref().map(|group| row("all but kernels", group)));
    rows.extend(lag.kernel.as_ref().map(|group| row("kernels", group)));
    rows.extend(lag.by_severity.iter().map(|(name, group)| row(name, group)));
    rows.extend(lag.by_release.iter().map(|(name, group)| row(name, group)));
    rows.extend(lag.by_month.iter().map(|(name, group)| row(name, group)));
    let waiting = timelines.iter().filter(|timeline| timeline.out.is_none()).count();
    if rows.is_empty() {
        return format!(
            "no advisory is out yet; {waiting} wait\nnext: `heirloom errata status` says for what\n"
        );
    }
    let mut text = table(&["", "out", "median", "90 %", "99 %", "longest", "over 30 days"], &rows);
    text.push_str("days from upstream's advisory to ours\n");
    if lag.met + lag.missed.len() > 0 {
        let _ = writeln!(text, "\n{} as soon as promised, {} later:", lag.met, lag.missed.len());
    }
    for missed in lag.missed.iter().take(SHOWN) {
        let is_out = if missed.is_out { "took" } else { "waits for" };
        let _ = writeln!(
            text,
            "  {}: {is_out} {:.1} days, {} were promised; {}",
            missed.id, missed.took, missed.promised, missed.because
        );
    }
    if lag.missed.len() > SHOWN {
        let _ = writeln!(text, "  and {} more (--format json has all)", lag.missed.len() - SHOWN);
    }
    let _ = writeln!(text, "{waiting} are not out yet: `heirloom errata status`");
    text
}
