//! Lifecycles, for people.

use std::fmt::Write as _;

use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{Event, PhaseKind};

use super::Life;
use super::check::{Machine, Minor, Report, Row};
use crate::ui::table;

/// Coming events that are shown.
const SHOWN: usize = 20;

pub(super) fn life(life: &Life<'_>) -> String {
    let lifecycle = life.lifecycle;
    let mut text = format!("{}, as of {}, on {}\n", lifecycle.name, lifecycle.updated, life.today);
    for (now, major) in life.majors.iter().zip(&lifecycle.majors) {
        let _ = writeln!(
            text,
            "\n{}: {}",
            now.major,
            phase_words(now.phase.map(PhaseKind::words), now.phase_ends, now.ends, life.today)
        );
        let rows: Vec<_> = major
            .phases
            .iter()
            .map(|phase| {
                vec![
                    phase.kind.name().to_owned(),
                    phase.begins.to_string(),
                    phase.ends.to_string(),
                    phase.promises.words(),
                    phase.maintainer.clone(),
                ]
            })
            .collect();
        text += &table(&["phase", "from", "to", "promised", "maintained by"], &rows);
        if let Some(upstream) = &major.upstream {
            let then =
                if upstream.then.is_empty() { String::new() } else { format!("; then: {}", upstream.then) };
            let _ = writeln!(text, "sources from {} until {}{then}", upstream.name, upstream.ends);
        }
    }
    if !life.coming.is_empty() {
        text.push_str("\ncoming\n");
    }
    for event in life.coming.iter().take(SHOWN) {
        let _ = writeln!(text, "{}", dated(event, life.today));
    }
    if let Some(more) = life.coming.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "and {more} more; --format json has all");
    }
    text
}

fn dated(event: &Event, today: Date) -> String {
    format!("{} ({} days)  {}", event.date, today.days_to(event.date), event.words())
}

fn phase_words(phase: Option<&str>, phase_ends: Option<Date>, ends: Option<Date>, today: Date) -> String {
    match (phase, phase_ends, ends) {
        (Some(phase), Some(phase_ends), Some(ends)) => {
            let days = today.days_to(phase_ends);
            let last =
                if ends == phase_ends { "and ends then".to_owned() } else { format!("and ends on {ends}") };
            format!("in {phase} until {phase_ends} ({days} days), {last}")
        }
        (_, _, Some(ends)) if ends < today => format!("ended on {ends}, {} days ago", ends.days_to(today)),
        _ => "has not begun".to_owned(),
    }
}

pub(super) fn check(report: &Report) -> String {
    let mut text = String::new();
    for machine in &report.machines {
        if !text.is_empty() {
            text.push('\n');
        }
        summary(&mut text, report, machine);
        let rows: Vec<_> = machine.packages.iter().map(|it| row(it, report.within)).collect();
        if !rows.is_empty() {
            text.push('\n');
            text += &table(&["package", "stream", "phase", "ends", "days left"], &rows);
        }
    }
    text
}

fn summary(text: &mut String, report: &Report, machine: &Machine) {
    let Machine { place, release, major, unsupported, ending, others, .. } = machine;
    let today = report.today;
    let _ = writeln!(
        text,
        "{place}: {} {release}, on {today} by the document of {}",
        report.name, report.updated
    );
    let phase = phase_words(machine.phase.map(PhaseKind::words), machine.phase_ends, machine.ends, today);
    let _ = writeln!(text, "{major} {}{phase}", if machine.phase.is_some() { "is " } else { "" });
    let _ = writeln!(text, "{}", minor(*major, &machine.minor, today));
    let counts: Vec<_> = machine.counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
    let _ = writeln!(text, "packages: {counts}");
    if *others > 0 {
        let _ = writeln!(text, "{others} of other vendors are not judged");
    }
    let _ = writeln!(text, "{unsupported} not supported, {ending} end within {} days", report.within);
    if let Some(next) = &machine.next {
        let _ = writeln!(text, "next: {}", dated(next, today));
    }
}

/// What the minor version leaves open.
fn minor(major: u32, minor: &Minor, today: Date) -> String {
    let newest = minor.newest.zip(minor.newest_released);
    let Some(version) = minor.version else {
        return format!("the machine does not say which minor of {major} it is");
    };
    let own = format!("{major}.{version}");
    let Some(ends) = minor.ends else {
        return format!("the document does not know {own}");
    };
    let older = newest.filter(|(newest, _)| *newest > version);
    let older = older.map(|(newest, released)| format!("{major}.{newest}, released on {released}"));
    match (older, minor.has_ended) {
        (None, false) => format!("{own} is the newest minor"),
        (Some(newest), false) => format!("{own} is older than {newest}, and gets fixes until {ends}"),
        (newest, true) => {
            let to = newest.map(|newest| format!("; go to {newest}")).unwrap_or_default();
            format!(
                "{own} ended on {ends}, {} days ago: what was fixed since is not fixed here{to}",
                ends.days_to(today)
            )
        }
    }
}

fn row(row: &Row, within: u32) -> Vec<String> {
    let days = match row.days_left {
        None => String::new(),
        Some(days) if days < 0 => format!("since {} days", -days),
        Some(days) if row.is_supported() && days <= i64::from(within) => format!("{days}, soon"),
        Some(days) => days.to_string(),
    };
    vec![
        row.package.clone(),
        row.stream.clone().unwrap_or_default(),
        row.state().to_owned(),
        row.ends.map(|ends| ends.to_string()).unwrap_or_default(),
        days,
    ]
}
