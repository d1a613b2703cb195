//! What is in a machine's root, path by path.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::{Error, Result, place};

/// What nobody promises to put back: file systems of the kernel, caches, logs, temporary files.
pub const UNMANAGED: [&str; 11] = [
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/tmp",
    "/var/tmp",
    "/var/cache",
    "/var/log",
    "/mnt/mirror",
    "/var/lib/heirloom-migrate",
    "/.heirloom-migrate",
];

/// Each path below a root with its kind, mode, owner, size, time, extended attributes, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<String, String>);

impl Tree {
    /// Reads everything below `root` but [`UNMANAGED`].
    pub fn read(root: &Path) -> Result<Self> {
        let mut found = Walk { root: root.to_owned(), lines: BTreeMap::new(), names: BTreeMap::new() };
        found.dir("")?;
        // Names of one file are told by the first of them.
        for paths in found.names.values().filter(|paths| paths.len() > 1) {
            for path in paths {
                if let Some(line) = found.lines.get_mut(path) {
                    let _ = write!(line, " same-as={}", paths[0]);
                }
            }
        }
        Ok(Self(found.lines))
    }

    /// What is not the same in `other`, a line each.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut all: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        all.sort();
        all.dedup();
        let told = |tree: &Self, path: &str| tree.0.get(path).cloned().unwrap_or_else(|| "absent".to_owned());
        all.into_iter()
            .filter(|path| self.0.get(*path) != other.0.get(*path))
            .map(|path| format!("{path}: {} -> {}", told(self, path), told(other, path)))
            .collect()
    }
}

struct Walk {
    root: PathBuf,
    lines: BTreeMap<String, String>,
    names: BTreeMap<(u64, u64), Vec<String>>,
}

impl Walk {
    fn dir(&mut self, dir: &str) -> Result<()> {
        for path in place::entries(&self.root.join(dir.trim_start_matches('/')))? {
            let inside = format!("{dir}/{}", path.file_name().unwrap_or_default().to_string_lossy());
            // What SQLite's processes share while they run is made anew by the next one.
            if UNMANAGED.contains(&inside.as_str()) || inside.ends_with(".sqlite-shm") {
                continue;
            }
            let meta = path.symlink_metadata().map_err(Error::io(&path))?;
            let line = self.line(&inside, &path, &meta)?;
            self.lines.insert(inside.clone(), line);
            if meta.is_dir() {
                self.dir(&inside)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, inside: &str, path: &Path, meta: &std::fs::Metadata) -> Result<String> {
        let mut line = format!("{:o} {}:{}", meta.mode(), meta.uid(), meta.gid());
        // A directory's time is of what came and went in it, also of what is not looked at.
        let holds = |unmanaged: &&str| unmanaged.rsplit_once('/').is_some_and(|(parent, _)| parent == inside);
        if !UNMANAGED.iter().any(holds) {
            let _ = write!(line, " {}.{:09}", meta.mtime(), meta.mtime_nsec());
        }
        if meta.is_symlink() {
            let target = path.read_link().map_err(Error::io(path))?;
            let _ = write!(line, " -> {}", target.display());
        } else if meta.is_file() {
            let digest: String =
                Sha256::digest(place::read(path)?).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let _ = write!(line, " {} {digest}", meta.size());
            self.names.entry((meta.dev(), meta.ino())).or_default().push(inside.to_owned());
        } else if !meta.is_dir() {
            let _ = write!(line, " device {}", meta.rdev());
        }
        for (name, value) in attributes(path) {
            let _ = write!(line, " {name}={value}");
        }
        Ok(line)
    }
}

/// Extended attributes; none where the file system has none.
fn attributes(path: &Path) -> BTreeMap<String, String> {
    let mut names = vec![0u8; 4096];
    let size = rustix::fs::llistxattr(path, &mut names[..]).unwrap_or(0);
    let listed = names[..size].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    listed
        .map(|name| {
            let mut value = vec![0u8; 4096];
            let size = rustix::fs::lgetxattr(path, name, &mut value[..]).unwrap_or(0);
            let hex = value[..size].iter().map(|byte| format!("{byte:02x}")).collect();
            (String::from_utf8_lossy(name).into_owned(), hex)
        })
        .collect()
}
