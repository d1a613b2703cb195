//! A machine below a directory: `/` for the one that this runs on, or where another's root is mounted (from a rescue system).
//!
//! Paths of the machine are absolute as the machine sees them; what is below the root is never left, whatever links say. Its tools run inside of it.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

/// A machine.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

/// Links that are followed for one path, as the kernel does.
const MOST_LINKS: usize = 40;

impl Machine {
    /// The machine whose root is this directory.
    ///
    /// # Errors
    /// There is no such directory.
    pub fn at(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        match root.is_dir() {
            true => Ok(Self { root }),
            false => Err(io::Error::new(io::ErrorKind::NotADirectory, "it is no directory")),
        }
    }

    /// Its root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it is the machine that this runs on.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Where a path of the machine is; the path itself is not resolved, so that it may be a link.
    #[must_use]
    pub fn place(&self, path: &str) -> PathBuf {
        let inside = Path::new(path).components().filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        self.root.join(inside.collect::<PathBuf>())
    }

    /// Where a path of the machine leads: links are followed as the machine follows them, and none leaves it.
    ///
    /// # Errors
    /// Something on the way is not there, or there are too many links.
    pub fn resolve(&self, path: &str) -> io::Result<PathBuf> {
        let mut left: Vec<PathBuf> = vec![PathBuf::from(path)];
        let (mut at, mut links) = (PathBuf::new(), 0);
        while let Some(next) = left.pop() {
            let mut parts = next.components();
            let Some(part) = parts.next() else { continue };
            let rest = parts.as_path().to_owned();
            left.push(rest);
            match part {
                Component::Normal(name) => at.push(name),
                Component::ParentDir => {
                    at.pop();
                    continue;
                }
                Component::RootDir => {
                    at = PathBuf::new();
                    continue;
                }
                Component::CurDir | Component::Prefix(_) => continue,
            }
            let here = self.root.join(&at);
            if here.symlink_metadata()?.is_symlink() {
                links += 1;
                if links > MOST_LINKS {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many links"));
                }
                let target = here.read_link()?;
                at.pop();
                left.push(target);
            }
        }
        Ok(self.root.join(at))
    }

    /// A tool of the machine, which runs inside of it, with a plain locale and without the caller's other variables but PATH, HOME and proxies.
    #[must_use]
    pub fn tool(&self, program: &str) -> Command {
        let mut command = match self.is_here() {
            true => Command::new(program),
            false => {
                let mut command = Command::new("chroot");
                command.arg(&self.root).arg(program);
                command
            }
        };
        command.env_clear().env("LC_ALL", "C").env("HOME", "/root");
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        for name in ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(std::process::Stdio::null());
        command
    }
}
