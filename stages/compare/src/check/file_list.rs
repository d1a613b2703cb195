//! Which paths the package has, and what each is.

use heirloom_formats::rpm_file::FileEntry;
use heirloom_model::{Finding, Severity};

use super::Check;
use super::Weight::{Breaking, Compatible};
use crate::pair::{self, Pair};
use crate::tag::{BASENAMES, DIRINDEXES, DIRNAMES, FILEMODES};

pub(super) const FILE_LIST: Check = Check::tags(
    "file-list",
    "Every path of the reference is there, and no other; a missing one breaks users, unless it is debugging data.",
    Compatible,
    &[BASENAMES, DIRINDEXES, DIRNAMES],
)
.code(|check, pair| {
    let missing = pair.files.missing.iter().map(|file| {
        // Nothing but a debugger looks there, and that goes by build-ids.
        let severity = if is_debugging(file) { Severity::Different } else { Severity::Incompatible };
        check.finding(severity, &file.path, (kind(file).to_owned(), String::new()))
    });
    let extra =
        pair.files.extra.iter().map(|file| {
            check.finding(Severity::Different, &file.path, (String::new(), kind(file).to_owned()))
        });
    missing.chain(extra).collect()
});

fn is_debugging(file: &FileEntry) -> bool {
    ["/usr/lib/debug/", "/usr/src/debug/"].iter().any(|dir| file.path.starts_with(dir))
}

pub(super) const FILE_TYPE: Check = Check::tags(
    "file-type",
    "Every path is what it is in the reference: a file, a directory, a link or a device.",
    Breaking,
    &[FILEMODES],
)
.code(file_type);

fn file_type(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let values = |(a, b): &(&FileEntry, &FileEntry)| (kind(a).to_owned(), kind(b).to_owned());
    pair.files.retyped.iter().map(|both| check.differs(&both.0.path, values(both))).collect()
}

fn kind(file: &FileEntry) -> &'static str {
    match pair::kind(file) >> 12 {
        0o01 => "named pipe",
        0o02 => "character device",
        0o04 => "directory",
        0o06 => "block device",
        0o10 => "file",
        0o12 => "symbolic link",
        0o14 => "socket",
        _ => "unknown type",
    }
}
