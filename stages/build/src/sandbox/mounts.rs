//! Small mount operations, each named for what it does here.

use std::ffi::CString;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, StatVfsMountFlags, makedev, mknodat, statvfs};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_bind,
    mount_change, mount_remount, move_mount, open_tree, unmount,
};

use super::order::{Doing as _, Trouble};

/// Mounts a file system of this type with these options.
pub(super) fn mount_new(kind: &str, at: &Path, flags: MountFlags, options: &str) -> Result<(), Trouble> {
    let what = || format!("mount {kind} at {} ({options})", at.display());
    let options = CString::new(options).doing(what)?;
    mount(kind, at, kind, flags, Some(options.as_c_str())).doing(what)
}

/// Keeps our mounts from spreading to the host.
pub(super) fn detach_propagation() -> Result<(), Trouble> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .doing(|| "make mounts private".to_owned())
}

/// Shows a directory or file of the host at another place, read-only.
pub(super) fn show_read_only(from: &Path, at: &Path) -> Result<(), Trouble> {
    let what = || format!("show {} at {}", from.display(), at.display());
    mount_bind(from, at).doing(what)?;
    make_read_only(at).doing(what)
}

/// Makes a directory a mount point of its own, as pivot_root asks.
pub(super) fn make_mount_point(dir: &Path) -> Result<(), Trouble> {
    mount_bind(dir, dir).doing(|| format!("make {} a mount point", dir.display()))
}

/// Without root, what the host has forbidden can't be allowed again: it is kept.
fn make_read_only(at: &Path) -> io::Result<()> {
    let mut flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    if statvfs(at)?.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        flags |= MountFlags::NOEXEC;
    }
    Ok(mount_remount(at, flags, "")?)
}

/// Takes a directory in hand with what is mounted below, to be put somewhere after the pivot, when its path
/// is gone.
pub(super) fn take(dir: &Path) -> Result<OwnedFd, Trouble> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    open_tree(CWD, dir, flags).doing(|| format!("take {}", dir.display()))
}

/// Puts what was taken. The place must be a directory, not a link that a package left there.
pub(super) fn put(tree: &impl AsFd, at: &str) -> Result<(), Trouble> {
    make_dir(Path::new(at), 0o755)?;
    move_mount(tree, "", CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .doing(|| format!("put a directory at {at}"))
}

/// Makes a mounted place read-only.
pub(super) fn freeze(at: &str) -> Result<(), Trouble> {
    make_read_only(Path::new(at)).doing(|| format!("make {at} read-only"))
}

/// Makes this directory `/`; the host's file system is gone afterwards.
pub(super) fn pivot(root: &Path) -> Result<(), Trouble> {
    let what = || "change the root directory".to_owned();
    std::env::set_current_dir(root).doing(what)?;
    rustix::process::pivot_root(".", ".").doing(what)?;
    unmount(".", UnmountFlags::DETACH).doing(what)?;
    std::env::set_current_dir("/").doing(what)
}

/// A fresh /proc without the files by which root could change the host's kernel. Without root, the kernel
/// allows it only while the host's own is in sight: before the pivot.
pub(super) fn mount_proc(at: &Path) -> Result<(), Trouble> {
    make_dir(at, 0o555)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount_new("proc", at, flags, "")?;
    for name in ["sys", "sysrq-trigger", "irq", "bus", "fs"] {
        let path = at.join(name);
        if path.exists() {
            show_read_only(&path, &path)?;
        }
    }
    Ok(())
}

/// Makes a directory with exactly this mode unless there is one. Anything else there is refused.
pub(super) fn make_dir(dir: &Path, mode: u32) -> Result<(), Trouble> {
    let what = || format!("make the directory {}", dir.display());
    match fs::symlink_metadata(dir) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::from(io::ErrorKind::NotADirectory)).doing(what),
        Err(_) => {
            fs::create_dir(dir).doing(what)?;
            fs::set_permissions(dir, Permissions::from_mode(mode)).doing(what)
        }
    }
}

/// Fills a directory with the few devices that programs expect: the host's, where new ones can't be made.
pub(super) fn fill_dev(dev: &Path) -> Result<(), Trouble> {
    let nodes =
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];
    for (name, major, minor) in nodes {
        let path = dev.join(name);
        let what = || format!("make the device {}", path.display());
        match mknodat(CWD, &path, FileType::CharacterDevice, Mode::empty(), makedev(major, minor)) {
            Err(Errno::PERM) => {
                touch(&path)?;
                mount_bind(Path::new("/dev").join(name), &path).doing(what)?;
            }
            result => {
                result.doing(what)?;
                fs::set_permissions(&path, Permissions::from_mode(0o666)).doing(what)?;
            }
        }
    }
    let links = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ];
    for (name, target) in links {
        symlink(target, dev.join(name)).doing(|| format!("link /dev/{name}"))?;
    }
    make_dir(&dev.join("pts"), 0o755)?;
    make_dir(&dev.join("shm"), 0o1777)
}

/// An empty file to mount a file on.
pub(super) fn touch(path: &Path) -> Result<(), Trouble> {
    File::create(path).map(drop).doing(|| format!("make {}", path.display()))
}
