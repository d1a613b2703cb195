#![no_main]
//! Lists of parts in SPDX and CycloneDX, and bundles of advisories.

use heirloom_formats::advisory::{Reading, bundle};
use heirloom_formats::{Document, sbom};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let document = Document::new("fuzz", bytes).limit(1 << 20);
    if let Ok(list) = sbom::read(document) {
        assert!(list.packages.is_sorted());
    }
    if bundle::is_bundle(bytes) {
        let _ = bundle::read(document, Reading { latest: jiff::Timestamp::MAX, major: "9" });
    }
});
