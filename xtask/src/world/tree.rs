//! The files of a Debian package, laid out as Enterprise Linux lays them out.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use testkit::tool::Tool;
use testkit::{Error as KitError, place};

use super::error::{Error, Result};
use super::recipe::Edit;

/// Top directories that are links into `/usr`.
const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// An unpacked package.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    /// Where files were before the merge into `/usr`, such as `/bin/sed`: others depend on these paths.
    pub(crate) old_paths: Vec<String>,
}

impl Tree {
    /// Unpacks `debs` into `root` and moves what belongs below `/usr` there.
    pub(crate) fn unpack(debs: &[PathBuf], root: PathBuf) -> Result<Self> {
        for deb in debs {
            Tool::new("dpkg-deb").arg("-x").args([deb, &root]).run()?;
        }
        let mut tree = Self { root, old_paths: Vec::new() };
        for top in MERGED {
            let from = tree.root.join(top);
            if from.is_dir() && !from.is_symlink() {
                let to = tree.root.join("usr").join(top);
                tree.merge(&from, &to, &format!("/{top}"))?;
            }
        }
        Ok(tree)
    }

    fn merge(&mut self, from: &Path, to: &Path, old: &str) -> Result<()> {
        place::make_dir(to)?;
        for path in place::entries(from)? {
            let name = path.file_name().unwrap_or_default();
            let old = format!("{old}/{}", name.to_string_lossy());
            let target = to.join(name);
            if path.is_dir() && !path.is_symlink() {
                self.merge(&path, &target, &old)?;
                continue;
            }
            if path.is_symlink() {
                make_absolute(&path, &old)?;
            }
            fs::rename(&path, &target).map_err(KitError::io(&target))?;
            if old.starts_with("/bin/") || old.starts_with("/sbin/") {
                self.old_paths.push(old);
            }
        }
        fs::remove_dir(from).map_err(KitError::io(from))?;
        Ok(())
    }

    /// Keeps each Debian package's licence where the RPM's licence belongs.
    pub(crate) fn keep_licenses(&self, debian_names: &[&str], name: &str) -> Result<()> {
        let licenses = self.root.join("usr/share/licenses").join(name);
        for debian in debian_names {
            let copyright = self.root.join("usr/share/doc").join(debian).join("copyright");
            if copyright.is_file() {
                place::make_dir(&licenses)?;
                place::link(&copyright, &licenses.join(format!("{debian}.copyright")))?;
            }
        }
        Ok(())
    }

    /// Removes files and whole directories; what is not there needs no removing.
    pub(crate) fn remove(&self, paths: &[String]) -> Result<()> {
        for path in paths {
            let path = self.root.join(path.trim_start_matches('/'));
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(&path).map_err(KitError::io(&path))?;
            } else if path.is_symlink() || path.exists() {
                fs::remove_file(&path).map_err(KitError::io(&path))?;
            }
        }
        Ok(())
    }

    /// Removes every file but `keep`.
    pub(crate) fn keep_only(&self, keep: &[String]) -> Result<()> {
        for entry in self.entries()? {
            if !entry.is_dir && !keep.contains(&entry.path) {
                let path = self.root.join(entry.path.trim_start_matches('/'));
                fs::remove_file(&path).map_err(KitError::io(&path))?;
            }
        }
        Ok(())
    }

    pub(crate) fn add_links(&self, links: &BTreeMap<String, String>) -> Result<()> {
        for (path, target) in links {
            let path = self.root.join(path.trim_start_matches('/'));
            if let Some(parent) = path.parent() {
                place::make_dir(parent)?;
            }
            if path.is_symlink() || path.exists() {
                fs::remove_file(&path).map_err(KitError::io(&path))?;
            }
            symlink(target, &path).map_err(KitError::io(&path))?;
        }
        Ok(())
    }

    pub(crate) fn edit(&self, edits: &[Edit]) -> Result<()> {
        for Edit { file, from, to } in edits {
            let path = self.root.join(file.trim_start_matches('/'));
            let text = String::from_utf8_lossy(&place::read(&path)?).into_owned();
            if !text.contains(from.as_str()) {
                return Err(Error::recipe(&path, format!("the text to change is not there: {from}")));
            }
            // Written in place: mode and owner stay.
            fs::write(&path, text.replace(from.as_str(), to)).map_err(KitError::io(&path))?;
        }
        Ok(())
    }

    /// All files, links and empty directories, sorted.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        walk(&self.root, "", &mut found)?;
        Ok(found)
    }
}

/// One path in a package; directories only when they are empty.
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) is_dir: bool,
}

fn walk(dir: &Path, prefix: &str, found: &mut Vec<Entry>) -> Result<()> {
    for path in place::entries(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rel = format!("{prefix}/{name}");
        if path.is_dir() && !path.is_symlink() {
            let before = found.len();
            walk(&path, &rel, found)?;
            if found.len() == before {
                found.push(Entry { path: rel, is_dir: true });
            }
        } else {
            found.push(Entry { path: rel, is_dir: false });
        }
    }
    Ok(())
}

/// A relative link that climbs up would point elsewhere from below `/usr`.
fn make_absolute(link: &Path, old: &str) -> Result<()> {
    let target = fs::read_link(link).map_err(KitError::io(link))?;
    if target.is_absolute() || !target.starts_with("..") {
        return Ok(());
    }
    let mut resolved = PathBuf::from(old);
    resolved.pop();
    for component in target.components() {
        match component {
            Component::ParentDir => drop(resolved.pop()),
            other => resolved.push(other),
        }
    }
    fs::remove_file(link).map_err(KitError::io(link))?;
    symlink(resolved, link).map_err(KitError::io(link))?;
    Ok(())
}
