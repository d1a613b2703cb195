//! How this machine can build, and what it lacks.

use std::fs;
use std::path::Path;

use crate::cgroup::Cgroups;
use crate::ids::Ids;

/// As whom builds are started. Results and keys do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As root.
    Root,
    /// As any user, in a user namespace with subordinate ids.
    User,
}

/// How the memory and the processes of a build are limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limiting {
    /// By the kernel.
    ControlGroups,
    /// By looking at them many times a second, since this controller can't be used.
    Watching(&'static str),
}

/// Something that builds need and this machine does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// Not root.
    #[error("this user is not root")]
    Root,
    /// No such kind of namespace.
    #[error("the kernel has no {0} namespaces")]
    Namespace(&'static str),
    /// User namespaces are forbidden to those who are not root.
    #[error("only root may make user namespaces: `{setting}` is {value}")]
    UserNamespaces {
        /// The kernel's setting.
        setting: &'static str,
        /// Its value.
        value: String,
    },
    /// The kernel is too old for overlays in user namespaces.
    #[error("Linux {0} has no overlays in user namespaces; 5.11 has")]
    Kernel(String),
    /// No or too few subordinate ids.
    #[error("{0} does not give this user 65536 subordinate ids")]
    SubordinateIds(&'static str),
    /// A container hides a part of /proc, and the kernel then forbids a fresh one.
    #[error("{0} is covered, and the kernel does not allow another /proc then")]
    Proc(String),
    /// No such file system.
    #[error("the kernel has no {0}")]
    FileSystem(&'static str),
    /// A program that is needed on the host.
    #[error("the program `{0}` is missing")]
    Program(&'static str),
}

/// What a machine can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// What building as root lacks.
    pub root: Vec<Lack>,
    /// What building without root lacks. If root asks, it is not known for whom, and subordinate ids are not
    /// asked for.
    pub user: Vec<Lack>,
    /// How limits are kept.
    pub limiting: Limiting,
}

impl Machine {
    /// How builds are run here.
    ///
    /// # Errors
    /// What is lacking for the mode that comes nearer: as root for root, else without.
    pub fn mode(&self) -> Result<Mode, Vec<Lack>> {
        match (&self.root[..], &self.user[..]) {
            ([], _) => Ok(Mode::Root),
            (lacks, []) if lacks.contains(&Lack::Root) => Ok(Mode::User),
            (lacks, _) if !lacks.contains(&Lack::Root) => Err(lacks.to_vec()),
            (_, lacks) => Err(lacks.to_vec()),
        }
    }
}

/// Looks at this machine.
#[must_use]
pub fn detect() -> Machine {
    let is_root = rustix::process::geteuid().is_root();
    let common = common();
    let mut root: Vec<_> = (!is_root).then_some(Lack::Root).into_iter().collect();
    root.extend(common.iter().cloned());
    let mut user = common;
    user.extend(user_namespaces());
    user.extend(["newuidmap", "newgidmap"].into_iter().filter(|name| !is_installed(name)).map(Lack::Program));
    if !is_root {
        user.extend(Ids::find().err());
    }
    let limiting = match Cgroups::find() {
        Ok(_) => Limiting::ControlGroups,
        Err(controller) => Limiting::Watching(controller),
    };
    Machine { root, user, limiting }
}

/// What both modes need.
fn common() -> Vec<Lack> {
    let kinds = [
        ("mnt", "mount"),
        ("pid", "process"),
        ("net", "network"),
        ("ipc", "IPC"),
        ("uts", "host name"),
        ("cgroup", "control group"),
    ];
    let missing = kinds.into_iter().filter(|(file, _)| !Path::new("/proc/self/ns").join(file).exists());
    let mut lacks: Vec<_> = missing.map(|(_, name)| Lack::Namespace(name)).collect();
    let systems = ["overlay", "tmpfs"].into_iter().filter(|name| !has_file_system(name));
    lacks.extend(systems.map(Lack::FileSystem));
    lacks.extend((!is_installed("rpm")).then_some(Lack::Program("rpm")));
    lacks
}

/// What the kernel has against user namespaces and what is done in them.
fn user_namespaces() -> Vec<Lack> {
    let mut lacks = Vec::new();
    if !Path::new("/proc/self/ns/user").exists() {
        lacks.push(Lack::Namespace("user"));
    }
    let settings = [
        ("/proc/sys/user/max_user_namespaces", "0"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0"),
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
    ];
    for (setting, forbidding) in settings {
        let value = fs::read_to_string(setting).unwrap_or_default().trim().to_owned();
        if value == forbidding {
            lacks.push(Lack::UserNamespaces { setting, value });
        }
    }
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    if !has_overlays_for_users(&release) {
        lacks.push(Lack::Kernel(release));
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    lacks.extend(covered_proc(&mounts).map(|path| Lack::Proc(path.to_owned())));
    lacks
}

/// Overlays in user namespaces came with 5.11; Enterprise Linux 9 starts beyond it.
fn has_overlays_for_users(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().ok());
    (numbers.next().flatten(), numbers.next().flatten()) >= (Some(5), Some(11))
}

/// Directories of /proc that are there for others to be mounted on: nothing is hidden there.
const PROC_MOUNT_POINTS: [&str; 3] = ["/proc/fs/nfsd", "/proc/sys/fs/binfmt_misc", "/proc/xen"];

/// The first place below /proc where something else is mounted.
fn covered_proc(mounts: &str) -> Option<&str> {
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    places.into_iter().find(|at| at.starts_with("/proc/") && !PROC_MOUNT_POINTS.contains(at))
}

fn is_installed(program: &str) -> bool {
    ["/usr/bin", "/bin"].iter().any(|dir| Path::new(dir).join(program).exists())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_told_apart() {
        for (release, fits) in [
            ("5.10.0-23-amd64", false),
            ("5.11.0", true),
            ("5.14.0-427.el9.x86_64", true),
            ("6.1.0", true),
            ("4.18.0-553.el8_10.x86_64", false),
            ("strange", false),
        ] {
            assert_eq!(has_overlays_for_users(release), fits, "{release}");
        }
    }

    #[test]
    fn a_covered_proc_is_seen() {
        let line = |at: &str| format!("36 25 0:31 / {at} rw - tmpfs tmpfs rw\n");
        assert_eq!(covered_proc(&line("/proc")), None);
        assert_eq!(covered_proc(&line("/proc/sys/fs/binfmt_misc")), None);
        assert_eq!(covered_proc(&(line("/proc") + &line("/proc/kcore"))), Some("/proc/kcore"));
    }

    #[test]
    fn the_mode_follows_from_what_is_lacking() {
        let machine = |root: &[Lack], user: &[Lack]| {
            let (root, user) = (root.to_vec(), user.to_vec());
            Machine { root, user, limiting: Limiting::ControlGroups }.mode()
        };
        let (not_root, program) = ([Lack::Root], [Lack::Program("newuidmap")]);
        assert_eq!(machine(&[], &[]), Ok(Mode::Root));
        assert_eq!(machine(&not_root, &[]), Ok(Mode::User));
        assert_eq!(machine(&not_root, &program), Err(program.to_vec()));
        let overlay = [Lack::FileSystem("overlay")];
        assert_eq!(machine(&overlay, &overlay), Err(overlay.to_vec()));
    }
}
