//! What was not there before: removed if the conversion brought it, else moved aside.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::SavepointError;
use super::after::After;
use super::entry::from_text;
use super::restore::{PART, Report};
use crate::layout::Layout;
use crate::machine::Machine;

/// Judges paths that were not there.
pub(super) struct Strays<'a> {
    machine: &'a Machine,
    after: &'a After,
    brought: HashSet<PathBuf>,
    aside: PathBuf,
}

impl<'a> Strays<'a> {
    pub(super) fn new(
        machine: &'a Machine,
        layout: &Layout,
        after: &'a After,
    ) -> Result<Self, SavepointError> {
        let list = layout.at("savepoint").join("brought");
        let text = fs::read_to_string(&list).map_err(SavepointError::io("can't read", &list))?;
        let brought = text.lines().filter_map(from_text).map(PathBuf::from).collect();
        Ok(Self { machine, after, brought, aside: layout.at("set-aside") })
    }

    /// Removes or moves one; directories come after what is in them.
    pub(super) fn treat(&self, path: &Path, report: &mut Report) -> Result<(), SavepointError> {
        let place = self.machine.place(&path.to_string_lossy());
        let about = match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            about => about.map_err(SavepointError::io("can't look at", &place))?,
        };
        if about.is_dir() {
            match fs::remove_dir(&place) {
                Ok(()) => report.removed += 1,
                Err(error) => report.lost.push(format!("{}: it can't be removed: {error}", path.display())),
            }
            return Ok(());
        }
        let is_ours = match self.after.is_known() {
            true => self.after.is_same(path, &place),
            false => self.brought.contains(path),
        };
        if is_ours || is_temporary(path) {
            fs::remove_file(&place).map_err(SavepointError::io("can't remove", &place))?;
            report.removed += 1;
            return Ok(());
        }
        let why =
            if self.after.is_known() { "it was made after the conversion" } else { "no package brought it" };
        self.aside(path, &place, true, report, why)
    }

    /// Keeps what is at a path before something else takes its place.
    pub(super) fn aside(
        &self,
        path: &Path,
        place: &Path,
        is_moved: bool,
        report: &mut Report,
        why: &str,
    ) -> Result<(), SavepointError> {
        let to = self.aside.join(path.strip_prefix("/").unwrap_or(path));
        let dir = to.parent().unwrap_or(&self.aside);
        fs::create_dir_all(dir).map_err(SavepointError::io("can't make", dir))?;
        let is_renamed = is_moved && fs::rename(place, &to).is_ok();
        if !is_renamed {
            let about = fs::symlink_metadata(place).map_err(SavepointError::io("can't look at", place))?;
            let _ = fs::remove_file(&to);
            if about.is_file() {
                fs::copy(place, &to).map_err(SavepointError::io("can't copy", place))?;
            } else if about.is_symlink() {
                let target = fs::read_link(place).map_err(SavepointError::io("can't read", place))?;
                std::os::unix::fs::symlink(target, &to).map_err(SavepointError::io("can't make", &to))?;
            }
            if is_moved {
                fs::remove_file(place).map_err(SavepointError::io("can't remove", place))?;
            }
        }
        report.set_aside.push((path.to_owned(), why.to_owned()));
        Ok(())
    }

    /// Whether a file that is about to be replaced is the conversion's, and not somebody's later work.
    pub(super) fn is_ours(&self, path: &Path, place: &Path) -> bool {
        !self.after.is_known() || self.after.is_same(path, place)
    }
}

/// rpm's own names for files that it has not renamed yet (`NAME;65f0a1b2`), and ours.
fn is_temporary(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let is_rpms = name
        .rsplit_once(';')
        .is_some_and(|(_, digits)| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_rpms || name.starts_with(PART)
}
