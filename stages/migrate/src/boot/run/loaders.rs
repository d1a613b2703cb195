//! Directories of boot loaders on EFI system partitions: kept, put back, copied, removed.
//!
//! When the old vendor's packages go, rpm deletes their shim and grub. They are kept and put back, so that the old entry still starts something
//! should the new one fail.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::boot::BootError;
use crate::machine::Machine;

/// Where boot loaders are kept, each below its directory's name.
const KEPT: &str = "/var/lib/heirloom-migrate/loader";
/// Largest boot loader's directory.
const LARGEST: u64 = 256 << 20;
/// How deep its files are: fonts and modules are one below.
const DEEPEST: usize = 4;

fn error(path: &str) -> impl Fn(io::Error) -> BootError {
    move |source| BootError::File { path: path.to_owned(), source }
}

/// The name of a directory `…/EFI/NAME`; other directories are not touched.
fn name(directory: &str) -> Result<&str, BootError> {
    let mut parts = directory.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some(name), Some("EFI")) if !name.is_empty() && ![".", ".."].contains(&name) => Ok(name),
        _ => Err(BootError::NoLoaderDirectory { directory: directory.to_owned() }),
    }
}

/// Where a directory is; none if it is not there.
fn existing(machine: &Machine, directory: &str) -> Option<PathBuf> {
    machine.resolve(directory).ok().filter(|place| place.is_dir())
}

/// Makes a directory and gives where it is.
fn made(machine: &Machine, directory: &str) -> Result<PathBuf, BootError> {
    let mut done = String::new();
    for part in directory.split('/').filter(|part| !part.is_empty()) {
        let parent = machine.resolve(if done.is_empty() { "/" } else { &done }).map_err(error(&done))?;
        match fs::create_dir(parent.join(part)) {
            Err(why) if why.kind() != io::ErrorKind::AlreadyExists => return Err(error(directory)(why)),
            _ => {}
        }
        done = format!("{done}/{part}");
    }
    machine.resolve(directory).map_err(error(directory))
}

/// Regular files below a directory, by their path in it.
fn listing(top: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut total) = (Vec::new(), 0);
    let mut left = vec![(PathBuf::new(), 0)];
    while let Some((below, depth)) = left.pop() {
        for entry in fs::read_dir(top.join(&below))? {
            let entry = entry?;
            let (path, kind) = (below.join(entry.file_name()), entry.file_type()?);
            if kind.is_dir() && depth < DEEPEST {
                left.push((path, depth + 1));
            } else if kind.is_file() {
                total += entry.metadata()?.len();
                found.push(path);
            }
        }
        if total > LARGEST {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is too large for a boot loader's directory",
            ));
        }
    }
    found.sort();
    Ok(found)
}

/// Puts a file in its place at once, and on the disk: a boot loader of half its length does not start.
fn place(to: &Path, content: &[u8]) -> io::Result<()> {
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent)?;
    let mut file = tempfile::Builder::new().prefix("heirloom").tempfile_in(parent)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(to).map_err(|error| error.error)?;
    File::open(parent)?.sync_all()
}

fn copy_files(from: &Path, to: &Path, wanted: impl Fn(&Path) -> bool) -> io::Result<()> {
    for path in listing(from)?.into_iter().filter(|path| wanted(path)) {
        let content = fs::read(from.join(&path))?;
        let target = to.join(&path);
        if fs::read(&target).ok().as_ref() != Some(&content) {
            place(&target, &content)?;
        }
    }
    Ok(())
}

/// Writes a file below a directory of the machine.
pub(super) fn write(machine: &Machine, directory: &str, name: &str, content: &[u8]) -> Result<(), BootError> {
    place(&made(machine, directory)?.join(name), content).map_err(error(&format!("{directory}/{name}")))
}

/// Keeps a copy of a boot loader's directory, once: what is kept already is what was there before the transaction.
pub(super) fn keep(machine: &Machine, directory: &str) -> Result<(), BootError> {
    let name = name(directory)?;
    let Some(from) = existing(machine, directory) else { return Ok(()) };
    let kept = made(machine, KEPT)?;
    if kept.join(name).is_dir() {
        return Ok(());
    }
    let half = kept.join(format!(".{name}"));
    let keep = || {
        if half.is_dir() {
            fs::remove_dir_all(&half)?;
        }
        fs::create_dir(&half)?;
        copy_files(&from, &half, |_| true)?;
        fs::rename(&half, kept.join(name))?;
        File::open(&kept)?.sync_all()
    };
    keep().map_err(error(directory))
}

/// Puts back what is missing. What the fallback loader reads (`BOOTX64.CSV`) stays away, so that it finds the target's alone.
pub(super) fn put_back(machine: &Machine, directory: &str) -> Result<(), BootError> {
    let Some(kept) = existing(machine, &format!("{KEPT}/{}", name(directory)?)) else { return Ok(()) };
    let to = made(machine, directory)?;
    let is_missing = |path: &Path| !to.join(path).exists() && !is_for_fallback(path);
    copy_files(&kept, &to, is_missing).map_err(error(directory))
}

fn is_for_fallback(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// Forgets what was kept.
pub(super) fn forget(machine: &Machine, directory: &str) -> Result<(), BootError> {
    match existing(machine, &format!("{KEPT}/{}", name(directory)?)) {
        Some(kept) => fs::remove_dir_all(kept).map_err(error(KEPT)),
        None => Ok(()),
    }
}

/// Removes from a directory the files that were kept, and the directory if nothing else is in it; then forgets them.
pub(super) fn remove(machine: &Machine, directory: &str) -> Result<(), BootError> {
    let kept = existing(machine, &format!("{KEPT}/{}", name(directory)?));
    if let (Some(kept), Some(place)) = (kept, existing(machine, directory)) {
        let files = listing(&kept).map_err(error(KEPT))?;
        remove_files(&place, &files).map_err(error(directory))?;
    }
    forget(machine, directory)
}

/// Removes a copy and its directory.
pub(super) fn remove_copy(machine: &Machine, directory: &str) -> Result<(), BootError> {
    name(directory)?;
    let Some(place) = existing(machine, directory) else { return Ok(()) };
    let files = listing(&place).map_err(error(directory))?;
    remove_files(&place, &files).map_err(error(directory))
}

fn remove_files(top: &Path, files: &[PathBuf]) -> io::Result<()> {
    for path in files.iter().map(|path| top.join(path)).filter(|path| path.exists()) {
        fs::remove_file(path)?;
    }
    // Directories that are empty now, the deepest first; others stay.
    let mut directories: Vec<PathBuf> =
        files.iter().filter_map(|path| Some(top.join(path.parent()?))).chain([top.to_owned()]).collect();
    directories.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
    directories.dedup();
    for directory in directories {
        match fs::remove_dir(directory) {
            Err(why)
                if why.kind() != io::ErrorKind::DirectoryNotEmpty
                    && why.kind() != io::ErrorKind::NotFound =>
            {
                return Err(why);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Copies a boot loader's directory to another EFI system partition.
pub(super) fn copy(machine: &Machine, from: &str, to: &str) -> Result<(), BootError> {
    name(from)?;
    name(to)?;
    let source = machine.resolve(from).map_err(error(from))?;
    let target = made(machine, to)?;
    copy_files(&source, &target, |_| true).map_err(error(to))
}
