//! Which packages satisfy these dependencies: rpm's semantics by libsolv, the engine of dnf and zypper.
//!
//! It answers from the packages it is given. It reads no file, fetches nothing, installs nothing and asks no
//! clock; the same input in the same order gives the same answer. Nothing of libsolv is visible outside, and
//! `ffi` is the only module of the workspace that may be unsafe.
//!
//! Start reading at [`Universe`]: packages to choose from. [`Universe::install`] chooses, with a [`Reason`]
//! for each package, or explains in [`Unsolvable`] why nothing can be chosen; [`Universe::uninstallable`] asks of
//! thousands which of them could be.

mod closure;
#[expect(unsafe_code, reason = "the one place that calls libsolv")]
mod ffi;
mod problem;
mod solution;
mod universe;

pub use problem::{Cause, Chain, Exclusion, Link, Nearest, Problem, Unsolvable};
pub use solution::{Chosen, InstallError, Reason, Solution};
pub use universe::{PackageId, Repository, SolveError, Universe};

/// The version of libsolv. Another one may choose otherwise where several packages satisfy a dependency.
#[must_use]
pub fn engine() -> String {
    ffi::engine()
}
