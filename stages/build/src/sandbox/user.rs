//! A user namespace for those who are not root on the host: inside they are.
//!
//! Only a process outside can say who is who inside, and only newuidmap and newgidmap may say it for more
//! than one id. So a helper is started first, and does its part when the namespace is there.

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::parent_id;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::thread::UnshareFlags;

use super::enter::die_with_parent;
use super::order::{Doing as _, Trouble};
use crate::ids::Ids;

/// Becomes root of a new user namespace with these ids. This process must have one thread.
#[expect(deprecated, reason = "the successor is unsafe for one flag, FILES, which is not used here")]
pub(super) fn enter(ids: &Ids) -> Result<(), Trouble> {
    let what = || "make a user namespace".to_owned();
    let text = serde_json::to_string(ids).doing(what)?;
    let mut helper = Command::new("/proc/self/exe")
        .args([super::VERB, "map", &text])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .doing(what)?;
    rustix::thread::unshare(UnshareFlags::NEWUSER).doing(what)?;
    if let Some(mut pipe) = helper.stdin.take() {
        pipe.write_all(b"!").doing(what)?;
    }
    let output = helper.wait_with_output().doing(what)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        return Err(io::Error::other(said)).doing(what);
    }
    rustix::thread::set_thread_groups(&[]).doing(|| "leave the user's groups".to_owned())
}

/// The helper: maps the ids of the process that started it. Its standard output says why if this is false.
pub(super) fn map(ids: &str) -> bool {
    let result = die_with_parent().and_then(|()| map_parent(ids));
    result.map_err(|trouble| write!(io::stdout(), "{trouble}")).is_ok()
}

fn map_parent(ids: &str) -> Result<(), Trouble> {
    let ids: Ids = serde_json::from_str(ids).doing(|| "understand the ids".to_owned())?;
    let parent = parent_id().to_string();
    // It is in its namespace when it says so; one that died before says nothing.
    io::stdin().read_exact(&mut [0]).doing(|| "hear from the parent".to_owned())?;
    for (program, range) in [("newuidmap", ids.users), ("newgidmap", ids.groups)] {
        let what = || format!("run {program}");
        let output = Command::new(program).arg(&parent).args(range.arguments()).output().doing(what)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(io::Error::other(said)).doing(what);
        }
    }
    Ok(())
}

/// Removes a directory with files of subordinate ids, as root of a namespace of theirs.
pub(super) fn remove(dir: &Path, ids: &str) -> bool {
    let work = || {
        die_with_parent()?;
        let ids: Ids = serde_json::from_str(ids).doing(|| "understand the ids".to_owned())?;
        enter(&ids)?;
        std::fs::remove_dir_all(dir).doing(|| format!("remove {}", dir.display()))
    };
    work().map_err(|trouble: Trouble| write!(io::stdout(), "{trouble}")).is_ok()
}
