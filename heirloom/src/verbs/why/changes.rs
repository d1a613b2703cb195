//! What makes one action another than the one before.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_model::record::{Action, CutOff, Ran};
use heirloom_model::{Digest, Nevra};
use serde::Serialize;

use crate::flow::contents::Contents;

/// One input that differs.
#[derive(Serialize)]
pub(super) struct Change {
    /// `source`, `buildroot`, `macro` or `setting`.
    kind: &'static str,
    /// Which one.
    name: String,
    /// What it was; nothing, if it is new. Files and packages with their digests.
    before: Option<String>,
    /// What it is; nothing, if it is gone.
    now: Option<String>,
    /// Whether it makes no difference to the action's key: a package made again with the same content.
    same_content: bool,
}

/// Values by name, with the text that decides whether they are the same.
type Values = BTreeMap<String, (String, String)>;

/// Every input that differs, in the order of what they are.
pub(super) fn between(before: &Action, now: &Action, contents: &Contents<'_>) -> Vec<Change> {
    let sources = |action: &Action| {
        let value = |(name, digest): &(String, Digest)| (name.clone(), plain(digest.to_string()));
        action.sources.iter().map(value).collect()
    };
    let packages = |action: &Action| -> Values {
        let value = |nevra: &Nevra, digest: Digest| {
            let content = contents.known(digest).unwrap_or(digest);
            (format!("{nevra} {digest}"), format!("{nevra} {content}"))
        };
        let name = |nevra: &Nevra| format!("{}.{}", nevra.name(), nevra.arch());
        action.buildroot().map(|it| (name(&it.nevra), value(&it.nevra, it.digest))).collect()
    };
    let macros = |action: &Action| {
        action.macros.iter().map(|(name, value)| (name.clone(), plain(value.clone()))).collect()
    };
    let mut changes = differ("source", &sources(before), &sources(now));
    changes.extend(differ("buildroot", &packages(before), &packages(now)));
    changes.extend(differ("macro", &macros(before), &macros(now)));
    changes.extend(differ("setting", &settings(before), &settings(now)));
    changes
}

fn plain(text: String) -> (String, String) {
    (text.clone(), text)
}

fn settings(action: &Action) -> Values {
    let limits = action.limits;
    let requires: Vec<_> = action.requires.iter().map(ToString::to_string).collect();
    [
        ("rules of building", action.builder.to_string()),
        ("conditionals", action.with.join(",")),
        ("architecture", action.arch.clone()),
        ("spec file", action.spec.clone()),
        ("build requirements", requires.join(", ")),
        ("limits.minutes", (limits.seconds / 60).to_string()),
        ("limits.memory_mib", (limits.memory >> 20).to_string()),
        ("limits.disk_mib", (limits.disk >> 20).to_string()),
        ("limits.processes", limits.processes.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), plain(value)))
    .into()
}

fn differ(kind: &'static str, before: &Values, now: &Values) -> Vec<Change> {
    let gone = before.iter().filter(|(name, _)| !now.contains_key(*name)).map(|(name, (shown, _))| Change {
        kind,
        name: name.clone(),
        before: Some(shown.clone()),
        now: None,
        same_content: false,
    });
    let other = now.iter().filter_map(|(name, (shown, content))| {
        let old = before.get(name);
        (old.map(|(old, _)| old) != Some(shown)).then(|| Change {
            kind,
            name: name.clone(),
            before: old.map(|(old, _)| old.clone()),
            now: Some(shown.clone()),
            same_content: old.is_some_and(|(_, old)| old == content),
        })
    });
    gone.chain(other).collect()
}

/// The changes as lines: those that count first.
pub(super) fn text(changes: &[Change], ran: Option<&Ran>) -> String {
    let mut text = String::new();
    let cut = ran.and_then(|ran| ran.cut);
    let (same, other): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.same_content);
    let because = match cut {
        Some(CutOff::Interface) => "  cut off    not built again: builds can see the same of",
        _ => "  rebuilt    because",
    };
    for change in other {
        let _ = writeln!(text, "{because} {change}");
    }
    let made_again = match cut {
        Some(_) => "  cut off    not built again: made anew with the same content:",
        None => "             not because of (same content)",
    };
    for change in same {
        let _ = writeln!(text, "{made_again} {change}");
    }
    text
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, name, before, now, .. } = self;
        write!(f, "{kind} {name}: ")?;
        match (before, now) {
            (Some(before), Some(now)) => write!(f, "{before} -> {now}"),
            (None, Some(now)) => write!(f, "new, {now}"),
            (Some(before), None) => write!(f, "{before} -> gone"),
            (None, None) => Ok(()),
        }
    }
}
