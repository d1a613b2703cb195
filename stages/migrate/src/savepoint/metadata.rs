//! Owners, modes, times and extended attributes: read, compared, set.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;

use super::entry::{Entry, Kind};

/// Bytes of an attribute, as the kernel bounds them.
const LARGEST: usize = 64 << 10;

pub(super) fn times_of(about: &Metadata) -> (i64, i64) {
    (about.mtime(), about.mtime_nsec())
}

/// Sets the time of the last change; of a link itself.
pub(super) fn set_times(path: &Path, (seconds, nanoseconds): (i64, i64)) -> io::Result<()> {
    let changed = Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ };
    let kept = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT as _ };
    let times = Timestamps { last_access: kept, last_modification: changed };
    Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Extended attributes of a path itself, sorted. A file system without them has none.
pub(super) fn attributes(path: &Path) -> io::Result<Vec<(String, String)>> {
    let mut names = vec![0_u8; 512];
    let length = loop {
        match rustix::fs::llistxattr(path, names.as_mut_slice()) {
            Ok(length) => break length,
            Err(Errno::RANGE) if names.len() < LARGEST => names.resize(LARGEST, 0),
            Err(Errno::OPNOTSUPP | Errno::PERM) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
    };
    let mut all = Vec::new();
    for name in names[..length.min(names.len())].split(|byte| *byte == 0) {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        if is_kept(name)
            && let Some(value) = attribute(path, name)?
        {
            all.push((name.to_owned(), STANDARD.encode(value)));
        }
    }
    all.sort();
    Ok(all)
}

/// Labels, capabilities, access lists and what users set; not what a file system keeps for itself.
fn is_kept(name: &str) -> bool {
    ["security.", "user.", "system.posix_acl_"].iter().any(|begin| name.starts_with(begin))
}

fn attribute(path: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    let mut value = vec![0_u8; 256];
    loop {
        match rustix::fs::lgetxattr(path, name, value.as_mut_slice()) {
            Ok(length) => {
                value.truncate(length);
                return Ok(Some(value));
            }
            Err(Errno::RANGE) if value.len() < LARGEST => value.resize(LARGEST, 0),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes owner, mode and attributes what an entry says; its times if it is no directory. What is right already is not touched.
pub(super) fn set(path: &Path, entry: &Entry) -> io::Result<()> {
    let about = fs::symlink_metadata(path)?;
    let is_link = entry.kind == Kind::Link;
    if (about.uid(), about.gid()) != (entry.uid, entry.gid) {
        match lchown(path, Some(entry.uid), Some(entry.gid)) {
            // vfat has no owners.
            Err(error) if error.raw_os_error() == Some(Errno::PERM.raw_os_error()) => {}
            done => done?,
        }
    }
    // A change of the owner takes bits away.
    if !is_link && fs::symlink_metadata(path)?.mode() & 0o7777 != entry.mode & 0o7777 {
        fs::set_permissions(path, fs::Permissions::from_mode(entry.mode & 0o7777))?;
    }
    let present = attributes(path)?;
    if present != entry.attributes {
        set_attributes(path, &present, &entry.attributes)?;
    }
    if entry.kind != Kind::Directory && times_of(&fs::symlink_metadata(path)?) != entry.time {
        set_times(path, entry.time)?;
    }
    Ok(())
}

fn set_attributes(path: &Path, present: &[(String, String)], wanted: &[(String, String)]) -> io::Result<()> {
    for (name, _) in present.iter().filter(|(name, _)| !wanted.iter().any(|(other, _)| other == name)) {
        match rustix::fs::lremovexattr(path, name.as_str()) {
            // A kernel with a security module does not let labels go.
            Err(Errno::NODATA | Errno::ACCESS | Errno::OPNOTSUPP) => {}
            done => done?,
        }
    }
    for (name, value) in wanted.iter().filter(|pair| !present.contains(pair)) {
        let value =
            STANDARD.decode(value).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        match rustix::fs::lsetxattr(path, name.as_str(), &value, XattrFlags::empty()) {
            Err(Errno::OPNOTSUPP) => {}
            done => done?,
        }
    }
    Ok(())
}
