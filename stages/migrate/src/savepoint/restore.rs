//! Putting a machine back to its savepoint.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode};
use serde::{Deserialize, Serialize};

use super::after::After;
use super::entry::{Entry, Kept, Kind, from_text};
use super::make::kind_of;
use super::manifest::{self, Manifest};
use super::stray::Strays;
use super::walk::Walk;
use super::{SavepointError, metadata};
use crate::layout::Layout;
use crate::machine::Machine;

/// What names of files begin with that have not got their own yet.
pub(super) const PART: &str = ".heirloom-migrate-part";

/// What was done to put a machine back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Paths that are as before now and were not.
    pub restored: u64,
    /// Paths that are gone.
    pub removed: u64,
    /// Paths whose content was kept below `set-aside/`, and why.
    pub set_aside: Vec<(PathBuf, String)>,
    /// What could not be put back, in a sentence each.
    pub lost: Vec<String>,
}

/// Puts all paths back as they were. Can be killed at any moment and done again. `told` hears the number of paths, and how many there are.
///
/// # Errors
/// There is no whole savepoint, or something can't be written. What comes after that is not done; doing it again goes on.
pub fn restore(
    machine: &Machine,
    layout: &Layout,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Report, SavepointError> {
    let manifest = manifest::read(layout)?;
    let after = After::read(layout)?;
    let strays = Strays::new(machine, layout, &after)?;
    let mut report = Report::default();
    remove_strays(machine, &manifest, &strays, &mut report)?;
    let mut back = Back { machine, manifest: &manifest, strays, report, groups: HashMap::new() };
    let total = manifest.entries.len() as u64;
    for (index, entry) in manifest.entries.iter().enumerate() {
        back.put(entry)?;
        if index % 1000 == 0 {
            told(index as u64, total);
        }
    }
    // Times of directories, when nothing in them changes any more.
    for entry in manifest.entries.iter().rev().filter(|entry| entry.kind == Kind::Directory) {
        let place = machine.place(&back.path(entry)?.to_string_lossy());
        let about = fs::symlink_metadata(&place).map_err(SavepointError::io("can't look at", &place))?;
        if metadata::times_of(&about) != entry.time {
            metadata::set_times(&place, entry.time)
                .map_err(SavepointError::io("can't set times of", &place))?;
        }
    }
    back.sync()?;
    told(total, total);
    Ok(back.report)
}

/// First of all, since it makes room.
fn remove_strays(
    machine: &Machine,
    manifest: &Manifest,
    strays: &Strays<'_>,
    report: &mut Report,
) -> Result<(), SavepointError> {
    let known: HashSet<PathBuf> =
        manifest.entries.iter().filter(|entry| entry.kind != Kind::Absent).filter_map(Entry::path).collect();
    let mut found_strays = Vec::new();
    let walk = Walk::of(machine);
    for tree in &manifest.head.trees {
        walk.tree(tree, &mut |found| {
            if !known.contains(&found.path) {
                found_strays.push(found.path);
            }
            Ok(())
        })?;
    }
    let absent = manifest.entries.iter().filter(|entry| entry.kind == Kind::Absent);
    found_strays.extend(absent.filter_map(Entry::path));
    found_strays.sort();
    for path in found_strays.iter().rev() {
        strays.treat(path, report)?;
    }
    Ok(())
}

struct Back<'a> {
    machine: &'a Machine,
    manifest: &'a Manifest,
    strays: Strays<'a>,
    report: Report,
    /// Where the first file of a group with several names is.
    groups: HashMap<u64, PathBuf>,
}

