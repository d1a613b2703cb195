//! Takes results out of the sandbox, past whatever the build left in their place.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, openat};

use super::order::{Doing as _, Trouble};

/// Creates a file in the run's directory on the host.
pub(super) fn create(outside: &OwnedFd, name: &str) -> Result<File, Trouble> {
    let flags = OFlags::CREATE | OFlags::TRUNC | OFlags::WRONLY | OFlags::CLOEXEC;
    openat(outside, name, flags, Mode::from_raw_mode(0o644))
        .map(File::from)
        .doing(|| format!("create {name}"))
}

/// Writes a file in the run's directory on the host.
pub(super) fn write(outside: &OwnedFd, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
    create(outside, name)?.write_all(bytes).doing(|| format!("write {name}"))
}

/// Copies the RPMs to `out/`. No process is left that could change the tree meanwhile, and paths end
/// inside the sandbox's own root; so all that must be seen to is that each is a plain file.
pub(super) fn collect(outside: &OwnedFd, top: &Path) -> Result<(), Trouble> {
    for kind in ["RPMS", "SRPMS"] {
        for file in rpms_below(&top.join(kind), 2) {
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
            let what = || format!("take out {}", file.display());
            let mut source = File::open(&file).doing(what)?;
            let mut target = create(outside, &format!("out/{name}"))?;
            io::copy(&mut source, &mut target).doing(what)?;
        }
    }
    Ok(())
}

fn rpms_below(dir: &Path, depth: u32) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 1 => found.extend(rpms_below(&path, depth - 1)),
            Ok(kind) if kind.is_file() && path.extension().is_some_and(|it| it == "rpm") => found.push(path),
            _ => {}
        }
    }
    found
}
