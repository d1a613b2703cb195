//! What an update changes for those who have the older package: what a user would notice, and nothing that follows from
//! the version alone.
//!
//! It is no verdict. A comparison asks whether two packages are the same; here they are meant to differ, and what
//! matters is which program, option, symbol, default or service somebody relied on. `stability.rs` judges the facts.

mod facts;
mod interfaces;
mod options;
mod place;
mod services;
mod texts;

use std::path::{Path, PathBuf};

use heirloom_formats::rpm_file::{ChangelogEntry, DependencyKind, Header};
use heirloom_model::allowance::Date;
use heirloom_model::change::{Change, ChangeKind, ChangelogNews, PackageChanges};

use crate::CompareError;
use crate::pair::Files;

pub use options::{completed, defined, mentioned};

/// Version of what [`update`] tells. A change of what it finds needs a new number, so that kept results are made again.
pub const UPDATES: u32 = 1;

/// Changes of one package that are told.
const MOST: usize = 2_000;
/// Characters of a subject or a value.
const LONGEST: usize = 400;
/// Changelog entries that are told, and characters of each.
const ENTRIES: usize = 20;
const ENTRY: usize = 2_000;
/// Requirements that are kept.
const REQUIRES: usize = 4_000;

/// Both packages, the older one first, with their files brought together.
struct Versions<'a> {
    old: &'a Header,
    new: &'a Header,
    paths: (&'a Path, &'a Path),
    files: Files<'a>,
}

/// Tells what the update from one RPM file to the other changes. `debuginfo` are packages with debugging data of
/// both, if there are any.
///
/// # Errors
/// A file can't be read, is cut short or damaged, or is a source package. What can't be examined within a readable
/// package is a change of its own kind.
pub fn update(old: &Path, new: &Path, debuginfo: &[PathBuf]) -> Result<PackageChanges, CompareError> {
    let (old_header, new_header) = (crate::open(old)?, crate::open(new)?);
    let files = Files::of_versions(&old_header, &new_header);
    let versions = Versions { old: &old_header, new: &new_header, paths: (old, new), files };
    let mut changes = facts::changes(&versions);
    changes.extend(services::links(&versions));
    changes.extend(texts::changes(&versions));
    let evidence = interfaces::changes(&versions, debuginfo, &mut changes);
    Ok(told(&versions, changes, evidence))
}

fn told(
    versions: &Versions<'_>,
    mut changes: Vec<Change>,
    evidence: Option<heirloom_model::Evidence>,
) -> PackageChanges {
    for change in &mut changes {
        for text in [&mut change.subject, &mut change.before, &mut change.after] {
            cut(text, LONGEST);
        }
    }
    changes.sort();
    changes.dedup();
    let untold = changes.len().saturating_sub(MOST);
    changes.truncate(MOST);
    if untold > 0 {
        // Who waives what is told has not seen the rest.
        changes.push(not_examined("the package", format!("{untold} more changes are not told")));
    }
    let news = news(&versions.old.changelog, &versions.new.changelog);
    let required = versions.new.relations(DependencyKind::Requires).iter();
    let mut requires: Vec<_> = required.map(|relation| relation.name.clone()).take(REQUIRES).collect();
    requires.sort();
    requires.dedup();
    PackageChanges {
        changes,
        untold,
        more_entries: news.len().saturating_sub(ENTRIES),
        changelog: news.into_iter().take(ENTRIES).map(entry).collect(),
        evidence,
        streams: [stream(versions.old), stream(versions.new)],
        requires,
    }
}

/// Entries of the newer one before the first that the older one has too, the newest first. Older ones that were
/// reworded are no news.
fn news<'a>(old: &[ChangelogEntry], new: &'a [ChangelogEntry]) -> Vec<&'a ChangelogEntry> {
    let known: std::collections::HashSet<_> = old.iter().map(|entry| (entry.time, &entry.author)).collect();
    new.iter().take_while(|entry| !known.contains(&(entry.time, &entry.author))).collect()
}

fn entry(entry: &ChangelogEntry) -> ChangelogNews {
    let (mut author, mut text) = (entry.author.clone(), entry.text.clone());
    cut(&mut author, LONGEST);
    cut(&mut text, ENTRY);
    ChangelogNews { day: Date::from_unix(entry.time).to_string(), author, text }
}

/// `name:stream` of `name:stream:version:context`.
fn stream(header: &Header) -> String {
    let mut stream = header.info.modularity_label.split(':').take(2).collect::<Vec<_>>().join(":");
    cut(&mut stream, LONGEST);
    stream
}

/// Cuts a text to so many characters.
fn cut(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
}

fn not_examined(subject: &str, why: impl std::fmt::Display) -> Change {
    Change::new(ChangeKind::NotExamined, subject).values("", why.to_string())
}
