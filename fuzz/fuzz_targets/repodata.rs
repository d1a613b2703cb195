#![no_main]
//! primary.xml, filelists.xml and other.xml, split at the first NUL byte.

use heirloom_formats::{Document, repodata};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let split = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (primary, filelists) = bytes.split_at(split);
    let document = |bytes| Document::new("fuzz", bytes).limit(1 << 20);
    let _ = repodata::read_packages(document(primary), document(filelists));
    let _ = repodata::read_changelogs(document(bytes));
});
