//! A root directory with a shell and tools that are scripts: what a machine's tools print is in files, so that they are run in it as they would be
//! on the machine, by `chroot`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_migrate::machine::Machine;

pub(crate) struct Root {
    dir: tempfile::TempDir,
}

impl Root {
    /// An empty root with `/bin/sh` and what that is linked with.
    pub(crate) fn new() -> Self {
        let root = Self { dir: tempfile::tempdir().unwrap() };
        let shell = fs::canonicalize("/bin/sh").unwrap();
        fs::create_dir_all(root.place("/bin")).unwrap();
        fs::copy(&shell, root.place("/bin/sh")).unwrap();
        let linked = Command::new("ldd").arg(&shell).output().unwrap();
        for word in
            String::from_utf8_lossy(&linked.stdout).split_whitespace().filter(|word| word.starts_with('/'))
        {
            let to = root.place(word);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(word, to).unwrap();
        }
        root
    }

    pub(crate) fn machine(&self) -> Machine {
        Machine::at(self.dir.path()).unwrap()
    }

    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.place(path).parent().unwrap()).unwrap();
        fs::write(self.place(path), content).unwrap();
    }

    /// A file of so many bytes that takes no room.
    pub(crate) fn sparse(&self, path: &str, size: u64) {
        self.write(path, "");
        fs::File::options().write(true).open(self.place(path)).unwrap().set_len(size).unwrap();
    }

    pub(crate) fn link(&self, path: &str, target: &str) {
        fs::create_dir_all(self.place(path).parent().unwrap()).unwrap();
        symlink(target, self.place(path)).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.place(path)).ok()
    }

    pub(crate) fn tool(&self, name: &str, script: &str) {
        let path = format!("/usr/sbin/{name}");
        self.write(&path, format!("#!/bin/sh\n{script}"));
        fs::set_permissions(self.place(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A tool that prints a file.
    pub(crate) fn prints(&self, name: &str, text: &str) {
        self.write(&format!("/fixture/{name}"), text);
        self.tool(
            name,
            &format!("while IFS= read -r line; do printf '%s\\n' \"$line\"; done </fixture/{name}\n"),
        );
    }
}

/// All files below a directory, as the machine names them.
pub(crate) fn files(top: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![top.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => left.push(path),
                path => found.push(path.strip_prefix(top).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}
