//! What this machine lacks for building.

use std::fs;
use std::path::Path;

use crate::cgroup::Cgroups;

/// Something that builds need and this machine does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// Not root.
    #[error("builds need root, for their namespaces and mounts: run as root")]
    Root,
    /// No such kind of namespace.
    #[error("the kernel has no {0} namespaces")]
    Namespace(&'static str),
    /// No such file system.
    #[error("the kernel has no {0}: load its module (`modprobe {0}`)")]
    FileSystem(&'static str),
    /// No such control group controller.
    #[error(
        "the control group controller `{0}` can't be used: mount it writable, or run outside a container"
    )]
    Controller(&'static str),
    /// A program that is needed on the host.
    #[error("the program `{0}` is missing")]
    Program(&'static str),
}

/// Looks at this machine; an empty list means that builds can run.
#[must_use]
pub fn detect() -> Vec<Lack> {
    let mut lacks = Vec::new();
    if !rustix::process::geteuid().is_root() {
        lacks.push(Lack::Root);
    }
    for (file, name) in [
        ("mnt", "mount"),
        ("pid", "process"),
        ("net", "network"),
        ("ipc", "IPC"),
        ("uts", "host name"),
        ("cgroup", "control group"),
    ] {
        if !Path::new("/proc/self/ns").join(file).exists() {
            lacks.push(Lack::Namespace(name));
        }
    }
    lacks
        .extend(["overlay", "tmpfs"].into_iter().filter(|name| !has_file_system(name)).map(Lack::FileSystem));
    if !["/usr/bin/rpm", "/bin/rpm"].iter().any(|path| Path::new(path).exists()) {
        lacks.push(Lack::Program("rpm"));
    }
    if let Err(controller) = Cgroups::find() {
        lacks.push(Lack::Controller(controller));
    }
    lacks
}

/// Loaded, or a module that the kernel loads when it is asked for.
fn has_file_system(name: &str) -> bool {
    let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let module = format!("/{name}.ko");
    let loadable = || {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        let list = fs::read_to_string(Path::new("/lib/modules").join(release).join("modules.dep"));
        list.is_ok_and(|list| list.contains(&module))
    };
    known.lines().any(|line| line.split_whitespace().last() == Some(name)) || loadable()
}
