//! Of what a savepoint is made.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::Machine;

/// Trees that are kept whole.
const TREES: [&str; 7] =
    ["/usr", "/etc", "/boot", "/var/lib/dnf", "/var/lib/yum", "/var/lib/alternatives", "/var/lib/rpm-state"];
/// Directories at the top that are links into `/usr` on most machines, and trees of their own on others.
const TOP: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"];
/// Where databases of packages are.
const DATABASES: [&str; 2] = ["/var/lib/rpm", "/usr/lib/sysimage"];
/// Where nothing but directories is kept, whoever owns it: what changes all the time, and what is the users'.
const NEVER: [&str; 12] = [
    "/home",
    "/srv",
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/tmp",
    "/var/tmp",
    "/var/cache",
    "/var/log",
    "/var/run",
    "/var/lock",
];
/// Directories that are everybody's: what is in them changes without a transaction.
const PASSED: [&str; 4] = ["/", "/var", "/var/lib", "/var/spool"];
/// RPMFILE_CONFIG and RPMFILE_GHOST.
const WRITTEN: u32 = 1 | 64;
/// RPMVERIFY_FILEDIGEST.
const DIGEST: u32 = 1;
/// Files of no package with more bytes than this are linked all the same.
pub(super) const LARGE: u64 = 64 << 20;

/// A path that a package owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedPath {
    /// The path.
    pub path: PathBuf,
    /// RPMTAG_FILEFLAGS.
    pub flags: u32,
    /// RPMTAG_FILEVERIFYFLAGS.
    pub verify: u32,
    /// Whether the package is replaced, removed or added.
    pub is_affected: bool,
}

/// Of what a savepoint is made.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub(super) trees: Vec<PathBuf>,
    /// Paths outside of these.
    pub(super) singles: BTreeSet<PathBuf>,
    /// Files in trees that rpm replaces by renaming.
    steady: HashSet<PathBuf>,
    /// Paths of packages that come.
    pub(super) brought: BTreeSet<PathBuf>,
}

impl Scope {
    /// `installed` are paths of installed packages, `staged` those of packages that come.
    #[must_use]
    pub fn new(
        machine: &Machine,
        installed: impl IntoIterator<Item = OwnedPath>,
        staged: impl IntoIterator<Item = PathBuf>,
    ) -> Self {
        let mut scope = Self { trees: TREES.iter().map(PathBuf::from).collect(), ..Self::default() };
        scope.trees.push(PathBuf::from("/var/lib/rpm"));
        for top in TOP {
            match fs::symlink_metadata(machine.place(top)) {
                Ok(about) if about.is_dir() => scope.trees.push(PathBuf::from(top)),
                _ => {
                    scope.singles.insert(PathBuf::from(top));
                }
            }
        }
        let mut known = HashMap::new();
        for owned in installed {
            let Some(path) = real(machine, &owned.path, &mut known) else { continue };
            let is_steady = owned.flags & WRITTEN == 0 && owned.verify & DIGEST != 0;
            if scope.is_in_tree(&path) {
                if is_steady {
                    scope.steady.insert(path);
                }
            } else if owned.is_affected {
                scope.single(machine, path);
            }
        }
        for path in staged {
            let Some(path) = real(machine, &path, &mut known) else { continue };
            if !scope.is_in_tree(&path) {
                scope.single(machine, path.clone());
            }
            scope.brought.insert(path);
        }
        scope
    }

    fn single(&mut self, machine: &Machine, path: PathBuf) {
        let is_never = NEVER.iter().any(|never| path.starts_with(never));
        let is_dir =
            || fs::symlink_metadata(machine.place(&path.to_string_lossy())).is_ok_and(|it| it.is_dir());
        let changes = ["/proc", "/sys", "/dev", "/run"].iter().any(|never| path.starts_with(never));
        if changes || (is_never && !is_dir()) || path == Path::new("/") {
            return;
        }
        // What is above it may not be there either.
        let mut above = path.parent();
        while let Some(dir) = above.filter(|dir| !dir.as_os_str().is_empty()) {
            if machine.place(&dir.to_string_lossy()).symlink_metadata().is_ok() {
                break;
            }
            self.singles.insert(dir.to_owned());
            above = dir.parent();
        }
        // Its time changes with what is in it.
        let is_passed = |dir: &Path| PASSED.iter().chain(&NEVER).any(|other| dir == Path::new(other));
        if let Some(dir) = above.filter(|dir| !is_passed(dir) && !self.is_in_tree(dir)) {
            self.singles.insert(dir.to_owned());
        }
        self.singles.insert(path);
    }

    pub(super) fn is_in_tree(&self, path: &Path) -> bool {
        !path.starts_with("/usr/local") && self.trees.iter().any(|tree| path.starts_with(tree))
    }

    /// Whether the content of a file is kept by a link.
    pub(super) fn is_linked(&self, path: &Path, size: u64) -> bool {
        let is_written = ["/etc", "/boot"].iter().chain(&DATABASES).any(|tree| path.starts_with(tree))
            || path.starts_with("/var");
        !is_written && (self.steady.contains(path) || size > LARGE)
    }

    /// Whether it belongs to a database that somebody could be writing to.
    pub(super) fn is_database(path: &Path) -> bool {
        DATABASES.iter().any(|tree| path.starts_with(tree)) || path.starts_with("/var/lib/dnf")
    }
}

/// The path with links in its directories followed, as the machine sees it; none if one leads nowhere.
fn real(machine: &Machine, path: &Path, known: &mut HashMap<PathBuf, Option<PathBuf>>) -> Option<PathBuf> {
    let (parent, name) = (path.parent()?, path.file_name()?);
    if !known.contains_key(parent) {
        let resolved = machine.resolve(&parent.to_string_lossy());
        let found = match resolved {
            Ok(place) => place.strip_prefix(machine.root()).ok().map(|inside| Path::new("/").join(inside)),
            // Not there yet: the package brings it.
            Err(_) => Some(parent.to_owned()),
        };
        known.insert(parent.to_owned(), found);
    }
    known.get(parent)?.as_ref().map(|dir| dir.join(name))
}
