//! Which file a dependency was found in.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::rpm_file::{DependencyKind, Header, Value};
use heirloom_model::Finding;

use super::Weight::Allowed;
use super::{Check, dependencies};
use crate::excerpt;
use crate::pair::Pair;
use crate::tag::{DEPENDSDICT, FILEDEPENDSN, FILEDEPENDSX};

pub(super) const FILE_DEPENDENCIES: Check = Check::tags(
    "file-dependencies",
    "Dependencies come from the same files; the dependencies themselves have their own rules.",
    Allowed,
    &[FILEDEPENDSX, FILEDEPENDSN, DEPENDSDICT],
)
.code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let (reference, rebuilt) = (by_file(pair.reference), by_file(pair.rebuilt));
    let mut findings = Vec::new();
    for (file, _) in &pair.files.both {
        let path = file.path.as_str();
        let only = |one: &ByFile<'_>, other: &ByFile<'_>| match (one.get(path), other.get(path)) {
            (Some(one), Some(other)) => one.difference(other).cloned().collect::<Vec<_>>().join(", "),
            (Some(one), None) => one.iter().cloned().collect::<Vec<_>>().join(", "),
            (None, _) => String::new(),
        };
        let (expected, found) = (only(&reference, &rebuilt), only(&rebuilt, &reference));
        if expected != found {
            findings.push(check.differs(path, excerpt::texts(&expected, &found)));
        }
    }
    findings
}

/// Dependencies by path; a path without any is left out.
type ByFile<'a> = BTreeMap<&'a str, BTreeSet<String>>;

/// Each file has a range in a dictionary, whose entries point into the lists of dependencies.
fn by_file(header: &Header) -> ByFile<'_> {
    let [starts, counts, dictionary] =
        [FILEDEPENDSX, FILEDEPENDSN, DEPENDSDICT].map(|tag| numbers(header.value(tag)));
    let mut files = ByFile::new();
    for (file, (start, count)) in header.files.iter().zip(starts.into_iter().zip(counts)) {
        if count > 0 {
            let entries = dictionary.iter().skip(start as usize).take(count as usize);
            files.insert(&file.path, entries.map(|entry| text(header, *entry)).collect());
        }
    }
    files
}

fn numbers(value: Option<Value>) -> Vec<u64> {
    if let Some(Value::Numbers(numbers)) = value { numbers } else { Vec::new() }
}

/// An entry's first byte names the kind of dependency, the others are the place in its list.
fn text(header: &Header, entry: u64) -> String {
    let kind = match entry >> 24 {
        0x50 => DependencyKind::Provides,
        0x52 => DependencyKind::Requires,
        0x43 => DependencyKind::Conflicts,
        0x4f => DependencyKind::Obsoletes,
        0x72 => DependencyKind::Recommends,
        0x73 => DependencyKind::Suggests,
        0x53 => DependencyKind::Supplements,
        0x65 => DependencyKind::Enhances,
        _ => return format!("{entry:#x}"),
    };
    match header.relations(kind).get((entry & 0xff_ffff) as usize) {
        Some(relation) => format!("{} {}", kind.name(), dependencies::text(relation)),
        None => format!("{entry:#x}"),
    }
}