impl Back<'_> {
    fn path(&self, entry: &Entry) -> Result<PathBuf, SavepointError> {
        let is_plain = |path: &Path| {
            path.is_absolute() && !path.components().any(|part| part == std::path::Component::ParentDir)
        };
        entry.path().filter(|path| is_plain(path)).ok_or_else(|| SavepointError::Manifest {
            path: PathBuf::from("manifest"),
            line: 0,
            why: format!("`{}` is no path of a machine", entry.path),
        })
    }

    fn put(&mut self, entry: &Entry) -> Result<(), SavepointError> {
        if entry.kind == Kind::Absent {
            return Ok(());
        }
        let path = self.path(entry)?;
        let place = self.machine.place(&path.to_string_lossy());
        let failed = || SavepointError::io("can't put back", &place);
        let mut found = match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            found => Some(found.map_err(failed())?),
        };
        if let Some(other) = found.as_ref().filter(|about| kind_of(about) != entry.kind) {
            self.clear(&path, &place, other)?;
            found = None;
        }
        let before = self.report.restored;
        match entry.kind {
            Kind::File => self.file(entry, &path, &place, found.as_ref())?,
            Kind::Directory if found.is_none() => {
                fs::create_dir(&place).map_err(failed())?;
                self.report.restored += 1;
            }
            Kind::Link => self.link(entry, &place, found.is_some()).map_err(failed())?,
            Kind::Absent | Kind::Directory => {}
            Kind::Character | Kind::Block | Kind::Pipe | Kind::Socket => {
                self.node(entry, &place, found.as_ref()).map_err(failed())?;
            }
        }
        if self.report.restored == before && !is_as(entry, &place).map_err(failed())? {
            self.report.restored += 1;
        }
        metadata::set(&place, entry).map_err(failed())
    }

    /// What is of another kind goes.
    fn clear(&mut self, path: &Path, place: &Path, about: &Metadata) -> Result<(), SavepointError> {
        if about.is_dir() {
            // What the savepoint does not know is gone already; the rest of it was below a link.
            return fs::remove_dir_all(place).map_err(SavepointError::io("can't remove", place));
        }
        if !self.strays.is_ours(path, place) {
            let why = "it was changed after the conversion";
            return self.strays.aside(path, place, true, &mut self.report, why);
        }
        fs::remove_file(place).map_err(SavepointError::io("can't remove", place))
    }

    fn file(
        &mut self,
        entry: &Entry,
        path: &Path,
        place: &Path,
        found: Option<&Metadata>,
    ) -> Result<(), SavepointError> {
        match entry.kept {
            Some(Kept::Linked(store, number)) => self.linked(entry, path, place, found, (store, number)),
            Some(Kept::Copied(store, number)) => {
                let from = self.kept(store, number);
                self.copied(entry, path, place, found, Some(&from))
            }
            Some(Kept::Empty) => self.copied(entry, path, place, found, None),
            None => Err(SavepointError::Manifest {
                path: path.to_owned(),
                line: 0,
                why: "the manifest does not say how it is kept".to_owned(),
            }),
        }
    }

    fn kept(&self, store: usize, number: u64) -> PathBuf {
        let store = self.manifest.head.stores.get(store).map_or("", String::as_str);
        self.machine.place(store).join(Kept::place(number))
    }

    fn linked(
        &mut self,
        entry: &Entry,
        path: &Path,
        place: &Path,
        found: Option<&Metadata>,
        (store, number): (usize, u64),
    ) -> Result<(), SavepointError> {
        let from = self.kept(store, number);
        let kept = fs::symlink_metadata(&from).map_err(SavepointError::io("can't look at", &from))?;
        if kept.len() != entry.size || metadata::times_of(&kept) != entry.time {
            self.report.lost.push(format!(
                "{}: its content was changed in place ({} bytes, before {}); reinstall its package",
                path.display(),
                kept.len(),
                entry.size
            ));
        }
        if found.is_some_and(|about| (about.dev(), about.ino()) == (kept.dev(), kept.ino())) {
            return Ok(());
        }
        let part = part_of(place);
        let failed = || SavepointError::io("can't put back", place);
        let _ = fs::remove_file(&part);
        fs::hard_link(&from, &part).and_then(|()| fs::rename(&part, place)).map_err(failed())?;
        self.report.restored += 1;
        Ok(())
    }

    fn copied(
        &mut self,
        entry: &Entry,
        path: &Path,
        place: &Path,
        found: Option<&Metadata>,
        from: Option<&Path>,
    ) -> Result<(), SavepointError> {
        let failed = || SavepointError::io("can't put back", place);
        let first = match entry.group {
            0 => None,
            group => {
                let first = self.groups.get(&group).cloned();
                if first.is_none() {
                    self.groups.insert(group, place.to_owned());
                }
                first
            }
        };
        if let Some(first) = first {
            let about = fs::symlink_metadata(&first).map_err(failed())?;
            if found.is_some_and(|found| (found.dev(), found.ino()) == (about.dev(), about.ino())) {
                return Ok(());
            }
            let part = part_of(place);
            let _ = fs::remove_file(&part);
            fs::hard_link(&first, &part).and_then(|()| fs::rename(&part, place)).map_err(failed())?;
            self.report.restored += 1;
            return Ok(());
        }
        // A file that shares its inode with others than before is written anew, or these would change with it.
        let is_alone = found.is_some_and(|about| about.nlink() == 1 || entry.group != 0);
        let is_same = match (found, from) {
            (Some(about), _) if about.len() != entry.size => false,
            (Some(_), Some(from)) => same_content(from, place).map_err(failed())?,
            (found, _) => found.is_some(),
        };
        if is_same && is_alone {
            return Ok(());
        }
        if !is_same && found.is_some() && !self.strays.is_ours(path, place) {
            self.strays.aside(path, place, false, &mut self.report, "it was changed after the conversion")?;
        }
        write(place, from).map_err(failed())?;
        self.report.restored += 1;
        Ok(())
    }

    fn link(&mut self, entry: &Entry, place: &Path, is_there: bool) -> io::Result<()> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the manifest has no target of it");
        let target = PathBuf::from(from_text(&entry.target).ok_or_else(wrong)?);
        if is_there && fs::read_link(place)? == target {
            return Ok(());
        }
        let part = part_of(place);
        let _ = fs::remove_file(&part);
        symlink(target, &part)?;
        fs::rename(&part, place)?;
        self.report.restored += 1;
        Ok(())
    }

    fn node(&mut self, entry: &Entry, place: &Path, found: Option<&Metadata>) -> io::Result<()> {
        if found.is_some_and(|about| entry.device == 0 || about.rdev() == entry.device) {
            return Ok(());
        }
        if found.is_some() {
            fs::remove_file(place)?;
        }
        let kind = match entry.kind {
            Kind::Character => FileType::CharacterDevice,
            Kind::Block => FileType::BlockDevice,
            Kind::Pipe => FileType::Fifo,
            _ => FileType::Socket,
        };
        rustix::fs::mknodat(CWD, place, kind, Mode::from_raw_mode(0o600), entry.device)?;
        self.report.restored += 1;
        Ok(())
    }

    fn sync(&self) -> Result<(), SavepointError> {
        let mut seen = HashSet::new();
        for tree in &self.manifest.head.trees {
            let place = self.machine.place(&tree.to_string_lossy());
            let Ok(file) = File::open(&place) else { continue };
            let failed = || SavepointError::io("can't sync", &place);
            if seen.insert(file.metadata().map_err(failed())?.dev()) {
                rustix::fs::syncfs(&file).map_err(|error| failed()(error.into()))?;
            }
        }
        // Mounts below trees, such as the EFI system partition.
        rustix::fs::sync();
        Ok(())
    }
}

