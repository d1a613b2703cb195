#![no_main]
//! updateinfo.xml: reading and writing back.

use heirloom_formats::{Document, updateinfo};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(advisories) = updateinfo::parse(Document::new("fuzz", bytes).limit(1 << 20)) {
        let _ = updateinfo::to_xml(&advisories);
    }
});
