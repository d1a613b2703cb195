//! Control groups: how much memory and how many processes a run may have, on cgroup v1, v2 or both at once.
//!
//! ```text
//! <controller>/heirloom/<pid>-<n>/    one run; removed when it ends, or at the next start
//! ```
//!
//! Where none can be made, pid 1 of the sandbox watches instead: `sandbox/usage.rs`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use heirloom_model::record::Limits;
use rustix::fs::Access;

use crate::BuildError;

/// First and second generation of the sandbox count as processes too.
const OWN_PROCESSES: u64 = 2;

/// How long to wait for the last process of a run that was ended, in steps of 5 ms.
const TRIES: u32 = 2000;

/// The same for what an earlier process left; another may still use it.
const SWEEP_TRIES: u32 = 40;

/// Where this process goes in a group that was delegated to it.
const SELF: &str = "heirloom-self";

/// Which interface a controller has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// A controller and the directory below which groups can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Controller {
    version: Version,
    dir: PathBuf,
}

/// The two controllers that limits need.
#[derive(Debug)]
pub(crate) struct Cgroups {
    memory: Controller,
    pids: Controller,
}

impl Cgroups {
    /// Finds the controllers; says which is missing.
    pub(crate) fn find() -> Result<Self, &'static str> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let find = |name| find(name, &mounts, &own);
        Ok(Self { memory: find("memory").ok_or("memory")?, pids: find("pids").ok_or("pids")? })
    }

    /// Removes the groups of processes that are gone.
    pub(crate) fn sweep(&self) {
        for controller in [&self.memory, &self.pids] {
            for entry in fs::read_dir(&controller.dir).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let owner = name.to_str().and_then(|name| name.split_once('-')).map(|(pid, _)| pid);
                if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                    let _ = remove(&entry.path(), SWEEP_TRIES);
                }
            }
        }
    }

    /// Makes the group of one run. `limits.disk` counts too, because what a build writes is kept in memory;
    /// the share of its processes is watched by [`Group::anonymous`].
    pub(crate) fn group(&self, name: &str, limits: &Limits) -> Result<Group, BuildError> {
        let group = Group { memory: self.memory.child(name), pids: self.pids.child(name) };
        for dir in group.dirs() {
            fs::create_dir_all(dir).map_err(|error| BuildError::io("make the control group", dir, error))?;
        }
        let memory = limits.memory.saturating_add(limits.disk).to_string();
        match group.memory.version {
            Version::One => group.memory.write("memory.limit_in_bytes", &memory)?,
            Version::Two => group.memory.write("memory.max", &memory)?,
        }
        // Swap would only prolong what fails. Not every kernel counts it.
        let _ = match group.memory.version {
            Version::One => group.memory.write("memory.memsw.limit_in_bytes", &memory),
            Version::Two => group.memory.write("memory.swap.max", "0"),
        };
        group.pids.write("pids.max", &(limits.processes.saturating_add(OWN_PROCESSES)).to_string())?;
        Ok(group)
    }
}

impl Drop for Cgroups {
    /// On v1 they are below our own group, whose owner could not remove it otherwise. Fails, as it should,
    /// while another process has runs in it.
    fn drop(&mut self) {
        for controller in [&self.memory, &self.pids] {
            if controller.version == Version::One {
                let _ = fs::remove_dir(&controller.dir);
            }
        }
    }
}

/// The control group of one run; removed with it.
#[derive(Debug)]
pub(crate) struct Group {
    memory: Controller,
    pids: Controller,
}

impl Group {
    fn dirs(&self) -> Vec<&Path> {
        let mut dirs = vec![self.memory.dir.as_path()];
        if self.pids.dir != self.memory.dir {
            dirs.push(&self.pids.dir);
        }
        dirs
    }

    /// The files by which a process joins.
    pub(crate) fn doors(&self) -> Vec<PathBuf> {
        self.dirs().iter().map(|dir| dir.join("cgroup.procs")).collect()
    }

    /// Bytes of memory that the processes have for themselves, without files.
    pub(crate) fn anonymous(&self) -> u64 {
        let key = match self.memory.version {
            Version::One => "total_rss",
            Version::Two => "anon",
        };
        self.memory.counter("memory.stat", key)
    }

    /// Whether the kernel has killed a process for want of memory within the limit.
    pub(crate) fn out_of_memory(&self) -> bool {
        self.kills() > 0 && self.at_its_limit()
    }

    /// Whether the kernel has killed a process though the limit was not reached: the host has no more.
    pub(crate) fn killed_for_the_host(&self) -> bool {
        self.kills() > 0 && !self.at_its_limit()
    }

    fn kills(&self) -> u64 {
        let file = match self.memory.version {
            Version::One => "memory.oom_control",
            Version::Two => "memory.events",
        };
        self.memory.counter(file, "oom_kill")
    }

    fn at_its_limit(&self) -> bool {
        match self.memory.version {
            Version::One => self.memory.number("memory.failcnt") > 0,
            Version::Two => self.memory.counter("memory.events", "max") > 0,
        }
    }

    /// Whether a process could not be started for the limit.
    pub(crate) fn out_of_processes(&self) -> bool {
        self.pids.counter("pids.events", "max") > 0
    }
}

