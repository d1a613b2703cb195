//! The sandbox: foreign code runs in namespaces of its own, on an overlay, within limits.
//!
//! ```text
//! heirloom                     this process: writes the order, pumps the log, watches time, memory, processes
//!  └ heirloom __sandbox enter  joins the cgroups, leaves the host's namespaces
//!     ├ heirloom __sandbox map  only without root: says who is who in the user namespace
//!     └ heirloom __sandbox init  pid 1 inside: mounts, pivots, drops privileges, runs the steps, hands out
//!        └ rpm, rpmspec, rpmbuild ...
//! ```
//!
//! The program re-executes itself, because namespaces belong to a process and a threaded one can't change
//! them safely. Each generation dies with its parent, and with pid 1 everything inside and every mount, so
//! that nothing outlives a killed `heirloom`.
//!
//! ```text
//! <state>/work/<pid>-<n>/     one run; emptied at the next start if its process was killed
//!   order.json                the order, read by both generations
//!   report.json               what became of it, written by pid 1
//!   log                       output of the steps
//!   packages/                 links to the RPMs that are to be installed
//!   out/                      what was collected
//!   mnt/                      where pid 1 mounts; always empty as the host sees it
//! ```

mod caps;
mod enter;
mod follow;
mod init;
mod launch;
mod mounts;
mod order;
mod outputs;
mod terminal;
mod usage;
mod user;
mod view;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

pub(crate) use launch::{End, Run, Sandbox};
pub(crate) use order::{Content, Input, Step, Stop, Surroundings, Upper, View};

/// First argument by which the program knows that it is to become a part of the sandbox.
const VERB: &str = "__sandbox";

/// Home of the build user inside the sandbox.
pub(crate) const HOME: &str = "/builddir";

/// The build tree below it.
pub(crate) const TOP: &str = "build";

/// Directory of the build tree inside the sandbox: rpmbuild's `_topdir`.
pub(crate) const TOPDIR: &str = "/builddir/build";

/// Where the packages to install are inside the sandbox.
pub(crate) const PACKAGES: &str = "/tmp/packages";

/// Where the root that is being made is when the host's rpm installs into it.
pub(crate) const TARGET: &str = "/target";

/// Host name inside the sandbox, and the build host that packages record.
pub(crate) const HOST_NAME: &str = "buildhost";

/// User and group that builds run as.
pub(crate) const BUILD_ID: u32 = 1000;

/// Name of the user and the group that builds run as.
pub(crate) const BUILD_USER: &str = "mockbuild";

/// Becomes a part of the sandbox if the arguments ask for it; the program's `main` must call this before
/// anything else, above all before it opens a file or starts a thread, and end with the code if there is one.
#[must_use]
pub fn sandbox_main(args: &[OsString]) -> Option<ExitCode> {
    if args.get(1)? != VERB {
        return None;
    }
    let (stage, order) = (args.get(2)?, Path::new(args.get(3)?));
    let more = args.get(4).and_then(|more| more.to_str());
    let result = match (stage.to_str(), more) {
        (Some("enter"), None) => enter::enter(order),
        (Some("init"), terminal) => init::init(order, terminal),
        (Some("map"), None) => user::map(&order.to_string_lossy()),
        (Some("remove"), Some(ids)) => user::remove(order, ids),
        _ => return Some(ExitCode::FAILURE),
    };
    // The caller reads report.json; a setup that failed has been written there.
    Some(if result { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
