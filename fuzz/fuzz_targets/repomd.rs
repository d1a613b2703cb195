#![no_main]
//! repomd.xml.

use heirloom_formats::{Document, repomd::Repomd};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Repomd::parse(Document::new("fuzz", bytes).limit(1 << 20));
});
