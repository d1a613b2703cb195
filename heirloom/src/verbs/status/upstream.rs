//! `heirloom status --upstream` and `--modules`: what upstream has.

use std::fmt::Write as _;

use heirloom_model::record::{Arrival, Module};
use serde::Serialize;

use crate::context::{self, Context};
use crate::fail::Fail;
use crate::flow::gather;
use crate::ui::{Shown, table};

#[derive(Serialize)]
struct Waiting {
    /// What upstream has and we have not, sorted by name.
    waiting: Vec<Arrival>,
}

/// Looks at upstream without importing.
pub(super) fn run(context: &Context) -> Result<Shown, Fail> {
    let waiting = gather::look(context)?;
    let now = context::now();
    let rows: Vec<_> = waiting
        .iter()
        .map(|arrival| {
            let identity = arrival
                .nevra
                .as_ref()
                .map_or_else(|| format!("{:.12}", arrival.revision), |nevra| nevra.evr().to_string());
            let since = |time: Option<u64>| time.map_or_else(|| "?".to_owned(), |time| age(now, time));
            let note = arrival.failed.as_deref().and_then(|why| why.lines().next()).unwrap_or_default();
            let (published, seen) = (since(arrival.published), since(Some(arrival.seen)));
            vec![arrival.package.clone(), identity, published, seen, note.to_owned()]
        })
        .collect();
    let mut text = table(&["package", "upstream has", "published", "seen first", ""], &rows);
    let _ = match waiting.len() {
        0 => write!(text, "everything that upstream has is imported"),
        count => write!(
            text,
            "\n{count} source packages are not imported as upstream has them; next: `heirloom import`"
        ),
    };
    Shown::new(&Waiting { waiting }, text)
}

/// The modules that were imported, with their components.
pub(super) fn modules(context: &Context) -> Result<Shown, Fail> {
    let modules = context.store.all::<Module>()?;
    let mut text = String::new();
    for module in &modules {
        let _ = writeln!(text, "{}", module.identity());
        for component in &module.components {
            let reference = component.reference.as_deref().unwrap_or("?");
            let _ = writeln!(
                text,
                "  {:3} {} at {reference}: {}",
                component.build_order, component.name, component.rationale
            );
        }
    }
    let _ = write!(text, "{} modules", modules.len());
    Shown::new(&modules, text)
}

/// One line of where a source package stands.
pub(crate) fn arrived(arrival: &Arrival, now: u64) -> String {
    let identity =
        arrival.nevra.as_ref().map_or_else(|| format!("{:.12}", arrival.revision), ToString::to_string);
    let mut line = identity;
    let mut add = |what: &str, time: Option<u64>| {
        line.extend(time.map(|time| format!(", {what} {}", age(now, time))));
    };
    add("published", arrival.published);
    add("seen", Some(arrival.seen));
    add("imported", arrival.imported);
    line.extend(arrival.failed.as_ref().map(|why| format!(", not imported: {why}")));
    line
}

/// How long ago that was, in the largest unit that says something.
pub(crate) fn age(now: u64, time: u64) -> String {
    let seconds = now.saturating_sub(time);
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}
