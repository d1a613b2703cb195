#![no_main]
//! comps.xml: reading and filtering.

use heirloom_formats::{Document, comps::Comps};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(comps) = Comps::parse(Document::new("fuzz", bytes)) {
        let _ = comps.filtered(|name| name.len() % 2 == 0);
    }
});
