//! `heirloom lifecycle`: what is promised until when.

pub(crate) mod check;
mod text;

use std::fs;
use std::path::Path;

use heirloom_formats::definition::Definition;
use heirloom_formats::lifecycle::{to_endoflife, to_ics, to_json, to_svg};
use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{Event, Lifecycle, PhaseKind};
use serde::Serialize;

use crate::cli::{ExportLife, LifecycleVerb, ShowLife};
use crate::context::signing_key;
use crate::fail::{Exit, Fail};
use crate::flow::{lifecycle, told};
use crate::ui::Shown;

pub(crate) fn run(verb: &LifecycleVerb, definition: &Path) -> Result<Shown, Fail> {
    match verb {
        LifecycleVerb::Check(args) => check::run(args, definition),
        LifecycleVerb::Show(args) => show(args, definition),
        LifecycleVerb::Export(args) => export(args, definition),
    }
}

/// What `show` prints.
#[derive(Serialize)]
struct Life<'a> {
    today: Date,
    /// Where each major version stands.
    majors: Vec<Now>,
    /// What happens from this day on.
    coming: Vec<Event>,
    lifecycle: &'a Lifecycle,
}

/// A major version on this day.
#[derive(Serialize)]
struct Now {
    major: u32,
    phase: Option<PhaseKind>,
    phase_ends: Option<Date>,
    phase_days_left: Option<i64>,
    ends: Option<Date>,
    days_left: Option<i64>,
    next: Option<Event>,
}

fn show(args: &ShowLife, definition: &Path) -> Result<Shown, Fail> {
    let life = lifecycle::asked_for(&args.life, definition)?;
    let today = args.life.today.unwrap_or_else(told::today);
    let now = life.majors.iter().map(|major| {
        let phase = major.phase(today);
        Now {
            major: major.version,
            phase: phase.map(|phase| phase.kind),
            phase_ends: phase.map(|phase| phase.ends),
            phase_days_left: phase.map(|phase| phase.days_left(today)),
            ends: major.ends(),
            days_left: major.ends().map(|ends| today.days_to(ends)),
            next: major.next_event(today),
        }
    });
    let coming = life.events().into_iter().filter(|event| event.date >= today).collect();
    let shown = Life { today, majors: now.collect(), coming, lifecycle: &life };
    Shown::new(&shown, text::life(&shown))
}

/// What was written.
#[derive(Serialize)]
struct Exported {
    written: Vec<&'static str>,
    /// Fingerprint of the key that signed.
    key: String,
}

fn export(args: &ExportLife, definition: &Path) -> Result<Shown, Fail> {
    let to = &args.to;
    if to.exists() {
        return Err(Fail::new(Exit::Failed, format!("{} is there already", to.display()))
            .hint("remove it, or export to another directory with --to"));
    }
    let definition = Definition::load(definition)?;
    let life = lifecycle::declared(&definition)?.ok_or_else(|| {
        Fail::new(Exit::Definition, "the definition has no lifecycle document")
            .hint("set `lifecycle = \"lifecycle.toml\"` (docs/lifecycle.md)")
    })?;
    let key = signing_key(&definition)?;
    let json = to_json(&life)?;
    let files = [
        ("endoflife.json", to_endoflife(&life)?),
        ("lifecycle.ics", to_ics(&life)),
        // The document's day is the signature's time, so that the same document is signed by the same bytes.
        ("lifecycle.json.asc", key.sign_detached(json.as_bytes(), life.updated.unix())?),
        ("lifecycle.svg", to_svg(&life)),
        ("lifecycle.json", json),
    ];
    super::errata::put(to, |dir| {
        for (name, content) in &files {
            let path = dir.join(name);
            fs::write(&path, content)
                .map_err(|error| Fail::new(Exit::Failed, format!("{}: {error}", path.display())))?;
        }
        Ok(())
    })?;
    let mut written: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    written.sort_unstable();
    let text = format!("{}: {}; signed by {}", to.display(), written.join(", "), key.fingerprint());
    Shown::new(&Exported { written, key: key.fingerprint().to_owned() }, text)
}
