//! Making a savepoint.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::entry::{Entry, Kept, Kind, to_text};
use super::manifest::{Head, Writer};
use super::scope::Scope;
use super::walk::{Found, Walk};
use super::{SavepointError, metadata};
use crate::layout::{HOME, Layout, STORE, sync_dir};
use crate::machine::Machine;

/// What a savepoint has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Paths.
    pub paths: u64,
    /// Files that are kept by a link.
    pub linked: u64,
    /// Files that were copied.
    pub copied: u64,
    /// Bytes of these. Those that are shared with the original (reflink) count, too.
    pub copied_bytes: u64,
}

/// Makes a savepoint; what is left of one that was not completed is removed first. Nothing of the machine changes but below its places.
/// `told` hears the number of paths, now and then. All of it is on disk when this returns.
///
/// # Errors
/// There is no room, or somebody writes to a database meanwhile.
pub fn make(
    machine: &Machine,
    layout: &Layout,
    scope: &Scope,
    told: &mut dyn FnMut(u64),
) -> Result<Made, SavepointError> {
    super::remove(machine, layout)?;
    let dir = layout.at("savepoint");
    fs::create_dir_all(&dir).map_err(SavepointError::io("can't make", &dir))?;
    brought(&dir, scope)?;
    let head = Head { format: 1, trees: scope.trees.clone(), stores: Vec::new() };
    let mut maker = Maker {
        machine,
        scope,
        told,
        stores: Stores::new(machine, layout)?,
        manifest: Writer::begin(layout, &head)?,
        made: Made::default(),
        groups: HashMap::new(),
        seen: HashSet::new(),
    };
    let walk = Walk::of(machine);
    for tree in &scope.trees {
        walk.tree(tree, &mut |found| maker.add(&found))?;
    }
    for path in &scope.singles {
        let place = machine.place(&path.to_string_lossy());
        match fs::symlink_metadata(&place) {
            Ok(about) => maker.add(&Found { path: path.clone(), place, about })?,
            Err(_) => {
                let entry = Entry { path: to_text(path), ..Entry::default() };
                maker.manifest.entry(&entry)?;
            }
        }
    }
    maker.stores.sync(machine)?;
    maker.made.paths = maker.manifest.count() as u64;
    maker.manifest.finish(maker.stores.places)?;
    Ok(maker.made)
}

/// Paths of packages that come, for whoever puts back.
fn brought(dir: &Path, scope: &Scope) -> Result<(), SavepointError> {
    let path = dir.join("brought");
    let text: String = scope.brought.iter().map(|path| to_text(path).replace('\n', "%0A") + "\n").collect();
    File::create(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(SavepointError::io("can't write", &path))
}

struct Maker<'a> {
    machine: &'a Machine,
    scope: &'a Scope,
    told: &'a mut dyn FnMut(u64),
    stores: Stores<'a>,
    manifest: Writer,
    made: Made,
    /// Of files with several names that were copied: device and inode, the number that they have, and the copy.
    groups: HashMap<(u64, u64), (u64, Kept)>,
    seen: HashSet<PathBuf>,
}

impl Maker<'_> {
    fn add(&mut self, found: &Found) -> Result<(), SavepointError> {
        // A tree below another one.
        if !self.seen.insert(found.path.clone()) {
            return Ok(());
        }
        let Found { path, place, about } = found;
        let mut entry = describe(path, place, about)?;
        if entry.kind == Kind::File {
            self.keep(&mut entry, found)?;
        }
        self.manifest.entry(&entry)?;
        if self.manifest.count().is_multiple_of(1000) {
            (self.told)(self.manifest.count() as u64);
        }
        Ok(())
    }

    fn keep(&mut self, entry: &mut Entry, found: &Found) -> Result<(), SavepointError> {
        let Found { path, place, about } = found;
        if self.scope.is_linked(path, about.len())
            && let Some(kept) = self.stores.link(self.machine, place, about.dev())?
        {
            self.made.linked += 1;
            entry.kept = Some(kept);
            return Ok(());
        }
        let inode = (about.dev(), about.ino());
        if about.nlink() > 1
            && let Some((group, kept)) = self.groups.get(&inode)
        {
            (entry.group, entry.kept) = (*group, Some(*kept));
            return Ok(());
        }
        let kept = match about.len() {
            0 => Kept::Empty,
            _ => self.stores.copy(self.machine, place, about.dev())?,
        };
        if Scope::is_database(path) {
            let now = fs::symlink_metadata(place).map_err(SavepointError::io("can't look at", place))?;
            if (now.len(), metadata::times_of(&now)) != (about.len(), metadata::times_of(about)) {
                return Err(SavepointError::Changed { path: place.clone() });
            }
        }
        self.made.copied += 1;
        self.made.copied_bytes += about.len();
        entry.kept = Some(kept);
        if about.nlink() > 1 {
            entry.group = self.groups.len() as u64 + 1;
            self.groups.insert(inode, (entry.group, kept));
        }
        Ok(())
    }
}

/// What a path is, without its content.
pub(super) fn describe(path: &Path, place: &Path, about: &Metadata) -> Result<Entry, SavepointError> {
    let kind = kind_of(about);
    let target = match kind {
        Kind::Link => to_text(&fs::read_link(place).map_err(SavepointError::io("can't read", place))?),
        _ => String::new(),
    };
    Ok(Entry {
        path: to_text(path),
        kind,
        mode: about.mode() & 0o7777,
        uid: about.uid(),
        gid: about.gid(),
        size: if kind == Kind::File { about.len() } else { 0 },
        time: metadata::times_of(about),
        attributes: metadata::attributes(place)
            .map_err(SavepointError::io("can't read attributes of", place))?,
        target,
        device: if matches!(kind, Kind::Block | Kind::Character) { about.rdev() } else { 0 },
        group: 0,
        kept: None,
    })
}

