//! Whether files have the same contents, by the digests that the headers give.

use heirloom_formats::rpm_file::FileEntry;
use heirloom_model::Finding;

use super::Check;
use super::Weight::Unexamined;
use crate::pair::Pair;
use crate::tag::{FILEDIGESTALGO, FILEDIGESTS, FILESIZES, LONGFILESIZES};

pub(super) const FILE_CONTENT: Check = Check::tags(
    "file-content",
    "Every file has the same contents.",
    Unexamined,
    &[FILEDIGESTS, FILESIZES, LONGFILESIZES, FILEDIGESTALGO],
)
.code(run);

fn run(check: &Check, pair: &Pair<'_>) -> Vec<Finding> {
    let delivered = |file: &FileEntry| file.is_regular() && !file.is_ghost();
    let mut files = pair.files.both.iter().filter(|(a, b)| delivered(a) && delivered(b)).peekable();
    let algorithms = (pair.reference.file_digest_algorithm(), pair.rebuilt.file_digest_algorithm());
    if files.peek().is_some() && algorithms.0 != algorithms.1 {
        let name = |number| format!("digests of OpenPGP's algorithm {number}");
        return vec![check.differs("every file", (name(algorithms.0), name(algorithms.1)))];
    }
    files.filter(|(a, b)| !same(a, b)).map(|(a, b)| check.differs(&a.path, (show(a), show(b)))).collect()
}

/// A file without a digest equals nothing, itself included: there is no evidence.
fn same(reference: &FileEntry, rebuilt: &FileEntry) -> bool {
    !reference.digest.is_empty() && reference.digest == rebuilt.digest && reference.size == rebuilt.size
}

fn show(file: &FileEntry) -> String {
    let digest = if file.digest.is_empty() { "no digest" } else { &file.digest };
    format!("{digest}, {} bytes", file.size)
}
