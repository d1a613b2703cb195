//! Builds what is seen inside: the overlay, the places in memory, the few things of the host.

use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fd::OwnedFd;
use rustix::mount::MountFlags;

use super::order::{Content, Doing as _, Input, Order, Trouble, Upper, View};
use super::{BUILD_ID, PACKAGES, TARGET, mounts};

/// Modification time of every file that is copied in, so that source RPMs don't depend on when.
const INPUT_TIME: Duration = Duration::from_secs(1_000_000_000);

/// Parts of the host's /etc that its rpm may need; nothing secret.
const HOST_ETC: [&str; 10] = [
    "alternatives",
    "crypto-policies",
    "debian_version",
    "group",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "nsswitch.conf",
    "passwd",
];

/// What was taken in hand before the pivot.
struct Taken {
    dev: OwnedFd,
    tmp: OwnedFd,
    builddir: OwnedFd,
    packages: Option<OwnedFd>,
}

/// Builds the view and moves into it. The current directory is the state directory before, `/` after.
pub(super) fn enter(order: &Order) -> Result<(), Trouble> {
    let memory = order.work.join("mnt");
    mounts::mount_new("tmpfs", &memory, MountFlags::NOSUID, &format!("size={},mode=0755", order.disk))?;
    for (name, mode) in [("root", 0o755), ("empty", 0o755), ("upper", 0o755), ("work", 0o755), ("dev", 0o755)]
    {
        mounts::make_dir(&memory.join(name), mode)?;
    }
    mounts::make_dir(&memory.join("tmp"), 0o1777)?;
    mounts::fill_dev(&memory.join("dev"))?;
    fill_builddir(&memory.join("builddir"), &order.surroundings.top, &order.inputs)?;
    let root = memory.join("root");
    let system = if order.view.host_tools { show_host(&root)? } else { root.clone() };
    mount_layers(&order.view, &memory, &system)?;
    for place in BTreeSet::from([&root, &system]) {
        mounts::mount_proc(&place.join("proc"))?;
    }
    let packages = order.work.join("packages");
    let taken = Taken {
        dev: mounts::take(&memory.join("dev"))?,
        tmp: mounts::take(&memory.join("tmp"))?,
        builddir: mounts::take(&memory.join("builddir"))?,
        packages: packages.exists().then(|| mounts::take(&packages)).transpose()?,
    };
    let target_dev = order.view.host_tools.then(|| mounts::take(&memory.join("dev"))).transpose()?;
    mounts::pivot(&root)?;
    furnish(&taken, &order.view.upper)?;
    match target_dev {
        None => Ok(()),
        Some(dev) => mounts::put(&dev, &format!("{TARGET}/dev")),
    }
}

fn mount_layers(view: &View, memory: &Path, at: &Path) -> Result<(), Trouble> {
    let mut lower: Vec<_> = view.layers.iter().map(|layer| layer.display().to_string()).collect();
    if lower.is_empty() {
        lower.push(memory.join("empty").display().to_string());
    }
    let (dir, volatile) = match &view.upper {
        Upper::Memory => (memory.to_owned(), ""),
        // A layer that a power cut damaged is thrown away, so that nobody need wait for the disk.
        Upper::Layer(dir) => (dir.clone(), "volatile,"),
    };
    // Where root is not the host's, notes on deleted and replaced directories need names of their own, and
    // the kernel switches off by itself what must be off.
    let notes = if is_initial_user_namespace() { "metacopy=off,redirect_dir=off" } else { "userxattr" };
    let options = format!(
        "{volatile}{notes},index=off,lowerdir={},upperdir={d}/upper,workdir={d}/work",
        lower.join(":"),
        d = dir.display()
    );
    mounts::mount_new("overlay", at, MountFlags::NODEV, &options)
}