/// Whether owner, mode, time and attributes are what they were; times of directories do not count, they come last.
fn is_as(entry: &Entry, place: &Path) -> io::Result<bool> {
    let about = fs::symlink_metadata(place)?;
    let has_mode = entry.kind == Kind::Link || about.mode() & 0o7777 == entry.mode;
    let has_time = entry.kind == Kind::Directory || metadata::times_of(&about) == entry.time;
    let is_owned = (about.uid(), about.gid()) == (entry.uid, entry.gid);
    Ok(has_mode && has_time && is_owned && metadata::attributes(place)? == entry.attributes)
}

/// A name in the same directory, which no other path has.
fn part_of(place: &Path) -> PathBuf {
    place.with_file_name(PART)
}

/// Writes a file whole under another name first; where there is no room for both, in its place.
fn write(place: &Path, from: Option<&Path>) -> io::Result<()> {
    let part = part_of(place);
    let _ = fs::remove_file(&part);
    let written = fill(&part, from).and_then(|()| fs::rename(&part, place));
    match written {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            let _ = fs::remove_file(&part);
            let _ = fs::remove_file(place);
            fill(place, from)
        }
        done => done,
    }
}

fn fill(place: &Path, from: Option<&Path>) -> io::Result<()> {
    let to = File::create(place)?;
    let Some(from) = from else { return Ok(()) };
    let mut from = File::open(from)?;
    if rustix::fs::ioctl_ficlone(&to, &from).is_ok() {
        return Ok(());
    }
    io::copy(&mut from, &mut &to).map(drop)
}

fn same_content(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(other.read(&mut right[..1])? == 0);
        }
        match other.read_exact(&mut right[..count]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if left[..count] != right[..count] {
            return Ok(false);
        }
    }
}
