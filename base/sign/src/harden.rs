//! What a process does before it holds the distribution's key.

use rustix::fs::Mode;
use rustix::process::{Gid, Resource, Rlimit, Uid, setrlimit, umask};
use rustix::thread::{set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// A process can't be hardened.
#[derive(Debug, thiserror::Error)]
#[error("this process can't {what}")]
pub struct HardenError {
    what: &'static str,
    source: rustix::io::Errno,
}

/// Makes it hard to get at the memory of this process, and for it to become more than it is: no core dumps, not
/// attachable by others of its user, no new privileges, files for nobody else. `user` is the user and group (ids) that
/// it is from then on; it has no further groups.
///
/// To be called while the process has a single thread: ids are those of threads.
///
/// # Errors
/// The kernel refuses; then nothing may be signed.
pub fn harden(user: Option<(u32, u32)>) -> Result<(), HardenError> {
    let cannot = |what| move |source| HardenError { what, source };
    umask(Mode::RWXG | Mode::RWXO);
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .map_err(cannot("forbid core dumps"))?;
    if let Some((uid, gid)) = user {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        set_thread_groups(&[]).map_err(cannot("leave its groups"))?;
        set_thread_res_gid(gid, gid, gid).map_err(cannot("change its group"))?;
        set_thread_res_uid(uid, uid, uid).map_err(cannot("change its user"))?;
    }
    set_no_new_privs(true).map_err(cannot("give up new privileges"))?;
    // Last, since a change of user takes it back.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(cannot("shut others out of its memory"))
}
