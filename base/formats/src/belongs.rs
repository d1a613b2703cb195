//! Which packages an architecture's repository has.

use heirloom_model::Nevra;

/// Whether a package is one that a repository of an architecture has: no source package, and none of debugging data,
/// which have repositories of their own. x86_64 has 32-bit packages, too.
pub(crate) fn belongs(package: &Nevra, arch: &str) -> bool {
    let is_own = match package.arch() {
        "noarch" => true,
        "i386" | "i486" | "i586" | "i686" => arch == "x86_64" || arch == package.arch(),
        other => other == arch,
    };
    is_own && !package.is_debug()
}
