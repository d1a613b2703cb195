//! A tree as it can be seen, and what differs between two.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use heirloom_model::Digest;

/// What changes all the time, and what is the program's own.
const NOT_COMPARED: [&str; 9] =
    ["var/lib/heirloom-migrate", "var/cache", "var/log", "var/tmp", "tmp", "run", "proc", "dev", "usr/local"];
/// Bytes in these are never the same twice; what is in them is asked of rpm.
const DATABASES: [&str; 3] = ["var/lib/rpm", "var/lib/dnf", "etc/ld.so.cache"];

/// A tree, path by path.
pub(crate) type Tree = BTreeMap<String, String>;

/// Everything of a tree that can be seen; with `is_loose`, without what is never the same twice.
pub(crate) fn look(root: &Path, is_loose: bool) -> Tree {
    let (mut tree, mut inodes) = (Tree::new(), BTreeMap::new());
    let mut left = vec![root.to_owned()];
    while let Some(place) = left.pop() {
        let path = place.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let is_in = |list: &[&str]| list.iter().any(|name| path.starts_with(name));
        // A converted machine has its savepoint, on each file system.
        if is_in(&NOT_COMPARED) || (is_loose && path.ends_with(".heirloom-migrate")) {
            continue;
        }
        let about = fs::symlink_metadata(&place).unwrap();
        let mut what = format!("{:o} {}:{}", about.mode(), about.uid(), about.gid());
        if about.is_dir() {
            left.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
        } else if about.is_symlink() {
            what.push_str(&format!(" {}", fs::read_link(&place).unwrap().display()));
        } else if !(is_loose && is_in(&DATABASES)) {
            what.push_str(&format!(" {}", Digest::of(&fs::read(&place).unwrap()).short()));
            let first = inodes.entry(about.ino()).or_insert_with(|| path.clone());
            what.push_str(&format!(" {}", if about.nlink() > 1 { first } else { "" }));
        }
        let is_timed = !["", "home", "var", "var/lib"].contains(&path.as_str());
        // Readers of the database write to its shared memory.
        if !is_loose && is_timed && !path.ends_with("-shm") {
            what.push_str(&format!(" {}.{}", about.mtime(), about.mtime_nsec()));
        }
        tree.insert(path, what);
    }
    tree.retain(|path, _| !path.starts_with("home"));
    tree
}

/// What differs, at most a few lines.
pub(crate) fn differences(wanted: &Tree, found: &Tree) -> Result<(), String> {
    let mut all = Vec::new();
    for (path, what) in wanted {
        match found.get(path) {
            Some(other) if other == what => {}
            Some(other) => all.push(format!("{path}: {other}; expected {what}")),
            None => all.push(format!("{path} is not there")),
        }
    }
    all.extend(
        found.keys().filter(|path| !wanted.contains_key(*path)).map(|path| format!("{path} is there")),
    );
    if all.is_empty() { Ok(()) } else { Err(all.into_iter().take(12).collect::<Vec<_>>().join("\n")) }
}
