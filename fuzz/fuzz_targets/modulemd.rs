#![no_main]
//! Modulemd documents.

use heirloom_formats::Document;
use heirloom_formats::modulemd::Modulemd;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Modulemd::parse(Document::new("fuzz", bytes));
});
