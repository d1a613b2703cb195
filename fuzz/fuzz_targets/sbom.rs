#![no_main]
//! Lists of parts in SPDX and CycloneDX, licence tags, and bundles of advisories.

use heirloom_formats::advisory::{Reading, bundle};
use heirloom_formats::{Document, sbom};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let document = Document::new("fuzz", bytes).limit(1 << 20);
    if let Ok(list) = sbom::read(document) {
        assert!(list.packages.is_sorted());
    }
    if let Ok(tag) = std::str::from_utf8(bytes) {
        // What came of it stays as it is.
        if let Some(expression) = sbom::Licence::of(tag).expression {
            assert!(sbom::Licence::of(&expression).expression.is_some());
        }
    }
    if bundle::is_bundle(bytes) {
        let _ = bundle::read(document, Reading { latest: jiff::Timestamp::MAX, major: "9" });
    }
});
