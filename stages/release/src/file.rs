//! File operations whose errors name the file, and that leave half of nothing.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::ReleaseError;

type Result<T> = std::result::Result<T, ReleaseError>;

/// Files are read by any web server, and changed by nobody.
const FILE: u32 = 0o444;
/// Directories are changed by their owner alone.
const DIR: u32 = 0o755;

/// Makes a directory that everyone can read, and those above it, whatever the umask is.
pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    dir.parent().map_or(Ok(()), make_dir)?;
    let failed = |source| ReleaseError::io("make", dir, source);
    fs::create_dir(dir).map_err(failed)?;
    fs::set_permissions(dir, Permissions::from_mode(DIR)).map_err(failed)
}

/// Hard-links a file. Where that can't be done (another file system, too many links), it is copied, by reference
/// where the file system can.
pub(crate) fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if cant_link(&error) => {
            fs::copy(from, to)?;
            let copy = File::open(to)?;
            copy.set_permissions(Permissions::from_mode(FILE))
        }
        Err(error) => Err(error),
    }
}

fn cant_link(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::CrossesDevices | io::ErrorKind::TooManyLinks | io::ErrorKind::Unsupported
    ) || error.kind() == io::ErrorKind::PermissionDenied
}

/// Writes a file that everyone can read. Its directory is not in sight yet.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let failed = |source| ReleaseError::io("write", path, source);
    fs::write(path, text).map_err(failed)?;
    fs::set_permissions(path, Permissions::from_mode(FILE)).map_err(failed)
}

/// Puts a file in the place of another one: all of it or nothing.
pub(crate) fn replace(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let new = beside(path);
    remove(&new)?;
    make(&new)?;
    rename(&new, path)?;
    // Of two links to one file, rename leaves both.
    remove(&new)
}

/// Lets a link point elsewhere, in one step.
pub(crate) fn point(link: &Path, target: &Path) -> Result<()> {
    replace(link, |new| symlink(target, new).map_err(|source| ReleaseError::io("make", new, source)))
}

/// The name under which a file is written, or a directory removed: `.<name>.new` beside it.
pub(crate) fn beside(path: &Path) -> std::path::PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// Whether a name is one of those.
pub(crate) fn is_leftover(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".new")
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|source| ReleaseError::io("rename", from, source))
}

/// Removes a file or a directory with all that is in it, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(|source| ReleaseError::io("remove", path, source))
}

/// Removes a directory that is in sight: its name goes first, so that nobody sees half of it.
pub(crate) fn take_away(dir: &Path) -> Result<()> {
    let aside = beside(dir);
    remove(&aside)?;
    rename(dir, &aside)?;
    remove(&aside)
}

/// The names in a directory, sorted; none if it is not there.
pub(crate) fn names(dir: &Path) -> Result<Vec<String>> {
    let failed = |source| ReleaseError::io("read", dir, source);
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>().map_err(failed)?;
    names.sort();
    Ok(names)
}

/// Brings everything that was written on the file system of this directory to disk: once for a whole tree.
pub(crate) fn sync_tree(dir: &Path) -> Result<()> {
    let failed = |source| ReleaseError::io("flush", dir, source);
    let file = File::open(dir).map_err(failed)?;
    rustix::fs::syncfs(&file).map_err(|errno| failed(errno.into()))
}

/// Brings the names in this directory to disk.
pub(crate) fn sync_names(dir: &Path) -> Result<()> {
    let failed = |source| ReleaseError::io("flush", dir, source);
    File::open(dir).and_then(|file| file.sync_all()).map_err(failed)
}

/// Whether two small files are the same. What can't be read is not.
pub(crate) fn same_content(a: &Path, b: &Path) -> bool {
    matches!((fs::read(a), fs::read(b)), (Ok(a), Ok(b)) if a == b)
}
