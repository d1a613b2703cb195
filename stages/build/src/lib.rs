//! Builds source packages in buildroots that hold exactly the given packages.
//!
//! It installs a buildroot with rpm, evaluates spec files with the target's own rpmspec, runs the target's
//! rpmbuild, and puts the results in the store. All foreign code, scriptlets and spec files included, runs
//! in the [sandbox](sandbox_main): no network, no way to the host's files, limits on time, memory, processes
//! and disk.
//!
//! It must not choose packages: the caller hands over exact sets. It must not sign, and it verifies no
//! signatures: what is in the store was verified when it was imported. It appends no records.
//!
//! The wall clock inside is the real one. Results do not depend on it: rpm takes every time that it records
//! from the changelog.
//!
//! Start reading at [`Builder`], then `action.rs` for one build, `roots.rs` for buildroots, `sandbox.rs` for
//! how foreign code is held.

mod action;
mod builder;
mod cgroup;
mod detect;
mod error;
mod evaluate;
mod ids;
mod interface;
mod message;
mod remote;
mod results;
mod roots;
mod sandbox;
mod script;
mod shell;
mod variation;

pub use action::{Invocation, Job, Outcome};
pub use builder::{Builder, Settings};
pub use detect::{Lack, Limiting, Machine, Mode, detect};
pub use error::BuildError;
pub use evaluate::{SpecError, evaluation_key};
pub use interface::interface;
pub use remote::{Message, remote_execution};
pub use roots::Root;
pub use sandbox::sandbox_main;
pub use shell::Visit;
pub use variation::{Checked, Circumstances};

/// Version of the rules by which builds are run: a part of every action, raised when a build is run in
/// another way.
pub const BUILDER: u32 = 2;