pub(super) fn kind_of(about: &Metadata) -> Kind {
    let kind = about.file_type();
    match () {
        () if kind.is_dir() => Kind::Directory,
        () if kind.is_symlink() => Kind::Link,
        () if kind.is_char_device() => Kind::Character,
        () if kind.is_block_device() => Kind::Block,
        () if kind.is_fifo() => Kind::Pipe,
        () if kind.is_socket() => Kind::Socket,
        () => Kind::File,
    }
}

/// Directories with what is kept, one on each file system.
struct Stores<'a> {
    layout: &'a Layout,
    places: Vec<String>,
    /// Index of the store on a device; none if nothing can be linked there.
    on: BTreeMap<u64, Option<usize>>,
    /// Devices whose file system can't share content between files.
    no_reflink: HashSet<u64>,
    next: u64,
}

impl<'a> Stores<'a> {
    fn new(machine: &Machine, layout: &'a Layout) -> Result<Self, SavepointError> {
        let mut stores =
            Self { layout, places: Vec::new(), on: BTreeMap::new(), no_reflink: HashSet::new(), next: 0 };
        let own = format!("{HOME}/current/savepoint/files");
        let place = machine.place(&own);
        stores.begin(&place, own)?;
        let about = fs::metadata(&place).map_err(SavepointError::io("can't look at", &place))?;
        stores.on.insert(about.dev(), Some(0));
        Ok(stores)
    }

    /// The store is listed before it is made, so that whatever is made is found again.
    fn begin(&mut self, place: &Path, name: String) -> Result<(), SavepointError> {
        self.places.push(name);
        let list = self.layout.at("savepoint").join("stores");
        crate::layout::write_whole(&list, (self.places.join("\n") + "\n").as_bytes())
            .map_err(SavepointError::io("can't write", &list))?;
        fs::create_dir_all(place).map_err(SavepointError::io("can't make", place))
    }

    /// The store on the file system of a path.
    fn store(&mut self, machine: &Machine, place: &Path, device: u64) -> Option<usize> {
        if let Some(known) = self.on.get(&device) {
            return *known;
        }
        let made = self.found(machine, place, device);
        self.on.insert(device, made);
        made
    }

    fn found(&mut self, machine: &Machine, place: &Path, device: u64) -> Option<usize> {
        let is_on = |dir: &Path| fs::symlink_metadata(dir).is_ok_and(|about| about.dev() == device);
        let mut top = place.parent()?;
        // Nothing above the machine's root is its own.
        while top != machine.root() && top.parent().is_some_and(is_on) {
            top = top.parent()?;
        }
        if !is_on(top) {
            return None;
        }
        let dir = top.join(STORE);
        let name = Path::new("/").join(dir.strip_prefix(machine.root()).ok()?);
        let times = fs::metadata(top).ok().map(|about| metadata::times_of(&about));
        let begun = self.begin(&dir, name.to_str()?.to_owned());
        if let Some(times) = times {
            let _ = metadata::set_times(top, times);
        }
        // It can't be written to: nothing of it is replaced, either.
        begun.ok().map(|()| self.places.len() - 1)
    }

    fn new_place(&mut self, machine: &Machine, store: usize) -> Result<(u64, PathBuf), SavepointError> {
        let number = self.next;
        self.next += 1;
        let place = machine.place(&self.places[store]).join(Kept::place(number));
        let dir = place.parent().unwrap_or(Path::new("/"));
        if !dir.exists() {
            fs::create_dir_all(dir).map_err(SavepointError::io("can't make", dir))?;
        }
        Ok((number, place))
    }

    /// Keeps a file by a link; none if that can't be done.
    fn link(&mut self, machine: &Machine, file: &Path, device: u64) -> Result<Option<Kept>, SavepointError> {
        let Some(store) = self.store(machine, file, device) else { return Ok(None) };
        let (number, place) = self.new_place(machine, store)?;
        match fs::hard_link(file, &place) {
            Ok(()) => Ok(Some(Kept::Linked(store, number))),
            // Too many links, or a file system or a mount that has none: it is copied.
            Err(error) if error.kind() != io::ErrorKind::StorageFull => Ok(None),
            Err(error) => Err(SavepointError::io("can't link", file)(error)),
        }
    }

    /// Copies a file, beside the original if its content can be shared there, else to the machine's own place.
    fn copy(&mut self, machine: &Machine, file: &Path, device: u64) -> Result<Kept, SavepointError> {
        if !self.no_reflink.contains(&device)
            && let Some(store) = self.store(machine, file, device)
        {
            let (number, place) = self.new_place(machine, store)?;
            let cloned = File::open(file).and_then(|from| {
                let to = File::create(&place)?;
                Ok(rustix::fs::ioctl_ficlone(&to, &from)?)
            });
            if cloned.is_ok() {
                return Ok(Kept::Copied(store, number));
            }
            let _ = fs::remove_file(&place);
            self.no_reflink.insert(device);
        }
        let (number, place) = self.new_place(machine, 0)?;
        fs::copy(file, &place).map_err(SavepointError::io("can't copy", file))?;
        Ok(Kept::Copied(0, number))
    }

    /// Everything is on disk.
    fn sync(&self, machine: &Machine) -> Result<(), SavepointError> {
        let own = self.layout.at("savepoint");
        let others = self.places.iter().map(|place| machine.place(place)).filter(|place| place.exists());
        for place in others.chain([own]) {
            let failed = || SavepointError::io("can't sync", &place);
            let file = File::open(&place).map_err(failed())?;
            rustix::fs::syncfs(&file).map_err(|error| failed()(error.into()))?;
            sync_dir(&place).map_err(failed())?;
        }
        Ok(())
    }
}
