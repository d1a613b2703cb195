//! What was found about a machine: from facts alone, independent of any target.

mod packages;
mod system;

use crate::check::Check;
use crate::facts::{Assessment, Mount};

/// What checks need beside the facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether root looked.
    pub is_root: bool,
    /// Whether a transaction of packages runs.
    pub is_locked: bool,
    /// The number of dnf's last transaction, if it ended with errors.
    pub failed_transaction: Option<i64>,
    /// Whether all files get their SELinux labels anew at the next boot.
    pub will_relabel: bool,
}

/// All that was found, in no order.
pub(super) fn checks(it: &Assessment, around: &Surroundings) -> Vec<Check> {
    let mut found = Vec::new();
    system::checks(it, around, &mut found);
    packages::checks(it, around, &mut found);
    found
}

/// The file system that a path is on.
fn mount_of<'a>(it: &'a Assessment, path: &str) -> Option<&'a Mount> {
    let has = |mount: &&Mount| std::path::Path::new(path).starts_with(&mount.point);
    it.mounts.iter().filter(has).max_by_key(|mount| mount.point.len())
}

/// A few of many names: the first ones, and how many more.
fn some<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<&str> = names.into_iter().collect();
    names.dedup();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// `1 package`, `2 packages`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("{number} {what}") } else { format!("{number} {what}s") }
}

/// Bytes in the unit that gives a number of few digits.
pub(super) fn bytes(number: u64) -> String {
    match number {
        0..1_048_576 => format!("{} KiB", number >> 10),
        1_048_576..10_737_418_240 => format!("{} MiB", number >> 20),
        _ => format!("{} GiB", number >> 30),
    }
}

#[cfg(test)]
mod tests;
