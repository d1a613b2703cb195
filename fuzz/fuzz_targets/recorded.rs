#![no_main]
//! Recorded buildroots in any form, told by their content.

use heirloom_formats::{Document, recorded};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(recorded) = recorded::parse(Document::new("fuzz", bytes)) {
        let _ = recorded.for_arch("x86_64");
    }
});
