//! What was set by hand with `alternatives`, after packages were replaced.
//!
//! Paths often have the package's version in them (`/usr/lib/jvm/java-17-openjdk-17.0.10-1.el9.x86_64/bin/java`), and scriptlets take the old
//! one away: what was set by hand falls back to whatever comes first. So the same package's path is set again.

use std::fs;
use std::path::Path;

use super::{Site, settings};
use crate::facts::{Alternative, Assessment};
use crate::journal::Step;
use crate::layout::Layout;

/// Lets alternatives that were set by hand lead where they led; what can't be set is told.
pub(super) fn keep(site: &Site<'_>, layout: &Layout) -> Vec<String> {
    let before = fs::read(layout.at("before.json")).ok();
    let before: Option<Assessment> = before.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(before) = before else { return Vec::new() };
    let by_hand = before.alternatives.iter().filter(|it| it.mode == "manual" && it.exists);
    by_hand.filter_map(|it| set(site, &before, it)).collect()
}

/// Sets one, if it leads elsewhere now; why it can't be.
fn set(site: &Site<'_>, before: &Assessment, it: &Alternative) -> Option<String> {
    let now = fs::read_link(site.machine.place(&format!("/etc/alternatives/{}", it.name))).ok();
    let target = match exists(site, &it.target) {
        true => it.target.clone(),
        false => successor(site, before, it)?,
    };
    if now.is_some_and(|now| now == Path::new(&target)) {
        return None;
    }
    let words = ["alternatives", "--set", &it.name, &target];
    settings::run(site.machine, Step::Services, &words).err().map(|error| error.to_string())
}

/// The path that the same package offers now.
fn successor(site: &Site<'_>, before: &Assessment, it: &Alternative) -> Option<String> {
    let owner = before.owner(&it.target)?;
    let list = site.machine.resolve(&format!("/var/lib/alternatives/{}", it.name)).ok()?;
    let offered = fs::read_to_string(list).ok()?;
    let files = site.machine.tool("rpm").args(["-ql", owner]).output().ok()?.stdout;
    let files = String::from_utf8_lossy(&files).into_owned();
    let is_its = |path: &str| files.lines().any(|file| file == path) && exists(site, path);
    offered.lines().find(|line| line.starts_with('/') && is_its(line)).map(ToOwned::to_owned)
}

fn exists(site: &Site<'_>, path: &str) -> bool {
    site.machine.resolve(path).is_ok_and(|place| place.exists())
}
