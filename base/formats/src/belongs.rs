//! Which packages an architecture's repository has.

use heirloom_model::{Nevra, arch};

/// Whether a package is one that a repository of an architecture has: no source package, and none of debugging data,
/// which have repositories of their own.
pub(crate) fn belongs(package: &Nevra, arch: &str) -> bool {
    arch::belongs(package.arch(), arch) && !package.is_debug()
}