/// Whether all ids are the host's own.
fn is_initial_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Shows the host's programs below `root`, read-only; returns where the layers belong.
fn show_host(root: &Path) -> Result<PathBuf, Trouble> {
    mounts::make_mount_point(root)?;
    for name in ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        let (host, inside) = (Path::new("/").join(name), root.join(name));
        let Ok(found) = fs::symlink_metadata(&host) else { continue };
        if found.is_symlink() {
            let target = fs::read_link(&host).doing(|| format!("read {}", host.display()))?;
            symlink(target, &inside).doing(|| format!("link /{name}"))?;
        } else {
            mounts::make_dir(&inside, 0o755)?;
            mounts::show_read_only(&host, &inside)?;
        }
    }
    mounts::make_dir(&root.join("etc"), 0o755)?;
    for name in HOST_ETC {
        let (host, inside) = (Path::new("/etc").join(name), root.join("etc").join(name));
        match fs::metadata(&host) {
            Ok(found) if found.is_dir() => mounts::make_dir(&inside, 0o755)?,
            Ok(_) => mounts::touch(&inside)?,
            Err(_) => continue,
        }
        mounts::show_read_only(&host, &inside)?;
    }
    let target = root.join(&TARGET[1..]);
    mounts::make_dir(&target, 0o755)?;
    Ok(target)
}

/// After the pivot: the places that every program expects.
fn furnish(taken: &Taken, upper: &Upper) -> Result<(), Trouble> {
    mounts::put(&taken.dev, "/dev")?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mounts::mount_new("devpts", Path::new("/dev/pts"), flags, "newinstance,ptmxmode=0666,mode=0620,gid=5")?;
    mounts::put(&taken.tmp, "/tmp")?;
    if let Some(packages) = &taken.packages {
        mounts::put(packages, PACKAGES)?;
        mounts::freeze(PACKAGES)?;
    }
    match upper {
        Upper::Memory => {
            mounts::put(&taken.builddir, "/builddir")?;
            add_identity()
        }
        Upper::Layer(_) => Ok(()),
    }
}

/// Adds the build user and `localhost` where the packages have none.
fn add_identity() -> Result<(), Trouble> {
    let user = super::BUILD_USER;
    let passwd = format!("{user}:x:{BUILD_ID}:{BUILD_ID}::/builddir:/bin/bash\n");
    add_line("/etc/passwd", &format!("{user}:"), &passwd)?;
    add_line("/etc/group", &format!("{user}:"), &format!("{user}:x:{BUILD_ID}:\n"))?;
    add_line("/etc/hosts", "127.0.0.1", "127.0.0.1 localhost\n::1 localhost\n")
}

fn add_line(file: &str, start: &str, line: &str) -> Result<(), Trouble> {
    let what = || format!("add to {file}");
    let mut text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).doing(what),
    };
    if text.split(|&byte| byte == b'\n').any(|found| found.starts_with(start.as_bytes())) {
        return Ok(());
    }
    if text.last().is_some_and(|&last| last != b'\n') {
        text.push(b'\n');
    }
    text.extend_from_slice(line.as_bytes());
    fs::write(file, text).doing(what)
}

fn fill_builddir(home: &Path, top: &Path, inputs: &[Input]) -> Result<(), Trouble> {
    make_owned(home, BUILD_ID)?;
    make_all_owned(home, top, BUILD_ID)?;
    for input in inputs {
        make_all_owned(home, input.to.parent().unwrap_or(Path::new("")), input.owner)?;
        fill(input, &home.join(&input.to))?;
    }
    Ok(())
}

fn make_all_owned(home: &Path, path: &Path, owner: u32) -> Result<(), Trouble> {
    let mut dir = home.to_owned();
    for part in path {
        dir.push(part);
        make_owned(&dir, owner)?;
    }
    Ok(())
}

fn make_owned(dir: &Path, owner: u32) -> Result<(), Trouble> {
    if dir.exists() {
        return Ok(());
    }
    mounts::make_dir(dir, 0o755)?;
    chown(dir, Some(owner), Some(owner)).doing(|| format!("give away {}", dir.display()))
}

fn fill(input: &Input, to: &Path) -> Result<(), Trouble> {
    let what = || format!("put the file {}", to.display());
    let mut file = File::create_new(to).doing(what)?;
    let mode = match &input.content {
        Content::File(from) => {
            let what = || format!("copy {} to {}", from.display(), to.display());
            let mut source = File::open(from).doing(what)?;
            io::copy(&mut source, &mut file).doing(what)?;
            0o644
        }
        Content::Script(text) => {
            file.write_all(text.as_bytes()).doing(what)?;
            0o755
        }
    };
    file.set_permissions(Permissions::from_mode(mode)).doing(what)?;
    let time = SystemTime::UNIX_EPOCH + INPUT_TIME;
    file.set_times(FileTimes::new().set_modified(time).set_accessed(time)).doing(what)?;
    chown(to, Some(input.owner), Some(input.owner)).doing(what)
}
