//! Files of packages that are not as they were installed, as `rpm --verify` finds them: the content of configuration files is digested,
//! of other files only what lstat(2) says is looked at.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use heirloom_formats::rpm_file::{FileEntry, FileState, InstalledRecord, file_digest};

use super::look::{Look, is_absent};
use super::text;
use crate::facts::{Changed, ChangedFile};
use crate::machine::Machine;

/// rpm's RPMFILE bits: what a file is.
const CONFIG: u32 = 1;
const MISSING_OK: u32 = 1 << 3;
const NO_REPLACE: u32 = 1 << 4;
/// rpm's RPMVERIFY bits: what is looked at.
const DIGEST: u32 = 1;
const SIZE: u32 = 1 << 1;
const LINK: u32 = 1 << 2;
const USER: u32 = 1 << 3;
const GROUP: u32 = 1 << 4;
const MODE: u32 = 1 << 6;
/// The type of a file in its mode.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const SYMLINK: u32 = 0o120_000;
/// Largest file that is digested, in bytes.
const LARGEST: u64 = 256 << 20;
/// Changed files that are noted.
const MOST: usize = 100_000;

/// Looks at the files of one package after the other.
pub(super) struct Verifier<'a> {
    machine: &'a Machine,
    /// Mount points, the longest first.
    points: Vec<String>,
    users: HashMap<String, u32>,
    groups: HashMap<String, u32>,
    /// The directory that was looked at last: files of a package are sorted.
    directory: Directory,
    /// Files that could not be looked at, and why the first one could not.
    unseen: (usize, Option<String>),
    surplus: usize,
}

/// A directory of the machine.
#[derive(Default)]
struct Directory {
    path: String,
    place: Option<io::Result<PathBuf>>,
    point: usize,
}

/// What was found of a file.
struct Difference {
    change: Changed,
    local: String,
}

impl<'a> Verifier<'a> {
    pub(super) fn new(machine: &'a Machine, mut points: Vec<String>) -> Self {
        points.sort_by_key(|point| std::cmp::Reverse(point.len()));
        let mut look = Look::new(machine);
        let mut ids = |path| text::ids(&look.text(path).unwrap_or_default()).into_iter().collect();
        let (users, groups) = (ids("/etc/passwd"), ids("/etc/group"));
        let directory = Directory::default();
        Self { machine, points, users, groups, directory, unseen: (0, None), surplus: 0 }
    }

    /// Notes the files of a package that are not as they were installed; returns the bytes that it takes by mount point.
    pub(super) fn verify(
        &mut self,
        record: &InstalledRecord,
        changed: &mut Vec<ChangedFile>,
    ) -> BTreeMap<String, u64> {
        let mut bytes = BTreeMap::new();
        let mut linked = HashSet::new();
        for (index, file) in record.files.iter().enumerate() {
            let state = record.states.get(index).copied().unwrap_or(FileState::Normal);
            if file.is_ghost() || matches!(state, FileState::NotInstalled | FileState::NetShared) {
                continue;
            }
            let name = self.enter(&file.path);
            // Hard links of one package have the same device and number; one that has no other is only met once.
            if !file.is_dir()
                && linked.insert((file.device, file.inode, if file.inode == 0 { index } else { 0 }))
            {
                let point = self.points.get(self.directory.point).map_or("/", String::as_str);
                *bytes.entry(point.to_owned()).or_default() += file.size;
            }
            let Some(difference) = self.difference(file, name, state, record.file_digest_algorithm) else {
                continue;
            };
            if changed.len() == MOST {
                self.surplus += 1;
                continue;
            }
            changed.push(ChangedFile {
                path: file.path.clone(),
                package: record.nevra.clone(),
                is_config: file.flags & CONFIG != 0,
                is_noreplace: file.flags & NO_REPLACE != 0,
                change: difference.change,
                vendor: if file.is_regular() { file.digest.clone() } else { String::new() },
                local: difference.local,
                algorithm: record.file_digest_algorithm,
            });
        }
        bytes
    }

    /// What could not be looked at.
    pub(super) fn unseen(self) -> Vec<String> {
        let mut unseen = Vec::new();
        if let (count @ 1.., Some(first)) = self.unseen {
            unseen.push(format!("{count} files of packages can't be looked at, as {first}"));
        }
        if self.surplus > 0 {
            unseen.push(format!(
                "{} more files of packages are changed than the {MOST} that are listed",
                self.surplus
            ));
        }
        unseen
    }

