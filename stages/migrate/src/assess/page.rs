//! An assessment as text for a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::checks::bytes;
use crate::check::{Check, Level};
use crate::facts::Assessment;

/// What an assessment says, for people: the machine, what was found and what to do, what could not be looked at. Lines are not
/// wrapped, and have no colours.
#[must_use]
pub fn page(it: &Assessment) -> String {
    let mut page = String::new();
    let name = if it.system.name.is_empty() { "an unknown system" } else { &it.system.name };
    let host = if it.machine.host.is_empty() { "a machine without a name" } else { &it.machine.host };
    let _ = writeln!(page, "{host}: {name}, {}", it.machine.architecture);
    for (label, value) in rows(it) {
        let _ = writeln!(page, "  {label:<14}{value}");
    }
    for (level, title) in [
        (Level::Blocker, "Has to be mended before anything is changed"),
        (Level::Risk, "May go wrong"),
        (Level::Info, "Good to know"),
    ] {
        checks(&mut page, title, it.checks.iter().filter(|check| check.level == level));
    }
    if !it.unseen.is_empty() {
        let _ = writeln!(page, "\nCould not be looked at");
        for line in &it.unseen {
            let _ = writeln!(page, "  {}", clean(line));
        }
    }
    page
}

fn rows(it: &Assessment) -> Vec<(&'static str, String)> {
    let enabled: Vec<&str> =
        it.repositories.iter().filter(|one| one.enabled).map(|one| one.id.as_str()).collect();
    let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
    it.packages.iter().for_each(|package| *makers.entry(&package.vendor).or_default() += 1);
    let mut makers: Vec<_> = makers.into_iter().collect();
    makers.sort_by_key(|(name, number)| (std::cmp::Reverse(*number), *name));
    let shown = makers.iter().take(4).map(|(name, number)| match *name {
        "" => format!("{number} of nobody named"),
        name => format!("{number} of {name}"),
    });
    let makers = match makers.len() {
        0 => String::new(),
        _ => format!(" ({})", shown.collect::<Vec<_>>().join(", ")),
    };
    let mut rows = vec![("packages", format!("{}{makers}", it.package_count))];
    if !it.database.kind.is_empty() {
        rows.push(("database", format!("{} ({})", it.database.path, it.database.kind)));
    }
    if !it.package_manager.name.is_empty() {
        let manager = &it.package_manager;
        let replay = if manager.can_replay { "" } else { ", can't replay stored transactions" };
        rows.push(("manager", format!("{} {}{replay}", manager.name, manager.version)));
    }
    if !enabled.is_empty() {
        rows.push(("repositories", enabled.join(", ")));
    }
    for mount in it
        .mounts
        .iter()
        .filter(|mount| ["/", "/usr", "/var", "/boot", "/boot/efi"].contains(&mount.point.as_str()))
    {
        if mount.size > 0 {
            let text = format!(
                "{}: {} free of {}, {}",
                mount.point,
                bytes(mount.free),
                bytes(mount.size),
                mount.kind
            );
            rows.push(("space", text));
        }
    }
    if !it.boot.running_kernel.is_empty() {
        rows.push(("kernel", it.boot.running_kernel.clone()));
    }
    rows.into_iter().map(|(label, value)| (label, clean(&value))).collect()
}

fn checks<'a>(page: &mut String, title: &str, checks: impl Iterator<Item = &'a Check>) {
    let mut is_first = true;
    for check in checks {
        if is_first {
            let _ = writeln!(page, "\n{title}");
            is_first = false;
        }
        let _ = writeln!(page, "  {}: {}\n    {}", check.id, clean(&check.found), clean(&check.advice));
    }
}

/// Names on a machine can be anything: what would move a terminal's cursor is left out.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
