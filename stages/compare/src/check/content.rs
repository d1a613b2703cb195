//! What differing contents mean, by the kind of file. These rules are applied while contents are compared.

use super::Check;
use super::Weight::{Breaking, Compatible};

pub(crate) const DEVELOPMENT_FILES: Check = Check::tags(
    "development-files",
    "What programs are compiled with is the same: headers, pkg-config and CMake files.",
    Breaking,
    &[],
)
.content();

pub(crate) const CONFIG_DEFAULTS: Check =
    Check::tags("config-defaults", "Configuration files have the same defaults.", Breaking, &[]).content();

pub(crate) const KERNEL_SYMBOLS: Check = Check::tags(
    "kernel-symbols",
    "The kernel's symbols have the same checksums; those of the stable list break modules.",
    Compatible,
    &[],
)
.content();

pub(crate) const CHECKSUM: Check =
    Check::tags("checksum", "A checksum for FIPS 140 is that of the file that it protects.", Breaking, &[])
        .content();

pub(crate) const UNREADABLE: Check = Check::tags(
    "unreadable",
    "Every file whose content differs can be read as what it claims to be.",
    Compatible,
    &[],
)
.content();

/// The rule that a difference in this file's content breaks.
pub(crate) fn rule_for(path: &str, is_config: bool) -> Check {
    let name = path.rsplit('/').next().unwrap_or(path);
    let suffix = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    let header = path.starts_with("/usr/include/")
        || path.starts_with("/usr/lib") && suffix(&[".h", ".hh", ".hpp", ".hxx", ".mod"]);
    let pkgconfig = path.contains("/pkgconfig/") && suffix(&[".pc"]);
    let cmake = path.contains("/cmake/") && suffix(&[".cmake"]);
    if header || pkgconfig || cmake {
        DEVELOPMENT_FILES
    } else if is_config {
        CONFIG_DEFAULTS
    } else {
        super::file_content::FILE_CONTENT
    }
}