    /// Goes to a file's directory; returns the file's name.
    fn enter<'f>(&mut self, path: &'f str) -> &'f str {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.directory.place.is_none() || self.directory.path != directory {
            let place = self.machine.resolve(directory);
            let real = place.as_ref().ok().and_then(|place| place.strip_prefix(self.machine.root()).ok());
            let real = real.map_or_else(|| PathBuf::from(directory), |below| Path::new("/").join(below));
            let point = self.points.iter().position(|point| real.starts_with(point)).unwrap_or(usize::MAX);
            self.directory = Directory { path: directory.to_owned(), place: Some(place), point };
        }
        name
    }

    fn difference(
        &mut self,
        file: &FileEntry,
        name: &str,
        state: FileState,
        algorithm: u32,
    ) -> Option<Difference> {
        let place = match self.directory.place.as_ref()? {
            Ok(directory) => Ok(directory.join(name)),
            Err(error) => Err(io::Error::from(error.kind())),
        };
        match place.and_then(|place| compare(self, file, &place, state, algorithm)) {
            Ok(difference) => difference,
            Err(error) if is_absent(&error) => {
                let is_missing = file.flags & MISSING_OK == 0;
                is_missing.then(|| Difference { change: Changed::Missing, local: String::new() })
            }
            Err(error) => {
                self.unseen.0 += 1;
                self.unseen.1.get_or_insert_with(|| format!("{}: {error}", file.path));
                None
            }
        }
    }
}

/// As rpm's `rpmfilesVerify` compares, content of other files than configuration aside.
fn compare(
    it: &Verifier,
    file: &FileEntry,
    place: &Path,
    state: FileState,
    algorithm: u32,
) -> io::Result<Option<Difference>> {
    let mut about = fs::symlink_metadata(place)?;
    let mode = u32::from(file.mode);
    let looked_at = match state {
        // Another package's file: that it is there is all that can be said.
        FileState::Replaced => return Ok(None),
        FileState::WrongColor => file.verify & !(DIGEST | SIZE),
        _ => file.verify,
    };
    if mode & TYPE == DIRECTORY && about.mode() & TYPE == SYMLINK {
        about = directory_behind(it.machine, file, about);
    }
    if about.mode() & TYPE != mode & TYPE {
        let is_looked_at = looked_at & (MODE | LINK) != 0;
        return Ok(is_looked_at.then(|| Difference { change: Changed::Kind, local: String::new() }));
    }
    if let Some(local) = content(file, place, &about, looked_at, algorithm)? {
        return Ok(Some(Difference { change: Changed::Content, local }));
    }
    let differs = |bit, ids: &HashMap<String, u32>, name: &str, id| {
        looked_at & bit != 0 && number(ids, name).is_some_and(|expected| expected != id)
    };
    let has_other_mode =
        mode & TYPE != SYMLINK && looked_at & MODE != 0 && about.mode() & 0o7777 != mode & 0o7777;
    let is_changed = has_other_mode
        || differs(USER, &it.users, &file.user, about.uid())
        || differs(GROUP, &it.groups, &file.group, about.gid());
    Ok(is_changed.then(|| Difference { change: Changed::Access, local: String::new() }))
}

/// root is 0 wherever users are kept.
fn number(ids: &HashMap<String, u32>, name: &str) -> Option<u32> {
    if name == "root" { Some(0) } else { ids.get(name).copied() }
}

/// A link to a directory stands for the directory, if it is root's or the directory's owner's.
fn directory_behind(machine: &Machine, file: &FileEntry, link: Metadata) -> Metadata {
    let behind = machine.resolve(&file.path).and_then(fs::symlink_metadata);
    match behind {
        Ok(behind) if behind.is_dir() && (link.uid() == 0 || link.uid() == behind.uid()) => behind,
        _ => link,
    }
}

/// Whether the content differs; the local digest then, if it was read.
fn content(
    file: &FileEntry,
    place: &Path,
    about: &Metadata,
    looked_at: u32,
    algorithm: u32,
) -> io::Result<Option<String>> {
    if about.mode() & TYPE == SYMLINK {
        let is_other = looked_at & LINK != 0 && fs::read_link(place)?.to_string_lossy() != file.link_target;
        return Ok(is_other.then(String::new));
    }
    if about.mode() & TYPE != REGULAR {
        return Ok(None);
    }
    let has_other_size = looked_at & SIZE != 0 && about.len() != file.size;
    let is_digested = file.flags & CONFIG != 0 && looked_at & DIGEST != 0 && !file.digest.is_empty();
    if !has_other_size && !is_digested {
        return Ok(None);
    }
    let local = match about.len() <= LARGEST {
        true => digested(place, algorithm),
        false => Ok(None),
    };
    match local {
        Ok(Some(local)) if has_other_size || local != file.digest => Ok(Some(local)),
        Ok(Some(_)) => Ok(None),
        // The size says it already.
        Ok(None) | Err(_) if has_other_size => Ok(Some(String::new())),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    }
}

fn digested(place: &Path, algorithm: u32) -> io::Result<Option<String>> {
    file_digest(algorithm, File::open(place)?.take(LARGEST))
}
