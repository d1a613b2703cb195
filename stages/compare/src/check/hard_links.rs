//! Which paths are one file.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::rpm_file::FileEntry;
use heirloom_model::Finding;

use super::Check;
use super::Weight::Compatible;
use crate::pair::Pair;
use crate::tag::{FILEDEVICES, FILEINODES};

pub(super) const HARD_LINKS: Check = Check::tags(
    "hard-links",
    "The same paths are hard links of each other; the inodes' numbers mean nothing else.",
    Compatible,
    &[FILEDEVICES, FILEINODES],
)
.code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    if pair.same(check.tags) && pair.files.missing.is_empty() && pair.files.extra.is_empty() {
        return Vec::new();
    }
    let reference = groups(pair.files.both.iter().map(|both| both.0));
    let rebuilt = groups(pair.files.both.iter().map(|both| both.1));
    let mut findings: Vec<_> = reference
        .difference(&rebuilt)
        .map(|group| check.differs(group, (group.clone(), String::new())))
        .collect();
    findings.extend(
        rebuilt.difference(&reference).map(|group| check.differs(group, (String::new(), group.clone()))),
    );
    findings
}

/// The paths of each file that has several.
fn groups<'a>(files: impl Iterator<Item = &'a FileEntry>) -> BTreeSet<String> {
    let mut paths = BTreeMap::<_, Vec<&str>>::new();
    // An inode of 0 is none: a header without these tags says nothing of links.
    for file in files.filter(|file| file.is_regular() && !file.is_ghost() && file.inode != 0) {
        paths.entry((file.device, file.inode)).or_default().push(&file.path);
    }
    paths.into_values().filter(|group| group.len() > 1).map(|group| group.join(" = ")).collect()
}
