//! A machine that runs: a root with namespaces of its own. Nothing that happens in it is seen outside but its files.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::tool::Tool;
use crate::{Error, Result};

/// A machine that runs. It is switched off when it is dropped, and its copy goes away.
#[derive(Debug)]
pub struct Machine {
    root: PathBuf,
    mirror: PathBuf,
    /// Its first process; none while it is off.
    first: Option<First>,
    _copy: Option<TempDir>,
}

#[derive(Debug)]
struct First {
    outside: Child,
    pid: String,
}

/// What a program in a machine did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; -1 if it was killed.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it complained about.
    pub err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

/// Mounts what a machine has, says so, and becomes its first process.
const BOOT: &str = r#"set -e
root=$1 mirror=$2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/sys"
# Started by a BIOS, with no disks: what this machine has is not the test's.
mkdir -p "$root/sys/firmware/memmap" "$root/sys/dev/block" "$root/sys/block"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"; done
mknod -m 666 "$root/dev/tty" c 5 0
mkdir "$root/dev/shm" "$root/dev/pts" "$root/run/lock"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for name in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/${name#*:}" "$root/dev/${name%:*}"; done
ln -s /proc/self/fd "$root/dev/fd"
if [ -d "$root/mnt/mirror" ]; then
    mount --bind "$mirror" "$root/mnt/mirror"
    mount -o remount,bind,ro "$root/mnt/mirror"
fi
echo ready
exec >/dev/null 2>&1
while :; do sleep 3600 & wait; done
"#;

impl Machine {
    /// Boots the machine whose root is `root` in this directory.
    pub fn boot(copy: TempDir, mirror: &Path) -> Result<Self> {
        let mut machine = Self::start(&copy.path().join("root"), mirror)?;
        machine._copy = Some(copy);
        Ok(machine)
    }

    /// Boots the machine with this root, which stays.
    pub fn start(root: &Path, mirror: &Path) -> Result<Self> {
        let mut machine = Self { root: root.to_owned(), mirror: mirror.to_owned(), first: None, _copy: None };
        machine.switch_on()?;
        Ok(machine)
    }

    /// Its root, as the host sees it. What it has mounted is not there.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path of the machine is.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Boots it, if it is off.
    pub fn switch_on(&mut self) -> Result<()> {
        if self.first.is_some() {
            return Ok(());
        }
        let started = Error::io("unshare");
        let mut outside = Command::new("setpriv")
            .args([
                "--pdeathsig",
                "KILL",
                "unshare",
                "--mount",
                "--pid",
                "--ipc",
                "--uts",
                "--fork",
                "--kill-child",
            ])
            .args(["bash", "-c", BOOT, "machine"])
            .args([&self.root, &self.mirror])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(started)?;
        let mut said = String::new();
        if let Some(out) = outside.stdout.take() {
            BufReader::new(out).read_line(&mut said).map_err(Error::io("bash"))?;
        }
        let id = outside.id();
        let children = PathBuf::from(format!("/proc/{id}/task/{id}/children"));
        let pid = std::fs::read_to_string(&children).map_err(Error::io(&children))?.trim().to_owned();
        if said.trim() != "ready" || pid.is_empty() {
            let _ = outside.kill();
            let _ = outside.wait();
            return Err(Error::Output {
                tool: "unshare",
                expected: "word that the machine is ready",
                output: said,
            });
        }
        self.first = Some(First { outside, pid });
        Ok(())
    }

    /// Ends everything that runs in it at once, as when power is cut; but what was written is not lost.
    pub fn switch_off(&mut self) {
        if let Some(mut first) = self.first.take() {
            let _ = first.outside.kill();
            let _ = first.outside.wait();
        }
    }

    /// A command that runs in the machine, with the environment of a login as root.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.enter();
        // nsenter would open a root of its own before it enters, where nothing is mounted.
        command.args(["--", "chroot"]).arg(&self.root).args(["/usr/bin/env", "-i"]);
        command.args(["LC_ALL=C.UTF-8", "HOME=/root", "TERM=dumb"]);
        command.args(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", program]);
        command
    }

    /// A program of the host that sees the machine's mounts.
    pub(super) fn outside(&self, program: &str) -> Tool {
        let pid = self.first.as_ref().map_or("0", |first| &first.pid);
        Tool::new("nsenter").args(["--target", pid, "--mount", "--", program])
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        let pid = self.first.as_ref().map_or("0", |first| &first.pid);
        command.args(["--target", pid, "--mount", "--pid", "--ipc", "--uts"]).stdin(Stdio::null());
        command
    }

    /// Runs a program in the machine to its end.
    pub fn run(&self, program: &[&str]) -> Result<Ran> {
        let (name, arguments) = program.split_first().unwrap_or((&"true", &[]));
        let output = self.command(name).args(arguments).output();
        Ok(Ran::of(&output.map_err(|source| Error::Start { program: "nsenter".to_owned(), source })?))
    }

    /// Runs a program in the machine that has to succeed; what it printed.
    pub fn must(&self, program: &[&str]) -> Result<String> {
        let ran = self.run(program)?;
        match ran.code {
            0 => Ok(ran.out),
            code => {
                let mut output = format!("{program:?}: {code}");
                output.truncate(output.floor_char_boundary(300));
                let _ = write!(output, "\n{}{}", ran.out, ran.err);
                Err(Error::Output { tool: "a program in the machine", expected: "success", output })
            }
        }
    }

    /// Runs lines of bash in the machine, which have to succeed; what they printed.
    pub fn sh(&self, script: &str) -> Result<String> {
        self.must(&["bash", "-c", script])
    }

    /// Its packages, sorted, as `name-epoch:version-release.arch` and the id of the key that signed each (`-` if none did).
    pub fn packages(&self) -> Result<Vec<String>> {
        let query = "%{NAME}-%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH} %|DSAHEADER?{%{DSAHEADER:pgpsig}}:{%|RSAHEADER?{%{RSAHEADER:pgpsig}}:{-}|}|\n";
        let listed = self.must(&["rpm", "-qa", "--qf", query])?;
        let mut packages: Vec<String> = listed
            .lines()
            .map(|line| {
                let (name, signature) = line.split_once(' ').unwrap_or((line, "-"));
                format!("{name} {}", signature.rsplit(' ').next().unwrap_or("-"))
            })
            .collect();
        packages.sort();
        Ok(packages)
    }

    /// What `rpm -Va` finds, sorted.
    pub fn changed(&self) -> Result<Vec<String>> {
        let ran = self.run(&["rpm", "-Va"])?;
        let mut lines: Vec<String> = ran.out.lines().map(str::to_owned).collect();
        lines.sort();
        Ok(lines)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.switch_off();
    }
}

/// A directory for a copy: in memory where there is room.
pub(super) fn scratch() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).map_or(0, |fs| fs.f_bavail * fs.f_frsize);
    let dir = if room > 6 << 30 { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("machine-").tempdir_in(&dir).map_err(Error::io(&dir))
}

/// Copies a root with everything: owners, times, attributes, hard links.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    Tool::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).run().map(drop)
}
