#![no_main]
//! Decompression, told from the first bytes.

use heirloom_formats::Document;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Document::new("fuzz", bytes).limit(1 << 20).decompress();
});