impl Drop for Group {
    /// Also waits until the last process is gone: what they used can be removed afterwards.
    fn drop(&mut self) {
        for dir in self.dirs() {
            let _ = remove(dir, TRIES);
        }
    }
}

impl Controller {
    fn child(&self, name: &str) -> Self {
        Self { version: self.version, dir: self.dir.join(name) }
    }

    fn write(&self, file: &str, value: &str) -> Result<(), BuildError> {
        let path = self.dir.join(file);
        fs::write(&path, value).map_err(|error| BuildError::io("set the limit", &path, error))
    }

    fn number(&self, file: &str) -> u64 {
        fs::read_to_string(self.dir.join(file)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    fn counter(&self, file: &str, key: &str) -> u64 {
        let text = fs::read_to_string(self.dir.join(file)).unwrap_or_default();
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(name, _)| *name == key)
            .map_or(0, |(_, value)| value.trim().parse().unwrap_or(0))
    }
}

/// Removes a group as soon as its last process is gone; looks so many times, 5 ms apart.
fn remove(dir: &Path, most: u32) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match fs::remove_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && tries < most => tries += 1,
            result => return result,
        }
        sleep(Duration::from_millis(5));
    }
}

/// Where groups of this controller can be made, if anywhere.
fn find(name: &str, mounts: &str, own: &str) -> Option<Controller> {
    let mounts: Vec<_> = mounts.lines().filter_map(mount_of).collect();
    let one =
        mounts.iter().find(|mount| mount.kind == "cgroup" && mount.options.split(',').any(|it| it == name));
    if let Some(mount) = one {
        let inside = own.lines().find_map(|line| own_path(line, name)).unwrap_or("");
        let dir = [mount.at.join(inside.trim_start_matches('/')), mount.at.to_owned()];
        let dir = dir.into_iter().find(|dir| dir.is_dir())?.join("heirloom");
        make(&dir)?;
        return Some(Controller { version: Version::One, dir });
    }
    let two = mounts.iter().find(|mount| mount.kind == "cgroup2")?;
    let above = match enable(two.at, name) {
        Some(()) => two.at.to_owned(),
        None => delegated(two.at, own)?,
    };
    let dir = above.join("heirloom");
    enable(&above, name)?;
    make(&dir)?;
    enable(&dir, name)?;
    Some(Controller { version: Version::Two, dir })
}

/// Makes the directory of our groups. Another user's may be there already.
fn make(dir: &Path) -> Option<()> {
    fs::create_dir_all(dir).ok()?;
    rustix::fs::access(dir, Access::WRITE_OK).ok()
}

/// Our own v2 group, where it was given to us to make groups in (`Delegate=yes` of systemd). Groups with
/// controllers can't have processes beside their children, so that we go into a child ourselves; not if
/// others are there too.
fn delegated(mount: &Path, own: &str) -> Option<PathBuf> {
    let inside = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let dir = mount.join(inside);
    if let Some(above) = dir.parent().filter(|_| dir.ends_with(SELF)) {
        return Some(above.to_owned());
    }
    let processes = fs::read_to_string(dir.join("cgroup.procs")).ok()?;
    if processes.trim() != std::process::id().to_string() {
        return None;
    }
    let leaf = dir.join(SELF);
    fs::create_dir_all(&leaf).ok()?;
    fs::write(leaf.join("cgroup.procs"), "0").ok()?;
    Some(dir)
}

/// Switches a v2 controller on for the children of a group.
fn enable(dir: &Path, name: &str) -> Option<()> {
    let control = dir.join("cgroup.subtree_control");
    let enabled = |text: String| text.split_whitespace().any(|it| it == name);
    if fs::read_to_string(&control).is_ok_and(enabled) {
        return Some(());
    }
    fs::write(&control, format!("+{name}")).ok()
}

struct Mount<'a> {
    at: &'a Path,
    kind: &'a str,
    options: &'a str,
}

/// `36 25 0:31 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory`
fn mount_of(line: &str) -> Option<Mount<'_>> {
    let (left, right) = line.split_once(" - ")?;
    let mut right = right.split(' ');
    let kind = right.next()?;
    Some(Mount { at: Path::new(left.split(' ').nth(4)?), kind, options: right.nth(1)? })
}

/// The path in `4:memory:/user.slice`, if the line is about this controller.
fn own_path<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = line.splitn(3, ':').skip(1);
    let controllers = fields.next()?;
    controllers.split(',').any(|it| it == name).then(|| fields.next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernel_s_tables() {
        let mount =
            mount_of("36 25 0:31 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup none rw,memory")
                .unwrap();
        assert_eq!(
            (mount.at, mount.kind, mount.options),
            (Path::new("/sys/fs/cgroup/memory"), "cgroup", "rw,memory")
        );
        assert_eq!(own_path("4:memory:/user.slice/a:b", "memory"), Some("/user.slice/a:b"));
        assert_eq!(own_path("3:cpu,cpuacct:/x", "cpuacct"), Some("/x"));
        assert_eq!(own_path("0::/x", "memory"), None);
    }

    #[test]
    fn without_controllers_there_is_none() {
        assert_eq!(find("memory", "", ""), None);
    }
}
