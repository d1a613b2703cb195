//! `heirloom verify`: whether a channel is what its keys vouch for, as a list of independent checks.
//!
//! Metadata and decisions come first, since all others ask what they name. Each of these is a function of the subject; what it finds
//! is data, and an error means that it could not look.

mod decisions;
mod files;
mod memory;
mod metadata;
mod place;
mod record;
mod repositories;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_formats::tuf::Target;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli;
use crate::context::present;
use crate::fail::{Exit, Fail};
use crate::ui::Shown;
use memory::Remembered;
use place::Place;

/// Findings of one check that are told to people.
const TOLD: usize = 20;

/// What is checked.
struct Subject<'a> {
    args: &'a cli::Verify,
    place: &'a Place,
    /// The files, by a list that is believed.
    list: &'a BTreeMap<String, Target>,
    /// Whether there may be no others.
    complete: bool,
}

/// One check of what the metadata names.
type Look = fn(&Subject<'_>) -> Result<Check, Fail>;

/// All of them.
const CHECKS: [Look; 2] = [repositories::check, files::check];

/// What one check came to.
#[derive(Serialize)]
struct Check {
    name: &'static str,
    /// Whether nothing was found.
    holds: bool,
    /// What was looked at.
    looked_at: String,
    findings: Vec<Finding>,
}

/// One thing that is not as it should be.
#[derive(Serialize)]
struct Finding {
    /// The file.
    place: String,
    /// What was expected, what was found, and what to do.
    what: String,
}

impl Check {
    fn new(name: &'static str, looked_at: String, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| (&a.place, &a.what).cmp(&(&b.place, &b.what)));
        Self { name, holds: findings.is_empty(), looked_at, findings }
    }
}

impl Finding {
    fn new(place: &str, what: impl Into<String>) -> Self {
        Self { place: place.to_owned(), what: what.into() }
    }
}

impl Subject<'_> {
    /// What the list says of a path.
    fn target(&self, path: &str) -> Option<Target> {
        self.list.get(path).copied()
    }
}

/// What all of them came to.
#[derive(Serialize)]
struct Report {
    place: String,
    channel: String,
    /// The time that it was checked for.
    time: Timestamp,
    holds: bool,
    /// What is remembered.
    seen: Remembered,
    /// Whether all of it was looked at.
    #[serde(skip)]
    all: bool,
    checks: Vec<Check>,
}

pub(crate) fn run(args: &cli::Verify) -> Result<Shown, Fail> {
    let place = Place::new(&args.place)?;
    let time = args.time.unwrap_or_else(present);
    let mut seen = args.state.as_deref().map_or(Ok(Remembered::default()), memory::load)?;
    let before = seen.clone();
    let mut checks = Vec::new();
    let mut verified = None;
    if let Some(root) = &args.root {
        let (check, believed) = metadata::check(root, &place, &mut seen.metadata, time)?;
        checks.push(check);
        verified = believed;
    }
    let named = verified.as_ref().and_then(|verified| verified.timestamp.channel.clone());
    let channel = args.channel.clone().or(named).unwrap_or_else(|| last_part(&args.place).to_owned());
    let mut decided = None;
    if let Some(pin) = args.charter {
        let (check, believed) = decisions::check(&place, &channel, pin, seen.decisions.as_ref(), time)?;
        checks.push(check);
        decided = believed;
    }
    if let Some(decided) = &decided {
        seen.decisions = Some(decided.seen.clone());
    }
    if let Some(file) = args.state.as_deref().filter(|_| seen != before) {
        memory::save(file, &seen)?;
    }
    let targets = verified.as_ref().map(|verified| &verified.targets.body.targets);
    if let (Some(decided), Some(targets)) = (&decided, targets) {
        checks.push(decisions::agree(decided, targets));
    }
    if let (Some(decided), Some(place)) = (&decided, &args.log_at) {
        checks.push(record::check(args, place, decided)?);
    }
    let is_believed =
        (args.root.is_none() || targets.is_some()) && (args.charter.is_none() || decided.is_some());
    let list = targets.or(decided.as_ref().map(|decided| &decided.list)).filter(|_| is_believed);
    if let Some(list) = list {
        let subject = Subject { args, place: &place, list, complete: targets.is_some() };
        for check in CHECKS {
            checks.push(check(&subject)?);
        }
    }
    let holds = checks.iter().all(|check| check.holds);
    let report =
        Report { place: args.place.clone(), channel, time, holds, all: list.is_some(), seen, checks };
    let exit = if holds { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&report, text(&report))?.exit(exit))
}

/// The last part of a path or URL.
fn last_part(place: &str) -> &str {
    place.trim_end_matches('/').rsplit('/').next().unwrap_or(place)
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for Check { name, holds, looked_at, findings } in &report.checks {
        let mark = if *holds { "holds" } else { "WRONG" };
        let _ = writeln!(text, "{name:13} {mark}  {looked_at}");
        for Finding { place, what } in findings.iter().take(TOLD) {
            let _ = writeln!(text, "  {place}: {what}");
        }
        if findings.len() > TOLD {
            let _ = writeln!(text, "  and {} more (--format json has all)", findings.len() - TOLD);
        }
    }
    let wrong: Vec<_> = report.checks.iter().filter(|check| !check.holds).map(|check| check.name).collect();
    let end = match (&wrong[..], report.all) {
        ([], _) => {
            let asked = |name: &str| report.checks.iter().any(|check| check.name == name);
            let who = [("metadata", "its keys vouch for"), ("decisions", "members have decided")];
            let who: Vec<_> = who.iter().filter(|(name, _)| asked(name)).map(|(_, what)| *what).collect();
            format!("is what {}", who.join(" and "))
        }
        (wrong, true) => format!("is not to be trusted: {}", wrong.join(", ")),
        (wrong, false) => format!("is not to be trusted: {}; nothing else was looked at", wrong.join(", ")),
    };
    text + &format!("{} (channel {}) {end}", report.place, report.channel)
}
